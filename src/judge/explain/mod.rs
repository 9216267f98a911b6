//! Why rows are worse: rules from evidence to findings. A cause takes its symptoms with it, so that one fault is one finding. Refuses to change a verdict.

mod case;
mod found;
mod leak;
mod limit;
mod pool;
mod query;
mod rules;
mod runtime;
mod spread;
mod work;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::config::Policy;
use crate::model::finding::{Escalation, FINDINGS_MAX, Finding, RuleId, Severity};
use crate::model::{BudgetLevel, MetricId, Row, Run, Words};

use self::case::{Case, cases, is_worse, worsening};
use self::found::Found;
use self::rules::{RULES, Rule};

/// From this worsening of a failing row on (half as much again), a finding is of high severity.
const HIGH_RATIO: f64 = 0.5;
/// From this one on (five times as much), it is critical.
const CRITICAL_RATIO: f64 = 4.0;
/// So many times its critical budget is critical, too.
const BEYOND_BUDGET: f64 = 2.0;
/// So many failed requests of all are critical: it is an outage for some.
const ERRORS_CRITICAL_RATIO: f64 = 0.05;

/// The documented name of every rule with its title, in the order in which they are asked.
pub fn rules() -> impl Iterator<Item = (&'static str, &'static str)> {
    RULES.iter().map(|rule| (rule.id, rule.title))
}

/// The findings, the worst first.
pub(super) fn explain(rows: &[Row], base: Option<&Run>, head: &Run, policy: &Policy) -> Vec<Finding> {
    let mut findings: Vec<Finding> = cases(rows, base, head).iter().flat_map(of_case).collect();
    for found in &mut findings {
        found.escalation = policy.escalation(found.severity);
    }
    findings
        .sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.row.cmp(&b.row)).then_with(|| a.rule.cmp(&b.rule)));
    findings.truncate(FINDINGS_MAX);
    findings
}

/// The findings of one scenario: each rule is asked in turn, and what one explains no later one does again.
fn of_case(case: &Case<'_>) -> Vec<Finding> {
    let worse =
        case.all().any(|row| row.outcome.fails() || row.outcome == crate::model::Outcome::Warn && is_worse(row));
    let (mut explained, mut findings): (BTreeSet<&MetricId>, Vec<Finding>) = Default::default();
    for rule in RULES.iter().filter(|rule| worse || rule.alone) {
        let Some(found) = (rule.check)(case) else { continue };
        if explained.contains(&found.row.metric.id) {
            continue;
        }
        let mine = |row: &&Row| row.metric.id == found.row.metric.id || rule.explains(row.metric.id.metric.as_str());
        let open: Vec<&Row> = case.all().filter(mine).filter(|row| !explained.contains(&row.metric.id)).collect();
        let failing: Vec<&Row> = open.iter().copied().filter(|row| row.outcome.fails()).collect();
        if failing.is_empty() && !rule.alone {
            continue;
        }
        explained.extend(open.iter().map(|row| &row.metric.id));
        findings.extend(finding(rule, found, &failing));
    }
    findings
}

/// A cause with the failing rows that it explains.
fn finding(rule: &Rule, found: Found<'_>, failing: &[&Row]) -> Option<Finding> {
    let named = &found.row.metric.id;
    let others = failing.iter().map(|row| &row.metric.id).filter(|id| *id != named);
    let owner = std::iter::once(&found.row).chain(failing).find_map(|row| row.owner.clone());
    Some(Finding {
        rule: RuleId::new(rule.id).ok()?,
        severity: severity(failing),
        certainty: found.certainty,
        row: named.clone(),
        others: others.cloned().collect(),
        what: found.what,
        impact: impact(failing),
        location: found.location,
        evidence: found.evidence,
        cause: found.cause,
        advice: found.advice,
        paste: found.paste,
        plans: found.plans,
        owner,
        escalation: Escalation::default(),
    })
}

/// How bad the failing rows are together.
fn severity(failing: &[&Row]) -> Severity {
    failing.iter().map(|row| severity_of(row)).max().unwrap_or(Severity::Low)
}

/// How bad one failing row is: by its budget, and by how much worse it is.
fn severity_of(row: &Row) -> Severity {
    let head = row.head.as_ref().map_or(0.0, |head| head.value);
    let over = row.budget.as_ref().filter(|check| check.level == BudgetLevel::Critical);
    let limit = over.and_then(|check| check.budget.critical).filter(|limit| *limit > 0.0);
    let beyond = limit.is_some_and(|limit| head >= BEYOND_BUDGET * limit);
    let outage = row.metric.id.metric.as_str() == crate::model::load::ERRORS && head >= ERRORS_CRITICAL_RATIO;
    let worse = worsening(row);
    if beyond || outage || (worse.is_finite() && worse >= CRITICAL_RATIO) {
        Severity::Critical
    } else if over.is_some() || worse >= HIGH_RATIO {
        Severity::High
    } else {
        Severity::Medium
    }
}

/// What users feel first of the failing rows: latency, then throughput, then errors, then the worst of the rest.
fn impact(failing: &[&Row]) -> Words {
    let felt = |row: &Row| {
        let name = row.metric.id.metric.as_str();
        let order = ["latency-p95", "latency-p99", "latency", "throughput", "errors", "time"];
        order.iter().position(|felt| name.starts_with(felt)).unwrap_or(order.len())
    };
    let first = failing.iter().copied().min_by(|a, b| {
        felt(a)
            .cmp(&felt(b))
            .then_with(|| worsening(b).total_cmp(&worsening(a)))
            .then_with(|| a.metric.id.cmp(&b.metric.id))
    });
    let Some(row) = first else { return Words::new("no check fails by it") };
    let said = Words::default().name(row.metric.id.to_string());
    let value = |side: &Option<crate::model::judgement::Side>| side.as_ref().map(|side| side.value);
    let said = match (value(&row.base), value(&row.head)) {
        (Some(base), Some(head)) => {
            said.say(" went from ").number(base, &row.metric.unit).say(" to ").number(head, &row.metric.unit)
        }
        (None, Some(head)) => said.say(" is ").number(head, &row.metric.unit),
        (_, None) => said.say(" fails"),
    };
    match failing.len() {
        1 => said,
        more => said.say(format!("; {} more failing check{}", more - 1, if more == 2 { "" } else { "s" })),
    }
}
