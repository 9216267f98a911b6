//! What of base's policy and baselines an artifact says nothing about. Whoever forges one can leave out the benchmark that became slow; so what is
//! expected is taken from base, never from the artifact.

use std::collections::{BTreeMap, BTreeSet};

use crate::baseline::BaselineFile;
use crate::measure::rounds::Measured;
use crate::model::{Arm, BenchmarkId, CoverageProblem, MetricId, Name, StoredMetric, StoredRun, StoredValues, Trouble};

/// The suites of base's config of which the artifact has neither base's rounds, nor head's for stored runs to judge, nor a proof, nor says why.
pub(super) fn suites<'a>(
    expected: impl Iterator<Item = &'a Name>,
    measured: &Measured,
    by_stored: &BTreeSet<Name>,
) -> Vec<CoverageProblem> {
    let of = |arm: Arm| -> BTreeSet<&Name> { benchmarks(measured, arm).into_iter().map(|id| &id.suite).collect() };
    let (base, head) = (of(Arm::Base), of(Arm::Head));
    let proved = |suite: &Name| measured.protocol.identical.iter().any(|identical| identical.suite == *suite);
    let explained = |suite: &Name| measured.troubles.iter().any(|problem| problem.suite == *suite);
    expected
        .filter(|suite| !(base.contains(suite) || by_stored.contains(*suite) && head.contains(suite)))
        .filter(|suite| !proved(suite) && !explained(suite))
        .map(|suite| CoverageProblem { suite: suite.clone(), benchmark: None, trouble: Trouble::Missing })
        .collect()
}

/// The metrics of the newest stored run of each suite whose benchmarks neither arm has, and that were not proved to be the same.
pub(super) fn stored(
    files: &[BaselineFile],
    expected: &BTreeSet<Name>,
    measured: &Measured,
) -> BTreeMap<MetricId, StoredMetric> {
    let mut there = benchmarks(measured, Arm::Base);
    there.extend(benchmarks(measured, Arm::Head));
    let proved = |suite: &&Name| measured.protocol.identical.iter().any(|identical| identical.suite == **suite);
    let newest = expected.iter().filter(|suite| !proved(suite)).filter_map(|suite| {
        let runs = files.iter().filter(|file| file.suite == *suite).flat_map(|file| &file.runs);
        runs.max_by_key(|run| run.taken_at_s)
    });
    newest
        .flat_map(|run| run.series.iter().map(move |(id, series)| (run, id, series)))
        .filter(|(_, id, _)| !there.contains(&id.benchmark))
        .map(|(run, id, series)| {
            let StoredRun { taken_at_s, why, .. } = *run;
            let (statistics, commit) = (series.statistics.clone(), run.revision.commit.clone());
            let runs = vec![StoredValues { statistics, taken_at_s, why, commit }];
            (id.clone(), StoredMetric { metric: series.metric.clone(), runs })
        })
        .collect()
}

/// The benchmarks that one arm has.
fn benchmarks(measured: &Measured, arm: Arm) -> BTreeSet<&BenchmarkId> {
    let run = match arm {
        Arm::Base => measured.base.as_ref(),
        Arm::Head => Some(&measured.head),
    };
    run.into_iter().flat_map(|run| run.series.keys()).map(|id| &id.benchmark).collect()
}
