//! Do the values of one side fall into two groups? Refuses to know why they might.

/// Fewer values than this are not looked at: chance alone splits them too often.
const VALUES_MIN: usize = 10;

/// How many standard deviations of its groups a gap must span.
const GAP_MIN_SD: f64 = 3.0;

/// The widest gap in the middle of a sample, and what lies on either side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// How wide it is, at least 0, in the unit of the sample.
    pub gap: f64,
    /// How many values lie below it, at least 2; as many or more lie above it.
    pub below: usize,
    /// Pooled standard deviation of the two groups, at least 0, in the unit of the sample.
    pub pooled_sd: f64,
}

impl Split {
    /// Whether the gap spans more than three standard deviations of the groups it parts.
    ///
    /// A hint, not a test. Of normal samples it flags 3 % at 10 values, under 0.1 % from 16 on; of two groups ten standard deviations apart,
    /// 30 % of the values in one, 85 % or more. One extreme value in a group can hide the other group.
    pub fn is_bimodal(&self) -> bool {
        self.gap > GAP_MIN_SD * self.pooled_sd
    }
}

/// Parts a sample at its widest gap between the 15th and the 85th percentile; the lowest of equally wide ones.
///
/// `None` for fewer than 10 values, or one that is not finite. Ashman's D (1994) is no help after such a cut: it is above 2 for 97 % of
/// normal samples, as the halves of one group are far apart too. The standard deviation, not the MAD: of three values a MAD is often near 0.
pub fn split(values: &[f64]) -> Option<Split> {
    if values.len() < VALUES_MIN || !values.iter().all(|value| value.is_finite()) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let count = sorted.len();
    // At least 2 below, as the 15th percentile of 10 values lies above the first one.
    let edge = (15 * count).div_ceil(100);
    let (mut below, mut gap) = (edge, sorted[edge] - sorted[edge - 1]);
    for next in edge + 1..=count - edge {
        let width = sorted[next] - sorted[next - 1];
        if width > gap {
            (below, gap) = (next, width);
        }
    }
    let (low, high) = sorted.split_at(below);
    let pooled_sd = ((squares(low) + squares(high)) / (count - 2) as f64).sqrt();
    Some(Split { gap, below, pooled_sd })
}

/// The sum of squared distances from the mean.
fn squares(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|value| (value - mean).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::fixture::{assert_close, cases};

    #[derive(serde::Deserialize)]
    struct Case {
        values: Vec<f64>,
        gap: f64,
        below: usize,
        pooled_sd: f64,
        bimodal: bool,
    }

    #[test]
    fn splits_agree_with_the_reference() {
        for case in cases::<Case>(include_str!("../../tests/fixtures/stats/bimodal.json")) {
            let split = split(&case.values).unwrap();
            assert_eq!(split.below, case.below);
            assert_close(split.gap, case.gap, 1e-12);
            assert_close(split.pooled_sd, case.pooled_sd, 1e-12);
            assert_eq!(split.is_bimodal(), case.bimodal);
        }
    }

    #[test]
    fn two_steady_groups_are_two_and_one_steady_group_is_one() {
        let two = [1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0];
        assert!(split(&two).unwrap().is_bimodal());
        assert!(!split(&[1.0; 10]).unwrap().is_bimodal());
    }

    #[test]
    fn one_outlier_is_no_group() {
        let mut values: Vec<f64> = (0..20).map(f64::from).collect();
        values[19] = 1e6;
        assert!(!split(&values).unwrap().is_bimodal());
    }

    #[test]
    fn too_few_values_are_not_looked_at() {
        assert_eq!(split(&[1.0; 9]), None);
        assert_eq!(split(&[f64::NAN; 10]), None);
    }
}
