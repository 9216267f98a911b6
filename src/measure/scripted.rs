//! A runner whose values are written down beforehand: for tests of the rounds and of the judge together, without processes.

use std::collections::BTreeSet;

use crate::model::{Arm, BenchmarkId, Determinism, Direction, Kind, Metric, MetricId, Name, Role, Sample, Unit};

use super::bench::{Parsed, Reading};
use super::process::ProcessError;
use super::rounds::{PartId, Runner};
use super::suite::{Only, PartError};

/// The value of one benchmark's time in one arm and round, in seconds; `None` where the process fails.
pub type Script<'a> = Box<dyn FnMut(&str, Arm, u32) -> Option<f64> + 'a>;

/// One suite of one part whose benchmarks' times come from a script.
pub struct Scripted<'a> {
    suite: Name,
    benchmarks: Vec<(Name, BTreeSet<Arm>)>,
    script: Script<'a>,
    /// How often each arm ran.
    pub runs: [u32; 2],
    /// How many benchmarks ran in all.
    pub measured: u32,
}

impl<'a> Scripted<'a> {
    /// A runner of these benchmarks, each in these arms.
    pub fn new(suite: Name, benchmarks: Vec<(Name, BTreeSet<Arm>)>, script: Script<'a>) -> Self {
        Self { suite, benchmarks, script, runs: [0, 0], measured: 0 }
    }
}

impl Runner for Scripted<'_> {
    fn parts(&self) -> Vec<(PartId, BTreeSet<Arm>)> {
        vec![(PartId { suite: self.suite.clone(), key: "scripted".to_owned() }, BTreeSet::from(Arm::BOTH))]
    }

    fn selects(&self, _part: &PartId) -> bool {
        true
    }

    fn run(&mut self, _part: &PartId, arm: Arm, only: Only<'_>, _processes: u32) -> Result<Parsed, PartError> {
        let round = self.runs[arm as usize];
        self.runs[arm as usize] += 1;
        let mut parsed = Parsed::default();
        for (name, arms) in &self.benchmarks {
            let chosen = match only {
                Only::All => true,
                Only::These(names) => names.contains(name),
            };
            if !chosen || !arms.contains(&arm) {
                continue;
            }
            self.measured += 1;
            let failed = || ProcessError::Failed {
                command: "scripted".to_owned(),
                status: "exit status 1".to_owned(),
                tail: "boom".to_owned(),
            };
            let value = (self.script)(name.as_str(), arm, round).ok_or_else(failed)?;
            let sample = Sample::new(vec![value]).expect("scripts give times");
            parsed.readings.push(Reading { metric: time(&self.suite, name), sample });
        }
        Ok(parsed)
    }
}

/// The metric `time` of a benchmark.
pub fn time(suite: &Name, benchmark: &Name) -> Metric {
    let benchmark = BenchmarkId { suite: suite.clone(), benchmark: benchmark.clone() };
    Metric {
        id: MetricId { benchmark, metric: Name::new("time").expect("not empty") },
        unit: Unit::Seconds,
        direction: Direction::LowerIsBetter,
        kind: Kind::Time,
        determinism: Determinism::Noisy,
        role: Role::Gated,
        work: None,
    }
}
