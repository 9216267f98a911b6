//! k6's raw output, `k6 run --out json=FILE`: one line a measured value, some thirteen a request. Refuses to take k6's `http_req_duration` for what
//! a user waits: it leaves out the time until there is a connection, so that is added (`http_req_blocked`, which has connecting and TLS in it).

use std::borrow::Cow;
use std::io::BufRead;

use serde::Deserialize;

use crate::measure::load::record::ErrorKind;
use crate::model::load::K6_WARM_UP;

use super::tally::{Request, Tally};
use super::{LoadError, for_each_line};

/// One line, as far as it matters.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    metric: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    data: Point<'a>,
}

#[derive(Default, Deserialize)]
struct Point<'a> {
    #[serde(borrow, default)]
    time: Cow<'a, str>,
    #[serde(default)]
    value: f64,
    #[serde(borrow)]
    tags: Option<Tags<'a>>,
}

#[derive(Default, Deserialize)]
struct Tags<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    status: Option<Cow<'a, str>>,
    #[serde(borrow)]
    scenario: Option<Cow<'a, str>>,
    #[serde(borrow)]
    error_code: Option<Cow<'a, str>>,
}

/// A request whose values come one after the other.
struct Open {
    name: String,
    time: String,
    /// From the first byte sent to the last one received, in milliseconds; `None` before that was seen.
    duration_ms: Option<f64>,
    blocked_ms: f64,
    failed: bool,
    how: ErrorKind,
}

/// Whether these are lines of values, not a summary.
pub(super) fn is_points(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let text = String::from_utf8_lossy(line);
    text.contains("\"type\":\"Metric\"") || text.contains("\"type\":\"Point\"")
}

/// Reads all values.
pub(super) fn read(source: &mut dyn BufRead, tally: &mut Tally) -> Result<(), LoadError> {
    let mut open: Option<Open> = None;
    for_each_line(source, |number, line| {
        if line.is_empty() {
            return Ok(());
        }
        match serde_json::from_slice::<Line<'_>>(line) {
            Ok(line) if line.kind == "Point" => take(&line, &mut open, tally),
            Ok(_) => Ok(()),
            Err(error) => {
                tally.refuse(&format!("line {number}: {error}"));
                Ok(())
            }
        }
    })?;
    close(open, tally)
}

/// Takes one value. Those of one request come without any other between them and have its time and name.
fn take(line: &Line<'_>, open: &mut Option<Open>, tally: &mut Tally) -> Result<(), LoadError> {
    let nothing = Tags::default();
    let tags = line.data.tags.as_ref().unwrap_or(&nothing);
    if tags.scenario.as_deref() == Some(K6_WARM_UP) {
        return Ok(());
    }
    let metric = line.metric.as_deref().unwrap_or_default();
    match metric {
        "dropped_iterations" => tally.arrivals(whole(line.data.value), 0),
        "iterations" => tally.arrivals(0, whole(line.data.value)),
        "checks" => tally.checks(u64::from(line.data.value < 0.5), 1),
        _ if metric.starts_with("http_req") || metric == "grpc_req_duration" => {
            return of_request(metric, &line.data, tags, open, tally);
        }
        _ if metric.starts_with("ws_") => {
            tally.note("k6's metrics of WebSockets are not read: only those of HTTP and gRPC requests");
        }
        _ => {}
    }
    Ok(())
}

fn of_request(
    metric: &str,
    point: &Point<'_>,
    tags: &Tags<'_>,
    open: &mut Option<Open>,
    tally: &mut Tally,
) -> Result<(), LoadError> {
    let name = named(tags.name.as_deref().unwrap_or("request"), tags.method.as_deref());
    let same = open.as_ref().is_some_and(|open| open.name == name && open.time == *point.time);
    let again = metric == "http_reqs" || metric == "grpc_req_duration";
    if !same || again {
        close(open.take(), tally)?;
    }
    let this = open.get_or_insert_with(|| Open {
        name,
        time: point.time.clone().into_owned(),
        duration_ms: None,
        blocked_ms: 0.0,
        failed: false,
        how: how(tags),
    });
    match metric {
        "http_req_duration" | "grpc_req_duration" => this.duration_ms = Some(point.value),
        "http_req_blocked" => this.blocked_ms = point.value,
        "http_req_failed" => this.failed = point.value > 0.5,
        _ => {}
    }
    Ok(())
}

/// A request is complete.
fn close(open: Option<Open>, tally: &mut Tally) -> Result<(), LoadError> {
    let Some(Open { name, time, duration_ms: Some(duration_ms), blocked_ms, failed, how }) = open else {
        return Ok(());
    };
    let end_s = time.parse::<jiff::Timestamp>().ok().map(|time| time.as_duration().as_secs_f64());
    if end_s.is_none() {
        tally.refuse(&format!("`{name}`: the time `{time}`"));
    }
    let failure = failed.then_some(how);
    tally.request(&name, &Request { end_s, seconds: (duration_ms + blocked_ms) / 1e3, failure, ..Request::default() })
}

/// How a request failed, if it did: k6's code 1050 is its timeout, and a status of 0 is no reply.
fn how(tags: &Tags<'_>) -> ErrorKind {
    match (tags.error_code.as_deref(), tags.status.as_deref()) {
        (Some("1050"), _) => ErrorKind::Timeout,
        (_, Some("0")) => ErrorKind::Connect,
        _ => ErrorKind::Status,
    }
}

/// The name of a request. One that is an address loses scheme, host and port: they are others in each round.
pub(super) fn named(name: &str, method: Option<&str>) -> String {
    let Some(rest) = name.strip_prefix("http://").or_else(|| name.strip_prefix("https://")) else {
        return name.to_owned();
    };
    let path = rest.find(['/', '?']).and_then(|at| rest.get(at..)).unwrap_or("/");
    method.map_or_else(|| path.to_owned(), |method| format!("{method} {path}"))
}

/// A counter as the whole number that it is.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a conversion of floats saturates, and a NaN is 0"
)]
pub(super) fn whole(value: f64) -> u64 {
    value.round() as u64
}
