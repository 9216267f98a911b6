//! What the stored runs of one machine class say over time: where levels changed, which runs lie far outside, how the newest level moves.
//! Advisory, never a verdict: runs that depend on the one before look like changes more often than is said here (`METHODOLOGY.md`).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::config::Policy;
use crate::model::effect::{Change, Effect, Precision};
use crate::model::{Determinism, Direction, MetricId, StoredMetric, StoredValues};
use crate::stats::changepoint;
use crate::stats::mann_whitney::shift;
use crate::stats::multiplicity::benjamini_hochberg;
use crate::stats::prediction::prediction;
use crate::stats::summary::median;
use crate::stats::trend::theil_sen;

use super::pair::log_threshold;
use super::rows::CONFIDENCE;
use super::stored::PRIOR;

/// Of the metrics that are said to have changed, the share that is expected to be wrong.
const FALSE_SHARE: f64 = 0.05;
/// The seed of the shuffles: the same runs say the same everywhere.
const SEED: u64 = 1;
/// Fewer runs at one level have no outliers and no trend.
const RUNS_MIN: usize = 5;
/// The probability that any run of unchanged code is called an outlier.
const OUTLIER_LEVEL: f64 = 0.01;

/// A level that gave way to another.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangePoint {
    /// The position of the first run of the new level, runs in order of time.
    pub at: usize,
    /// The commit of the last run before.
    pub before: String,
    /// The commit of the first run after.
    pub after: String,
    /// The new level against the old.
    pub effect: Effect,
    /// Of the permutation test; `None` for an exact metric, whose changes are counted.
    pub p_value: Option<f64>,
}

/// One metric over its stored runs.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricHistory {
    /// The value of each run, oldest first, in the metric's base unit.
    pub values: Vec<f64>,
    /// The changes of level, oldest first.
    pub changes: Vec<ChangePoint>,
    /// The median since the last of them.
    pub level: f64,
    /// How fast that level moves, as a change a run with its interval; `None` for fewer than five runs, or where no ratio exists.
    pub trend: Option<Effect>,
}

/// A run that lies far outside of the others.
#[derive(Clone, Debug, PartialEq)]
pub struct Outlier {
    /// Its commit.
    pub commit: String,
    /// When it was accepted, in seconds since 1970-01-01 UTC.
    pub taken_at_s: i64,
    /// In how many metrics it lies outside.
    pub metrics: usize,
    /// The metric in which it lies outside the furthest.
    pub worst: MetricId,
}

/// Where the levels of noisy metrics changed, worked out once and passed along: each change has to stand against a thousand shuffles.
#[derive(Clone, Debug, Default)]
pub struct Levels(BTreeMap<MetricId, Level>);

/// The changes of one metric by more than a tolerance, among so many runs.
#[derive(Clone, Debug)]
struct Level {
    tolerance_ratio: f64,
    runs: usize,
    changes: Vec<changepoint::Change>,
}

impl Levels {
    /// Of every metric, by a policy's tolerances.
    pub fn of<'a>(stored: impl IntoIterator<Item = &'a StoredMetric>, policy: &Policy) -> Self {
        let level = |stored: &StoredMetric| {
            let tolerance_ratio = policy.resolve(&stored.metric).thresholds.tolerance_ratio;
            Level { tolerance_ratio, runs: stored.runs.len(), changes: found(stored, tolerance_ratio) }
        };
        Self(stored.into_iter().map(|stored| (stored.metric.id.clone(), level(stored))).collect())
    }

    /// Of no metric: each is worked out where it is asked for.
    pub const fn unknown() -> Self {
        Self(BTreeMap::new())
    }

    /// The runs that say where a metric is now, the newest first: those since the last confirmed change of level by more than a tolerance. Runs of
    /// two levels would make a spread that no run has. All of them for an exact metric, of which the newest alone counts.
    pub fn current<'a>(&self, stored: &'a StoredMetric, tolerance_ratio: f64) -> &'a [StoredValues] {
        let from = self.changes(stored, tolerance_ratio).last().map_or(0, |change| change.at);
        &stored.runs[..stored.runs.len() - from]
    }

    fn changes(&self, stored: &StoredMetric, tolerance_ratio: f64) -> Cow<'_, [changepoint::Change]> {
        let same = |level: &&Level| {
            level.runs == stored.runs.len() && level.tolerance_ratio.total_cmp(&tolerance_ratio).is_eq()
        };
        match self.0.get(&stored.metric.id).filter(same) {
            Some(level) => Cow::Borrowed(&level.changes),
            None => Cow::Owned(found(stored, tolerance_ratio)),
        }
    }
}

/// The changes of a noisy metric; none of an exact one, and none where no ratio exists.
fn found(stored: &StoredMetric, tolerance_ratio: f64) -> Vec<changepoint::Change> {
    let logs = logs(stored).filter(|_| stored.metric.determinism == Determinism::Noisy);
    let least = log_threshold(tolerance_ratio, Direction::LowerIsBetter);
    logs.map_or_else(Vec::new, |logs| changepoint::changes(&logs, least, SEED))
}

/// The history of every metric, changes controlled for their number: of the metrics that are said to have changed, 5 % are expected to be
/// wrong where runs can be exchanged for one another (Benjamini & Hochberg over the metrics, each by one test of its whole history).
pub fn histories(
    stored: &BTreeMap<MetricId, StoredMetric>,
    levels: &Levels,
    policy: &Policy,
) -> BTreeMap<MetricId, MetricHistory> {
    let found: Vec<(&MetricId, &StoredMetric, Vec<ChangePoint>)> = stored
        .iter()
        .map(|(id, stored)| {
            let tolerance_ratio = policy.resolve(&stored.metric).thresholds.tolerance_ratio;
            (id, stored, changes(stored, levels, tolerance_ratio))
        })
        .collect();
    // A metric of which nothing would be said counts as one that was tested, and needs no test.
    let p_values: Vec<f64> = found
        .iter()
        .map(|(_, stored, changes)| {
            let tested = !changes.is_empty() && stored.metric.determinism == Determinism::Noisy;
            let logs = logs(stored).filter(|_| tested);
            logs.and_then(|logs| changepoint::p_value(&logs, SEED)).unwrap_or(1.0)
        })
        .collect();
    let adjusted = benjamini_hochberg(&p_values);
    let histories = found.into_iter().zip(adjusted).filter_map(|((id, stored, mut changes), p_value)| {
        if stored.metric.determinism == Determinism::Noisy && p_value > FALSE_SHARE {
            changes.clear();
        }
        let values = values(stored);
        let from = changes.last().map_or(0, |change| change.at);
        let level = median(&values[from..])?;
        let trend = logs(stored).and_then(|logs| trend(&logs[from..]));
        Some((id.clone(), MetricHistory { values, changes, level, trend }))
    });
    histories.collect()
}

/// The value of each run, oldest first.
fn values(stored: &StoredMetric) -> Vec<f64> {
    stored.runs.iter().rev().filter_map(|run| median(&run.statistics)).collect()
}

/// Their logarithms; `None` where a value is 0.
fn logs(stored: &StoredMetric) -> Option<Vec<f64>> {
    values(stored).into_iter().map(|value| (value > 0.0).then(|| value.ln())).collect()
}

/// The changes of level of one metric by more than its tolerance.
fn changes(stored: &StoredMetric, levels: &Levels, tolerance_ratio: f64) -> Vec<ChangePoint> {
    match stored.metric.determinism {
        Determinism::Exact => steps(stored, tolerance_ratio),
        Determinism::Noisy => sized(stored, &levels.changes(stored, tolerance_ratio)).unwrap_or_default(),
    }
}

/// A change between the runs at `at − 1` and `at`.
fn point(stored: &StoredMetric, at: usize, effect: Effect, p_value: Option<f64>) -> ChangePoint {
    let commit = |at: usize| stored.runs[stored.runs.len() - 1 - at].commit.clone();
    ChangePoint { at, before: commit(at - 1), after: commit(at), effect, p_value }
}

/// The changes of an exact metric: every run that differs from the one before by more than the tolerance.
fn steps(stored: &StoredMetric, tolerance_ratio: f64) -> Vec<ChangePoint> {
    let pairs = values(stored).windows(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>();
    let changed = pairs.into_iter().enumerate().filter_map(|(index, (before, after))| {
        let change =
            if before > 0.0 { Change::Relative(after / before - 1.0) } else { Change::Absolute(after - before) };
        let large = match change {
            Change::Relative(ratio) => ratio.abs() > tolerance_ratio,
            Change::Absolute(difference) => difference.abs() > 0.0,
        };
        large.then(|| point(stored, index + 1, Effect { change, precision: Precision::Exact }, None))
    });
    changed.collect()
}

/// The changes of a noisy metric with their sizes; `None` where no ratio exists.
fn sized(stored: &StoredMetric, found: &[changepoint::Change]) -> Option<Vec<ChangePoint>> {
    let logs = logs(stored)?;
    let mut bounds: Vec<usize> = found.iter().map(|change| change.at).collect();
    bounds.push(logs.len());
    let mut before = 0;
    let points = found.iter().zip(&bounds[1..]).filter_map(|(change, after)| {
        let apart = shift(&logs[before..change.at], &logs[change.at..*after], CONFIDENCE)?;
        before = change.at;
        let effect = Effect {
            change: Change::Relative(apart.estimate.exp_m1()),
            precision: Precision::Interval {
                lower: apart.lower.exp_m1(),
                upper: apart.upper.exp_m1(),
                confidence: CONFIDENCE,
            },
        };
        Some(point(stored, change.at, effect, Some(change.p_value)))
    });
    Some(points.collect())
}

/// The change from run to run since the last change of level.
fn trend(logs: &[f64]) -> Option<Effect> {
    if logs.len() < RUNS_MIN {
        return None;
    }
    let times: Vec<f64> = (0..logs.len()).map(|at| at as f64).collect();
    let slope = theil_sen(&times, logs, CONFIDENCE)?;
    let (lower, upper) = (slope.lower.exp_m1(), slope.upper.exp_m1());
    let precision = Precision::Interval { lower, upper, confidence: CONFIDENCE };
    Some(Effect { change: Change::Relative(slope.estimate.exp_m1()), precision })
}

/// The runs that lie far outside of the others at the newest level, the newest first: in half of their metrics or more, or in one of them by
/// far. Each run is held against what the others predict; all runs together are called outliers with a probability of 1 % at most, however
/// metrics hang together, as far as the prediction holds.
pub fn outliers(stored: &BTreeMap<MetricId, StoredMetric>, levels: &Levels, policy: &Policy) -> Vec<Outlier> {
    let noisy = stored.iter().filter(|(_, stored)| stored.metric.determinism == Determinism::Noisy);
    let series: Vec<(&MetricId, &[StoredValues], Vec<f64>)> = noisy
        .filter_map(|(id, stored)| {
            let runs = levels.current(stored, policy.resolve(&stored.metric).thresholds.tolerance_ratio);
            let logs: Option<Vec<f64>> =
                runs.iter().map(|run| median(&run.statistics).filter(|value| *value > 0.0).map(f64::ln)).collect();
            Some((id, runs, logs.filter(|logs| logs.len() > RUNS_MIN)?))
        })
        .collect();
    let runs: BTreeSet<(i64, &str)> =
        series.iter().flat_map(|(_, runs, _)| *runs).map(|run| (run.taken_at_s, run.commit.as_str())).collect();
    // A share of one half or more has at most twice the probability of a single metric (Markov), on either side.
    let many = OUTLIER_LEVEL / (8.0 * runs.len().max(1) as f64);
    let one = OUTLIER_LEVEL / (4.0 * (runs.len() * series.len()).max(1) as f64);
    let outlier = |(taken_at_s, commit): (i64, &str)| {
        let (mut metrics, mut outside, mut strongly) = (0, 0, false);
        let mut worst: Option<(f64, &MetricId)> = None;
        for (id, runs, logs) in &series {
            let Some(at) = runs.iter().position(|run| run.taken_at_s == taken_at_s && run.commit == commit) else {
                continue;
            };
            metrics += 1;
            let (beyond_many, distance) = beyond(logs, at, many);
            outside += usize::from(beyond_many);
            strongly |= beyond(logs, at, one).0;
            if worst.is_none_or(|(most, _)| distance > most) {
                worst = Some((distance, id));
            }
        }
        let is_outlier = strongly || (outside > 0 && 2 * outside >= metrics);
        let worst = worst.filter(|_| is_outlier)?.1.clone();
        Some(Outlier { commit: commit.to_owned(), taken_at_s, metrics: outside.max(1), worst })
    };
    runs.into_iter().rev().filter_map(outlier).collect()
}

/// Whether the run at `at` lies outside of what the others predict at the one-sided level, and how many of their spreads away it is.
fn beyond(logs: &[f64], at: usize, level: f64) -> (bool, f64) {
    let others: Vec<f64> = logs.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, log)| *log).collect();
    let Ok(predicted) = prediction(&others, logs[at], level, PRIOR) else { return (false, 0.0) };
    (predicted.lower > 0.0 || predicted.upper < 0.0, predicted.effect.abs() / predicted.scale)
}
