//! The gate's test of itself as JSON of schema 1, and the schema of that. Its names and shapes are frozen; the model behind it is not.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{self, selftest};

use super::super::escape;

/// The version of the JSON.
const SCHEMA: u32 = 1;

/// Whether the gate can still go red.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Tollgate selftest")]
pub(super) struct Selftest {
    /// Always 1.
    schema: u32,
    /// The commit that was measured against itself.
    commit: String,
    tree: String,
    /// Whether the work tree had uncommitted work.
    dirty: bool,
    /// The size of the slowdowns.
    slowdown_ratio: f64,
    /// The seed of the coins of the first run; the second run has the next one.
    seed: u64,
    /// How long both runs took.
    elapsed_s: u64,
    /// How many benchmarks the run of unchanged code compared.
    compared: usize,
    /// The verdict on unchanged code.
    unchanged: Verdict,
    /// The verdict on the slowed-down head; null where nothing was slowed down.
    slowed: Option<Verdict>,
    conclusion: Conclusion,
    /// What it comes to, in a sentence or two.
    message: String,
    /// The metrics in which unchanged code was called regressed.
    alarms: Vec<String>,
    trials: Vec<Trial>,
    untested: Vec<Untested>,
}

/// The verdict of a run.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Pass,
    Inconclusive,
    NotComparable,
    NotCovered,
    Untrusted,
    Broken,
    OverBudget,
    Regressed,
}

/// What the test comes to; only `holds` is a gate that works.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Conclusion {
    Holds,
    FalseAlarm,
    Trouble,
    NothingToTest,
    Blind,
}

/// One metric that was made worse.
#[derive(Debug, Serialize, JsonSchema)]
struct Trial {
    suite: String,
    benchmark: String,
    metric: String,
    injection: Injection,
    /// Head against base as it was made; null where base is 0.
    injected_ratio: Option<f64>,
    /// What is allowed, with the floor taken in; null where base is 0.
    tolerance_ratio: Option<f64>,
    /// What must not slip through, with the floor taken in; null where base is 0.
    must_detect_ratio: Option<f64>,
    /// The change that was seen: a ratio, or where base is 0 a difference.
    seen: Option<f64>,
    finding: Finding,
    /// What was put in and what became of it, as a sentence.
    message: String,
}

/// How it was made worse.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Injection {
    Delay { seconds: f64 },
    Scaled { factor: f64 },
    Step { by: f64 },
}

/// What became of it; only `red` is found.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Finding {
    Red,
    AnotherSize,
    Allowed,
    Unseen,
    Inconclusive,
    Waived,
    NotBlocking,
    NotMeasured,
}

/// A suite of which nothing was made worse.
#[derive(Debug, Serialize, JsonSchema)]
struct Untested {
    suite: String,
    why: Untestable,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Untestable {
    NothingCompared,
    NothingBlocks,
}

/// The JSON schema of what [`super::json`] writes.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Selftest).to_value()
}

impl From<&model::Selftest> for Selftest {
    fn from(test: &model::Selftest) -> Self {
        let (conclusion, alarms): (_, &[_]) = match &test.conclusion {
            selftest::Conclusion::Holds => (Conclusion::Holds, &[]),
            selftest::Conclusion::FalseAlarm(alarms) => (Conclusion::FalseAlarm, alarms),
            selftest::Conclusion::Trouble(_) => (Conclusion::Trouble, &[]),
            selftest::Conclusion::NothingToTest => (Conclusion::NothingToTest, &[]),
            selftest::Conclusion::Blind => (Conclusion::Blind, &[]),
        };
        let untested = |untested: &selftest::Untested| Untested {
            suite: untested.suite.to_string(),
            why: match untested.why {
                selftest::Untestable::NothingCompared => Untestable::NothingCompared,
                selftest::Untestable::NothingBlocks => Untestable::NothingBlocks,
            },
        };
        Self {
            schema: SCHEMA,
            commit: test.revision.commit.clone(),
            tree: test.revision.tree.clone(),
            dirty: test.revision.dirty,
            slowdown_ratio: test.slowdown_ratio,
            seed: test.seed,
            elapsed_s: test.elapsed_s,
            compared: test.compared,
            unchanged: test.unchanged.into(),
            slowed: test.slowed.map(Verdict::from),
            conclusion,
            message: super::meaning(test),
            alarms: alarms.iter().map(ToString::to_string).collect(),
            trials: test.trials.iter().map(Trial::from).collect(),
            untested: test.untested.iter().map(untested).collect(),
        }
    }
}

impl From<&selftest::Trial> for Trial {
    fn from(trial: &selftest::Trial) -> Self {
        let id = &trial.metric.id;
        // From 0 there is no ratio, and JSON has no infinity.
        let finite = |ratio: f64| ratio.is_finite().then_some(ratio);
        Self {
            suite: id.benchmark.suite.to_string(),
            benchmark: id.benchmark.benchmark.to_string(),
            metric: id.metric.to_string(),
            injection: match trial.injection {
                selftest::Injection::Delay { seconds } => Injection::Delay { seconds },
                selftest::Injection::Scaled { factor } => Injection::Scaled { factor },
                selftest::Injection::Step { by } => Injection::Step { by },
            },
            injected_ratio: finite(trial.injected_ratio),
            tolerance_ratio: finite(trial.thresholds.tolerance_ratio),
            must_detect_ratio: finite(trial.thresholds.must_detect_ratio),
            seen: trial.seen.as_ref().map(|effect| effect.change.value()),
            finding: Finding::from(&trial.finding),
            message: super::line(trial).line(escape::terminal),
        }
    }
}

impl From<&selftest::Finding> for Finding {
    fn from(finding: &selftest::Finding) -> Self {
        match finding {
            selftest::Finding::Red => Self::Red,
            selftest::Finding::AnotherSize => Self::AnotherSize,
            selftest::Finding::Allowed => Self::Allowed,
            selftest::Finding::Unseen(_) => Self::Unseen,
            selftest::Finding::Inconclusive(..) => Self::Inconclusive,
            selftest::Finding::Waived => Self::Waived,
            selftest::Finding::NotBlocking => Self::NotBlocking,
            selftest::Finding::NotMeasured => Self::NotMeasured,
        }
    }
}

impl From<model::RunVerdict> for Verdict {
    fn from(verdict: model::RunVerdict) -> Self {
        match verdict {
            model::RunVerdict::Pass => Self::Pass,
            model::RunVerdict::Inconclusive => Self::Inconclusive,
            model::RunVerdict::NotComparable => Self::NotComparable,
            model::RunVerdict::NotCovered => Self::NotCovered,
            model::RunVerdict::Untrusted => Self::Untrusted,
            model::RunVerdict::Broken => Self::Broken,
            model::RunVerdict::OverBudget => Self::OverBudget,
            model::RunVerdict::Regressed => Self::Regressed,
        }
    }
}
