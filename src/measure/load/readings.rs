//! What a drive of load says, as metrics: which numbers there are, of what they are, and which of them decide. Refuses to judge, and to know how load is made.
//!
//! What decides by default is little, for all that decides shares one false-alarm rate: the median and two tails of each named request and its failures, where users
//! wait for replies also what is done a second, and of a profile what it is run for.

mod instances;
mod recovery;
mod resources;
mod soak;
mod stages;
mod whole;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::scenario::{Load, Profile};
use crate::measure::bench::Reading;
use crate::model::load as named;
use crate::model::sample::Summary;
use crate::model::{Name, Role};

use super::record::{Recorded, StepRecord, Usage};
use super::total;
use crate::measure::bench::metric::Benchmark;
use whole::{Whole, done_a_second};

/// A 99th percentile decides where 20 values lie beyond it; with fewer, one of them more or less is the metric.
const P99_REQUESTS_MIN: u64 = 2000;

/// All metrics of one round, sorted by id. What could not be measured, as the time of a request that was never sent, is not there.
pub fn readings(suite: &Name, load: &Load, recorded: &Recorded, usage: Option<&Usage>) -> Vec<Reading> {
    let steps = steps(load, recorded);
    let mut all = StepRecord::default();
    for step in steps.values() {
        total::add(&mut all, step);
    }
    let whole = Whole { load, recorded, usage, all: &all };
    let mut readings = Vec::new();
    let several = steps.len() > 1;
    for (name, step) in &steps {
        let mut benchmark = Benchmark::new(suite, name.as_str());
        times(&mut benchmark, &load.profile, step, Role::Gated);
        if several && step.ended > 0 && !matches!(load.profile, Profile::Stress { .. }) {
            benchmark.trials(named::ERRORS, total::failed(step), step.ended, Role::Gated);
            benchmark.value(named::THROUGHPUT, whole.done_a_second(step), done_a_second(Role::Informative));
        }
        if !several {
            whole.add(&mut benchmark);
        }
        readings.extend(benchmark.readings());
    }
    if several {
        let mut benchmark = Benchmark::new(suite, named::ALL_REQUESTS);
        times(&mut benchmark, &load.profile, &all, Role::Informative);
        whole.add(&mut benchmark);
        readings.extend(benchmark.readings());
    }
    readings.extend(stages::readings(suite, load, recorded));
    readings.extend(instances::readings(suite, recorded));
    let by_id: BTreeMap<_, _> = readings.into_iter().map(|reading| (reading.metric.id.clone(), reading)).collect();
    by_id.into_values().collect()
}

/// What must be known of the limits of the service to read its metrics, in a sentence.
pub fn limits(usage: &Usage) -> Option<String> {
    resources::limits(usage)
}

/// Each named request over all that counts; also one that was never sent.
fn steps(load: &Load, recorded: &Recorded) -> BTreeMap<Name, StepRecord> {
    let names: BTreeSet<&Name> = load.flows.iter().flat_map(|flow| &flow.steps).map(|step| &step.name).collect();
    let mut steps: BTreeMap<Name, StepRecord> =
        names.into_iter().map(|name| (name.clone(), StepRecord::default())).collect();
    for (name, record) in recorded.stretches.iter().flat_map(|stretch| &stretch.steps) {
        total::add(steps.entry(name.clone()).or_default(), record);
    }
    steps
}

/// The times of requests. Those of a stress test are of all levels together and say nothing; those of a spike decide by its recovery.
fn times(benchmark: &mut Benchmark, profile: &Profile, record: &StepRecord, role: Role) {
    let role = match profile {
        Profile::Stress { .. } => return,
        Profile::Spike { .. } => Role::Informative,
        Profile::Load { .. } | Profile::Soak { .. } | Profile::Custom(_) => role,
    };
    let latency = |summary| match summary {
        Summary::P50 | Summary::P95 => role,
        Summary::P99 if record.response.count() >= P99_REQUESTS_MIN => role,
        Summary::P99 | Summary::P75 | Summary::P90 | Summary::P999 | Summary::Mean | Summary::Max => Role::Informative,
    };
    benchmark.summaries(named::LATENCY, &record.response, &Summary::ALL.map(|summary| (summary, latency(summary))));
    let service = [Summary::P50, Summary::P95, Summary::P99, Summary::Max];
    benchmark.summaries(named::SERVICE_TIME, &record.service, &service.map(|summary| (summary, Role::Informative)));
}

#[cfg(test)]
mod tests;
