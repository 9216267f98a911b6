//! What the machine can show of some suites, from rounds in which both arms were the same program. Refuses to know how they were run.
//!
//! The rows of a table of plans: everything here is an approximation for people who choose thresholds (see [`crate::stats::planning`]); what is
//! decided in a check is decided by [`super::procedure`].

mod rules;
mod shape;

use crate::config::{Policy, Severity};
use crate::model::calibration::{Calibrated, Reach, Told};
use crate::model::{
    BenchmarkId, Calibration, Change, CoverageProblem, Judgement, Metric, Protocol, Run, Thresholds, Verdict,
};
use crate::stats::summary::{mad_sd, variance};

use super::family::{Entry, Family, Test, settings};
use super::pair::{Pairs, Scale, signed};
use super::procedure::{self, ROUNDS_MIN, STAGE_ROUNDS, Settings, Step};

/// Power at which the reach of some rounds is stated.
const POWER_REACH: f64 = 0.80;
/// Power at which tolerance and must-detect count as told apart: what the gate promises for a change as large as must-detect.
const POWER_TOLD: f64 = 0.95;
/// How many of the other metrics are taken to go on into stage 2 beside the one in question, as a share: about what the simulated fleet shows
/// (`METHODOLOGY.md`).
const COMPANY_SHARE: f64 = 0.10;
/// The must-detects that are suggested, ascending.
const LADDER: [f64; 12] = [0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.10, 0.15, 0.20, 0.30, 0.50, 1.0];
/// The tolerance for a must-detect, in the proportion of the default for times.
const TOLERANCE_SHARE: f64 = 0.4;
/// It is said how many rounds would tell up to this many times the limit.
const ROUNDS_FACTOR: u32 = 4;

/// What was measured, and how long it took.
#[derive(Clone, Copy, Debug)]
pub struct Rounds<'a> {
    /// The one arm.
    pub base: &'a Run,
    /// The other arm: the same program.
    pub head: &'a Run,
    /// How the rounds went.
    pub protocol: &'a Protocol,
    /// Rounds that were run.
    pub rounds: u32,
    /// How long they took, in seconds.
    pub elapsed_s: f64,
    /// The seed of the coins.
    pub seed: u64,
    /// What went wrong.
    pub troubles: &'a [CoverageProblem],
}

/// Calibrates. `judgement` is what the gate says of the same rounds.
pub fn calibrate(rounds: &Rounds<'_>, policy: &Policy, judgement: &Judgement) -> Calibration {
    let family = Family::new(rounds.base, rounds.head, policy);
    let blocks = |metric: &Metric| policy.resolve(metric).severity == Severity::Blocking;
    let planner = Planner::new(rounds, &family, &settings(policy), policy.gate.time_limit.as_secs_f64());
    let shown = |metric: &Metric| policy.resolve(metric).severity != Severity::Ignored;
    let metrics: Vec<Calibrated> = family
        .entries
        .iter()
        .filter_map(|(id, entry)| Some((&rounds.head.series.get(id)?.metric, entry)))
        .filter(|(metric, _)| shown(metric))
        .map(|(metric, entry)| planner.row(metric, entry, blocks(metric), rounds.protocol, family.entries.len()))
        .collect();
    let alarms = judgement.rows.iter().filter(|row| row.verdict == Verdict::Regressed && blocks(&row.metric));
    Calibration {
        revision: rounds.head.revision.clone(),
        environment: rounds.head.environment.clone(),
        seed: rounds.seed,
        rounds: rounds.rounds,
        elapsed_s: rounds.elapsed_s,
        round_s: planner.round_s,
        rounds_max: policy.gate.rounds_max,
        time_limit_s: policy.gate.time_limit.as_secs(),
        ignored: family.entries.len() - metrics.len(),
        alarms: alarms.map(|row| row.metric.id.clone()).collect(),
        troubles: rounds.troubles.to_vec(),
        rules: rules::rules(&metrics),
        metrics,
    }
}

/// One look of the procedure as it is planned with.
#[derive(Clone, Copy, Debug)]
struct Look {
    rounds: u32,
    /// The rounds that are tested: fresh ones, but where stage 1 is all there is.
    tested: u32,
    level: f64,
}

/// What the looks and their cost are.
struct Planner<'a> {
    /// The first one is stage 1 by itself, as if no rounds could follow.
    looks: Vec<Look>,
    rounds_max: u32,
    time_limit_s: f64,
    round_s: f64,
    benchmarks: usize,
    protocol: &'a Protocol,
}

impl<'a> Planner<'a> {
    fn new(rounds: &Rounds<'a>, family: &Family, settings: &Settings, time_limit_s: f64) -> Self {
        let size = family.size().max(1) as f64;
        // One that is slower is a suspect, and shares the level with those that stage 1 chose beside it.
        let company = 1.0 + COMPANY_SHARE * (size - 1.0);
        let stage = STAGE_ROUNDS.min(settings.rounds_max);
        let alone = Look { rounds: stage, tested: stage, level: settings.false_alarm_rate / size };
        let look = |(end, step): (u32, Step)| match step {
            Step::Look { share, .. } => {
                let level = settings.false_alarm_rate * share / company;
                Some(Look { rounds: end, tested: end - stage, level })
            }
            Step::Leave => None,
        };
        let looks = procedure::steps(settings).into_iter().filter_map(look);
        let benchmarks = rounds.head.series.keys().map(|id| &id.benchmark);
        Self {
            looks: std::iter::once(alone).chain(looks).collect(),
            rounds_max: settings.rounds_max,
            time_limit_s,
            round_s: if rounds.rounds > 0 { rounds.elapsed_s / f64::from(rounds.rounds) } else { 0.0 },
            benchmarks: benchmarks.collect::<std::collections::BTreeSet<_>>().len().max(1),
            protocol: rounds.protocol,
        }
    }

    /// One metric's row.
    fn row(&self, metric: &Metric, entry: &Entry, blocking: bool, protocol: &Protocol, family: usize) -> Calibrated {
        let pairs = &entry.pairs;
        let (tolerance_ratio, must_detect_ratio) = entry.thresholds.with_floor_at(pairs.base_before(STAGE_ROUNDS));
        let noise = noise_sd(pairs);
        let benchmark = &metric.id.benchmark;
        let (reach, told, suggested) = match (&entry.test, noise) {
            (Test::Exact, _) => (Vec::new(), Told::Exactly, None),
            (Test::Blocking(member) | Test::Advisory(member), Some(noise)) => {
                let told = self.told(benchmark, noise, member.tolerance, member.must_detect);
                (self.reach(pairs, noise, member.tolerance), told, self.suggest(benchmark, pairs, noise, entry))
            }
            (Test::Blocking(_) | Test::Advisory(_), None) | (Test::Reported(_), _) => (Vec::new(), Told::Unknown, None),
        };
        Calibrated {
            metric: Metric { direction: pairs.direction(), ..metric.clone() },
            value: pairs.base.value,
            rounds: u32::try_from(pairs.differences.len()).unwrap_or(u32::MAX),
            noise_ratio: noise.and_then(|noise| match pairs.scale {
                Scale::LogRatio => Some(noise),
                Scale::Absolute | Scale::Growth | Scale::Rates => worse_ratio(pairs, noise),
            }),
            thresholds: Thresholds { tolerance_ratio, must_detect_ratio, floor: entry.thresholds.floor },
            blocking,
            reach,
            told,
            suggested,
            shapes: shape::shapes(entry, protocol.first.get(benchmark), family),
        }
    }

    /// What the checkpoints would show.
    fn reach(&self, pairs: &Pairs, noise: f64, margin: f64) -> Vec<Reach> {
        let one = |look: &Look| {
            let effect = procedure::plan(look.level, POWER_REACH, noise, margin).detectable_effect(look.tested);
            Reach { rounds: look.rounds, change_ratio: effect.and_then(|effect| worse_ratio(pairs, effect)) }
        };
        self.looks.iter().map(one).collect()
    }

    /// The first look within the limits that tells `margin` and `target` apart.
    fn within(&self, benchmark: &BenchmarkId, noise: f64, margin: f64, target: f64) -> Option<(u32, f64)> {
        let convicting = if self.looks.len() > 1 { &self.looks[1..] } else { &self.looks };
        convicting.iter().find_map(|look| {
            let seconds = self.seconds(benchmark, look.rounds);
            let plan = procedure::plan(look.level, POWER_TOLD, noise, margin);
            let seen = plan.detectable_effect(look.tested).is_some_and(|effect| effect <= target);
            (seen && seconds <= self.time_limit_s).then_some((look.rounds, seconds))
        })
    }

    fn told(&self, benchmark: &BenchmarkId, noise: f64, margin: f64, target: f64) -> Told {
        if let Some((rounds, seconds)) = self.within(benchmark, noise, margin, target) {
            return Told::Within { rounds, seconds };
        }
        let level = self.looks.last().map_or(0.0, |look| look.level);
        let most = self.rounds_max.saturating_mul(ROUNDS_FACTOR);
        let needed = procedure::plan(level, POWER_TOLD, noise, margin).rounds_needed(target, most);
        let rounds = needed.map(|rounds| rounds + STAGE_ROUNDS);
        Told::NotWithin { rounds, seconds: rounds.map(|rounds| self.seconds(benchmark, rounds)) }
    }

    /// The smallest round must-detect that is seen within the limits.
    fn suggest(&self, benchmark: &BenchmarkId, pairs: &Pairs, noise: f64, entry: &Entry) -> Option<Thresholds> {
        let floor = entry.thresholds.floor;
        LADDER.into_iter().find_map(|must_detect_ratio| {
            let tolerance_ratio = TOLERANCE_SHARE * must_detect_ratio;
            let wanted = Thresholds { tolerance_ratio, must_detect_ratio, floor };
            let (tolerance, must_detect) = wanted.with_floor_at(pairs.base.value);
            let (margin, target) = (pairs.threshold(tolerance)?, pairs.threshold(must_detect)?);
            self.within(benchmark, noise, margin, target).map(|_| wanted)
        })
    }

    /// How long it takes until a benchmark has so many rounds: stage 1 of everything, then of it and of what stage 1 chose beside it.
    fn seconds(&self, benchmark: &BenchmarkId, rounds: u32) -> f64 {
        let own = self.protocol.round_s.get(benchmark).copied().unwrap_or(self.round_s / self.benchmarks as f64);
        let stage = rounds.min(STAGE_ROUNDS);
        let company = COMPANY_SHARE * (self.round_s - own).max(0.0);
        f64::from(stage) * self.round_s + f64::from(rounds - stage) * (own + company)
    }
}

/// The robust spread of the differences; where more than half of them are equal, the standard deviation. `None` below the fewest rounds.
fn noise_sd(pairs: &Pairs) -> Option<f64> {
    let differences: Vec<f64> = pairs.differences.iter().map(|difference| difference.worse).collect();
    if differences.len() < ROUNDS_MIN as usize {
        return None;
    }
    mad_sd(&differences).filter(|sd| *sd > 0.0).or_else(|| variance(&differences).map(f64::sqrt))
}

/// A difference for the worse as a fraction of base; `None` where base is 0.
fn worse_ratio(pairs: &Pairs, worse: f64) -> Option<f64> {
    match pairs.change(worse) {
        Change::Relative(ratio) => Some(signed(ratio, pairs.direction())),
        Change::Absolute(_) => None,
    }
}

#[cfg(test)]
mod tests;
