//! One number for many: the middle, the spread and the quantiles of a sample. Refuses to know where the numbers come from.

use super::distribution::beta_cumulative;

/// Makes the median absolute deviation estimate the standard deviation of a normal sample: 1 / Φ⁻¹(3/4).
const MAD_TO_SD: f64 = 1.4826;

/// The middle value, or the mean of the two middle values, in the unit of the sample. `None` for an empty sample.
///
/// A NaN sorts above every number, so callers keep NaN out.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// A standard deviation that up to half of the values cannot spoil: 1.4826 × the median distance to the median. Hampel 1974.
///
/// In the unit of the sample, at least 0; 0 when more than half of the values are equal. `None` for an empty sample.
pub fn mad_sd(values: &[f64]) -> Option<f64> {
    let centre = median(values)?;
    let distances: Vec<f64> = values.iter().map(|value| (value - centre).abs()).collect();
    median(&distances).map(|distance| MAD_TO_SD * distance)
}

/// How many median distances from the median a value no longer counts for [`biweight_sd`].
const BIWEIGHT_REACH: f64 = 9.0;

/// A standard deviation that wild values cannot spoil and that makes much more of a calm sample than [`mad_sd`]: squares that weigh less the farther
/// out they are, and nothing from nine median distances on (the biweight; Mosteller & Tukey 1977, Lax 1985).
///
/// In the unit of the sample, at least 0; 0 when more than half of the values are equal. `None` for an empty sample.
pub fn biweight_sd(values: &[f64]) -> Option<f64> {
    let centre = median(values)?;
    let distances: Vec<f64> = values.iter().map(|value| (value - centre).abs()).collect();
    let reach = BIWEIGHT_REACH * median(&distances)?;
    if reach <= 0.0 {
        return Some(0.0);
    }
    let (mut squares, mut slopes) = (0.0, 0.0);
    for distance in distances.into_iter().filter(|distance| *distance < reach) {
        let share = (distance / reach).powi(2);
        squares += distance.powi(2) * (1.0 - share).powi(4);
        slopes += (1.0 - share) * (1.0 - 5.0 * share);
    }
    // Half of the shares or more are at most 1/81, so that the slopes, none of them below −0.8, sum to more than 0.
    Some((values.len() as f64 * squares).sqrt() / slopes)
}

/// The mean, in the unit of the sample. `None` for an empty sample.
pub fn mean(values: &[f64]) -> Option<f64> {
    if values.is_empty() { None } else { Some(values.iter().sum::<f64>() / values.len() as f64) }
}

/// The unbiased variance (divisor n − 1), in the square of the sample's unit. `None` for fewer than two values.
pub fn variance(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let centre = mean(values)?;
    Some(values.iter().map(|value| (value - centre).powi(2)).sum::<f64>() / (values.len() - 1) as f64)
}

/// The value below which the share `probability` lies, interpolated between order statistics: type 7 of Hyndman & Fan 1996, the default of R and `NumPy`.
///
/// In the unit of the sample, between its least and largest value. `probability` is clamped to [0, 1]. `None` for an empty sample or a NaN probability.
pub fn quantile(values: &[f64], probability: f64) -> Option<f64> {
    let sorted = sorted(values);
    let last = sorted.len().checked_sub(1)?;
    if probability.is_nan() {
        return None;
    }
    let position = last as f64 * probability.clamp(0.0, 1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "lies between 0 and the last index")]
    let below = position.floor() as usize;
    let above = (below + 1).min(last);
    let share = position - position.floor();
    Some(if share > 0.0 { sorted[below] * (1.0 - share) + sorted[above] * share } else { sorted[below] })
}

/// The quantile as a weighted mean of all order statistics, smoother than [`quantile`] on small samples. Harrell & Davis 1982.
///
/// In the unit of the sample. Every value has weight, so one outlier moves it: for many values or heavy tails use [`quantile`].
/// `probability` lies in (0, 1); at 0 and 1 it is the least and the largest value. `None` for an empty sample or a NaN probability.
pub fn quantile_harrell_davis(values: &[f64], probability: f64) -> Option<f64> {
    let sorted = sorted(values);
    if probability.is_nan() || probability <= 0.0 || probability >= 1.0 {
        return quantile(&sorted, probability);
    }
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return None };
    let count = sorted.len() as f64;
    let (a, b) = ((count + 1.0) * probability, (count + 1.0) * (1.0 - probability));
    let mut cumulative_before = 0.0;
    let mut sum = 0.0;
    for (index, value) in sorted.iter().enumerate() {
        let cumulative = beta_cumulative(a, b, (index + 1) as f64 / count);
        sum += (cumulative - cumulative_before) * value;
        cumulative_before = cumulative;
    }
    // The weights sum to 1 only up to rounding, which must not carry a constant sample out of its range.
    Some(sum.clamp(*first, *last))
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::fixture::{assert_close, cases};
    use proptest::prelude::*;

    #[derive(serde::Deserialize)]
    struct Summary {
        values: Vec<f64>,
        probability: f64,
        median: f64,
        mad_sd: f64,
        biweight_sd: f64,
        mean: f64,
        variance: Option<f64>,
        quantile: f64,
        harrell_davis: f64,
    }

    #[test]
    fn summaries_agree_with_the_reference() {
        for case in cases::<Summary>(include_str!("../../tests/fixtures/stats/summary.json")) {
            assert_close(median(&case.values).unwrap(), case.median, 1e-12);
            assert_close(mad_sd(&case.values).unwrap(), case.mad_sd, 1e-12);
            assert_close(biweight_sd(&case.values).unwrap(), case.biweight_sd, 1e-12);
            assert_close(mean(&case.values).unwrap(), case.mean, 1e-12);
            assert_eq!(variance(&case.values).is_some(), case.variance.is_some());
            assert_close(variance(&case.values).unwrap_or(0.0), case.variance.unwrap_or(0.0), 1e-12);
            assert_close(quantile(&case.values, case.probability).unwrap(), case.quantile, 1e-12);
            assert_close(quantile_harrell_davis(&case.values, case.probability).unwrap(), case.harrell_davis, 1e-9);
        }
    }

    #[test]
    fn the_published_harrell_davis_values_are_met() {
        let values = [1.2, 1.5, 1.1, 9.0, 1.3, 1.4, 1.25, 1.6, 1.35, 1.45];
        assert_close(quantile_harrell_davis(&values, 0.50).unwrap(), 1.379_494_9, 1e-7);
        assert_close(quantile_harrell_davis(&values, 0.90).unwrap(), 6.079_896_2, 1e-7);
        assert_close(quantile_harrell_davis(&values, 0.99).unwrap(), 8.830_610_5, 1e-7);
    }

    #[test]
    fn an_empty_sample_has_no_summary() {
        assert_eq!(median(&[]), None);
        assert_eq!(mad_sd(&[]), None);
        assert_eq!(biweight_sd(&[]), None);
        assert_eq!(mean(&[]), None);
        assert_eq!(variance(&[1.0]), None);
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile_harrell_davis(&[], 0.5), None);
        assert_eq!(quantile(&[1.0], f64::NAN), None);
        assert_eq!(quantile_harrell_davis(&[1.0], f64::NAN), None);
    }

    #[test]
    fn the_ends_of_the_quantiles_are_the_ends_of_the_sample() {
        let values = [3.0, 1.0, 2.0];
        assert_eq!(quantile(&values, -1.0), Some(1.0));
        assert_eq!(quantile(&values, 1.0), Some(3.0));
        assert_eq!(quantile_harrell_davis(&values, 0.0), Some(1.0));
        assert_eq!(quantile_harrell_davis(&values, 1.0), Some(3.0));
    }

    proptest! {
        #[test]
        fn spreads_follow_the_unit_and_not_the_level_the_order_or_wild_values(
            values in prop::collection::vec(-1.0..1.0_f64, 9..40), by in 0.01..100.0_f64, level in -100.0..100.0_f64,
        ) {
            let moved: Vec<f64> = values.iter().rev().map(|value| level + by * value).collect();
            // Fewer than half of the values may be anything, as long as all are beyond reach.
            let wild = |far: f64| -> Vec<f64> {
                let count = values.len() / 3;
                values.iter().enumerate().map(|(at, value)| if at < count { far } else { *value }).collect()
            };
            for of in [mad_sd, biweight_sd] {
                assert_close(of(&moved).unwrap(), by * of(&values).unwrap(), 1e-9);
                assert_close(of(&wild(1e3)).unwrap(), of(&wild(1e6)).unwrap(), 1e-9);
                prop_assert!(of(&wild(1e6)).unwrap() < 10.0);
            }
        }

        #[test]
        fn quantiles_stay_within_the_sample_and_rise_with_the_probability(
            values in prop::collection::vec(-1e3..1e3_f64, 1..40), low in 0.0..1.0_f64, high in 0.0..1.0_f64,
        ) {
            let (low, high) = if low <= high { (low, high) } else { (high, low) };
            for of in [quantile, quantile_harrell_davis] {
                let (below, above) = (of(&values, low).unwrap(), of(&values, high).unwrap());
                prop_assert!(quantile(&values, 0.0).unwrap() <= below);
                prop_assert!(below <= above + 1e-9);
                prop_assert!(above <= quantile(&values, 1.0).unwrap());
            }
        }
    }
}
