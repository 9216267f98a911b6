//! What all benchmarks did together: moved from base to head, or from the first to the second process of a round. Refuses to subtract it.
//!
//! Each round of stage 1 gives one number, the median over the benchmarks of their differences. If nothing changed, throwing all coins of a
//! round the other way round is as likely, and turns the sign of every difference and so of their median: the signs of the rounds are fair
//! coins, given the sizes, whatever the noise is and however the benchmarks hang together. So the signed-rank test is exact here too, and one
//! test for all benchmarks sees what is too small for each of them.

use std::collections::BTreeMap;

use crate::model::{Arm, BenchmarkId, Change, CommonShift, Effect, Kind, Precision, Role};
use crate::stats::summary::median;

use super::super::Evidence;
use super::super::family::{Entry, Family, Test};
use super::super::pair::Scale;
use super::super::procedure::STAGE_ROUNDS;
use super::super::rows::CONFIDENCE;

/// Fewer benchmarks than this are not "all together".
const BENCHMARKS_MIN: usize = 5;
/// A smaller shift is not told: a quarter of 2 %, the tolerance of a time that nobody set.
const RATIO_MIN: f64 = 0.005;
/// The largest probability that a shift is told where there is none: 8 rounds can show it, 2 · 2⁻⁸.
const SHIFT_LEVEL: f64 = 0.01;
/// The same for an order that matters: no decision hangs on it, and 10 rounds can show it.
const ORDER_LEVEL: f64 = 0.002;

/// The shift of all benchmarks from base to head, where there surely is one.
pub(in crate::judge) fn common_shift(evidence: &Evidence<'_>, family: &Family) -> Option<CommonShift> {
    moved(evidence, family, SHIFT_LEVEL, |_, _| Some(1.0))
}

/// By how much the second process of a round took longer than the first, where that surely was so. The rounds are judged as if the order were
/// the change: then it is the noise of a round, seen from its first to its second slot, that is as likely the other way round.
pub(in crate::judge) fn order_bias(evidence: &Evidence<'_>, family: &Family) -> Option<CommonShift> {
    moved(evidence, family, ORDER_LEVEL, |benchmark, round| {
        let first = evidence.protocol.first.get(benchmark)?.get(&round)?;
        Some(second_sign(*first))
    })
}

/// 1 where head ran second, −1 where base did: turns head against base into second against first.
pub(super) fn second_sign(first: Arm) -> f64 {
    match first {
        Arm::Base => 1.0,
        Arm::Head => -1.0,
    }
}

/// The middle of all benchmarks' differences, each round's with its sign, where it surely is not 0.
fn moved(
    evidence: &Evidence<'_>,
    family: &Family,
    level: f64,
    sign: impl Fn(&BenchmarkId, u32) -> Option<f64>,
) -> Option<CommonShift> {
    let benchmarks = differences(evidence, family);
    let mut rounds: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (benchmark, by_round) in &benchmarks {
        for (round, values) in by_round {
            if let (Some(sign), Some(middle)) = (sign(benchmark, *round), median(values)) {
                rounds.entry(*round).or_default().push(sign * middle);
            }
        }
    }
    let enough = rounds.values().filter(|values| values.len() >= BENCHMARKS_MIN);
    let middles: Vec<f64> = enough.filter_map(|values| median(values)).collect();
    let (test, moved) = super::beyond(&middles, 0.0, level / 2.0)?;
    let (low, high) = test.interval(CONFIDENCE);
    let effect = Effect {
        change: Change::Relative(test.estimate().exp_m1()),
        precision: Precision::Interval { lower: low.exp_m1(), upper: high.exp_m1(), confidence: CONFIDENCE },
    };
    (moved && effect.change.value().abs() >= RATIO_MIN).then(|| CommonShift {
        effect,
        benchmarks: u32::try_from(rounds.values().map(Vec::len).max().unwrap_or(0)).unwrap_or(u32::MAX),
        rounds: u32::try_from(middles.len()).unwrap_or(u32::MAX),
    })
}

/// How much worse each benchmark was in each round of stage 1, as log-ratios: one for each of its times and rates that are gated and noisy.
fn differences<'a>(evidence: &'a Evidence<'_>, family: &Family) -> BTreeMap<&'a BenchmarkId, BTreeMap<u32, Vec<f64>>> {
    let mut benchmarks: BTreeMap<&BenchmarkId, BTreeMap<u32, Vec<f64>>> = BTreeMap::new();
    for (id, series) in &evidence.head.series {
        let time_like = matches!(series.metric.kind, Kind::Time | Kind::Rate) && series.metric.role == Role::Gated;
        let Some(entry) = family.entries.get(id).filter(|entry| time_like && takes_part(entry)) else { continue };
        let by_round = benchmarks.entry(&id.benchmark).or_default();
        for difference in entry.pairs.differences.iter().filter(|difference| difference.round < STAGE_ROUNDS) {
            by_round.entry(difference.round).or_default().push(difference.worse);
        }
    }
    benchmarks
}

/// Whether a metric decides the gate by noisy rounds that have ratios.
fn takes_part(entry: &Entry) -> bool {
    entry.pairs.scale == Scale::LogRatio && !entry.not_exact && matches!(entry.test, Test::Blocking(_))
}
