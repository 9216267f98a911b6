//! What is said of disturbed rounds, against an independent reference (`tests/reference/health.py`), and what it must not depend on.

use proptest::prelude::*;
use proptest::sample::Index;
use serde::de::DeserializeOwned;
use tollgate::model::judgement::Warning;
use tollgate::model::{CanaryState, CommonShift, Effect, Metric, Precision, Protocol, Run, Sample, Series};

use super::made::metric;
use super::*;

/// What is said of one metric: of order, groups, equal values and tails at most one.
#[derive(Debug, Default, PartialEq, serde::Deserialize)]
struct Said {
    order: Option<f64>,
    drift: Option<f64>,
    groups: Option<String>,
    equal: Option<Equal>,
    tails: Option<(u32, u32)>,
}

#[derive(Debug, PartialEq, serde::Deserialize)]
#[serde(untagged)]
enum Equal {
    Most(u32, u32),
    All(String),
}

/// Whole nanoseconds of one benchmark in each round, and which arm ran first.
#[derive(Clone, Debug, serde::Deserialize)]
struct Rounds {
    base: Vec<Option<u64>>,
    head: Vec<Option<u64>>,
    first: String,
}

fn cases<T: DeserializeOwned>(json: &str) -> Vec<T> {
    let cases: Vec<T> = serde_json::from_str(json).unwrap();
    assert!(cases.len() >= 50, "only {} cases", cases.len());
    cases
}

#[track_caller]
fn assert_near(actual: f64, expected: f64) {
    let near = actual.total_cmp(&expected).is_eq() || (actual - expected).abs() <= 1e-9 * expected.abs().max(1.0);
    assert!(near, "got {actual}, the reference says {expected}");
}

fn series(metric: &Metric, values: &[Option<u64>], unit: f64) -> Series {
    let some = (0..).zip(values).filter_map(|(round, value)| Some((round, (*value)?)));
    let sample = |value: u64| Sample::new(vec![f64::from(u32::try_from(value).unwrap()) * 1e-9 * unit]).unwrap();
    Series { metric: metric.clone(), rounds: some.map(|(round, value)| (round, sample(value))).collect() }
}

/// Judges benchmarks in the order of their names; values are times `unit`.
fn judged(benchmarks: &[(&str, &Rounds)], unit: f64) -> Judgement {
    let mut protocol = Protocol::default();
    let (mut base, mut head) = (Run::new(revision("base"), environment()), Run::new(revision("head"), environment()));
    for (name, rounds) in benchmarks {
        let metric = metric(name);
        let arm = |first: char| if first == 'b' { Arm::Base } else { Arm::Head };
        let first = (0..).zip(rounds.first.chars().map(arm)).collect();
        protocol.first.insert(metric.id.benchmark.clone(), first);
        base.series.insert(metric.id.clone(), series(&metric, &rounds.base, unit));
        head.series.insert(metric.id.clone(), series(&metric, &rounds.head, unit));
    }
    let rounds = u32::try_from(benchmarks[0].1.first.len()).unwrap();
    let evidence = Evidence { protocol: &protocol, ..Evidence::of(Some(&base), &head, rounds) };
    judge::judge(&evidence, &policy(""), &circumstances(Against::Base))
}

/// What is said of a benchmark by itself.
fn said(rounds: &Rounds, unit: f64) -> Said {
    let judgement = judged(&[("a", rounds)], unit);
    let mut said = Said::default();
    for warning in &judgement.rows[0].warnings {
        match warning {
            Warning::OrderBias { second } => said.order = Some(second.0),
            Warning::Drifting { ratio } => said.drift = Some(ratio.0),
            Warning::Bimodal => said.groups = Some("both".to_owned()),
            Warning::BimodalAlone { arm } => said.groups = Some(arm.as_str().to_owned()),
            Warning::NoSpread => said.equal = Some(Equal::All("all".to_owned())),
            Warning::Ties { equal, of } => said.equal = Some(Equal::Most(*equal, *of)),
            Warning::HeavyTails { far, of } => said.tails = Some((*far, *of)),
            other => unreachable!("nothing brings about {other:?}"),
        }
    }
    said
}

#[track_caller]
fn agree(actual: &Said, expected: &Said) {
    let both = [(actual.order, expected.order), (actual.drift, expected.drift)];
    for (actual, expected) in both {
        assert_eq!(actual.is_some(), expected.is_some());
        assert_near(actual.unwrap_or(0.0), expected.unwrap_or(0.0));
    }
    let rules = |said: &Said| format!("{:?} {:?} {:?}", said.groups, said.equal, said.tails);
    assert_eq!(rules(actual), rules(expected));
}

#[derive(serde::Deserialize)]
struct Case {
    #[serde(flatten)]
    rounds: Rounds,
    said: Said,
}

#[test]
fn what_is_said_of_one_metric_agrees_with_the_reference() {
    for json in [
        include_str!("../../fixtures/stats/health/order.json"),
        include_str!("../../fixtures/stats/health/drift.json"),
        include_str!("../../fixtures/stats/health/groups.json"),
        include_str!("../../fixtures/stats/health/equal.json"),
        include_str!("../../fixtures/stats/health/tails.json"),
    ] {
        for case in cases::<Case>(json) {
            agree(&said(&case.rounds, 1.0), &case.said);
        }
    }
}

#[derive(Debug, serde::Deserialize)]
struct Moved {
    ratio: f64,
    lower: f64,
    upper: f64,
    benchmarks: u32,
    rounds: u32,
}

#[derive(serde::Deserialize)]
struct Together {
    head: Vec<Vec<Option<u64>>>,
    first: Vec<String>,
    shift: Option<Moved>,
    order: Option<Moved>,
}

const NAMES: [&str; 14] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n"];

impl Together {
    /// Its benchmarks; base takes a millisecond in every round.
    fn rounds(&self) -> Vec<Rounds> {
        let of = |(head, first): (&Vec<Option<u64>>, &String)| Rounds {
            base: vec![Some(1_000_000); head.len()],
            head: head.clone(),
            first: first.clone(),
        };
        self.head.iter().zip(&self.first).map(of).collect()
    }
}

fn named(rounds: &[Rounds]) -> Vec<(&'static str, &Rounds)> {
    NAMES.into_iter().zip(rounds).collect()
}

fn ends(effect: &Effect) -> [f64; 3] {
    let Precision::Interval { lower, upper, .. } = effect.precision else { unreachable!("rounds scatter") };
    [effect.change.value(), lower, upper]
}

#[track_caller]
fn agree_moved(actual: Option<&CommonShift>, expected: Option<&Moved>) {
    assert_eq!(actual.is_some(), expected.is_some(), "{actual:?} {expected:?}");
    if let (Some(actual), Some(expected)) = (actual, expected) {
        assert_eq!((actual.benchmarks, actual.rounds), (expected.benchmarks, expected.rounds));
        let expected = [expected.ratio, expected.lower, expected.upper];
        ends(&actual.effect).into_iter().zip(expected).for_each(|(actual, expected)| assert_near(actual, expected));
    }
}

#[test]
fn what_all_benchmarks_did_together_agrees_with_the_reference() {
    for case in cases::<Together>(include_str!("../../fixtures/stats/health/together.json")) {
        let judgement = judged(&named(&case.rounds()), 1.0);
        agree_moved(judgement.common_shift.as_ref(), case.shift.as_ref());
        agree_moved(judgement.order_bias.as_ref(), case.order.as_ref());
    }
}

#[derive(serde::Deserialize)]
struct Twice {
    one: Vec<Option<u64>>,
    other: Vec<Option<u64>>,
    state: String,
    ratio: f64,
    lower: f64,
    upper: Option<f64>,
}

/// Base against itself: the state, and the change with its interval.
fn canary(one: &[Option<u64>], other: &[Option<u64>], unit: f64) -> (CanaryState, [f64; 3]) {
    let metric = metric("a");
    let [one, other] = [one, other].map(|values| series(&metric, values, unit));
    let mut base = Run::new(revision("base"), environment());
    base.series.insert(metric.id, one.clone());
    let rounds = u32::try_from(one.rounds.len()).unwrap();
    let protocol = Protocol { canary: Some(tollgate::model::Canary { one, other }), ..Protocol::default() };
    let evidence = Evidence { protocol: &protocol, ..Evidence::of(Some(&base), &base, rounds) };
    let check = judge::judge(&evidence, &policy(""), &circumstances(Against::Base)).canary.unwrap();
    (check.state, ends(&check.effect))
}

#[test]
fn base_against_itself_agrees_with_the_reference() {
    for case in cases::<Twice>(include_str!("../../fixtures/stats/health/canary.json")) {
        let (state, [ratio, lower, upper]) = canary(&case.one, &case.other, 1.0);
        let expected = match case.state.as_str() {
            "moved" => CanaryState::Moved,
            "still" => CanaryState::Still,
            _ => CanaryState::TooFewRounds { need: 10 },
        };
        assert_eq!(state, expected);
        assert_near(ratio, case.ratio);
        assert_near(lower, case.lower);
        assert_near(upper, case.upper.unwrap_or(f64::INFINITY));
    }
}

/// A millisecond, a little more or less: the noise in parts of `spread`.
fn times(rounds: usize, spread: u64) -> impl Strategy<Value = Vec<Option<u64>>> {
    prop::collection::vec((1_000_000 - spread..1_000_000 + spread).prop_map(Some), rounds)
}

fn rounds(count: usize, spread: u64) -> impl Strategy<Value = Rounds> {
    let first = prop::collection::vec(prop::bool::ANY.prop_map(|base| if base { 'b' } else { 'h' }), count);
    (times(count, spread), times(count, spread), first).prop_map(|(base, head, first)| Rounds {
        base,
        head,
        first: first.into_iter().collect(),
    })
}

/// Slower by a share where the arm ran second.
fn second_slower(rounds: &Rounds, percent: u64) -> Rounds {
    let slower = |values: &[Option<u64>], own: char| {
        let ran = values.iter().zip(rounds.first.chars());
        ran.map(|(value, first)| value.map(|value| if first == own { value } else { value * (100 + percent) / 100 }))
            .collect()
    };
    Rounds { base: slower(&rounds.base, 'b'), head: slower(&rounds.head, 'h'), ..rounds.clone() }
}

fn swapped(rounds: &Rounds) -> Rounds {
    let first = rounds.first.chars().map(|first| if first == 'b' { 'h' } else { 'b' }).collect();
    Rounds { base: rounds.head.clone(), head: rounds.base.clone(), first }
}

/// Ten rounds of some benchmarks that all move by a share, and one of an order that matters.
fn together() -> impl Strategy<Value = Vec<Rounds>> {
    (prop::collection::vec(rounds(10, 8000), 4..12), 0_u64..3, 0_u64..5).prop_map(|(all, slower, second)| {
        let moved = |rounds: &Rounds| {
            let rounds = second_slower(rounds, second);
            let head = rounds.head.iter().map(|value| value.map(|value| value * (100 + slower) / 100)).collect();
            Rounds { head, ..rounds }
        };
        all.iter().map(moved).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn neither_the_unit_nor_swapped_arms_bear_on_an_order_that_matters(rounds in rounds(26, 8000), percent in 0_u64..8) {
        let rounds = second_slower(&rounds, percent);
        let here = said(&rounds, 1.0);
        // A power of two, so that no digit changes.
        agree(&said(&rounds, 1024.0), &here);
        let there = said(&swapped(&rounds), 1.0);
        prop_assert_eq!(here.order.is_some(), there.order.is_some());
        assert_near(here.order.unwrap_or(0.0), there.order.unwrap_or(0.0));
        prop_assert_eq!(format!("{:?}", here.tails), format!("{:?}", there.tails));
        prop_assert!(percent < 5 || here.order.is_some(), "{:?}", here);
    }

    #[test]
    fn more_of_what_disturbs_is_said_no_less(rounds in rounds(26, 8000), at in any::<Index>()) {
        let seen = |percent| said(&second_slower(&rounds, percent), 1.0).order;
        let sizes: Vec<f64> = (0..8).filter_map(seen).collect();
        prop_assert!(sizes.is_sorted(), "{:?}", sizes);
        prop_assert!((0..8).map(seen).is_sorted_by_key(|order| order.is_some()));
        // A round that is far out lies no nearer when it is farther out.
        let with = |far: u64| {
            let mut rounds = rounds.clone();
            for step in [0, 7, 13] {
                rounds.head[(at.index(26) + step) % 26] = Some(far);
            }
            said(&rounds, 1.0).tails
        };
        prop_assert_eq!(with(2_000_000), with(200_000_000));
    }

    #[test]
    fn the_names_and_the_unit_of_benchmarks_do_not_bear_on_what_they_did_together(all in together(), turn in 1_usize..9) {
        let here = judged(&named(&all), 1.0);
        let mut turned = all.clone();
        turned.rotate_left(turn % all.len());
        let there = judged(&named(&turned), 1024.0);
        prop_assert_eq!(&here.common_shift, &there.common_shift);
        prop_assert_eq!(&here.order_bias, &there.order_bias);
    }

    #[test]
    fn swapping_the_arms_turns_a_common_shift_round_and_leaves_the_order_as_it_is(all in together()) {
        let here = judged(&named(&all), 1.0);
        let swapped: Vec<Rounds> = all.iter().map(swapped).collect();
        let there = judged(&named(&swapped), 1.0);
        let order = |judgement: &Judgement| judgement.order_bias.as_ref().map(|bias| ends(&bias.effect));
        prop_assert_eq!(order(&here).is_some(), order(&there).is_some());
        for (one, other) in order(&here).into_iter().flatten().zip(order(&there).into_iter().flatten()) {
            assert_near(one, other);
        }
        let shift = |judgement: &Judgement| judgement.common_shift.as_ref().map(|shift| ends(&shift.effect).map(f64::ln_1p));
        let large = |shift: &[f64; 3]| shift[0].abs() > 0.006;
        let (one, other) = (shift(&here).filter(large), shift(&there).filter(large));
        prop_assert_eq!(one.is_some(), other.is_some());
        if let (Some(one), Some(other)) = (one, other) {
            for (one, other) in [(one[0], other[0]), (one[1], other[2]), (one[2], other[1])] {
                assert_near(one, -other);
            }
        }
    }

    #[test]
    fn base_that_differs_more_from_itself_is_trusted_no_sooner(one in times(12, 20_000), other in times(12, 20_000)) {
        let by = |percent: u64| -> Vec<Option<u64>> {
            other.iter().map(|value| value.map(|value| value * (100 + percent) / 100)).collect()
        };
        let moved = |percent| canary(&one, &by(percent), 1.0).0 == CanaryState::Moved;
        prop_assert!((0..10).map(moved).is_sorted());
        prop_assert!(!moved(0) && moved(9));
        // Which of the two is the one is a coin's choice.
        let (state, [ratio, ..]) = canary(&one, &by(5), 1.0);
        let (turned, [inverse, ..]) = canary(&by(5), &one, 1024.0);
        prop_assert_eq!(state, turned);
        assert_near(ratio.ln_1p(), -inverse.ln_1p());
    }
}
