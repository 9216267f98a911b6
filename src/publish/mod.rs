//! Puts a report where people read it: a comment, a check run, a commit status. The only place that talks to GitHub. Refuses to judge, and a
//! trouble here never changes a verdict.

pub mod artifact;
pub mod client;
pub mod error;
pub mod escalation;
pub mod pull;
pub mod pull_request;
pub mod retry;
pub mod route;
pub mod server;
pub mod sticky;
pub mod surface;

pub use client::GitHub;
pub use error::{ApiError, Refusal};
pub use server::{Patience, Pause, Server, Token};
