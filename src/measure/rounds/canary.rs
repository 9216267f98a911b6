//! The canary: one cheap benchmark of base, run twice more in each round of the first stage, in an order of its own coin. Whatever differs
//! between the two is the machine. Refuses to judge what differs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::measure::journal::{Journal, JournalError, Twice};
use crate::measure::process::ProcessError;
use crate::measure::suite::{Only, PartError};
use crate::model::{Arm, Canary, Determinism, Kind, Metric, Name, Role, Run, Sample, Series};

use super::course::Course;
use super::{Conduct, Ended, Event, FAILURES_MAX, PartId, Runner, Tracked, coin};

/// The stream of the canary's coins: no part has this number.
const STREAM: u64 = u64::MAX;
/// The largest share of the time limit that the canary may take. Where it would take more, the rounds need the time.
const TIME_SHARE_MAX: f64 = 0.25;

/// The benchmark that is watched, with what it gave so far.
pub(super) struct Watched {
    part: PartId,
    metric: Metric,
    twice: BTreeMap<u32, [Sample; 2]>,
    failures: u32,
}

impl Watched {
    /// Chooses from what base gave in its first round: of the gated, noisy times the one whose benchmark is the cheapest to run again, and of
    /// those that cost the same the shortest. `None` where there is none, or where it would take too much of the time.
    pub(super) fn choose(
        base: Option<&Run>,
        parts: &[&Tracked],
        course: &Course,
        time_limit: Duration,
    ) -> Option<Self> {
        let times = base?.series.values().filter_map(|series| {
            let Metric { id, kind, determinism, role, .. } = &series.metric;
            let fits = *kind == Kind::Time && *determinism == Determinism::Noisy && *role == Role::Gated;
            let shortest = *series.statistics().get(&0).filter(|time| fits && **time > 0.0)?;
            // Where two parts give a benchmark, the later one counts.
            let part = parts.iter().rfind(|part| part.benchmarks.contains(&id.benchmark))?;
            let cost_s = course.share_s(&id.benchmark, 0, Arm::Base).unwrap_or(0.0);
            Some((cost_s, shortest, &series.metric, &part.id))
        });
        let cheapest =
            times.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then_with(|| a.2.id.cmp(&b.2.id)));
        let (cost_s, _, metric, part) = cheapest?;
        let affordable = 2.0 * f64::from(Canary::ROUNDS) * cost_s <= TIME_SHARE_MAX * time_limit.as_secs_f64();
        affordable.then(|| Self { part: part.clone(), metric: metric.clone(), twice: BTreeMap::new(), failures: 0 })
    }

    /// Its part of one round, as the journal has it or as it runs now. Where one of the two fails there is nothing for the round: base's own
    /// part has already said what is wrong with base.
    pub(super) fn round(
        &mut self,
        round: u32,
        runner: &mut dyn Runner,
        journal: &mut Journal,
        conduct: &Conduct<'_>,
    ) -> Result<Option<Ended>, JournalError> {
        let key = (round, self.metric.id.clone());
        let twice = match journal.canary(&key) {
            Some(twice) => twice,
            None if self.failures >= FAILURES_MAX || (conduct.elapsed)() >= conduct.time_limit => return Ok(None),
            None => match self.run_twice(round, runner, conduct) {
                Some(twice) => {
                    journal.append_canary(&key, &twice)?;
                    twice
                }
                None => return Ok(Some(Ended::Interrupted)),
            },
        };
        match twice {
            Some(samples) => drop(self.twice.insert(round, samples)),
            None => self.failures += 1,
        }
        Ok(None)
    }

    /// Runs it twice, one right after the other; `None` where the user stopped it.
    fn run_twice(&self, round: u32, runner: &mut dyn Runner, conduct: &Conduct<'_>) -> Option<Twice> {
        let only: BTreeSet<Name> = BTreeSet::from([self.metric.id.benchmark.benchmark.clone()]);
        (conduct.watch)(&Event::Canary { benchmark: &self.metric.id.benchmark });
        let mut samples = Vec::new();
        for _turn in 0..2 {
            if conduct.stop.is_set() {
                return None;
            }
            let sample = match runner.run(&self.part, Arm::Base, Only::These(&only), 1) {
                Ok(parsed) => {
                    let own = parsed.readings.into_iter().rfind(|reading| reading.metric.id == self.metric.id);
                    own.map(|reading| reading.sample)
                }
                Err(PartError::Process(ProcessError::Stopped)) => return None,
                Err(_) => None,
            };
            let Some(sample) = sample else { return Some(None) };
            samples.push(sample);
        }
        let samples: [Sample; 2] = samples.try_into().expect("there were two turns");
        let [first, second] = samples;
        Some(Some(if coin(conduct.seed, STREAM, round) { [second, first] } else { [first, second] }))
    }

    /// What it gave; `None` where no round gave anything.
    pub(super) fn measured(self) -> Option<Canary> {
        let side = |rounds: BTreeMap<u32, Sample>| Series { metric: self.metric.clone(), rounds };
        let (one, other): (BTreeMap<u32, Sample>, BTreeMap<u32, Sample>) =
            self.twice.into_iter().map(|(round, [one, other])| ((round, one), (round, other))).unzip();
        (!one.is_empty()).then(|| Canary { one: side(one), other: side(other) })
    }
}
