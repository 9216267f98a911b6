//! The promise of a run in schema 1, with its conversions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::judgement;
use crate::report::json::JsonError;

use super::mirror::TestFamily;
use super::{Bound, MetricId};

/// The promise of the run.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Promise {
    false_alarm_rate: f64,
    /// How the rate is parted among the families of tests that take part; left out in files that had a whole rate for each.
    #[serde(default)]
    shares: Vec<Share>,
    family: usize,
    detectable_median_ratio: Option<f64>,
    detectable_worst: Option<DetectableWorst>,
    /// What is promised of the metrics that stored runs decide.
    #[serde(default)]
    stored: Option<StoredPromise>,
}

/// What one family of tests may cost.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Share {
    family: TestFamily,
    /// The largest probability that it turns a run of unchanged code red.
    rate: f64,
    /// How many tests share that.
    checks: usize,
}

/// What is promised of the metrics that stored runs decide.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct StoredPromise {
    metrics: usize,
    runs: u32,
    /// The largest probability that any of them is called regressed in a run of unchanged code, if all runs differ by chance alone; 1 promises nothing.
    false_alarm_rate: f64,
}

/// The metric of which only the largest change could have been seen.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct DetectableWorst {
    id: MetricId,
    ratio: Bound,
}

impl TryFrom<Promise> for judgement::Promise {
    type Error = JsonError;

    fn try_from(value: Promise) -> Result<Self, JsonError> {
        let worst = |worst: DetectableWorst| Ok((worst.id.try_into()?, worst.ratio.or(f64::INFINITY)));
        Ok(Self {
            false_alarm_rate: value.false_alarm_rate,
            shares: value.shares.into_iter().map(judgement::Share::from).collect(),
            family: value.family,
            detectable_median_ratio: value.detectable_median_ratio,
            detectable_worst: value.detectable_worst.map(worst).transpose()?,
            stored: value.stored.map(|stored| judgement::StoredPromise {
                metrics: stored.metrics,
                runs: stored.runs,
                false_alarm_rate: stored.false_alarm_rate,
            }),
        })
    }
}

impl From<judgement::Promise> for Promise {
    fn from(value: judgement::Promise) -> Self {
        Self {
            false_alarm_rate: value.false_alarm_rate,
            shares: value.shares.into_iter().map(Share::from).collect(),
            family: value.family,
            detectable_median_ratio: value.detectable_median_ratio,
            detectable_worst: value
                .detectable_worst
                .map(|(id, ratio)| DetectableWorst { id: id.into(), ratio: ratio.into() }),
            stored: value.stored.map(|judgement::StoredPromise { metrics, runs, false_alarm_rate }| StoredPromise {
                metrics,
                runs,
                false_alarm_rate,
            }),
        }
    }
}

impl From<Share> for judgement::Share {
    fn from(Share { family, rate, checks }: Share) -> Self {
        Self { family: family.into(), rate, checks }
    }
}

impl From<judgement::Share> for Share {
    fn from(judgement::Share { family, rate, checks }: judgement::Share) -> Self {
        Self { family: family.into(), rate, checks }
    }
}
