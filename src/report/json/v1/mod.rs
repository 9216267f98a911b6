//! Schema 1 of a saved judgement. Its names and shapes are frozen; the model behind it is not.

mod doubt;
mod drift;
mod finding;
mod health;
mod machine;
mod mirror;
mod promise;
mod read;
mod write;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use doubt::{Doubt, MoreRuns, Warning};
use drift::Drift;
use finding::Finding;
use health::{CanaryCheck, CommonShift};
use machine::DisturbedRounds;
use mirror::{Arm, BudgetLevel, Determinism, Direction, Kind, Outcome, Role, RunVerdict, Towards, WaiverBearing};
use promise::Promise;

/// The number of this schema.
pub const SCHEMA: u64 = 1;

/// A number where null is infinite.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
struct Bound(Option<f64>);

/// A judgement: a row for each metric, the coverage, and how it was decided.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Tollgate judgement")]
pub struct Judgement {
    /// Always 1.
    schema: u64,
    /// The verdict of the run.
    verdict: RunVerdict,
    /// The headline of the report. Written, never read.
    #[serde(default)]
    message: String,
    /// What head was compared with.
    base: Option<Revision>,
    /// What was judged.
    head: Revision,
    environment: Environment,
    /// The seed of every coin of the run; a text, because many readers of JSON round large numbers.
    seed: String,
    /// How long the measuring took, in seconds.
    elapsed_s: u64,
    policy: PolicySource,
    promise: Promise,
    /// Base against itself, where that was measured.
    #[serde(default)]
    canary: Option<CanaryCheck>,
    /// All benchmarks moved together from base to head.
    #[serde(default)]
    common_shift: Option<CommonShift>,
    /// Over all benchmarks, what ran second in a round took longer, or less long, than what ran first.
    #[serde(default)]
    order_bias: Option<CommonShift>,
    coverage: Coverage,
    /// What the report says about the run as a whole.
    notices: Vec<Notice>,
    /// A row for each metric, sorted by its id.
    rows: Vec<Row>,
    /// The suites that passed by proof, without being run: their programs are the same bytes in base and head.
    #[serde(default)]
    identical: Vec<Identical>,
    /// The rounds that ran while the machine was disturbed, by suite.
    #[serde(default)]
    disturbed: Vec<DisturbedRounds>,
    /// Why rows are worse, as far as rules can tell, the worst first.
    #[serde(default)]
    findings: Vec<Finding>,
}

/// A suite that passed by proof.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Identical {
    suite: String,
    /// Its benchmarks, as far as they are known without running it.
    benchmarks: Vec<String>,
}

/// A state of the repository.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Revision {
    commit: String,
    tree: String,
    label: String,
    title: String,
    /// Seconds since 1970-01-01 UTC.
    committed_at_s: i64,
    /// Whether uncommitted work was measured with it.
    dirty: bool,
}

/// The machine.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Environment {
    cpu_model: String,
    cores: u32,
    memory_bytes: u64,
    os: String,
    kernel: String,
    hypervisor: String,
    image: Option<String>,
    toolchain: String,
}

/// Where the policy came from.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "from", rename_all = "kebab-case")]
enum PolicySource {
    Base,
    BaseAndHead { changed: Vec<String> },
    Head,
    Given { path: String },
    Defaults,
}

/// A metric by name.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct MetricId {
    suite: String,
    benchmark: String,
    metric: String,
}

/// Expected against measured benchmarks.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Coverage {
    expected: usize,
    measured: usize,
    compared: usize,
    /// Expected benchmarks that passed by proof; a suite whose benchmarks are unknown counts as one.
    #[serde(default)]
    proved: usize,
    /// Measured benchmarks of what runs already that a budget decides.
    #[serde(default, skip_serializing_if = "is_zero")]
    limited: usize,
    problems: Vec<CoverageProblem>,
}

/// One coverage problem.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct CoverageProblem {
    suite: String,
    benchmark: Option<BenchmarkId>,
    trouble: Trouble,
}

/// A benchmark by name.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct BenchmarkId {
    suite: String,
    benchmark: String,
}

/// What is wrong with the coverage.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Trouble {
    New,
    Missing,
    Renamed { to: String },
    Unparsed { text: String },
    Crashed { arm: Arm, message: String, tail: String },
    TimedOut { arm: Arm, limit_s: u64 },
    BuildFailed { arm: Arm, message: String, tail: String },
}

/// What the report says about the run as a whole.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Notice {
    SecondHand,
    Interrupted,
    TimeLimit { limit_s: u64 },
    SameTree,
    SuiteChanged { suite: String },
    WaiverUnused { id: String, line: usize },
    RuleUnused { selector: String },
    HeadPolicyDiffers { message: String },
    Note { message: String },
}

/// One metric, judged.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Row {
    id: MetricId,
    outcome: Outcome,
    verdict: Verdict,
    /// What happened, as the sentence that every report has. Written, never read.
    #[serde(default)]
    message: String,
    /// The base unit of all values: `s`, `B`, `count`, `ratio`, `/s`, `B/s`, or a foreign one.
    unit: Unit,
    direction: Direction,
    kind: Kind,
    determinism: Determinism,
    role: Role,
    /// How much one iteration works through.
    work: Option<Quantity>,
    base: Option<Side>,
    head: Option<Side>,
    effect: Option<Effect>,
    method: Method,
    thresholds: Thresholds,
    budget: Option<BudgetCheck>,
    waiver: Option<WaiverState>,
    /// The smallest change that would have been seen in four of five runs, as a fraction.
    detectable_ratio: Option<f64>,
    warnings: Vec<Warning>,
    owner: Option<String>,
    /// How far it has come since the anchor.
    #[serde(default)]
    drift: Option<Drift>,
}

/// A unit: one that Tollgate knows, or a foreign name.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Unit {
    Seconds,
    Bytes,
    Count,
    Ratio,
    PerSecond,
    BytesPerSecond,
    Other(String),
}

/// A value with its unit.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Quantity {
    value: f64,
    unit: Unit,
}

/// The values of one side.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Side {
    /// The median, in base units.
    value: f64,
    /// The one number of each round or stored run.
    statistics: Vec<f64>,
}

/// How much a metric changed.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Effect {
    change: Change,
    precision: Precision,
}

/// A change: relative to base as a fraction, or absolute in base units where base is 0.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Change {
    Relative(f64),
    Absolute(f64),
}

/// How surely a change is known.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Precision {
    Exact,
    /// An end that is null is infinite.
    Interval {
        lower: Bound,
        upper: Bound,
        confidence: f64,
    },
}

/// What a row was compared with.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Method {
    Paired { rounds: u32, rounds_total: u32 },
    Stored { runs: u32 },
    Single,
    Alone,
}

/// What was allowed.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Thresholds {
    tolerance_ratio: Bound,
    must_detect_ratio: Bound,
    floor: Bound,
}

/// The verdict on a metric.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Verdict {
    Improved,
    Unchanged,
    Regressed,
    Inconclusive { doubt: Doubt },
    OverBudget,
    New,
    Missing,
    NotComparable { because: Incomparable },
    LayoutSuspect { towards: Towards, instructions_ratio: f64, noise_ratio: f64 },
}

/// Why base cannot be compared with.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Incomparable {
    Environment { differences: Vec<Difference> },
    Unit { base: String, head: String },
    NoBaseline,
    BaseFailed,
    Conditions { differences: Vec<ConditionDifference> },
    StoredConditions { differences: Vec<ConditionDifference> },
}

/// One condition of a load that is not the same on both sides, base's or that of the stored runs and head's.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct ConditionDifference {
    /// What it is called.
    what: String,
    /// Empty where there is none.
    base: String,
    /// Empty where there is none.
    head: String,
}

/// One field in which two machines differ.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Difference {
    field: String,
    stored: String,
    here: String,
}

/// How a row stands to its budget.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct BudgetCheck {
    target: Option<f64>,
    warning: Option<f64>,
    critical: Option<f64>,
    level: BudgetLevel,
    /// A worse limit that may be missed.
    undecided: Option<BudgetLevel>,
}

/// How a waiver bears on a row.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct WaiverState {
    state: WaiverBearing,
    id: String,
    ceiling: Ceiling,
    /// The last day on which it counts, as YYYY-MM-DD.
    until: String,
    reason: String,
    owner: Option<String>,
    /// Its line in the waiver file.
    line: usize,
}

/// How far a waived metric may go.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Ceiling {
    Change { ratio: f64 },
    Value { value: f64, unit: Unit },
}

/// Whether there is nothing to say.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}
