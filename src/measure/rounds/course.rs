//! The course of the rounds, taken down as they come: which arm ran first, and what one more round would cost. Refuses to judge either.

use std::collections::{BTreeMap, BTreeSet};

use crate::measure::journal::Record;
use crate::model::machine::MachineTime;
use crate::model::{Arm, BenchmarkId, Canary, Name, Protocol};
use crate::stats::summary::median;

/// One more round costs what the last of a benchmark's rounds cost, as then the fewest others took part; the middle one of these, because one may
/// have been disturbed.
const LAST_ROUNDS: usize = 3;

/// What is known of the rounds so far.
#[derive(Debug, Default)]
pub(super) struct Course {
    first: BTreeMap<BenchmarkId, BTreeMap<u32, Arm>>,
    /// Each benchmark's share of its part's time, by round and arm, in seconds.
    shares_s: BTreeMap<BenchmarkId, BTreeMap<u32, BTreeMap<Arm, f64>>>,
    machine: BTreeMap<Name, BTreeMap<u32, BTreeMap<Arm, MachineTime>>>,
}

impl Course {
    /// Takes down one part's round, in which that arm was first. Where a round was split into several processes, both arms took turns. A part that `selects` can leave benchmarks out, so that each of them costs its share; one that cannot
    /// runs all of them whenever one is wanted.
    pub(super) fn took(
        &mut self,
        (round, first): (u32, Arm),
        record: &Record,
        selects: bool,
        split: &BTreeMap<BenchmarkId, u32>,
    ) {
        let mut took: BTreeMap<Arm, BTreeSet<&BenchmarkId>> = BTreeMap::new();
        for (arm, outcome) in &record.arms {
            let Ok(parsed) = outcome else { continue };
            let benchmarks = parsed.readings.iter().map(|reading| &reading.metric.id.benchmark);
            took.insert(*arm, benchmarks.collect());
        }
        for (arm, benchmarks) in &took {
            let Some(seconds) = record.seconds.get(arm) else { continue };
            let sharers = if selects { benchmarks.len() } else { 1 };
            for benchmark in benchmarks {
                let rounds = self.shares_s.entry((*benchmark).clone()).or_default();
                rounds.entry(round).or_default().insert(*arm, seconds / sharers as f64);
            }
        }
        if let (Some(base), Some(head)) = (took.get(&Arm::Base), took.get(&Arm::Head)) {
            for benchmark in base.intersection(head).filter(|benchmark| !split.contains_key(**benchmark)) {
                self.first.entry((*benchmark).clone()).or_default().insert(round, first);
            }
        }
    }

    /// Takes down what the machine did beside one part's round.
    pub(super) fn beside(&mut self, suite: &Name, round: u32, record: &Record) {
        for (arm, time) in &record.machine {
            let rounds = self.machine.entry(suite.clone()).or_default();
            *rounds.entry(round).or_default().entry(*arm).or_default() += *time;
        }
    }

    /// The seconds that one run of a benchmark took in one arm and round, where it is known.
    pub(super) fn share_s(&self, benchmark: &BenchmarkId, round: u32, arm: Arm) -> Option<f64> {
        self.shares_s.get(benchmark)?.get(&round)?.get(&arm).copied()
    }

    /// The seconds that a run of a benchmark usually took in one arm so far; `None` where it is not known.
    pub(super) fn usual_s(&self, benchmark: &BenchmarkId) -> Option<f64> {
        let shares: Vec<f64> = self.shares_s.get(benchmark)?.values().flat_map(BTreeMap::values).copied().collect();
        median(&shares)
    }

    /// How the rounds went.
    pub(super) fn protocol(self, canary: Option<Canary>) -> Protocol {
        let cost_s = |rounds: &BTreeMap<u32, BTreeMap<Arm, f64>>| {
            let arms = rounds.values().map(BTreeMap::len).max()?;
            // A round in which one arm failed says too little.
            let whole = rounds.values().rev().filter(|round| round.len() == arms);
            median(&whole.take(LAST_ROUNDS).map(|round| round.values().sum()).collect::<Vec<f64>>())
        };
        let round_s = self.shares_s.iter().filter_map(|(benchmark, rounds)| Some((benchmark.clone(), cost_s(rounds)?)));
        let (first, machine) = (self.first, self.machine);
        Protocol { round_s: round_s.collect(), first, canary, identical: Vec::new(), machine }
    }
}
