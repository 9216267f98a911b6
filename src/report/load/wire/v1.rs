//! The wire types of schema 1, and how they are filled.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::scenario::Level;
use crate::model::sample::{Histogram, Summary};
use crate::model::{self, BudgetLevel, Direction};

use super::super::result::{self, LoadResult, Standing};
use super::super::words;

mod windows;

pub(super) use windows::Windows;

/// The version of the JSON.
pub(super) const SCHEMA: u64 = 1;
/// What tells it from other JSON.
pub(super) const KIND: &str = "load";

/// What one drive of load gave. Times are in seconds, sizes in bytes.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Tollgate load")]
pub(super) struct Load {
    /// Always `load`.
    pub(super) kind: String,
    /// Always 1.
    pub(super) schema: u64,
    /// The scenario, or what was asked for by hand.
    pub(super) name: String,
    /// Seconds since 1970-01-01 UTC.
    pub(super) started_at: i64,
    /// What it is worth.
    pub(super) verdict: Verdict,
    /// What it came to, in a sentence.
    pub(super) message: String,
    /// What must be known beside the numbers, a sentence each.
    pub(super) notes: Vec<String>,
    /// Why the service failed, where it did.
    #[serde(default)]
    pub(super) failure: Option<String>,
    /// Whether the user stopped it.
    pub(super) interrupted: bool,
    /// What was sent and how, in its order. Results with different conditions cannot be compared.
    pub(super) conditions: Vec<Condition>,
    /// The share of arrivals that the generator sent late.
    pub(super) late_ratio: f64,
    /// What the generator used of its core.
    pub(super) generator_cpu_ratio: f64,
    /// Connections that were made before the clock started.
    pub(super) connections_opened: u64,
    /// Connections made again because the server had closed an idle one.
    pub(super) reconnects: u64,
    /// All requests together.
    pub(super) total: Numbers,
    /// In the order of time.
    pub(super) stages: Vec<Stage>,
    /// How long a window is.
    pub(super) window_s: f64,
    /// The same time in windows.
    #[schemars(with = "Vec<Window>")]
    pub(super) windows: Windows,
    /// What each target took.
    pub(super) targets: Vec<Window>,
    /// What the service used, where Tollgate started it.
    pub(super) usage: Vec<Point>,
    /// Every metric that a check would have judged.
    pub(super) metrics: Vec<Metric>,
}

/// What a result is worth.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    Broken,
    Nothing,
    Interrupted,
    Late,
    OverBudget,
    Sound,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Condition {
    pub(super) name: String,
    pub(super) value: String,
}

/// The numbers that people read. What they are made of is in the stages.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Numbers {
    pub(super) requests: u64,
    pub(super) failed: u64,
    pub(super) seconds: f64,
    /// From the intended send, by the name of the number: `p50`, `p99.9`, `max`, `mean`.
    pub(super) response_time: BTreeMap<String, f64>,
    /// From the send.
    pub(super) service_time: BTreeMap<String, f64>,
}

/// One stage: a level that was held, or a ramp.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Stage {
    pub(super) level: f64,
    pub(super) level_unit: LevelUnit,
    pub(super) seconds: f64,
    /// Arrivals that were intended; in a closed model those that were sent.
    pub(super) intended: u64,
    /// Arrivals that were never sent.
    pub(super) dropped: u64,
    /// Arrivals that the generator sent late.
    pub(super) late: u64,
    pub(super) in_flight_max: u64,
    pub(super) open_at_end: u64,
    pub(super) steps: BTreeMap<String, Step>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LevelUnit {
    PerSecond,
    Users,
}

/// What one named request gave.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Step {
    /// Requests that ended, failed ones among them.
    pub(super) ended: u64,
    /// Failed ones by how: `connect`, `timeout`, `status`, `check`.
    pub(super) errors: BTreeMap<String, u64>,
    pub(super) statuses: BTreeMap<u16, u64>,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    /// From the intended send to the end of the reply.
    pub(super) response: Distribution,
    /// From the send to the end of the reply.
    pub(super) service: Distribution,
    /// From the intended send to the send.
    pub(super) lag: Distribution,
}

/// A distribution of times. The bucket of a value is the upper 22 bits of its double: sign, exponent, ten bits of the fraction.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(super) struct Distribution {
    /// Bucket and how many values it has, rising.
    pub(super) buckets: Vec<(u32, u64)>,
    pub(super) sum: f64,
    /// The smallest value; 0 without values.
    pub(super) min: f64,
    pub(super) max: f64,
}

/// Response times of one window, or of one target.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Window {
    /// The target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    pub(super) ended: u64,
    pub(super) failed: u64,
    pub(super) response: Distribution,
}

/// What the service used at one time: its process tree, all instances together.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Point {
    /// Since what counts began; negative during the warm-up.
    pub(super) at_s: f64,
    /// Anonymous resident memory.
    pub(super) memory_bytes: u64,
    pub(super) descriptors: u64,
    pub(super) threads: u64,
}

/// One metric.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Metric {
    pub(super) benchmark: String,
    #[serde(rename = "metric")]
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) better: Better,
    pub(super) value: f64,
    #[serde(default)]
    pub(super) budget: Option<Budget>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Better {
    Lower,
    Higher,
}

/// What a budget says of a value.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Budget {
    /// The worst limit that is missed; else the critical, or tightest, one.
    pub(super) limit: f64,
    pub(super) missed: Missed,
    /// Whether missing the critical limit is an error.
    pub(super) blocks: bool,
}

/// Which limit is missed.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Missed {
    None,
    Target,
    Warning,
    Critical,
}

impl From<&LoadResult> for Load {
    fn from(result: &LoadResult) -> Self {
        let broken = match &result.ended {
            result::Ended::Broken(why) => Some(why.clone()),
            result::Ended::Complete | result::Ended::Interrupted => None,
        };
        let conditions = result.conditions.iter();
        Self {
            kind: KIND.to_owned(),
            schema: SCHEMA,
            name: result.name.clone(),
            started_at: result.started_at_s,
            verdict: result.standing().into(),
            message: words::headline(result),
            notes: words::notes(result),
            failure: broken,
            interrupted: result.ended == result::Ended::Interrupted,
            conditions: conditions
                .map(|(name, value)| Condition { name: name.clone(), value: value.clone() })
                .collect(),
            late_ratio: result.late_ratio(),
            generator_cpu_ratio: result.generator_cpu_ratio,
            connections_opened: result.connections_opened,
            reconnects: result.reconnects,
            total: numbers(result),
            stages: result.stages.iter().map(Stage::from).collect(),
            window_s: result.window_s,
            windows: Windows::Kept(result.windows.clone()),
            targets: result
                .places
                .iter()
                .map(|one| Window {
                    name: Some(one.name.clone()),
                    ended: one.ended,
                    failed: one.failed,
                    response: (&one.response).into(),
                })
                .collect(),
            usage: result.usage.iter().map(Point::from).collect(),
            metrics: result.values.iter().map(Metric::from).collect(),
        }
    }
}

fn numbers(result: &LoadResult) -> Numbers {
    let all = result.total();
    let of = |histogram: &Histogram| {
        let named = |summary: Summary| Some((summary.as_str().to_owned(), histogram.summary(summary)?));
        Summary::ALL.into_iter().filter_map(named).collect()
    };
    Numbers {
        requests: all.ended,
        failed: all.failed(),
        seconds: result.seconds_in_all(),
        response_time: of(&all.response),
        service_time: of(&all.service),
    }
}

impl From<Standing> for Verdict {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Broken => Self::Broken,
            Standing::Nothing => Self::Nothing,
            Standing::Interrupted => Self::Interrupted,
            Standing::Late => Self::Late,
            Standing::OverBudget => Self::OverBudget,
            Standing::Sound => Self::Sound,
        }
    }
}

impl From<&result::Stage> for Stage {
    fn from(stage: &result::Stage) -> Self {
        let (level, level_unit) = match stage.level {
            Level::Rate(rate) => (rate, LevelUnit::PerSecond),
            Level::Users(users) => (users, LevelUnit::Users),
        };
        Self {
            level,
            level_unit,
            seconds: stage.seconds,
            intended: stage.intended,
            dropped: stage.dropped,
            late: stage.late,
            in_flight_max: stage.in_flight_max,
            open_at_end: stage.open_at_end,
            steps: stage.steps.iter().map(|(name, step)| (name.to_string(), step.into())).collect(),
        }
    }
}

impl From<&result::Step> for Step {
    fn from(step: &result::Step) -> Self {
        Self {
            ended: step.ended,
            errors: step.errors.clone(),
            statuses: step.statuses.clone(),
            bytes_in: step.bytes_in,
            bytes_out: step.bytes_out,
            response: (&step.response).into(),
            service: (&step.service).into(),
            lag: (&step.lag).into(),
        }
    }
}

impl From<&Histogram> for Distribution {
    fn from(histogram: &Histogram) -> Self {
        let model::sample::Parts { buckets, sum, min, max } = histogram.parts();
        // JSON has no infinity, which is the smallest of no values.
        let min = if buckets.is_empty() { 0.0 } else { min };
        Self { buckets, sum, min, max }
    }
}

impl From<&result::Point> for Point {
    fn from(point: &result::Point) -> Self {
        let result::Point { at_s, memory_bytes, descriptors, threads } = *point;
        Self { at_s, memory_bytes, descriptors, threads }
    }
}

impl From<&result::Value> for Metric {
    fn from(value: &result::Value) -> Self {
        Self {
            benchmark: value.benchmark.clone(),
            name: value.metric.clone(),
            unit: value.unit.symbol().to_owned(),
            better: match value.direction {
                Direction::LowerIsBetter => Better::Lower,
                Direction::HigherIsBetter => Better::Higher,
            },
            value: value.value,
            budget: value.limit.map(|limit| Budget {
                limit: limit.limit,
                missed: match limit.level {
                    BudgetLevel::Within => Missed::None,
                    BudgetLevel::Target => Missed::Target,
                    BudgetLevel::Warning => Missed::Warning,
                    BudgetLevel::Critical => Missed::Critical,
                },
                blocks: limit.blocks,
            }),
        }
    }
}
