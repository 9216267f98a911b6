//! What stored runs could show, and what more of them would. Refuses to look at head.

use std::collections::BTreeMap;

use crate::config::{Policy, Severity};
use crate::model::verdict::MoreRuns;
use crate::model::{Determinism, Direction, MetricId, StoredMetric};
use crate::stats::conformal::{self, foreseen_distance};
use crate::stats::prediction::{foreseen_reach, prediction};

use super::super::history::Levels;
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
    let levels = Levels::unknown();
    let case = |stored: &StoredMetric| {
        let resolved = policy.resolve(&stored.metric);
        let wanted = stored.metric.determinism == Determinism::Noisy && resolved.severity == Severity::Blocking;
        Case::new(stored, &levels, None, &resolved).filter(|_| wanted)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::measure::scripted::time;
    use crate::model::{Metric, Name, StoredValues, TestFamily, Why};

    /// Metrics with the same stored runs, the oldest first.
    fn of(runs: &[f64], metrics: usize, change: fn(Metric) -> Metric) -> BTreeMap<MetricId, StoredMetric> {
        let name = |text: &str| Name::new(text).unwrap();
        let mut values: Vec<StoredValues> = (0_i64..)
            .zip(runs)
            .map(|(taken_at_s, value)| StoredValues {
                statistics: vec![*value],
                taken_at_s,
                why: Why::Update,
                commit: String::new(),
            })
            .collect();
        values.reverse();
        let metrics = (0..metrics).map(|at| change(time(&name("core"), &name(&at.to_string()))));
        metrics.map(|metric| (metric.id.clone(), StoredMetric { metric, runs: values.clone() })).collect()
    }

    /// The defaults where nothing but stored runs is to be judged.
    fn policy() -> Policy {
        let mut policy = Config::parse("", "tollgate.toml").unwrap().policy;
        policy.gate.shares = policy.gate.shares.among([TestFamily::Stored]);
        policy
    }

    fn sight(runs: &[f64], metrics: usize) -> Sight {
        let policy = policy();
        *sights(&of(runs, metrics, |metric| metric), &policy).values().next().unwrap()
    }

    /// Runs that are up to a tenth of a percent apart.
    fn steady(runs: u32) -> Vec<f64> {
        (0..runs).map(|run| 1.0 + 0.001 * f64::from(run % 3)).collect()
    }

    #[test]
    fn one_run_shows_large_changes_alone_and_enormous_ones_among_a_hundred() {
        let (alone, among) = (sight(&[1.0], 1), sight(&[1.0], 100));
        assert!((0.49..0.53).contains(&alone.detectable_ratio), "{alone:?}");
        assert!((4.0..4.6).contains(&among.detectable_ratio), "{among:?}");
        assert_eq!((alone.runs, alone.with_more), (1, None));
    }

    #[test]
    fn ten_steady_runs_show_small_changes_whatever_the_unit() {
        let seconds = sight(&steady(10), 1);
        assert!(seconds.detectable_ratio < seconds.must_detect_ratio, "{seconds:?}");
        let nanoseconds: Vec<f64> = steady(10).iter().map(|run| run * 1e9).collect();
        let nanoseconds = sight(&nanoseconds, 1);
        assert!((seconds.detectable_ratio - nanoseconds.detectable_ratio).abs() < 1e-9);
    }

    #[test]
    fn three_runs_say_what_ten_more_would_show_and_those_show_it() {
        let three = sight(&steady(3), 4);
        let foreseen = three.with_more.unwrap();
        let thirteen = sight(&steady(13), 4).detectable_ratio;
        assert!(foreseen.more == 10 && foreseen.detectable_ratio < three.detectable_ratio / 3.0, "{three:?}");
        assert!((foreseen.detectable_ratio / thirteen - 1.0).abs() < 0.25, "{foreseen:?} {thirteen}");
    }

    #[test]
    fn a_rate_cannot_lose_more_than_all_of_itself() {
        let policy = policy();
        let rate = |metric| Metric { direction: Direction::HigherIsBetter, ..metric };
        let sights = sights(&of(&[1.0], 100, rate), &policy);
        assert!(sights.values().all(|sight| (0.7..1.0).contains(&sight.detectable_ratio)), "{sights:?}");
    }

    #[test]
    fn values_of_zero_show_nothing() {
        let policy = policy();
        assert!(sights(&of(&[1.0, 0.0], 1, |metric| metric), &policy).is_empty());
        assert!(sights(&of(&[], 1, |metric| metric), &policy).is_empty());
    }
}
