//! Ranks of runs by brute force, and what they must not depend on.

use proptest::prelude::*;

use super::*;
use crate::stats::fixture::{assert_close, cases};
use crate::stats::prediction::foreseen_reach;

const PRIOR: Prior = Prior { sd: 0.01, degrees_of_freedom: 3.0 };

#[derive(serde::Deserialize)]
struct Case {
    history: Vec<Vec<f64>>,
    head: Vec<f64>,
    prior_sd: f64,
    prior_degrees_of_freedom: f64,
    own: Vec<f64>,
    bar: f64,
    history_bar: f64,
    p_value: f64,
    rank_p_values: Vec<f64>,
}

#[test]
fn standings_agree_with_the_reference() {
    for case in cases::<Case>(include_str!("../../../tests/fixtures/stats/conformal.json")) {
        let prior = Prior { sd: case.prior_sd, degrees_of_freedom: case.prior_degrees_of_freedom };
        let standing = standing(&case.history, &case.head, prior).unwrap();
        standing.own.iter().zip(&case.own).for_each(|(own, expected)| assert_close(*own, *expected, 1e-9));
        assert_close(standing.bar, case.bar, 1e-9);
        assert_close(bar(&case.history, prior).unwrap(), case.history_bar, 1e-9);
        assert_close(standing.p_value, case.p_value, 1e-12);
        let ranks = case.history.iter().zip(&case.head).map(|(runs, head)| rank_p_value(runs, *head));
        ranks.zip(&case.rank_p_values).for_each(|(p, expected)| assert_close(p, *expected, 1e-12));
    }
}

#[derive(serde::Deserialize)]
struct Foreseen {
    history: Vec<f64>,
    runs: usize,
    alpha: f64,
    metrics: usize,
    reach: f64,
    distance: f64,
}

#[test]
fn what_more_runs_would_show_agrees_with_the_reference() {
    for case in cases::<Foreseen>(include_str!("../../../tests/fixtures/stats/foreseen.json")) {
        assert_close(foreseen_distance(&case.history, case.runs, case.metrics).unwrap(), case.distance, 1e-9);
        assert_close(foreseen_reach(&case.history, case.runs, case.alpha).unwrap(), case.reach, 1e-9);
    }
    assert_eq!(foreseen_distance(&[1.0], 20, 3), None);
    assert_close(distance(&[0.0, 0.0], 2.0, PRIOR).unwrap(), 2.0 * 0.01 * (0.75_f64 * 1.5).sqrt(), 1e-12);
}

#[test]
fn a_hundred_runs_reach_one_percent_and_twenty_do_not() {
    assert_eq!([runs_needed(0.01), runs_needed(0.05), runs_needed(0.5), runs_needed(0.3)], [99, 19, 1, 3]);
    assert_eq!([runs_needed(0.0), runs_needed(f64::NAN), runs_needed(1.0)], [usize::MAX, usize::MAX, 0]);
    assert_close(attainable_level(99), 0.01, 1e-12);
    assert_close(rank_p_value(&[1.0; 20], 2.0), 1.0 / 21.0, 1e-12);
    assert_close(rank_p_value(&[1.0, 2.0, 3.0], 3.0), 0.5, 1e-12);
    assert_close(rank_p_value(&[], 3.0), 1.0, 1e-12);
    assert_close(rank_p_value(&[f64::NAN], 3.0), 1.0, 1e-12);
}

#[test]
fn the_metric_that_stands_out_is_named_and_the_others_are_not() {
    let history = vec![vec![0.0, 0.01, -0.01, 0.005]; 3];
    let standing = standing(&history, &[0.0, 0.5, 0.01], PRIOR).unwrap();
    assert_eq!([0, 1, 2, 3].map(|metric| standing.above(metric)), [false, true, false, false]);
    assert_close(standing.p_value, 0.2, 1e-12);
}

#[test]
fn runs_without_any_spread_are_ranked_too() {
    let standing = standing(&[vec![1.0; 5]], &[1.0], PRIOR).unwrap();
    assert!(!standing.above(0));
    assert_close(standing.p_value, 1.0, 1e-12);
}

#[test]
fn what_cannot_be_ranked_is_refused() {
    assert_eq!(standing(&[], &[], PRIOR), Err(ConformalError::TooFew));
    assert_eq!(standing(&[vec![1.0]], &[1.0], PRIOR), Err(ConformalError::TooFew));
    assert_eq!(standing(&[vec![1.0, 2.0], vec![1.0]], &[1.0, 1.0], PRIOR), Err(ConformalError::Ragged));
    assert_eq!(standing(&[vec![1.0, 2.0]], &[1.0, 1.0], PRIOR), Err(ConformalError::Ragged));
    assert_eq!(standing(&[vec![1.0, f64::NAN]], &[1.0], PRIOR), Err(ConformalError::NotFinite));
    assert_eq!(bar(&[vec![1.0]], PRIOR), None);
}

/// Some runs of some metrics, the last run to be taken as head.
fn runs() -> impl Strategy<Value = Vec<Vec<f64>>> {
    (1_usize..5, 3_usize..12)
        .prop_flat_map(|(metrics, runs)| prop::collection::vec(prop::collection::vec(-1.0..1.0_f64, runs), metrics))
}

/// Takes one run out as head.
fn without(all: &[Vec<f64>], head: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
    all.iter()
        .map(|runs| {
            let mut others = runs.clone();
            let own = others.remove(head);
            (others, own)
        })
        .unzip()
}

proptest! {
    /// The heart of it: of N + 1 runs, at most one stands out, whichever is taken as head.
    #[test]
    fn at_most_one_run_of_all_stands_out(all in runs()) {
        let outstanding = (0..all[0].len()).filter(|run| {
            let (history, head) = without(&all, *run);
            let standing = standing(&history, &head, PRIOR).unwrap();
            (0..all.len()).any(|metric| standing.above(metric))
        });
        prop_assert!(outstanding.count() <= 1);
    }

    #[test]
    fn a_run_stands_out_exactly_where_its_rank_is_the_first(all in runs()) {
        let (history, head) = without(&all, all[0].len() - 1);
        let found = standing(&history, &head, PRIOR).unwrap();
        let first = found.p_value < 1.5 * attainable_level(history[0].len());
        prop_assert_eq!((0..all.len()).any(|metric| found.above(metric)), first);
    }

    #[test]
    fn neither_the_order_of_the_runs_nor_a_constant_matters(all in runs(), shift in -5.0..5.0_f64) {
        let (history, head) = without(&all, 0);
        let found = standing(&history, &head, PRIOR).unwrap();
        let turned: Vec<Vec<f64>> = history.iter().map(|runs| runs.iter().rev().map(|value| value + shift).collect()).collect();
        let moved: Vec<f64> = head.iter().map(|value| value + shift).collect();
        let other = standing(&turned, &moved, PRIOR).unwrap();
        assert_close(other.bar, found.bar, 1e-6);
        assert_close(other.p_value, found.p_value, 1e-12);
    }
}
