//! Does a series rise, and how fast: memory over time, a metric over commits. Refuses to know what is measured.
//!
//! A rise within one process is no leak by itself: warm-up and collectors make series that rise and forget slowly. Take the slope of each
//! arm in each round, and test head's minus base's with [`super::signed_rank::PairedDifferences`].

use super::distribution::{normal_upper_quantile, normal_upper_tail};
use super::rank::{doubled_midranks, tie_correction};
use super::summary::median;

/// The most points taken: all pairs of them are compared.
pub const POINTS_MAX: usize = 5000;

/// Up to this many points without ties, every order of them is counted.
const COUNTED_MAX: usize = 50;

/// How fast a series rises, in its unit per unit of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    /// The median slope of all pairs of points.
    pub estimate: f64,
    /// Lower end of the two-sided interval.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

/// The median slope between all pairs of points at different times, with its interval at `confidence` in (0, 1). Theil 1950; Sen 1968.
///
/// Up to 29 % of the points may be wild. The interval takes points for independent and is normal beyond its ranks: with few points it ends
/// at the extreme slopes. `None` when the lengths differ, no two times differ, a value is not finite, or there are more than [`POINTS_MAX`].
pub fn theil_sen(times: &[f64], values: &[f64], confidence: f64) -> Option<Slope> {
    let count = values.len();
    let finite = times.iter().chain(values).all(|value| value.is_finite());
    if times.len() != count || count > POINTS_MAX || !finite || !(confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let mut slopes = Vec::with_capacity(count * count.saturating_sub(1) / 2);
    for later in 1..count {
        let between = |earlier: usize| (values[later] - values[earlier]) / (times[later] - times[earlier]);
        slopes.extend((0..later).map(between).filter(|slope| slope.is_finite()));
    }
    let estimate = median(&slopes)?;
    slopes.sort_unstable_by(f64::total_cmp);
    let variance = score_variance(values) - tie_variance(times);
    let reach = normal_upper_quantile((1.0 - confidence) / 2.0) * variance.max(0.0).sqrt();
    let outside = ((slopes.len() as f64 - reach) / 2.0).round_ties_even().max(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and the number of slopes")]
    let outside = (outside as usize).min(slopes.len());
    Some(Slope { estimate, lower: slopes[outside - 1], upper: slopes[slopes.len() - outside] })
}

/// Whether later values tend to be larger.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MannKendall {
    /// Pairs that rise less pairs that fall.
    pub score: i64,
    /// The score as a share of all pairs, in [−1, 1].
    pub tau: f64,
    /// One-sided p-value of "no upward trend", in [0, 1].
    pub p_value_greater: f64,
}

/// How far one point depends on the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependence {
    /// Not at all.
    Independent,
    /// As the ranks themselves show: the variance is raised by their significant autocorrelations. Hamed & Rao 1998.
    Estimated,
}

/// Tests for an upward trend in values in order of time. Mann 1945; Kendall 1975.
///
/// Exact for up to 50 independent points without ties; else normal, corrected for ties and continuity. All values equal give 1. Where
/// points depend on each other the plain test raises false alarms, and the corrected one still some. The correction never sharpens the test.
/// `None` for fewer than 3 points, more than [`POINTS_MAX`], or a value that is not finite.
pub fn mann_kendall(values: &[f64], dependence: Dependence) -> Option<MannKendall> {
    let count = values.len();
    if !(3..=POINTS_MAX).contains(&count) || !values.iter().all(|value| value.is_finite()) {
        return None;
    }
    let (mut rises, mut falls) = (0_u32, 0_u32);
    for (later, value) in values.iter().enumerate() {
        for earlier in &values[..later] {
            rises += u32::from(value > earlier);
            falls += u32::from(value < earlier);
        }
    }
    let score = i64::from(rises) - i64::from(falls);
    let tau = score as f64 / (count * (count - 1) / 2) as f64;
    let p_value_greater = match dependence {
        Dependence::Independent if count <= COUNTED_MAX && tie_correction(values) <= 0.0 => counted_tail(count, falls),
        Dependence::Independent => score_tail(score, score_variance(values)),
        Dependence::Estimated => score_tail(score, score_variance(values) * variance_inflation(values)?),
    };
    Some(MannKendall { score, tau, p_value_greater })
}

/// The variance of the score of independent values: (n(n − 1)(2n + 5) − Σ t(t − 1)(2t + 5)) ÷ 18 over groups of t equal ones.
fn score_variance(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    (count * (count - 1.0) * (2.0 * count + 5.0)) / 18.0 - tie_variance(values)
}

fn tie_variance(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let of_group = |tied: &[f64]| {
        let size = tied.len() as f64;
        size * (size - 1.0) * (2.0 * size + 5.0) / 18.0
    };
    sorted.chunk_by(|a, b| a >= b).map(of_group).sum()
}

fn score_tail(score: i64, variance: f64) -> f64 {
    if variance <= 0.0 {
        return 1.0;
    }
    // Towards 0 by 1, half the step between two scores; a score of 0 stays.
    normal_upper_tail((score - score.signum()) as f64 / variance.sqrt())
}

/// The share of all orders of `count` different values in which as few pairs fall as `falls_max`, or fewer.
fn counted_tail(count: usize, falls_max: u32) -> f64 {
    let pairs = count * (count - 1) / 2;
    // By falling pairs: the k-th value falls below 0 to k − 1 of those before it, each equally likely.
    let mut law = vec![0.0; pairs + 1];
    law[0] = 1.0;
    for size in 2..=count {
        let before = law.clone();
        for (falls, probability) in law.iter_mut().enumerate() {
            *probability = before[falls.saturating_sub(size - 1)..=falls].iter().sum::<f64>() / size as f64;
        }
    }
    law.iter().take(falls_max as usize + 1).sum::<f64>().min(1.0)
}

/// By what factor dependence raises the variance of the score, at least 1.
fn variance_inflation(values: &[f64]) -> Option<f64> {
    let times: Vec<f64> = (0..values.len()).map(|index| index as f64).collect();
    let slope = theil_sen(&times, values, 0.95)?.estimate;
    let level: Vec<f64> = values.iter().zip(&times).map(|(value, time)| value - slope * time).collect();
    let count = values.len() as f64;
    let ranks: Vec<f64> =
        doubled_midranks(&level).into_iter().map(|rank| rank as f64 / 2.0 - f64::midpoint(count, 1.0)).collect();
    let squares: f64 = ranks.iter().map(|rank| rank * rank).sum();
    if squares <= 0.0 {
        return Some(1.0);
    }
    let significant = normal_upper_quantile(0.025) / count.sqrt();
    let mut sum = 0.0;
    for lag in 1..values.len() {
        let correlation = ranks.iter().zip(&ranks[lag..]).map(|(a, b)| a * b).sum::<f64>() / squares;
        if correlation.abs() > significant {
            let left = count - lag as f64;
            sum += left * (left - 1.0) * (left - 2.0) * correlation;
        }
    }
    Some((1.0 + 2.0 * sum / (count * (count - 1.0) * (count - 2.0))).max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::fixture::{assert_close, assert_close_ratio, cases};
    use proptest::prelude::*;

    #[derive(serde::Deserialize)]
    struct Case {
        times: Vec<f64>,
        values: Vec<f64>,
        confidence: f64,
        slope: f64,
        lower: f64,
        upper: f64,
        score: i64,
        greater: f64,
        greater_dependent: f64,
    }

    #[test]
    fn trends_agree_with_the_reference() {
        for case in cases::<Case>(include_str!("../../tests/fixtures/stats/trend.json")) {
            let slope = theil_sen(&case.times, &case.values, case.confidence).unwrap();
            assert_close(slope.estimate, case.slope, 1e-9);
            assert_close(slope.lower, case.lower, 1e-9);
            assert_close(slope.upper, case.upper, 1e-9);
            let plain = mann_kendall(&case.values, Dependence::Independent).unwrap();
            assert_eq!(plain.score, case.score);
            assert_close_ratio(plain.p_value_greater, case.greater, 1e-9);
            let corrected = mann_kendall(&case.values, Dependence::Estimated).unwrap();
            assert_close_ratio(corrected.p_value_greater, case.greater_dependent, 1e-9);
        }
    }

    #[test]
    fn the_published_series_is_met() {
        let values = [1.0, 1.1, 1.05, 1.3, 1.2, 1.4, 1.35, 1.5, 1.45, 1.7];
        let times: Vec<f64> = (0..10).map(f64::from).collect();
        let slope = theil_sen(&times, &values, 0.95).unwrap();
        assert_close(slope.estimate, 0.071_428_6, 1e-7);
        assert_close(slope.lower, 0.05, 1e-9);
        assert_close(slope.upper, 0.10, 1e-9);
        let trend = mann_kendall(&values, Dependence::Independent).unwrap();
        assert_close(trend.tau, 0.8222, 5e-5);
        assert_close_ratio(2.0 * trend.p_value_greater, 3.577e-4, 1e-3);
    }

    #[test]
    fn what_has_no_trend_has_no_answer() {
        assert_eq!(theil_sen(&[1.0, 1.0], &[1.0, 2.0], 0.95), None);
        assert_eq!(theil_sen(&[1.0], &[1.0, 2.0], 0.95), None);
        assert_eq!(theil_sen(&[], &[], 0.95), None);
        assert_eq!(theil_sen(&[0.0, 1.0], &[1.0, f64::NAN], 0.95), None);
        assert_eq!(mann_kendall(&[1.0, 2.0], Dependence::Independent), None);
        for dependence in [Dependence::Independent, Dependence::Estimated] {
            assert_close(mann_kendall(&[3.0; 12], dependence).unwrap().p_value_greater, 1.0, 0.0);
        }
    }

    proptest! {
        #[test]
        fn a_slope_scales_with_values_and_time(values in prop::collection::vec(-8..8_i8, 3..30)) {
            let times: Vec<f64> = (0..values.len()).map(|index| index as f64).collect();
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let one = theil_sen(&times, &values, 0.95).unwrap();
            let moved: Vec<f64> = values.iter().map(|value| 4.0 * value + 1.0).collect();
            let other = theil_sen(&times, &moved, 0.95).unwrap();
            prop_assert!(one.lower <= one.estimate && one.estimate <= one.upper);
            assert_close(other.estimate, 4.0 * one.estimate, 1e-12);
            assert_close(other.lower, 4.0 * one.lower, 1e-12);
        }

        #[test]
        fn correcting_for_dependence_never_makes_a_rise_surer(values in prop::collection::vec(-1.0..1.0_f64, 60..80)) {
            let (plain, corrected) = (mann_kendall(&values, Dependence::Independent).unwrap(), mann_kendall(&values, Dependence::Estimated).unwrap());
            prop_assert!(plain.score < 0 || plain.p_value_greater <= corrected.p_value_greater + 1e-15);
        }
    }
}
