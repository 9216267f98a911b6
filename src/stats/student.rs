//! Bounds of a mean: for absolute values, where there are no pairs. Refuses to hide that it leans on near-normal means.

use super::distribution::student_t_quantile;
use super::summary::{mean, variance};

/// One-sided lower and upper bounds of the mean that `values` scatter around, each at level `alpha` in (0, 1): mean ∓ t × s ÷ √n with
/// n − 1 degrees of freedom. Student 1908.
///
/// Needs no more values than a median would, and tells a limit far away from few values, where a rank bound would say nothing at a small
/// level; heavy tails make it wider, so that it errs to "cannot tell". Fewer than two values, or one that is not finite: −∞ and ∞. All
/// values equal: that value twice.
pub fn mean_bounds(values: &[f64], alpha: f64) -> (f64, f64) {
    let unknown = (f64::NEG_INFINITY, f64::INFINITY);
    let (Some(mean), Some(variance)) = (mean(values), variance(values)) else { return unknown };
    let reach = -student_t_quantile(alpha, values.len() as f64 - 1.0) * (variance / values.len() as f64).sqrt();
    if mean.is_finite() && reach.is_finite() { (mean - reach, mean + reach) } else { unknown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_t_table() {
        // t at 0.95 with 4 degrees of freedom is 2.1318468; s of 1..5 is 1.5811388.
        let (low, high) = mean_bounds(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.05);
        let reach = 2.131_846_8 * 1.581_138_8 / 5.0_f64.sqrt();
        assert!((low - (3.0 - reach)).abs() < 1e-6 && (high - (3.0 + reach)).abs() < 1e-6);
    }

    #[test]
    fn too_few_or_bad_values_bound_nothing_and_equal_ones_bound_exactly() {
        let unknown = (f64::NEG_INFINITY, f64::INFINITY);
        assert_eq!(mean_bounds(&[], 0.01), unknown);
        assert_eq!(mean_bounds(&[1.0], 0.01), unknown);
        assert_eq!(mean_bounds(&[1.0, f64::NAN], 0.01), unknown);
        assert_eq!(mean_bounds(&[2.0, 2.0, 2.0], 0.001), (2.0, 2.0));
    }
}
