//! Quantiles of the textbook distributions; the only place that names `statrs`. Refuses to know what they are used for.

use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::beta::checked_beta_reg;

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
    fn an_impossible_probability_or_freedom_has_no_quantile() {
        assert!(student_t_quantile(1.5, 3.0).is_nan());
        assert!(student_t_quantile(f64::NAN, 3.0).is_nan());
        assert!(student_t_quantile(0.9, 0.0).is_nan());
    }
}
