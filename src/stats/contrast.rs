//! How far one group of runs lies from another, and what such distances come to when they are added. Refuses to know what a run or a group is.
//!
//! Advisory by nature, like [`super::prediction`]: it takes the spread within groups for roughly normal and equal.

use super::distribution::student_t_quantile;
use super::prediction::Prior;
use super::summary::{mean, variance};

/// An estimated distance, with the variance of the estimate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The distance, in the unit of the values.
    pub value: f64,
    /// The variance of the estimate, at least 0, in the square of that unit; 0 where the distance is counted, not estimated.
    pub variance: f64,
    /// What the variance itself was estimated from, above 0; infinite where it is known.
    pub degrees_of_freedom: f64,
}

/// The mean of group `after` less that of group `before`, by the spread *within* all groups together: a contrast of a one-way layout with the
/// moderated variance (d0 s0² + Σ (n − 1) s²) ÷ (d0 + Σ (n − 1)) of Smyth 2004.
///
/// Groups that are neither of the two add to what is known of the spread, one of a single value nothing. Whatever lies between the groups,
/// drift included, does not count as spread. `None` where either is empty or not there, a value is not finite, or the prior is not above 0.
pub fn between(groups: &[Vec<f64>], before: usize, after: usize, prior: Prior) -> Option<Estimate> {
    let usable = |value: f64| value > 0.0 && value.is_finite();
    let finite = groups.iter().flatten().all(|value| value.is_finite());
    if !(finite && usable(prior.sd) && usable(prior.degrees_of_freedom)) {
        return None;
    }
    let (from, to) = (groups.get(before)?, groups.get(after)?);
    let value = mean(to)? - mean(from)?;
    let (mut squares, mut degrees_of_freedom) = (prior.degrees_of_freedom * prior.sd.powi(2), prior.degrees_of_freedom);
    for group in groups {
        let Some(variance) = variance(group) else { continue };
        let own = group.len() as f64 - 1.0;
        squares += own * variance;
        degrees_of_freedom += own;
    }
    let variance = squares / degrees_of_freedom * (1.0 / from.len() as f64 + 1.0 / to.len() as f64);
    Some(Estimate { value, variance, degrees_of_freedom })
}

/// The mean of `values` as an estimate: s² ÷ n with n − 1 degrees of freedom. `None` for fewer than two values or one that is not finite.
pub fn mean_of(values: &[f64]) -> Option<Estimate> {
    if !values.iter().all(|value| value.is_finite()) {
        return None;
    }
    let count = values.len() as f64;
    Some(Estimate { value: mean(values)?, variance: variance(values)? / count, degrees_of_freedom: count - 1.0 })
}

impl Estimate {
    /// The sum of two estimates that do not depend on each other. Welch 1947; Satterthwaite 1946 for its degrees of freedom, which lie between
    /// the smaller of the two and their sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let variance = self.variance + other.variance;
        let share = |one: Self| if one.variance > 0.0 { one.variance.powi(2) / one.degrees_of_freedom } else { 0.0 };
        let shares = share(self) + share(other);
        let degrees_of_freedom = if shares > 0.0 { variance.powi(2) / shares } else { f64::INFINITY };
        Self { value: self.value + other.value, variance, degrees_of_freedom }
    }

    /// One-sided lower and upper bounds of the true distance, each at level `alpha` in (0, 1). Student's t. The value twice where the
    /// variance is 0.
    pub fn bounds(&self, alpha: f64) -> (f64, f64) {
        if self.variance <= 0.0 {
            return (self.value, self.value);
        }
        // Beyond a million degrees of freedom t is normal up to the seventh digit.
        let reach = -student_t_quantile(alpha, self.degrees_of_freedom.min(1e6)) * self.variance.sqrt();
        (self.value - reach, self.value + reach)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::fixture::{assert_close, cases};
    use proptest::prelude::*;

    #[derive(serde::Deserialize)]
    struct Case {
        groups: Vec<Vec<f64>>,
        prior: [f64; 2],
        paired: Vec<f64>,
        alpha: f64,
        value: f64,
        variance: f64,
        degrees_of_freedom: f64,
        lower: f64,
        upper: f64,
        total: f64,
        total_degrees_of_freedom: f64,
        total_lower: f64,
        total_upper: f64,
    }

    const PRIOR: Prior = Prior { sd: 0.05, degrees_of_freedom: 3.0 };

    #[test]
    fn distances_and_their_sums_agree_with_the_reference() {
        for case in cases::<Case>(include_str!("../../tests/fixtures/stats/contrast.json")) {
            let prior = Prior { sd: case.prior[0], degrees_of_freedom: case.prior[1] };
            let estimate = between(&case.groups, 0, case.groups.len() - 1, prior).unwrap();
            assert_close(estimate.value, case.value, 1e-10);
            assert_close(estimate.variance, case.variance, 1e-10);
            assert_close(estimate.degrees_of_freedom, case.degrees_of_freedom, 1e-10);
            let (lower, upper) = estimate.bounds(case.alpha);
            assert_close(lower, case.lower, 1e-7);
            assert_close(upper, case.upper, 1e-7);
            let total = estimate.plus(mean_of(&case.paired).unwrap());
            assert_close(total.value, case.total, 1e-10);
            assert_close(total.degrees_of_freedom, case.total_degrees_of_freedom, 1e-8);
            let (lower, upper) = total.bounds(case.alpha);
            assert_close(lower, case.total_lower, 1e-7);
            assert_close(upper, case.total_upper, 1e-7);
        }
    }

    #[test]
    fn what_cannot_be_estimated_is_not() {
        assert_eq!(between(&[vec![], vec![1.0]], 0, 1, PRIOR), None);
        assert_eq!(between(&[vec![1.0]], 0, 1, PRIOR), None);
        assert_eq!(between(&[vec![1.0], vec![f64::NAN]], 0, 1, PRIOR), None);
        assert_eq!(between(&[vec![1.0], vec![1.0]], 0, 1, Prior { sd: 0.0, ..PRIOR }), None);
        assert_eq!(mean_of(&[1.0]), None);
        assert_eq!(mean_of(&[1.0, f64::INFINITY]), None);
    }

    #[test]
    fn what_is_counted_has_no_interval_and_adds_none() {
        let counted = Estimate { value: 2.0, variance: 0.0, degrees_of_freedom: f64::INFINITY };
        assert_eq!(counted.bounds(0.001), (2.0, 2.0));
        let other = mean_of(&[1.0, 2.0, 4.0]).unwrap();
        assert_close(other.plus(counted).degrees_of_freedom, other.degrees_of_freedom, 1e-12);
        assert_eq!(counted.plus(counted).bounds(0.05), (4.0, 4.0));
    }

    proptest! {
        #[test]
        fn the_other_way_round_is_the_same_with_another_sign(
            groups in prop::collection::vec(prop::collection::vec(-1.0..1.0_f64, 1..8), 2..6), alpha in 0.0001..0.4_f64,
        ) {
            let last = groups.len() - 1;
            let (there, back) = (between(&groups, 0, last, PRIOR).unwrap(), between(&groups, last, 0, PRIOR).unwrap());
            let ((lower, upper), (other_lower, other_upper)) = (there.bounds(alpha), back.bounds(alpha));
            prop_assert!((lower + other_upper).abs() < 1e-9 && (upper + other_lower).abs() < 1e-9);
            prop_assert!(lower < there.value && there.value < upper);
        }

        #[test]
        fn a_sum_is_as_wide_as_its_wider_part_at_least(
            one in prop::collection::vec(-1.0..1.0_f64, 2..8), other in prop::collection::vec(-1.0..1.0_f64, 2..8),
        ) {
            let (one, other) = (mean_of(&one).unwrap(), mean_of(&other).unwrap());
            let sum = one.plus(other);
            prop_assert!(sum.variance >= one.variance.max(other.variance));
            let least = one.degrees_of_freedom.min(other.degrees_of_freedom);
            prop_assert!(sum.variance <= 0.0 || sum.degrees_of_freedom >= least - 1e-9);
            prop_assert!(sum.variance <= 0.0 || sum.degrees_of_freedom <= one.degrees_of_freedom + other.degrees_of_freedom + 1e-9);
        }
    }
}
