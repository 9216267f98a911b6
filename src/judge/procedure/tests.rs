//! The procedure on rounds that are written down.

use proptest::prelude::*;

use super::*;

const SETTINGS: Settings = Settings { false_alarm_rate: 0.01, rounds_max: 120, patient: false };
const REGRESSED: Decision = Decision::Regressed;
const IMPROVED: Decision = Decision::Improved;
const UNCHANGED: Decision = Decision::Unchanged;

/// Rounds that wobble by `noise` around `shift`, the same way each time.
fn wobbling(shift: f64, noise: f64, rounds: u32) -> Member {
    let wobble = |round: u32| f64::from(round * 7919 % 101) / 50.0 - 1.0;
    member((0..rounds).map(|round| shift + noise * wobble(round)).collect())
}

fn member(differences: Vec<f64>) -> Member {
    Member {
        differences: (0..).zip(differences).collect(),
        tolerance: 0.02_f64.ln_1p(),
        must_detect: 0.05_f64.ln_1p(),
        counts: None,
    }
}

/// A round of one that stays suspicious, and is never convicted, up to its 74th: above the tolerance a little more often than below.
fn suspicious(round: u32) -> f64 {
    let above = if round < 26 { round % 5 < 3 } else { round.is_multiple_of(2) };
    0.02_f64.ln_1p() + if above { 0.012 } else { -0.010 }
}

fn mirrored(member: &Member) -> Member {
    Member { differences: member.differences.iter().map(|(round, d)| (*round, -d)).collect(), ..member.clone() }
}

fn decisions(members: &[Member], rounds_run: u32, phase: Phase) -> Vec<Decision> {
    assess(members, rounds_run, phase, &SETTINGS).into_iter().map(|assessed| assessed.decision).collect()
}

fn check(member: &Member, rounds_run: u32, expected: Decision) {
    assert_eq!(decisions(std::slice::from_ref(member), rounds_run, Phase::Ended), [expected]);
}

fn inconclusive(decision: Decision) -> bool {
    matches!(decision, Decision::Inconclusive { .. })
}

#[test]
fn nothing_is_tested_below_five_rounds() {
    let loose = Settings { false_alarm_rate: 0.5, ..SETTINGS };
    let assessed = |rounds| assess(&[wobbling(1.0, 0.0, rounds)], rounds, Phase::Ended, &loose)[0].decision;
    assert!((0..5).all(|rounds| inconclusive(assessed(rounds))));
    assert_eq!(assessed(5), REGRESSED);
}

#[test]
fn a_clear_regression_is_convicted_at_the_first_look_and_by_fresh_rounds_alone() {
    let slow = wobbling(0.10, 0.01, 26);
    let first = STAGE_ROUNDS + LOOKS[0];
    assert_eq!(decisions(std::slice::from_ref(&slow), first - 1, Phase::Measuring), [Decision::Undecided]);
    let assessed = assess(&[slow], first, Phase::Measuring, &SETTINGS)[0];
    assert_eq!((assessed.decision, assessed.from, assessed.to), (REGRESSED, STAGE_ROUNDS, first));
}

#[test]
fn stage_one_chooses_and_never_convicts() {
    let lucky = member((0..26).map(|round| if round < 10 { 0.2 } else { -0.001 * f64::from(round % 3) }).collect());
    let decision = decisions(&[lucky], 26, Phase::Ended)[0];
    assert!(decision != REGRESSED && decision != Decision::Undecided, "{decision:?}");
}

#[test]
fn a_quiet_benchmark_is_unchanged_after_stage_one() {
    assert_eq!(decisions(&[wobbling(0.0, 0.005, 10)], 10, Phase::Measuring), [UNCHANGED]);
}

#[test]
fn an_effect_exactly_at_the_tolerance_is_not_convicted() {
    let exactly = member(vec![0.02_f64.ln_1p(); 120]);
    check(&exactly, 120, UNCHANGED);
    check(&member(vec![0.021_f64.ln_1p(); 120]), 120, REGRESSED);
}

#[test]
fn equal_rounds_are_told_without_noise() {
    check(&member(vec![0.0; 10]), 10, UNCHANGED);
    check(&member(vec![0.3; 30]), 30, REGRESSED);
    check(&member(vec![-0.3; 30]), 30, IMPROVED);
}

#[test]
fn a_run_that_ends_within_stage_one_is_looked_at_once() {
    check(&wobbling(0.10, 0.01, 9), 9, REGRESSED);
    check(&wobbling(0.0, 0.005, 9), 9, UNCHANGED);
    let many = vec![wobbling(0.10, 0.01, 9); 10];
    assert!(decisions(&many, 9, Phase::Ended).into_iter().all(inconclusive), "10 of them need more than 2^-9");
}

#[test]
fn before_the_first_look_an_early_end_is_the_only_look() {
    check(&wobbling(0.10, 0.01, 17), 17, REGRESSED);
}

#[test]
fn after_the_first_look_an_early_end_convicts_nobody() {
    // The first look finds it suspicious; then every round is far above.
    let late = member((0..40).map(|round| if round < 26 { suspicious(round) } else { 0.30 }).collect());
    let at = |rounds_run, phase| decisions(std::slice::from_ref(&late), rounds_run, phase)[0];
    assert_eq!(at(26, Phase::Measuring), Decision::Undecided);
    assert!(inconclusive(at(40, Phase::Ended)));
}

#[test]
fn the_last_look_waits_for_its_rounds() {
    // 74 rounds do not tell; the rounds after them do.
    let slow = member((0..120).map(|round| if round < 74 { suspicious(round) } else { 0.10 }).collect());
    assert_eq!(decisions(std::slice::from_ref(&slow), 74, Phase::Measuring), [Decision::Undecided]);
    assert_eq!(decisions(std::slice::from_ref(&slow), 119, Phase::Measuring), [Decision::Undecided]);
    check(&slow, 120, REGRESSED);
    let short = Settings { rounds_max: 25, ..SETTINGS };
    let assessed = |rounds| assess(&[wobbling(0.1, 0.01, rounds)], rounds, Phase::Measuring, &short)[0].decision;
    assert_eq!((assessed(10), assessed(25)), (Decision::Undecided, REGRESSED));
}

#[test]
fn a_slowdown_is_found_whatever_the_limit_on_rounds() {
    for rounds_max in [20, 26, 27, 42, 74, 120] {
        let settings = Settings { rounds_max, ..SETTINGS };
        let looks = checkpoints(&settings);
        let look = *looks.iter().find(|end| **end > STAGE_ROUNDS && **end != STAGE_ROUNDS + LEAVING).unwrap();
        let members = [wobbling(0.1, 0.005, look), wobbling(0.0, 0.005, look)];
        let of = |rounds| assess(&members, rounds, Phase::Measuring, &settings).into_iter().map(|a| a.decision);
        assert_eq!(of(STAGE_ROUNDS).next(), Some(Decision::Undecided));
        assert_eq!(of(look).collect::<Vec<_>>(), [REGRESSED, UNCHANGED], "of {rounds_max} rounds");
    }
}

#[test]
fn one_that_cannot_be_told_and_does_not_look_suspicious_leaves_at_a_look() {
    let wild = wobbling(0.0, 0.5, 120);
    let first = STAGE_ROUNDS + LOOKS[0];
    let decision = decisions(&[wild], first, Phase::Measuring)[0];
    assert!(inconclusive(decision), "{decision:?}");
}

#[test]
fn one_that_is_surely_unchanged_soon_leaves_before_the_first_look_and_a_suspicious_one_stays() {
    let leaving = STAGE_ROUNDS + LEAVING;
    // Unsettled by stage 1; then quiet.
    let calm = member((0..leaving).map(|round| if round < 3 { 0.2 } else { 0.001 * f64::from(round % 3) }).collect());
    let at = |member: &Member, rounds| decisions(std::slice::from_ref(member), rounds, Phase::Measuring)[0];
    assert_eq!((at(&calm, leaving - 1), at(&calm, leaving)), (Decision::Undecided, UNCHANGED));
    let slow = wobbling(0.03, 0.005, leaving);
    assert_eq!(at(&slow, leaving), Decision::Undecided);
}

#[test]
fn an_early_end_after_some_could_leave_convicts_nobody() {
    let slow = wobbling(0.10, 0.001, STAGE_ROUNDS + LEAVING + 4);
    let at = |rounds| decisions(std::slice::from_ref(&slow), rounds, Phase::Ended)[0];
    assert_eq!(at(STAGE_ROUNDS + LEAVING - 1), REGRESSED);
    assert!(inconclusive(at(STAGE_ROUNDS + LEAVING + 4)));
}

#[test]
fn one_that_cannot_be_told_stays_for_the_later_looks_where_patience_is_asked_for() {
    let first = STAGE_ROUNDS + LOOKS[0];
    let at = |rounds, patient| {
        let settings = Settings { patient, ..SETTINGS };
        assess(&[wobbling(0.0, 0.5, rounds)], rounds, Phase::Measuring, &settings)[0].decision
    };
    assert!(inconclusive(at(first, false)));
    assert_eq!(at(first, true), Decision::Undecided);
    assert!(inconclusive(at(120, true)), "the last look ends it");
}

#[test]
fn lost_rounds_are_counted_by_their_number_not_by_their_place() {
    let whole = wobbling(0.10, 0.01, 60);
    let lossy = Member { differences: whole.differences.into_iter().filter(|(r, _)| r % 3 != 0).collect(), ..whole };
    let assessed = assess(&[lossy], 42, Phase::Ended, &SETTINGS)[0];
    assert_eq!((assessed.decision, assessed.from), (REGRESSED, STAGE_ROUNDS));
}

#[test]
fn one_slow_benchmark_among_many_is_convicted_alone() {
    let mut members = vec![wobbling(0.0, 0.01, 120); 100];
    members[37] = wobbling(0.06, 0.01, 120);
    let found = decisions(&members, 120, Phase::Ended);
    let regressed: Vec<usize> = (0..100).filter(|i| found[*i] == REGRESSED).collect();
    assert_eq!(regressed, [37]);
}

#[test]
fn no_members_and_no_rounds_are_no_trouble() {
    assert_eq!(decisions(&[], 120, Phase::Ended), []);
    assert!(inconclusive(decisions(&[member(vec![])], 120, Phase::Ended)[0]));
    assert!(inconclusive(decisions(&[member(vec![f64::NAN; 50])], 50, Phase::Ended)[0]));
}

#[test]
fn checkpoints_rise_and_end_at_the_limit() {
    let of = |rounds_max| checkpoints(&Settings { rounds_max, ..SETTINGS });
    let [one, two, three] = LOOKS.map(|look| STAGE_ROUNDS + look);
    assert_eq!(of(5), [5]);
    assert_eq!(of(10), [10]);
    assert_eq!(of(11), [10, 11]);
    assert_eq!(of(18), [10, 18]);
    assert_eq!(of(one), [10, 18, one]);
    assert_eq!(of(120), [10, 18, one, two, three, 120]);
}

/// A few members of 120 rounds, each with its own shift and noise; some rounds wild.
fn members() -> impl Strategy<Value = Vec<Member>> {
    let rounds = |shift: f64, noise: f64| {
        prop::collection::vec((-1.0..1.0_f64, prop::bool::weighted(0.05)), 120).prop_map(move |rounds| {
            member(rounds.into_iter().map(|(d, wild)| shift + noise * d * if wild { 20.0 } else { 1.0 }).collect())
        })
    };
    let one = (-0.1..0.1_f64, 0.001..0.12_f64).prop_flat_map(move |(shift, noise)| rounds(shift, noise));
    prop::collection::vec(one, 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn swapping_the_arms_swaps_regressed_and_improved(members in members(), rounds_run in 1..=120_u32) {
        let other: Vec<Member> = members.iter().map(mirrored).collect();
        for phase in [Phase::Measuring, Phase::Ended] {
            let both = decisions(&members, rounds_run, phase).into_iter().zip(decisions(&other, rounds_run, phase));
            for (one, other) in both {
                prop_assert_eq!(one == REGRESSED, other == IMPROVED);
                prop_assert_eq!(one == IMPROVED, other == REGRESSED);
                prop_assert_eq!(one == Decision::Undecided, other == Decision::Undecided);
            }
        }
    }

    #[test]
    fn only_proportions_to_the_thresholds_count(members in members(), rounds_run in 1..=120_u32) {
        let scaled: Vec<Member> = members.iter().map(|member| Member {
            differences: member.differences.iter().map(|(round, d)| (*round, 4.0 * d)).collect(),
            tolerance: 4.0 * member.tolerance,
            must_detect: 4.0 * member.must_detect,
            counts: None,
        }).collect();
        prop_assert_eq!(decisions(&members, rounds_run, Phase::Ended), decisions(&scaled, rounds_run, Phase::Ended));
    }

    #[test]
    fn what_is_decided_while_measuring_stays_decided(members in members()) {
        let mut before = vec![Decision::Undecided; members.len()];
        for end in checkpoints(&SETTINGS) {
            let now = decisions(&members, end, Phase::Measuring);
            let ended = decisions(&members, end, Phase::Ended);
            for (i, now) in now.iter().enumerate() {
                prop_assert!(before[i] == Decision::Undecided || before[i] == *now);
                prop_assert!(*now == Decision::Undecided || *now == ended[i]);
            }
            before = now;
        }
        prop_assert!(!before.contains(&Decision::Undecided));
    }

    #[test]
    fn later_rounds_of_one_that_left_change_nothing(members in members()) {
        let at_first = STAGE_ROUNDS + LOOKS[0];
        let left = decisions(&members, at_first, Phase::Measuring);
        let cut: Vec<Member> = members.iter().zip(&left).map(|(member, decision)| match decision {
            Decision::Undecided => member.clone(),
            _ => Member { differences: member.differences.iter().copied().filter(|(r, _)| *r < at_first).collect(), ..member.clone() },
        }).collect();
        prop_assert_eq!(decisions(&members, 120, Phase::Ended), decisions(&cut, 120, Phase::Ended));
    }
}
