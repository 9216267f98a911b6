//! A stored metric in a few numbers, for tables. Pure; refuses to say whether a change matters.

use std::collections::BTreeMap;

use crate::model::sample::Statistic;
use crate::model::{Metric, MetricId, Sample};

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
}

/// Every metric of a file in a few numbers.
pub fn summaries(file: &BaselineFile) -> BTreeMap<MetricId, Summary> {
    let mut medians: BTreeMap<&MetricId, Vec<f64>> = BTreeMap::new();
    for (id, series) in file.runs.iter().flat_map(|run| &run.series) {
        medians.entry(id).or_default().extend(statistic(series.statistics.clone(), Statistic::Median));
    }
    let metrics = file.metrics();
    medians
        .into_iter()
        .filter_map(|(id, medians)| {
            let runs = medians.len();
            let of = |which| statistic(medians.clone(), which);
            let (median, least, most) = (of(Statistic::Median)?, of(Statistic::Min)?, of(Statistic::Max)?);
            let spread_ratio = (runs > 1 && median > 0.0).then(|| (most - least) / median);
            Some((id.clone(), Summary { metric: (*metrics.get(id)?).clone(), median, spread_ratio, runs }))
        })
        .collect()
}

/// A statistic of values that are a sample.
fn statistic(values: Vec<f64>, which: Statistic) -> Option<f64> {
    Sample::new(values).ok().map(|sample| sample.statistic(which))
}
