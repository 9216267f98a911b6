//! What a drive of load came to, in sentences: the same in the terminal, on the page and in the JSON. Refuses to escape anything: sinks do.

use crate::config::scenario::Level;
use crate::model::load::{APDEX, LATE_SHARE_MAX};
use crate::model::sample::{Histogram, Summary};
use crate::model::{BudgetLevel, Unit};

use super::super::number::{self, percent, plural, quantity};
use super::result::{Ended, LoadResult, Standing, Step, Value};

/// The most targets that are named.
const PLACES_MAX: usize = 3;
/// Above this share of its core the generator itself may be what is slow.
const GENERATOR_BUSY_RATIO: f64 = 0.8;

/// A level as it is written on the command line: `200/s`, `16 users`.
pub fn level(level: Level) -> String {
    match level {
        Level::Rate(rate) => format!("{}/s", plain(rate)),
        Level::Users(users) => format!("{} user{}", plain(users), if (users - 1.0).abs() < 1e-9 { "" } else { "s" }),
    }
}

/// A number without digits that say nothing.
fn plain(number: f64) -> String {
    let rounded = (number * 1e3).round() / 1e3;
    format!("{rounded}")
}

/// A time; a dash where there is none.
pub(super) fn time(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "–".to_owned(), |seconds| quantity(seconds, &Unit::Seconds))
}

/// One number of a distribution of times.
pub(super) fn at(of: &Histogram, summary: Summary) -> String {
    time(of.summary(summary))
}

/// So many a second, with the unit: `199.8 /s`.
pub(super) fn rate(count: u64, seconds: f64) -> String {
    if seconds > 0.0 { quantity(count as f64 / seconds, &Unit::PerSecond) } else { "–".to_owned() }
}

/// A count with a comma between thousands.
pub(super) fn count(number: u64) -> String {
    number::count(usize::try_from(number).unwrap_or(usize::MAX))
}

fn things(number: u64, noun: &str) -> String {
    plural(usize::try_from(number).unwrap_or(usize::MAX), noun)
}

/// The share that failed: `none`, `0.12 %`.
pub(super) fn failed(step: &Step) -> String {
    if step.failed() == 0 { "none".to_owned() } else { percent(step.failed_ratio()) }
}

/// Failed requests by how: `status 12, timeout 3`; empty without any.
pub(super) fn kinds(step: &Step) -> String {
    let kinds = step.errors.iter().filter(|(_, count)| **count > 0);
    kinds.map(|(kind, times)| format!("{kind} {}", count(*times))).collect::<Vec<_>>().join(", ")
}

/// Replies by status: `200 × 1,990, 503 × 10`.
pub(super) fn statuses(step: &Step) -> String {
    step.statuses.iter().map(|(status, times)| format!("{status} × {}", count(*times))).collect::<Vec<_>>().join(", ")
}

/// The first line.
pub(super) fn headline(result: &LoadResult) -> String {
    let all = result.total();
    let seconds = quantity(result.seconds_in_all(), &Unit::Seconds);
    let requests = things(all.ended, "request");
    match result.standing() {
        Standing::Broken => "No result: the service failed".to_owned(),
        Standing::Nothing if all.ended == 0 => "No result: not one request ended".to_owned(),
        Standing::Nothing => format!("No result: all of {requests} failed ({})", kinds(&all)),
        Standing::Interrupted => format!("Stopped early: {requests} in {seconds}, {}", failing(&all)),
        Standing::Late => {
            format!("INCONCLUSIVE: the generator was late in {} of the arrivals", percent(result.late_ratio()))
        }
        Standing::OverBudget => {
            let missed = result.values.iter().filter(|value| level_of(value) == BudgetLevel::Critical).count();
            format!("OVER BUDGET in {}: {requests} in {seconds}, {}", plural(missed, "metric"), failing(&all))
        }
        Standing::Sound => {
            let (tail, failing) = (at(&all.response, Summary::P95), failing(&all));
            format!("{requests} in {seconds}, {failing}; 95 % within {tail}")
        }
    }
}

fn failing(all: &Step) -> String {
    if all.failed() == 0 { "none failed".to_owned() } else { format!("{} failed", percent(all.failed_ratio())) }
}

/// What was sent, and where to.
pub(super) fn subject(result: &LoadResult) -> String {
    let places: Vec<&str> = result.places.iter().take(PLACES_MAX).map(|place| place.name.as_str()).collect();
    let more = match result.places.len().saturating_sub(PLACES_MAX) {
        0 => String::new(),
        rest => format!(" and {} more", number::count(rest)),
    };
    if places.is_empty() { result.name.clone() } else { format!("{} to {}{more}", result.name, places.join(", ")) }
}

/// How badly a value misses its budget.
pub(super) fn level_of(value: &Value) -> BudgetLevel {
    value.limit.map_or(BudgetLevel::Within, |limit| limit.level)
}

/// What must be known of the result beside its numbers, the worst first.
pub(super) fn notes(result: &LoadResult) -> Vec<String> {
    let mut notes = Vec::new();
    let all = result.total();
    match &result.ended {
        Ended::Broken(why) => notes.push(why.clone()),
        Ended::Interrupted => {
            notes.push("The numbers are those until it was stopped; no budget was checked.".to_owned());
        }
        Ended::Complete => {}
    }
    if all.ended > 0 && all.ended == all.failed() {
        notes.push("Times of requests that failed say how long they took to fail.".to_owned());
    }
    notes.push(schedule(result));
    let (intended, _, dropped) = result.arrivals();
    if dropped > 0 {
        notes.push(format!(
            "{} of {} arrivals were never sent: no connection was free. The service was slower than the load, or needs more `--connections`.",
            count(dropped),
            count(intended)
        ));
    }
    if result.generator_cpu_ratio > GENERATOR_BUSY_RATIO {
        notes.push(format!(
            "The generator used {} of its core: what it could not send, the service never saw.",
            percent(result.generator_cpu_ratio)
        ));
    }
    if result.reconnects > 0 {
        notes.push(format!(
            "{} made again, because the service had closed them while they were idle; no request failed by that.",
            if result.reconnects == 1 {
                "1 connection was".to_owned()
            } else {
                format!("{} connections were", count(result.reconnects))
            }
        ));
    }
    notes
}

/// How well the generator kept its time.
fn schedule(result: &LoadResult) -> String {
    let all = result.total();
    let cpu = percent(result.generator_cpu_ratio);
    let open = result.stages.iter().any(|stage| matches!(stage.level, Level::Rate(_)));
    let late_share = percent(result.late_ratio());
    if result.late_ratio() > LATE_SHARE_MAX {
        format!(
            "The generator sent {late_share} of the arrivals late. Above {} the numbers say nothing about the service: the machine of the \
             generator was busy with something else. Run it again, on a free core or at a lower rate.",
            percent(LATE_SHARE_MAX)
        )
    } else if open {
        let lag = at(&all.lag, Summary::P99);
        format!(
            "The generator kept its time: {late_share} of the arrivals late, 99 % sent within {lag} of their time; it used {cpu} of a core."
        )
    } else {
        format!("The generator used {cpu} of a core.")
    }
}

/// Metrics that are not in a table of their own, in the order of the result: what a stress test, a spike or a soak found, and what the service used.
pub(super) fn special(result: &LoadResult) -> Vec<&Value> {
    use crate::model::load::{
        BREAKING_POINT, DESCRIPTOR_GROWTH, LATENCY_DRIFT, MEMORY_GROWTH, RECOVERY_TIME, SERVICE_CPU,
    };
    use crate::model::probe::{CONNECTIONS_LEFT, CPU_PER_REQUEST, DESCRIPTORS_LEFT, MEMORY_PEAK, THREADS_LEFT};
    let found = [BREAKING_POINT, RECOVERY_TIME, MEMORY_GROWTH, DESCRIPTOR_GROWTH, LATENCY_DRIFT];
    let used = [SERVICE_CPU, CPU_PER_REQUEST, MEMORY_PEAK, DESCRIPTORS_LEFT, THREADS_LEFT, CONNECTIONS_LEFT];
    let names = [&found[..], &used].concat();
    result.values.iter().filter(|value| names.contains(&value.metric.as_str())).collect()
}

/// A value with its unit; a growth may be negative.
pub(super) fn shown(value: &Value) -> String {
    quantity(value.value, &value.unit)
}

/// The Apdex of a step, where it was measured.
pub(super) fn apdex(result: &LoadResult, benchmark: &str) -> String {
    result.value(benchmark, APDEX).map_or_else(|| "–".to_owned(), |value| format!("{:.2}", value.value))
}

/// A budget and what became of it: `≤ 120 ms: missed`.
pub(super) fn budget(value: &Value) -> Option<(String, &'static str)> {
    let limit = value.limit?;
    let verdict = match (limit.level, limit.blocks) {
        (BudgetLevel::Within, _) => "kept",
        (BudgetLevel::Target, _) => "target missed",
        (BudgetLevel::Warning, _) => "warning limit missed",
        (BudgetLevel::Critical, true) => "MISSED",
        (BudgetLevel::Critical, false) => "missed, does not block",
    };
    Some((number::limit(limit.limit, &value.unit, value.direction), verdict))
}
