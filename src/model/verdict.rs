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
        /// About how many rounds in all would settle it; `None` where no affordable number would.
        rounds_needed: Option<u32>,
        /// About how many seconds those of them that are still missing would take; `None` where it is not known.
        more_s: Option<u64>,
    },
    /// The time limit ended the measurement.
    TimeLimit {
        /// About how many rounds in all would settle it; `None` where no affordable number would.
        rounds_needed: Option<u32>,
        /// About how many seconds those of them that are still missing would take; `None` where it is not known.
        more_s: Option<u64>,
    },
    /// The measurement was interrupted.
    Interrupted,
    /// The stored runs vary too much, or are too few, to carry a verdict.
    StoredRunsCannotTell {
        /// How many stored runs there are.
        runs: u32,
        /// The smallest change for the worse that they would show in four of five runs, as a fraction.
        detectable_ratio: f64,
        /// What more of them would show; `None` where that cannot be said, or is hardly better.
        with_more: Option<MoreRuns>,
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
    /// Base differed from itself: no difference of this run can be laid to the change.
    Untrusted,
    /// Too few values of a round lie beyond an extreme quantile: it is shown and not judged.
    TailTooThin {
        /// Values of a round that lie beyond it.
        beyond: u64,
        /// Values that it takes.
        need: u64,
    },
    /// In more than a fifth of the rounds the load generator was late on either side: they say nothing about the service.
    GeneratorLate {
        /// Rounds in which it was late.
        rounds: u32,
        /// Rounds run.
        of: u32,
        /// The largest share of late arrivals of one round, as a fraction.
        worst_share: f64,
    },
}

/// What more stored runs of the same spread would show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MoreRuns {
    /// How many more.
    pub more: u32,
    /// About the smallest change for the worse that all of them together would show in four of five runs, as a fraction.
    pub detectable_ratio: f64,
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
    /// A time that surely changed by more than the tolerance, by no more than code layout alone explains, with the same instructions.
    LayoutSuspect(Layout),
}

/// A change of a time that code layout may explain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    /// Which way the time went.
    pub towards: Towards,
    /// The change of the benchmark's instructions, as a fraction; its size is below half a percent.
    pub instructions_ratio: f64,
    /// The largest change, as a fraction, that layout alone is taken to explain.
    pub noise_ratio: f64,
}

/// Which way a metric went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Towards {
    /// It got worse.
    Worse,
    /// It got better.
    Better,
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
    /// Base was measured under other conditions: another rate, flow or length of a load.
    Conditions(Vec<ConditionDifference>),
    /// The stored runs were measured under other conditions.
    StoredConditions(Vec<ConditionDifference>),
}

/// One condition of a load that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionDifference {
    /// What it is called: `rate`, `step buy`. Foreign text, as it may hold a name of a step.
    pub what: String,
    /// Base's, or that of the stored runs; empty where there is none.
    pub base: String,
    /// Head's; empty where there is none.
    pub head: String,
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
    /// Blocks: further from the anchor than the drift budget allows, and this change took it further.
    FailDrifted,
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
    /// Base differed from itself, so that nothing noisy can be believed.
    Untrusted,
    /// A build, a benchmark, a service or a probe failed.
    Broken,
    /// A critical budget is missed.
    OverBudget,
    /// Something regressed.
    Regressed,
}
