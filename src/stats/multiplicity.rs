//! Many tests at once: which rejections hold together, at what error rate. Refuses to know what was tested.

/// One p-value with its share of the error rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weighted {
    /// In [0, 1]. NaN counts as 1: an unknown p-value rejects nothing.
    pub p_value: f64,
    /// Above 0 and finite, relative to the others: 2 gets twice the share of 1.
    pub weight: f64,
}

/// Holm's adjusted p-values, in the order given: hypothesis i is rejected at level α when its value is at most α. Holm 1979.
///
/// In [0, 1]. The probability of one or more false rejections is at most α, however the tests depend on each other. Empty in, empty out.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let equal: Vec<Weighted> = p_values.iter().map(|p_value| Weighted { p_value: *p_value, weight: 1.0 }).collect();
    holm_weighted(&equal)
}

/// Holm's adjusted p-values where some hypotheses get a larger share of the error rate, in the order given. Holm 1979, section 3.
///
/// In order of p / weight, the next one is rejected while p ≤ α × weight ÷ (sum of the weights not yet rejected). The guarantee is that of
/// [`holm`], and holds only for weights fixed without a look at the p-values. A weight that is not above 0 and finite gives 1: no share.
pub fn holm_weighted(hypotheses: &[Weighted]) -> Vec<f64> {
    let share = |index: usize| {
        let weight = hypotheses[index].weight;
        if weight > 0.0 && weight.is_finite() { weight } else { 0.0 }
    };
    let ratio =
        |index: usize| if share(index) > 0.0 { known(hypotheses[index].p_value) / share(index) } else { f64::INFINITY };
    let order = order_by(hypotheses.len(), ratio);
    // Summed from the last on, so that the sum of what remains is never a difference of rounded sums.
    let mut remaining = vec![0.0; order.len()];
    let mut sum = 0.0;
    for (rank, &index) in order.iter().enumerate().rev() {
        sum += share(index);
        remaining[rank] = sum;
    }
    let mut adjusted = vec![1.0; hypotheses.len()];
    let mut largest = 0.0_f64;
    for (&index, weight) in order.iter().zip(remaining) {
        let own = if share(index) > 0.0 { (ratio(index) * weight).min(1.0) } else { 1.0 };
        largest = largest.max(own);
        adjusted[index] = largest;
    }
    adjusted
}

/// Benjamini–Hochberg adjusted p-values, in the order given: those at most q form a list with an expected share of false ones of at most q.
///
/// In [0, 1]. Benjamini & Hochberg 1995; holds for independent and for positively dependent tests (Benjamini & Yekutieli 2001). Empty in, empty out.
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let order = order_by(p_values.len(), |index| known(p_values[index]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least = 1.0_f64;
    for (rank, &index) in order.iter().enumerate().rev() {
        least = least.min(known(p_values[index]) * p_values.len() as f64 / (rank + 1) as f64);
        adjusted[index] = least;
    }
    adjusted
}

fn known(p_value: f64) -> f64 {
    if p_value.is_nan() { 1.0 } else { p_value.clamp(0.0, 1.0) }
}

/// The positions 0…`count` by rising key; equal keys stay in the order given.
fn order_by(count: usize, key: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| key(*a).total_cmp(&key(*b)));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::fixture::{assert_close, cases};
    use proptest::prelude::*;

    #[derive(serde::Deserialize)]
    struct Family {
        p_values: Vec<f64>,
        weights: Vec<f64>,
        alpha: f64,
        holm: Vec<f64>,
        holm_weighted: Vec<f64>,
        rejected_weighted: Vec<bool>,
        benjamini_hochberg: Vec<f64>,
    }

    fn weighted(p_values: &[f64], weights: &[f64]) -> Vec<Weighted> {
        p_values.iter().zip(weights).map(|(p_value, weight)| Weighted { p_value: *p_value, weight: *weight }).collect()
    }

    fn assert_all_close(actual: &[f64], expected: &[f64]) {
        assert_eq!(actual.len(), expected.len());
        actual.iter().zip(expected).for_each(|(actual, expected)| assert_close(*actual, *expected, 1e-12));
    }

    #[test]
    fn adjusted_p_values_agree_with_testing_every_group() {
        for case in cases::<Family>(include_str!("../../tests/fixtures/stats/multiplicity.json")) {
            let by_weight = holm_weighted(&weighted(&case.p_values, &case.weights));
            let rejected: Vec<bool> = by_weight.iter().map(|p_value| *p_value <= case.alpha).collect();
            assert_eq!(rejected, case.rejected_weighted);
            assert_all_close(&by_weight, &case.holm_weighted);
            assert_all_close(&holm(&case.p_values), &case.holm);
            assert_all_close(&benjamini_hochberg(&case.p_values), &case.benjamini_hochberg);
        }
    }

    #[test]
    fn the_published_family_is_met() {
        let p_values = [0.0001, 0.004, 0.019, 0.095, 0.201, 0.278, 0.298, 0.344, 0.459, 0.9];
        assert_eq!(holm(&p_values).iter().filter(|p| **p <= 0.05).count(), 2);
        let expected = [0.001, 0.02, 0.06333, 0.2375, 0.402, 0.42571, 0.42571, 0.43, 0.51, 0.9];
        for (actual, expected) in benjamini_hochberg(&p_values).into_iter().zip(expected) {
            assert_close(actual, expected, 5e-6);
        }
    }

    #[test]
    fn an_unknown_p_value_or_an_impossible_weight_rejects_nothing() {
        assert_eq!(holm(&[]), Vec::<f64>::new());
        assert_eq!(benjamini_hochberg(&[]), Vec::<f64>::new());
        assert_eq!(holm(&[f64::NAN, 0.01]), [1.0, 0.02]);
        assert_eq!(benjamini_hochberg(&[f64::NAN, 0.01]), [1.0, 0.02]);
        for weight in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(holm_weighted(&weighted(&[0.0, 0.01], &[weight, 1.0])), [1.0, 0.01]);
        }
    }

    proptest! {
        #[test]
        fn adjusting_never_lowers_a_p_value_and_keeps_their_order(p_values in prop::collection::vec(0.0..1.0_f64, 1..30)) {
            for adjust in [holm, benjamini_hochberg] {
                let adjusted = adjust(&p_values);
                for (i, p) in p_values.iter().enumerate() {
                    prop_assert!(*p <= adjusted[i] + 1e-15 && adjusted[i] <= 1.0);
                    prop_assert!(p_values.iter().zip(&adjusted).all(|(other, value)| p > other || adjusted[i] <= *value));
                }
            }
        }

        #[test]
        fn only_the_ratio_of_weights_counts(family in prop::collection::vec((0.0..0.1_f64, 0.1..9.0_f64), 1..20)) {
            let one: Vec<Weighted> = family.iter().map(|(p_value, weight)| Weighted { p_value: *p_value, weight: *weight }).collect();
            let other: Vec<Weighted> = one.iter().map(|each| Weighted { weight: 4.0 * each.weight, ..*each }).collect();
            prop_assert_eq!(holm_weighted(&one), holm_weighted(&other));
        }
    }
}
