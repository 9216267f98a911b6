//! The grammar of `tollgate.toml` and `tollgate-waivers.toml`. The comments of the keys are what an editor shows.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::at::At;

mod escalate;
mod flow;
mod kinds;
mod probe;
mod scenario;
mod service;

pub(super) use escalate::{Escalate, Told};
pub(super) use flow::{Basic, Check, Extract, Flow, FormField, Statuses, Step};
pub(super) use probe::{Database, DatabaseUrl, NamedMetric, Prometheus};
pub(super) use scenario::{Amount, Arrivals, LoadFormat, Profile, Protocol, Scenario, Stage};
pub(super) use service::{Ready, Service};

/// Tollgate's config: suites, the gate, rules and budgets.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "tollgate.toml")]
pub(super) struct File {
    /// Settings of the whole gate.
    #[serde(default)]
    pub(super) gate: Gate,
    /// The suites by name: each is one benchmark command and the adapter that reads its results.
    #[serde(default)]
    pub(super) suite: BTreeMap<At<String>, Suite>,
    /// Programs that scenarios drive load at, by name.
    #[serde(default)]
    pub(super) service: BTreeMap<At<String>, Service>,
    /// Load tests by name. A scenario is judged like a suite, and no suite has its name.
    #[serde(default)]
    pub(super) scenario: BTreeMap<At<String>, Scenario>,
    /// Rules for some metrics. Later rules override earlier ones, setting by setting.
    #[serde(default)]
    pub(super) rule: Vec<Rule>,
    /// Absolute limits. The last budget that selects a metric counts.
    #[serde(default)]
    pub(super) budget: Vec<At<Budget>>,
    /// Who is told of findings, by their severity.
    #[serde(default)]
    pub(super) escalate: Escalate,
}

/// Settings of the whole gate.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Gate {
    /// The revision that pull requests are merged into. Left out, it is found.
    #[schemars(example = &"origin/main")]
    pub(super) base: Option<At<String>>,
    /// The release against which slow drift adds up.
    #[schemars(example = &"v1.0")]
    pub(super) anchor: Option<At<String>>,
    /// How much worse than the anchor a metric may become over many changes. Default: 10 %.
    #[schemars(example = &"10 %")]
    pub(super) drift: Option<At<String>>,
    /// What head is compared with. Default: auto.
    pub(super) against: Option<Against>,
    /// The relative change that is allowed, for every metric that no rule names. Default: by the metric's kind, 2 % for time.
    #[schemars(example = &"2 %")]
    pub(super) tolerance: Option<At<String>>,
    /// The relative change that must not slip through, for every metric that no rule names. Default: by the metric's kind, 5 % for time.
    #[schemars(example = &"5 %")]
    pub(super) must_detect: Option<At<String>>,
    /// The absolute change below which nobody cares: one quantity, or a list with one of each unit.
    #[schemars(example = &"50 ns")]
    pub(super) floor: Option<At<OneOrMany>>,
    /// The largest probability that a run of unchanged code is red: more than 0 % and at most 50 %. Default: 1 %.
    #[schemars(example = &"1 %")]
    pub(super) false_alarm_rate: Option<At<String>>,
    /// When measuring ends, decided or not. Default: 10 min.
    #[schemars(example = &"10 min")]
    pub(super) time_limit: Option<At<String>>,
    /// The most rounds of one metric. Default: 120.
    #[schemars(range(min = 10, max = 500))]
    pub(super) max_rounds: Option<u32>,
    /// What an inconclusive metric means. Default: warn.
    pub(super) inconclusive: Option<OnTrouble>,
    /// What a benchmark means that base has and head has not, and a scenario whose load head changes. Default: fail.
    pub(super) missing: Option<OnTrouble>,
    /// Whether base is also measured against itself, in two more processes of one benchmark a round, to see whether the machine can be
    /// trusted. Default: true.
    pub(super) canary: Option<bool>,
    /// What is done with a suite whose programs are the same bytes in base and head. Default: pass.
    pub(super) identical: Option<OnIdentical>,
    /// The largest change of a time that code layout alone is taken to explain, where the instructions did not change. Default: 5 %.
    #[schemars(example = &"5 %")]
    pub(super) layout_noise: Option<At<String>>,
    /// What a change within the layout noise means. Default: warn.
    pub(super) layout_suspect: Option<OnTrouble>,
}

/// What is done with a suite whose programs are the same bytes in base and head.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum OnIdentical {
    /// It passes by proof, without being run.
    Pass,
    /// It is measured like any other.
    Measure,
}

/// What head is compared with.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Against {
    /// Stored baselines where they can carry a verdict, else base measured here.
    Auto,
    /// Base, measured here in pairs.
    Base,
    /// Stored baselines alone: head alone is measured.
    Baseline,
}

/// What something that is in doubt means.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum OnTrouble {
    /// It is shown as a warning.
    Warn,
    /// It blocks.
    Fail,
}

/// How a suite is run and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Adapter {
    /// Criterion benches of a Cargo package.
    Criterion,
    /// Any command line, timed from outside.
    Command,
    /// A program that writes the open format.
    Json,
}

/// One suite. All keys of all adapters: the schema is split by adapter, so that the walk over the file refuses the others' keys.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(transform = kinds::split_by_adapter)]
pub(super) struct Suite {
    /// How the suite is run and read.
    pub(super) adapter: Adapter,
    /// Where its commands run, relative to the root of the repository. Default: the root.
    #[schemars(example = &".")]
    pub(super) directory: Option<At<String>>,
    /// Variables set for its commands.
    #[serde(default)]
    pub(super) environment: BTreeMap<At<String>, At<String>>,
    /// Built once for base and once for head before the first round: one command line, or a list of them.
    pub(super) build: Option<At<CommandLines>>,
    /// Only benchmarks whose name matches this glob.
    #[schemars(example = &"parse/*")]
    pub(super) filter: Option<At<String>>,
    /// The longest that one process of one round may take. Default: 10 min.
    #[schemars(example = &"10 min")]
    pub(super) timeout: Option<At<String>>,
    /// Source files of the benchmarks, as globs relative to the directory: where one differs between base and head, the report says so.
    /// Default: `**/benches/**` for criterion, else none.
    #[serde(default)]
    pub(super) sources: Vec<At<String>>,

    /// The Cargo package. Default: the one in the directory.
    #[schemars(example = &"my-crate")]
    pub(super) package: Option<At<String>>,
    /// The benches, as `cargo bench --bench` names them. Default: all that speak criterion's command line.
    #[serde(default)]
    pub(super) benches: Vec<At<String>>,
    /// Features of the package to switch on.
    #[serde(default)]
    pub(super) features: Vec<At<String>>,
    /// Warm-up of each benchmark in each round. Default: 50 ms.
    #[schemars(example = &"50 ms")]
    pub(super) warm_up: Option<At<String>>,
    /// Measurement of each benchmark in each round. Default: 200 ms.
    #[schemars(example = &"200 ms")]
    pub(super) measurement: Option<At<String>>,
    /// Samples of each benchmark in each round. Default: 50.
    #[schemars(range(min = 10, max = 1000))]
    pub(super) sample_size: Option<u32>,

    /// The command line, the program first; no shell reads it. `{name}` stands for a parameter or, in a json suite, `{output}` for the
    /// file to write; `{target}` stands for the target folder that Cargo builds into. Literal braces are written `{{` and `}}`.
    pub(super) run: Option<At<Vec<At<String>>>>,
    /// A command line that runs before each measured run and is not timed.
    pub(super) prepare: Option<At<Vec<At<String>>>>,
    /// Runs before the first measured one of a round, not counted. Default: 1.
    #[schemars(range(min = 0, max = 100))]
    pub(super) warm_up_runs: Option<u32>,
    /// Measured runs in each round. Default: 3.
    #[schemars(range(min = 1, max = 1000))]
    pub(super) runs: Option<u32>,
    /// Lists of values by name: one benchmark for each combination.
    #[serde(default)]
    pub(super) parameters: BTreeMap<At<String>, At<Vec<At<String>>>>,
    /// The exit status that means success. Default: 0.
    #[schemars(range(min = 0, max = 255))]
    pub(super) expect_status: Option<i32>,

    /// Where the command leaves its results: `stdout`, or a file relative to the directory. Default: the file given as `{output}`, and
    /// standard output where the command line has no `{output}`.
    #[schemars(example = &"stdout")]
    pub(super) results: Option<At<String>>,
    /// The better direction by unit, for metrics whose file does not say.
    #[serde(default)]
    pub(super) better: BTreeMap<At<String>, Direction>,
}

/// Which direction is better.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Direction {
    /// Less is better.
    Lower,
    /// More is better.
    Higher,
}

/// Whether a regression blocks.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Severity {
    /// It blocks.
    Blocking,
    /// It is shown as a warning.
    Advisory,
    /// It is shown among the rest and takes no part in the test.
    Ignored,
}

/// A rule for the metrics that it selects.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Rule {
    /// A glob over `suite/benchmark`; `*` also matches `/`. Default: all.
    #[schemars(example = &"core/parse/*")]
    pub(super) benchmark: Option<At<String>>,
    /// A glob over the metric's name. Default: all.
    #[schemars(example = &"time")]
    pub(super) metric: Option<At<String>>,
    /// The relative change that is allowed.
    #[schemars(example = &"3 %")]
    pub(super) tolerance: Option<At<String>>,
    /// The relative change that must not slip through.
    #[schemars(example = &"8 %")]
    pub(super) must_detect: Option<At<String>>,
    /// The absolute change below which nobody cares. Counts for metrics of its unit.
    #[schemars(example = &"50 ns")]
    pub(super) floor: Option<At<String>>,
    /// Which direction is better.
    pub(super) direction: Option<Direction>,
    /// Whether a regression blocks.
    pub(super) severity: Option<Severity>,
    /// Who answers for these metrics.
    #[schemars(example = &"@alice")]
    pub(super) owner: Option<At<String>>,
}

/// Absolute limits of the metrics that it selects. At least one limit, all of one unit, each tighter than the next.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Budget {
    /// A glob over `suite/benchmark`; `*` also matches `/`. Default: all.
    #[schemars(example = &"cli/*")]
    pub(super) benchmark: Option<At<String>>,
    /// A glob over the metric's name. Default: all.
    #[schemars(example = &"peak-rss")]
    pub(super) metric: Option<At<String>>,
    /// What the team wants. Missing it is shown.
    #[schemars(example = &"32 MiB")]
    pub(super) target: Option<At<String>>,
    /// What the team should act on. Missing it is a warning.
    #[schemars(example = &"48 MiB")]
    pub(super) warning: Option<At<String>>,
    /// What must be kept. Missing it blocks.
    #[schemars(example = &"64 MiB")]
    pub(super) critical: Option<At<String>>,
}

/// Reviewed exceptions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "tollgate-waivers.toml")]
pub(super) struct WaiverFile {
    /// The exceptions.
    #[serde(default)]
    pub(super) waiver: Vec<At<Waiver>>,
}

/// A reviewed exception for one metric.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Waiver {
    /// The metric as the report names it: `suite/benchmark:metric`.
    #[schemars(example = &"core/parse/large:time")]
    pub(super) id: At<String>,
    /// How far it may go: a change such as `+10 %`, or a value such as `96 MiB`.
    #[schemars(example = &"+10 %")]
    pub(super) ceiling: At<String>,
    /// The last day on which it counts, as YYYY-MM-DD.
    #[schemars(example = &"2027-01-31")]
    pub(super) until: At<String>,
    /// Why. Shown in the report.
    #[schemars(example = &"validation, see #412")]
    pub(super) reason: At<String>,
    /// Who answers for it.
    #[schemars(example = &"@alice")]
    pub(super) owner: Option<At<String>>,
}

/// One text or several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

/// One command line or several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum CommandLines {
    /// One.
    One(Vec<String>),
    /// Several.
    Many(Vec<Vec<String>>),
}
