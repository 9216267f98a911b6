//! oha: `--output-format json`. Refuses to make a distribution of its histogram, which has ten bars.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::measure::load::record::ErrorKind;
use crate::model::sample::Summary;

use super::tally::{Step, Tally};

#[derive(Deserialize)]
struct File {
    summary: Total,
    #[serde(rename = "latencyPercentiles")]
    percentiles: BTreeMap<String, Option<f64>>,
    #[serde(rename = "statusCodeDistribution", default)]
    statuses: BTreeMap<String, u64>,
    #[serde(rename = "errorDistribution", default)]
    errors: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
struct Total {
    #[serde(rename = "total")]
    seconds: f64,
    slowest: Option<f64>,
    average: Option<f64>,
    #[serde(rename = "totalData")]
    bytes: Option<u64>,
}

/// What oha writes for requests that were on their way when its time was over. They are no failures.
const AT_THE_END: &str = "aborted due to deadline";

/// Reads a result, or says what is missing.
pub(super) fn read(bytes: &[u8], tally: &mut Tally) -> Result<(), String> {
    let file: File = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let of = |key: &str| file.percentiles.get(key).copied().flatten();
    let mut step = Step::said([
        (Summary::P50, of("p50")),
        (Summary::P75, of("p75")),
        (Summary::P90, of("p90")),
        (Summary::P95, of("p95")),
        (Summary::P99, of("p99")),
        (Summary::P999, of("p99.9")),
        (Summary::Mean, file.summary.average),
        (Summary::Max, file.summary.slowest),
    ]);
    for (status, times) in &file.statuses {
        step.ended = step.ended.saturating_add(*times);
        if status.parse::<u16>().is_ok_and(|status| status >= 400) {
            step.fail(ErrorKind::Status, *times);
        }
    }
    for (error, times) in file.errors.iter().filter(|(error, _)| *error != AT_THE_END) {
        step.ended = step.ended.saturating_add(*times);
        step.fail(if error.contains("timeout") { ErrorKind::Timeout } else { ErrorKind::Connect }, *times);
    }
    step.bytes_in = file.summary.bytes;
    tally.lasted(file.summary.seconds);
    tally.all(step);
    tally.note(
        "oha counts from when it sent a request, or with `--latency-correction` from when it woke up for it, and its result has no raw data: a late \
         generator cannot be told from a slow service, and results cannot be merged",
    );
    Ok(())
}
