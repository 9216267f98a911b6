//! Base against itself, and what all benchmarks did together.

use tollgate::model::{CanaryState, Change, CommonShift, Determinism, Doubt, Precision};

use super::made::{Made, noise};
use super::*;

const DOUBTED: Verdict = Verdict::Inconclusive(Doubt::Untrusted);

/// Two benchmarks with a percent of noise; head of `a` is slower by this fraction.
fn slower(ratio: f64) -> Made {
    Made::new(&["a", "b"], 26, |benchmark, arm, round| {
        let slower = if benchmark == "a" && arm == Arm::Head { ratio } else { 0.0 };
        1e-3 * (1.0 + 0.01 * noise(benchmark, arm as u64, round)) * (1.0 + slower)
    })
}

/// Base against itself, the other slower by this fraction.
fn against_itself(ratio: f64) -> impl Fn(u64, u32) -> f64 {
    move |other, round| 1e-3 * (1.0 + 0.01 * noise("canary", other, round)) * (1.0 + ratio * other as f64)
}

fn canary(judgement: &Judgement) -> CanaryState {
    judgement.canary.as_ref().unwrap().state
}

#[test]
fn base_that_equals_itself_lets_the_verdicts_stand() {
    for (ratio, verdict, of_run) in
        [(0.0, Verdict::Unchanged, RunVerdict::Pass), (0.3, Verdict::Regressed, RunVerdict::Regressed)]
    {
        let judgement = slower(ratio).canary(10, against_itself(0.0)).judge(&policy(""));
        assert_eq!((canary(&judgement), judgement.verdict), (CanaryState::Still, of_run));
        assert_eq!(row(&judgement, "a").verdict, verdict);
    }
}

#[test]
fn base_that_differs_from_itself_makes_the_run_untrusted_though_head_looks_fine() {
    for lax in ["", "gate.inconclusive = 'warn'\ngate.missing = 'warn'"] {
        for side in [0.05, -0.05] {
            let judgement = slower(0.0).canary(10, against_itself(side)).judge(&policy(lax));
            assert_eq!((canary(&judgement), judgement.verdict), (CanaryState::Moved, RunVerdict::Untrusted));
            assert!(judgement.rows.iter().all(|row| row.verdict == DOUBTED && !row.outcome.fails()));
        }
    }
}

#[test]
fn base_that_differs_from_itself_neither_convicts_nor_acquits_head() {
    for ratio in [0.3, -0.3] {
        let judgement = slower(ratio).canary(10, against_itself(0.05)).judge(&policy("gate.inconclusive = 'fail'"));
        assert_eq!(judgement.verdict, RunVerdict::Untrusted);
        assert!(judgement.rows.iter().all(|row| row.verdict == DOUBTED), "{:?}", judgement.rows);
        assert_eq!(judgement.common_shift, None);
    }
}

#[test]
fn what_is_exact_stands_where_base_differs_from_itself() {
    let counted = |head: f64| {
        Made::new(&["a", "b"], 10, move |benchmark, arm, round| match (benchmark, arm) {
            ("a", Arm::Head) => head,
            ("a", Arm::Base) => 1000.0,
            (_, arm) => 1.0 + 0.01 * noise("b", arm as u64, round),
        })
        .described("a", |metric| metric.determinism = Determinism::Exact)
        .canary(10, against_itself(0.05))
    };
    let worse = counted(1001.0).judge(&policy(""));
    assert_eq!((worse.verdict, &row(&worse, "a").verdict), (RunVerdict::Regressed, &Verdict::Regressed));
    assert_eq!(row(&worse, "b").verdict, DOUBTED);
    let same = counted(1000.0).judge(&policy(""));
    assert_eq!((same.verdict, &row(&same, "a").verdict), (RunVerdict::Untrusted, &Verdict::Unchanged));
    let budget = "[[budget]]\nbenchmark = '*'\nmetric = 'time'\ncritical = '900 s'";
    assert_eq!(counted(1000.0).judge(&policy(budget)).verdict, RunVerdict::OverBudget);
}

#[test]
fn a_noisy_budget_that_looks_missed_may_be_missed_where_base_differs_from_itself() {
    let budget = "gate.inconclusive = 'fail'\n[[budget]]\nbenchmark = '*'\nmetric = 'time'\ncritical = '0.5 ms'";
    let of = |ratio| slower(0.0).canary(10, against_itself(ratio)).judge(&policy(budget));
    assert_eq!((of(0.0).verdict, &row(&of(0.0), "a").verdict), (RunVerdict::OverBudget, &Verdict::OverBudget));
    let doubted = of(0.05);
    assert_eq!((doubted.verdict, &row(&doubted, "a").verdict), (RunVerdict::Untrusted, &DOUBTED));
    assert!(row(&doubted, "a").budget.as_ref().unwrap().undecided.is_some());
}

#[test]
fn too_few_rounds_and_a_difference_within_the_tolerance_accuse_nobody() {
    let of = |rounds, ratio, text: &str| slower(0.0).canary(rounds, against_itself(ratio)).judge(&policy(text));
    let nine = of(9, 0.5, "");
    assert_eq!((canary(&nine), nine.verdict), (CanaryState::TooFewRounds { need: 10 }, RunVerdict::Pass));
    assert_eq!(canary(&of(10, 0.5, "")), CanaryState::Moved);
    assert_eq!(canary(&of(64, 0.015, "")), CanaryState::Still);
    assert_eq!(canary(&of(64, 0.05, "gate.tolerance = '10 %'")), CanaryState::Still);
    assert_eq!(of(64, 0.05, "gate.canary = false").canary, None);
}

#[test]
fn a_change_of_policy_cannot_talk_base_out_of_differing_from_itself() {
    let (usual, lax) = (policy(""), policy("gate.tolerance = '20 %'"));
    let made = slower(0.5).canary(10, against_itself(0.05));
    let joined = judge::by_both(made.judge(&usual), &made.judge(&lax));
    assert_eq!((made.judge(&lax).verdict, joined.verdict), (RunVerdict::Regressed, RunVerdict::Untrusted));
    assert!(joined.rows.iter().all(|row| row.verdict == DOUBTED));
    // The other way round: what base's policy convicts stays convicted.
    let made = slower(0.5).canary(10, against_itself(0.05));
    let joined = judge::by_both(made.judge(&lax), &made.judge(&usual));
    assert_eq!((joined.verdict, canary(&joined)), (RunVerdict::Regressed, CanaryState::Moved));
}

/// Benchmarks with a percent of noise, head of all but the first `still` slower by this fraction.
fn together(count: usize, rounds: u32, still: usize, ratio: f64) -> Judgement {
    let names: Vec<String> = (0..count).map(|at| format!("bench {at:02}")).collect();
    let moved: BTreeSet<&str> = names.iter().skip(still).map(String::as_str).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let value = |benchmark: &str, arm: Arm, round| {
        let slower = if arm == Arm::Head && moved.contains(benchmark) { ratio } else { 0.0 };
        1e-3 * (1.0 + 0.02 * noise(benchmark, arm as u64, round)) * (1.0 + slower)
    };
    Made::new(&names, rounds, value).judge(&policy(""))
}

#[test]
fn a_shift_that_no_benchmark_shows_alone_is_seen_over_all_and_decides_nothing() {
    let judgement = together(40, 10, 0, 0.01);
    assert_eq!(judgement.verdict, RunVerdict::Pass);
    assert!(judgement.rows.iter().all(|row| row.verdict == Verdict::Unchanged));
    let Some(CommonShift { effect, benchmarks: 40, rounds: 10 }) = judgement.common_shift else {
        panic!("{:?}", judgement.common_shift)
    };
    assert!(matches!(effect.change, Change::Relative(ratio) if (ratio - 0.01).abs() < 0.002), "{effect:?}");
    assert!(matches!(effect.precision, Precision::Interval { lower, upper, .. } if lower > 0.005 && upper < 0.015));
    let faster = together(40, 10, 0, -0.03).common_shift.unwrap();
    assert!(faster.effect.change.value() < -0.02);
}

#[test]
fn nothing_is_said_of_all_benchmarks_where_few_moved_or_little_or_few_are_there() {
    assert_eq!(together(40, 10, 0, 0.0).common_shift, None);
    assert_eq!(together(40, 10, 39, 0.5).common_shift, None, "one regression is none of all");
    assert_eq!(together(40, 10, 0, 0.003).common_shift, None, "less than a quarter of the tolerance");
    assert_eq!(together(4, 10, 0, 0.03).common_shift, None, "fewer than five benchmarks");
    assert_eq!(together(40, 7, 0, 0.03).common_shift, None, "fewer than eight rounds");
    assert!(together(5, 8, 0, 0.03).common_shift.is_some());
}
