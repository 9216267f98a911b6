//! What the machine can show of a repository's own suites: noise, reach and the thresholds that they can carry.

use super::coverage::CoverageProblem;
use super::environment::Environment;
use super::metric::Metric;
use super::name::MetricId;
use super::revision::Revision;
use super::threshold::Thresholds;

/// The smallest change for the worse that some rounds show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reach {
    /// Rounds in all.
    pub rounds: u32,
    /// The change that is found in four of five runs, as a fraction; `None` where so few rounds cannot convict at all.
    pub change_ratio: Option<f64>,
}

/// Whether tolerance and must-detect can be told apart, at 95 % power.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Told {
    /// Equal programs gave equal values: one round tells.
    Exactly,
    /// Within the gate's limits.
    Within {
        /// Rounds in all.
        rounds: u32,
        /// From the first round on, in seconds.
        seconds: f64,
    },
    /// Not within the gate's limits.
    NotWithin {
        /// About how many rounds it would take; `None` where no affordable number would do.
        rounds: Option<u32>,
        /// How long they would take, in seconds.
        seconds: Option<f64>,
    },
    /// It cannot be said: too few rounds, or a value of 0 in the middle.
    Unknown,
}

/// Something odd about how a metric's values lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// They fall into two groups.
    Bimodal {
        /// The width of the gap between them against the value, as a fraction.
        gap_ratio: f64,
    },
    /// Some rounds lie far out.
    HeavyTailed {
        /// How many.
        rounds: u32,
    },
    /// Whichever arm ran second was slower, or faster.
    Ordered {
        /// How much worse the second one was, as a fraction.
        second_ratio: f64,
    },
    /// It is declared exact, and spread.
    NotExact,
}

/// One metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibrated {
    /// What it is.
    pub metric: Metric,
    /// Its middle value.
    pub value: f64,
    /// Rounds that both arms have.
    pub rounds: u32,
    /// Robust standard deviation of the differences of rounds, as a fraction; `None` where no ratio exists.
    pub noise_ratio: Option<f64>,
    /// What is allowed now, with the floor taken in.
    pub thresholds: Thresholds,
    /// Whether it decides the gate.
    pub blocking: bool,
    /// What it could show after each checkpoint of the gate.
    pub reach: Vec<Reach>,
    /// Whether the thresholds can be told apart.
    pub told: Told,
    /// The smallest round must-detect that is seen within the limits, and the tolerance for it; `None` where none is.
    pub suggested: Option<Thresholds>,
    /// What is odd about it.
    pub shapes: Vec<Shape>,
}

/// A rule that the calibration suggests.
#[derive(Clone, Debug, PartialEq)]
pub struct SuggestedRule {
    /// A glob over `suite/benchmark`.
    pub benchmark: String,
    /// A glob over the metric's name.
    pub metric: String,
    /// The thresholds; `None` where no threshold can be kept and the metric should only warn.
    pub thresholds: Option<(f64, f64)>,
}

/// A whole calibration.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// What was measured against itself.
    pub revision: Revision,
    /// The machine.
    pub environment: Environment,
    /// The seed of the coins.
    pub seed: u64,
    /// Rounds that were run.
    pub rounds: u32,
    /// How long the rounds took, in seconds.
    pub elapsed_s: f64,
    /// What one round of everything takes, both arms together, in seconds.
    pub round_s: f64,
    /// The most rounds of a metric that the gate runs.
    pub rounds_max: u32,
    /// The gate's time limit in seconds.
    pub time_limit_s: u64,
    /// The metrics, sorted; those that are ignored are left out.
    pub metrics: Vec<Calibrated>,
    /// Metrics that are ignored.
    pub ignored: usize,
    /// Unchanged code that was called regressed: must be none.
    pub alarms: Vec<MetricId>,
    /// What went wrong while measuring.
    pub troubles: Vec<CoverageProblem>,
    /// Rules for what the gate cannot tell now; none where it can tell everything.
    pub rules: Vec<SuggestedRule>,
}
