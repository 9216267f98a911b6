//! The outcome of a run: a row for each metric, the coverage, and how it was decided. Everything that a report may say is here.

use super::budget::{Budget, BudgetLevel};
use super::coverage::Coverage;
use super::effect::Effect;
use super::environment::Environment;
use super::finding::Finding;
use super::health::{CanaryCheck, CommonShift, Ratio};
use super::metric::Metric;
use super::name::{BenchmarkId, MetricId};
use super::protocol::Identical;
use super::revision::Revision;
use super::run::Arm;
use super::shares::TestFamily;
use super::threshold::Thresholds;
use super::verdict::{Outcome, RunVerdict, Verdict};
use super::waiver::Waiver;

/// What was compared with to decide a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// Rounds of base and head on this machine, in pairs.
    Paired {
        /// Rounds that the effect was taken from.
        rounds: u32,
        /// Rounds run in all, those that chose the suspects included.
        rounds_total: u32,
    },
    /// Stored runs of the baseline.
    Stored {
        /// How many of them count.
        runs: u32,
    },
    /// One result on each side, as `compare` has it.
    Single,
    /// Nothing to compare with.
    Alone,
}

/// The values of one side of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// The value to show: the median of `statistics`, in the metric's base unit.
    pub value: f64,
    /// The one number of each round (or stored run), in order.
    pub statistics: Vec<f64>,
}

/// What must be known about a row to read its numbers rightly.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Warning {
    /// The benchmark's own source differs between base and head.
    SourceChanged,
    /// A metric that is declared exact spread between rounds, and was judged as noisy.
    NotExact,
    /// One process a side: the spread between processes is unknown.
    PseudoReplicated,
    /// Some rounds were lost.
    RoundsLost {
        /// How many.
        lost: u32,
    },
    /// In some rounds the load generator was late: they were left out on both sides.
    RoundsLate {
        /// How many.
        late: u32,
    },
    /// The values of a side fall into two groups.
    Bimodal,
    /// All rounds of both sides gave the same value: the timer may be too coarse.
    NoSpread,
    /// Whatever ran second in a round, base or head, had another value than what ran first.
    OrderBias {
        /// How much more it had.
        second: Ratio,
    },
    /// Base's own values rose or fell from the first round to the last.
    Drifting {
        /// How much, over the whole run.
        ratio: Ratio,
    },
    /// Far more differences lie far from their middle than in a bell curve.
    HeavyTails {
        /// How many rounds.
        far: u32,
        /// Of how many.
        of: u32,
    },
    /// Most values of a side, or most differences, are the very same number.
    Ties {
        /// The most rounds that agree.
        equal: u32,
        /// Of how many.
        of: u32,
    },
    /// The values of this side alone fall into two groups.
    BimodalAlone {
        /// Which side.
        arm: Arm,
    },
    /// Events come in bursts: rounds were compared, not the sum of all events.
    Bursts,
    /// After stage 1 each round was made of several short processes of each arm, because the processes of one arm differ from each other.
    ShortProcesses {
        /// How many of each arm.
        processes: u32,
        /// The standard deviation between processes, of one arm, in stage 1.
        apart: Ratio,
    },
}

/// How a waiver bears on a row.
#[derive(Clone, Debug, PartialEq)]
pub enum WaiverState {
    /// It covers the row.
    Covers(Waiver),
    /// The row is worse than the ceiling.
    CeilingExceeded(Waiver),
    /// Its last day has passed.
    Expired(Waiver),
}

/// How a row stands to its budget.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetCheck {
    /// The limits.
    pub budget: Budget,
    /// The worst limit that is surely missed.
    pub level: BudgetLevel,
    /// A worse limit lies inside the interval of head's value: whether it is kept cannot be said.
    pub undecided: Option<BudgetLevel>,
}

/// How a drift stands to its budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DriftState {
    /// Surely less than allowed.
    Within,
    /// The stored runs are too few, or vary too much, to tell.
    CannotTell,
    /// Surely more than allowed.
    Beyond,
}

/// How far a metric has come since the anchor, over all changes together.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// The anchor, as the config names it. Foreign text.
    pub since: String,
    /// Head against the anchor.
    pub effect: Effect,
    /// How much worse it may become, as a fraction.
    pub allowed_ratio: f64,
    /// How it stands to that.
    pub state: DriftState,
}

/// One metric, judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What was measured.
    pub metric: Metric,
    /// Base's values.
    pub base: Option<Side>,
    /// Head's values.
    pub head: Option<Side>,
    /// How much it changed.
    pub effect: Option<Effect>,
    /// What it was compared with.
    pub method: Method,
    /// What was allowed.
    pub thresholds: Thresholds,
    /// The verdict.
    pub verdict: Verdict,
    /// How it stands to its budget.
    pub budget: Option<BudgetCheck>,
    /// How a waiver bears on it.
    pub waiver: Option<WaiverState>,
    /// What it contributes to the verdict of the run.
    pub outcome: Outcome,
    /// The smallest change for the worse that these rounds would have shown in four of five runs, as a fraction.
    pub detectable_ratio: Option<f64>,
    /// What must be known to read the numbers.
    pub warnings: Vec<Warning>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// How far it has come since the anchor; `None` without an anchor, or where nothing comparable is stored there.
    pub drift: Option<Drift>,
}

/// Where the policy came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicySource {
    /// From the base revision, and head's is the same.
    Base,
    /// From the base revision; head changes it, and was judged by both.
    BaseAndHead {
        /// The files that head changes.
        changed: Vec<String>,
    },
    /// From head: base has none.
    Head,
    /// From a file beside the results, or one that was named on the command line.
    Given {
        /// The file.
        path: String,
    },
    /// The defaults: there is no config.
    Defaults,
}

/// The promise of the run in numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Promise {
    /// The largest probability, in (0, 1), that a run of unchanged code is red.
    pub false_alarm_rate: f64,
    /// How it is parted among the families of tests that take part, the main one first; empty where a file does not say.
    pub shares: Vec<Share>,
    /// How many metrics rounds in pairs decide together.
    pub family: usize,
    /// The median of [`Row::detectable_ratio`].
    pub detectable_median_ratio: Option<f64>,
    /// The worst of them, by name.
    pub detectable_worst: Option<(MetricId, f64)>,
    /// What is promised of the metrics that stored runs decide; `None` where there is none.
    pub stored: Option<StoredPromise>,
}

/// What one family of tests may cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// Which family.
    pub family: TestFamily,
    /// The largest probability, in (0, 1), that it turns a run of unchanged code red.
    pub rate: f64,
    /// How many tests of the run share that; 0 where it was set aside for tests that were not to be made.
    pub checks: usize,
}

/// What is promised of the noisy metrics that block and that stored runs decide.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StoredPromise {
    /// How many metrics.
    pub metrics: usize,
    /// How many stored runs the metric with the fewest has.
    pub runs: u32,
    /// The largest probability that any of them is called regressed in a run of unchanged code, if that run and the stored ones differ by chance
    /// alone: in (0, 1], where 1 promises nothing.
    pub false_alarm_rate: f64,
}

/// What the report says about the run as a whole, beside its rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// The numbers come from a file that a job wrote in which the change's own code ran: it could have written any. Policy and verdict do not.
    SecondHand,
    /// The measurement was interrupted; what was measured is judged.
    Interrupted,
    /// The time limit ended the measurement.
    TimeLimit {
        /// The limit in seconds.
        limit_s: u64,
    },
    /// Base and head are the same tree.
    SameTree,
    /// A suite is defined differently in head; each arm ran its own definition.
    SuiteChanged {
        /// Its name.
        suite: String,
    },
    /// A waiver names no metric that was measured.
    WaiverUnused {
        /// The metric it names.
        id: String,
        /// Its line in the waiver file.
        line: usize,
    },
    /// A rule or budget selects no metric that was measured.
    RuleUnused {
        /// What it selects.
        selector: String,
    },
    /// Head's own policy would have judged otherwise.
    HeadPolicyDiffers {
        /// How: one sentence.
        message: String,
    },
    /// Anything else that a reader must know, as a sentence.
    Note(String),
}

/// The outcome of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// What head was compared with.
    pub base: Option<Revision>,
    /// What was judged.
    pub head: Revision,
    /// The machine.
    pub environment: Environment,
    /// The seed of every coin of the run.
    pub seed: u64,
    /// How long the measuring took, in seconds.
    pub elapsed_s: u64,
    /// Where the policy came from.
    pub policy: PolicySource,
    /// The verdict of the run.
    pub verdict: RunVerdict,
    /// A row for each metric, sorted by its id.
    pub rows: Vec<Row>,
    /// Expected against measured benchmarks.
    pub coverage: Coverage,
    /// The promise of the run.
    pub promise: Promise,
    /// Base against itself, where that was measured.
    pub canary: Option<CanaryCheck>,
    /// All benchmarks moved together from base to head.
    pub common_shift: Option<CommonShift>,
    /// Over all benchmarks, whatever ran second in a round took longer, or less long, than what ran first.
    pub order_bias: Option<CommonShift>,
    /// What the report says about the run as a whole, sorted.
    pub notices: Vec<Notice>,
    /// The suites that passed by proof, without being run; sorted.
    pub identical: Vec<Identical>,
    /// Why rows are worse, as far as rules can tell, the worst first. A failing row that none of them explains is no less a failing row.
    pub findings: Vec<Finding>,
}

impl Judgement {
    /// The rows with this outcome.
    pub fn rows_with(&self, outcome: Outcome) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.outcome == outcome)
    }

    /// The benchmarks that have at least one row, sorted.
    pub fn benchmarks(&self) -> Vec<&BenchmarkId> {
        let mut ids: Vec<_> = self.rows.iter().map(|row| &row.metric.id.benchmark).collect();
        ids.dedup();
        ids
    }
}
