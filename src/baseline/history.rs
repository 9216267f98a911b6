//! Which stored values may be compared with a measurement here. Pure; refuses to judge them.

use std::collections::BTreeMap;

use crate::model::verdict::Incomparable;
use crate::model::{
    Conditions, Determinism, Environment, MetricId, Name, StoredMetric, StoredRun, StoredSeries, StoredValues,
};

use super::file::BaselineFile;

/// For each metric of the files (all classes) the values that may be compared with a measurement on `here` under the loads of `loads`, or why none
/// may. A metric that the map has not is stored nowhere ([`Incomparable::NoBaseline`]).
///
/// Exact metrics are comparable from anywhere, all others from environments without a difference. Where runs disagree about what the metric is
/// (unit, direction, determinism), the newest is right and those that differ from it do not count. A run of another load than its suite's is never
/// comparable, whatever the metric; one that does not say of which load it is, and a suite that `loads` has not, are taken as they are.
pub fn comparable(
    files: &[BaselineFile],
    here: &Environment,
    loads: &BTreeMap<Name, Conditions>,
) -> BTreeMap<MetricId, Result<StoredMetric, Incomparable>> {
    let mut stored: BTreeMap<&MetricId, Vec<(&StoredRun, &StoredSeries)>> = BTreeMap::new();
    for run in files.iter().flat_map(|file| &file.runs) {
        for (id, series) in &run.series {
            stored.entry(id).or_default().push((run, series));
        }
    }
    stored.into_iter().map(|(id, runs)| (id.clone(), one(runs, here, loads.get(&id.benchmark.suite)))).collect()
}

/// The comparable values of one metric of which `runs`, never empty, are all that is stored.
fn one(
    mut runs: Vec<(&StoredRun, &StoredSeries)>,
    here: &Environment,
    load: Option<&Conditions>,
) -> Result<StoredMetric, Incomparable> {
    // Stable: runs accepted in one second stay in the order of their file.
    runs.sort_by_key(|(run, _)| std::cmp::Reverse(run.taken_at_s));
    let is_here = |(run, series): &(&StoredRun, &StoredSeries)| {
        series.metric.determinism == Determinism::Exact || here.differences(&run.environment).is_empty()
    };
    let differences = |run: &StoredRun| {
        let both = run.conditions.as_ref().zip(load);
        both.map(|(stored, load)| Conditions::differences(stored, load)).unwrap_or_default()
    };
    let fits = |one: &(&StoredRun, &StoredSeries)| is_here(one) && differences(one.0).is_empty();
    let facts =
        |series: &StoredSeries| (series.metric.unit.clone(), series.metric.direction, series.metric.determinism);
    let Some(newest) = runs.iter().find(|one| fits(one)).map(|(_, series)| *series) else {
        return Err(match runs.iter().find(|one| is_here(one)) {
            Some((run, _)) => Incomparable::StoredConditions(differences(run)),
            None => Incomparable::Environment(here.differences(&runs[0].0.environment)),
        });
    };
    let runs = runs.iter().filter(|one| fits(one) && facts(one.1) == facts(newest)).map(|(run, series)| StoredValues {
        statistics: series.statistics.clone(),
        taken_at_s: run.taken_at_s,
        why: run.why,
        commit: run.revision.commit.clone(),
    });
    Ok(StoredMetric { metric: newest.metric.clone(), runs: runs.collect() })
}
