//! Calibrations of rounds that are written down.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::config::{Against, Config};
use crate::judge::{Circumstances, Evidence, judge};
use crate::model::calibration::Shape;
use crate::model::judgement::PolicySource;
use crate::model::{
    Arm, Determinism, Direction, Environment, Kind, MetricId, Name, Revision, Role, Sample, TestFamily, Unit,
};

/// One benchmark's rounds in both arms.
type Sides = (Vec<f64>, Vec<f64>);

fn time(benchmark: &str) -> Metric {
    let name = |text: &str| Name::new(text).unwrap();
    Metric {
        id: MetricId {
            benchmark: BenchmarkId { suite: name("core"), benchmark: name(benchmark) },
            metric: name("time"),
        },
        unit: Unit::Seconds,
        direction: Direction::LowerIsBetter,
        kind: Kind::Time,
        determinism: Determinism::Noisy,
        role: Role::Gated,
        work: None,
    }
}

fn revision() -> Revision {
    let text = String::new;
    Revision { commit: text(), tree: text(), label: text(), title: text(), committed_at_s: 0, dirty: false }
}

fn environment() -> Environment {
    let text = String::new;
    let (cpu_model, os, kernel, hypervisor, toolchain) = (text(), text(), text(), text(), text());
    Environment { cpu_model, cores: 2, memory_bytes: 0, os, kernel, hypervisor, image: None, toolchain }
}

fn run(benchmarks: &[Sides], side: fn(&Sides) -> &Vec<f64>) -> Run {
    let mut run = Run::new(revision(), environment());
    for (at, sides) in benchmarks.iter().enumerate() {
        for (round, value) in (0..).zip(side(sides)) {
            run.insert(time(&format!("b{at:03}")), round, Sample::new(vec![*value]).unwrap());
        }
    }
    run
}

fn calibrated(benchmarks: &[Sides], protocol: &Protocol, round_s: f64, config: &str) -> Calibration {
    let mut policy = Config::parse(config, "test").unwrap().policy;
    policy.gate.shares = policy.gate.shares.among([TestFamily::Pairs]);
    let (base, head) = (run(benchmarks, |sides| &sides.0), run(benchmarks, |sides| &sides.1));
    let count = u32::try_from(benchmarks[0].0.len()).unwrap();
    let evidence = Evidence { protocol, ..Evidence::of(Some(&base), &head, count) };
    let circumstances = Circumstances {
        base: None,
        today: jiff::civil::Date::MIN,
        seed: 0,
        policy: PolicySource::Defaults,
        against: Against::Base,
        notices: Vec::new(),
    };
    let judgement = judge(&evidence, &policy, &circumstances);
    let elapsed_s = round_s * f64::from(count);
    let measured = Rounds { base: &base, head: &head, protocol, rounds: count, elapsed_s, seed: 0, troubles: &[] };
    calibrate(&measured, &policy, &judgement)
}

/// One benchmark with the default policy, a second a round.
fn alone(base: Vec<f64>, head: Vec<f64>) -> Calibrated {
    calibrated(&[(base, head)], &Protocol::default(), 1.0, "").metrics.remove(0)
}

/// Values around 1 that wobble by `noise`, the same way each time.
fn wobbling(rounds: u32, noise: f64, start: u32) -> Vec<f64> {
    let wobble = |round: u32| f64::from((round + start) * 7919 % 101) / 50.0 - 1.0;
    (0..rounds).map(|round| 1.0 + noise * wobble(round)).collect()
}

#[derive(serde::Deserialize)]
struct Case {
    base: Vec<f64>,
    head: Vec<f64>,
    family: usize,
    tolerance: f64,
    must_detect: f64,
    round_s: f64,
    time_limit_s: u32,
    noise: f64,
    reach: Vec<Option<f64>>,
    told_rounds: Option<u32>,
    told_s: Option<f64>,
    suggested: Option<f64>,
}

#[test]
fn calibrations_agree_with_the_reference() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../../../tests/fixtures/judge/calibrate.json")).unwrap();
    assert!(cases.len() >= 50);
    let close = |actual: f64, expected: f64| {
        assert!((actual - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{actual} {expected}");
    };
    for case in cases {
        let config = format!(
            "[gate]\ntolerance = \"{} %\"\nmust-detect = \"{} %\"\ntime-limit = \"{} s\"\n",
            100.0 * case.tolerance,
            100.0 * case.must_detect,
            case.time_limit_s
        );
        let benchmarks = vec![(case.base, case.head); case.family];
        let row = calibrated(&benchmarks, &Protocol::default(), case.round_s, &config).metrics.remove(0);
        close(row.noise_ratio.unwrap(), case.noise);
        assert_eq!(row.reach.len(), case.reach.len());
        for (reach, expected) in row.reach.iter().zip(case.reach) {
            assert_eq!(reach.change_ratio.is_some(), expected.is_some());
            close(reach.change_ratio.unwrap_or(0.0), expected.unwrap_or(0.0));
        }
        match (row.told, case.told_rounds) {
            (Told::Within { rounds, seconds }, Some(expected)) => {
                assert_eq!(rounds, expected);
                close(seconds, case.told_s.unwrap());
            }
            (Told::NotWithin { .. }, None) => {}
            (told, expected) => panic!("{told:?}, the reference says {expected:?}"),
        }
        assert_eq!(row.suggested.map(|wanted| wanted.must_detect_ratio), case.suggested);
    }
}

#[test]
fn a_quiet_benchmark_is_told_and_a_wild_one_gets_a_rule() {
    let quiet = (wobbling(20, 0.002, 0), wobbling(20, 0.002, 31));
    let wild = (wobbling(20, 0.25, 0), wobbling(20, 0.25, 31));
    let all = calibrated(&[quiet, wild], &Protocol::default(), 1.0, "");
    assert!(matches!(all.metrics[0].told, Told::Within { rounds: 26, .. }), "{:?}", all.metrics[0].told);
    assert!(matches!(all.metrics[1].told, Told::NotWithin { .. }));
    let rules: Vec<&str> = all.rules.iter().map(|rule| rule.benchmark.as_str()).collect();
    assert_eq!(rules, ["core/b001"]);
    let (tolerance, must_detect) = all.rules[0].thresholds.unwrap();
    assert!(must_detect > 0.05 && (tolerance - 0.4 * must_detect).abs() < 1e-12);
    assert_eq!(all.alarms, []);
}

#[test]
fn where_nothing_of_a_suite_can_be_told_one_rule_is_for_all_of_it() {
    let wild = |noise| (wobbling(20, noise, 0), wobbling(20, noise, 31));
    let all = calibrated(&[wild(0.25), wild(0.25), wild(0.40)], &Protocol::default(), 1.0, "");
    let rules: Vec<&str> = all.rules.iter().map(|rule| rule.benchmark.as_str()).collect();
    assert_eq!(rules, ["core/*", "core/b002"]);
    assert!(all.rules[1].thresholds > all.rules[0].thresholds);
}

#[test]
fn two_groups_far_rounds_and_an_effect_of_the_order_are_named() {
    let groups: Vec<f64> =
        wobbling(20, 0.001, 0).into_iter().zip(0..).map(|(v, i)| v + f64::from(i % 2) * 0.2).collect();
    assert!(matches!(alone(groups.clone(), groups).shapes[..], [Shape::Bimodal { .. }]));

    let mut far = wobbling(20, 0.002, 0);
    (far[3], far[11]) = (1.5, 1.6);
    assert!(matches!(alone(far, wobbling(20, 0.002, 31)).shapes[..], [Shape::HeavyTailed { rounds: 2 }]));

    let first: BTreeMap<u32, Arm> = (0..20).map(|round| (round, Arm::BOTH[(round % 2) as usize])).collect();
    let second = |arm| move |(round, value): (u32, f64)| if first_of(round) == arm { value } else { value * 1.03 };
    let (base, head) = (wobbling(20, 0.002, 0), wobbling(20, 0.002, 31));
    let base: Vec<f64> = (0..).zip(base).map(second(Arm::Base)).collect();
    let head: Vec<f64> = (0..).zip(head).map(second(Arm::Head)).collect();
    let id = time("b000").id.benchmark;
    let protocol = Protocol { first: BTreeMap::from([(id, first)]), ..Protocol::default() };
    let row = calibrated(&[(base, head)], &protocol, 1.0, "").metrics.remove(0);
    let ordered =
        |shape: &Shape| matches!(shape, Shape::Ordered { second_ratio } if (second_ratio - 0.03).abs() < 0.005);
    assert!(row.shapes.iter().any(ordered), "{:?}", row.shapes);
}

fn first_of(round: u32) -> Arm {
    Arm::BOTH[(round % 2) as usize]
}

#[test]
fn a_machine_that_favours_one_arm_is_an_alarm() {
    let slower: Vec<f64> = wobbling(20, 0.002, 31).into_iter().map(|value| 1.1 * value).collect();
    let all = calibrated(&[(wobbling(20, 0.002, 0), slower)], &Protocol::default(), 1.0, "[gate]\nmax-rounds = 20\n");
    assert_eq!(all.alarms.len(), 1);
}

#[test]
fn what_is_ignored_is_left_out_and_too_few_rounds_say_nothing() {
    let sides = (wobbling(20, 0.002, 0), wobbling(20, 0.002, 31));
    let ignored = "[[rule]]\nseverity = \"ignored\"\n";
    let all = calibrated(&[sides], &Protocol::default(), 1.0, ignored);
    assert_eq!((all.metrics.len(), all.ignored), (0, 1));
    assert_eq!(alone(wobbling(4, 0.1, 0), wobbling(4, 0.1, 31)).told, Told::Unknown);
}

proptest! {
    #[test]
    fn more_noise_never_shows_less_of_a_change(noise in 0.0005..0.2_f64, more in 1.1..4.0_f64) {
        let of = |noise: f64| alone(wobbling(20, noise, 0), wobbling(20, noise, 31));
        let (quiet, loud) = (of(noise), of(noise * more));
        for (quiet, loud) in quiet.reach.iter().zip(&loud.reach) {
            prop_assert!(quiet.change_ratio <= loud.change_ratio);
        }
        let smallest = |row: &Calibrated| row.suggested.map_or(f64::INFINITY, |wanted| wanted.must_detect_ratio);
        prop_assert!(smallest(&quiet) <= smallest(&loud));
    }

    #[test]
    fn the_scale_of_the_values_and_which_arm_is_called_base_do_not_matter(
        scale in 1e-6..1e6_f64, noise in 0.0005..0.2_f64,
    ) {
        let scaled = |values: Vec<f64>| values.into_iter().map(|value| value * scale).collect::<Vec<_>>();
        let (base, head) = (wobbling(20, noise, 0), wobbling(20, noise, 31));
        let one = alone(base.clone(), head.clone());
        let other = alone(scaled(head), scaled(base));
        prop_assert!((one.noise_ratio.unwrap() - other.noise_ratio.unwrap()).abs() < 1e-9);
        prop_assert_eq!(one.suggested.map(|wanted| wanted.must_detect_ratio), other.suggested.map(|wanted| wanted.must_detect_ratio));
    }
}
