//! Is one sample larger than another, without pairs? For values that are independent; samples of one process are not. Refuses to know what they are.

use super::distribution::normal_upper_tail;
use super::rank::{doubled_midranks, tie_correction};

/// Up to this many values in both samples together, every way to part them is counted.
const COUNTED_MAX: usize = 100;

/// The one-sided p-value of "head's values are no larger than base's", against "larger". Mann & Whitney 1947.
///
/// In (0, 1]; 1 when all values are equal. Exact up to 100 values in all: every way to part the ranks that were seen, ties included, is
/// counted. Beyond that normal, corrected for ties and continuity. `None` when a sample is empty or a value not finite.
pub fn p_value_greater(base: &[f64], head: &[f64]) -> Option<f64> {
    if base.is_empty() || head.is_empty() {
        return None;
    }
    let all: Vec<f64> = head.iter().chain(base).copied().collect();
    if !all.iter().all(|value| value.is_finite()) {
        return None;
    }
    let ranks = doubled_midranks(&all);
    let statistic: usize = ranks[..head.len()].iter().sum();
    Some(if all.len() <= COUNTED_MAX {
        counted_tail(&ranks, head.len(), statistic)
    } else {
        normal_tail(&all, head.len() as f64, statistic as f64 / 2.0)
    })
}

/// The share of all subsets of `size` ranks whose sum is `statistic` or more.
fn counted_tail(ranks: &[usize], size: usize, statistic: usize) -> f64 {
    let total: usize = ranks.iter().sum();
    let width = total + 1;
    // subsets[j × width + s]: how many subsets of j ranks have the sum s.
    let mut subsets = vec![0.0; (size + 1) * width];
    subsets[0] = 1.0;
    let mut reached = 0;
    for (seen, &rank) in ranks.iter().enumerate() {
        reached += rank;
        for taken in (1..=size.min(seen + 1)).rev() {
            let (fewer, rest) = subsets.split_at_mut(taken * width);
            let from = &fewer[(taken - 1) * width..][..=reached - rank];
            rest[rank..=reached].iter_mut().zip(from).for_each(|(to, count)| *to += count);
        }
    }
    let counts = &subsets[size * width..];
    let all: f64 = counts.iter().sum();
    (counts[statistic..].iter().sum::<f64>() / all).min(1.0)
}

fn normal_tail(all: &[f64], size: f64, rank_sum: f64) -> f64 {
    let count = all.len() as f64;
    let mean = size * (count + 1.0) / 2.0;
    let variance = size * (count - size) / 12.0 * (count + 1.0 - tie_correction(all) / (count * (count - 1.0)));
    if variance > 0.0 { normal_upper_tail((rank_sum - mean - 0.5) / variance.sqrt()) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::fixture::{assert_close, assert_close_ratio, cases};
    use proptest::prelude::*;

    #[derive(serde::Deserialize)]
    struct Case {
        base: Vec<f64>,
        head: Vec<f64>,
        greater: f64,
    }

    #[test]
    fn p_values_agree_with_the_reference() {
        for case in cases::<Case>(include_str!("../../tests/fixtures/stats/mann_whitney.json")) {
            assert_close_ratio(p_value_greater(&case.base, &case.head).unwrap(), case.greater, 1e-9);
        }
    }

    #[test]
    fn the_published_pair_is_met() {
        let (one, other) = ([10.0, 11.0, 12.0, 13.0, 14.0], [11.5, 12.5, 13.5, 14.5, 30.0]);
        assert_close(2.0 * p_value_greater(&one, &other).unwrap(), 0.222_222_2, 1e-6);
    }

    #[test]
    fn equal_values_give_one_and_nothing_gives_none() {
        assert_eq!(p_value_greater(&[1.0; 4], &[1.0; 5]), Some(1.0));
        assert_eq!(p_value_greater(&[1.0; 400], &[1.0; 500]), Some(1.0));
        assert_eq!(p_value_greater(&[], &[1.0]), None);
        assert_eq!(p_value_greater(&[1.0], &[f64::NAN]), None);
    }

    proptest! {
        #[test]
        fn only_the_order_of_values_counts(base in prop::collection::vec(-4..4_i8, 1..20), head in prop::collection::vec(-4..4_i8, 1..20)) {
            let of = |values: &[i8], map: fn(f64) -> f64| values.iter().map(|value| map(f64::from(*value))).collect::<Vec<f64>>();
            let plain = p_value_greater(&of(&base, |v| v), &of(&head, |v| v)).unwrap();
            prop_assert!(0.0 < plain && plain <= 1.0);
            assert_close(p_value_greater(&of(&base, f64::exp), &of(&head, f64::exp)).unwrap(), plain, 0.0);
            // Swapped and turned round, the same question.
            assert_close(p_value_greater(&of(&head, |v| -v), &of(&base, |v| -v)).unwrap(), plain, 1e-12);
        }
    }
}
