//! The stages of `check`, in the order in which [`crate::check`] runs them.

pub(crate) mod sources;

pub(crate) mod choice;
pub(crate) mod planned;

pub(crate) mod anchor;
pub(crate) mod dated;
pub(crate) mod provable;

pub(crate) mod evidence;

mod owners;
pub(crate) mod verdicts;

pub(crate) mod conclude;
