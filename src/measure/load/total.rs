//! What steps, stretches and windows come to together. Refuses to know what is made of it.

use crate::model::sample::Histogram;

use super::record::{StepRecord, Stretch, Window};

/// What both steps gave.
pub(super) fn add(all: &mut StepRecord, one: &StepRecord) {
    for (all, one) in [(&mut all.response, &one.response), (&mut all.service, &one.service), (&mut all.lag, &one.lag)] {
        merge(all, one);
    }
    all.ended += one.ended;
    all.bytes_in += one.bytes_in;
    all.bytes_out += one.bytes_out;
    for (kind, times) in &one.errors {
        *all.errors.entry(*kind).or_default() += times;
    }
    for (status, times) in &one.statuses {
        *all.statuses.entry(*status).or_default() += times;
    }
}

/// All steps of a stretch as one.
pub(super) fn of_stretch(stretch: &Stretch) -> StepRecord {
    let mut all = StepRecord::default();
    stretch.steps.values().for_each(|step| add(&mut all, step));
    all
}

/// Windows as one.
pub(super) fn of_windows(windows: impl IntoIterator<Item = Window>) -> Window {
    let mut all = Window::default();
    for window in windows {
        merge(&mut all.response, &window.response);
        all.ended += window.ended;
        all.failed += window.failed;
    }
    all
}

/// Requests of a step that failed.
pub(super) fn failed(step: &StepRecord) -> u64 {
    step.errors.values().sum()
}

/// How many values of a distribution are surely not above `limit`, but for the width of a bucket.
pub(super) fn up_to(histogram: &Histogram, limit: f64) -> u64 {
    histogram.pairs().take_while(|(value, _)| *value <= limit).map(|(_, times)| times).sum()
}

fn merge(all: &mut Histogram, one: &Histogram) {
    all.merge(one).expect("no drive has 2⁵³ requests");
}
