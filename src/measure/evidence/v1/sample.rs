//! What a metric is, and what one round gave for it. Also a line of the journal is made of these.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::measure::evidence::bounded::{AtMost, Text};
use crate::model::name::NAME_LENGTH_MAX;
use crate::model::sample::{self, Count, Exposure, Histogram, MAGNITUDE_MAX, POINTS_MAX, Parts, VALUES_MAX};
use crate::model::{self, BenchmarkId, MetricId, Quantity, Unit};

/// A name of a suite, a benchmark, a metric or a unit.
pub(in crate::measure) type Name = Text<NAME_LENGTH_MAX>;

/// The most buckets of a distribution: ten times as many as ten million latencies over three decades have.
const BUCKETS_MAX: usize = 100_000;
/// The most processes of one arm in a round.
const PROCESSES_MAX: usize = 64;
/// The smallest value that is not 0: the quotient of any two is finite.
const MAGNITUDE_MIN: f64 = 1.0 / MAGNITUDE_MAX;

/// A mirror of an enum of the model without data.
macro_rules! mirror {
    ($(#[$doc:meta])* $name:ident = $model:ty { $($wire:ident = $domain:ident),+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub(in crate::measure) enum $name { $($wire),+ }

        impl From<$model> for $name {
            fn from(value: $model) -> Self {
                match value { $(<$model>::$domain => Self::$wire),+ }
            }
        }

        impl From<$name> for $model {
            fn from(value: $name) -> Self {
                match value { $($name::$wire => Self::$domain),+ }
            }
        }
    };
}
pub(super) use mirror;

mirror!(/** Which direction is better. */ Better = model::Direction { Lower = LowerIsBetter, Higher = HigherIsBetter });
mirror!(/** Whether equal programs give equal values. */ Determinism = model::Determinism { Exact = Exact, Noisy = Noisy });
mirror!(/** What kind of number it is. */ Kind = model::Kind {
    Time = Time, Count = Count, Bytes = Bytes, Rate = Rate, Ratio = Ratio, Slope = Slope
});
mirror!(/** Whether it decides the gate by default. */ Role = model::Role { Gated = Gated, Informative = Informative });
mirror!(/** Which number of a distribution it is. */ Summary = sample::Summary {
    P50 = P50, P75 = P75, P90 = P90, P95 = P95, P99 = P99, P999 = P999, Mean = Mean, Max = Max
});

/// What a metric is.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names are the format")]
pub(in crate::measure) struct Metric {
    suite: Name,
    benchmark: Name,
    metric: Name,
    /// The base unit of all values: `s`, `B`, `count`, `ratio`, `/s`, `B/s`, or a foreign one.
    unit: Name,
    better: Better,
    kind: Kind,
    determinism: Determinism,
    role: Role,
    /// How much one iteration works through, and its unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    work: Option<(f64, Name)>,
}

/// What one round gave for one metric, in its base unit.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::measure) enum Sample {
    /// Values of which the best or the middle one counts.
    Values(AtMost<f64, VALUES_MAX>),
    /// The values of each of several short processes.
    Processes(AtMost<AtMost<f64, VALUES_MAX>, PROCESSES_MAX>),
    /// A number of a distribution; its buckets with how many values each has, the sum, the least and the largest value.
    Quantile(Summary, AtMost<(u32, u64), BUCKETS_MAX>, f64, f64, f64),
    /// Another number of the last distribution of this round before.
    Again(Summary),
    /// Events and trials.
    Trials(u64, u64),
    /// Events and what they happened in.
    Amount(u64, f64),
    /// Times and values.
    Track(AtMost<(f64, f64), POINTS_MAX>),
}

/// The three names of a metric's id: suite, benchmark, metric.
pub(in crate::measure) fn names(id: &MetricId) -> [Name; 3] {
    [&id.benchmark.suite, &id.benchmark.benchmark, &id.metric].map(|name| Name::cut(name.as_str()))
}

/// A name as the model has it.
pub(in crate::measure) fn name(text: Name) -> Result<model::Name, String> {
    model::Name::new(text.into_string()).map_err(|error| error.to_string())
}

/// A metric's id from its three names.
pub(in crate::measure) fn id(suite: Name, benchmark: Name, metric: Name) -> Result<MetricId, String> {
    let benchmark = BenchmarkId { suite: name(suite)?, benchmark: name(benchmark)? };
    Ok(MetricId { benchmark, metric: name(metric)? })
}

/// A base unit from its own symbol.
fn unit(symbol: Name) -> Result<Unit, String> {
    let symbol = name(symbol)?;
    Ok(match Unit::parse(symbol.as_str()) {
        Some((unit, scale)) if (scale - 1.0).abs() < f64::EPSILON => unit,
        _ => Unit::Other(symbol),
    })
}

/// Whether a value is 0, or of a size that any arithmetic with it stays finite.
pub(super) fn sane(value: f64) -> Result<f64, String> {
    let sane = value == 0.0 || (MAGNITUDE_MIN..=MAGNITUDE_MAX).contains(&value);
    if sane { Ok(value) } else { Err(format!("the value {value:e} is neither 0 nor between 1e-100 and 1e100")) }
}

impl From<&model::Metric> for Metric {
    fn from(metric: &model::Metric) -> Self {
        let [suite, benchmark, name] = names(&metric.id);
        let unit = |unit: &Unit| Name::cut(unit.symbol());
        Self {
            suite,
            benchmark,
            metric: name,
            unit: unit(&metric.unit),
            better: metric.direction.into(),
            kind: metric.kind.into(),
            determinism: metric.determinism.into(),
            role: metric.role.into(),
            work: metric.work.as_ref().map(|work| (work.value, unit(&work.unit))),
        }
    }
}

impl TryFrom<Metric> for model::Metric {
    type Error = String;

    fn try_from(wire: Metric) -> Result<Self, String> {
        let work =
            wire.work.map(|(value, symbol)| Ok::<_, String>(Quantity { value: sane(value)?, unit: unit(symbol)? }));
        Ok(Self {
            id: id(wire.suite, wire.benchmark, wire.metric)?,
            unit: unit(wire.unit)?,
            direction: wire.better.into(),
            kind: wire.kind.into(),
            determinism: wire.determinism.into(),
            role: wire.role.into(),
            work: work.transpose()?,
        })
    }
}

impl Sample {
    /// A sample as it is written after `before`, with which it may share its distribution.
    pub(in crate::measure) fn new(sample: &model::Sample, before: Option<&model::Sample>) -> Self {
        match (sample, before) {
            (model::Sample::Quantile { of, summary }, Some(model::Sample::Quantile { of: earlier, .. }))
                if Arc::ptr_eq(of.histogram(), earlier.histogram()) =>
            {
                Self::Again((*summary).into())
            }
            (model::Sample::Quantile { of, summary }, _) => {
                let Parts { buckets, sum, min, max } = of.histogram().parts();
                Self::Quantile((*summary).into(), AtMost(buckets), sum, min, max)
            }
            (model::Sample::Values(_), _) => Self::Values(AtMost(sample.values().to_vec())),
            (model::Sample::Processes(processes), _) => {
                Self::Processes(AtMost(processes.values().map(|values| AtMost(values.to_vec())).collect()))
            }
            (model::Sample::Count(count), _) => match count.exposure() {
                Exposure::Trials(trials) => Self::Trials(count.events(), trials),
                Exposure::Amount(amount) => Self::Amount(count.events(), amount),
            },
            (model::Sample::Track(track), _) => Self::Track(AtMost(track.points().to_vec())),
        }
    }

    /// The sample, or what is wrong with it.
    pub(in crate::measure) fn into_sample(self, before: Option<&model::Sample>) -> Result<model::Sample, String> {
        let shown = |error: sample::SampleError| error.to_string();
        let all_sane = |values: AtMost<f64, VALUES_MAX>| values.0.into_iter().map(sane).collect::<Result<Vec<_>, _>>();
        match self {
            Self::Values(values) => model::Sample::new(all_sane(values)?).map_err(shown),
            Self::Processes(processes) => {
                let processes = processes.0.into_iter().map(all_sane).collect::<Result<_, _>>()?;
                model::Sample::processes(processes).map_err(shown)
            }
            Self::Quantile(summary, buckets, sum, min, max) => {
                let parts = Parts { buckets: buckets.0, sum, min, max };
                let histogram = Histogram::from_parts(parts).ok_or("a distribution that no values have")?;
                model::Sample::quantile(Arc::new(histogram), summary.into()).map_err(shown)
            }
            Self::Again(summary) => match before {
                Some(model::Sample::Quantile { of, .. }) => {
                    model::Sample::quantile(Arc::clone(of.histogram()), summary.into()).map_err(shown)
                }
                _ => Err("there is no distribution before".to_owned()),
            },
            Self::Trials(events, trials) => {
                Count::new(events, Exposure::Trials(trials)).map(model::Sample::from).map_err(shown)
            }
            Self::Amount(events, amount) => {
                Count::new(events, Exposure::Amount(sane(amount)?)).map(model::Sample::from).map_err(shown)
            }
            Self::Track(points) => sample::Track::new(points.0).map(model::Sample::from).map_err(shown),
        }
    }
}
