//! Rules about numbers: rows that each must speak of, and the smallest difference to rows that it must not.

use crate::model::Row;

use super::{failing, found, row, slow, spoken};

/// Metrics of a scenario, base and head.
type Metrics = &'static [(&'static str, f64, f64)];

/// A rule, what it speaks of, whether it is sure, and what it must be silent about.
type Example = (&'static str, Metrics, bool, Metrics);

/// In all of them the p95 doubled, and the CPU time of a request is as it was unless it is named.
pub(in super::super) const EXAMPLES: &[Example] = &[
    (
        "cache-too-small",
        &[("cache-evictions", 0.0, 50.0), ("cache-entries", 100.0, 100.0), ("cache-hit-rate", 0.95, 0.4)],
        true,
        &[("cache-evictions", 10.0, 50.0), ("cache-entries", 100.0, 300.0), ("cache-hit-rate", 0.95, 0.95)],
    ),
    ("cache-hit-rate", &[("cache-hit-rate", 0.95, 0.6)], true, &[("cache-hit-rate", 0.95, 0.94)]),
    (
        "pool-exhausted",
        &[("pool-waiting", 0.0, 12.0), ("pool-used", 0.4, 1.0)],
        true,
        &[("pool-waiting", 0.0, 0.2), ("pool-used", 0.4, 0.8)],
    ),
    ("pool-exhausted", &[("database-connections", 10.0, 2.0)], false, &[("database-connections", 10.0, 8.0)]),
    ("lock-waits", &[("lock-waits", 0.0, 0.4), ("query-time", 1e-3, 5e-3)], true, &[("lock-waits", 0.0, 0.01)]),
    ("connection-churn", &[("connections-opened", 0.01, 1.0)], true, &[("connections-opened", 0.01, 0.03)]),
    ("connection-churn", &[("sockets-time-wait", 2.0, 3_000.0)], true, &[("sockets-time-wait", 2.0, 20.0)]),
    ("backend-imbalance", &[("latency-imbalance", 0.1, 4.0)], true, &[("latency-imbalance", 0.1, 0.2)]),
    ("gc-pauses", &[("gc-pause", 0.01, 0.15), ("cpu-per-request", 1e-3, 2e-3)], true, &[("gc-pause", 0.001, 0.01)]),
    (
        "more-work",
        &[("cpu-per-request", 1e-3, 2e-3), ("run-queue", 0.01, 0.3)],
        true,
        &[("cpu-per-request", 1e-3, 1.05e-3)],
    ),
    ("throttled", &[("throttled", 0.0, 0.4)], true, &[("throttled", 0.0, 0.01)]),
    ("event-loop", &[("event-loop-lag", 1e-3, 60e-3)], true, &[("event-loop-lag", 1e-3, 3e-3)]),
    ("run-queue", &[("run-queue", 0.02, 0.4)], false, &[("run-queue", 0.02, 0.03)]),
    ("waiting", &[("context-switches-voluntary", 2.0, 6.0)], false, &[("cpu-per-request", 1e-3, 2e-3)]),
    // A lock costs some CPU time for those that wait; of what they wait it explains little.
    (
        "waiting",
        &[("cpu-per-request", 1.0e-4, 1.3e-4), ("latency-mean", 3.7e-3, 5.0e-3)],
        false,
        &[("cpu-per-request", 1.0e-4, 9.0e-4), ("latency-mean", 3.7e-3, 5.0e-3)],
    ),
    ("cpu-bound", CPU_BOUND, true, STILL),
    ("memory-bound", &[("breaking-point", 800.0, 300.0), ("major-faults", 0.0, 50.0)], false, STILL),
    (
        "io-bound",
        &[("breaking-point", 800.0, 300.0), ("service-cpu", 0.5, 0.4), ("disk-written", 1e3, 9e3)],
        false,
        STILL,
    ),
    ("lock-bound", &[("breaking-point", 800.0, 300.0), ("service-cpu", 0.9, 0.4)], false, STILL),
    ("memory-leak", &[("memory-growth", 0.0, 512.0)], true, &[("memory-growth", 512.0, 512.0)]),
    (
        "descriptor-leak",
        &[("descriptor-growth", 0.0, 1.0), ("memory-growth", 0.0, 64.0)],
        true,
        &[("descriptors-peak", 10.0, 20.0)],
    ),
    ("left-after-rest", &[("threads-left", 0.0, 40.0)], true, &[("threads-left", 0.0, 2.0)]),
    ("error-burst", &[("errors", 0.0, 0.2), ("errors-status", 0.0, 0.2)], true, &[("errors", 0.0, 0.0)]),
    ("layout", &[], false, &[]),
];

const CPU_BOUND: Metrics = &[("breaking-point", 800.0, 500.0), ("service-cpu", 3.5, 3.6), ("generator-cpu", 0.3, 0.3)];
/// A breaking point that did not move.
const STILL: Metrics = &[("breaking-point", 800.0, 800.0), ("service-cpu", 3.5, 3.6), ("major-faults", 0.0, 50.0)];

/// The rows of an example: what blocks by default, or what its users gate, blocks where it is worse.
fn rows(metrics: Metrics) -> Vec<Row> {
    let gated = ["errors", "breaking-point", "memory-growth", "descriptor-growth", "threads-left"];
    let worse =
        |row: &Row| gated.contains(&row.metric.id.metric.as_str()) && row.verdict == crate::model::Verdict::Regressed;
    let rows = slow(metrics).into_iter().map(|row| if worse(&row) { failing(row) } else { row });
    let stress = metrics.iter().any(|(metric, ..)| *metric == "breaking-point");
    // A stress test has no p95 that is judged: its level is what is looked for.
    rows.filter(|row| !stress || row.metric.id.metric.as_str() != "latency-p95").collect()
}

#[test]
fn each_rule_speaks_alone_and_as_surely_as_it_can() {
    for (rule, metrics, sure, _) in EXAMPLES.iter().filter(|example| example.0 != "layout") {
        let rows = rows(metrics);
        let findings = found(&rows, vec![], vec![]);
        // What leaks does not explain why the p95 doubled.
        let of_rule = findings.iter().filter(|found| found.rule.as_str() != "waiting" || *rule == "waiting");
        let all: Vec<_> = of_rule.cloned().collect();
        assert_eq!(spoken(&all), [(*rule, *sure)], "{metrics:?}");
        assert!(!all[0].evidence.is_empty(), "{rule} shows nothing");
        assert!(!all[0].cause.is_empty() && !all[0].advice.is_empty(), "{rule} explains nothing");
    }
}

#[test]
fn no_rule_speaks_of_a_difference_that_is_none() {
    for (rule, _, _, metrics) in EXAMPLES {
        let findings = found(&rows(metrics), vec![], vec![]);
        assert!(findings.iter().all(|found| found.rule.as_str() != *rule), "{rule} {metrics:?}");
    }
}

#[test]
fn no_rule_about_numbers_speaks_where_nothing_is_worse() {
    for (rule, metrics, ..) in EXAMPLES {
        let calm: Vec<Row> = slow(metrics)
            .into_iter()
            .map(|row| Row { verdict: crate::model::Verdict::Unchanged, outcome: crate::model::Outcome::Pass, ..row })
            .collect();
        assert_eq!(spoken(&found(&calm, vec![], vec![])), [], "{rule}");
    }
}

#[test]
fn a_benchmark_that_does_more_and_one_that_waits_are_told_apart() {
    let told = |instructions: f64| {
        let rows = [failing(row("parse", "time", 1.0, 1.2)), row("parse", "instructions", 1e6, instructions)];
        found(&rows, vec![], vec![]).iter().map(|found| found.rule.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(told(1.19e6), ["more-work"]);
    assert_eq!(told(1e6), ["waiting"]);
    assert_eq!(told(1.05e6), Vec::<String>::new());
}
