//! Where a scenario ran out, in words: rules over its own metrics, the surest first. Refuses to guess where nothing was near its limit.

use crate::model::load::{self as named, LATE_SHARE_MAX};
use crate::model::{Row, Unit};

use super::super::super::number::{percent, quantity};
use super::super::super::text::Text;
use super::{Scenario, both};

/// From this share of what there is on, a resource is used up.
const USED_UP_RATIO: f64 = 0.85;
/// The generator has one core for itself; above this share it may be what is slow.
const GENERATOR_BUSY_RATIO: f64 = 0.8;
/// Fewer failures than this are not what a service ran out by.
const FAILING_RATIO: f64 = 0.01;
/// Where so much of the tail is the wait for a connection, that is what it consists of.
const WAITING_RATIO: f64 = 0.5;

/// What is worth a word beside the table: what the profile is run for, and the bottleneck.
pub(super) fn said(scenario: &Scenario<'_>, cores: u32) -> Text {
    let found = FOUND.iter().filter_map(|(metric, words)| Some(format!("{words} {}.", both(scenario.row(metric)?))));
    let limits: Vec<String> =
        [late(scenario), busy_generator(scenario), cpu(scenario, cores), failures(scenario), waiting(scenario)]
            .into_iter()
            .flatten()
            .collect();
    let calm = calm(scenario, cores).filter(|_| limits.is_empty());
    Text::prose(found.chain(limits).chain(calm).collect::<Vec<_>>().join(" "))
}

/// What a profile is run for, with its words.
const FOUND: [(&str, &str); 6] = [
    (named::BREAKING_POINT, "Breaking point:"),
    (named::LATENCY_KNEE, "Latency knee:"),
    (named::RECOVERY_TIME, "Recovery time:"),
    (named::MEMORY_GROWTH, "Memory growth a request:"),
    (named::DESCRIPTOR_GROWTH, "Descriptor growth a request:"),
    (named::LATENCY_DRIFT, "p99 of the last third against the first:"),
];

/// The larger value of both sides.
fn largest(row: &Row) -> f64 {
    [&row.base, &row.head].into_iter().flatten().map(|side| side.value).fold(0.0, f64::max)
}

fn late(scenario: &Scenario<'_>) -> Option<String> {
    let late = scenario.row(named::LATE_ARRIVALS).map(largest).filter(|late| *late > LATE_SHARE_MAX)?;
    Some(format!(
        "The generator was late with {} of the arrivals, where {} are allowed: its machine was busy, and the times say nothing of the service.",
        percent(late),
        percent(LATE_SHARE_MAX)
    ))
}

fn busy_generator(scenario: &Scenario<'_>) -> Option<String> {
    let used = scenario.row(named::GENERATOR_CPU).map(largest).filter(|used| *used > GENERATOR_BUSY_RATIO)?;
    Some(format!("The generator used {} of its core: it may be what is slow.", percent(used)))
}

fn cpu(scenario: &Scenario<'_>, cores: u32) -> Option<String> {
    let used = scenario.value(named::SERVICE_CPU)?;
    let all = used + scenario.value(named::GENERATOR_CPU).unwrap_or(0.0);
    let near = cores > 0 && all >= USED_UP_RATIO * f64::from(cores);
    near.then(|| format!("The service used {} of {}: CPU is what it ran out of.", amount(used), of_cores(cores)))
}

fn failures(scenario: &Scenario<'_>) -> Option<String> {
    let failed = scenario.value(named::ERRORS).filter(|failed| *failed > FAILING_RATIO)?;
    let kinds = [
        ("timeout", "by no reply in time: the service, or what it waits for, is slower than the load"),
        ("connect", "by no connection, or one that was cut: the service takes no more of them, or ended"),
        ("dropped", "because no connection was free: replies came too slowly for so few connections"),
        ("status", "by their status: the service refuses, or breaks under load"),
        ("check", "by a check of their reply: the service answers wrongly under load"),
    ];
    let times = |kind: &str| scenario.value(&format!("{}-{kind}", named::ERRORS)).unwrap_or(0.0);
    let most = kinds.into_iter().max_by(|(a, _), (b, _)| times(a).total_cmp(&times(b)))?;
    let how = if times(most.0) > 0.0 { format!(", most of them {}", most.1) } else { String::new() };
    Some(format!("{} of the requests failed{how}.", percent(failed)))
}

fn waiting(scenario: &Scenario<'_>) -> Option<String> {
    let p99 = |of: &str| scenario.value(&format!("{of}-p99"));
    let (waited, latency) = (p99(named::SEND_LAG)?, p99(named::LATENCY)?);
    // A late generator makes the same picture, and was told of.
    (latency > 0.0 && waited > WAITING_RATIO * latency && late(scenario).is_none()).then(|| {
        format!(
            "Of the slowest requests, most of the time ({} of p99) is the wait for a free connection: there are too few, or replies come too slowly.",
            quantity(waited, &Unit::Seconds)
        )
    })
}

/// Nothing was near its limit: how far it was, where that is known.
fn calm(scenario: &Scenario<'_>, cores: u32) -> Option<String> {
    let used = scenario.value(named::SERVICE_CPU).filter(|_| cores > 0)?;
    Some(format!("Nothing was near its limit: the service used {} of {}.", amount(used), of_cores(cores)))
}

fn amount(cores: f64) -> String {
    quantity(cores, &Unit::Count)
}

fn of_cores(cores: u32) -> String {
    super::super::super::number::plural(cores as usize, "core")
}
