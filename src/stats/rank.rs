//! Ranks with ties. Refuses to know which test uses them.

/// Twice the rank of each value, in the order given: equal values share the mean of their ranks, and twice that is whole. Values must not be NaN.
pub(super) fn doubled_midranks(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    // Adding 0 makes −0 and 0 one value.
    order.sort_unstable_by(|a, b| (values[*a] + 0.0).total_cmp(&(values[*b] + 0.0)));
    let mut ranks = vec![0; values.len()];
    let mut before = 0;
    for tied in order.chunk_by(|a, b| values[*a] >= values[*b]) {
        for &index in tied {
            ranks[index] = 2 * before + tied.len() + 1;
        }
        before += tied.len();
    }
    ranks
}

/// Σ t³ − t over the groups of t equal values: what ties take off a rank variance.
pub(super) fn tie_correction(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.chunk_by(|a, b| a >= b).map(|tied| (tied.len() as f64).powi(3) - tied.len() as f64).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_the_mean_of_their_ranks() {
        assert_eq!(doubled_midranks(&[3.0, 1.0, 3.0, 2.0]), [7, 2, 7, 4]);
        assert_eq!(doubled_midranks(&[0.0, -0.0, 0.0]), [4, 4, 4]);
        assert_eq!(doubled_midranks(&[]), [0_usize; 0]);
    }

    #[test]
    fn ties_are_counted_by_group() {
        assert!((tie_correction(&[1.0, 2.0, 1.0, 2.0, 2.0, 5.0]) - 30.0).abs() < 1e-12);
    }
}
