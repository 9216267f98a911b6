//! Vegeta: `encode -to json`, one line a request, or `report -type=json`. Refuses to say how late it sent: it stamps requests when it sends them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::BufRead;

use serde::Deserialize;

use crate::measure::load::record::ErrorKind;
use crate::model::sample::Summary;

use super::k6::named;
use super::tally::{Request, Step, Tally};
use super::{LoadError, for_each_line};

#[derive(Deserialize)]
struct Line<'a> {
    code: u16,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    latency: u64,
    bytes_out: Option<u64>,
    bytes_in: Option<u64>,
    #[serde(borrow)]
    error: Option<Cow<'a, str>>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    url: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Report {
    latencies: BTreeMap<String, f64>,
    #[serde(default)]
    bytes_in: Bytes,
    #[serde(default)]
    bytes_out: Bytes,
    #[serde(default)]
    duration: f64,
    #[serde(default)]
    wait: f64,
    requests: u64,
    #[serde(default)]
    success: f64,
    #[serde(default)]
    status_codes: BTreeMap<String, u64>,
}

#[derive(Default, Deserialize)]
struct Bytes {
    #[serde(default)]
    total: u64,
}

const NOTE: &str = "Vegeta counts from when it sent a request, not from when that was due: where it sent late, `latency` is too small, and nothing says so";

/// Whether these are lines of requests, not a report.
pub(super) fn is_lines(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let text = String::from_utf8_lossy(line);
    ["\"timestamp\":", "\"latency\":", "\"code\":"].iter().all(|key| text.contains(key))
}

/// Reads all requests.
pub(super) fn read(source: &mut dyn BufRead, tally: &mut Tally) -> Result<(), LoadError> {
    tally.note(NOTE);
    for_each_line(source, |number, bytes| {
        if bytes.is_empty() {
            return Ok(());
        }
        let line: Line<'_> = match serde_json::from_slice(bytes) {
            Ok(line) => line,
            Err(error) => {
                tally.refuse(&format!("line {number}: {error}"));
                return Ok(());
            }
        };
        let error = line.error.as_deref().unwrap_or_default();
        let failure = match line.code {
            200..=399 => None,
            0 if error.contains("Client.Timeout") || error.contains("deadline exceeded") => Some(ErrorKind::Timeout),
            0 => Some(ErrorKind::Connect),
            _ => Some(ErrorKind::Status),
        };
        let seconds = line.latency as f64 / 1e9;
        let sent = line.timestamp.parse::<jiff::Timestamp>().ok().map(|time| time.as_duration().as_secs_f64());
        let request = Request {
            end_s: sent.map(|sent| sent + seconds),
            seconds,
            failure,
            bytes_in: line.bytes_in,
            bytes_out: line.bytes_out,
        };
        tally.request(&named(line.url.as_deref().unwrap_or("requests"), line.method.as_deref()), &request)
    })
}

/// Reads a report.
pub(super) fn report(bytes: &[u8], tally: &mut Tally) -> Result<(), String> {
    let report: Report = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let of = |key: &str| report.latencies.get(key).map(|nanoseconds| nanoseconds / 1e9);
    let mut step = Step::said([
        (Summary::P50, of("50th")),
        (Summary::P90, of("90th")),
        (Summary::P95, of("95th")),
        (Summary::P99, of("99th")),
        (Summary::Mean, of("mean")),
        (Summary::Max, of("max")),
    ]);
    step.ended = report.requests;
    let connect = report.status_codes.get("0").copied().unwrap_or_default();
    let right = super::k6::whole(report.success.clamp(0.0, 1.0) * report.requests as f64);
    step.fail(ErrorKind::Connect, connect);
    step.fail(ErrorKind::Status, report.requests.saturating_sub(right).saturating_sub(connect));
    step.kinds.retain(|_, times| *times > 0);
    (step.bytes_in, step.bytes_out) = (Some(report.bytes_in.total), Some(report.bytes_out.total));
    tally.lasted((report.duration + report.wait) / 1e9);
    tally.all(step);
    tally.note(NOTE);
    tally.note("Vegeta's report has no raw data: `vegeta encode -to json` gives a line for each request, by which requests are told apart and runs merged");
    Ok(())
}
