//! What says whether a run's numbers can be trusted: base against itself, and what moved all benchmarks together. Refuses to know how it is tested.

use std::cmp::Ordering;

use super::effect::Effect;
use super::name::MetricId;

/// A relative change as a fraction, sign as measured: `0.05` is 5 % more. In the order of the numbers, so that what holds it can be sorted.
#[derive(Clone, Copy, Debug)]
pub struct Ratio(pub f64);

impl PartialEq for Ratio {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ratio {}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Whether base, measured twice, differed from itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CanaryState {
    /// It was not shown to: whatever differs between base and head may be laid to the change.
    Still,
    /// By surely more than the tolerance: the machine, or the way of measuring, makes differences of its own.
    Moved,
    /// Too few rounds to tell.
    TooFewRounds {
        /// The fewest rounds that can.
        need: u32,
    },
}

/// Base against itself.
#[derive(Clone, Debug, PartialEq)]
pub struct CanaryCheck {
    /// The metric that was measured twice.
    pub id: MetricId,
    /// How much the other differed from the one.
    pub effect: Effect,
    /// What was allowed, as a fraction, the floor taken in.
    pub tolerance_ratio: f64,
    /// The rounds in which both were measured.
    pub rounds: u32,
    /// What it comes to.
    pub state: CanaryState,
}

/// All benchmarks moved together, each perhaps too little to be seen alone.
#[derive(Clone, Debug, PartialEq)]
pub struct CommonShift {
    /// How much longer the middle benchmark took, as a ratio of times; negative where it became faster.
    pub effect: Effect,
    /// How many benchmarks took part.
    pub benchmarks: u32,
    /// The rounds in which they did.
    pub rounds: u32,
}
