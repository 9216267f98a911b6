//! Hands what a check measured to a second judge, and is that judge: for pull requests whose own job may neither write nor be believed.

mod judge;
mod missing;
mod write;

pub use judge::{Asked, Judged, judge_artifact};
pub(crate) use write::write;
