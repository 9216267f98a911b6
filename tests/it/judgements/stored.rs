//! Head judged by stored runs.

use tollgate::measure::scripted::time;
use tollgate::model::environment::Difference;
use tollgate::model::{Determinism, Doubt, Metric, TestFamily, Why, stored::StoredValues};

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

/// The defaults, where stored runs have the whole rate.
fn stored_alone() -> Policy {
    let mut policy = policy("");
    policy.gate.shares = policy.gate.shares.among([TestFamily::Stored]);
    policy
}

fn judged_by(stored: Result<StoredMetric, Incomparable>, slower: f64, exact: Option<Metric>) -> Judgement {
    let policy = stored_alone();
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

/// Judges head, in which `a` is slower, by stored runs of `a` and of `b`.
fn by_two(a: Vec<StoredValues>, b: Vec<StoredValues>, slower: f64) -> Judgement {
    let policy = stored_alone();
    let mut measured = Scene::of(&["a", "b"]).slower("a", slower).measure(&policy, Journal::in_memory());
    measured.base = None;
    let stored = [("a", a), ("b", b)].map(|(benchmark, runs)| {
        let metric = time(&name("core"), &name(benchmark));
        (metric.id.clone(), Ok(StoredMetric { metric, runs }))
    });
    let suites = [BTreeSet::from([name("core")]), BTreeSet::new(), BTreeSet::new()];
    judge::judge(&evidence(&measured, &Stored::from(stored), &suites), &policy, &circumstances(Against::Baseline))
}

#[test]
fn a_slowdown_that_a_stored_run_outdid_is_not_called_a_regression() {
    let steady = by_two(runs(20), runs(20), 0.2);
    assert_eq!(row(&steady, "a").verdict, Verdict::Regressed);
    let mut wild = runs(20);
    wild[7].statistics = vec![1.6e-3];
    let judgement = by_two(runs(20), wild, 0.2);
    let verdict = &row(&judgement, "a").verdict;
    assert!(matches!(verdict, Verdict::Inconclusive(Doubt::StoredRunsCannotTell { .. })), "{verdict:?}");
}

#[test]
fn a_benchmark_that_was_added_later_is_ranked_among_the_runs_that_have_it_and_the_promise_adds_up() {
    let judgement = by_two(runs(20), runs(4), 0.2);
    assert_eq!(row(&judgement, "a").verdict, Verdict::Regressed);
    let promise = judgement.promise.stored.unwrap();
    assert_eq!((promise.metrics, promise.runs, judgement.promise.family), (2, 4, 0));
    assert!((promise.false_alarm_rate - (1.0 / 21.0 + 1.0 / 5.0)).abs() < 1e-12, "{promise:?}");
}

#[test]
fn one_stored_run_promises_nothing() {
    let promise = by_two(runs(1), runs(1), 0.0).promise.stored.unwrap();
    assert!(promise.false_alarm_rate >= 1.0, "{promise:?}");
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

#[test]
fn what_has_no_part_of_the_rate_convicts_nobody() {
    let metric = time(&name("core"), &name("a"));
    let mut policy = policy("");
    policy.gate.shares = policy.gate.shares.among([TestFamily::Pairs]);
    let mut measured = Scene::of(&["a"]).slower("a", 9.0).measure(&policy, Journal::in_memory());
    measured.base = None;
    let stored = Stored::from([(metric.id.clone(), Ok(StoredMetric { metric, runs: runs(20) }))]);
    let suites = [BTreeSet::from([name("core")]), BTreeSet::new(), BTreeSet::new()];
    let judgement = judge::judge(&evidence(&measured, &stored, &suites), &policy, &circumstances(Against::Baseline));
    assert!(matches!(row(&judgement, "a").verdict, Verdict::Inconclusive(_)), "{:?}", row(&judgement, "a").verdict);
}
