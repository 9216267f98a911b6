//! Interleaves base and head: in each round each part runs once in each arm, in a fresh process, in an order drawn by a recorded coin.
//! Asks the judge which benchmarks are undecided, and keeps to the time limit. Refuses to know what a regression is.

mod canary;
mod course;
mod pair;
mod split;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::model::{Arm, BenchmarkId, Canary, CoverageProblem, Environment, Name, Protocol, Revision, Run, Trouble};

use super::bench::{Parsed, Reading};
use super::journal::{Journal, JournalError, Record};
use super::stop::Stop;
use super::suite::{Only, PartError};
use canary::Watched;
use course::Course;
pub use split::{Scattered, Splitting};
pub use trouble::trouble;

/// A part is given up after it failed in this many rounds.
const FAILURES_MAX: u32 = 3;

/// One part of one suite, the same in both arms.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartId {
    /// The suite.
    pub suite: Name,
    /// The part's key within it.
    pub key: String,
}

/// Runs parts. The real one starts processes; tests script one.
pub trait Runner {
    /// Every part with the arms that have it, sorted.
    fn parts(&self) -> Vec<(PartId, BTreeSet<Arm>)>;

    /// Whether a part can run some of its benchmarks without the others.
    fn selects(&self, part: &PartId) -> bool;

    /// How many seconds an ordinary process measures one benchmark, warming up included, where a process can be told to measure for a shorter time.
    fn measuring_s(&self, _part: &PartId) -> Option<f64> {
        None
    }

    /// Whether a part may be the canary: not one that takes too long to run twice more a round.
    fn may_be_canary(&self, _part: &PartId) -> bool {
        true
    }

    /// Runs one part of one arm once, as one of so many processes that share the time of one.
    fn run(&mut self, part: &PartId, arm: Arm, only: Only<'_>, processes: u32) -> Result<Parsed, PartError>;
}

/// What happens while measuring, for whoever shows progress.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// A round begins.
    Round {
        /// Its number, counted from 0.
        round: u32,
        /// How many benchmarks take part; `None` before any is known.
        benchmarks: Option<usize>,
        /// The next round after which it is decided who goes on.
        checkpoint: u32,
    },
    /// One part of one arm has run.
    Ran {
        /// Which.
        part: &'a PartId,
        /// In which arm.
        arm: Arm,
    },
    /// A part failed in one round.
    Failed {
        /// Which.
        part: &'a PartId,
        /// In which arm.
        arm: Arm,
        /// Why.
        trouble: &'a Trouble,
    },
    /// The canary runs, base against itself.
    Canary {
        /// What runs.
        benchmark: &'a BenchmarkId,
    },
}

/// Which benchmarks want more rounds, from the rounds so far and their number: what the judge answers.
pub type Wanted<'a> = dyn Fn(Option<&Run>, &Run, u32) -> BTreeSet<BenchmarkId> + 'a;

/// What the rounds depend on beside the runner.
pub struct Conduct<'a> {
    /// The two revisions; base is absent where head alone is measured.
    pub revisions: (Option<Revision>, Revision),
    /// The machine.
    pub environment: Environment,
    /// The seed of the coins.
    pub seed: u64,
    /// The most rounds.
    pub rounds_max: u32,
    /// The rounds after which it is decided who goes on, ascending.
    pub checkpoints: Vec<u32>,
    /// When measuring ends.
    pub time_limit: Duration,
    /// Time since measuring began.
    pub elapsed: &'a dyn Fn() -> Duration,
    /// Which benchmarks want more rounds, from the rounds so far.
    pub wanted: &'a Wanted<'a>,
    /// Which rounds are split into several short processes; `None` for none.
    pub splitting: Option<Splitting<'a>>,
    /// The user's wish to stop.
    pub stop: &'a Stop,
    /// Told what happens.
    pub watch: &'a dyn Fn(&Event<'_>),
    /// Whether one benchmark of base, where base is measured, also runs against itself.
    pub canary: bool,
}

/// How the rounds ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nobody wanted more, or the most rounds were run.
    Complete,
    /// At the time limit.
    TimeLimit,
    /// By the user.
    Interrupted,
}

/// What was measured.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Base, where it was measured.
    pub base: Option<Run>,
    /// Head.
    pub head: Run,
    /// The rounds that were run.
    pub rounds_run: u32,
    /// How they went.
    pub protocol: Protocol,
    /// What went wrong.
    pub troubles: Vec<CoverageProblem>,
    /// What results cannot say although they were understood, a sentence each; not kept in the evidence for a second judge.
    pub notes: Vec<String>,
    /// How it ended.
    pub ended: Ended,
    /// How long it took.
    pub elapsed: Duration,
}

/// The order of the two arms in one round of one part: a fair coin that depends on seed, part and round alone, so that an interrupted run
/// that goes on throws the same coins.
pub fn order(seed: u64, part: usize, round: u32) -> [Arm; 2] {
    if coin(seed, part as u64, round) { [Arm::Head, Arm::Base] } else { [Arm::Base, Arm::Head] }
}

/// The fair coin of one stream in one round.
fn coin(seed: u64, stream: u64, round: u32) -> bool {
    let mut coins = ChaCha8Rng::seed_from_u64(seed);
    coins.set_stream(stream);
    coins.set_word_pos(u128::from(round));
    coins.next_u32() & 1 == 1
}

/// Runs rounds until nobody wants more, the limit on rounds or time, or the user's wish.
pub fn measure(
    runner: &mut dyn Runner,
    journal: &mut Journal,
    conduct: &Conduct<'_>,
) -> Result<Measured, JournalError> {
    let mut state = State::new(runner.parts(), conduct);
    let ended = loop {
        let round = state.rounds_run;
        if conduct.checkpoints.contains(&round) || round >= conduct.rounds_max {
            state.wanted = Some((conduct.wanted)(state.runs.get(&Arm::Base), &state.runs[&Arm::Head], round));
        }
        state.split(runner, conduct);
        if round >= conduct.rounds_max || !state.goes_on() {
            break Ended::Complete;
        }
        (conduct.watch)(&Event::Round {
            round,
            benchmarks: state.wanted.as_ref().map(BTreeSet::len),
            checkpoint: conduct.checkpoints.iter().copied().find(|end| *end > round).unwrap_or(conduct.rounds_max),
        });
        if let Some(ended) = state.round(runner, journal, conduct)? {
            break ended;
        }
        state.rounds_run += 1;
        if let Some(ended) = state.canary(runner, journal, conduct)? {
            break ended;
        }
    };
    let elapsed = (conduct.elapsed)();
    Ok(Measured {
        protocol: state.course.protocol(state.canary.and_then(Watched::measured)),
        base: state.runs.remove(&Arm::Base),
        head: state.runs.remove(&Arm::Head).expect("head is always measured"),
        rounds_run: state.rounds_run,
        troubles: state.troubles.into_iter().collect(),
        notes: state.notes.into_iter().collect(),
        ended,
        elapsed,
    })
}

/// The state of the rounds.
struct State {
    parts: Vec<Tracked>,
    runs: BTreeMap<Arm, Run>,
    rounds_run: u32,
    /// The benchmarks that go on; `None` while all do.
    wanted: Option<BTreeSet<BenchmarkId>>,
    /// How many processes of an arm a round of these has; one of all others.
    split: BTreeMap<BenchmarkId, u32>,
    troubles: BTreeSet<CoverageProblem>,
    notes: BTreeSet<String>,
    /// The order and the cost of the rounds.
    course: Course,
    canary: Option<Watched>,
}

/// One part with what is known of it.
struct Tracked {
    id: PartId,
    arms: BTreeSet<Arm>,
    benchmarks: BTreeSet<BenchmarkId>,
    failures: u32,
}

impl State {
    fn new(parts: Vec<(PartId, BTreeSet<Arm>)>, conduct: &Conduct<'_>) -> Self {
        let (base, head) = conduct.revisions.clone();
        let base = base.map(|revision| (Arm::Base, revision));
        let runs = base.into_iter().chain([(Arm::Head, head)]);
        Self {
            parts: parts
                .into_iter()
                .map(|(id, arms)| Tracked { id, arms, benchmarks: BTreeSet::new(), failures: 0 })
                .collect(),
            runs: runs.map(|(arm, revision)| (arm, Run::new(revision, conduct.environment.clone()))).collect(),
            rounds_run: 0,
            wanted: None,
            split: BTreeMap::new(),
            troubles: BTreeSet::new(),
            notes: BTreeSet::new(),
            course: Course::default(),
            canary: None,
        }
    }

    /// Decides, once its round has come, which rounds are split from here on.
    fn split(&mut self, runner: &dyn Runner, conduct: &Conduct<'_>) {
        let due = conduct.splitting.as_ref().filter(|splitting| splitting.after == self.rounds_run);
        if let (Some(splitting), Some(base)) = (due, self.runs.get(&Arm::Base)) {
            let scattered = (splitting.scattered)(base, &self.runs[&Arm::Head]);
            self.split = split::processes(runner, &self.parts, &self.course, scattered);
        }
    }

    /// Whether any part has something to do.
    fn goes_on(&self) -> bool {
        self.parts
            .iter()
            .any(|part| part.failures < FAILURES_MAX && !self.only(part).is_some_and(|names| names.is_empty()))
    }

    /// The benchmarks of a part that go on; `None` for all.
    fn only(&self, part: &Tracked) -> Option<BTreeSet<Name>> {
        let wanted = self.wanted.as_ref()?;
        Some(part.benchmarks.intersection(wanted).map(|id| id.benchmark.clone()).collect())
    }

    /// One round of every part that goes on. A round that is cut short by the user or the time limit does not count.
    fn round(
        &mut self,
        runner: &mut dyn Runner,
        journal: &mut Journal,
        conduct: &Conduct<'_>,
    ) -> Result<Option<Ended>, JournalError> {
        for index in 0..self.parts.len() {
            let only = self.only(&self.parts[index]);
            if self.parts[index].failures >= FAILURES_MAX || only.as_ref().is_some_and(BTreeSet::is_empty) {
                continue;
            }
            if (conduct.elapsed)() >= conduct.time_limit {
                return Ok(Some(Ended::TimeLimit));
            }
            let key = (self.rounds_run, self.parts[index].id.clone());
            let order = order(conduct.seed, index, self.rounds_run);
            let record = match journal.recorded(&key) {
                Some(record) => record,
                None => match pair::run(runner, &self.parts[index], only.as_ref(), (order, &self.split), conduct) {
                    Some(record) => {
                        journal.append(&key, &record)?;
                        record
                    }
                    None => return Ok(Some(Ended::Interrupted)),
                },
            };
            self.course.took((self.rounds_run, order[0]), &record, runner.selects(&key.1), &self.split);
            self.take(index, record, conduct);
        }
        Ok(None)
    }

    /// The canary's part of the round that was just run, once round 0 has shown which benchmark it is. It costs the round nothing: where the
    /// time is up it is left out.
    fn canary(
        &mut self,
        runner: &mut dyn Runner,
        journal: &mut Journal,
        conduct: &Conduct<'_>,
    ) -> Result<Option<Ended>, JournalError> {
        let Some(round) = self.rounds_run.checked_sub(1).filter(|round| conduct.canary && *round < Canary::ROUNDS)
        else {
            return Ok(None);
        };
        if round == 0 {
            let parts = self.parts.iter().filter(|part| runner.may_be_canary(&part.id)).collect::<Vec<_>>();
            self.canary = Watched::choose(self.runs.get(&Arm::Base), &parts, &self.course, conduct.time_limit);
        }
        match &mut self.canary {
            Some(watched) => watched.round(round, runner, journal, conduct),
            None => Ok(None),
        }
    }

    /// Takes in what one part gave in one round. Where an arm failed the round is lost for the part in both arms' pairing, by itself.
    fn take(&mut self, index: usize, record: Record, conduct: &Conduct<'_>) {
        let id = self.parts[index].id.clone();
        let mut failed = false;
        for (arm, outcome) in record.arms {
            match outcome {
                Ok(parsed) => self.take_readings(index, arm, parsed),
                Err(trouble) => {
                    failed = true;
                    (conduct.watch)(&Event::Failed { part: &id, arm, trouble: &trouble });
                    let problem = CoverageProblem { suite: id.suite.clone(), benchmark: None, trouble };
                    if !self.troubles.iter().any(|told| trouble::says_the_same(told, &problem)) {
                        self.troubles.insert(problem);
                    }
                }
            }
        }
        self.parts[index].failures += u32::from(failed);
    }

    fn take_readings(&mut self, index: usize, arm: Arm, parsed: Parsed) {
        let suite = self.parts[index].id.suite.clone();
        for text in parsed.unparsed {
            let trouble = Trouble::Unparsed { text };
            self.troubles.insert(CoverageProblem { suite: suite.clone(), benchmark: None, trouble });
        }
        self.notes.extend(parsed.notes.into_iter().map(|note| format!("{suite}: {note}")));
        let round = self.rounds_run;
        if let Some(run) = self.runs.get_mut(&arm) {
            parsed
                .exhibits
                .into_iter()
                .filter(|exhibit| exhibit.key().0.suite == suite)
                .for_each(|exhibit| run.show(exhibit));
        }
        for Reading { metric, sample } in parsed.readings {
            let benchmark = metric.id.benchmark.clone();
            self.parts[index].benchmarks.insert(benchmark.clone());
            let Some(run) = self.runs.get_mut(&arm) else { continue };
            if run.insert(metric, round, sample).is_some() {
                let text = "two parts of the suite give a benchmark of this name; the later one counts".to_owned();
                let trouble = Trouble::Unparsed { text };
                self.troubles.insert(CoverageProblem { suite: suite.clone(), benchmark: Some(benchmark), trouble });
            }
        }
    }
}
