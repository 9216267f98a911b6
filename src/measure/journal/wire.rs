//! One line of the journal. Version 1; read back only by the version that wrote it (the identity says which), so it may change freely.

use serde::{Deserialize, Serialize};

use crate::measure::bench::{Parsed, Reading};
use crate::measure::rounds::PartId;
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
    values: Vec<f64>,
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
                        (parsed.readings.iter().map(ReadingLine::new).collect(), parsed.unparsed.clone(), None)
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
                let readings: Option<Vec<Reading>> =
                    line.readings.into_iter().map(|reading| reading.into_reading(&suite)).collect();
                Ok(Parsed { readings: readings?, unparsed: line.unparsed })
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
    fn new(reading: &Reading) -> Self {
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
            values: reading.sample.values().to_vec(),
        }
    }

    fn into_reading(self, suite: &Name) -> Option<Reading> {
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
        Some(Reading { metric, sample: Sample::new(self.values).ok()? })
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
