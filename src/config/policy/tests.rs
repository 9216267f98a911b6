//! What a policy comes to for one metric.

use crate::config::Config;
use crate::model::{BenchmarkId, MetricId, Name};

use super::*;

fn metric(id: &str, kind: Kind, unit: Unit, determinism: Determinism) -> Metric {
    let (benchmark, metric) = id.rsplit_once(':').unwrap();
    let (suite, benchmark) = benchmark.split_once('/').unwrap();
    let name = |text: &str| Name::new(text).unwrap();
    Metric {
        id: MetricId {
            benchmark: BenchmarkId { suite: name(suite), benchmark: name(benchmark) },
            metric: name(metric),
        },
        unit,
        direction: Direction::LowerIsBetter,
        kind,
        determinism,
        role: Role::Gated,
        work: None,
    }
}

fn time(id: &str) -> Metric {
    metric(id, Kind::Time, Unit::Seconds, Determinism::Noisy)
}

fn policy(text: &str) -> Policy {
    Config::parse(text, "tollgate.toml").unwrap().policy
}

/// Tolerance and must-detect in percent, and the floor.
fn thresholds(text: &str, metric: &Metric) -> String {
    let found = policy(text).resolve(metric).thresholds;
    format!("{:.2} {:.2} {}", found.tolerance_ratio * 100.0, found.must_detect_ratio * 100.0, found.floor)
}

#[test]
fn the_defaults_are_those_of_the_table() {
    let exact = |id, unit, kind| thresholds("", &metric(id, kind, unit, Determinism::Exact));
    let noisy = |id, unit, kind| thresholds("", &metric(id, kind, unit, Determinism::Noisy));
    assert_eq!(noisy("a/b:time", Unit::Seconds, Kind::Time), "2.00 5.00 0");
    assert_eq!(noisy("a/b:peak-rss", Unit::Bytes, Kind::Bytes), "3.00 8.00 262144");
    assert_eq!(exact("a/b:size", Unit::Bytes, Kind::Bytes), "0.00 0.00 0");
    assert_eq!(exact("a/b:instructions", Unit::Count, Kind::Count), "0.50 0.50 0");
    assert_eq!(exact("a/b:allocations", Unit::Count, Kind::Count), "0.00 0.00 0");
    assert_eq!(noisy("a/b:instructions", Unit::Count, Kind::Count), "2.00 5.00 0");
    assert_eq!(noisy("a/b:connections-opened", Unit::Count, Kind::Count), "2.00 5.00 0.01");
}

#[test]
fn later_rules_override_earlier_ones_setting_by_setting() {
    let text = r#"
        gate = { floor = ["10 ns", "1 KiB"] }
        [[rule]]
        benchmark = "a/*"
        tolerance = "3 %"
        owner = "@alice"
        [[rule]]
        metric = "time"
        must-detect = "10 %"
        floor = "64 KiB"
        severity = "advisory"
    "#;
    let policy = policy(text);
    let (inside, outside) = (time("a/b:time"), time("c/d:time"));
    let resolved = policy.resolve(&inside);
    assert_eq!((resolved.owner, resolved.severity), (Some("@alice"), Severity::Advisory));
    assert_eq!(thresholds(text, &inside), "3.00 10.00 0.00000001", "a floor in bytes does not touch a time");
    assert_eq!(thresholds(text, &outside), "2.00 10.00 0.00000001");
}

#[test]
fn a_threshold_that_reaches_the_other_moves_it() {
    let metric = time("a/b:time");
    assert_eq!(thresholds("gate = { tolerance = '6 %' }", &metric), "6.00 9.00 0");
    assert_eq!(thresholds("gate = { tolerance = '5 %' }", &metric), "5.00 8.00 0");
    assert_eq!(thresholds("gate = { must-detect = '1 %' }", &metric), "0.40 1.00 0");
    assert_eq!(thresholds("gate = { tolerance = '6 %' }\nrule = [{ must-detect = '20 %' }]", &metric), "6.00 20.00 0");
    assert_eq!(thresholds("gate = { tolerance = '5 %', must-detect = '5 %' }", &metric), "5.00 5.00 0");
}

#[test]
fn an_informative_metric_has_no_consequence_unless_a_rule_gives_it_one() {
    let user = Metric { role: Role::Informative, ..time("a/b:user-time") };
    assert_eq!(policy("").resolve(&user).severity, Severity::Ignored);
    assert_eq!(policy("").resolve(&user).budget_severity, Severity::Blocking);
    assert_eq!(policy("[[rule]]\nseverity = 'ignored'").resolve(&user).budget_severity, Severity::Ignored);
    assert_eq!(policy("[[rule]]\nseverity = 'blocking'").resolve(&user).severity, Severity::Blocking);
}

#[test]
fn what_selects_nothing_is_named() {
    let policy = policy(
        "[[rule]]\nbenchmark = 'x/*'\n[[budget]]\nmetric = 'time'\ntarget = '1 MiB'\n[[budget]]\nmetric = 'rss'\ntarget = '1 MiB'",
    );
    insta::assert_snapshot!(policy.unused([&time("a/b:time")]).join("\n"), @r"
    the rule for `*` of `x/*` selects no metric
    the budget for `time` of `*` is in `B`, and no metric that it selects is
    the budget for `rss` of `*` selects no metric
    ");
}
