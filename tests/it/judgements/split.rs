//! Rounds of several short processes: of a benchmark whose processes differ from each other, after stage 1.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use tollgate::judge;
use tollgate::judge::procedure::STAGE_ROUNDS;
use tollgate::measure::bench::{Parsed, Reading};
use tollgate::measure::journal::{Identity, Journal};
use tollgate::measure::process::ProcessError;
use tollgate::measure::rounds::{Conduct, Ended, Measured, PartId, Runner, Splitting, measure};
use tollgate::measure::scripted::time;
use tollgate::measure::stop::Stop;
use tollgate::measure::suite::{Only, PartError};
use tollgate::model::judgement::Warning;
use tollgate::model::{Arm, CoverageProblem, Judgement, Row, RunVerdict, Sample, Trouble, Verdict};
use tollgate::report;
use tollgate::stats::summary::variance;

use super::{environment, judged, name, policy, revision, row};

/// Processes of stage 1: one of each arm in each round.
const STAGE_1: usize = 2 * STAGE_ROUNDS as usize;

/// Two benchmarks of one program: `keyed`, whose processes lie within 14 % of its time, each with samples that hardly differ, and `still`.
struct Keyed<'a> {
    scene: &'a Scene,
    clock: &'a Cell<Duration>,
    stop: &'a Stop,
    ran: &'a RefCell<Vec<Process>>,
}

/// One process that ran: its arm, what it was asked for, and how many shared the time of one.
type Process = (Arm, String, u32);

/// What is measured.
#[derive(Clone, Default)]
struct Scene {
    /// How much slower `keyed` is in head.
    slower: f64,
    /// The seconds that a process measures a benchmark, where it can be shortened, and what it takes beside.
    measuring_s: Option<f64>,
    setup_s: f64,
    /// Processes that ran in an earlier session.
    before: usize,
    /// The process at which the user presses Ctrl-C, and the one that fails; counted from 0, over all sessions.
    stops: Option<usize>,
    fails: Option<usize>,
}

impl Runner for Keyed<'_> {
    fn parts(&self) -> Vec<(PartId, BTreeSet<Arm>)> {
        vec![(PartId { suite: name("core"), key: "program".to_owned() }, BTreeSet::from(Arm::BOTH))]
    }

    fn selects(&self, _part: &PartId) -> bool {
        true
    }

    fn measuring_s(&self, _part: &PartId) -> Option<f64> {
        self.scene.measuring_s
    }

    fn run(&mut self, _part: &PartId, arm: Arm, only: Only<'_>, processes: u32) -> Result<Parsed, PartError> {
        let at = self.scene.before + self.ran.borrow().len();
        let asked: Vec<&str> = ["keyed", "still"]
            .into_iter()
            .filter(|benchmark| {
                matches!(only, Only::All) || matches!(only, Only::These(names) if names.contains(&name(benchmark)))
            })
            .collect();
        self.ran.borrow_mut().push((arm, asked.join("+"), processes));
        if self.scene.stops == Some(at) {
            self.stop.set();
            return Err(ProcessError::Stopped.into());
        }
        let measuring_s = self.scene.measuring_s.unwrap_or(0.25) / f64::from(processes);
        let took = Duration::from_secs_f64(self.scene.setup_s + measuring_s * asked.len() as f64);
        self.clock.set(self.clock.get() + took);
        if self.scene.fails == Some(at) {
            let (command, status, tail) = ("keyed".to_owned(), "exit status 1".to_owned(), String::new());
            return Err(ProcessError::Failed { command, status, tail }.into());
        }
        let reading = |benchmark: &str| {
            let own = if benchmark == "keyed" { 1.0 + 0.28 * (chance(at) - 0.5) } else { 1.0 };
            let slower = if benchmark == "keyed" && arm == Arm::Head { 1.0 + self.scene.slower } else { 1.0 };
            let values = (0..16).map(|sample| 1e-3 * own * slower * (1.0 + 1e-3 * chance(10_000 + 100 * at + sample)));
            Reading { metric: time(&name("core"), &name(benchmark)), sample: Sample::new(values.collect()).unwrap() }
        };
        Ok(Parsed { readings: asked.into_iter().map(reading).collect(), ..Parsed::default() })
    }
}

/// In [0, 1), by number alone.
fn chance(number: usize) -> f64 {
    let mixed = (number as u64 + 11).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    ((mixed ^ (mixed >> 27)) >> 40) as f64 / f64::from(1 << 24)
}

impl Scene {
    fn splitting(slower: f64) -> Self {
        Self { slower, measuring_s: Some(0.25), setup_s: 0.005, ..Self::default() }
    }

    fn measure(&self, mut journal: Journal) -> (Measured, Vec<Process>) {
        let (stop, clock, ran) = (Stop::new(), Cell::new(Duration::ZERO), RefCell::new(Vec::new()));
        let mut runner = Keyed { scene: self, clock: &clock, stop: &stop, ran: &ran };
        let policy = policy("");
        let conduct = Conduct {
            revisions: (Some(revision("base")), revision("head")),
            environment: environment(),
            seed: 7,
            rounds_max: policy.gate.rounds_max,
            checkpoints: judge::checkpoints(&judge::settings(&policy)),
            time_limit: Duration::from_hours(1),
            elapsed: &|| clock.get(),
            wanted: &|base, head, rounds| judge::undecided(base, head, &policy, rounds),
            splitting: Some(Splitting {
                after: STAGE_ROUNDS,
                scattered: &|base, head| judge::scattered(base, head, &policy),
            }),
            stop: &stop,
            watch: &|_| {},
            canary: false,
        };
        let measured = measure(&mut runner, &mut journal, &conduct).unwrap();
        (measured, ran.into_inner())
    }

    fn run(&self) -> (Measured, Vec<Process>) {
        self.measure(Journal::in_memory())
    }

    fn judge(&self) -> Judgement {
        judged(&policy(""), &self.run().0)
    }
}

#[test]
fn a_benchmark_whose_processes_differ_goes_on_in_rounds_of_short_processes() {
    let (measured, ran) = Scene::splitting(0.0).run();
    let (stage_1, stage_2) = ran.split_at(STAGE_1);
    assert!(stage_1.iter().all(|(_, asked, processes)| (asked.as_str(), *processes) == ("keyed+still", 1)));
    assert!(stage_2.iter().all(|(_, asked, processes)| (asked.as_str(), *processes) == ("keyed", 8)), "{stage_2:?}");
    assert_eq!(stage_2.len() % 16, 0);
    for round in stage_2.chunks(16) {
        let arms: Vec<Arm> = round.iter().map(|(arm, ..)| *arm).collect();
        let in_turn = arms.chunks(4).all(|four| four[0] != four[1] && four[1] == four[2] && four[3] == four[0]);
        assert!(in_turn && arms.chunks(4).all(|four| four[0] == arms[0]), "{arms:?}");
    }
    let first: BTreeSet<Arm> = stage_2.chunks(16).map(|round| round[0].0).collect();
    assert_eq!(first, BTreeSet::from(Arm::BOTH), "a coin says which arm begins");
    let judgement = judged(&policy(""), &measured);
    let keyed = row(&judgement, "keyed");
    assert!(
        matches!(keyed.warnings[..], [Warning::ShortProcesses { processes: 8, apart }] if (0.05..0.11).contains(&apart.0))
    );
    assert!(row(&judgement, "still").warnings.iter().all(|warning| !matches!(warning, Warning::ShortProcesses { .. })));
    let said = report::markdown::render(&Scene::splitting(0.12).judge(), 64_000);
    assert!(said.contains("a round had 8 short processes of each side"), "{said}");
    assert!(!measured.protocol.first[&keyed.metric.id.benchmark].contains_key(&STAGE_ROUNDS), "both arms took turns");
}

#[test]
fn short_processes_tell_more_than_whole_ones_in_the_same_time() {
    let policy = policy("");
    let scene = Scene::splitting(0.12);
    let (split, processes) = scene.run();
    let (whole, of_whole) = Scene { measuring_s: None, ..scene }.run();
    let [of_split, judged_whole] = [&split, &whole].map(|measured| row(&judged(&policy, measured), "keyed").clone());
    assert_eq!(judged(&policy, &split).verdict, RunVerdict::Regressed);
    assert_eq!(of_split.verdict, Verdict::Regressed);
    assert!(of_whole.iter().all(|(_, _, processes)| *processes == 1), "what cannot be shortened is not split");
    assert!(split.rounds_run < whole.rounds_run, "{} {}", split.rounds_run, whole.rounds_run);
    let spread = |row: &Row| variance(&row.base.as_ref().unwrap().statistics[STAGE_1 / 2..]).unwrap().sqrt();
    let (spread, of_one) = (spread(&of_split), spread(&judged_whole));
    assert!(spread < 0.5 * of_one, "eight processes scatter by about a third of what one does: {spread} {of_one}");
    assert_eq!(processes.len(), STAGE_1 + 16 * (split.rounds_run as usize - STAGE_1 / 2));
    let ordinary_s = f64::from(split.rounds_run) * 2.0 * 0.51;
    assert!(split.elapsed < Duration::from_secs_f64(ordinary_s), "{:?}", split.elapsed);
}

#[test]
fn processes_that_cost_more_than_they_measure_are_not_multiplied() {
    let dear = Scene { setup_s: 3.0, ..Scene::splitting(0.0) };
    assert!(dear.run().1.iter().all(|(_, _, processes)| *processes == 1));
    let some = Scene { setup_s: 0.125, ..Scene::splitting(0.0) };
    assert_eq!(some.run().1.iter().map(|(_, _, processes)| *processes).max(), Some(3));
}

#[test]
fn an_interrupted_run_of_short_processes_is_gone_on_with_as_it_was() {
    let policy = policy("");
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity {
        schema: 1,
        tollgate: "1".to_owned(),
        base: "base".to_owned(),
        head: "head".to_owned(),
        seed: 7,
        plan: "plan".to_owned(),
    };
    let scene = Scene::splitting(0.08);
    let (measured, processes) = scene.run();
    let whole = judged(&policy, &measured);
    for (rounds, into) in [(0, 0), (0, 9), (3, 5)] {
        let path: &Path = &folder.path().join(format!("{rounds}-{into}.jsonl"));
        let done = STAGE_1 + 16 * rounds;
        let cut = Scene { stops: Some(done + into), ..scene.clone() };
        let (cut, _) = cut.measure(Journal::create(path, &identity).unwrap());
        assert_eq!((cut.ended, cut.rounds_run as usize), (Ended::Interrupted, 10 + rounds));
        let resumed = Scene { before: done, ..scene.clone() };
        let (resumed, ran) = resumed.measure(Journal::resume(path, &identity).unwrap());
        assert_eq!(ran.len(), processes.len() - done);
        assert_eq!(judged(&policy, &resumed).rows, whole.rows);
    }
}

#[test]
fn a_short_process_that_fails_costs_its_round() {
    let policy = policy("");
    let (measured, _) = Scene { fails: Some(STAGE_1 + 16 + 3), ..Scene::splitting(0.08) }.run();
    let judgement = judged(&policy, &measured);
    let crashed = |problem: &CoverageProblem| matches!(problem.trouble, Trouble::Crashed { .. });
    assert!(judgement.coverage.problems.iter().any(crashed), "{:?}", judgement.coverage);
    assert!(
        row(&judgement, "keyed").warnings.contains(&Warning::RoundsLost { lost: 1 }),
        "{:?}",
        row(&judgement, "keyed")
    );
}
