//! k6's summaries in their three shapes: `--summary-export`, the data of `handleSummary`, and the machine-readable one. Refuses to take a threshold of
//! `--summary-export` by its word: there `true` says that it was crossed.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::measure::load::record::ErrorKind;
use crate::model::sample::Summary;

use super::k6::whole;
use super::tally::{Step, Tally, Times};

/// What of a summary matters, in each of its shapes.
#[derive(Deserialize)]
struct File {
    metrics: Option<BTreeMap<String, Value>>,
    results: Option<Results>,
    config: Option<Config>,
    state: Option<State>,
}

#[derive(Deserialize)]
struct Results {
    #[serde(default)]
    metrics: Vec<Named>,
    checks: Option<Checks>,
}

#[derive(Deserialize)]
struct Checks {
    #[serde(default)]
    results: Vec<Check>,
}

#[derive(Deserialize)]
struct Check {
    #[serde(default)]
    passes: u64,
    #[serde(default)]
    fails: u64,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    values: Value,
}

#[derive(Deserialize)]
struct Config {
    duration: Option<f64>,
}

#[derive(Deserialize)]
struct State {
    #[serde(rename = "testRunDurationMs")]
    milliseconds: Option<f64>,
}

/// The numbers of one metric and what it says of its thresholds.
struct Metric {
    values: Value,
    thresholds: Vec<(String, Crossed)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Crossed {
    Yes,
    No,
}

/// Reads a summary, or says what is missing.
pub(super) fn read(bytes: &[u8], tally: &mut Tally) -> Result<(), String> {
    let file: File = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if let Some(checks) = file.results.as_ref().and_then(|results| results.checks.as_ref()) {
        for check in &checks.results {
            tally.checks(check.fails, check.fails.saturating_add(check.passes));
        }
    }
    let machine = file.results.is_some();
    let metrics: BTreeMap<String, Metric> = match (file.results, file.metrics) {
        (Some(results), _) => {
            let named = |named: Named| (named.name, Metric { values: named.values, thresholds: Vec::new() });
            results.metrics.into_iter().map(named).collect()
        }
        (None, Some(metrics)) => metrics.into_iter().map(|(name, metric)| (name, shaped(metric))).collect(),
        (None, None) => return Err("neither `metrics` nor `results`".to_owned()),
    };
    let (names, all): (Vec<_>, Vec<_>) = metrics.iter().partition(|(name, _)| name.contains('{'));
    let all: BTreeMap<&str, &Metric> = all.into_iter().map(|(name, metric)| (name.as_str(), metric)).collect();
    let mut step = of_requests(&all).ok_or("no `http_req_duration`")?;
    let seconds = file.config.and_then(|config| config.duration);
    let seconds = seconds.or_else(|| file.state?.milliseconds.map(|milliseconds| milliseconds / 1e3));
    let seconds = seconds.or_else(|| Some(step.ended as f64 / number(&all.get("http_reqs")?.values, "rate")?));
    tally.lasted(seconds.filter(|seconds| seconds.is_finite()).unwrap_or_default());
    let counter = |name: &str| all.get(name).and_then(|metric| number(&metric.values, "count")).map(whole);
    (step.bytes_in, step.bytes_out) = (counter("data_received"), counter("data_sent"));
    tally.arrivals(counter("dropped_iterations").unwrap_or_default(), counter("iterations").unwrap_or_default());
    if let Some(checks) = all.get("checks").filter(|_| !machine) {
        let of = |key| number(&checks.values, key).map(whole).unwrap_or_default();
        tally.checks(of("fails"), of("fails").saturating_add(of("passes")));
    }
    notes(&step, &metrics, machine, tally);
    tally.all(step);
    for (name, step) in by_name(&names) {
        *tally.step(&name).map_err(|error| error.to_string())? = step;
    }
    Ok(())
}

/// A metric of `--summary-export`, flat, or of `handleSummary`, with its `values`.
fn shaped(metric: Value) -> Metric {
    let thresholds = metric.get("thresholds").and_then(Value::as_object).into_iter().flatten();
    let crossed = |value: &Value| match (value, value.get("ok").and_then(Value::as_bool)) {
        (Value::Bool(true), _) | (_, Some(false)) => Crossed::Yes,
        _ => Crossed::No,
    };
    let thresholds = thresholds.map(|(rule, value)| (rule.clone(), crossed(value))).collect();
    let values = metric.get("values").cloned().unwrap_or(metric);
    Metric { values, thresholds }
}

fn number(values: &Value, key: &str) -> Option<f64> {
    values.get(key).and_then(Value::as_f64)
}

/// What is said of the requests of these metrics; `None` where there are no times.
fn of_requests(metrics: &BTreeMap<&str, &Metric>) -> Option<Step> {
    let times = metrics.get("http_req_duration").or_else(|| metrics.get("grpc_req_duration"))?;
    let of = |keys: &[&str]| keys.iter().find_map(|key| number(&times.values, key)).map(|ms| ms / 1e3);
    let mut step = Step::said([
        (Summary::P50, of(&["med", "p(50)", "p50"])),
        (Summary::P75, of(&["p(75)", "p75"])),
        (Summary::P90, of(&["p(90)", "p90"])),
        (Summary::P95, of(&["p(95)", "p95"])),
        (Summary::P99, of(&["p(99)", "p99"])),
        (Summary::P999, of(&["p(99.9)", "p99.9", "p999"])),
        (Summary::Mean, of(&["avg"])),
        (Summary::Max, of(&["max"])),
    ]);
    if let Some(failed) = metrics.get("http_req_failed") {
        let of = |key| number(&failed.values, key).map(whole);
        // A rate counts what is true, and what is true of this one is a failure.
        let failures = of("passes").or_else(|| of("matches")).unwrap_or_default();
        step.ended = of("total").unwrap_or_else(|| failures.saturating_add(of("fails").unwrap_or_default()));
        step.failed = failures;
    }
    let requests = metrics.get("http_reqs").and_then(|requests| number(&requests.values, "count")).map(whole);
    step.ended = requests.unwrap_or(step.ended).max(step.failed);
    Some(step)
}

/// The named requests: k6 sums up a request by itself where a threshold asks for it, as `http_req_duration{name:home}`.
fn by_name(metrics: &[(&String, &Metric)]) -> BTreeMap<String, Step> {
    let mut parts: BTreeMap<&str, BTreeMap<&str, &Metric>> = BTreeMap::new();
    for (full, metric) in metrics {
        let inner = full.split_once('{').and_then(|(name, tags)| Some((name, tags.strip_suffix('}')?)));
        let named = inner.and_then(|(name, tags)| Some((name, tags.strip_prefix("name:")?)));
        if let Some((name, request)) = named {
            parts.entry(request).or_default().insert(name, metric);
        }
    }
    parts.into_iter().filter_map(|(name, metrics)| Some((name.to_owned(), of_requests(&metrics)?))).collect()
}

fn notes(step: &Step, metrics: &BTreeMap<String, Metric>, machine: bool, tally: &mut Tally) {
    tally.note(
        "a summary of k6 has no raw data: `latency` is k6's `http_req_duration`, without the time to connect, and the warm-up is in it; \
         give `--out json=FILE` for all of it",
    );
    let lacks_p99 = matches!(&step.times, Times::Said(said) if !said.contains_key(&Summary::P99));
    if lacks_p99 && machine {
        tally.note("k6's machine-readable summary never has p99: there is no `latency-p99`");
    } else if lacks_p99 {
        tally.note("this summary of k6 has no p99: add `p(99)` to `summaryTrendStats` of its options");
    }
    if step.failed > 0 && step.kinds.is_empty() {
        let kind = ErrorKind::Status.as_str();
        tally.note(format!(
            "a summary of k6 does not say how requests failed: there is no `errors-{kind}` or other kind"
        ));
    }
    for (name, metric) in metrics {
        for (rule, _) in metric.thresholds.iter().filter(|(_, crossed)| *crossed == Crossed::Yes) {
            tally.note(format!("k6's own threshold `{rule}` of `{name}` was crossed"));
        }
    }
}
