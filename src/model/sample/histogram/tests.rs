//! Quantiles of recorded values against those of the values themselves, and what cannot be recorded.

use proptest::prelude::*;

use super::*;

fn of(values: &[f64]) -> Histogram {
    let mut histogram = Histogram::default();
    for value in values {
        histogram.record(*value, 1).unwrap();
    }
    histogram
}

#[derive(serde::Deserialize)]
struct Case {
    values: Vec<f64>,
    times: Vec<u64>,
    probability: f64,
    lower: f64,
    higher: f64,
    mean: f64,
    max: f64,
}

#[test]
fn quantiles_agree_with_those_of_the_raw_values_up_to_the_width_of_a_bucket() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("../../../../tests/fixtures/stats/histogram.json")).unwrap();
    assert!(cases.len() >= 50);
    for case in cases {
        let mut histogram = Histogram::default();
        for (value, times) in case.values.iter().zip(&case.times) {
            histogram.record(*value, *times).unwrap();
        }
        let found = histogram.quantile(case.probability).unwrap();
        let (low, high) = (case.lower * (1.0 - 1e-3), case.higher * (1.0 + 1e-3));
        assert!((low..=high).contains(&found), "{found} of {}..{}", case.lower, case.higher);
        let close = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() <= 1e-9 * expected.abs();
        assert!(close(histogram.summary(Summary::Mean), case.mean));
        assert!(close(histogram.summary(Summary::Max), case.max));
    }
}

#[test]
fn a_histogram_without_values_has_no_numbers_and_one_value_is_all_of_them() {
    let empty = Histogram::default();
    assert!(Summary::ALL.into_iter().all(|summary| empty.summary(summary).is_none()));
    assert_eq!((empty.quantile(0.5), empty.count(), empty.buckets()), (None, 0, 0));
    for value in [0.0, 1e-300, 0.123_456_789, 7.0, MAGNITUDE_MAX] {
        let mut many = of(&[value]);
        for summary in Summary::ALL {
            assert!(many.summary(summary).unwrap().total_cmp(&value).is_eq(), "{summary:?} of {value}");
        }
        many.record(value, 999).unwrap();
        let spread = [0.0, 0.3, 1.0].map(|p| many.quantile(p).unwrap());
        assert!(spread.iter().all(|found| found.total_cmp(&value).is_eq()), "all equal: {spread:?}");
    }
    assert_eq!(of(&[-0.0]), of(&[0.0]));
    assert_eq!(of(&[1.0]).quantile(f64::NAN), None);
}

#[test]
fn what_cannot_be_measured_is_not_recorded() {
    let mut histogram = of(&[1.0]);
    for value in [f64::NAN, f64::INFINITY, -1.0, 1e101] {
        assert!(matches!(histogram.record(value, 1), Err(SampleError::BadValue { position: 1, .. })), "{value}");
    }
    assert!(matches!(histogram.record(1.0, u64::MAX), Err(SampleError::TooMany { .. })));
    let mut full = Histogram::default();
    full.record(1.0, COUNT_MAX).unwrap();
    assert!(matches!(histogram.merge(&full), Err(SampleError::TooMany { .. })));
    histogram.record(5.0, 0).unwrap();
    assert_eq!(histogram, of(&[1.0]), "what was refused left no trace");
}

#[test]
fn ten_million_values_over_six_decades_take_little_memory() {
    let mut histogram = Histogram::default();
    for step in 0..10_000_u32 {
        histogram.record(1e-6 * 10_f64.powf(6.0 * f64::from(step) / 10_000.0), 1000).unwrap();
    }
    assert_eq!(histogram.count(), 10_000_000);
    assert!(histogram.buckets() <= 20 * 1024 + 1, "{}", histogram.buckets());
    assert!((histogram.quantile(0.5).unwrap() / 1e-3 - 1.0).abs() < 2e-3);
}

#[test]
fn a_histogram_written_down_comes_back_whole_and_a_made_up_one_does_not() {
    let histogram = of(&[0.0, 0.25, 0.25, 7e9]);
    let parts = histogram.parts();
    assert_eq!(Histogram::from_parts(parts.clone()), Some(histogram));
    let broken = [
        Parts { buckets: vec![], ..parts.clone() },
        Parts { buckets: parts.buckets.iter().rev().copied().collect(), ..parts.clone() },
        Parts { buckets: parts.buckets.iter().map(|(bucket, _)| (*bucket, 0)).collect(), ..parts.clone() },
        Parts { buckets: parts.buckets.iter().map(|(bucket, _)| (*bucket, u64::MAX / 2)).collect(), ..parts.clone() },
        Parts { min: f64::NAN, ..parts.clone() },
        Parts { max: 8e12, ..parts.clone() },
        Parts { sum: f64::INFINITY, ..parts },
    ];
    assert!(broken.into_iter().all(|parts| Histogram::from_parts(parts).is_none()));
}

#[test]
fn beyond_a_quantile_lies_its_share_of_the_values() {
    let mut histogram = Histogram::default();
    histogram.record(1.0, 100_000).unwrap();
    assert_eq!(
        [Summary::P999, Summary::P99, Summary::P50, Summary::Max].map(|s| histogram.beyond(s)),
        [100, 1000, 50_000, 0]
    );
}

#[test]
fn a_summary_is_called_by_the_name_it_has() {
    for summary in Summary::ALL {
        assert_eq!(Summary::parse(summary.as_str()), Some(summary));
    }
    assert_eq!(Summary::parse("p42"), None);
}

proptest! {
    #[test]
    fn a_quantile_lies_within_a_bucket_of_its_order_statistic(
        exponents in prop::collection::vec(-30.0..30.0_f64, 1..200),
        probability in 0.0..1.0_f64,
    ) {
        let mut values: Vec<f64> = exponents.iter().map(|exponent| exponent.exp2()).collect();
        let found = of(&values).quantile(probability).unwrap();
        values.sort_unstable_by(f64::total_cmp);
        let at = probability * (values.len() - 1) as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        let (below, above) = (values[at.floor() as usize], values[at.ceil() as usize]);
        prop_assert!(below * (1.0 - 1e-3) <= found && found <= above * (1.0 + 1e-3), "{found} of {below}..{above}");
    }

    #[test]
    fn quantiles_rise_with_their_probability(values in prop::collection::vec(0.0..9.0_f64, 1..60), one in 0.0..1.0_f64, two in 0.0..1.0_f64) {
        let histogram = of(&values);
        prop_assert!(histogram.quantile(one.min(two)) <= histogram.quantile(one.max(two)));
    }

    #[test]
    fn merging_is_recording_everything_in_one(one in prop::collection::vec(0.0..9.0_f64, 0..40), two in prop::collection::vec(0.0..9.0_f64, 0..40)) {
        let mut merged = of(&one);
        merged.merge(&of(&two)).unwrap();
        let all = of(&[one, two].concat());
        prop_assert_eq!(&merged.buckets, &all.buckets);
        prop_assert_eq!((merged.count, merged.min.to_bits(), merged.max.to_bits()), (all.count, all.min.to_bits(), all.max.to_bits()));
        prop_assert!((merged.sum - all.sum).abs() <= 1e-9);
    }

    #[test]
    fn the_unit_of_the_values_does_not_matter(values in prop::collection::vec(1e-3..1e3_f64, 1..60), probability in 0.0..1.0_f64) {
        let scaled: Vec<f64> = values.iter().map(|value| value * 1024.0).collect();
        let (one, other) = (of(&values).quantile(probability).unwrap(), of(&scaled).quantile(probability).unwrap());
        prop_assert!((other / one / 1024.0 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn pairs_recorded_again_give_the_same_quantiles_up_to_a_bucket(values in prop::collection::vec(1e-3..1e3_f64, 1..60), probability in 0.0..1.0_f64) {
        let one = of(&values);
        let mut other = Histogram::default();
        for (value, times) in one.pairs() {
            other.record(value, times).unwrap();
        }
        prop_assert!((other.quantile(probability).unwrap() / one.quantile(probability).unwrap() - 1.0).abs() < 1e-3);
        prop_assert_eq!(other.buckets, one.buckets);
    }
}
