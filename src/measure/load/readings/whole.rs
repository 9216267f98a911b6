//! What a drive says as a whole: what was meant to be sent, what was done, how well the generator kept its time, and what its profile is run for.

use std::time::Duration;

use crate::config::scenario::{Level, Load, Profile};
use crate::measure::load::profile::search::{self, Search};
use crate::measure::load::profile::value;
use crate::measure::load::record::{Amount, ErrorKind, Recorded, StepRecord, Stretch, Usage};
use crate::measure::load::total;
use crate::model::load as named;
use crate::model::sample::Summary;
use crate::model::{Direction, Kind, Role, Unit};

use super::{instances, recovery, resources, soak, stages};
use crate::measure::bench::metric::{Benchmark, Shape};

/// Everything about one drive.
pub(super) struct Whole<'a> {
    pub(super) load: &'a Load,
    pub(super) recorded: &'a Recorded,
    pub(super) usage: Option<&'a Usage>,
    /// All steps of all stretches.
    pub(super) all: &'a StepRecord,
}

/// The time until a service is back decides.
const RECOVERY: Shape = Shape(Unit::Seconds, Kind::Time, Direction::LowerIsBetter, Role::Gated);

/// A number that only informs.
fn told(unit: Unit, kind: Kind, direction: Direction) -> Shape {
    Shape(unit, kind, direction, Role::Informative)
}

/// Things a second of which more is better.
pub(super) const fn done_a_second(role: Role) -> Shape {
    Shape(Unit::PerSecond, Kind::Rate, Direction::HigherIsBetter, role)
}

impl Whole<'_> {
    /// Adds all of it to the benchmark that stands for the scenario.
    pub(super) fn add(&self, benchmark: &mut Benchmark) {
        self.generator(benchmark);
        match &self.load.profile {
            Profile::Stress { .. } => return self.limit(benchmark),
            Profile::Spike { durations, .. } => {
                if let Some(seconds) = recovery::seconds(durations, self.recorded) {
                    benchmark.value(named::RECOVERY_TIME, seconds, RECOVERY);
                }
            }
            Profile::Soak { duration, .. } => self.soak(benchmark, *duration),
            Profile::Load { duration, .. } => self.chaos(benchmark, *duration),
            Profile::Custom(_) => {}
        }
        self.amounts(benchmark);
        self.failures(benchmark);
        instances::imbalance(benchmark, self.recorded);
    }

    /// How long after an instance was killed the service is as it was.
    fn chaos(&self, benchmark: &mut Benchmark, duration: Duration) {
        let Some(chaos) = self.load.chaos else { return };
        let durations = [chaos.at, Duration::ZERO, duration.saturating_sub(chaos.at)];
        if let Some(seconds) = recovery::seconds(&durations, self.recorded) {
            benchmark.value(named::RECOVERY_TIME, seconds, RECOVERY);
        }
    }

    /// How many requests of a step were done a second.
    pub(super) fn done_a_second(&self, step: &StepRecord) -> f64 {
        let seconds: f64 = self.recorded.stretches.iter().map(|stretch| stretch.seconds).sum();
        step.ended.saturating_sub(total::failed(step)) as f64 / seconds
    }

    /// How well the generator kept its time, and what both sides used.
    fn generator(&self, benchmark: &mut Benchmark) {
        let stretches = || self.recorded.stretches.iter().filter(|stretch| !was_repeated(stretch, self.recorded));
        let (late, intended) = stretches().fold((0, 0), |(late, all), s| (late + s.late, all + s.intended));
        benchmark.trials(named::LATE_ARRIVALS, late.min(intended), intended, Role::Informative);
        let lag = [Summary::P50, Summary::P99, Summary::Max].map(|summary| (summary, Role::Informative));
        benchmark.summaries(named::SEND_LAG, &self.all.lag, &lag);
        let lower = |unit, kind| told(unit, kind, Direction::LowerIsBetter);
        benchmark.value(named::RECONNECTS, self.recorded.reconnects as f64, lower(Unit::Count, Kind::Count));
        benchmark.value(named::GENERATOR_CPU, self.recorded.generator_cpu, lower(Unit::Ratio, Kind::Ratio));
        if let Some(cores) = self.service_cores() {
            benchmark.value(named::SERVICE_CPU, cores, lower(Unit::Count, Kind::Count));
        }
        if let Some(usage) = self.usage {
            resources::add(benchmark, usage, self.all.ended);
        }
    }

    /// The cores that the service used; of a stress test those at its breaking point, as what a request took in all.
    fn service_cores(&self) -> Option<f64> {
        let usage = self.usage?;
        let cpu_s = *usage.amounts.get(&Amount::Cpu)?;
        match Search::found(self.load, &self.recorded.stretches) {
            Some(found) if matches!(self.recorded.stretches.first()?.level, Level::Rate(_)) => {
                let requests = found.level * search::requests_per_start(&self.load.flows);
                Some(cpu_s / self.all.ended as f64 * requests)
            }
            Some(_) | None => Some(cpu_s / usage.counted_s?),
        }
    }

    /// How much was meant, and done.
    fn amounts(&self, benchmark: &mut Benchmark) {
        let stretches = &self.recorded.stretches;
        let seconds: f64 = stretches.iter().map(|stretch| stretch.seconds).sum();
        benchmark.value(named::DURATION, seconds, told(Unit::Seconds, Kind::Time, Direction::LowerIsBetter));
        let intended: u64 = stretches.iter().map(|stretch| stretch.intended).sum();
        let users = stretches.iter().filter_map(|stretch| match stretch.level {
            Level::Users(users) => Some(users),
            Level::Rate(_) => None,
        });
        let done = self.done_a_second(self.all);
        let role = if let Some(users) = users.reduce(f64::max) {
            benchmark.value(named::USERS, users, told(Unit::Count, Kind::Count, Direction::HigherIsBetter));
            // Who waits for a slow reply sends less: of users this is what the service can do, of a rate it is what was asked for.
            Role::Gated
        } else {
            benchmark.value(named::INTENDED_RATE, intended as f64 / seconds, done_a_second(Role::Informative));
            Role::Informative
        };
        benchmark.value(named::THROUGHPUT, done, done_a_second(role));
        let bytes = || told(Unit::BytesPerSecond, Kind::Rate, Direction::LowerIsBetter);
        benchmark.value(named::BYTES_IN, self.all.bytes_in as f64 / seconds, bytes());
        benchmark.value(named::BYTES_OUT, self.all.bytes_out as f64 / seconds, bytes());
    }

    /// Failed requests, and how content users were.
    fn failures(&self, benchmark: &mut Benchmark) {
        let dropped: u64 = self.recorded.stretches.iter().map(|stretch| stretch.dropped).sum();
        let failed = total::failed(self.all);
        let asked = self.all.ended + dropped;
        benchmark.trials(named::ERRORS, failed + dropped, asked, Role::Gated);
        for kind in ErrorKind::ALL {
            let times = self.all.errors.get(&kind).copied().unwrap_or(0);
            benchmark.trials(&format!("{}-{}", named::ERRORS, kind.as_str()), times, asked, Role::Informative);
        }
        benchmark.trials(&format!("{}-dropped", named::ERRORS), dropped, asked, Role::Informative);
        let limit = self.load.apdex.as_secs_f64();
        let satisfied = total::up_to(&self.all.response, limit);
        let tolerated = total::up_to(&self.all.response, 4.0 * limit) - satisfied;
        // A distribution does not know which of its requests failed: they are taken from the fast ones, for nobody is satisfied by a fast failure.
        let content = satisfied.saturating_sub(failed) as f64 + tolerated as f64 / 2.0;
        let shape = told(Unit::Ratio, Kind::Ratio, Direction::HigherIsBetter);
        benchmark.value(named::APDEX, content / asked as f64, shape);
    }

    /// How much the service held.
    fn limit(&self, benchmark: &mut Benchmark) {
        let shape = |role| match self.recorded.stretches.first().map(|stretch| stretch.level) {
            Some(Level::Users(_)) => Shape(Unit::Count, Kind::Count, Direction::HigherIsBetter, role),
            Some(Level::Rate(_)) | None => done_a_second(role),
        };
        if let Some(found) = Search::found(self.load, &self.recorded.stretches) {
            benchmark.value(named::BREAKING_POINT, found.level, shape(Role::Gated));
        }
        if let Some(level) = stages::knee(&self.recorded.stretches) {
            benchmark.value(named::LATENCY_KNEE, level, shape(Role::Informative));
        }
    }

    /// What must not drift.
    fn soak(&self, benchmark: &mut Benchmark, duration: Duration) {
        if let Some(usage) = self.usage {
            let [memory, descriptors] = soak::courses(usage, self.recorded);
            benchmark.growth(named::MEMORY_GROWTH, memory, Unit::Bytes);
            benchmark.growth(named::DESCRIPTOR_GROWTH, descriptors, Unit::Count);
        }
        if let Some(ratio) = soak::drift(self.recorded, duration) {
            let shape = told(Unit::Ratio, Kind::Ratio, Direction::LowerIsBetter);
            benchmark.value(named::LATENCY_DRIFT, ratio, shape);
        }
    }
}

/// Whether a step of a stress test was tried again because the generator was late, and then was not.
fn was_repeated(stretch: &Stretch, recorded: &Recorded) -> bool {
    let level = value(stretch.level);
    let again = |other: &Stretch| (value(other.level) - level).abs() < f64::EPSILON && !search::late(other);
    search::late(stretch) && recorded.stretches.iter().any(again)
}
