//! Is one sample larger than another, without pairs? For values that are independent; samples of one process are not. Refuses to know what they are.

use super::distribution::{normal_upper_quantile, normal_upper_tail};
use super::rank::{doubled_midranks, tie_correction};
use super::summary::median;

/// Up to this many values in both samples together, every way to part them is counted.
const COUNTED_MAX: usize = 100;

/// Up to this many, the ends of an interval are counted: beyond it they are those of a normal statistic, wider by a few of hundreds of differences.
const INTERVAL_COUNTED_MAX: usize = 40;

/// How far one sample lies from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// The median of all differences head − base, in the unit of the values. Hodges & Lehmann 1963.
    pub estimate: f64,
    /// Lower end of the two-sided interval; −∞ where there are too few values for its confidence.
    pub lower: f64,
    /// Upper end; ∞ likewise.
    pub upper: f64,
}

/// How far head's values lie from base's, with the two-sided interval at `confidence` in (0, 1). Moses 1965: the differences that the test of
/// Mann and Whitney would not reject.
///
/// Up to 29 % of the values may be wild. Takes values for independent, and both samples for of one shape. `None` when a sample is empty, a
/// value is not finite, or there are more than a million differences.
pub fn shift(base: &[f64], head: &[f64], confidence: f64) -> Option<Shift> {
    let finite = base.iter().chain(head).all(|value| value.is_finite());
    if base.len() * head.len() > 1_000_000 || !finite || !(confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let mut differences: Vec<f64> = head.iter().flat_map(|head| base.iter().map(move |base| head - base)).collect();
    let estimate = median(&differences)?;
    differences.sort_unstable_by(f64::total_cmp);
    let Some(outside) = outside(base.len(), head.len(), (1.0 - confidence) / 2.0) else {
        return Some(Shift { estimate, lower: f64::NEG_INFINITY, upper: f64::INFINITY });
    };
    Some(Shift { estimate, lower: differences[outside], upper: differences[differences.len() - 1 - outside] })
}

/// How many differences lie outside of an interval at either end: the most of which the statistic of Mann and Whitney is no larger with a
/// probability of `alpha` or less. `None` where even none is too many.
fn outside(base: usize, head: usize, alpha: f64) -> Option<usize> {
    if base + head > INTERVAL_COUNTED_MAX {
        let (base, head) = (base as f64, head as f64);
        let reach = normal_upper_quantile(alpha) * (base * head * (base + head + 1.0) / 12.0).sqrt();
        let outside = (base * head / 2.0 - reach - 0.5).floor();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and half the differences"
        )]
        return (outside >= 0.0).then_some(outside as usize);
    }
    // Without ties the rank sum of head less its least value is the statistic, and its distribution is symmetric.
    let ranks: Vec<usize> = (1..=base + head).collect();
    let counts = rank_sums(&ranks, head);
    let all: f64 = counts.iter().sum();
    let least = head * (head + 1) / 2;
    let mut below = 0.0;
    let within = counts[least..].iter().take_while(|count| {
        below += **count;
        below / all <= alpha
    });
    within.count().checked_sub(1)
}

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
    let counts = rank_sums(ranks, size);
    let all: f64 = counts.iter().sum();
    (counts[statistic..].iter().sum::<f64>() / all).min(1.0)
}

/// How many subsets of `size` ranks have each sum.
fn rank_sums(ranks: &[usize], size: usize) -> Vec<f64> {
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
    subsets.split_off(size * width)
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

    #[derive(serde::Deserialize)]
    struct Apart {
        base: Vec<f64>,
        head: Vec<f64>,
        confidence: f64,
        estimate: f64,
        /// None: infinite.
        lower: Option<f64>,
        upper: Option<f64>,
    }

    #[test]
    fn shifts_and_their_intervals_agree_with_the_reference() {
        for case in cases::<Apart>(include_str!("../../tests/fixtures/stats/shift.json")) {
            let found = shift(&case.base, &case.head, case.confidence).unwrap();
            assert_close(found.estimate, case.estimate, 1e-12);
            assert_close(found.lower, case.lower.unwrap_or(f64::NEG_INFINITY), 1e-12);
            assert_close(found.upper, case.upper.unwrap_or(f64::INFINITY), 1e-12);
        }
    }

    #[test]
    fn counted_and_normal_ends_differ_by_a_few_of_hundreds_of_differences() {
        for (base, head) in [(20, 21), (10, 31), (30, 30)] {
            let counts = rank_sums(&(1..=base + head).collect::<Vec<_>>(), head);
            let all: f64 = counts.iter().sum();
            for alpha in [0.05, 0.025, 0.005] {
                let normal = outside(base, head, alpha).unwrap();
                let below = |end: usize| counts[head * (head + 1) / 2..][..=end].iter().sum::<f64>() / all;
                assert!(below(normal.saturating_sub(1)) <= alpha && below(normal + 4) > alpha, "{base} {head} {alpha}");
            }
        }
    }

    #[test]
    fn a_shift_of_nothing_is_none() {
        assert_eq!(shift(&[], &[1.0], 0.9), None);
        assert_eq!(shift(&[1.0], &[f64::NAN], 0.9), None);
        assert_eq!(shift(&[1.0], &[1.0], 1.0), None);
        assert_eq!(shift(&vec![1.0; 1001], &vec![1.0; 1001], 0.9), None);
    }

    proptest! {
        #[test]
        fn a_shift_moves_with_its_sample_and_grows_with_its_scale(
            base in prop::collection::vec(-4.0..4.0_f64, 1..15), head in prop::collection::vec(-4.0..4.0_f64, 1..15),
        ) {
            let found = shift(&base, &head, 0.9).unwrap();
            prop_assert!(found.lower <= found.estimate && found.estimate <= found.upper);
            let moved: Vec<f64> = head.iter().map(|value| 2.0 * value + 16.0).collect();
            let doubled: Vec<f64> = base.iter().map(|value| 2.0 * value).collect();
            let other = shift(&doubled, &moved, 0.9).unwrap();
            assert_close(other.estimate, 2.0 * found.estimate + 16.0, 1e-9);
            assert_close(other.lower, 2.0 * found.lower + 16.0, 1e-9);
            let swapped = shift(&head, &base, 0.9).unwrap();
            assert_close(swapped.upper, -found.lower, 1e-12);
        }

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
