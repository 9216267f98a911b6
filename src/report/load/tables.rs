//! The tables of a result, as the terminal and the page show them: cells of text, not yet escaped. Refuses to know how they are drawn.

use serde::Serialize;

use crate::config::scenario::Level;
use crate::model::load::ALL_REQUESTS;
use crate::model::sample::Summary;
use crate::model::{BudgetLevel, Unit};

use super::super::number::quantity;
use super::result::{LoadResult, Step};
use super::words;

/// The most rows of one table; the JSON has them all.
const ROWS_MAX: usize = 60;

/// A table: names to the left, numbers to the right.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Table {
    pub(super) head: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
    /// Whether all cells are words.
    pub(super) words: bool,
    /// Rows that were left out.
    pub(super) omitted: usize,
}

impl Table {
    /// Keeps the first rows of too many.
    pub(super) fn of(head: &[&'static str], mut rows: Vec<Vec<String>>) -> Self {
        let omitted = rows.len().saturating_sub(ROWS_MAX);
        rows.truncate(ROWS_MAX);
        Self { head: head.to_vec(), rows, words: false, omitted }
    }
}

/// All tables; those without rows are not written.
pub(super) fn tables(result: &LoadResult) -> Vec<Table> {
    vec![
        found(result),
        budgets(result),
        requests(result),
        times(result),
        problems(result),
        stages(result),
        places(result),
    ]
}

/// Each request, and all of them where there are several.
fn steps(result: &LoadResult) -> Vec<(String, Step)> {
    let steps = result.steps();
    let several = steps.len() > 1;
    let all = several.then(|| (ALL_REQUESTS.to_owned(), result.total()));
    steps.into_iter().map(|(name, step)| (name.to_string(), step)).chain(all).collect()
}

fn requests(result: &LoadResult) -> Table {
    let seconds = result.seconds_in_all();
    let (intended, ..) = result.arrivals();
    let open = result.stages.iter().all(|stage| matches!(stage.level, Level::Rate(_)));
    let told = open && result.steps().len() == 1;
    let rows = steps(result).into_iter().map(|(step, of)| {
        // Arrivals are of flows: with several steps nobody intended a rate for one of them, and users come when they can.
        let meant = if !told { "–".to_owned() } else { words::rate(intended, seconds) };
        vec![
            step.clone(),
            words::count(of.ended),
            words::rate(of.ended - of.failed(), seconds),
            meant,
            words::failed(&of),
            words::apdex(result, &step),
            quantity(of.bytes_in as f64, &Unit::Bytes),
            quantity(of.bytes_out as f64, &Unit::Bytes),
        ]
    });
    Table::of(&["request", "requests", "succeeded", "intended", "failed", "Apdex", "received", "sent"], rows.collect())
}

/// Response time, and below it service time and what lies between.
fn times(result: &LoadResult) -> Table {
    let mut rows = Vec::new();
    for (step, of) in steps(result) {
        for (what, times) in [
            (step.clone(), &of.response),
            ("  service time".to_owned(), &of.service),
            ("  send lag".to_owned(), &of.lag),
        ] {
            rows.push(
                std::iter::once(what).chain(COLUMNS.iter().map(|(summary, _)| words::at(times, *summary))).collect(),
            );
        }
    }
    let head: Vec<&str> = std::iter::once("response time").chain(COLUMNS.iter().map(|(_, head)| *head)).collect();
    Table::of(&head, rows)
}

/// The columns of times.
pub(super) const COLUMNS: [(Summary, &str); 8] = [
    (Summary::P50, "p50"),
    (Summary::P75, "p75"),
    (Summary::P90, "p90"),
    (Summary::P95, "p95"),
    (Summary::P99, "p99"),
    (Summary::P999, "p99.9"),
    (Summary::Max, "max"),
    (Summary::Mean, "mean"),
];

/// Errors by kind and replies by status, where anything failed or replied otherwise than with 200.
fn problems(result: &LoadResult) -> Table {
    let rows =
        steps(result).into_iter().filter(|(_, of)| of.failed() > 0 || of.statuses.keys().any(|status| *status != 200));
    let rows = rows.map(|(step, of)| {
        let kinds = words::kinds(&of);
        vec![step, if kinds.is_empty() { "none".to_owned() } else { kinds }, words::statuses(&of)]
    });
    Table { words: true, ..Table::of(&["replies", "errors", "status × requests"], rows.collect()) }
}

fn stages(result: &LoadResult) -> Table {
    if result.stages.len() < 2 {
        return Table::of(&[], Vec::new());
    }
    let rows = result.stages.iter().enumerate().map(|(at, stage)| {
        let all = stage.total();
        let summary = |summary| words::at(&all.response, summary);
        vec![
            format!("{:02}  {}", at + 1, words::level(stage.level)),
            words::count(all.ended),
            words::rate(all.ended - all.failed(), stage.seconds),
            words::failed(&all),
            summary(Summary::P50),
            summary(Summary::P95),
            summary(Summary::P99),
            summary(Summary::Max),
            words::count(stage.in_flight_max),
            words::count(stage.dropped),
        ]
    });
    let head = ["stage", "requests", "succeeded", "failed", "p50", "p95", "p99", "max", "in flight", "never sent"];
    Table::of(&head, rows.collect())
}

fn places(result: &LoadResult) -> Table {
    if result.places.len() < 2 {
        return Table::of(&[], Vec::new());
    }
    let rows = result.places.iter().map(|place| {
        let failed = Step { ended: place.ended, errors: [(String::new(), place.failed)].into(), ..Step::default() };
        let summary = |summary| words::at(&place.response, summary);
        vec![
            place.name.clone(),
            words::count(place.ended),
            words::failed(&failed),
            summary(Summary::P50),
            summary(Summary::P95),
            summary(Summary::P99),
            summary(Summary::Max),
        ]
    });
    Table::of(&["target", "requests", "failed", "p50", "p95", "p99", "max"], rows.collect())
}

/// What the profile was for, and what the service used.
fn found(result: &LoadResult) -> Table {
    let rows = words::special(result).into_iter().map(|value| {
        let whose = if value.benchmark == ALL_REQUESTS || result.steps().len() == 1 {
            value.metric.clone()
        } else {
            format!("{}: {}", value.benchmark, value.metric)
        };
        vec![whose, words::shown(value)]
    });
    Table::of(&["found", "value"], rows.collect())
}

fn budgets(result: &LoadResult) -> Table {
    let mut limited: Vec<_> = result.values.iter().filter_map(|value| Some((value, words::budget(value)?))).collect();
    limited.sort_by_key(|(value, _)| std::cmp::Reverse(words::level_of(value)));
    let rows = limited.into_iter().map(|(value, (limit, verdict))| {
        let missed = words::level_of(value) > BudgetLevel::Within;
        let mark = if missed { "! " } else { "  " };
        vec![
            format!("{mark}{}", format_args!("{}:{}", value.benchmark, value.metric)),
            words::shown(value),
            limit,
            verdict.to_owned(),
        ]
    });
    Table::of(&["  budget", "value", "limit", ""], rows.collect())
}
