//! Locust: `--json`, which has a distribution, or the tables that `--csv` writes. Refuses to take the quantiles of the history for those of the run: they
//! are of its last ten seconds.

use std::collections::BTreeMap;
use std::io::{BufRead, Read};

use serde::Deserialize;

use crate::model::sample::Summary;

use super::k6::named;
use super::tally::{Step, Tally};
use super::{DOCUMENT_BYTES_MAX, LoadError};

/// One named request of `--json`.
#[derive(Deserialize)]
struct Entry {
    name: String,
    method: Option<String>,
    #[serde(default)]
    start_time: f64,
    #[serde(default)]
    last_request_timestamp: Option<f64>,
    num_requests: u64,
    #[serde(default)]
    num_failures: u64,
    #[serde(default)]
    total_content_length: u64,
    response_times: BTreeMap<String, u64>,
}

/// Whether it is JSON.
pub(super) fn is_json(head: &[u8]) -> bool {
    head.trim_ascii_start().first() == Some(&b'[')
}

/// Whether it is one of the tables.
pub(super) fn is_table(text: &str) -> bool {
    text.starts_with("Type,Name,") || text.starts_with("Timestamp,User Count,")
}

/// Reads `--json`. Several workers or runs may be one: their distributions are added up.
pub(super) fn read(source: &mut dyn BufRead, tally: &mut Tally) -> Result<(), LoadError> {
    let wrong = |message: String| LoadError::NotResults { tool: "Locust", message };
    let mut bytes = Vec::new();
    source.take(DOCUMENT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(LoadError::Read)?;
    if bytes.len() > DOCUMENT_BYTES_MAX {
        return Err(LoadError::TooLarge);
    }
    let entries: Vec<Entry> = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    for entry in entries {
        let name = name(entry.method.as_deref(), &entry.name);
        for at_s in [Some(entry.start_time), entry.last_request_timestamp].into_iter().flatten() {
            tally.seen(at_s);
        }
        let step = tally.step(&name)?;
        step.ended = step.ended.saturating_add(entry.num_requests);
        step.failed = step.failed.saturating_add(entry.num_failures);
        step.bytes_in = Some(step.bytes_in.unwrap_or_default().saturating_add(entry.total_content_length));
        let mut lines = Vec::new();
        for (milliseconds, times) in &entry.response_times {
            let taken = milliseconds
                .parse::<f64>()
                .map_err(|_| "is not a number".to_owned())
                .and_then(|value| step.record(value / 1e3, *times));
            lines.extend(taken.err().map(|reason| format!("`{name}`: the time `{milliseconds}` {reason}")));
        }
        for line in lines {
            tally.refuse(&line);
        }
    }
    tally.note(
        "Locust rounds response times to whole milliseconds, above 100 ms to two digits: a change of less than that cannot be seen, and nothing says \
         how requests failed",
    );
    Ok(())
}

/// Reads `…_stats.csv` or `…_stats_history.csv`.
pub(super) fn tables(bytes: &[u8], tally: &mut Tally) -> Result<(), String> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    let columns: BTreeMap<&str, usize> = headers.iter().enumerate().map(|(at, name)| (name, at)).collect();
    let (requests, history) = match (columns.get("Request Count"), columns.get("Total Request Count")) {
        (Some(_), _) => ("Request Count", false),
        (None, Some(_)) => ("Total Request Count", true),
        (None, None) => return Err("neither `Request Count` nor `Total Request Count` in its header".to_owned()),
    };
    let total = |name: &str| if history { format!("Total {name}") } else { name.to_owned() };
    let (failures, average, max) = (total("Failure Count"), total("Average Response Time"), total("Max Response Time"));
    let mut span: Option<(f64, f64)> = None;
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let text = |column: &str| columns.get(column).and_then(|at| record.get(*at)).unwrap_or_default();
        let number = |column: &str| text(column).parse::<f64>().ok().filter(|value| value.is_finite());
        let whole = |column: &str| text(column).parse::<u64>().ok();
        let at_s = number("Timestamp").unwrap_or_default();
        span = Some(span.map_or((at_s, at_s), |(first, last)| (first.min(at_s), last.max(at_s))));
        let Some(ended) = whole(requests) else {
            tally.refuse(&format!("`{}`: no whole number as `{requests}`", text("Name")));
            continue;
        };
        let seconds = |column: &str| number(column).map(|milliseconds| milliseconds / 1e3);
        let quantiles = [(Summary::P50, "50%"), (Summary::P75, "75%"), (Summary::P90, "90%")];
        let quantiles =
            quantiles.into_iter().chain([(Summary::P95, "95%"), (Summary::P99, "99%"), (Summary::P999, "99.9%")]);
        let quantiles = quantiles.filter(|_| !history).map(|(summary, column)| (summary, seconds(column)));
        let others = [(Summary::Mean, seconds(&average)), (Summary::Max, seconds(&max))];
        let failed = whole(&failures).unwrap_or_default().min(ended);
        // What it calls Requests/s counts failed ones too.
        let a_second = (ended > 0).then(|| number("Requests/s")).flatten().filter(|_| !history);
        let throughput = a_second.map(|all| all * (ended - failed) as f64 / ended as f64);
        let step = Step { ended, failed, throughput, ..Step::said(quantiles.chain(others)) };
        if text("Name") == "Aggregated" && text("Type").is_empty() {
            tally.all(step);
        } else {
            *tally.step(&name(Some(text("Type")), text("Name"))).map_err(|error| error.to_string())? = step;
        }
    }
    if let Some((first, last)) = span.filter(|_| history) {
        tally.lasted(last - first);
        tally.note("Locust's history has the quantiles of its last ten seconds only: they are left out; give `--json`");
    }
    tally.note("Locust's CSV is written every second and may end before the run does: give `--json`, which has a distribution too");
    Ok(())
}

/// The name of a request, with its method where there is one.
fn name(method: Option<&str>, name: &str) -> String {
    let name = named(name, None);
    match method {
        Some(method) if !method.is_empty() => format!("{method} {name}"),
        _ => name,
    }
}
