//! `tollgate check` from one end to the other: the real binary in real repositories, with a suite of made-up times.

mod canary;
mod drift;
mod layouts;
mod limits;
mod places;
pub(crate) mod project;
mod proofs;
mod resuming;
mod stored;
mod troubles;
mod verdicts;
