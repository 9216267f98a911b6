//! What a metric is: its unit, which direction is better, and what kind of number it is.

use super::name::MetricId;
use super::sample::Statistic;
use super::unit::{Quantity, Unit};

/// Which direction of a metric is better. Known for each metric, never for a whole tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Time, memory, size, errors.
    LowerIsBetter,
    /// Throughput, hit rate.
    HigherIsBetter,
}

/// What kind of number a metric is; it decides the defaults of its thresholds and how a round is summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A duration.
    Time,
    /// A number of things.
    Count,
    /// A size.
    Bytes,
    /// Things or bytes per second.
    Rate,
    /// A fraction.
    Ratio,
    /// A growth over time or requests.
    Slope,
}

/// Whether equal programs give equal values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Determinism {
    /// Equal programs give the same value in every run: instructions, output size. Judged exactly as long as the rounds show no spread;
    /// a metric that claims this and spreads is judged as [`Determinism::Noisy`].
    Exact,
    /// Values differ from run to run.
    Noisy,
}

/// Whether a metric decides the gate where no rule says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A regression blocks.
    Gated,
    /// Shown beside the others, without consequence unless a rule gives it one: the user and system halves of CPU time, say.
    Informative,
}

/// One measured quantity of a benchmark.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Suite, benchmark and metric name.
    pub id: MetricId,
    /// Base unit of all its values.
    pub unit: Unit,
    /// Which direction is better.
    pub direction: Direction,
    /// What kind of number it is.
    pub kind: Kind,
    /// Whether equal programs give equal values.
    pub determinism: Determinism,
    /// Whether it decides the gate by default.
    pub role: Role,
    /// How much one iteration works through (elements or bytes), where the harness says so. Shown as throughput, never judged apart from time.
    pub work: Option<Quantity>,
}

impl Metric {
    /// How the raw values of one round become the round's one number: the best value of a time or a rate, because disturbances only ever
    /// make a program slower (`METHODOLOGY.md`), and the median of everything else.
    pub fn statistic(&self) -> Statistic {
        match (self.kind, self.direction) {
            (Kind::Time | Kind::Rate, Direction::LowerIsBetter) => Statistic::Min,
            (Kind::Time | Kind::Rate, Direction::HigherIsBetter) => Statistic::Max,
            (Kind::Count | Kind::Bytes | Kind::Ratio | Kind::Slope, _) => Statistic::Median,
        }
    }
}
