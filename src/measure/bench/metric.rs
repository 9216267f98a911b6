//! The metrics of one benchmark, one after the other. What is no measurement is left out.

use std::sync::Arc;

use super::Reading;
use crate::model::name::NAME_LENGTH_MAX;
use crate::model::sample::{Count, Exposure, Histogram, Summary, Track};
use crate::model::{BenchmarkId, Determinism, Direction, Kind, Metric, MetricId, Name, Role, Sample, Unit};

/// The metrics of one benchmark.
pub(in crate::measure) struct Benchmark {
    /// `None` where its name cannot be one; then it has no metrics.
    id: Option<BenchmarkId>,
    readings: Vec<Reading>,
}

/// What kind of number a metric is.
#[derive(Clone, Debug)]
pub(in crate::measure) struct Shape(
    pub(in crate::measure) Unit,
    pub(in crate::measure) Kind,
    pub(in crate::measure) Direction,
    pub(in crate::measure) Role,
);

impl Benchmark {
    /// A benchmark of a scenario. A name that is too long is cut.
    pub(in crate::measure) fn new(suite: &Name, name: &str) -> Self {
        let name: String = name.chars().filter(|c| *c != '\0').take(NAME_LENGTH_MAX).collect();
        let id = Name::new(name).ok().map(|benchmark| BenchmarkId { suite: suite.clone(), benchmark });
        Self { id, readings: Vec::new() }
    }

    /// Numbers of a distribution of times: `latency-p95`. None of an empty one.
    pub(in crate::measure) fn summaries(&mut self, of: &str, times: &Histogram, which: &[(Summary, Role)]) {
        let times = Arc::new(times.clone());
        for (summary, role) in which {
            let shape = Shape(Unit::Seconds, Kind::Time, Direction::LowerIsBetter, *role);
            let sample = Sample::quantile(Arc::clone(&times), *summary).ok();
            self.push(&format!("{of}-{}", summary.as_str()), shape, sample);
        }
    }

    /// Events among so many trials. Nothing where nothing was tried.
    pub(in crate::measure) fn trials(&mut self, name: &str, events: u64, of: u64, role: Role) {
        let shape = Shape(Unit::Ratio, Kind::Ratio, Direction::LowerIsBetter, role);
        self.push(name, shape, Count::new(events, Exposure::Trials(of)).ok().map(Sample::from));
    }

    /// One number. Nothing where it is none.
    pub(in crate::measure) fn value(&mut self, name: &str, value: f64, shape: Shape) {
        self.push(name, shape, Sample::new(vec![value]).ok());
    }

    /// Numbers of the same thing, each seen once. Nothing where there are none.
    pub(in crate::measure) fn values(&mut self, name: &str, values: Vec<f64>, shape: Shape) {
        self.push(name, shape, Sample::new(values).ok());
    }

    /// The same of what equal programs give each time. Nothing where there are none.
    pub(in crate::measure) fn exact(&mut self, name: &str, values: Vec<f64>, shape: Shape) {
        let before = self.readings.len();
        self.values(name, values, shape);
        for reading in self.readings.iter_mut().skip(before) {
            reading.metric.determinism = Determinism::Exact;
        }
    }

    /// The growth of a course. Nothing where it is too short for one.
    pub(in crate::measure) fn growth(&mut self, name: &str, points: Vec<(f64, f64)>, unit: Unit) {
        let shape = Shape(unit, Kind::Slope, Direction::LowerIsBetter, Role::Gated);
        self.push(name, shape, Track::new(points).ok().map(Sample::from));
    }

    /// What was put in.
    pub(in crate::measure) fn readings(self) -> Vec<Reading> {
        self.readings
    }

    fn push(&mut self, name: &str, Shape(unit, kind, direction, role): Shape, sample: Option<Sample>) {
        let (Some(benchmark), Some(sample), Ok(metric)) = (&self.id, sample, Name::new(name)) else { return };
        let id = MetricId { benchmark: benchmark.clone(), metric };
        let metric = Metric { id, unit, direction, kind, determinism: Determinism::Noisy, role, work: None };
        self.readings.push(Reading { metric, sample });
    }
}
