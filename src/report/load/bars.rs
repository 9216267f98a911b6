//! A distribution as a few bars and a course as a line of blocks. Geometry only.

use crate::model::sample::Histogram;

/// Blocks of rising height.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One bar: from where to where its values lie, and how many there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bar {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) count: u64,
}

/// A distribution in `wanted` bars that are equally wide on a logarithmic axis, from the smallest to the largest value; none without values.
pub(super) fn bars(of: &Histogram, wanted: usize) -> Vec<Bar> {
    let positive = || of.pairs().filter(|(value, _)| *value > 0.0);
    let (Some((low, _)), Some((high, _))) = (positive().next(), positive().last()) else { return Vec::new() };
    let span = (high / low).ln();
    if span < 1e-9 || wanted < 2 {
        return vec![Bar { low, high, count: of.count() }];
    }
    let edge = |at: usize| low * (span * at as f64 / wanted as f64).exp();
    let mut bars: Vec<Bar> = (0..wanted).map(|at| Bar { low: edge(at), high: edge(at + 1), count: 0 }).collect();
    for (value, count) in of.pairs() {
        let place = if value > low { (value / low).ln() / span * wanted as f64 } else { 0.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the number of bars")]
        let at = (place as usize).min(wanted - 1);
        bars[at].count += count;
    }
    bars
}

/// A course as blocks, the largest value as the highest; at most `most` of the last values. All lowest where nothing is above 0.
pub(super) fn sparkline(values: &[f64], most: usize) -> String {
    let shown = &values[values.len().saturating_sub(most)..];
    let largest = shown.iter().copied().filter(|value| value.is_finite()).fold(0.0, f64::max);
    shown.iter().map(|value| BLOCKS[share_of(*value, largest, BLOCKS.len() - 1)]).collect()
}

/// A bar of `width` full blocks for the share `value` of `largest`; at least one eighth where there is anything.
pub(super) fn bar(value: f64, largest: f64, width: usize) -> String {
    let eighths = share_of(value, largest, width * 8).max(usize::from(value > 0.0));
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
    "█".repeat(eighths / 8) + rest
}

/// `value` of `largest` in steps from 0 to `steps`.
fn share_of(value: f64, largest: f64, steps: usize) -> usize {
    let share = (value / largest).clamp(0.0, 1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the number of steps")]
    if share.is_nan() { 0 } else { (share * steps as f64).round() as usize }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[f64]) -> Histogram {
        let mut histogram = Histogram::default();
        for value in values {
            histogram.record(*value, 1).unwrap();
        }
        histogram
    }

    #[test]
    fn a_course_and_a_share_can_be_seen() {
        assert_eq!(sparkline(&[0.0, 50.0, 100.0, 100.0], 60), "▁▅██");
        assert_eq!(sparkline(&[1.0, 2.0, 100.0], 1), "█");
        assert_eq!(sparkline(&[0.0, 0.0], 60), "▁▁");
        assert_eq!(sparkline(&[f64::NAN], 60), "▁");
        assert_eq!([bar(1.0, 1.0, 4), bar(0.5, 1.0, 4), bar(0.001, 1.0, 4), bar(0.0, 1.0, 4)], ["████", "██", "▏", ""]);
    }

    #[test]
    fn nothing_and_one_value_have_their_bars_too() {
        assert_eq!(bars(&Histogram::default(), 8), []);
        assert_eq!(bars(&of(&[0.0]), 8), []);
        let one = bars(&of(&[0.25, 0.25]), 8);
        assert_eq!((one.len(), one[0].count), (1, 2));
    }

    proptest! {
        #[test]
        fn no_value_is_lost_among_the_bars(values in prop::collection::vec(1e-6..10.0_f64, 1..200), wanted in 1..20_usize) {
            let bars = bars(&of(&values), wanted);
            prop_assert!(bars.len() <= wanted.max(1));
            prop_assert_eq!(bars.iter().map(|bar| bar.count).sum::<u64>(), values.len() as u64);
            prop_assert!(bars.windows(2).all(|pair| pair[0].high <= pair[1].high));
        }
    }
}
