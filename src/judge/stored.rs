//! Judges head by stored runs. Times differ from run to run even on the same machine, so a new run is judged by the spread *between* stored
//! runs, and few runs carry little: what they could show is said with the verdict. Deterministic metrics need one stored run.
//!
//! A noisy metric is regressed where two rules agree that have different weaknesses: the bound of a prediction, which knows how far beyond the
//! tolerance head lies but takes the spread for roughly normal, and the rank of the run among all runs, which takes nothing but exchangeable runs
//! and holds for all metrics together, but knows no tolerance (`METHODOLOGY.md`, *Stored runs*).

mod cohort;
mod sight;

use std::collections::BTreeMap;

use crate::config::{Policy, Resolved, Severity};
use crate::model::judgement::{Method, StoredPromise, Warning};
use crate::model::verdict::Incomparable;
use crate::model::{
    Change, Determinism, Direction, Doubt, Effect, Kind, Metric, MetricId, Precision, StoredMetric, TestFamily,
    Verdict, Why,
};
use crate::stats::prediction::{Prior, prediction};
use crate::stats::summary::median;

use self::cohort::{Cohorts, RunKey};
use super::Evidence;
use super::history::Levels;
use super::pair::{log_threshold, side, signed};
use super::procedure::UNCHANGED_LEVEL;
use super::rows::{CONFIDENCE, Said, exact};

pub use sight::{Sight, sights};

/// What is assumed of the spread between runs before any was seen: 5 % with three degrees of freedom, calibrated on histories of hosted
/// runners (`METHODOLOGY.md`).
pub(super) const PRIOR: Prior = Prior { sd: 0.05, degrees_of_freedom: 3.0 };

/// A noisy metric with its stored runs, as logarithms with the sign turned so that *more is worse*.
struct Case {
    /// One value for each run, the oldest first; never empty.
    history: Vec<f64>,
    /// Which runs they are.
    keys: Vec<RunKey>,
    /// Head's value; `None` where nothing was measured yet.
    head: Option<f64>,
    tolerance: f64,
    must_detect: f64,
    direction: Direction,
    blocking: bool,
}

impl Case {
    /// `None` where some value is 0, so that no ratio exists.
    fn new(stored: &StoredMetric, levels: &Levels, head: Option<f64>, resolved: &Resolved<'_>) -> Option<Self> {
        let current = levels.current(stored, resolved.thresholds.tolerance_ratio);
        let (runs, keys): (Vec<f64>, Vec<RunKey>) = cohort::keyed(current).into_iter().rev().unzip();
        let worse = |value: f64| (value > 0.0).then(|| signed(value.ln(), resolved.direction));
        let (tolerance, must_detect) = resolved.thresholds.with_floor_at(median(&runs)?);
        Some(Self {
            history: runs.iter().map(|run| worse(*run)).collect::<Option<_>>()?,
            keys,
            head: match head {
                Some(head) => Some(worse(head)?),
                None => None,
            },
            tolerance: log_threshold(tolerance, resolved.direction),
            must_detect: log_threshold(must_detect, resolved.direction),
            direction: resolved.direction,
            blocking: resolved.severity == Severity::Blocking,
        })
    }

    fn runs(&self) -> u32 {
        u32::try_from(self.history.len()).unwrap_or(u32::MAX)
    }
}

/// Everything that is judged by stored runs, together.
pub(super) struct ByStored {
    cases: BTreeMap<MetricId, Case>,
    cohorts: Cohorts,
    /// What stored runs have of the rate of the run.
    false_alarm_rate: f64,
}

impl ByStored {
    pub(super) fn new(evidence: &Evidence<'_>, policy: &Policy) -> Self {
        let case = |id: &MetricId, stored: &StoredMetric| {
            let metric = &evidence.head.series.get(id)?.metric;
            let head = head_values(metric, evidence);
            let exact = metric.determinism == Determinism::Exact && steady(&head);
            let noisy = !exact && stored.metric.unit == metric.unit;
            Case::new(stored, evidence.levels, Some(median(&head)?), &policy.resolve(metric)).filter(|_| noisy)
        };
        let stored = evidence.stored.iter().filter_map(|(id, stored)| Some((id, stored.as_ref().ok()?)));
        let cases = stored.filter_map(|(id, stored)| Some((id.clone(), case(id, stored)?))).collect();
        Self::of(cases, policy)
    }

    fn of(cases: BTreeMap<MetricId, Case>, policy: &Policy) -> Self {
        Self { cohorts: Cohorts::new(&cases), cases, false_alarm_rate: policy.gate.shares.of(TestFamily::Stored) }
    }

    /// What is promised for the metrics that block.
    pub(super) fn promise(&self) -> Option<StoredPromise> {
        let blocking = self.cases.values().filter(|case| case.blocking);
        let runs = blocking.clone().map(Case::runs).min()?;
        let rate = self.cohorts.false_alarm_rate();
        Some(StoredPromise { metrics: blocking.count(), runs, false_alarm_rate: rate })
    }

    /// The one-sided level of one metric: those that block share the rate among themselves, the others too.
    fn level(&self, blocking: bool) -> f64 {
        let sharing = self.cases.values().filter(|case| case.blocking == blocking).count();
        self.false_alarm_rate / sharing.max(1) as f64
    }

    /// Whether head is surely worse in this metric than the runs predict, by whatever amount, at a one-sided level. `false` where nothing is known.
    pub(super) fn worse_at_all(&self, id: &MetricId, level: f64) -> bool {
        let case = self.cases.get(id).and_then(|case| Some((case, case.head?)));
        case.is_some_and(|(case, head)| prediction(&case.history, head, level, PRIOR).is_ok_and(|p| p.lower > 0.0))
    }

    /// What the stored runs say of one metric.
    pub(super) fn say(
        &self,
        metric: &Metric,
        stored: &StoredMetric,
        evidence: &Evidence<'_>,
        resolved: &Resolved<'_>,
    ) -> Said {
        // Where the level changed before, the older runs were left out.
        let kept = self.cases.get(&metric.id).map_or(stored.runs.len(), |case| case.history.len());
        let current = &stored.runs[..kept.min(stored.runs.len())];
        let runs: Vec<f64> = cohort::keyed(current).into_iter().rev().map(|(value, _)| value).collect();
        let head = head_values(metric, evidence);
        let imported = current.iter().any(|run| run.why == Why::Import);
        let single = imported && runs.len() == 1 && head.len() == 1;
        let method = Method::Stored { runs: u32::try_from(runs.len()).unwrap_or(u32::MAX) };
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
        if metric.determinism == Determinism::Exact && steady(&head) {
            let (verdict, effect) = exact(*base, value, resolved.thresholds, metric.direction);
            (said.verdict, said.effect) = (verdict, effect);
            return said;
        }
        if metric.determinism == Determinism::Exact {
            said.warnings.push(Warning::NotExact);
        }
        if matches!(metric.kind, Kind::Time | Kind::Rate) && steady(&[runs, head].concat()) && !single {
            said.warnings.push(Warning::NoSpread);
        }
        said = self.predict(said, &metric.id);
        if imported && said.verdict != Verdict::Inconclusive(Doubt::OneProcess) {
            said.warnings.push(Warning::PseudoReplicated);
        }
        said
    }

    /// Judges a noisy metric by the spread between runs.
    fn predict(&self, mut said: Said, id: &MetricId) -> Said {
        let Some((case, head)) = self.cases.get(id).and_then(|case| Some((case, case.head?))) else {
            said.verdict = Verdict::Inconclusive(cannot_tell(&said, None));
            return said;
        };
        let at = |level: f64| prediction(&case.history, head, level, PRIOR);
        let Ok(at_level) = at(self.level(case.blocking)) else {
            said.verdict = Verdict::Inconclusive(cannot_tell(&said, None));
            return said;
        };
        let unchanged = at(UNCHANGED_LEVEL).map_or(f64::INFINITY, |p| p.upper);
        let shown = at((1.0 - CONFIDENCE) / 2.0).unwrap_or(at_level);
        let sight = self.sight(id, case);
        said.detectable_ratio = Some(sight.detectable_ratio);
        said.verdict = if at_level.lower > case.tolerance && self.cohorts.worse(id) {
            Verdict::Regressed
        } else if at_level.upper < -case.tolerance && self.cohorts.better(id) {
            Verdict::Improved
        } else if unchanged < case.must_detect {
            Verdict::Unchanged
        } else {
            Verdict::Inconclusive(cannot_tell(&said, Some(sight)))
        };
        let change = |worse: f64| signed(worse, case.direction).exp_m1();
        let (a, b) = (change(shown.lower), change(shown.upper));
        said.effect = Some(Effect {
            change: Change::Relative(change(at_level.effect)),
            precision: Precision::Interval { lower: a.min(b), upper: a.max(b), confidence: CONFIDENCE },
        });
        said
    }
}

/// Head's one number of each round.
fn head_values(metric: &Metric, evidence: &Evidence<'_>) -> Vec<f64> {
    let series = evidence.head.series.get(&metric.id);
    series.map(|series| series.statistics().into_values().collect()).unwrap_or_default()
}

fn steady(values: &[f64]) -> bool {
    values.windows(2).all(|pair| pair[0].total_cmp(&pair[1]).is_eq())
}

/// Why nothing can be said: one result a side has no spread to go by, stored runs have too much, or a value of 0.
fn cannot_tell(said: &Said, sight: Option<Sight>) -> Doubt {
    match said.method {
        Method::Single | Method::Paired { .. } | Method::Alone => Doubt::OneProcess,
        Method::Stored { runs } => Doubt::StoredRunsCannotTell {
            runs,
            detectable_ratio: sight.map_or(f64::INFINITY, |sight| sight.detectable_ratio),
            with_more: sight.and_then(|sight| sight.with_more),
        },
    }
}
