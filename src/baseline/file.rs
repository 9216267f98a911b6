//! One baseline file as a value: the accepted runs of one suite in one class. Pure; refuses to know how it is written.

use std::collections::BTreeMap;

use crate::model::{Determinism, MetricId, Name, Run, StoredRun, StoredSeries, Why};

use super::error::{BaselineError, visible};
use super::layout::ANY;

/// The most numbers that a run keeps of one metric.
pub const STATISTICS_MAX: usize = 64;
/// The largest number that is kept: beyond it a square is no longer finite, and no measurement goes there.
pub const VALUE_MAX: f64 = 1e100;

/// The accepted runs of one suite in one environment class.
#[derive(Clone, Debug, PartialEq)]
pub struct BaselineFile {
    /// The suite.
    pub suite: Name,
    /// The environment class, or [`ANY`].
    pub class: String,
    /// The runs, the newest accepted first. All series of one metric have the same unit.
    pub runs: Vec<StoredRun>,
}

/// When, by what and why a run was accepted.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Seconds since 1970-01-01 UTC.
    pub at_s: i64,
    /// Tollgate's version.
    pub tollgate: String,
    /// Why.
    pub why: Why,
}

/// What a baseline keeps of a run: the one number of each round, the first [`STATISTICS_MAX`] of them, and one value of an exact metric that
/// showed no spread. A metric without any round is left out, and so is a growth: it may be below 0, and is judged by its budget or by rounds. Of which
/// load it is the run does not know.
pub fn stored_run(run: &Run, taken: Taken) -> StoredRun {
    let series = run.series.iter().filter_map(|(id, series)| {
        let mut statistics: Vec<f64> = series.statistics().into_values().take(STATISTICS_MAX).collect();
        let same = statistics.windows(2).all(|pair| pair[0].to_bits() == pair[1].to_bits());
        if series.metric.determinism == Determinism::Exact && same {
            statistics.truncate(1);
        }
        let kept = StoredSeries { metric: series.metric.clone(), statistics };
        let growth = series.rounds.values().any(|sample| sample.track().is_some());
        (!kept.statistics.is_empty() && !growth).then(|| (id.clone(), kept))
    });
    StoredRun {
        revision: run.revision.clone(),
        environment: run.environment.clone(),
        taken_at_s: taken.at_s,
        tollgate: taken.tollgate,
        why: taken.why,
        conditions: None,
        series: series.collect(),
    }
}

impl BaselineFile {
    /// A file without runs.
    pub fn new(suite: Name, class: impl Into<String>) -> Self {
        Self { suite, class: class.into(), runs: Vec::new() }
    }

    /// Adds a run as the newest. The same revision measured again is a run of its own. Where a metric's unit or better direction differs from
    /// before, its older values are dropped: they mean something else. So are older runs of another load.
    pub fn add(&mut self, run: StoredRun) {
        let another_load = |older: &StoredRun| older.conditions.is_some() && older.conditions != run.conditions;
        self.runs.retain(|older| run.conditions.is_none() || !another_load(older));
        for older in &mut self.runs {
            older.series.retain(|id, series| {
                run.series.get(id).is_none_or(|new| {
                    (&new.metric.unit, new.metric.direction) == (&series.metric.unit, series.metric.direction)
                })
            });
        }
        self.runs.retain(|older| !older.series.is_empty());
        self.runs.insert(0, run);
    }

    /// Adds those runs of `other`, a file of the same suite and class, that are not here yet: older ones first, each as the newest. Returns how
    /// many were added.
    pub fn join(&mut self, other: &Self) -> usize {
        let missing: Vec<_> = other.runs.iter().filter(|run| !self.has(run)).cloned().collect();
        missing.iter().rev().for_each(|run| self.add(run.clone()));
        missing.len()
    }

    /// Whether a run is here already, maybe without metrics that have changed their meaning since.
    pub fn has(&self, run: &StoredRun) -> bool {
        let key = |run: &StoredRun| (run.revision.commit.clone(), run.taken_at_s, run.why);
        let same_values = |one: &StoredRun| {
            let common = run.series.iter().filter_map(|(id, series)| Some((series, one.series.get(id)?)));
            let mut alike = common.map(|(new, old)| new.statistics == old.statistics);
            alike.clone().count() > 0 && alike.all(|alike| alike)
        };
        self.runs.iter().any(|one| key(one) == key(run) && same_values(one))
    }

    /// Drops all but the newest `keep` runs, of which there is at least one. Returns how many were dropped.
    pub fn retain(&mut self, keep: u32) -> usize {
        let before = self.runs.len();
        self.runs.truncate(usize::try_from(keep.max(1)).unwrap_or(usize::MAX));
        before - self.runs.len()
    }

    /// The metrics that any run has, with the facts of the newest.
    pub fn metrics(&self) -> BTreeMap<&MetricId, &crate::model::Metric> {
        self.runs.iter().rev().flat_map(|run| run.series.iter().map(|(id, series)| (id, &series.metric))).collect()
    }

    /// What Tollgate would not have written here although it can be read: runs of another class, and metrics in the wrong one.
    pub fn oddities(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for run in &self.runs {
            let commit = visible(&run.revision.short());
            if self.class != ANY && run.environment.class() != self.class {
                problems.push(format!("the run of {commit} is of class `{}`", visible(&run.environment.class())));
            }
            for (id, series) in &run.series {
                if (self.class == ANY) != (series.metric.determinism == Determinism::Exact) {
                    problems.push(format!("`{}` is in the wrong class", visible(&id.to_string())));
                }
            }
            if run.series.is_empty() {
                problems.push(format!("the run of {commit} has no metrics"));
            }
        }
        problems.sort();
        problems.dedup();
        problems.truncate(20);
        problems
    }
}

/// `runs` by class: exact metrics in [`ANY`], the others in the class of the run's environment. Refuses what no baseline can keep.
pub(super) fn by_class(suite: &Name, runs: Vec<StoredRun>) -> Result<BTreeMap<String, Vec<StoredRun>>, BaselineError> {
    let mut classes: BTreeMap<String, Vec<StoredRun>> = BTreeMap::new();
    for mut run in runs {
        for (id, series) in &run.series {
            check(suite, id, series)?;
        }
        let exact = run.series.extract_if(.., |_, series| series.metric.determinism == Determinism::Exact).collect();
        let exact = StoredRun { series: exact, ..run.clone() };
        for (class, run) in [(ANY.to_owned(), exact), (run.environment.class(), run)] {
            if !run.series.is_empty() {
                classes.entry(class).or_default().push(run);
            }
        }
    }
    Ok(classes)
}

/// Refuses what no baseline can keep.
fn check(suite: &Name, id: &MetricId, series: &StoredSeries) -> Result<(), BaselineError> {
    let refuse =
        |what: &str| Err(BaselineError::Unstorable { problem: format!("`{}` {what}", visible(&id.to_string())) });
    if id.benchmark.suite != *suite || series.metric.id != *id {
        return refuse("belongs to another suite");
    }
    if series.statistics.is_empty() || series.statistics.len() > STATISTICS_MAX {
        return refuse("has no values, or more than 64");
    }
    if !series.statistics.iter().all(|value| is_storable(*value)) {
        return refuse("has a value that is not between 0 and 1e100");
    }
    Ok(())
}

/// Whether `value` may stand in a baseline: finite, not negative, at most [`VALUE_MAX`].
pub(super) fn is_storable(value: f64) -> bool {
    (0.0..=VALUE_MAX).contains(&value)
}
