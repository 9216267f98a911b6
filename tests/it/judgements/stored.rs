//! Head judged by stored runs.

use tollgate::measure::scripted::time;
use tollgate::model::environment::Difference;
use tollgate::model::{Determinism, Doubt, Metric, Why, stored::StoredValues};

use super::*;

/// Stored runs of benchmark `a`, each a little off.
fn runs(count: u32) -> Vec<StoredValues> {
    (0..count)
        .map(|run| StoredValues {
            statistics: vec![1e-3 * (1.0 + 0.004 * (f64::from(run * 7 % 5) - 2.0))],
            taken_at_s: 0,
            why: Why::Update,
            commit: "c".to_owned(),
        })
        .collect()
}

fn judged_by(stored: Result<StoredMetric, Incomparable>, slower: f64, exact: Option<Metric>) -> Judgement {
    let policy = policy("");
    let mut measured = Scene::of(&["a"]).slower("a", slower).measure(&policy, Journal::in_memory());
    measured.base = None;
    if let Some(metric) = exact {
        for series in measured.head.series.values_mut() {
            series.metric = metric.clone();
            let first = series.rounds[&0].clone();
            series.rounds.values_mut().for_each(|sample| *sample = first.clone());
        }
    }
    let id = time(&name("core"), &name("a")).id;
    let suites = [BTreeSet::from([name("core")]), BTreeSet::new(), BTreeSet::new()];
    let stored = Stored::from([(id, stored)]);
    judge::judge(&evidence(&measured, &stored, &suites), &policy, &circumstances(Against::Baseline))
}

fn by_runs(count: u32, slower: f64) -> Verdict {
    let metric = time(&name("core"), &name("a"));
    row(&judged_by(Ok(StoredMetric { metric, runs: runs(count) }), slower, None), "a").verdict.clone()
}

#[test]
fn one_stored_run_carries_little_and_says_so() {
    let detectable = |verdict: Verdict| match verdict {
        Verdict::Inconclusive(Doubt::StoredRunsCannotTell { detectable_ratio, .. }) => detectable_ratio,
        other => panic!("{other:?}"),
    };
    let (one, three) = (detectable(by_runs(1, 0.10)), detectable(by_runs(3, 0.10)));
    assert!(one > 0.3 && three < one, "{one} {three}");
    assert_eq!(by_runs(1, 1.0), Verdict::Regressed);
}

#[test]
fn a_dozen_steady_runs_tell_a_tenth() {
    assert_eq!(by_runs(12, 0.0), Verdict::Unchanged);
    assert_eq!(by_runs(12, 0.10), Verdict::Regressed);
    assert_eq!(by_runs(12, -0.10), Verdict::Improved);
}

#[test]
fn runs_of_another_machine_are_not_compared_with_and_that_is_red_where_the_baseline_was_asked_for() {
    let other = Difference { field: "CPU model", stored: "x".to_owned(), here: "y".to_owned() };
    let judgement = judged_by(Err(Incomparable::Environment(vec![other])), 0.0, None);
    assert!(matches!(row(&judgement, "a").verdict, Verdict::NotComparable(Incomparable::Environment(_))));
    assert_eq!(row(&judgement, "a").outcome, Outcome::FailNotComparable);
    assert!(judgement.verdict > RunVerdict::Pass);
}

#[test]
fn an_exact_metric_needs_one_stored_run() {
    let metric = Metric { determinism: Determinism::Exact, ..time(&name("core"), &name("a")) };
    let head = wobbling("a", Arm::Head, 0);
    let stored = |value: f64| {
        let values = StoredValues { statistics: vec![value], ..runs(1).remove(0) };
        let stored = StoredMetric { metric: metric.clone(), runs: vec![values] };
        row(&judged_by(Ok(stored), 0.0, Some(metric.clone())), "a").verdict.clone()
    };
    assert_eq!(stored(head), Verdict::Unchanged);
    assert_eq!(stored(head * 0.999), Verdict::Regressed);
    assert_eq!(stored(head * 1.001), Verdict::Improved);
}
