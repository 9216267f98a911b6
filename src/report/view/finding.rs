//! A finding in detail: a cause with the rows that it explains, or a failing row that nothing explains. Refuses to find causes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::model::finding::{Certainty, Language, Location};
use crate::model::{self, Judgement, MetricId, Row};

use super::super::escape;
use super::super::note;
use super::super::number::{self, count};
use super::super::sentence;
use super::super::settle;
use super::super::text::{Text, append};
use super::super::words;
use super::super::work;
use super::row::{self, RowView};

/// The most rows that are told of one finding.
const ROWS_MAX: usize = 8;
/// The most lines of a plan that are shown, and the longest of them.
const PLAN_LINES_MAX: usize = 60;
const PLAN_WIDTH_MAX: usize = 160;
/// The longest statement beside its plans, and the longest text to paste: one that is cut cannot be pasted.
const STATEMENT_MAX: usize = 2_000;

/// A finding in detail.
#[derive(Clone, Debug, Serialize)]
pub(in crate::report) struct Finding {
    /// `PERF-001`.
    pub(in crate::report) number: String,
    /// Whether one of its rows blocks.
    pub(in crate::report) fails: bool,
    /// What happened.
    pub(in crate::report) sentence: Text,
    /// How bad it is, and for whom; this and what follows is empty where no rule explains the row.
    pub(in crate::report) impact: Text,
    /// Where it is.
    pub(in crate::report) location: Text,
    /// What was seen, a line each.
    pub(in crate::report) seen: Vec<Text>,
    /// The rounds, the interval and what was allowed.
    pub(in crate::report) evidence: String,
    /// The other failing rows that it explains.
    pub(in crate::report) others: Vec<Text>,
    /// Why it is so.
    pub(in crate::report) cause: Text,
    /// What to try.
    pub(in crate::report) advice: Text,
    /// What can be pasted for that.
    pub(in crate::report) paste: String,
    /// How the statement is carried out in base and head.
    pub(in crate::report) plans: Option<Plans>,
    /// Its waiver, and what must be known to read the numbers.
    pub(in crate::report) notes: Vec<Text>,
    /// Who answers for it.
    pub(in crate::report) owner: Option<String>,
    /// Who is told.
    pub(in crate::report) told: Text,
    /// The command that measures it again.
    pub(in crate::report) reproduce: String,
    /// The failing rows by name, the one that it is named by first.
    pub(in crate::report) failing: Vec<String>,
    /// The comments that waive them; empty where comments are no commands, or they cannot be pasted.
    pub(in crate::report) waive: Vec<String>,
    /// The section of docs/findings.md about it; empty where no rule explains the row.
    pub(in crate::report) rule: String,
    /// The row that it is named by.
    pub(in crate::report) row: RowView,
}

/// Plans of a statement.
#[derive(Clone, Debug, Serialize)]
pub(in crate::report) struct Plans {
    /// The statement.
    pub(in crate::report) statement: String,
    /// Base's and head's, each with its title; only what is there.
    pub(in crate::report) sides: Vec<Plan>,
}

/// The plan of one side.
#[derive(Clone, Debug, Serialize)]
pub(in crate::report) struct Plan {
    /// `Base` or `Head`.
    pub(in crate::report) title: &'static str,
    /// Its lines.
    pub(in crate::report) lines: Vec<String>,
}

impl Finding {
    /// What happened, why, and how to see it again, in one line.
    pub(in crate::report) fn message(&self, plain: impl Fn(&Text) -> String) -> String {
        let mut message = format!("{}.", plain(&self.sentence));
        for (title, text) in [("Likely cause", &self.cause), ("Try", &self.advice)] {
            if !text.is_empty() {
                append(&mut message, format_args!(" {title}: {}.", plain(text)));
            }
        }
        if !self.reproduce.is_empty() {
            append(&mut message, format_args!(" Reproduce: {}", self.reproduce));
        }
        message
    }
}

/// Findings that block, failing rows that none of them explains, and findings that do not block: numbered in this order.
pub(super) fn findings(judgement: &Judgement, failing: &[&Row]) -> (Vec<Finding>, Vec<String>) {
    let rows: BTreeMap<&MetricId, &Row> = judgement.rows.iter().map(|row| (&row.metric.id, row)).collect();
    let mut explained: BTreeSet<&MetricId> = BTreeSet::new();
    let (mut blocking, mut others) = (Vec::new(), Vec::new());
    for (at, found) in judgement.findings.iter().enumerate() {
        // A file may name rows that it does not have.
        let about: Vec<&Row> = found.rows().filter_map(|id| rows.get(id).copied()).collect();
        let Some(named) = about.first().copied() else { continue };
        explained.extend(about.iter().map(|row| &row.metric.id));
        let part = if about.iter().any(|row| row.outcome.fails()) { &mut blocking } else { &mut others };
        part.push((Some(at), caused(found, named, &about, judgement)));
    }
    let alone = failing.iter().filter(|row| !explained.contains(&row.metric.id));
    blocking.extend(alone.map(|row| (None, unexplained(row, judgement))));
    let mut numbers = vec![String::new(); judgement.findings.len()];
    let numbered = blocking.into_iter().chain(others).enumerate().map(|(number, (at, mut finding))| {
        finding.number = format!("PERF-{:03}", number + 1);
        if let Some(at) = at {
            numbers[at].clone_from(&finding.number);
        }
        finding
    });
    (numbered.collect(), numbers)
}

/// A failing row in detail.
fn unexplained(row: &Row, judgement: &Judgement) -> Finding {
    Finding {
        number: String::new(),
        fails: row.outcome.fails(),
        sentence: sentence::row(row),
        impact: Text::default(),
        location: Text::default(),
        seen: Vec::new(),
        evidence: evidence(row),
        others: Vec::new(),
        cause: Text::default(),
        advice: Text::default(),
        paste: String::new(),
        plans: None,
        notes: work::note(row, &judgement.rows).into_iter().chain(note::notes(row)).collect(),
        owner: row.owner.as_deref().map(sentence::shown),
        told: Text::default(),
        reproduce: reproduce(&[row], judgement),
        failing: [row].iter().filter(|row| row.outcome.fails()).map(|row| row.metric.id.to_string()).collect(),
        waive: Vec::new(),
        rule: String::new(),
        row: RowView::of(row),
    }
}

/// A cause with the rows that it explains.
fn caused(found: &model::Finding, named: &Row, about: &[&Row], judgement: &Judgement) -> Finding {
    let others: Vec<&Row> = about[1..].iter().copied().filter(|row| row.metric.id != named.metric.id).collect();
    let shown = others.iter().take(ROWS_MAX).map(|row| sentence::row(row));
    let more = others.len().saturating_sub(ROWS_MAX);
    let more = (more > 0).then(|| Text::prose(format!("{} more", count(more))));
    let possible = if found.certainty == Certainty::Possible { "possible: " } else { "" };
    let severity = Text::prose(format!("{}: ", found.severity.as_str()));
    let mut failing: Vec<String> =
        about.iter().filter(|row| row.outcome.fails()).map(|row| row.metric.id.to_string()).collect();
    failing.truncate(ROWS_MAX);
    Finding {
        fails: about.iter().any(|row| row.outcome.fails()),
        sentence: Text::prose(possible).then(words::text(&found.what)),
        impact: if found.impact.is_empty() { Text::default() } else { severity.then(words::text(&found.impact)) },
        location: found.location.as_ref().map(location).unwrap_or_default(),
        seen: found.evidence.iter().map(words::text).collect(),
        // What is allowed to a row that does not fail is beside the point.
        evidence: if named.outcome.fails() { evidence(named) } else { sentence::method(named) },
        others: shown.chain(more).collect(),
        cause: words::text(&found.cause),
        advice: words::text(&found.advice),
        paste: found.paste.as_ref().map(paste).unwrap_or_default(),
        plans: found.plans.as_ref().map(plans),
        owner: found.owner.as_deref().map(sentence::shown),
        told: told(&found.escalation),
        reproduce: reproduce(about, judgement),
        failing,
        rule: found.rule.to_string(),
        notes: note::notes(named),
        ..unexplained(named, judgement)
    }
}

/// How a row was decided, and what was allowed.
fn evidence(row: &Row) -> String {
    let mut evidence = sentence::method(row);
    if let Some(change) = sentence::effect(row) {
        append(&mut evidence, format_args!("; change {change}"));
        if let Some(confidence) = row::confidence(row) {
            append(&mut evidence, format_args!(", {} interval", number::percent(confidence)));
        }
    }
    if let Some(throughput) = row::throughput(row) {
        append(&mut evidence, format_args!("; throughput {throughput}"));
    }
    let allowed = row::allowed(row);
    if !allowed.is_empty() {
        append(&mut evidence, format_args!("; allowed {allowed}"));
    }
    evidence
}

/// The command that measures these rows again.
fn reproduce(rows: &[&Row], judgement: &Judgement) -> String {
    let Some(first) = rows.first() else { return String::new() };
    match judgement.head.commit.as_str() {
        "" => String::new(),
        _ => settle::command(&[first], judgement.base.as_ref())
            .unwrap_or_else(|| sentence::reproduce(&[&first.metric.id.benchmark], judgement.base.as_ref())),
    }
}

/// Where it is.
fn location(location: &Location) -> Text {
    match location {
        Location::Query(text) => Text::prose("query ").code(words::shown(text)),
        Location::Endpoint(name) => Text::prose("request ").code(words::shown(name)),
        Location::Backend(name) => Text::prose("instance ").code(words::shown(name)),
        Location::Source { path, line: Some(line) } => Text::literal(format!("{}:{line}", words::shown(path))),
        Location::Source { path, line: None } => Text::literal(words::shown(path)),
    }
}

/// What can be pasted; nothing where it would have to be cut, or holds what cannot be seen.
fn paste(paste: &model::finding::Paste) -> String {
    let line = paste.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let whole = match paste.language {
        Language::Sql | Language::Shell => line.chars().count() <= STATEMENT_MAX && escape::visible(&line) == line,
    };
    if whole { line } else { String::new() }
}

/// Plans with their lines cut to what is read.
fn plans(plans: &model::finding::Plans) -> Plans {
    let side = |title, plan: &Option<String>| {
        let lines = plan.as_ref()?.lines().filter(|line| !line.trim().is_empty()).take(PLAN_LINES_MAX);
        Some(Plan { title, lines: lines.map(plan_line).collect() })
    };
    Plans {
        statement: escape::shorten(&escape::visible(&plans.statement.replace('\n', " ")), STATEMENT_MAX),
        sides: [side("Base", &plans.base), side("Head", &plans.head)].into_iter().flatten().collect(),
    }
}

/// A line of a plan. How far it is indented says whose step it is, so that no format may lose that.
fn plan_line(line: &str) -> String {
    let text = line.trim_start();
    let indent = "\u{a0}".repeat((line.len() - text.len()).min(PLAN_WIDTH_MAX / 2));
    indent + &escape::shorten(&escape::visible(text), PLAN_WIDTH_MAX)
}

/// Who is told.
fn told(escalation: &model::finding::Escalation) -> Text {
    let shown = |names: &[String]| names.iter().map(|name| sentence::shown(name)).collect::<Vec<_>>();
    let list = |what: &str, names: &[String]| {
        (!names.is_empty()).then(|| Text::prose(format!("{what} ")).list(&shown(names), ROWS_MAX))
    };
    let address = escalation.address.as_ref().map(|address| Text::prose("tell ").code(words::shown(address)));
    let parts = [list("labels", &escalation.labels), list("reviewers", &escalation.reviewers), address];
    parts.into_iter().flatten().fold(
        Text::default(),
        |text, part| {
            if text.is_empty() { part } else { text.say(", ").then(part) }
        },
    )
}

#[cfg(test)]
mod tests;
