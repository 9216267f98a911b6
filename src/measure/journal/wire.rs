//! One line of the journal. Version 1; read back only by the version that wrote it (the identity says which), so it may change freely.

use serde::{Deserialize, Serialize};

use crate::measure::bench::{Parsed, Reading};
use crate::measure::evidence::v1::exhibit::Exhibit;
use crate::measure::evidence::v1::sample::{Metric, Name, Sample, id, names};
use crate::measure::rounds::PartId;
use crate::model::{self, Arm, MetricId, Trouble};

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
    #[serde(default)]
    notes: Vec<String>,
    #[serde(default)]
    exhibits: Vec<Exhibit>,
    trouble: Option<TroubleLine>,
    #[serde(default)]
    seconds: Option<f64>,
}

/// What the canary gave in one round; no values where one of its runs failed.
#[derive(Serialize, Deserialize)]
pub(super) struct CanaryLine {
    canary: u32,
    metric: [Name; 3],
    values: Option<[Vec<f64>; 2]>,
}

#[derive(Serialize, Deserialize)]
struct ReadingLine {
    metric: Metric,
    sample: Sample,
}

#[derive(Serialize, Deserialize)]
struct TroubleLine {
    limit_s: Option<u64>,
    message: String,
    tail: String,
}

impl Line {
    pub(super) fn new(round: u32, part: &PartId, record: &Record) -> Self {
        let arms = record
            .arms
            .iter()
            .map(|(arm, outcome)| {
                let (readings, unparsed, notes, exhibits, trouble) = match outcome {
                    Ok(parsed) => {
                        let before = std::iter::once(None).chain(parsed.readings.iter().map(Some));
                        let lines = parsed.readings.iter().zip(before);
                        let lines = lines.map(|(reading, before)| ReadingLine::new(reading, before)).collect();
                        let exhibits = parsed.exhibits.iter().map(Exhibit::from).collect();
                        (lines, parsed.unparsed.clone(), parsed.notes.clone(), exhibits, None)
                    }
                    Err(trouble) => (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Some(TroubleLine::new(trouble))),
                };
                let seconds = record.seconds.get(arm).copied();
                ArmLine { head: *arm == Arm::Head, readings, unparsed, notes, exhibits, trouble, seconds }
            })
            .collect();
        Self { round, suite: part.suite.to_string(), part: part.key.clone(), arms }
    }

    /// The record; `None` where the line does not make sense.
    pub(super) fn into_record(self) -> Option<((u32, PartId), Record)> {
        let suite = model::Name::new(self.suite).ok()?;
        let mut record = Record::default();
        for line in self.arms {
            let arm = if line.head { Arm::Head } else { Arm::Base };
            let outcome = if let Some(trouble) = line.trouble {
                Err(trouble.into_trouble(arm))
            } else {
                let mut readings: Vec<Reading> = Vec::new();
                for reading in line.readings {
                    let reading = reading.into_reading(readings.last())?;
                    readings.push(reading);
                }
                let exhibits = line.exhibits.into_iter().map(TryInto::try_into).collect::<Result<_, _>>().ok()?;
                Ok(Parsed { readings, unparsed: line.unparsed, notes: line.notes, exhibits })
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
            metric: names(metric),
            values: twice.as_ref().map(|twice| twice.each_ref().map(|sample| sample.values().to_vec())),
        }
    }

    /// What the canary gave; `None` where the line does not make sense.
    pub(super) fn into_twice(self) -> Option<((u32, MetricId), Twice)> {
        let [suite, benchmark, metric] = self.metric;
        let metric = id(suite, benchmark, metric).ok()?;
        let twice = match self.values {
            Some([one, other]) => Some([model::Sample::new(one).ok()?, model::Sample::new(other).ok()?]),
            None => None,
        };
        Some(((self.canary, metric), twice))
    }
}

impl ReadingLine {
    fn new(reading: &Reading, before: Option<&Reading>) -> Self {
        let sample = Sample::new(&reading.sample, before.map(|before| &before.sample));
        Self { metric: (&reading.metric).into(), sample }
    }

    fn into_reading(self, before: Option<&Reading>) -> Option<Reading> {
        let sample = self.sample.into_sample(before.map(|before| &before.sample)).ok()?;
        Some(Reading { metric: self.metric.try_into().ok()?, sample })
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
