//! Each rule on rows that it must speak of, and on rows like them that it must not.

mod causes;
mod statements;

use std::collections::BTreeSet;

use crate::config::Config;
use crate::config::policy::INSTRUCTIONS;
use crate::model::exhibit::Statement;
use crate::model::finding::{Certainty, Finding};
use crate::model::judgement::{Method, Side};
use crate::model::verdict::{Layout, Towards};
use crate::model::{
    BenchmarkId, Change, Determinism, Direction, Effect, Environment, Exhibit, Kind, Metric, MetricId, Name, Outcome,
    Precision, Revision, Role, Row, Run, Thresholds, Unit, Verdict,
};

use super::explain;
use super::rules::RULES;

pub(super) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn id(benchmark: &str) -> BenchmarkId {
    BenchmarkId { suite: name("shop"), benchmark: name(benchmark) }
}

/// What a metric of this name is.
fn metric(benchmark: &str, called: &str) -> Metric {
    let starts = |all: &[&str]| all.iter().any(|start| called.starts_with(start));
    let (unit, kind) = if starts(&["latency-p", "cpu", "slowest", "query-time", "event-loop", "time"]) {
        (Unit::Seconds, Kind::Time)
    } else if starts(&["throughput", "breaking", "cache-evictions"]) {
        (Unit::PerSecond, Kind::Rate)
    } else if starts(&["memory", "disk"]) {
        (Unit::Bytes, Kind::Bytes)
    } else if starts(&[
        "errors",
        "cache-hit",
        "pool-used",
        "throttled",
        "run-queue",
        "gc",
        "lock-waits",
        "machine",
        "share",
        "latency-imb",
    ]) {
        (Unit::Ratio, Kind::Ratio)
    } else {
        (Unit::Count, Kind::Count)
    };
    let better = starts(&["throughput", "breaking", "cache-hit"]);
    Metric {
        id: MetricId { benchmark: id(benchmark), metric: name(called) },
        unit,
        direction: if better { Direction::HigherIsBetter } else { Direction::LowerIsBetter },
        kind,
        determinism: if starts(&["queries", "instructions"]) { Determinism::Exact } else { Determinism::Noisy },
        role: Role::Informative,
        work: None,
    }
}

/// Six rounds a side, one percent apart, with what the judge says of them.
pub(super) fn row(benchmark: &str, called: &str, base: f64, head: f64) -> Row {
    let metric = metric(benchmark, called);
    let side =
        |value: f64| Side { value, statistics: (0..6).map(|at| value * (0.99 + 0.004 * f64::from(at))).collect() };
    let change = if base > 0.0 { Change::Relative(head / base - 1.0) } else { Change::Absolute(head - base) };
    let (lower, upper) = (change.value() - 0.03, change.value() + 0.03);
    let exact = metric.determinism == Determinism::Exact;
    let precision = if exact { Precision::Exact } else { Precision::Interval { lower, upper, confidence: 0.99 } };
    let worse = if metric.direction == Direction::LowerIsBetter { change.value() } else { -change.value() };
    Row {
        base: Some(side(base)),
        head: Some(side(head)),
        effect: Some(Effect { change, precision }),
        method: Method::Paired { rounds: 6, rounds_total: 6 },
        thresholds: Thresholds { tolerance_ratio: INSTRUCTIONS.tolerance_ratio, must_detect_ratio: 0.05, floor: 0.0 },
        verdict: if worse > 0.05 { Verdict::Regressed } else { Verdict::Unchanged },
        budget: None,
        waiver: None,
        outcome: Outcome::Pass,
        detectable_ratio: None,
        warnings: Vec::new(),
        owner: None,
        drift: None,
        metric,
    }
}

/// The same, blocking.
pub(super) fn failing(row: Row) -> Row {
    Row { outcome: Outcome::FailRegressed, ..row }
}

/// A scenario whose p95 doubled, with these metrics of all of it; those named again replace what every scenario has.
pub(super) fn slow(metrics: &[(&str, f64, f64)]) -> Vec<Row> {
    let usual = [("throughput", 200.0, 200.0), ("cpu-per-request", 1e-3, 1e-3), ("errors", 0.0, 0.0)];
    let given: BTreeSet<&str> = metrics.iter().map(|(metric, ..)| *metric).collect();
    let usual = usual.iter().filter(|(metric, ..)| !given.contains(metric));
    let rows = metrics.iter().chain(usual).map(|(metric, base, head)| row("all requests", metric, *base, *head));
    rows.chain([failing(row("all requests", "latency-p95", 0.05, 0.1))]).collect()
}

/// A statement of a request `list`.
pub(super) fn statement(text: &str, calls: f64, rows: f64, seconds: f64) -> Statement {
    Statement {
        benchmark: id("list"),
        database: "PostgreSQL 15.4".to_owned(),
        text: text.to_owned(),
        calls,
        rows,
        rows_examined: None,
        seconds,
        plan: Some(format!("Plan of {text}")),
        scans: Vec::new(),
        index: None,
    }
}

fn run(statements: Vec<Statement>) -> Run {
    let nobody = || String::new();
    let environment = Environment {
        cpu_model: nobody(),
        cores: 4,
        memory_bytes: 0,
        os: nobody(),
        kernel: nobody(),
        hypervisor: nobody(),
        image: None,
        toolchain: nobody(),
    };
    let revision = Revision {
        commit: nobody(),
        tree: nobody(),
        label: nobody(),
        title: nobody(),
        committed_at_s: 0,
        dirty: false,
    };
    let mut run = Run::new(revision, environment);
    for statement in statements {
        run.show(Exhibit::Statement(statement));
    }
    run
}

/// What is found in these rows.
pub(super) fn found(rows: &[Row], base: Vec<Statement>, head: Vec<Statement>) -> Vec<Finding> {
    explain(rows, Some(&run(base)), &run(head), &Config::parse("", "tollgate.toml").unwrap().policy)
}

/// The rules that speak, each with whether it is sure.
pub(super) fn spoken(findings: &[Finding]) -> Vec<(&str, bool)> {
    findings.iter().map(|found| (found.rule.as_str(), found.certainty == Certainty::Sure)).collect()
}

#[test]
fn every_rule_has_its_own_name_and_a_test_that_makes_it_speak() {
    let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(names.len(), RULES.len());
    let tested: BTreeSet<&str> =
        causes::EXAMPLES.iter().map(|example| example.0).chain(statements::RULES_HERE).collect();
    assert_eq!(names, tested);
}

#[test]
fn nothing_is_found_where_head_is_as_base() {
    let mut rows =
        slow(&[("cache-hit-rate", 0.2, 0.2), ("pool-used", 1.0, 1.0), ("throttled", 0.5, 0.5), ("gc-pause", 0.3, 0.3)]);
    rows.retain(|row| !row.outcome.fails());
    let looped = || vec![statement("SELECT 1", 20.0, 1.0, 1e-3)];
    assert_eq!(spoken(&found(&rows, looped(), looped())), []);
}

#[test]
fn a_layout_suspect_that_blocks_is_told_as_one() {
    let mut time = failing(row("parse", "time", 1.0, 1.03));
    time.verdict =
        Verdict::LayoutSuspect(Layout { towards: Towards::Worse, instructions_ratio: 0.0, noise_ratio: 0.05 });
    assert_eq!(
        spoken(&found(&[time.clone(), row("parse", "instructions", 1e6, 1e6)], vec![], vec![])),
        [("layout", false)]
    );
    time.outcome = Outcome::Warn;
    assert_eq!(spoken(&found(&[time], vec![], vec![])), []);
}

#[test]
fn a_cause_takes_its_symptoms_with_it_and_says_what_users_feel() {
    let mut rows = slow(&[("cpu-per-request", 1e-3, 3e-3)]);
    rows.push(failing(row("all requests", "throughput", 200.0, 100.0)));
    rows.retain(|row| row.metric.id.metric.as_str() != "throughput" || row.outcome.fails());
    rows.push(failing(row("list", "latency-p99", 0.1, 0.3)));
    rows.push(failing(row("all requests", "memory-growth", 0.0, 512.0)));
    let findings = found(&rows, vec![], vec![]);
    assert_eq!(spoken(&findings), [("more-work", true), ("memory-leak", true)]);
    let more = &findings[0];
    assert_eq!(more.row.to_string(), "shop/all requests:cpu-per-request");
    assert_eq!(
        more.others.iter().map(|id| id.metric.as_str()).collect::<Vec<_>>(),
        ["latency-p95", "throughput", "latency-p99"]
    );
    assert_eq!(more.impact.parts().len(), 6);
}

#[test]
fn every_rule_has_a_section_in_the_docs_and_every_section_its_rule() {
    let page = include_str!("../../../docs/findings.md");
    let sections = page.split("\n## ").skip(1).filter(|section| !section.starts_with("Who is told"));
    let told: Vec<(&str, bool)> = sections
        .map(|section| {
            let (id, text) = section.split_once('\n').unwrap();
            let title = RULES.iter().find(|rule| rule.id == id).map_or("", |rule| rule.title);
            (id, text.contains(&format!("**{title}.**")))
        })
        .collect();
    let rules: Vec<(&str, bool)> = RULES.iter().map(|rule| (rule.id, true)).collect();
    assert_eq!(told, rules);
}
