//! The signed-rank test against enumeration, `SciPy` and its own laws. Refuses to know the code under test.

use proptest::prelude::*;

use super::*;
use crate::stats::fixture::{assert_close, assert_close_ratio, cases};

const CAPS: [Cap; 3] = [Cap::Third, Cap::Uncapped, Cap::Sign];
const PUBLISHED: [f64; 12] = [0.051, 0.043, 0.062, -0.008, 0.055, 0.047, 0.039, 0.300, 0.058, 0.044, 0.049, -0.021];

#[derive(serde::Deserialize)]
struct Reference {
    differences: Vec<f64>,
    theta: f64,
    alpha: f64,
    cap: String,
    greater: f64,
    less: f64,
    /// Lower and upper, an infinite one as null; left out where walking every average would take too long.
    bounds: Option<[Option<f64>; 2]>,
}

fn cap(name: &str) -> Cap {
    match name {
        "third" => Cap::Third,
        "uncapped" => Cap::Uncapped,
        "sign" => Cap::Sign,
        other => panic!("no cap {other}"),
    }
}

fn check(case: &Reference) {
    let pairs = PairedDifferences::new(&case.differences, cap(&case.cap)).unwrap();
    assert_close_ratio(pairs.p_value_greater(case.theta), case.greater, 1e-12);
    assert_close_ratio(pairs.p_value_less(case.theta), case.less, 1e-12);
    if let Some([lower, upper]) = case.bounds {
        assert_close(pairs.lower_bound(case.alpha), lower.unwrap_or(f64::NEG_INFINITY), 1e-12);
        assert_close(pairs.upper_bound(case.alpha), upper.unwrap_or(f64::INFINITY), 1e-12);
    }
}

#[test]
fn small_samples_agree_with_looking_at_every_sign() {
    for case in cases::<Reference>(include_str!("../../../tests/fixtures/stats/signed_rank_small.json")) {
        assert!(case.bounds.is_some());
        check(&case);
    }
}

#[test]
fn large_samples_agree_with_whole_numbers() {
    for case in cases::<Reference>(include_str!("../../../tests/fixtures/stats/signed_rank_large.json")) {
        check(&case);
    }
}

#[derive(serde::Deserialize)]
struct Wilcoxon {
    differences: Vec<f64>,
    hodges_lehmann: f64,
    greater: f64,
    less: f64,
}

#[test]
fn without_a_cap_it_is_wilcoxons_test() {
    for case in cases::<Wilcoxon>(include_str!("../../../tests/fixtures/stats/wilcoxon.json")) {
        let pairs = PairedDifferences::new(&case.differences, Cap::Uncapped).unwrap();
        assert_close_ratio(pairs.p_value_greater(0.0), case.greater, 1e-9);
        assert_close_ratio(pairs.p_value_less(0.0), case.less, 1e-9);
        assert_close(pairs.estimate(), case.hodges_lehmann, 1e-12);
    }
}

#[test]
fn the_published_values_are_met() {
    let uncapped = PairedDifferences::new(&PUBLISHED, Cap::Uncapped).unwrap();
    let capped = PairedDifferences::new(&PUBLISHED, Cap::Third).unwrap();
    assert_close(uncapped.p_value_greater(0.0), 0.001_220_703_125, 1e-15);
    assert_close(capped.p_value_greater(0.0), 0.001_220_703_125, 1e-15);
    assert_close(uncapped.p_value_greater(1.02_f64.ln()), 0.031_982_421_875, 1e-15);
    assert_close(capped.p_value_greater(1.02_f64.ln()), 0.023_925_781_25, 1e-15);
    assert_close(uncapped.estimate(), 0.048_25, 1e-12);
    for (alpha, bound_uncapped, bound_capped) in
        [(0.05, 0.0215, 0.0415), (0.01, 0.0155, 0.0175), (0.001, -0.008, -0.008)]
    {
        assert_close(uncapped.lower_bound(alpha), bound_uncapped, 1e-12);
        assert_close(capped.lower_bound(alpha), bound_capped, 1e-12);
    }
}

#[test]
fn the_least_p_value_halves_with_each_round() {
    for (rounds, least) in [(6, 0.015_625), (10, 9.765_625e-4), (14, 6.103_515_625e-5), (20, 9.536_743_164_062_5e-7)] {
        for cap in CAPS {
            let pairs = PairedDifferences::new(&vec![0.1; rounds], cap).unwrap();
            assert_close_ratio(pairs.p_value_greater(0.0), least, 1e-15);
            assert_close_ratio(pairs.lower_bound(least), 0.1, 1e-15);
            assert!(pairs.lower_bound(least * 0.99).is_infinite());
        }
    }
}

#[test]
fn equal_differences_are_their_own_interval() {
    let pairs = PairedDifferences::new(&[0.25; 9], Cap::Third).unwrap();
    assert_eq!(pairs.interval(0.99), (0.25, 0.25));
    assert_close(pairs.estimate(), 0.25, 0.0);
    assert_close(pairs.p_value_greater(0.25), 1.0, 0.0);
    assert_close(pairs.p_value_less(0.25), 1.0, 0.0);
}

#[test]
fn too_few_rounds_rule_nothing_out() {
    let pairs = PairedDifferences::new(&[5.0, 6.0], Cap::Third).unwrap();
    assert_eq!(pairs.interval(0.99), (f64::NEG_INFINITY, f64::INFINITY));
    assert_close(pairs.p_value_greater(f64::NAN), 1.0, 0.0);
    assert!(pairs.lower_bound(f64::NAN).is_infinite());
    assert!(pairs.lower_bound(-1.0).is_infinite());
}

#[test]
fn what_cannot_be_tested_is_refused() {
    let refusal = |differences: &[f64]| PairedDifferences::new(differences, Cap::Third).unwrap_err();
    assert_eq!(refusal(&[]), PairedDifferencesError::Empty);
    assert_eq!(refusal(&[1.0, f64::NAN]), PairedDifferencesError::NotFinite);
    assert_eq!(refusal(&[f64::INFINITY]), PairedDifferencesError::NotFinite);
    assert_eq!(refusal(&[0.0; 1001]), PairedDifferencesError::TooManyRounds { rounds: 1001 });
}

#[test]
fn a_thousand_rounds_and_the_largest_numbers_still_work() {
    let differences: Vec<f64> = (0..1000_u32).map(|index| f64::MAX * (f64::from(index) / 999.0 - 0.25)).collect();
    let pairs = PairedDifferences::new(&differences, Cap::Third).unwrap();
    assert!(pairs.p_value_greater(0.0) > 0.0 && pairs.p_value_greater(0.0) < 1e-9);
    assert!(pairs.lower_bound(0.01) <= pairs.estimate() && pairs.estimate() <= pairs.upper_bound(0.01));
}

/// Among all sign patterns of given distances, no level is exceeded more often than it says.
#[test]
fn the_size_is_kept_whatever_the_ties_and_zeros() {
    let distances: [&[f64]; 6] = [
        &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
        &[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
        &[0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 9.0],
        &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0],
        &[1.0, 2.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0],
        &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    ];
    for (distances, cap) in distances.into_iter().flat_map(|distances| CAPS.map(|cap| (distances, cap))) {
        let mut p_values: Vec<f64> = (0..1_u32 << distances.len())
            .map(|signs| {
                let flip =
                    |(index, distance): (usize, &f64)| if signs >> index & 1 == 1 { -distance } else { *distance };
                let differences: Vec<f64> = distances.iter().enumerate().map(flip).collect();
                PairedDifferences::new(&differences, cap).unwrap().p_value_greater(0.0)
            })
            .collect();
        p_values.sort_unstable_by(f64::total_cmp);
        for (index, p_value) in p_values.iter().enumerate() {
            let as_small = p_values[index..].iter().take_while(|other| *other <= p_value).count() + index;
            assert!(as_small as f64 / p_values.len() as f64 <= p_value + 1e-15);
        }
    }
}

fn rounds() -> impl Strategy<Value = (Vec<f64>, Cap)> {
    let smooth = prop::collection::vec(-1.0..1.0_f64, 1..40);
    let tied = prop::collection::vec((-4..8_i8).prop_map(|step| f64::from(step) / 8.0), 1..40);
    (prop_oneof![smooth, tied], prop::sample::select(&CAPS))
}

proptest! {
    #[test]
    fn a_p_value_is_a_probability_and_rises_with_the_margin((differences, cap) in rounds(), low in -1.5..1.5_f64, step in 0.0..1.0_f64) {
        let pairs = PairedDifferences::new(&differences, cap).unwrap();
        let (below, above) = (pairs.p_value_greater(low), pairs.p_value_greater(low + step));
        prop_assert!(0.0 < below && below <= above && above <= 1.0);
        prop_assert!(pairs.p_value_less(low) >= pairs.p_value_less(low + step));
    }

    #[test]
    fn the_order_of_rounds_does_not_matter((differences, cap) in rounds(), theta in -1.0..1.0_f64, alpha in 0.0..0.5_f64) {
        let mut other = differences.clone();
        other.reverse();
        other.rotate_left(differences.len() / 3);
        let (one, other) = (PairedDifferences::new(&differences, cap).unwrap(), PairedDifferences::new(&other, cap).unwrap());
        assert_close(one.p_value_greater(theta), other.p_value_greater(theta), 0.0);
        assert_close(one.lower_bound(alpha), other.lower_bound(alpha), 0.0);
        assert_close(one.estimate(), other.estimate(), 0.0);
    }

    #[test]
    fn swapping_the_arms_mirrors_every_answer((differences, cap) in rounds(), theta in -1.0..1.0_f64, alpha in 0.0..0.5_f64) {
        let swapped: Vec<f64> = differences.iter().map(|difference| -difference).collect();
        let (one, other) = (PairedDifferences::new(&differences, cap).unwrap(), PairedDifferences::new(&swapped, cap).unwrap());
        assert_close(one.p_value_greater(theta), other.p_value_less(-theta), 0.0);
        prop_assert!((one.lower_bound(alpha) + other.upper_bound(alpha)).abs() < 1e-300 || one.lower_bound(alpha).is_infinite());
        prop_assert_eq!(one.lower_bound(alpha).is_infinite(), other.upper_bound(alpha).is_infinite());
        prop_assert!((one.estimate() + other.estimate()).abs() <= 1e-15);
    }

    #[test]
    fn the_answers_move_and_scale_with_the_differences((differences, cap) in rounds(), shift in -8..8_i8, alpha in 0.0..0.5_f64) {
        // A power of two and an eighth keep tied differences tied.
        let shift = f64::from(shift) / 8.0;
        let moved: Vec<f64> = differences.iter().map(|difference| 4.0 * difference + shift).collect();
        let (one, other) = (PairedDifferences::new(&differences, cap).unwrap(), PairedDifferences::new(&moved, cap).unwrap());
        assert_close(other.estimate(), 4.0 * one.estimate() + shift, 1e-12);
        assert_close(other.lower_bound(alpha), 4.0 * one.lower_bound(alpha) + shift, 1e-12);
        assert_close(other.upper_bound(alpha), 4.0 * one.upper_bound(alpha) + shift, 1e-12);
    }

    #[test]
    fn the_estimate_lies_between_the_bounds_and_they_between_the_differences((differences, cap) in rounds(), alpha in 0.0..0.499_f64) {
        let pairs = PairedDifferences::new(&differences, cap).unwrap();
        let (lower, upper) = (pairs.lower_bound(alpha), pairs.upper_bound(alpha));
        prop_assert!(lower <= pairs.estimate() && pairs.estimate() <= upper);
        let (least, largest) = differences.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, largest), d| (least.min(*d), largest.max(*d)));
        prop_assert!(lower.is_infinite() || (least <= lower && upper <= largest));
    }

    #[test]
    fn a_bound_is_where_the_p_value_crosses_the_level((differences, cap) in rounds(), alpha in 0.0001..0.5_f64) {
        let pairs = PairedDifferences::new(&differences, cap).unwrap();
        let (lower, upper) = (pairs.lower_bound(alpha), pairs.upper_bound(alpha));
        if lower.is_finite() {
            prop_assert!(pairs.p_value_greater(lower - 1e-12) <= alpha && alpha < pairs.p_value_greater(lower));
            prop_assert!(pairs.p_value_less(upper + 1e-12) <= alpha && alpha < pairs.p_value_less(upper));
        } else {
            prop_assert!(0.5_f64.powf(differences.len() as f64) > alpha);
        }
    }

    #[test]
    fn the_p_value_and_the_bound_never_contradict((differences, cap) in rounds(), theta in -16..16_i8, alpha in 0.0001..0.5_f64) {
        let theta = f64::from(theta) / 16.0;
        let pairs = PairedDifferences::new(&differences, cap).unwrap();
        prop_assert_eq!(pairs.p_value_greater(theta) <= alpha, pairs.lower_bound(alpha) > theta);
        prop_assert_eq!(pairs.p_value_less(theta) <= alpha, pairs.upper_bound(alpha) < theta);
    }
}
