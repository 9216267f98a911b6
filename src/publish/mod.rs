//! Puts a report where people read it: a comment, a check run, a commit status. The only place that talks to GitHub. Refuses to judge, and a
//! trouble here never changes a verdict.

pub mod artifact;
pub mod client;

pub use client::{ApiError, GitHub, Server, Token};
