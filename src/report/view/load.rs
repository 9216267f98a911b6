//! A load scenario as one table: what was asked for against how long it took, and where it ran out. Built from the rows by the names of their metrics. Refuses to
//! judge: the rows that decide stand among the others, too.

mod bottleneck;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::model::load as named;
use crate::model::{Judgement, Name, Role, Row};

use super::super::number::{self, Digits, Scale, plural};
use super::super::sentence::shown;
use super::super::text::Text;

/// The most rows of one table; JSON has them all.
const ROWS_MAX: usize = 30;

/// Numbers that differ by more than so many times have no unit in common.
const FAR_RATIO: f64 = 100.0;

/// One scenario.
#[derive(Clone, Debug, Serialize)]
pub(in crate::report) struct LoadView {
    /// Its name, and what load it was.
    pub(in crate::report) title: Text,
    /// Where it ran out, and what its profile is run for.
    pub(in crate::report) said: Text,
    /// The lines of the table.
    pub(in crate::report) lines: Vec<Line>,
    /// What is not shown of it.
    pub(in crate::report) rest: String,
}

/// One line: a request, all of them, a stage or a target. Where both sides have a number it is `base → head`.
#[derive(Clone, Debug, Serialize)]
pub(in crate::report) struct Line {
    /// What it is of.
    pub(in crate::report) load: String,
    /// The median.
    pub(in crate::report) p50: String,
    /// The 95th percentile.
    pub(in crate::report) p95: String,
    /// The 99th percentile.
    pub(in crate::report) p99: String,
    /// What was done a second.
    pub(in crate::report) throughput: String,
    /// What failed of it.
    pub(in crate::report) errors: String,
}

/// The metrics of one scenario, by benchmark and name.
pub(super) struct Scenario<'a> {
    suite: &'a Name,
    benchmarks: BTreeMap<&'a str, BTreeMap<&'a str, &'a Row>>,
}

/// The scenarios of a judgement, sorted by name.
pub(super) fn scenarios(judgement: &Judgement) -> Vec<Scenario<'_>> {
    let mut scenarios: BTreeMap<&Name, Scenario<'_>> = BTreeMap::new();
    for row in &judgement.rows {
        let id = &row.metric.id;
        let suite = &id.benchmark.suite;
        let scenario = scenarios.entry(suite).or_insert_with(|| Scenario { suite, benchmarks: BTreeMap::new() });
        scenario.benchmarks.entry(id.benchmark.benchmark.as_str()).or_default().insert(id.metric.as_str(), row);
    }
    scenarios.into_values().filter(Scenario::is_load).collect()
}

/// Whether a row is one of the many of a load scenario that nobody has to look at: it only informs, and no budget is set for it.
pub(super) fn is_quiet(row: &Row, suites: &BTreeSet<&Name>) -> bool {
    let informs = row.metric.role == Role::Informative && row.budget.is_none();
    informs && suites.contains(&row.metric.id.benchmark.suite) && !super::is_urgent(row)
}

impl Scenario<'_> {
    /// Its name.
    pub(super) fn suite(&self) -> &Name {
        self.suite
    }

    /// Whether it has what only a load scenario has: latencies beside a throughput, or a limit that was looked for.
    fn is_load(&self) -> bool {
        self.benchmarks.values().any(|metrics| named::is_load(metrics.keys().copied()))
    }

    /// The benchmark that stands for all of it.
    fn whole(&self) -> &str {
        named::whole(self.benchmarks.keys().copied()).unwrap_or_default()
    }

    /// A metric of all of it.
    fn row(&self, metric: &str) -> Option<&Row> {
        self.benchmarks.get(self.whole())?.get(metric).copied()
    }

    /// Head's value of a metric of all of it; base's where head has none.
    fn value(&self, metric: &str) -> Option<f64> {
        let row = self.row(metric)?;
        row.head.as_ref().or(row.base.as_ref()).map(|side| side.value)
    }

    /// What there is to show, on a machine of so many cores.
    pub(super) fn view(&self, judgement: &Judgement) -> LoadView {
        let whole = self.whole();
        let of = |is: &dyn Fn(&str) -> bool| self.benchmarks.iter().filter(|(name, _)| is(name)).collect::<Vec<_>>();
        let requests = of(&|name| !named::is_part(name) && name != whole);
        let stages = of(&|name| name.starts_with(named::STAGE));
        let targets = of(&|name| name.starts_with(named::TARGET) || name.starts_with(named::BACKEND));
        let all = [of(&|name| name == whole), requests, stages, targets].concat();
        let lines: Vec<Line> =
            all.iter().map(|(name, metrics)| line(name, metrics)).filter(Line::says_something).collect();
        let left_out = lines.len().saturating_sub(ROWS_MAX);
        let quiet = BTreeSet::from([self.suite]);
        let informing = judgement.rows.iter().filter(|row| is_quiet(row, &quiet)).count();
        let beside = |number: usize, what: &str| (number > 0).then(|| plural(number, what));
        let rest = [beside(left_out, "more line"), beside(informing, "more metric")].into_iter().flatten();
        let rest = rest.collect::<Vec<_>>().join(" and ");
        LoadView {
            title: Text::prose("Load: ").code(shown(self.suite.as_str())).say(self.conditions()),
            said: bottleneck::said(self, judgement.environment.cores),
            lines: lines.into_iter().take(ROWS_MAX).collect(),
            rest: if rest.is_empty() { rest } else { format!("The HTML page has {rest}.") },
        }
    }

    /// What load it was: ` (open model, 200 /s, 30 s)`.
    fn conditions(&self) -> String {
        let has = |metric| self.row(metric).is_some();
        let several = self.benchmarks.keys().any(|name| name.starts_with(named::STAGE));
        let shown = |metric: &str, unit: &str| {
            self.row(metric)
                .zip(self.value(metric))
                .map(|(row, value)| number::quantity(value, &row.metric.unit) + unit)
        };
        let kind = if has(named::BREAKING_POINT) || has(named::LATENCY_KNEE) {
            Some("stress test".to_owned())
        } else if has(named::RECOVERY_TIME) {
            Some("spike".to_owned())
        } else if has(named::USERS) {
            Some("closed model".to_owned())
        } else {
            has(named::INTENDED_RATE).then(|| "open model".to_owned())
        };
        let rate = shown(named::INTENDED_RATE, if several { " on average" } else { "" });
        let facts = [kind, rate, shown(named::USERS, " users"), shown(named::DURATION, "")];
        let facts: Vec<String> = facts.into_iter().flatten().collect();
        if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) }
    }
}

fn line(name: &str, metrics: &BTreeMap<&str, &Row>) -> Line {
    let cell = |metric: &str| metrics.get(metric).map_or_else(|| "–".to_owned(), |row| both(row));
    let latency = |quantile: &str| cell(&format!("{}-{quantile}", named::LATENCY));
    // A stage is known by its level; its number is there for the order.
    let stage = name.strip_prefix(named::STAGE).and_then(|rest| rest.split_once(", "));
    Line {
        load: shown(stage.map_or(name, |(_, level)| level)),
        p50: latency("p50"),
        p95: latency("p95"),
        p99: latency("p99"),
        throughput: cell(named::THROUGHPUT),
        errors: cell(named::ERRORS),
    }
}

/// Both sides in one scale, with three digits: `12.0 → 14.1 ms`; one where they read the same, or the other has none. Each in its own where they are far apart.
pub(super) fn both(row: &Row) -> String {
    let unit = &row.metric.unit;
    let (Some(base), Some(head)) = (&row.base, &row.head) else {
        let only = row.base.as_ref().or(row.head.as_ref());
        return only.map_or_else(|| "–".to_owned(), |side| number::quantity(side.value, unit));
    };
    let (base, head) = (base.value, head.value);
    let (small, large) = if base.abs() < head.abs() { (base, head) } else { (head, base) };
    let scale = Scale::of(&[large], unit, Digits::Measured);
    if scale.show(base) == scale.show(head) {
        number::quantity(head, unit)
    } else if small.abs() * FAR_RATIO < large.abs() && small.abs() > 0.0 {
        format!("{} → {}", number::quantity(base, unit), number::quantity(head, unit))
    } else {
        let before = if base.abs() > 0.0 { scale.bare(base) } else { "0".to_owned() };
        format!("{before} → {}", scale.show(head))
    }
}

impl Line {
    /// Its cells in the order of the columns.
    pub(in crate::report) fn cells(&self) -> [&str; 6] {
        [&self.load, &self.p50, &self.p95, &self.p99, &self.throughput, &self.errors]
    }

    /// Whether there is a number in it.
    fn says_something(&self) -> bool {
        self.cells()[1..].iter().any(|cell| *cell != "–")
    }
}
