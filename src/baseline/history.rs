//! Which stored values may be compared with a measurement here. Pure; refuses to judge them.

use std::collections::BTreeMap;

use crate::model::verdict::Incomparable;
use crate::model::{Determinism, Environment, Metric, MetricId, StoredRun, StoredSeries, Why};

use super::file::BaselineFile;

/// The stored runs of one metric that are comparable here, the newest accepted first.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredMetric {
    /// What was measured; the facts of the newest run.
    pub metric: Metric,
    /// The comparable runs, at least one.
    pub runs: Vec<StoredValues>,
}

/// One metric in one stored run.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredValues {
    /// The one number of each round; never empty.
    pub statistics: Vec<f64>,
    /// When the run was accepted, in seconds since 1970-01-01 UTC.
    pub taken_at_s: i64,
    /// Why it was accepted: an import is one process.
    pub why: Why,
    /// The commit that was measured.
    pub commit: String,
}

/// For each metric of the files of one suite (all classes) the values that may be compared with a measurement on `here`, or why none may.
/// A metric that the map has not is stored nowhere ([`Incomparable::NoBaseline`]).
///
/// Exact metrics are comparable from anywhere, all others from environments without a difference. Where runs disagree about what the metric is
/// (unit, direction, determinism), the newest is right and those that differ from it do not count.
pub fn comparable(
    files: &[BaselineFile],
    here: &Environment,
) -> BTreeMap<MetricId, Result<StoredMetric, Incomparable>> {
    let mut stored: BTreeMap<&MetricId, Vec<(&StoredRun, &StoredSeries)>> = BTreeMap::new();
    for run in files.iter().flat_map(|file| &file.runs) {
        for (id, series) in &run.series {
            stored.entry(id).or_default().push((run, series));
        }
    }
    stored.into_iter().map(|(id, runs)| (id.clone(), one(runs, here))).collect()
}

/// The comparable values of one metric of which `runs`, never empty, are all that is stored.
fn one(mut runs: Vec<(&StoredRun, &StoredSeries)>, here: &Environment) -> Result<StoredMetric, Incomparable> {
    // Stable: runs accepted in one second stay in the order of their file.
    runs.sort_by_key(|(run, _)| std::cmp::Reverse(run.taken_at_s));
    let fits = |(run, series): &(&StoredRun, &StoredSeries)| {
        series.metric.determinism == Determinism::Exact || here.differences(&run.environment).is_empty()
    };
    let facts =
        |series: &StoredSeries| (series.metric.unit.clone(), series.metric.direction, series.metric.determinism);
    let Some(newest) = runs.iter().find(|one| fits(one)).map(|(_, series)| *series) else {
        return Err(Incomparable::Environment(here.differences(&runs[0].0.environment)));
    };
    let runs = runs.iter().filter(|one| fits(one) && facts(one.1) == facts(newest)).map(|(run, series)| StoredValues {
        statistics: series.statistics.clone(),
        taken_at_s: run.taken_at_s,
        why: run.why,
        commit: run.revision.commit.clone(),
    });
    Ok(StoredMetric { metric: newest.metric.clone(), runs: runs.collect() })
}
