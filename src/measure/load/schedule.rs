//! The stages of a drive, one after the other. Modes of load differ in nothing else: a stress test chooses its next stage by what the last one gave.

use std::time::Duration;

use crate::config::scenario::Level;

use super::record::Stretch;

/// One stage: the level goes in a straight line from one value to the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Planned {
    /// The level at its start.
    pub from: Level,
    /// The level at its end, in the unit of `from`.
    pub to: f64,
    /// How long it takes.
    pub duration: Duration,
    /// Whether it counts. A warm-up and a ramp do not: they leave no stretch.
    pub counts: bool,
}

/// What comes next.
pub trait Stages {
    /// The next stage; `None` where the drive is over. `last` is what the stage before gave, once its replies are in, where it counted.
    fn next(&mut self, last: Option<&Stretch>) -> Option<Planned>;

    /// How long all of them take; `None` where that depends on what they give.
    fn total(&self) -> Option<Duration>;

    /// Whether the next stage waits for the replies of the last: where it does not, one goes over into the next without a pause.
    fn waits(&self) -> bool;
}
