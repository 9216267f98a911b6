//! autocannon: `--json`. Refuses to fill in the p95 that it does not have.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::measure::load::record::ErrorKind;
use crate::model::sample::Summary;

use super::tally::{Step, Tally};

#[derive(Deserialize)]
struct File {
    duration: f64,
    latency: BTreeMap<String, f64>,
    requests: Total,
    throughput: Option<Total>,
    #[serde(default)]
    errors: u64,
    #[serde(default)]
    timeouts: u64,
    #[serde(default)]
    mismatches: u64,
    #[serde(default)]
    non2xx: u64,
}

#[derive(Deserialize)]
struct Total {
    total: f64,
}

/// Reads a result, or says what is missing.
pub(super) fn read(bytes: &[u8], tally: &mut Tally) -> Result<(), String> {
    let file: File = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let of = |key: &str| file.latency.get(key).map(|milliseconds| milliseconds / 1e3);
    let mut step = Step::said([
        (Summary::P50, of("p50")),
        (Summary::P75, of("p75")),
        (Summary::P90, of("p90")),
        (Summary::P99, of("p99")),
        (Summary::P999, of("p99_9")),
        (Summary::Mean, of("mean")),
        (Summary::Max, of("max")),
    ]);
    // Errors have timeouts among them, and are not among the requests.
    let connect = file.errors.saturating_sub(file.timeouts);
    step.ended = super::k6::whole(file.requests.total).saturating_add(file.errors.max(file.timeouts));
    let kinds = [
        (ErrorKind::Status, file.non2xx),
        (ErrorKind::Check, file.mismatches),
        (ErrorKind::Timeout, file.timeouts),
        (ErrorKind::Connect, connect),
    ];
    for (kind, times) in kinds.into_iter().filter(|(_, times)| *times > 0) {
        step.fail(kind, times);
    }
    step.bytes_in = file.throughput.map(|throughput| super::k6::whole(throughput.total));
    tally.lasted(file.duration);
    tally.all(step);
    tally.note(
        "autocannon counts whole milliseconds and has no p95 and no raw data: a change of less than a millisecond cannot be seen, and results cannot \
         be merged",
    );
    Ok(())
}
