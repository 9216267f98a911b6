//! How requests, their times and their failures are spread over the instances of a service, or over the backends behind a load balancer. Refuses to know who
//! spread them.

use crate::measure::bench::Reading;
use crate::measure::bench::metric::{Benchmark, Shape};
use crate::measure::load::record::{Recorded, TargetRecord};
use crate::model::sample::Summary;
use crate::model::{Direction, Kind, Name, Role, Unit, load as named, probe};
use crate::stats::summary;

/// A p95 of fewer requests is one of them: such an instance takes no part in the comparison of latencies.
const REQUESTS_MIN: u64 = 20;

/// What each of several targets took, and each backend.
pub(super) fn readings(suite: &Name, recorded: &Recorded) -> Vec<Reading> {
    let targets = if recorded.targets.len() > 1 { &recorded.targets[..] } else { &[] };
    let targets = targets.iter().map(|target| (named::TARGET, target));
    let all = targets.chain(recorded.backends.iter().map(|backend| (named::BACKEND, backend)));
    all.flat_map(|(kind, one)| of_one(suite, kind, one)).collect()
}

fn of_one(suite: &Name, kind: &str, one: &TargetRecord) -> Vec<Reading> {
    let mut benchmark = Benchmark::new(suite, &format!("{kind}{}", one.name));
    benchmark.summaries(named::LATENCY, &one.response, &[(Summary::P95, Role::Informative)]);
    benchmark.trials(named::ERRORS, one.failed, one.ended, Role::Informative);
    let shape = Shape(Unit::Count, Kind::Count, Direction::HigherIsBetter, Role::Informative);
    benchmark.value(named::REQUESTS, one.ended as f64, shape);
    benchmark.readings()
}

/// How uneven it all is: of the backends where there are any, else of the targets. Nothing of a single one.
pub(super) fn imbalance(benchmark: &mut Benchmark, recorded: &Recorded) {
    let all = if recorded.backends.is_empty() { &recorded.targets } else { &recorded.backends };
    if all.len() < 2 {
        return;
    }
    let shape = || Shape(Unit::Ratio, Kind::Ratio, Direction::LowerIsBetter, Role::Informative);
    let (ended, weights) = all.iter().fold((0, 0), |(ended, weights), one| (ended + one.ended, weights + one.weight));
    let wanted = |one: &TargetRecord| ended as f64 * f64::from(one.weight) / f64::from(weights);
    let most = all.iter().map(|one| one.ended as f64 / wanted(one)).fold(0.0, f64::max);
    benchmark.value(probe::SHARE_IMBALANCE, (most - 1.0).max(0.0), shape());
    let counted = all.iter().filter(|one| one.ended >= REQUESTS_MIN);
    let times: Vec<f64> = counted.filter_map(|one| one.response.quantile(0.95)).collect();
    let slowest = times.iter().copied().fold(0.0, f64::max);
    if let (2.., Some(median)) = (times.len(), summary::median(&times)) {
        benchmark.value(probe::LATENCY_IMBALANCE, slowest / median - 1.0, shape());
    }
}
