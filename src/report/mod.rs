//! How a judgement is shown: as Markdown, text, a page, JSON, `JUnit` and annotations. Strings out; refuses to read or write anything, and to judge.

pub mod comment;
pub mod markdown;
pub mod terminal;

pub mod html;
pub mod json;

pub mod calibration;
pub mod load;
pub mod selftest;

pub mod annotations;
pub mod junit;
pub mod k6;
pub mod log;

mod plot;
mod template;
mod view;

mod note;
mod sentence;
mod settle;
mod soundness;
mod text;
mod words;
mod work;

pub mod escape;
pub mod number;

#[cfg(test)]
mod sample;
