//! What the gate's test of itself found: whether unchanged code passes, and whether a slowdown that was put in on purpose is found.

use super::effect::Effect;
use super::environment::Environment;
use super::judgement::Method;
use super::metric::Metric;
use super::name::{MetricId, Name};
use super::revision::Revision;
use super::threshold::Thresholds;
use super::verdict::{Doubt, RunVerdict, Verdict};

/// How a slowdown is put into head.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Injection {
    /// Each measured process is made to take this much longer.
    Delay {
        /// By how many seconds.
        seconds: f64,
    },
    /// The values that the program reports are multiplied: its times come from inside the process, where no delay reaches them.
    Scaled {
        /// The factor; below 1 where higher is better.
        factor: f64,
    },
    /// The values are moved by a fixed step: those of a metric that equal programs give equally.
    Step {
        /// By how much, in the metric's base unit; negative where higher is better.
        by: f64,
    },
}

/// What became of a slowdown that was put in.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// It was called a regression that blocks, of about its size.
    Red,
    /// It was called a regression, of another size than was put in.
    AnotherSize,
    /// The policy allows a change of this size.
    Allowed,
    /// It was called unchanged, or improved, though it is more than is allowed.
    Unseen(Verdict),
    /// Nothing could be said.
    Inconclusive(Doubt, Method),
    /// It was called a regression, and does not block: a waiver covers it.
    Waived,
    /// It was called a regression, and does not block.
    NotBlocking,
    /// The metric was not compared in the second run.
    NotMeasured,
}

/// One metric that was made worse.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The metric.
    pub metric: Metric,
    /// How it was made worse.
    pub injection: Injection,
    /// By how much, as a change of head against base (head / base − 1).
    pub injected_ratio: f64,
    /// What is allowed, with the floor taken in.
    pub thresholds: Thresholds,
    /// The change that was seen.
    pub seen: Option<Effect>,
    /// What became of it.
    pub finding: Finding,
}

/// A suite of which nothing was made worse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untested {
    /// The suite.
    pub suite: Name,
    /// Why.
    pub why: Untestable,
}

/// Why nothing of a suite can be made worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untestable {
    /// None of its metrics was compared.
    NothingCompared,
    /// None of its metrics blocks: each is advisory, ignored or only informs.
    NothingBlocks,
}

/// What the test comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Conclusion {
    /// Unchanged code passes, and every slowdown that was put in was found.
    Holds,
    /// Unchanged code was called regressed in these metrics.
    FalseAlarm(Vec<MetricId>),
    /// Unchanged code does not pass for another reason, so that nothing was put in.
    Trouble(RunVerdict),
    /// There is nothing in which a slowdown could block.
    NothingToTest,
    /// A slowdown that was put in did not turn the gate red as it should.
    Blind,
}

/// The test.
#[derive(Clone, Debug, PartialEq)]
pub struct Selftest {
    /// What was measured against itself.
    pub revision: Revision,
    /// The machine.
    pub environment: Environment,
    /// The size of the slowdowns, as a fraction.
    pub slowdown_ratio: f64,
    /// The seed of the coins of the first run; the second run has the next one.
    pub seed: u64,
    /// How long both runs took, in seconds.
    pub elapsed_s: u64,
    /// How many metrics the run of unchanged code compared.
    pub compared: usize,
    /// The verdict on unchanged code.
    pub unchanged: RunVerdict,
    /// The verdict on the slowed-down head, where it was run.
    pub slowed: Option<RunVerdict>,
    /// What was made worse, sorted by metric.
    pub trials: Vec<Trial>,
    /// The suites of which nothing was, sorted.
    pub untested: Vec<Untested>,
    /// What it comes to.
    pub conclusion: Conclusion,
}
