//! Quantiles of the textbook distributions; the only place that names `statrs`. Refuses to know what they are used for.

use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::beta::{checked_beta_reg, inv_beta_reg};
use statrs::function::erf::{erfc, erfc_inv};
use statrs::function::gamma::{checked_gamma_lr, checked_gamma_ur};

/// The value that a Student's t variable with `degrees_of_freedom` stays below with `probability`. Student 1908.
///
/// `probability` in [0, 1]: 0 and 1 give the infinities. `degrees_of_freedom` above 0; fractions are allowed. NaN outside of either.
pub(super) fn student_t_quantile(probability: f64, degrees_of_freedom: f64) -> f64 {
    if !(0.0..=1.0).contains(&probability) {
        return f64::NAN;
    }
    StudentsT::new(0.0, 1.0, degrees_of_freedom).map_or(f64::NAN, |t| t.inverse_cdf(probability))
}

/// The regularised incomplete beta function `I_x(a, b)`, in [0, 1].
///
/// `a` and `b` above 0; `x` is clamped to [0, 1]. NaN outside of that.
pub(super) fn beta_cumulative(a: f64, b: f64, x: f64) -> f64 {
    checked_beta_reg(a, b, x.clamp(0.0, 1.0)).unwrap_or(f64::NAN)
}

/// The value that a beta variable stays below with `probability`, in [0, 1]. `a` and `b` above 0, or NaN.
pub(super) fn beta_quantile(probability: f64, a: f64, b: f64) -> f64 {
    let possible = (0.0..=1.0).contains(&probability) && a > 0.0 && b > 0.0 && a.is_finite() && b.is_finite();
    if possible { inv_beta_reg(a, b, probability) } else { f64::NAN }
}

/// The probability, in [0, 1], that a standard normal variable exceeds `z`.
pub(super) fn normal_upper_tail(z: f64) -> f64 {
    0.5 * erfc(z / std::f64::consts::SQRT_2)
}

/// The value that a standard normal variable exceeds with `probability`; infinite at 0 and 1.
pub(super) fn normal_upper_quantile(probability: f64) -> f64 {
    std::f64::consts::SQRT_2 * erfc_inv(2.0 * probability)
}

/// The probability, in [0, 1], that a Poisson variable of this mean exceeds `count`. `mean` above 0, or NaN.
pub(super) fn poisson_upper_tail(count: u32, mean: f64) -> f64 {
    checked_gamma_lr(f64::from(count) + 1.0, mean).unwrap_or(f64::NAN)
}

/// The probability, in [0, 1], that a Poisson variable of this mean is at most `count`. `mean` above 0, or NaN.
pub(super) fn poisson_cumulative(count: u32, mean: f64) -> f64 {
    checked_gamma_ur(f64::from(count) + 1.0, mean).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::fixture::{assert_close_ratio, cases};

    #[derive(serde::Deserialize)]
    struct Quantile {
        probability: f64,
        degrees_of_freedom: f64,
        t: f64,
    }

    #[test]
    fn student_quantiles_agree_with_the_reference() {
        for case in cases::<Quantile>(include_str!("../../tests/fixtures/stats/student_t.json")) {
            let t = student_t_quantile(case.probability, case.degrees_of_freedom);
            assert_close_ratio(t, case.t, 1e-8);
        }
    }

    #[test]
    fn the_normal_tail_and_its_quantile_undo_each_other() {
        assert_close_ratio(normal_upper_quantile(0.025), 1.959_963_984_540_054, 1e-12);
        assert_close_ratio(normal_upper_tail(6.0), 9.865_876_450_376_946e-10, 1e-9);
        for probability in [1e-12, 1e-3, 0.4, 0.5, 0.9, 0.9999] {
            assert_close_ratio(normal_upper_tail(normal_upper_quantile(probability)), probability, 1e-9);
        }
    }

    #[test]
    fn an_impossible_probability_or_freedom_has_no_quantile() {
        assert!(student_t_quantile(1.5, 3.0).is_nan());
        assert!(student_t_quantile(f64::NAN, 3.0).is_nan());
        assert!(student_t_quantile(0.9, 0.0).is_nan());
        assert!(beta_quantile(-0.1, 1.0, 1.0).is_nan());
        assert!(beta_quantile(0.5, 0.0, 1.0).is_nan());
    }
}
