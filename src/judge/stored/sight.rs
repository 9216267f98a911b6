//! What stored runs could show, and what more of them would. Refuses to look at head.

use std::collections::BTreeMap;

use crate::config::{Policy, Severity};
use crate::model::verdict::MoreRuns;
use crate::model::{Determinism, Direction, MetricId, StoredMetric};
use crate::stats::conformal::{self, foreseen_distance};
use crate::stats::prediction::{foreseen_reach, prediction};

use super::cohort::SCORE_PRIOR;
use super::{ByStored, Case, PRIOR};

/// What the stored runs of a metric could show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sight {
    /// How many runs there are.
    pub runs: u32,
    /// The smallest change for the worse that they would show in four of five runs, as a fraction.
    pub detectable_ratio: f64,
    /// The change that must not slip through, as a fraction.
    pub must_detect_ratio: f64,
    /// What it would be with more runs of the same spread, where that is worth saying.
    pub with_more: Option<MoreRuns>,
}

/// One minus the power at which a detectable change is stated.
const MISSED: f64 = 0.20;
/// How many more runs are spoken of.
const MORE: u32 = 10;
/// From how many runs on their own spread is known well enough to say what more of them would show.
const RUNS_TO_EXTRAPOLATE: usize = 3;
/// More runs are spoken of where they would show a change that is smaller than this part of what the present ones show.
const WORTHWHILE: f64 = 0.9;

/// What the stored runs of each noisy metric that blocks could show, if these metrics were judged together.
pub fn sights(stored: &BTreeMap<MetricId, StoredMetric>, policy: &Policy) -> BTreeMap<MetricId, Sight> {
    let case = |stored: &StoredMetric| {
        let resolved = policy.resolve(&stored.metric);
        let wanted = stored.metric.determinism == Determinism::Noisy && resolved.severity == Severity::Blocking;
        Case::new(stored, None, &resolved).filter(|_| wanted)
    };
    let cases = stored.iter().filter_map(|(id, stored)| Some((id.clone(), case(stored)?))).collect();
    let by_stored = ByStored::of(cases, policy);
    by_stored.cases.iter().map(|(id, case)| (id.clone(), by_stored.sight(id, case))).collect()
}

impl ByStored {
    /// What the stored runs of one metric could show.
    pub(super) fn sight(&self, id: &MetricId, case: &Case) -> Sight {
        let level = self.level(case.blocking);
        // A prediction's reach does not depend on where head lies.
        let reach = |level| prediction(&case.history, 0.0, level, PRIOR).map_or(f64::INFINITY, |p| p.effect - p.lower);
        let rank = self.cohorts.bar(id).and_then(|bar| conformal::distance(&case.history, bar, SCORE_PRIOR));
        let detectable_ratio = case.ratio(case.tolerance + reach(level).max(rank.unwrap_or(0.0)) + reach(MISSED));
        let with_more = case
            .foreseen(level, self.cohorts.size(id))
            .filter(|then| *then < WORTHWHILE * detectable_ratio)
            .map(|detectable_ratio| MoreRuns { more: MORE, detectable_ratio });
        Sight { runs: case.runs(), detectable_ratio, must_detect_ratio: case.ratio(case.must_detect), with_more }
    }
}

impl Case {
    /// What [`MORE`] more runs of the same spread would show, ranked together with `metrics` metrics.
    fn foreseen(&self, level: f64, metrics: usize) -> Option<f64> {
        let history = Some(&self.history).filter(|history| history.len() >= RUNS_TO_EXTRAPOLATE)?;
        let runs = history.len() + MORE as usize;
        let stands_out = foreseen_reach(history, runs, level)?.max(foreseen_distance(history, runs, metrics)?);
        Some(self.ratio(self.tolerance + stands_out + foreseen_reach(history, runs, MISSED)?))
    }

    /// The fraction for the worse of a distance on the logarithmic scale.
    fn ratio(&self, worse: f64) -> f64 {
        match self.direction {
            Direction::LowerIsBetter => worse.exp_m1(),
            Direction::HigherIsBetter => -(-worse).exp_m1(),
        }
    }
}
