//! What disturbs the rounds of one metric: each with the verdict, which it must not bend, and the warning, which must be there.

use tollgate::model::judgement::Warning;
use tollgate::model::machine::{Disturbance, DisturbedRounds, MachineTime};
use tollgate::model::{Doubt, Kind, Ratio};

use super::made::{Made, first, noise};
use super::*;

/// One benchmark with half a percent of noise in each process, times what `factor` says of arm and round.
fn disturbed(rounds: u32, factor: impl Fn(Arm, u32) -> f64) -> Made {
    Made::new(&["a"], rounds, |benchmark, arm, round| {
        1e-3 * (1.0 + 0.005 * noise(benchmark, arm as u64, round)) * factor(arm, round)
    })
}

fn said(made: &Made) -> (Verdict, Vec<Warning>) {
    let judgement = made.judge(&policy(""));
    let row = row(&judgement, "a");
    (row.verdict.clone(), row.warnings.clone())
}

fn slower_in_head(arm: Arm, ratio: f64) -> f64 {
    if arm == Arm::Head { 1.0 + ratio } else { 1.0 }
}

fn near(ratio: Ratio, expected: f64) -> bool {
    (ratio.0 - expected).abs() < 0.01
}

#[test]
fn steady_rounds_come_without_a_warning() {
    for rounds in [10, 26, 64] {
        assert_eq!(said(&disturbed(rounds, |_, _| 1.0)), (Verdict::Unchanged, vec![]));
        assert_eq!(said(&disturbed(64, |arm, _| slower_in_head(arm, 0.2))), (Verdict::Regressed, vec![]));
    }
}

#[test]
fn an_order_that_matters_is_warned_of_with_its_size_and_changes_no_verdict() {
    let second = |ratio: f64| move |arm, round| if first("a", round) == arm { 1.0 } else { 1.0 + ratio };
    let (verdict, warnings) = said(&disturbed(64, second(0.06)));
    assert!(matches!(verdict, Verdict::Inconclusive(Doubt::TooNoisy { .. }) | Verdict::Unchanged), "{verdict:?}");
    assert!(matches!(warnings[..], [Warning::OrderBias { second }] if near(second, 0.06)), "{warnings:?}");
    let both = second(-0.10);
    let (verdict, warnings) = said(&disturbed(64, |arm, round| both(arm, round) * slower_in_head(arm, 0.5)));
    assert_eq!(verdict, Verdict::Regressed);
    assert!(!warnings.iter().any(|warning| matches!(warning, Warning::OrderBias { second } if second.0 > 0.0)));
    // Within the tolerance nobody cares, and where the order is unknown nothing is said.
    assert_eq!(said(&disturbed(64, second(0.015))).1, []);
    let mut unknown = disturbed(64, second(0.06));
    unknown.protocol.first.clear();
    assert_eq!(said(&unknown).1, [Warning::Bimodal], "where the order is unknown, only what it does is seen");
}

#[test]
fn an_order_that_matters_to_all_is_seen_over_all_after_the_first_stage() {
    let names: Vec<String> = (0..40).map(|at| format!("bench {at:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let of = |ratio: f64| {
        let made = Made::new(&names, 10, |benchmark, arm, round| {
            let second = if first(benchmark, round) == arm { 0.0 } else { ratio };
            1e-3 * (1.0 + 0.02 * noise(benchmark, arm as u64, round)) * (1.0 + second)
        });
        made.judge(&policy(""))
    };
    let judgement = of(0.01);
    assert_eq!(judgement.verdict, RunVerdict::Pass);
    assert_eq!(judgement.common_shift, None);
    let bias = judgement.order_bias.unwrap();
    assert!((bias.effect.change.value() - 0.01).abs() < 0.003 && bias.benchmarks == 40, "{bias:?}");
    assert_eq!(of(0.0).order_bias, None);
}

#[test]
fn a_drifting_machine_is_warned_of_with_its_size_and_changes_no_verdict() {
    let drift = |ratio: f64| move |round: u32| 1.0 + ratio * f64::from(round) / 25.0;
    for (ratio, expected) in [(0.10, 0.10), (-0.10, -0.10)] {
        let of = drift(ratio);
        let (verdict, warnings) = said(&disturbed(26, |_, round| of(round)));
        assert_eq!(verdict, Verdict::Unchanged);
        assert!(matches!(warnings[..], [Warning::Drifting { ratio }] if near(ratio, expected)), "{warnings:?}");
        let (verdict, warnings) = said(&disturbed(26, |arm, round| of(round) * slower_in_head(arm, 0.2)));
        assert_eq!((verdict, warnings.len()), (Verdict::Regressed, 1));
    }
    let little = drift(0.015);
    assert_eq!(said(&disturbed(26, |_, round| little(round))), (Verdict::Unchanged, vec![]));
}

#[test]
fn a_few_wild_rounds_are_warned_of_and_neither_convict_nor_hide() {
    let size = |round| 1.6 + noise("wild", 0, round);
    let wild = |arm: Arm, round: u32| if round % 9 == 4 && arm == Arm::Head { size(round) } else { 1.0 };
    let heavy = |of| Warning::HeavyTails { far: of / 9 + u32::from(of % 9 > 4), of };
    assert_eq!(said(&disturbed(26, wild)), (Verdict::Unchanged, vec![heavy(26)]));
    let (verdict, warnings) = said(&disturbed(64, |arm, round| wild(arm, round) * slower_in_head(arm, 0.2)));
    assert_eq!((verdict, warnings), (Verdict::Regressed, vec![heavy(64)]));
}

#[test]
fn two_modes_of_both_sides_and_of_one_are_told_apart() {
    let slow = |stream: u64, round: u32| noise("mode", stream, round) > 0.1;
    let both = disturbed(64, |arm, round| if slow(arm as u64, round) { 1.08 } else { 1.0 });
    assert_eq!(said(&both).1, [Warning::Bimodal]);
    assert!(matches!(said(&both).0, Verdict::Unchanged | Verdict::Inconclusive(Doubt::TooNoisy { .. })));
    for alone in Arm::BOTH {
        let one = disturbed(64, |arm, round| if arm == alone && slow(0, round) { 1.08 } else { 1.0 });
        let (verdict, warnings) = said(&one);
        assert_eq!(warnings, [Warning::BimodalAlone { arm: alone }]);
        assert!(!matches!(verdict, Verdict::Regressed | Verdict::Improved), "{verdict:?}");
    }
}

#[test]
fn a_coarse_clock_is_warned_of_where_most_values_are_equal_and_not_of_memory() {
    let ticks = |value: f64| (value / 4e-6).round() * 4e-6;
    let coarse = || Made::new(&["a"], 26, |_, arm, round| ticks(1e-3 * (1.0 + 0.006 * noise("a", arm as u64, round))));
    let (verdict, warnings) = said(&coarse());
    assert_eq!(verdict, Verdict::Unchanged);
    assert!(matches!(warnings[..], [Warning::Ties { equal: 14..26, of: 26 }]), "{warnings:?}");
    let quiet = Made::new(&["a"], 26, |_, arm, round| 1e-3 + 1e-9 * (2.0 * noise("a", arm as u64, round)).round());
    assert_eq!(said(&quiet).1, [], "equal nanoseconds of a millisecond");
    let pages = coarse().described("a", |metric| (metric.kind, metric.unit) = (Kind::Bytes, Unit::Bytes));
    assert_eq!(said(&pages).1, []);
}

#[test]
fn rounds_without_any_spread_are_judged_and_warned_of() {
    let still = |ratio: f64| Made::new(&["a"], 26, |_, arm, _| 1e-3 * slower_in_head(arm, ratio));
    assert_eq!(said(&still(0.0)), (Verdict::Unchanged, vec![Warning::NoSpread]));
    assert_eq!(said(&still(0.2)), (Verdict::Regressed, vec![Warning::NoSpread]));
}

#[test]
fn fewer_than_five_rounds_carry_neither_a_verdict_nor_a_warning() {
    for rounds in 1..5 {
        let (verdict, warnings) =
            said(&disturbed(rounds, |arm, round| slower_in_head(arm, 0.5) * f64::from(round + 1)));
        assert_eq!(verdict, Verdict::Inconclusive(Doubt::TooFewRounds { have: rounds, need: 5 }));
        assert_eq!(warnings, []);
    }
}

/// What the machine did beside each arm of a round of 4 seconds of its cores.
fn beside(made: &mut Made, rounds: u32, time: impl Fn(Arm, u32) -> MachineTime) {
    let quiet = MachineTime { wall_s: 2.0, cores_s: 4.0, others_s: 0.8, ..MachineTime::default() };
    let of = |arm: Arm, round| {
        let mut all = quiet;
        all += time(arm, round);
        (arm, all)
    };
    let all = (0..rounds).map(|round| (round, Arm::BOTH.into_iter().map(|arm| of(arm, round)).collect()));
    made.protocol.machine = BTreeMap::from([(name("core"), all.collect())]);
}

#[test]
fn rounds_of_a_disturbed_machine_are_marked_with_what_disturbed_it_and_change_no_verdict() {
    let check = |some: u32, time: MachineTime| {
        let mut made = disturbed(26, |arm, _| slower_in_head(arm, 0.2));
        // The last rounds, and only head of each.
        beside(
            &mut made,
            26,
            |arm, round| if arm == Arm::Head && round + some >= 26 { time } else { MachineTime::default() },
        );
        let judgement = made.judge(&policy(""));
        let row = row(&judgement, "a");
        assert_eq!(row.verdict, Verdict::Regressed);
        (judgement.disturbed.clone(), row.warnings.clone())
    };
    let rounds = |rounds, cause, share| DisturbedRounds {
        suite: name("core"),
        rounds,
        of: 26,
        causes: vec![(cause, Ratio(share))],
    };
    let stolen = MachineTime { stolen_s: 0.5, ..MachineTime::default() };
    let warning = vec![Warning::MachineDisturbed { rounds: 7, of: 26 }];
    assert_eq!(check(7, stolen), (vec![rounds(7, Disturbance::Stolen, 0.125)], warning.clone()));
    assert_eq!(check(6, stolen), (vec![rounds(6, Disturbance::Stolen, 0.125)], vec![]), "too few to cast doubt");
    let others = MachineTime { others_s: 1.2, ..MachineTime::default() };
    assert_eq!(check(7, others), (vec![rounds(7, Disturbance::Others, 0.5)], warning.clone()));
    let memory = MachineTime { memory_s: 0.5, ..MachineTime::default() };
    assert_eq!(check(7, memory), (vec![rounds(7, Disturbance::Memory, 0.25)], warning));
    let heat = MachineTime { throttled: 1, ..MachineTime::default() };
    assert_eq!(check(13, heat).0, [rounds(13, Disturbance::Throttled, 0.5)]);
}

#[test]
fn a_quiet_machine_and_rounds_too_short_to_tell_are_not_marked() {
    let judged = |time: MachineTime| {
        let mut made = disturbed(26, |_, _| 1.0);
        beside(&mut made, 26, |_, _| time);
        let judgement = made.judge(&policy(""));
        (judgement.disturbed.clone(), row(&judgement, "a").warnings.clone())
    };
    let nothing = (vec![], vec![]);
    assert_eq!(judged(MachineTime::default()), nothing);
    assert_eq!(judged(MachineTime { stolen_s: 0.07, memory_s: 0.09, ..MachineTime::default() }), nothing);
    // A database that the service asks is there in all rounds.
    assert_eq!(judged(MachineTime { others_s: 2.0, ..MachineTime::default() }), nothing);
    assert_eq!(judged(MachineTime { cores_s: -3.5, stolen_s: 0.3, ..MachineTime::default() }), nothing);
}
