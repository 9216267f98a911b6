//! What disturbs the rounds of one metric: their order, a machine that drifts, wild rounds, a coarse clock, two modes on one side alone.
//! Refuses to touch the verdict: its test is exact under all of these, and only needs more rounds.
//!
//! Order and drift are tested, strictly against the metric's tolerance, at a level that all metrics of the run share. The others are rules,
//! whose rate on noise without fault is counted by simulation (`tests/it/calibration`).

use std::collections::BTreeMap;

use crate::model::judgement::{Side, Warning};
use crate::model::machine::DisturbedRounds;
use crate::model::{Arm, Change, Kind, Metric, Protocol, Ratio};
use crate::stats::bimodal::split;
use crate::stats::summary::{mad_sd, median};
use crate::stats::trend::{Dependence, mann_kendall, theil_sen};

use super::super::family::{Entry, Family, Test};
use super::super::pair::{Pairs, Scale};
use super::super::procedure::ROUNDS_MIN;
use super::together::second_sign;

/// The largest probability that a run of undisturbed metrics shows a warning about order or drift, all metrics and both warnings together.
const FALSE_WARNING_RATE: f64 = 0.005;
/// Fewer rounds than this are not looked at by rules: chance alone looks wild too often.
const RULE_ROUNDS_MIN: usize = 24;
/// A difference is far where it lies this many standard deviations (by the MAD) from the middle.
const FAR_SD: f64 = 6.0;
/// Tails are heavy where this share of the differences is far, and no fewer than [`FAR_MIN`]: of bell curves 0.9 in 10,000 at 20 rounds, 0.3 at
/// 26, hardly any beyond.
const FAR_SHARE: f64 = 0.10;
const FAR_MIN: u32 = 3;
/// A side has two modes where the gap spans this many standard deviations of its groups: of bell curves 0.9 in 100 do at 10 rounds, so that
/// both sides do in 0.7 of 10,000 metrics; fewer than 0.1 in 10,000 where one side alone is looked at.
const GAP_SD: f64 = 4.0;

/// A clock is coarse where its steps are larger than this share of the tolerance: equal nanoseconds of a millisecond are a quiet machine.
const COARSE_SHARE: f64 = 0.1;

/// The level of each single test: two of them, on two sides, for each noisy metric.
pub(in crate::judge) fn level(family: &Family) -> f64 {
    let noisy = family.entries.values().filter(|entry| tolerance(entry).is_some()).count();
    FALSE_WARNING_RATE / (4 * noisy.max(1)) as f64
}

/// The tolerance on the scale of the differences; `None` for a metric that is compared exactly.
fn tolerance(entry: &Entry) -> Option<f64> {
    match &entry.test {
        Test::Exact | Test::Reported(_) => None,
        Test::Blocking(member) | Test::Advisory(member) => Some(member.tolerance),
    }
}

/// One metric's rounds, asked what disturbed them.
pub(in crate::judge) struct Disturbed<'a> {
    pub(in crate::judge) entry: &'a Entry,
    pub(in crate::judge) metric: &'a Metric,
    pub(in crate::judge) protocol: &'a Protocol,
    /// The rounds that ran while the machine was disturbed.
    pub(in crate::judge) machine: &'a [DisturbedRounds],
    /// The one-sided level of each test.
    pub(in crate::judge) level: f64,
}

impl Disturbed<'_> {
    /// The warnings. What explains another comes alone: an order that matters parts each side in two, and two groups look like heavy tails.
    pub(in crate::judge) fn warnings(&self) -> Vec<Warning> {
        let Some(tolerance) = tolerance(self.entry) else { return Vec::new() };
        let pairs = &self.entry.pairs;
        let tolerance_ratio = self.entry.thresholds.tolerance_ratio;
        let first = self.protocol.first.get(&self.metric.id.benchmark);
        let order = first.and_then(|first| order(pairs, first, tolerance, self.level));
        let groups =
            order.or_else(|| bimodal(pairs, tolerance_ratio)).or_else(|| bimodal_alone(pairs, tolerance_ratio));
        let tails = groups.or_else(|| self.equal()).or_else(|| heavy_tails(pairs));
        drift(pairs, tolerance, self.level).into_iter().chain(tails).chain(self.machine()).collect()
    }

    /// Whether many rounds of the suite ran while the machine was disturbed.
    fn machine(&self) -> Option<Warning> {
        let of_suite = self.machine.iter().find(|rounds| rounds.suite == self.metric.id.benchmark.suite);
        let DisturbedRounds { rounds, of, .. } = of_suite.filter(|rounds| rounds.casts_doubt())?;
        Some(Warning::MachineDisturbed { rounds: *rounds, of: *of })
    }

    /// Whether all values, most values of a side, or most differences are one and the same number. Only of times and rates: memory comes in pages,
    /// counts are whole numbers, and no event in any round is what it should be.
    fn equal(&self) -> Option<Warning> {
        let pairs = &self.entry.pairs;
        let is_timed = matches!(self.metric.kind, Kind::Time | Kind::Rate);
        if !is_timed || matches!(pairs.scale, Scale::Growth | Scale::Rates) {
            return None;
        }
        let of = u32::try_from(pairs.differences.len()).unwrap_or(u32::MAX);
        if of < ROUNDS_MIN || pairs.exact() {
            return (of >= ROUNDS_MIN).then_some(Warning::NoSpread);
        }
        if self.entry.not_exact {
            return None;
        }
        let differences: Vec<f64> = pairs.differences.iter().map(|difference| difference.worse).collect();
        let sides = [&pairs.base.statistics, &pairs.head.statistics, &differences];
        let equal = sides.into_iter().map(|values| most_equal(values)).max().unwrap_or(0);
        let matters = COARSE_SHARE * self.entry.thresholds.tolerance_ratio * pairs.base.value;
        let coarse = smallest_step(&pairs.base.statistics, &pairs.head.statistics).is_some_and(|step| step > matters);
        (2 * equal > of && coarse).then_some(Warning::Ties { equal, of })
    }
}

/// Whether what runs second in a round differs from what runs first by surely more than the tolerance, whatever the arm.
///
/// With c = 1 where head ran second and −1 where base did, c × (head − base) is second − first. Where order does not matter its sign is fair:
/// the noise of the two slots is as likely the other way round, and what head really changed comes in with the coin's sign.
fn order(pairs: &Pairs, first: &BTreeMap<u32, Arm>, tolerance: f64, level: f64) -> Option<Warning> {
    let second: Vec<f64> = pairs
        .differences
        .iter()
        .filter_map(|difference| Some(second_sign(*first.get(&difference.round)?) * difference.worse))
        .collect();
    // Cheap, and stricter at most: most metrics end here.
    if median(&second)?.abs() <= tolerance {
        return None;
    }
    let (test, beyond) = super::beyond(&second, tolerance, level)?;
    match pairs.change(test.estimate()) {
        Change::Relative(ratio) if beyond => Some(Warning::OrderBias { second: Ratio(ratio) }),
        Change::Relative(_) | Change::Absolute(_) => None,
    }
}

/// Whether base's own values rise or fall from the first round to the last by surely more than the tolerance, if rounds are independent.
fn drift(pairs: &Pairs, tolerance: f64, level: f64) -> Option<Warning> {
    let values: Vec<f64> = match pairs.scale {
        Scale::LogRatio => pairs.base.statistics.iter().map(|value| value.ln()).collect(),
        Scale::Absolute => pairs.base.statistics.clone(),
        // How many events there are, or how fast memory grows, is the program's doing before it is the machine's.
        Scale::Growth | Scale::Rates => return None,
    };
    let times: Vec<f64> = pairs.differences.iter().map(|difference| f64::from(difference.round)).collect();
    let third = values.len() / 3;
    // Two thirds of a straight drift lie between the middles of the outer thirds; less than half of the tolerance is not looked at.
    if (median(&values[values.len() - third..])? - median(&values[..third])?).abs() <= 0.5 * tolerance {
        return None;
    }
    let start = *times.first()?;
    let span = times.last()? - start;
    let trends = |sign: f64| {
        let left: Vec<f64> =
            values.iter().zip(&times).map(|(value, time)| sign * value - tolerance * (time - start) / span).collect();
        mann_kendall(&left, Dependence::Independent).is_some_and(|test| test.p_value_greater <= level)
    };
    if !trends(1.0) && !trends(-1.0) {
        return None;
    }
    let risen = theil_sen(&times, &values, 0.9)?.estimate * span;
    let ratio = match pairs.scale {
        Scale::LogRatio => risen.exp_m1(),
        Scale::Absolute if pairs.base.value > 0.0 => risen / pairs.base.value,
        Scale::Absolute | Scale::Growth | Scale::Rates => return None,
    };
    Some(Warning::Drifting { ratio: Ratio(ratio) })
}

/// Whether far more differences lie far from their middle than in a bell curve.
fn heavy_tails(pairs: &Pairs) -> Option<Warning> {
    let differences: Vec<f64> = pairs.differences.iter().map(|difference| difference.worse).collect();
    if differences.len() < RULE_ROUNDS_MIN {
        return None;
    }
    let (middle, sd) = (median(&differences)?, mad_sd(&differences)?);
    let is_far = |difference: &&f64| sd > 0.0 && (*difference - middle).abs() > FAR_SD * sd;
    let far = u32::try_from(differences.iter().filter(is_far).count()).unwrap_or(u32::MAX);
    let of = u32::try_from(differences.len()).unwrap_or(u32::MAX);
    (far >= FAR_MIN && f64::from(far) >= FAR_SHARE * f64::from(of)).then_some(Warning::HeavyTails { far, of })
}

/// Whether both sides fall into two groups that are so far apart that it matters: more than half the tolerance.
fn bimodal(pairs: &Pairs, tolerance_ratio: f64) -> Option<Warning> {
    let two = |side: &Side| {
        let matters = 0.5 * tolerance_ratio * side.value;
        split(&side.statistics).is_some_and(|split| split.gap > GAP_SD * split.pooled_sd && split.gap > matters)
    };
    (two(&pairs.base) && two(&pairs.head)).then_some(Warning::Bimodal)
}

/// Whether one side falls into two groups, more than the tolerance apart, and the other does not: a program that is slow only sometimes.
fn bimodal_alone(pairs: &Pairs, tolerance_ratio: f64) -> Option<Warning> {
    if pairs.differences.len() < RULE_ROUNDS_MIN {
        return None;
    }
    let (base, head) = (split(&pairs.base.statistics)?, split(&pairs.head.statistics)?);
    let far = |split: &crate::stats::bimodal::Split, value: f64| {
        split.gap > GAP_SD * split.pooled_sd && split.gap > tolerance_ratio * value
    };
    match (far(&base, pairs.base.value), far(&head, pairs.head.value)) {
        (true, false) if !head.is_bimodal() => Some(Warning::BimodalAlone { arm: Arm::Base }),
        (false, true) if !base.is_bimodal() => Some(Warning::BimodalAlone { arm: Arm::Head }),
        (true | false, true | false) => None,
    }
}

/// The smallest distance between two values that differ: what the clock can tell apart, at best. `None` where none do.
fn smallest_step(one: &[f64], other: &[f64]) -> Option<f64> {
    let mut sorted = [one, other].concat();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.windows(2).map(|pair| pair[1] - pair[0]).filter(|step| *step > 0.0).min_by(f64::total_cmp)
}

/// How often the most frequent value occurs.
fn most_equal(values: &[f64]) -> u32 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let most = sorted.chunk_by(|a, b| a.total_cmp(b).is_eq()).map(<[f64]>::len).max().unwrap_or(0);
    u32::try_from(most).unwrap_or(u32::MAX)
}
