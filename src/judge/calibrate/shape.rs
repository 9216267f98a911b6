//! What is odd about how a metric's rounds lie, where both arms were the same program. Hints for people, not tests that decide.

use std::collections::BTreeMap;

use crate::model::Arm;
use crate::model::calibration::Shape;
use crate::stats::bimodal::{Split, split};
use crate::stats::signed_rank::{Cap, PairedDifferences};
use crate::stats::summary::{mad_sd, median};

use super::super::family::Entry;
use super::super::pair::Pairs;
use super::worse_ratio;

/// A round further out than this many robust standard deviations lies far out: of normal rounds, one of a million.
const FAR_SD: f64 = 5.0;
/// As many rounds far out are no single accident.
const FAR_ROUNDS_MIN: usize = 2;
/// Level at which an effect of the order is named, shared by all metrics.
const ORDER_LEVEL: f64 = 0.01;

/// What is odd. `first` holds the arm that ran first in each round, where it is known; `metrics` share the level of the order's test.
pub(super) fn shapes(entry: &Entry, first: Option<&BTreeMap<u32, Arm>>, metrics: usize) -> Vec<Shape> {
    let pairs = &entry.pairs;
    if pairs.exact() {
        return Vec::new();
    }
    let not_exact = entry.not_exact.then_some(Shape::NotExact);
    let two_groups = bimodal(pairs, entry.thresholds.tolerance_ratio);
    let tails = heavy_tailed(pairs);
    let order = first.and_then(|first| ordered(pairs, first, metrics));
    [not_exact, two_groups, tails, order].into_iter().flatten().collect()
}

/// Two groups among the values of both arms, so far apart that it matters: more than half the tolerance.
fn bimodal(pairs: &Pairs, tolerance_ratio: f64) -> Option<Shape> {
    let both = [pairs.base.statistics.as_slice(), pairs.head.statistics.as_slice()].concat();
    let gap_ratio = split(&both).filter(Split::is_bimodal)?.gap / pairs.base.value;
    (gap_ratio.is_finite() && gap_ratio > 0.5 * tolerance_ratio).then_some(Shape::Bimodal { gap_ratio })
}

fn heavy_tailed(pairs: &Pairs) -> Option<Shape> {
    let differences: Vec<f64> = pairs.differences.iter().map(|difference| difference.worse).collect();
    let (centre, sd) = (median(&differences)?, mad_sd(&differences).filter(|sd| *sd > 0.0)?);
    let far = differences.iter().filter(|difference| (**difference - centre).abs() > FAR_SD * sd).count();
    let rounds = u32::try_from(far).unwrap_or(u32::MAX);
    (far >= FAR_ROUNDS_MIN).then_some(Shape::HeavyTailed { rounds })
}

/// Whether the arm that ran second was worse or better, whichever it was (signed-rank test of second against first).
fn ordered(pairs: &Pairs, first: &BTreeMap<u32, Arm>, metrics: usize) -> Option<Shape> {
    let second_worse: Vec<f64> = pairs
        .differences
        .iter()
        .filter_map(|difference| match first.get(&difference.round)? {
            Arm::Base => Some(difference.worse),
            Arm::Head => Some(-difference.worse),
        })
        .collect();
    let test = PairedDifferences::new(&second_worse, Cap::Third).ok()?;
    let p_value = 2.0 * test.p_value_greater(0.0).min(test.p_value_less(0.0));
    let second_ratio = worse_ratio(pairs, test.estimate())?;
    (p_value * metrics.max(1) as f64 <= ORDER_LEVEL).then_some(Shape::Ordered { second_ratio })
}
