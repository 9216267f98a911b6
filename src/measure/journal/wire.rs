//! One line of the journal. Version 1; read back only by the version that wrote it (the identity says which), so it may change freely.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::measure::bench::{Parsed, Reading};
use crate::measure::rounds::PartId;
use crate::model::sample::{Count, Exposure, Histogram, Parts, Summary, Track};
use crate::model::{
    Arm, BenchmarkId, Determinism, Direction, Kind, Metric, MetricId, Name, Quantity, Role, Sample, Trouble, Unit,
};

use super::{Record, Twice};

/// What one part gave in one round.
#[derive(Serialize, Deserialize)]
pub(super) struct Line {
    round: u32,
    suite: String,
    part: String,
    arms: Vec<ArmLine>,
}

#[derive(Serialize, Deserialize)]
struct ArmLine {
    head: bool,
    readings: Vec<ReadingLine>,
    unparsed: Vec<String>,
    trouble: Option<TroubleLine>,
    #[serde(default)]
    seconds: Option<f64>,
}

/// What the canary gave in one round; no values where one of its runs failed.
#[derive(Serialize, Deserialize)]
pub(super) struct CanaryLine {
    canary: u32,
    suite: String,
    benchmark: String,
    metric: String,
    values: Option<[Vec<f64>; 2]>,
}

#[derive(Serialize, Deserialize)]
struct ReadingLine {
    benchmark: String,
    metric: String,
    unit: String,
    higher_is_better: bool,
    kind: u8,
    exact: bool,
    informative: bool,
    work: Option<(f64, String)>,
    sample: SampleLine,
}

/// What one round gave for one metric.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SampleLine {
    Values(Vec<f64>),
    /// The values of each of several short processes.
    Processes(Vec<Vec<f64>>),
    /// The summary; buckets, sum, least and largest value.
    Quantile(String, Vec<(u32, u64)>, f64, f64, f64),
    /// Another summary of the distribution of the reading before.
    Again(String),
    /// Events and trials.
    Trials(u64, u64),
    /// Events and exposure.
    Amount(u64, f64),
    Track(Vec<(f64, f64)>),
}

#[derive(Serialize, Deserialize)]
struct TroubleLine {
    limit_s: Option<u64>,
    message: String,
    tail: String,
}

const KINDS: [Kind; 6] = [Kind::Time, Kind::Count, Kind::Bytes, Kind::Rate, Kind::Ratio, Kind::Slope];

impl Line {
    pub(super) fn new(round: u32, part: &PartId, record: &Record) -> Self {
        let arms = record
            .arms
            .iter()
            .map(|(arm, outcome)| {
                let (readings, unparsed, trouble) = match outcome {
                    Ok(parsed) => {
                        let before = std::iter::once(None).chain(parsed.readings.iter().map(Some));
                        let lines = parsed.readings.iter().zip(before);
                        let lines = lines.map(|(reading, before)| ReadingLine::new(reading, before)).collect();
                        (lines, parsed.unparsed.clone(), None)
                    }
                    Err(trouble) => (Vec::new(), Vec::new(), Some(TroubleLine::new(trouble))),
                };
                let seconds = record.seconds.get(arm).copied();
                ArmLine { head: *arm == Arm::Head, readings, unparsed, trouble, seconds }
            })
            .collect();
        Self { round, suite: part.suite.to_string(), part: part.key.clone(), arms }
    }

    /// The record; `None` where the line does not make sense.
    pub(super) fn into_record(self) -> Option<((u32, PartId), Record)> {
        let suite = Name::new(self.suite).ok()?;
        let mut record = Record::default();
        for line in self.arms {
            let arm = if line.head { Arm::Head } else { Arm::Base };
            let outcome = if let Some(trouble) = line.trouble {
                Err(trouble.into_trouble(arm))
            } else {
                let mut readings: Vec<Reading> = Vec::new();
                for reading in line.readings {
                    let reading = reading.into_reading(&suite, readings.last())?;
                    readings.push(reading);
                }
                Ok(Parsed { readings, unparsed: line.unparsed })
            };
            record.arms.insert(arm, outcome);
            record.seconds.extend(line.seconds.filter(|seconds| *seconds >= 0.0).map(|seconds| (arm, seconds)));
        }
        Some(((self.round, PartId { suite, key: self.part }), record))
    }
}

impl CanaryLine {
    pub(super) fn new(round: u32, metric: &MetricId, twice: &Twice) -> Self {
        Self {
            canary: round,
            suite: metric.benchmark.suite.to_string(),
            benchmark: metric.benchmark.benchmark.to_string(),
            metric: metric.metric.to_string(),
            values: twice.as_ref().map(|twice| twice.each_ref().map(|sample| sample.values().to_vec())),
        }
    }

    /// What the canary gave; `None` where the line does not make sense.
    pub(super) fn into_twice(self) -> Option<((u32, MetricId), Twice)> {
        let name = |text| Name::new(text).ok();
        let benchmark = BenchmarkId { suite: name(self.suite)?, benchmark: name(self.benchmark)? };
        let metric = MetricId { benchmark, metric: name(self.metric)? };
        let twice = match self.values {
            Some([one, other]) => Some([Sample::new(one).ok()?, Sample::new(other).ok()?]),
            None => None,
        };
        Some(((self.canary, metric), twice))
    }
}

impl ReadingLine {
    fn new(reading: &Reading, before: Option<&Reading>) -> Self {
        let metric = &reading.metric;
        Self {
            benchmark: metric.id.benchmark.benchmark.to_string(),
            metric: metric.id.metric.to_string(),
            unit: metric.unit.symbol().to_owned(),
            higher_is_better: metric.direction == Direction::HigherIsBetter,
            kind: KINDS.iter().position(|kind| *kind == metric.kind).map_or(0, |at| u8::try_from(at).unwrap_or(0)),
            exact: metric.determinism == Determinism::Exact,
            informative: metric.role == Role::Informative,
            work: metric.work.as_ref().map(|work| (work.value, work.unit.symbol().to_owned())),
            sample: SampleLine::new(&reading.sample, before.map(|before| &before.sample)),
        }
    }

    fn into_reading(self, suite: &Name, before: Option<&Reading>) -> Option<Reading> {
        let benchmark = BenchmarkId { suite: suite.clone(), benchmark: Name::new(self.benchmark).ok()? };
        let metric = Metric {
            id: MetricId { benchmark, metric: Name::new(self.metric).ok()? },
            unit: unit(&self.unit)?,
            direction: if self.higher_is_better { Direction::HigherIsBetter } else { Direction::LowerIsBetter },
            kind: *KINDS.get(usize::from(self.kind))?,
            determinism: if self.exact { Determinism::Exact } else { Determinism::Noisy },
            role: if self.informative { Role::Informative } else { Role::Gated },
            work: match self.work {
                Some((value, symbol)) => Some(Quantity { value, unit: unit(&symbol)? }),
                None => None,
            },
        };
        Some(Reading { metric, sample: self.sample.into_sample(before.map(|before| &before.sample))? })
    }
}

impl SampleLine {
    fn new(sample: &Sample, before: Option<&Sample>) -> Self {
        match (sample, before) {
            (Sample::Quantile { of, summary }, Some(Sample::Quantile { of: earlier, .. }))
                if Arc::ptr_eq(of.histogram(), earlier.histogram()) =>
            {
                Self::Again(summary.as_str().to_owned())
            }
            (Sample::Quantile { of, summary }, _) => {
                let Parts { buckets, sum, min, max } = of.histogram().parts();
                Self::Quantile(summary.as_str().to_owned(), buckets, sum, min, max)
            }
            (Sample::Values(_), _) => Self::Values(sample.values().to_vec()),
            (Sample::Processes(processes), _) => Self::Processes(processes.values().map(<[f64]>::to_vec).collect()),
            (Sample::Count(count), _) => match count.exposure() {
                Exposure::Trials(trials) => Self::Trials(count.events(), trials),
                Exposure::Amount(amount) => Self::Amount(count.events(), amount),
            },
            (Sample::Track(track), _) => Self::Track(track.points().to_vec()),
        }
    }

    fn into_sample(self, before: Option<&Sample>) -> Option<Sample> {
        match self {
            Self::Values(values) => Sample::new(values).ok(),
            Self::Processes(processes) => Sample::processes(processes).ok(),
            Self::Quantile(summary, buckets, sum, min, max) => {
                let histogram = Histogram::from_parts(Parts { buckets, sum, min, max })?;
                Sample::quantile(Arc::new(histogram), Summary::parse(&summary)?).ok()
            }
            Self::Again(summary) => match before? {
                Sample::Quantile { of, .. } => {
                    Sample::quantile(Arc::clone(of.histogram()), Summary::parse(&summary)?).ok()
                }
                Sample::Values(_) | Sample::Processes(_) | Sample::Count(_) | Sample::Track(_) => None,
            },
            Self::Trials(events, trials) => Count::new(events, Exposure::Trials(trials)).ok().map(Sample::from),
            Self::Amount(events, amount) => Count::new(events, Exposure::Amount(amount)).ok().map(Sample::from),
            Self::Track(points) => Track::new(points).ok().map(Sample::from),
        }
    }
}

impl TroubleLine {
    fn new(trouble: &Trouble) -> Self {
        match trouble {
            Trouble::TimedOut { limit_s, .. } => {
                Self { limit_s: Some(*limit_s), message: String::new(), tail: String::new() }
            }
            Trouble::Crashed { message, tail, .. } | Trouble::BuildFailed { message, tail, .. } => {
                Self { limit_s: None, message: message.clone(), tail: tail.clone() }
            }
            Trouble::New | Trouble::Missing | Trouble::Renamed { .. } | Trouble::Unparsed { .. } => {
                Self { limit_s: None, message: format!("{trouble:?}"), tail: String::new() }
            }
        }
    }

    fn into_trouble(self, arm: Arm) -> Trouble {
        match self.limit_s {
            Some(limit_s) => Trouble::TimedOut { arm, limit_s },
            None => Trouble::Crashed { arm, message: self.message, tail: self.tail },
        }
    }
}

/// A base unit from its own symbol.
fn unit(symbol: &str) -> Option<Unit> {
    match Unit::parse(symbol) {
        Some((unit, scale)) if (scale - 1.0).abs() < f64::EPSILON => Some(unit),
        _ => Name::new(symbol).ok().map(Unit::Other),
    }
}
