//! One course of values over time as windows that can be taken for independent. Refuses to know what the values are.

use super::distribution::{normal_upper_quantile, normal_upper_tail};

/// The most windows that a course is cut into.
pub const WINDOWS_MAX: usize = 30;
/// The fewest: with fewer, no test finds anything but the largest differences.
pub const WINDOWS_MIN: usize = 10;

/// How far each value depends on the one before: the autocorrelation at lag one, in [−1, 1]. Box & Jenkins 1970. 0 where all values are equal; `None` for
/// fewer than three values, or where one is not finite.
pub fn lag_one(values: &[f64]) -> Option<f64> {
    if values.len() < 3 || !values.iter().all(|value| value.is_finite()) {
        return None;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let products: f64 = values.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
    // What differs by rounding alone is equal.
    let rounding = (1e-12 * mean).powi(2) * values.len() as f64;
    Some(if squares > rounding { (products / squares).clamp(-1.0, 1.0) } else { 0.0 })
}

/// Into how many windows the courses may be cut: [`WINDOWS_MAX`], and half as many as long as the values of neighbouring windows of any course depend on
/// each other by more than chance, |ρ₁| > 2 ÷ √windows; never fewer than [`WINDOWS_MIN`]. `courses` gives the values of each course for a number of windows.
///
/// Fewer, longer windows depend on each other less. All courses are cut alike, because a tail of a short window lies elsewhere than that of a long one.
pub fn count(pieces: usize, courses: impl Fn(usize) -> Vec<Vec<f64>>) -> Option<usize> {
    let mut windows = WINDOWS_MAX.min(pieces);
    if windows < WINDOWS_MIN {
        return None;
    }
    let depends = |values: &Vec<f64>| {
        lag_one(values).is_some_and(|correlation| correlation.abs() > 2.0 / (values.len() as f64).sqrt())
    };
    while windows > WINDOWS_MIN && courses(windows).iter().any(depends) {
        windows = (windows / 2).max(WINDOWS_MIN);
    }
    Some(windows)
}

/// By how much the standard error of a middle grows where neighbouring windows of two courses still depend on each other: √((1 + ρ) ÷ (1 − ρ)), where ρ is
/// the mean of both courses' autocorrelations, in [0, 0.9]. At least 1. Bartlett 1946.
pub fn inflation(courses: [&[f64]; 2]) -> f64 {
    let rho = courses.iter().filter_map(|values| lag_one(values)).sum::<f64>() / 2.0;
    let rho = rho.clamp(0.0, 0.9);
    ((1.0 + rho) / (1.0 - rho)).sqrt()
}

/// A one-sided p-value of independent values as that of values whose standard error is `inflation` times as large: the same distance in fewer
/// standard errors. In [0, 1].
pub fn deflated(p_value: f64, inflation: f64) -> f64 {
    if p_value <= 0.0 || p_value >= 1.0 {
        return p_value.clamp(0.0, 1.0);
    }
    normal_upper_tail(normal_upper_quantile(p_value) / inflation)
}

/// The pieces of a course in `windows` groups of neighbours, as equal in number as can be.
pub fn cut<T>(pieces: &[T], windows: usize) -> impl Iterator<Item = &[T]> {
    (0..windows).map(move |at| &pieces[at * pieces.len() / windows..(at + 1) * pieces.len() / windows])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::fixture::assert_close;

    #[test]
    fn the_autocorrelation_is_that_of_the_textbook() {
        // Box, Jenkins & Reinsel, table 2.1: yields of a batch process have r₁ = −0.39; here its first ten.
        let yields = [47.0, 64.0, 23.0, 71.0, 38.0, 64.0, 55.0, 41.0, 59.0, 48.0];
        assert_close(lag_one(&yields).unwrap(), -0.79, 0.01);
        assert_eq!(lag_one(&[3.0; 9]), Some(0.0));
        assert_eq!(lag_one(&[3.0, 3.0, 3.0 + 1e-15, 3.0 + 1e-15]), Some(0.0));
        assert_eq!([lag_one(&[1.0, 2.0]), lag_one(&[1.0, f64::NAN, 2.0])], [None; 2]);
    }

    #[test]
    fn a_course_that_drifts_gets_fewer_windows_and_noise_keeps_them() {
        let noise: Vec<f64> = (0..30_u32).map(|at| f64::from(at * at * 7919 % 101)).collect();
        let of = |values: &[f64], windows| {
            vec![cut(values, windows).map(|part| part.iter().sum::<f64>() / part.len() as f64).collect()]
        };
        assert_eq!(count(30, |windows| of(&noise, windows)), Some(30));
        let rising: Vec<f64> = (0..30).map(f64::from).collect();
        assert_eq!(count(30, |windows| of(&rising, windows)), Some(10));
        assert_eq!(count(9, |windows| of(&rising, windows)), None);
    }

    #[test]
    fn dependence_takes_certainty_away_and_never_adds_any() {
        let alternating: Vec<f64> = (0..20).map(|at| f64::from(at % 2)).collect();
        assert_close(inflation([&alternating, &alternating]), 1.0, 1e-12);
        let slow: Vec<f64> = (0..20).map(|at| f64::from(at / 5)).collect();
        assert!(inflation([&slow, &slow]) > 2.0);
        // Φ⁻¹(0.975) = 1.959964; half of it leaves 0.163543 above.
        assert_close(deflated(0.025, 2.0), 0.163_543, 1e-5);
        assert_close(deflated(0.3, 1.0), 0.3, 1e-9);
        assert_close(deflated(1.0, 2.0), 1.0, 0.0);
        assert_close(deflated(0.0, 2.0), 0.0, 0.0);
    }

    #[test]
    fn every_piece_is_in_one_window() {
        let pieces: Vec<usize> = (0..47).collect();
        let windows: Vec<&[usize]> = cut(&pieces, 10).collect();
        assert_eq!(windows.concat(), pieces);
        assert!(windows.iter().all(|window| (4..=5).contains(&window.len())));
    }
}
