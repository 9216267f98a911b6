//! A calibration as JSON of schema 1, and the schema of that. Its names and shapes are frozen; the model behind it is not.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::calibration::{self, Told};
use crate::model::{self, Metric};

/// The version of the JSON.
const SCHEMA: u32 = 1;

/// What a machine can show of the suites that were run on it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Tollgate calibration")]
pub(super) struct Calibration {
    /// Always 1.
    schema: u32,
    /// The commit that was measured against itself.
    commit: String,
    tree: String,
    /// Whether the work tree had uncommitted work.
    dirty: bool,
    machine: Machine,
    /// The seed of the coins.
    seed: u64,
    /// Rounds that were run.
    rounds: u32,
    elapsed_s: f64,
    /// What one round of everything takes, both arms together.
    round_s: f64,
    /// The most rounds of a metric that the gate runs.
    rounds_max: u32,
    /// The time limit of the gate.
    time_limit_s: u64,
    /// How many metrics the policy ignores; they are left out.
    ignored: usize,
    /// The metrics in which unchanged code was called regressed.
    alarms: Vec<String>,
    /// What went wrong while measuring, one sentence each.
    troubles: Vec<String>,
    metrics: Vec<Calibrated>,
    /// The rules that are suggested.
    rules: Vec<Rule>,
    /// The rules as they are written in the config.
    patch: String,
}

/// The machine.
#[derive(Debug, Serialize, JsonSchema)]
struct Machine {
    cpu_model: String,
    cores: u32,
    memory_bytes: u64,
    os: String,
    kernel: String,
    hypervisor: String,
    image: Option<String>,
    toolchain: String,
}

/// One metric.
#[derive(Debug, Serialize, JsonSchema)]
struct Calibrated {
    suite: String,
    benchmark: String,
    metric: String,
    unit: String,
    /// The middle value, in its unit.
    value: f64,
    /// Rounds that both arms have.
    rounds: u32,
    /// The spread of the rounds' differences; null where no ratio exists.
    noise_ratio: Option<f64>,
    /// What is allowed now, with the floor taken in; null where no ratio exists.
    tolerance_ratio: Option<f64>,
    /// What must not slip through now, with the floor taken in; null where no ratio exists.
    must_detect_ratio: Option<f64>,
    /// Whether it decides the gate.
    blocking: bool,
    /// The smallest change for the worse that is found in four of five runs, after each checkpoint of the gate.
    detectable: Vec<Reach>,
    /// Whether tolerance and must-detect can be told apart.
    told_apart: ToldApart,
    /// The tightest thresholds that the gate's limits allow.
    suggested: Option<Thresholds>,
    /// What is odd about its values.
    shapes: Vec<Shape>,
}

/// What some rounds show.
#[derive(Debug, Serialize, JsonSchema)]
struct Reach {
    rounds: u32,
    /// Null where so few rounds cannot convict at all.
    change_ratio: Option<f64>,
}

/// Whether tolerance and must-detect can be told apart in 95 of 100 runs, and in how many rounds.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum ToldApart {
    Exactly,
    Within { rounds: u32, seconds: f64 },
    NotWithin { rounds: Option<u32>, seconds: Option<f64> },
    Unknown,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Thresholds {
    tolerance_ratio: f64,
    must_detect_ratio: f64,
}

/// Something odd about how values lie.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Shape {
    Bimodal { gap_ratio: f64 },
    HeavyTailed { rounds: u32 },
    Ordered { second_ratio: f64 },
    NotExact,
}

/// A rule that is suggested.
#[derive(Debug, Serialize, JsonSchema)]
struct Rule {
    /// A glob over `suite/benchmark`.
    benchmark: String,
    /// A glob over the metric's name.
    metric: String,
    tolerance_ratio: Option<f64>,
    must_detect_ratio: Option<f64>,
    /// `advisory` where no threshold can be kept.
    severity: Option<Severity>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Severity {
    Advisory,
}

/// The JSON schema of what [`super::json`] writes.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Calibration).to_value()
}

impl Calibration {
    pub(super) fn new(calibration: &model::Calibration, patch: &str) -> Self {
        let model::Calibration { revision, environment, .. } = calibration.clone();
        Self {
            schema: SCHEMA,
            commit: revision.commit,
            tree: revision.tree,
            dirty: revision.dirty,
            machine: Machine {
                cpu_model: environment.cpu_model,
                cores: environment.cores,
                memory_bytes: environment.memory_bytes,
                os: environment.os,
                kernel: environment.kernel,
                hypervisor: environment.hypervisor,
                image: environment.image,
                toolchain: environment.toolchain,
            },
            seed: calibration.seed,
            rounds: calibration.rounds,
            elapsed_s: calibration.elapsed_s,
            round_s: calibration.round_s,
            rounds_max: calibration.rounds_max,
            time_limit_s: calibration.time_limit_s,
            ignored: calibration.ignored,
            alarms: calibration.alarms.iter().map(ToString::to_string).collect(),
            troubles: calibration.troubles.iter().map(super::trouble).collect(),
            metrics: calibration.metrics.iter().map(Calibrated::from).collect(),
            rules: calibration.rules.iter().map(Rule::from).collect(),
            patch: patch.to_owned(),
        }
    }
}

/// JSON has no infinity.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

impl From<&calibration::Calibrated> for Calibrated {
    fn from(one: &calibration::Calibrated) -> Self {
        let Metric { id, unit, .. } = &one.metric;
        let reach = |reach: &calibration::Reach| Reach { rounds: reach.rounds, change_ratio: reach.change_ratio };
        Self {
            suite: id.benchmark.suite.to_string(),
            benchmark: id.benchmark.benchmark.to_string(),
            metric: id.metric.to_string(),
            unit: unit.symbol().to_owned(),
            value: one.value,
            rounds: one.rounds,
            noise_ratio: one.noise_ratio,
            tolerance_ratio: finite(one.thresholds.tolerance_ratio),
            must_detect_ratio: finite(one.thresholds.must_detect_ratio),
            blocking: one.blocking,
            detectable: one.reach.iter().map(reach).collect(),
            told_apart: match one.told {
                Told::Exactly => ToldApart::Exactly,
                Told::Within { rounds, seconds } => ToldApart::Within { rounds, seconds },
                Told::NotWithin { rounds, seconds } => ToldApart::NotWithin { rounds, seconds },
                Told::Unknown => ToldApart::Unknown,
            },
            suggested: one.suggested.map(|wanted| Thresholds {
                tolerance_ratio: wanted.tolerance_ratio,
                must_detect_ratio: wanted.must_detect_ratio,
            }),
            shapes: one.shapes.iter().map(Shape::from).collect(),
        }
    }
}

impl From<&calibration::Shape> for Shape {
    fn from(shape: &calibration::Shape) -> Self {
        match *shape {
            calibration::Shape::Bimodal { gap_ratio } => Self::Bimodal { gap_ratio },
            calibration::Shape::HeavyTailed { rounds } => Self::HeavyTailed { rounds },
            calibration::Shape::Ordered { second_ratio } => Self::Ordered { second_ratio },
            calibration::Shape::NotExact => Self::NotExact,
        }
    }
}

impl From<&calibration::SuggestedRule> for Rule {
    fn from(rule: &calibration::SuggestedRule) -> Self {
        Self {
            benchmark: rule.benchmark.clone(),
            metric: rule.metric.clone(),
            tolerance_ratio: rule.thresholds.map(|(tolerance, _)| tolerance),
            must_detect_ratio: rule.thresholds.map(|(_, must_detect)| must_detect),
            severity: rule.thresholds.is_none().then_some(Severity::Advisory),
        }
    }
}
