//! Judges head by stored runs. Times differ from run to run even on the same machine, so a new run is judged by the spread *between* stored
//! runs, and few runs carry little: what they could show is said with the verdict. Deterministic metrics need one stored run.

use crate::config::{Policy, Resolved, Severity};
use crate::model::judgement::{Method, Warning};
use crate::model::verdict::Incomparable;
use crate::model::{
    Change, Determinism, Direction, Doubt, Effect, Metric, MetricId, Precision, StoredMetric, Thresholds, Verdict, Why,
};
use crate::stats::prediction::{Prediction, Prior, prediction};
use crate::stats::summary::median;

use super::Evidence;
use super::history;
use super::pair::{log_threshold, side, signed};
use super::procedure::UNCHANGED_LEVEL;
use super::rows::{CONFIDENCE, Said, exact};

/// What is assumed of the spread between runs before any was seen: 5 % with three degrees of freedom, calibrated on histories of hosted
/// runners (`METHODOLOGY.md`).
pub(super) const PRIOR: Prior = Prior { sd: 0.05, degrees_of_freedom: 3.0 };

/// How many metrics are judged by stored runs and share the promise.
pub(super) fn family(evidence: &Evidence<'_>, policy: &Policy) -> usize {
    noisy(evidence).filter(|metric| policy.resolve(metric).severity == Severity::Blocking).count()
}

/// The one-sided level of each of them.
pub(super) fn level(evidence: &Evidence<'_>, policy: &Policy) -> f64 {
    policy.gate.false_alarm_rate / family(evidence, policy).max(1) as f64
}

fn noisy<'a>(evidence: &'a Evidence<'_>) -> impl Iterator<Item = &'a Metric> {
    evidence
        .stored
        .iter()
        .filter_map(|(id, stored)| Some((id, stored.as_ref().ok()?)))
        .filter(|(id, stored)| has_head(id, evidence) && stored.metric.determinism == Determinism::Noisy)
        .map(|(_, stored)| &stored.metric)
}

fn has_head(id: &MetricId, evidence: &Evidence<'_>) -> bool {
    evidence.head.series.contains_key(id)
}

/// What the stored runs say of one metric.
pub(super) fn say(
    metric: &Metric,
    stored: &StoredMetric,
    evidence: &Evidence<'_>,
    resolved: &Resolved<'_>,
    level: f64,
) -> Said {
    let stored_runs = history::current(stored, resolved.thresholds.tolerance_ratio);
    let runs: Vec<f64> = stored_runs.iter().rev().filter_map(|run| median(&run.statistics)).collect();
    let head: Vec<f64> =
        evidence.head.series.get(&metric.id).map(|s| s.statistics().into_values().collect()).unwrap_or_default();
    let imported = stored_runs.iter().any(|run| run.why == Why::Import);
    let spread = runs.iter().chain(&head).any(|value| value.total_cmp(&runs[0]).is_ne());
    let method = Method::Stored { runs: u32::try_from(runs.len()).unwrap_or(u32::MAX) };
    let single = imported && runs.len() == 1 && head.len() == 1;
    let mut said = Said {
        verdict: Verdict::Missing,
        method: if single { Method::Single } else { method },
        base: side(runs.clone()),
        head: side(head.clone()),
        effect: None,
        thresholds: resolved.thresholds,
        detectable_ratio: None,
        warnings: Vec::new(),
    };
    let (Some(base), Some(value)) = (runs.last(), median(&head)) else { return said };
    if stored.metric.unit != metric.unit {
        let (base, head) = (stored.metric.unit.symbol().to_owned(), metric.unit.symbol().to_owned());
        said.verdict = Verdict::NotComparable(Incomparable::Unit { base, head });
        return said;
    }
    let head_steady = head.windows(2).all(|pair| pair[0].total_cmp(&pair[1]).is_eq());
    if metric.determinism == Determinism::Exact && head_steady {
        let (verdict, effect) = exact(*base, value, resolved.thresholds, metric.direction);
        (said.verdict, said.effect) = (verdict, effect);
        return said;
    }
    if metric.determinism == Determinism::Exact {
        said.warnings.push(Warning::NotExact);
    }
    if !spread && !single {
        said.warnings.push(Warning::NoSpread);
    }
    said = predict(said, metric, &runs, value, level);
    if imported && said.verdict != Verdict::Inconclusive(Doubt::OneProcess) {
        said.warnings.push(Warning::PseudoReplicated);
    }
    said
}

/// The smallest change for the worse that `runs` stored runs of a noisy metric, one value each and oldest first, could show at the one-sided
/// `level`, as a fraction. `None` where no ratio can be taken or there is no run.
pub fn detectable_ratio(runs: &[f64], level: f64, thresholds: Thresholds, direction: Direction) -> Option<f64> {
    if runs.iter().any(|run| *run <= 0.0) {
        return None;
    }
    let history: Vec<f64> = runs.iter().map(|run| run.ln()).collect();
    let (tolerance, _) = thresholds.with_floor_at(median(runs)?);
    let predicted = prediction(&history, *history.last()?, level, PRIOR).ok()?;
    Some(beyond(log_threshold(tolerance, direction), predicted))
}

/// The smallest change for the worse that stands out of a prediction.
fn beyond(tolerance: f64, predicted: Prediction) -> f64 {
    (tolerance + (predicted.effect - predicted.lower)).exp_m1()
}

/// Judges a noisy metric by the spread between runs.
fn predict(mut said: Said, metric: &Metric, runs: &[f64], head: f64, level: f64) -> Said {
    let count = u32::try_from(runs.len()).unwrap_or(u32::MAX);
    if head <= 0.0 || runs.iter().any(|run| *run <= 0.0) {
        said.verdict = Verdict::Inconclusive(cannot_tell(&said, count, f64::INFINITY));
        return said;
    }
    let history: Vec<f64> = runs.iter().map(|run| signed(run.ln(), metric.direction)).collect();
    let head = signed(head.ln(), metric.direction);
    let Ok(at_level) = prediction(&history, head, level, PRIOR) else { return said };
    let unchanged = prediction(&history, head, UNCHANGED_LEVEL, PRIOR).map_or(f64::INFINITY, |p| p.upper);
    let shown = prediction(&history, head, (1.0 - CONFIDENCE) / 2.0, PRIOR).unwrap_or(at_level);
    let base = said.base.as_ref().map_or(0.0, |base| base.value);
    let (tolerance, must_detect) = said.thresholds.with_floor_at(base);
    let (tolerance, must_detect) =
        (log_threshold(tolerance, metric.direction), log_threshold(must_detect, metric.direction));
    let change = |worse: f64| signed(worse, metric.direction).exp_m1();
    let detectable_ratio = beyond(tolerance, at_level);
    said.verdict = if at_level.lower > tolerance {
        Verdict::Regressed
    } else if at_level.upper < -tolerance {
        Verdict::Improved
    } else if unchanged < must_detect {
        Verdict::Unchanged
    } else {
        Verdict::Inconclusive(cannot_tell(&said, count, detectable_ratio))
    };
    let (a, b) = (change(shown.lower), change(shown.upper));
    said.effect = Some(Effect {
        change: Change::Relative(change(at_level.effect)),
        precision: Precision::Interval { lower: a.min(b), upper: a.max(b), confidence: CONFIDENCE },
    });
    said.detectable_ratio = Some(detectable_ratio);
    said
}

/// Why nothing can be said: one result a side has no spread to go by, stored runs have too much.
fn cannot_tell(said: &Said, runs: u32, detectable_ratio: f64) -> Doubt {
    match said.method {
        Method::Single => Doubt::OneProcess,
        Method::Stored { .. } | Method::Paired { .. } | Method::Alone => {
            Doubt::StoredRunsCannotTell { runs, detectable_ratio }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THRESHOLDS: Thresholds = Thresholds { tolerance_ratio: 0.02, must_detect_ratio: 0.05, floor: 0.0 };

    fn detectable(runs: &[f64], level: f64) -> f64 {
        detectable_ratio(runs, level, THRESHOLDS, Direction::LowerIsBetter).unwrap()
    }

    #[test]
    fn one_run_shows_large_changes_alone_and_enormous_ones_among_a_hundred() {
        assert!((0.39..0.42).contains(&detectable(&[1.0], 0.01)), "{}", detectable(&[1.0], 0.01));
        assert!((3.5..4.5).contains(&detectable(&[1.0], 0.0001)), "{}", detectable(&[1.0], 0.0001));
    }

    #[test]
    fn ten_steady_runs_show_small_changes_whatever_the_unit() {
        let runs: Vec<f64> = (0..10).map(|run| 1.0 + 0.001 * f64::from(run % 3)).collect();
        assert!(detectable(&runs, 0.01) < 0.04, "{}", detectable(&runs, 0.01));
        let nanoseconds: Vec<f64> = runs.iter().map(|run| run * 1e9).collect();
        assert!((detectable(&runs, 0.01) - detectable(&nanoseconds, 0.01)).abs() < 1e-9);
        assert!(detectable_ratio(&[0.0, 1.0], 0.01, THRESHOLDS, Direction::LowerIsBetter).is_none());
        assert!(detectable_ratio(&[], 0.01, THRESHOLDS, Direction::LowerIsBetter).is_none());
    }
}
