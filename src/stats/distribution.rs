//! Quantiles of the textbook distributions; the only place that names `statrs`. Refuses to know what they are used for.

use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::beta::{checked_beta_reg, inv_beta_reg};
use statrs::function::erf::{erfc, erfc_inv};
use statrs::function::gamma::ln_gamma;

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
    if !possible {
        return f64::NAN;
    }
    if a + b < SEARCH_FROM {
        return inv_beta_reg(a, b, probability);
    }
    // Newton's steps of the library may go on for ever where the density is as steep as that of millions of trials; halving ends.
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if beta_cumulative(a, b, middle) < probability { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// From this sum of both parameters on, quantiles of the beta distribution are searched by halving.
const SEARCH_FROM: f64 = 10_000.0;
/// Halvings of the range: down to 1e-36.
const HALVINGS: u32 = 120;

/// The probability, in [0, 1], that a standard normal variable exceeds `z`.
pub(super) fn normal_upper_tail(z: f64) -> f64 {
    0.5 * erfc(z / std::f64::consts::SQRT_2)
}

/// The value that a standard normal variable exceeds with `probability`; infinite at 0 and 1.
pub(super) fn normal_upper_quantile(probability: f64) -> f64 {
    std::f64::consts::SQRT_2 * erfc_inv(2.0 * probability)
}

/// The probabilities, in [0, 1], that a Poisson variable of this mean is at most `count`, and that it is more. `mean` above 0 and finite, or NaN.
///
/// By the regularised incomplete gamma function of `count` + 1: its power series up to there, its continued fraction (Lentz 1976) beyond. Both
/// end after a bounded number of terms, also where rounding keeps two of them apart for ever.
pub(super) fn poisson_tails(count: u32, mean: f64) -> (f64, f64) {
    if mean.is_nan() || mean <= 0.0 || mean.is_infinite() {
        return (f64::NAN, f64::NAN);
    }
    let order = f64::from(count) + 1.0;
    let front = (order * mean.ln() - mean - ln_gamma(order)).exp();
    if mean < order + 1.0 {
        let (mut term, mut sum) = (1.0 / order, 1.0 / order);
        for step in 1..TERMS_MAX {
            term *= mean / (order + f64::from(step));
            sum += term;
            if term <= sum * f64::EPSILON {
                break;
            }
        }
        let more = (front * sum).min(1.0);
        return (1.0 - more, more);
    }
    let mut denominator = mean + 1.0 - order;
    let mut ratio = 1e300;
    let mut inverse = 1.0 / denominator;
    let mut fraction = inverse;
    for step in 1..TERMS_MAX {
        let step = f64::from(step);
        let numerator = step * (order - step);
        denominator += 2.0;
        inverse = 1.0 / away_from_zero(numerator * inverse + denominator);
        ratio = away_from_zero(denominator + numerator / ratio);
        fraction *= inverse * ratio;
        if (inverse * ratio - 1.0).abs() <= 4.0 * f64::EPSILON {
            break;
        }
    }
    let at_most = (front * fraction).clamp(0.0, 1.0);
    (at_most, 1.0 - at_most)
}

/// The most terms of a series: many times what counts of ten thousand need.
const TERMS_MAX: u32 = 20_000;

fn away_from_zero(value: f64) -> f64 {
    if value.abs() < 1e-300 { 1e-300 } else { value }
}

/// The probability, in [0, 1], that a Poisson variable of this mean exceeds `count`. See [`poisson_tails`].
pub(super) fn poisson_upper_tail(count: u32, mean: f64) -> f64 {
    poisson_tails(count, mean).1
}

/// The probability, in [0, 1], that a Poisson variable of this mean is at most `count`. See [`poisson_tails`].
pub(super) fn poisson_cumulative(count: u32, mean: f64) -> f64 {
    poisson_tails(count, mean).0
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

    #[derive(serde::Deserialize)]
    struct Poisson {
        count: u32,
        mean: f64,
        at_most: f64,
        more: f64,
    }

    #[test]
    fn poisson_tails_agree_with_the_reference_and_end() {
        for case in cases::<Poisson>(include_str!("../../tests/fixtures/stats/poisson.json")) {
            let (at_most, more) = poisson_tails(case.count, case.mean);
            let close = |found: f64, expected: f64| (found - expected).abs() <= 1e-9 * expected.max(1e-9);
            assert!(close(at_most, case.at_most) && close(more, case.more), "{} {}", case.count, case.mean);
            if case.mean > f64::from(case.count) && case.at_most > 1e-250 {
                assert_close_ratio(at_most, case.at_most, 1e-8);
            }
        }
        assert!(poisson_tails(3, 0.0).0.is_nan() && poisson_tails(3, f64::INFINITY).1.is_nan());
    }

    #[test]
    fn quantiles_of_millions_of_trials_are_found_and_undo_the_distribution() {
        for (a, b) in [(1.0, 1e7), (2.0, 9_999_999.0), (9e6, 1e6), (300.0, 4e9)] {
            for probability in [1e-6, 0.01, 0.5, 0.99] {
                assert_close_ratio(beta_cumulative(a, b, beta_quantile(probability, a, b)), probability, 1e-6);
            }
        }
        // Of the least of n uniform values: 1 - (1 - p)^(1/n).
        assert_close_ratio(beta_quantile(0.01, 1.0, 1e7), -(0.99_f64.ln() / 1e7).exp_m1(), 1e-6);
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
