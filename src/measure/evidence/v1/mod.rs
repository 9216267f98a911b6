//! Schema 1 of the evidence, frozen: its types and their bounds. An unknown field is an error: whoever wrote it may be hostile, and meant something.

pub(in crate::measure) mod exhibit;
mod read;
pub(in crate::measure) mod sample;
mod write;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Fact;
use super::bounded::{AtMost, Text};
use crate::measure::rounds::Ended as EndedDomain;
use crate::model::{self, run::RUN_EXHIBITS_MAX};
use exhibit::Exhibit;
use sample::{Metric, Name, Sample, mirror};

/// This schema.
pub(super) const SCHEMA: u64 = 1;

/// The most metrics of a revision.
pub(super) const METRICS_MAX: usize = 20_000;
/// The most rounds of a metric.
pub(super) const ROUNDS_MAX: usize = 500;
/// The most suites.
const SUITES_MAX: usize = 1_000;
/// The most things that went wrong.
const TROUBLES_MAX: usize = 1_000;
/// The most bytes of texts of exhibits of a revision that are written: they must not crowd out the numbers.
const EXHIBITS_BYTES_MAX: usize = 4 << 20;
/// The longest text about a revision or a machine, in characters.
const SHORT_MAX: usize = 200;
/// The longest text about something that went wrong, in characters.
const LONG_MAX: usize = 10_000;

/// What was measured of a base and a head, for a second judge: no policy, no verdict, no words for people.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Tollgate evidence")]
pub(super) struct File {
    /// Always 1.
    schema: u64,
    /// The version of Tollgate that measured.
    tollgate: Text<SHORT_MAX>,
    /// The seed of the coins.
    seed: u64,
    /// What head was compared with.
    base: Revision,
    /// What was measured.
    head: Revision,
    /// Where.
    environment: Environment,
    /// Each suite that was planned, with what is known of it.
    suites: AtMost<Suite, SUITES_MAX>,
    /// The rounds that were run.
    rounds_run: u32,
    /// The most rounds that a metric might have.
    rounds_max: u32,
    /// Whether rounds went on, to the most, for what could not be told.
    patient: bool,
    /// When measuring had to end, in seconds.
    time_limit_s: u64,
    /// How it ended.
    ended: Ended,
    /// How long it took, in seconds.
    elapsed_s: u64,
    /// What base gave; absent where head alone was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base_series: Option<AtMost<Series, METRICS_MAX>>,
    /// What head gave.
    head_series: AtMost<Series, METRICS_MAX>,
    /// Which arm of a benchmark ran first, and what one more round of it costs.
    order: AtMost<Order, METRICS_MAX>,
    /// Base against itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    canary: Option<[Series; 2]>,
    /// The suites that were not run, because both programs are the same bytes.
    identical: AtMost<Identical, SUITES_MAX>,
    /// What went wrong.
    troubles: AtMost<Problem, TROUBLES_MAX>,
    /// What was seen beside the numbers in base.
    #[serde(default = "nothing", skip_serializing_if = "is_nothing")]
    base_exhibits: Exhibits,
    /// What was seen beside them in head.
    #[serde(default = "nothing", skip_serializing_if = "is_nothing")]
    head_exhibits: Exhibits,
}

/// What was seen in one arm.
type Exhibits = AtMost<Exhibit, RUN_EXHIBITS_MAX>;

/// No exhibits.
fn nothing() -> Exhibits {
    AtMost(Vec::new())
}

/// Whether there is no exhibit.
fn is_nothing(exhibits: &Exhibits) -> bool {
    exhibits.0.is_empty()
}

/// A state of the repository. Shown, and never used to find anything.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Revision {
    /// Forty hexadecimal digits.
    commit: Text<40>,
    /// Forty hexadecimal digits.
    tree: Text<40>,
    label: Text<SHORT_MAX>,
    title: Text<SHORT_MAX>,
    /// Seconds since 1970-01-01 UTC.
    committed_at_s: i64,
    dirty: bool,
}

/// A machine.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Environment {
    cpu_model: Text<SHORT_MAX>,
    cores: u32,
    memory_bytes: u64,
    os: Text<SHORT_MAX>,
    kernel: Text<SHORT_MAX>,
    hypervisor: Text<SHORT_MAX>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image: Option<Text<SHORT_MAX>>,
    toolchain: Text<SHORT_MAX>,
}

/// A suite.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Suite {
    name: Name,
    facts: AtMost<WireFact, 5>,
}

mirror!(/** What is known of a suite beside its rounds. */ WireFact = Fact {
    ByStored = ByStored, Changed = Changed, SourcesChanged = SourcesChanged, BaseFailed = BaseFailed,
    OtherConditions = OtherConditions
});
mirror!(/** How the rounds ended. */ Ended = EndedDomain {
    Complete = Complete, TimeLimit = TimeLimit, Interrupted = Interrupted
});
mirror!(/** Which of the two revisions. */ Arm = model::Arm { Base = Base, Head = Head });

/// One metric with its rounds.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Series {
    metric: Metric,
    /// Round numbers, counted from 0, each with what it gave. A list of values is written as the one that counts.
    rounds: AtMost<(u32, Sample), ROUNDS_MAX>,
}

/// In which order the arms of a benchmark ran, and what a round costs.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Order {
    suite: Name,
    benchmark: Name,
    /// The rounds in which base ran first.
    base_first: AtMost<u32, ROUNDS_MAX>,
    /// The rounds in which head ran first.
    head_first: AtMost<u32, ROUNDS_MAX>,
    /// The seconds that one more round takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    round_s: Option<f64>,
}

/// A suite that was not run.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Identical {
    suite: Name,
    benchmarks: AtMost<Name, METRICS_MAX>,
}

/// Something that went wrong.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Problem {
    suite: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    benchmark: Option<Name>,
    trouble: Trouble,
}

/// What went wrong.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Trouble {
    New,
    Missing,
    Renamed { to: Name },
    Unparsed { text: Text<LONG_MAX> },
    Crashed { arm: Arm, message: Text<LONG_MAX>, tail: Text<LONG_MAX> },
    TimedOut { arm: Arm, limit_s: u64 },
    BuildFailed { arm: Arm, message: Text<LONG_MAX>, tail: Text<LONG_MAX> },
}
