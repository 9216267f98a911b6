//! A stored metric in a few numbers, for tables. Pure; refuses to say whether a change matters.

use std::collections::BTreeMap;

use crate::model::sample::Statistic;
use crate::model::{Determinism, Metric, MetricId, Sample};
use crate::stats::variance_components::{Components, components};

use super::file::BaselineFile;

/// One metric of a baseline file in a few numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// What was measured.
    pub metric: Metric,
    /// The median of the runs' medians, in the metric's base unit.
    pub median: f64,
    /// How far the runs' medians lie apart: (largest − smallest) / median. `None` with one run, or where the median is 0.
    pub spread_ratio: Option<f64>,
    /// How many runs have the metric; at least 1.
    pub runs: usize,
    /// Where the spread of a noisy metric comes from, of its logarithms; `None` where its runs and rounds cannot say.
    pub components: Option<Components>,
}

/// Every metric of a file in a few numbers.
pub fn summaries(file: &BaselineFile) -> BTreeMap<MetricId, Summary> {
    let mut medians: BTreeMap<&MetricId, Vec<f64>> = BTreeMap::new();
    for (id, series) in file.runs.iter().flat_map(|run| &run.series) {
        medians.entry(id).or_default().extend(statistic(series.statistics.clone(), Statistic::Median));
    }
    let mut logarithms: BTreeMap<&MetricId, Vec<Vec<f64>>> = BTreeMap::new();
    for (id, series) in file.runs.iter().flat_map(|run| &run.series) {
        logarithms.entry(id).or_default().push(series.statistics.iter().map(|value| value.ln()).collect());
    }
    let metrics = file.metrics();
    medians
        .into_iter()
        .filter_map(|(id, medians)| {
            let runs = medians.len();
            let of = |which| statistic(medians.clone(), which);
            let (median, least, most) = (of(Statistic::Median)?, of(Statistic::Min)?, of(Statistic::Max)?);
            let spread_ratio = (runs > 1 && median > 0.0).then(|| (most - least) / median);
            let metric = (*metrics.get(id)?).clone();
            let noisy = metric.determinism == Determinism::Noisy;
            let components = logarithms.get(id).filter(|_| noisy).and_then(|runs| components(runs));
            Some((id.clone(), Summary { metric, median, spread_ratio, runs, components }))
        })
        .collect()
}

/// A statistic of values that are a sample.
fn statistic(values: Vec<f64>, which: Statistic) -> Option<f64> {
    Sample::new(values).ok().map(|sample| sample.statistic(which))
}
