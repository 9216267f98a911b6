//! A metrics endpoint, and what is calculated from its series. Refuses to know what they hold.

use std::ops::Range;
use std::time::Duration;

use crate::config::at::At;
use crate::config::expression::Expression;
use crate::config::human;
use crate::config::probe::{NamedMetric, Prometheus};
use crate::config::problem::{did_you_mean, quoted};
use crate::config::validate::Reader;
use crate::config::validate::gate::direction;
use crate::config::wire;
use crate::model::{Name, Unit};

const PATH: &str = "/metrics";
const EVERY: Duration = Duration::from_secs(1);
/// More often is load of its own on the service.
const EVERY_MIN: Duration = Duration::from_millis(100);
/// The most metrics of one service.
const METRICS_MAX: usize = 100;
/// Units whose value is told from what endpoints export: seconds, bytes, and plain numbers.
const UNITS: [&str; 8] = ["s", "ms", "B", "MiB", "ratio", "/s", "B/s", "count"];

impl Reader<'_, '_> {
    /// A metrics endpoint with every metric that could be read.
    pub(super) fn prometheus(&mut self, At { value, span }: &At<wire::Prometheus>) -> Option<Prometheus> {
        let path = value.path.as_ref().map_or(Some(PATH.to_owned()), |path| self.plain_path(path));
        let every = self.human(value.every.as_ref(), human::duration).unwrap_or(EVERY);
        if let (Some(text), true) = (&value.every, every < EVERY_MIN) {
            let message = format!("{} is too often: 100 ms or more is possible", quoted(&text.value));
            self.problems.add(
                &text.span,
                message,
                Some("an endpoint that is read all the time slows the service".into()),
            );
        }
        let count = value.metric.len();
        if count > METRICS_MAX {
            self.problems.add(span, format!("{count} metrics, more than {METRICS_MAX}"), None);
        }
        let metrics = value.metric.iter().filter_map(|(name, metric)| self.named_metric(name, metric)).collect();
        Some(Prometheus { path: path?, every, metrics })
    }

    fn named_metric(&mut self, name: &At<String>, metric: &wire::NamedMetric) -> Option<(Name, NamedMetric)> {
        let read = self.part_name(name, "metric");
        let expression = self.expression(&metric.expression);
        let unit = metric.unit.as_ref().map_or(Some((Unit::Count, 1.0)), |unit| self.metric_unit(unit));
        let (unit, scale) = unit?;
        let (direction, gated) = (direction(metric.better), metric.gate.unwrap_or(false));
        Some((read?, NamedMetric { expression: expression?, unit, scale, direction, gated }))
    }

    fn metric_unit(&mut self, unit: &At<String>) -> Option<(Unit, f64)> {
        let known = Unit::parse(&unit.value);
        if known.is_none() {
            let help = did_you_mean(&unit.value, UNITS);
            self.problems.add(&unit.span, format!("{} is not a unit", quoted(&unit.value)), help);
        }
        known
    }

    fn expression(&mut self, text: &At<String>) -> Option<Expression> {
        match Expression::parse(&text.value) {
            Ok(expression) => Some(expression),
            Err(error) => {
                let place = place(self.problems.text(), text, error.at);
                let help = "such as `hits_total / (hits_total + misses_total)`; docs/probes.md has the grammar";
                self.problems.add(&place, error.message, Some(help.to_owned()));
                None
            }
        }
    }
}

/// The place in the file of byte `at` of a text in it; the whole text where escapes have moved it.
fn place(file: &str, text: &At<String>, at: usize) -> Range<usize> {
    let written = file.get(text.span.clone()).unwrap_or_default();
    match written.find(&text.value) {
        Some(inside) => {
            let start = text.span.start + inside + at;
            let length = text.value.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
            start..start + length
        }
        None => text.span.clone(),
    }
}
