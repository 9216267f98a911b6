//! What is said of a metric and of a run. "Cannot tell" is a verdict of its own and is never rounded to pass.

use super::environment::Difference;

/// Why nothing can be said.
#[derive(Clone, Debug, PartialEq)]
pub enum Doubt {
    /// Fewer rounds than any test needs.
    TooFewRounds {
        /// Rounds that both arms have.
        have: u32,
        /// Rounds that the test needs.
        need: u32,
    },
    /// The interval reaches from allowed to must-detect: more rounds would settle it.
    TooNoisy {
        /// About how many rounds would settle it; `None` where no affordable number would.
        rounds_needed: Option<u32>,
    },
    /// The time limit ended the measurement.
    TimeLimit {
        /// About how many rounds would settle it; `None` where no affordable number would.
        rounds_needed: Option<u32>,
    },
    /// The measurement was interrupted.
    Interrupted,
    /// The stored runs vary too much, or are too few, to carry a verdict.
    StoredRunsCannotTell {
        /// How many stored runs there are.
        runs: u32,
        /// The smallest change that they could show, as a fraction.
        detectable_ratio: f64,
    },
    /// Each side was measured by one process only; its spread says nothing about the spread between processes.
    OneProcess,
    /// The change lies above its tolerance in the rounds seen and still might be noise, or the budget lies inside the interval.
    BudgetInsideInterval,
    /// More than a fifth of the rounds were lost on either side.
    RoundsLost {
        /// Rounds lost.
        lost: u32,
        /// Rounds run.
        of: u32,
    },
    /// Too few values of a round lie beyond an extreme quantile: it is shown and not judged.
    TailTooThin {
        /// Values of a round that lie beyond it.
        beyond: u64,
        /// Values that it takes.
        need: u64,
    },
}

/// The verdict on one metric.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Surely better than the tolerance.
    Improved,
    /// Surely less than `must-detect` worse.
    Unchanged,
    /// Surely more than the tolerance worse.
    Regressed,
    /// Neither can be said.
    Inconclusive(Doubt),
    /// Surely over a limit of its budget, and not regressed against base.
    OverBudget,
    /// Head has it, base has not.
    New,
    /// Base has it, head has not.
    Missing,
    /// Base exists but cannot be compared with.
    NotComparable(Incomparable),
}

/// Why base cannot be compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Incomparable {
    /// The stored runs come from machines of another class.
    Environment(Vec<Difference>),
    /// The units differ.
    Unit {
        /// Base's unit symbol.
        base: String,
        /// Head's unit symbol.
        head: String,
    },
    /// There is no stored baseline for this metric.
    NoBaseline,
    /// Base could not be built or run.
    BaseFailed,
}

/// What a row contributes to the verdict of the run. In the order of severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Nothing to look at.
    Pass,
    /// Worth a look, does not block.
    Warn,
    /// Would block, but a waiver covers it.
    Waived,
    /// Blocks, because nothing could be said and the policy wants certainty.
    FailInconclusive,
    /// Blocks: a benchmark is gone.
    FailMissing,
    /// Blocks: base cannot be compared with, where the user asked for that comparison.
    FailNotComparable,
    /// Blocks: over its critical budget.
    FailOverBudget,
    /// Blocks: regressed.
    FailRegressed,
}

impl Outcome {
    /// Whether the row blocks.
    pub fn fails(self) -> bool {
        self >= Self::FailInconclusive
    }
}

/// The verdict of a run: the worst that counts. A definite finding about the program outranks trouble with measuring it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunVerdict {
    /// Nothing blocks.
    Pass,
    /// Something that must be certain is not.
    Inconclusive,
    /// A baseline that is required cannot be compared with.
    NotComparable,
    /// Nothing, or less than there should be, was measured.
    NotCovered,
    /// A build, a benchmark, a service or a probe failed.
    Broken,
    /// A critical budget is missed.
    OverBudget,
    /// Something regressed.
    Regressed,
}
