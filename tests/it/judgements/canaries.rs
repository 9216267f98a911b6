//! The canary and the cost of the rounds, through the loop that measures, with scripted processes and a scripted clock.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use tollgate::judge::procedure::STAGE_ROUNDS;
use tollgate::measure::bench::Parsed;
use tollgate::measure::journal::{Identity, Journal};
use tollgate::measure::process::ProcessError;
use tollgate::measure::rounds::{Conduct, Ended, Measured, PartId, Runner, measure, order};
use tollgate::measure::scripted::Scripted;
use tollgate::measure::stop::Stop;
use tollgate::measure::suite::{Only, PartError};
use tollgate::model::judgement::Method;
use tollgate::model::{Arm, Canary, Doubt, Protocol, Verdict};

use super::{environment, judge, judged, name, policy, revision, wobbling};

/// One suite of the benchmarks `quick`, `slow` and `slowest`, each of which takes some milliseconds in each arm.
struct Bench<'a> {
    scripted: Scripted<'a>,
    clock: &'a Cell<Duration>,
    /// What ran: the arm, and the benchmarks that were asked for.
    ran: &'a RefCell<Vec<(Arm, String)>>,
    /// Whether benchmarks can be left out.
    selects: bool,
    /// The process that fails, or at which the user presses Ctrl-C, counted from 0.
    fails: &'a dyn Fn(usize, Arm) -> bool,
    stops: Option<usize>,
    stop: &'a Stop,
}

impl Runner for Bench<'_> {
    fn parts(&self) -> Vec<(PartId, BTreeSet<Arm>)> {
        self.scripted.parts()
    }

    fn selects(&self, _part: &PartId) -> bool {
        self.selects
    }

    fn run(&mut self, part: &PartId, arm: Arm, only: Only<'_>, processes: u32) -> Result<Parsed, PartError> {
        let at = self.ran.borrow().len();
        let asked = match only {
            Only::All => "all".to_owned(),
            Only::These(names) => names.iter().map(ToString::to_string).collect::<Vec<_>>().join("+"),
        };
        self.ran.borrow_mut().push((arm, asked));
        if self.stops == Some(at) {
            self.stop.set();
            return Err(ProcessError::Stopped.into());
        }
        let only = if self.selects { only } else { Only::All };
        let before = self.scripted.measured;
        let parsed = self.scripted.run(part, arm, only, processes)?;
        self.clock.set(self.clock.get() + Duration::from_millis(100) * (self.scripted.measured - before));
        if (self.fails)(at, arm) { Ok(Parsed::default()) } else { Ok(parsed) }
    }
}

/// What a run is made of.
#[derive(Clone, Copy)]
struct Setting<'a> {
    seed: u64,
    canary: bool,
    selects: bool,
    limit_s: u64,
    rounds_max: u32,
    noise: f64,
    fails: &'a dyn Fn(usize, Arm) -> bool,
    stops: Option<usize>,
    journal: Option<&'a Path>,
}

impl Default for Setting<'_> {
    fn default() -> Self {
        let fails = &|_, _| false;
        Self {
            seed: 7,
            canary: true,
            selects: true,
            limit_s: 600,
            rounds_max: 120,
            noise: 1.0,
            fails,
            stops: None,
            journal: None,
        }
    }
}

fn identity() -> Identity {
    let text = || "x".to_owned();
    Identity { schema: 1, tollgate: text(), base: text(), head: text(), seed: 7, plan: text() }
}

impl Setting<'_> {
    /// What was measured, and what ran for it.
    fn run(&self) -> (Measured, Vec<(Arm, String)>) {
        let (clock, ran, stop) = (Cell::new(Duration::ZERO), RefCell::new(Vec::new()), Stop::new());
        let benchmarks = ["slow", "quick", "slowest"].map(|text| (name(text), BTreeSet::from(Arm::BOTH)));
        let times = |benchmark: &str, arm: Arm, round: u32| {
            let time = wobbling(benchmark, arm, round) - 1e-3;
            Some((1e-3 + self.noise * time) * if benchmark == "quick" { 0.5 } else { 2.0 })
        };
        let scripted = Scripted::new(name("core"), benchmarks.into(), Box::new(times));
        let (selects, fails, stops) = (self.selects, self.fails, self.stops);
        let mut runner = Bench { scripted, clock: &clock, ran: &ran, selects, fails, stops, stop: &stop };
        let policy = policy("");
        let mut settings = policy.clone();
        settings.gate.rounds_max = self.rounds_max;
        let procedure =
            judge::procedure::Settings { false_alarm_rate: 0.01, rounds_max: self.rounds_max, patient: false };
        let conduct = Conduct {
            revisions: (Some(revision("base")), revision("head")),
            environment: environment(),
            seed: self.seed,
            rounds_max: self.rounds_max,
            checkpoints: judge::checkpoints(&procedure),
            time_limit: Duration::from_secs(self.limit_s),
            elapsed: &|| clock.get(),
            wanted: &|base, head, rounds| judge::undecided(base, head, &settings, rounds),
            splitting: None,
            stop: &stop,
            watch: &|_| {},
            canary: self.canary,
        };
        let mut journal = match self.journal {
            Some(path) if path.exists() => Journal::resume(path, &identity()).unwrap(),
            Some(path) => Journal::create(path, &identity()).unwrap(),
            None => Journal::in_memory(),
        };
        let measured = measure(&mut runner, &mut journal, &conduct).unwrap();
        (measured, ran.take())
    }

    /// The same without what ran.
    fn protocol(&self) -> Protocol {
        self.run().0.protocol
    }
}

/// The canary's values, rounded so that they can be compared, `one` beside `other`.
fn values(canary: &Canary) -> Vec<(u32, f64, f64)> {
    let other = canary.other.statistics();
    canary.one.statistics().into_iter().map(|(round, one)| (round, one, other[&round])).collect()
}

#[test]
fn it_runs_as_long_as_the_first_stage() {
    assert_eq!(Canary::ROUNDS, STAGE_ROUNDS);
}

#[test]
fn the_quickest_benchmark_of_base_runs_twice_more_in_each_of_ten_rounds_and_alone() {
    let (measured, ran) = Setting::default().run();
    assert_eq!((measured.ended, measured.rounds_run), (Ended::Complete, 10));
    assert_eq!(ran.iter().filter(|(arm, _)| *arm == Arm::Base).count(), 10 + 20);
    for (round, turns) in ran.chunks(4).enumerate() {
        assert_eq!(turns[2..], [(Arm::Base, "quick".to_owned()), (Arm::Base, "quick".to_owned())], "round {round}");
        assert_ne!(turns[0].0, turns[1].0);
    }
    let canary = measured.protocol.canary.expect("there is one");
    assert_eq!(canary.one.metric.id.to_string(), "core/quick:time");
    assert_eq!(values(&canary).len(), 10);
    assert!(values(&canary).iter().all(|(_, one, other)| (one - other).abs() > 0.0), "each is a process of its own");
}

#[test]
fn the_rounds_are_the_same_with_and_without_it() {
    let without = Setting { canary: false, ..Setting::default() };
    let (measured, ran) = without.run();
    assert_eq!((measured.protocol.canary, ran.len()), (None, 20));
    let order = |ran: &[(Arm, String)]| -> Vec<Arm> { ran.iter().map(|(arm, _)| *arm).collect() };
    let pairs: Vec<_> = Setting::default().run().1.chunks(4).flat_map(|turns| turns[..2].to_vec()).collect();
    assert_eq!(order(&pairs), order(&ran), "it throws none of the others' coins");
}

#[test]
fn its_order_depends_on_the_seed_alone_and_is_no_arms_order() {
    // The script gives each process of base its own value, so which came first can be read off the values.
    let first_is_one = |setting: Setting<'_>| -> Vec<bool> {
        let (measured, _) = setting.run();
        let canary = measured.protocol.canary.expect("there is one");
        let time = |at: u32| 0.5 * wobbling("quick", Arm::Base, at);
        let is = |value: f64, at: u32| (value - time(at)).abs() < 1e-15;
        let turns = values(&canary).into_iter().map(|(round, one, other)| {
            let (first, second) = (3 * round + 1, 3 * round + 2);
            assert!(is(one, first) && is(other, second) || is(one, second) && is(other, first), "round {round}");
            is(one, first)
        });
        turns.collect()
    };
    let seed = |seed: u64| Setting { seed, ..Setting::default() };
    let turns = first_is_one(seed(7));
    assert_eq!(turns, first_is_one(Setting { limit_s: 60, ..seed(7) }));
    assert_ne!(turns, first_is_one(seed(8)));
    assert!(turns.contains(&true) && turns.contains(&false));
    let arms: Vec<bool> = (0..10).map(|round| order(7, 0, round)[0] == Arm::Base).collect();
    let opposite: Vec<bool> = arms.iter().map(|first| !first).collect();
    assert!(turns != arms && turns != opposite);
    let fair: usize = (0..200).map(|number| first_is_one(seed(number)).into_iter().filter(|one| *one).count()).sum();
    assert!((870..1130).contains(&fair), "{fair} of 2000, five standard deviations about 1000");
}

#[test]
fn a_run_that_is_gone_on_with_has_the_same_canary_and_runs_none_twice() {
    let whole = Setting::default().run().0;
    let folder = tempfile::tempdir().unwrap();
    // In the middle of a pair, before the canary, between its two runs, and after the first stage's last pair.
    for at in [0, 1, 2, 3, 4, 9, 14, 15, 38, 39] {
        let path = folder.path().join(format!("{at}.jsonl"));
        let interrupted = Setting { stops: Some(at), journal: Some(&path), ..Setting::default() };
        let (cut, before) = interrupted.run();
        assert_eq!((cut.ended, before.len()), (Ended::Interrupted, at + 1));
        let (resumed, after) = Setting { journal: Some(&path), ..Setting::default() }.run();
        assert_eq!(resumed.ended, Ended::Complete);
        // What was cut short runs again from its pair on.
        assert_eq!(after.len(), 40 - at / 2 * 2, "stopped at {at}");
        assert_eq!(after, Setting::default().run().1[at / 2 * 2..], "stopped at {at}");
        let rounds = |measured: &Measured| {
            let canary = measured.protocol.canary.clone().expect("there is one");
            (canary.one.metric.id.to_string(), canary.one.rounds.len(), measured.protocol.first.clone())
        };
        assert_eq!(rounds(&resumed), rounds(&whole));
        assert_eq!(resumed.protocol.round_s, whole.protocol.round_s, "the times are kept too");
    }
}

#[test]
fn a_canary_that_fails_loses_its_round_and_is_no_second_trouble() {
    let fails = |at: usize, _| at == 6;
    let (measured, ran) = Setting { fails: &fails, ..Setting::default() }.run();
    let canary = measured.protocol.canary.expect("there is one");
    assert_eq!(values(&canary).iter().map(|(round, ..)| *round).collect::<Vec<_>>(), [0, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!((measured.troubles, measured.ended, measured.rounds_run), (Vec::new(), Ended::Complete, 10));
    assert_eq!(ran.len(), 39, "where the first run fails there is no second");
}

#[test]
fn a_canary_that_keeps_failing_is_given_up() {
    let fails = |at: usize, _| [2, 5, 8].contains(&at);
    let (measured, ran) = Setting { fails: &fails, ..Setting::default() }.run();
    assert_eq!((measured.protocol.canary, ran.len()), (None, 20 + 3));
}

#[test]
fn a_base_that_gives_nothing_in_the_first_round_has_no_canary() {
    let fails = |_, arm| arm == Arm::Base;
    let (measured, ran) = Setting { fails: &fails, ..Setting::default() }.run();
    assert_eq!(measured.protocol.canary, None);
    assert!(ran.iter().all(|(_, asked)| asked != "quick"));
}

#[test]
fn the_time_limit_leaves_it_out_and_costs_no_round() {
    // Each benchmark takes a tenth of a second in each arm; a round of pairs 0.6 s, the canary 0.2 s.
    let (measured, ran) = Setting { limit_s: 3, selects: false, canary: false, ..Setting::default() }.run();
    assert_eq!((measured.ended, measured.rounds_run, ran.len()), (Ended::TimeLimit, 5, 10));
    let (measured, _) = Setting { limit_s: 3, ..Setting::default() }.run();
    assert_eq!(measured.protocol.canary, None, "2 s of 3 s would be more than a quarter");
    let (measured, ran) = Setting { limit_s: 8, noise: 30.0, ..Setting::default() }.run();
    let canary = measured.protocol.canary.expect("2 s of 8 s are a quarter");
    assert_eq!((measured.ended, measured.rounds_run), (Ended::TimeLimit, 10));
    assert_eq!((canary.one.rounds.len(), ran.len()), (10, 40));
}

#[test]
fn where_benchmarks_cannot_be_left_out_it_costs_what_all_of_them_cost() {
    let whole = Setting { selects: false, limit_s: 24, ..Setting::default() };
    assert!(whole.protocol().canary.is_some(), "6 s of 24 s are a quarter");
    assert_eq!(Setting { limit_s: 23, ..whole }.protocol().canary, None);
}

#[test]
fn the_order_of_the_arms_is_kept_for_each_round_that_both_have() {
    let fails = |at: usize, _| at == 13;
    let protocol = Setting { fails: &fails, canary: false, ..Setting::default() }.protocol();
    assert_eq!(protocol.first.len(), 3);
    for rounds in protocol.first.values() {
        let kept: Vec<u32> = rounds.keys().copied().collect();
        assert_eq!(kept, [0, 1, 2, 3, 4, 5, 7, 8, 9], "round 6 has one arm only");
        assert!(rounds.iter().all(|(round, arm)| *arm == order(7, 0, *round)[0]));
    }
}

#[test]
fn one_more_round_costs_what_the_benchmark_took_in_both_arms() {
    let share = |setting: Setting<'_>| -> Vec<f64> {
        setting.protocol().round_s.values().map(|seconds| (seconds * 1e6).round() / 1e6).collect()
    };
    assert_eq!(share(Setting::default()), [0.2, 0.2, 0.2], "a tenth of a second in each arm, whoever else takes part");
    assert_eq!(share(Setting { selects: false, ..Setting::default() }), [0.6, 0.6, 0.6], "all of them run for one");
}

#[test]
fn what_is_too_noisy_says_how_long_it_would_take() {
    let mut told = 0;
    for (rounds_max, noise) in [12, 20, 40].into_iter().flat_map(|limit| (4..20).map(move |noise| (limit, noise))) {
        let (measured, _) = Setting { noise: f64::from(noise), rounds_max, ..Setting::default() }.run();
        let mut policy = policy("");
        policy.gate.rounds_max = rounds_max;
        for row in judged(&policy, &measured).rows {
            let Method::Paired { rounds_total, .. } = row.method else { unreachable!("both arms have it") };
            if let Verdict::Inconclusive(Doubt::TooNoisy { rounds_needed: Some(needed), more_s }) = row.verdict {
                // A fifth of a second for each round that is missing, in whole seconds.
                let missing = needed.saturating_sub(rounds_total).max(1);
                assert_eq!(more_s, Some(u64::from(missing.div_ceil(5))), "{noise} within {rounds_max}");
                told += 1;
            }
        }
    }
    assert!(told > 0);
}
