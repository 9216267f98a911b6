//! Head against what a release has stored: noisy metrics, by the spread between runs of one commit.

use tollgate::measure::scripted::time;
use tollgate::model::judgement::{Drift, DriftState};
use tollgate::model::{Anchor, StoredMetric, StoredValues, Why};

use super::*;

/// `count` runs of one commit around a value, each a little off.
fn runs(commit: &str, value: f64, count: u32) -> Vec<StoredValues> {
    let run = |run: u32| StoredValues {
        statistics: vec![value * (1.0 + 0.004 * (f64::from(run * 7 % 5) - 2.0))],
        taken_at_s: i64::from(run),
        why: Why::Update,
        commit: commit.to_owned(),
    };
    (0..count).map(run).collect()
}

/// What is stored of the benchmark `a`.
fn stored(runs: Vec<StoredValues>) -> BTreeMap<MetricId, StoredMetric> {
    let metric = time(&name("core"), &name("a"));
    BTreeMap::from([(metric.id.clone(), StoredMetric { metric, runs })])
}

/// The drift and the outcome of `a` where head is slower than base by a ratio; base takes a millisecond.
fn judged_since(then: Vec<StoredValues>, now: Vec<StoredValues>, slower: f64) -> (Option<Drift>, Outcome, RunVerdict) {
    let policy = policy("[gate]\nanchor = 'v1.0'");
    let measured = Scene::of(&["a"]).slower("a", slower).measure(&policy, Journal::in_memory());
    let suites: [BTreeSet<Name>; 3] = Default::default();
    let anchor = Anchor { name: "v1.0".to_owned(), then: stored(then), now: stored(now) };
    let none = Stored::new();
    let evidence = Evidence { anchor: Some(&anchor), ..evidence(&measured, &none, &suites) };
    let judgement = judge::judge(&evidence, &policy, &circumstances(Against::Base));
    let row = row(&judgement, "a");
    (row.drift.clone(), row.outcome, judgement.verdict)
}

fn state(of: (Option<Drift>, Outcome, RunVerdict)) -> (Option<DriftState>, Outcome) {
    (of.0.map(|drift| drift.state), of.1)
}

#[test]
fn a_small_slowdown_that_takes_a_time_beyond_its_drift_budget_fails() {
    let then = || runs("release", 1e-3 / 1.16, 10);
    let now = || [runs("newer", 1e-3, 10), then()].concat();
    let (drift, outcome, verdict) = judged_since(then(), now(), 0.012);
    let drift = drift.unwrap();
    assert!((0.16..0.19).contains(&drift.effect.change.value()), "{drift:?}");
    assert_eq!((drift.state, drift.since.as_str()), (DriftState::Beyond, "v1.0"));
    assert_eq!((outcome, verdict), (Outcome::FailDrifted, RunVerdict::OverBudget));
    // The same without any effect of its own, or with one for the better, is an old sin.
    assert_eq!(state(judged_since(then(), now(), 0.0)), (Some(DriftState::Beyond), Outcome::Warn));
    assert_eq!(state(judged_since(then(), now(), -0.012)), (Some(DriftState::Beyond), Outcome::Warn));
}

#[test]
fn a_time_that_has_hardly_moved_is_within_and_one_between_cannot_be_told() {
    let drift = |ratio: f64| {
        let then = runs("release", 1e-3 / (1.0 + ratio), 10);
        let now = [runs("newer", 1e-3, 10), then.clone()].concat();
        state(judged_since(then, now, 0.0))
    };
    assert_eq!(drift(0.02), (Some(DriftState::Within), Outcome::Pass));
    assert_eq!(drift(0.10), (Some(DriftState::CannotTell), Outcome::Pass));
    assert_eq!(drift(-0.3), (Some(DriftState::Within), Outcome::Pass));
}

#[test]
fn without_newer_runs_head_counts_as_one_run() {
    let drift = |ratio: f64, count: u32, slower: f64| {
        let then = runs("release", 1e-3 / (1.0 + ratio), count);
        state(judged_since(then.clone(), then, slower))
    };
    assert_eq!(drift(0.3, 10, 0.012), (Some(DriftState::Beyond), Outcome::FailDrifted));
    assert_eq!(drift(0.0, 10, 0.0), (Some(DriftState::Within), Outcome::Pass));
    assert_eq!(drift(0.13, 10, 0.012), (Some(DriftState::CannotTell), Outcome::Pass));
    assert_eq!(drift(0.3, 1, 0.012), (Some(DriftState::CannotTell), Outcome::Pass), "one run can show next to nothing");
}

#[test]
fn what_the_release_has_not_or_has_as_nothing_has_no_drift() {
    let (drift, outcome, _) = judged_since(runs("release", 0.0, 10), runs("newer", 1e-3, 10), 0.0);
    assert_eq!((drift, outcome), (None, Outcome::Pass));
}

#[test]
fn without_pairs_the_stored_runs_have_to_say_surely_that_this_change_made_it_worse() {
    let policy = policy("[gate]\nanchor = 'v1.0'");
    let then = || runs("release", 1e-3 / 1.2, 10);
    let now = || [runs("newer", 1e-3, 10), then()].concat();
    let outcome = |slower: f64| {
        let mut measured = Scene::of(&["a"]).slower("a", slower).measure(&policy, Journal::in_memory());
        measured.base = None;
        let anchor = Anchor { name: "v1.0".to_owned(), then: stored(then()), now: stored(now()) };
        let newest = stored(runs("newer", 1e-3, 10)).into_iter().map(|(id, stored)| (id, Ok(stored))).collect();
        let suites = [BTreeSet::from([name("core")]), BTreeSet::new(), BTreeSet::new()];
        let evidence = Evidence { anchor: Some(&anchor), ..evidence(&measured, &newest, &suites) };
        let judgement = judge::judge(&evidence, &policy, &circumstances(Against::Baseline));
        let row = row(&judgement, "a");
        assert_eq!(row.drift.as_ref().unwrap().state, DriftState::Beyond);
        assert!(!matches!(row.verdict, Verdict::Regressed), "{:?}", row.verdict);
        row.outcome
    };
    assert_eq!(outcome(0.04), Outcome::FailDrifted);
    // Its 90 % interval lies above 0 too, and that is no proof at a thousandth.
    assert_eq!(outcome(0.016), Outcome::Warn);
    assert_eq!(outcome(0.0), Outcome::Warn);
}
