//! Which stored values may be compared with a measurement here. Pure; refuses to judge them.

use std::collections::BTreeMap;

use crate::model::verdict::Incomparable;
use crate::model::{Determinism, Environment, MetricId, StoredMetric, StoredRun, StoredSeries, StoredValues};

use super::file::BaselineFile;

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
