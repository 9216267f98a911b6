//! Reads the metrics endpoint of each instance while load runs, and calculates the metrics that the config names. Refuses to know what they mean.
#![expect(clippy::disallowed_methods, reason = "says when a scrape was")]

mod buckets;
mod text;
mod window;

use std::time::{Duration, Instant};

use crate::config::probe::{NamedMetric, Prometheus};
use crate::config::scenario::Address;
use crate::measure::bench::json::kind_of;
use crate::measure::bench::metric::{Benchmark, Shape};
use crate::measure::load::fetch::{Bounds, Fetcher};
use crate::model::{Name, Role};

use super::{Probe, ProbeError, Probed, Seen};
use text::Format;
use window::{When, Window, Without};

/// What is asked for: both formats that are read, the one that says where it ends first.
const ACCEPT: &str = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
/// One scrape of one instance: most take milliseconds.
const BOUNDS: Bounds = Bounds { bytes_max: 16 << 20, within: Duration::from_secs(5) };

/// The metrics endpoint of a service.
pub(super) struct Endpoint {
    config: Prometheus,
    fetcher: Fetcher,
    instances: usize,
    window: Window,
    opened: Instant,
    /// Why the begin or the end of the round is not known.
    broken: Option<String>,
    /// Why a scrape between them gave nothing.
    unsteady: Option<String>,
}

impl Endpoint {
    /// Tries the endpoint on each instance.
    pub(super) fn open(service: &Name, config: Prometheus, addresses: &[Address]) -> Result<Self, ProbeError> {
        let failed = |why: String| ProbeError {
            message: format!("read the metrics endpoint of `{service}`: {why}"),
            hint: format!("correct `path` of `[service.{service}.prometheus]`, or let each instance answer there"),
        };
        let fetcher = Fetcher::new(addresses).map_err(failed)?;
        let expressions = config.metrics.values().map(|metric| &metric.expression);
        let window = Window::new(expressions, addresses.len());
        let (instances, opened) = (addresses.len(), Instant::now());
        let mut endpoint = Self { config, fetcher, instances, window, opened, broken: None, unsteady: None };
        endpoint.scrape(When::Begin).map_err(failed)?;
        Ok(endpoint)
    }

    /// Reads every instance once. The first problem, after all have been read.
    fn scrape(&mut self, when: When) -> Result<(), String> {
        let mut problem = None;
        for instance in 0..self.instances {
            if let Err(why) = self.scrape_one(instance, when) {
                let path = &self.config.path;
                let at = if self.instances > 1 { format!(" of instance {instance}") } else { String::new() };
                problem.get_or_insert(format!("`{path}`{at}: {why}"));
            }
        }
        problem.map_or(Ok(()), Err)
    }

    fn scrape_one(&mut self, instance: usize, when: When) -> Result<(), String> {
        let reply = self.fetcher.get(instance, &self.config.path, ACCEPT, BOUNDS)?;
        let at_s = self.opened.elapsed().as_secs_f64();
        if reply.status != 200 {
            return Err(format!("status {}, not 200", reply.status));
        }
        let header = reply.headers.iter().find(|(name, _)| name == "content-type");
        let content_type = header.map_or(String::new(), |(_, value)| String::from_utf8_lossy(value).into_owned());
        self.window.take(instance, (&reply.body, Format::of(&content_type)), (when, at_s))
    }

    fn metric(
        &self,
        benchmark: &mut Benchmark,
        name: &Name,
        metric: &NamedMetric,
        requests: u64,
    ) -> Result<(), Without> {
        let value = self.window.value(&metric.expression, requests)?;
        let role = if metric.gated { Role::Gated } else { Role::Informative };
        let shape = Shape(metric.unit.clone(), kind_of(&metric.unit), metric.direction, role);
        benchmark.value(name.as_str(), value * metric.scale, shape);
        Ok(())
    }
}

impl Probe for Endpoint {
    fn every(&self) -> Option<Duration> {
        Some(self.config.every)
    }

    fn begin(&mut self) {
        self.broken = self.scrape(When::Begin).err();
    }

    fn look(&mut self) {
        if let Err(why) = self.scrape(When::Later) {
            self.unsteady = Some(why);
        }
    }

    fn end(&mut self) {
        let ended = self.scrape(When::Later).err();
        self.broken = self.broken.take().or(ended);
    }

    fn walks(&self) -> u32 {
        0
    }

    fn before_step(&mut self) {}

    fn after_step(&mut self, _step: &Name) {}

    fn finish(&mut self, seen: &Seen) -> Probed {
        let mut probed = Probed::default();
        if let Some(why) = &self.broken {
            probed.missing.push(format!("the metrics endpoint gave nothing when it had to: {why}"));
            return probed;
        }
        if let Some(why) = &self.unsteady {
            probed
                .notes
                .push(format!("the metrics endpoint did not always answer, and gauges are from when it did: {why}"));
        }
        let mut benchmark = Benchmark::new(&seen.suite, seen.whole.as_str());
        for (name, metric) in &self.config.metrics {
            match self.metric(&mut benchmark, name, metric, seen.requests) {
                Ok(()) => {}
                Err(Without::Missing(why)) => probed.missing.push(format!("{name} has no value: {why}")),
                Err(Without::Undefined(why)) => probed.notes.push(format!("{name} has no value in a round: {why}")),
            }
        }
        probed.readings = benchmark.readings();
        probed
    }
}
