//! The promises of the paired procedure, counted on simulated pull requests of 100 benchmarks: false alarms, power, wrong "unchanged", cost.
//!
//! The reduced form runs with the other tests. The full one prints the tables of `METHODOLOGY.md`:
//! `TOLLGATE_CALIBRATION=full cargo test --release --test it calibration -- --nocapture`.
#![expect(clippy::print_stdout, reason = "prints the table that METHODOLOGY.md shows")]

mod histories;
pub(crate) mod noise;
mod shares;
mod soundness;

use noise::{
    Benchmark, CI, CI_BIMODAL, CORRELATED, HEAVY, Mix, NOISY, Observed, Order, QUIET, RANDOM_KEYS, Random, SLOWING,
    TWO_MACHINES,
};
use tollgate::judge::procedure::{
    Assessed, Decision, Member, Phase, STAGE_ROUNDS, Settings, assess, checkpoints, too_noisy,
};
use tollgate::judge::{dominates, of_arms};
use tollgate::model::{Shares, TestFamily};
use tollgate::stats::rates::proportion_upper;

pub(crate) const BENCHMARKS: usize = 100;
pub(crate) const TOLERANCE: f64 = 0.02;
const MUST_DETECT: f64 = 0.05;
/// The defaults of the gate, where rounds in pairs have the whole rate.
pub(crate) const SETTINGS: Settings = Settings { false_alarm_rate: 0.01, rounds_max: 120, patient: false };

/// What starting a process costs, as a share of what one measures, where a suite can shorten its processes; the most of them in a round.
const SETUP_SHARE: f64 = 0.02;
const PROCESSES_MAX: u32 = 8;

/// What head does to its benchmarks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Head {
    /// Nothing.
    Same,
    /// All are slower by this fraction.
    All(f64),
    /// One is slower by this fraction.
    One(f64),
}

/// What came of many pull requests.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) requests: u32,
    /// Requests with a benchmark called regressed that is not beyond its tolerance.
    pub(crate) alarms: u32,
    /// Requests whose one slow benchmark was called regressed, or unchanged.
    pub(crate) found: u32,
    pub(crate) missed: u32,
    pub(crate) inconclusive: u64,
    pub(crate) benchmarks: u64,
    /// In the time of an ordinary round: one of several short processes takes a little longer.
    pub(crate) rounds: f64,
}

/// Simulates one pull request of the mix.
fn pull_request(settings: &Settings, mix: Mix, order: Order, head: Head, random: &mut Random, tally: &mut Tally) {
    let slow = random.below(BENCHMARKS);
    let mut benchmarks: Vec<Benchmark> = (0..BENCHMARKS).map(|_| Benchmark::new(mix.draw(random), random)).collect();
    let splits = order == Order::Split;
    measure(settings, (head, slow), splits, tally, |running| {
        let head_first = random.bits() & 1 == 1;
        let round = |(index, processes): &(usize, u32)| {
            let slowdown = head.slowdown(*index, slow);
            benchmarks[*index].round((slowdown, head_first), order, (running.len(), *processes), random)
        };
        running.iter().map(round).collect()
    });
}

/// One pull request, measured as the loop of rounds measures: every benchmark that is undecided at a checkpoint goes on to the next. `round`
/// gives one round of the benchmarks that still take part, each of so many processes; of more than one only where a suite `splits` its rounds.
pub(crate) fn measure(
    settings: &Settings,
    (head, slow): (Head, usize),
    splits: bool,
    tally: &mut Tally,
    mut round: impl FnMut(&[(usize, u32)]) -> Vec<Observed>,
) {
    let (tolerance, must_detect) = (TOLERANCE.ln_1p(), MUST_DETECT.ln_1p());
    let mut members = vec![Member { differences: Vec::new(), tolerance, must_detect, counts: None }; BENCHMARKS];
    let mut pieces = vec![[Vec::new(), Vec::new()]; BENCHMARKS];
    let mut running: Vec<(usize, u32)> = (0..BENCHMARKS).map(|index| (index, 1)).collect();
    let mut rounds_run = 0;
    for end in checkpoints(settings) {
        for number in rounds_run..end {
            for ((index, processes), observed) in running.iter().zip(round(&running)) {
                members[*index].differences.push((number, observed.difference));
                for (arm, of_arm) in pieces[*index].iter_mut().zip(observed.pieces) {
                    arm.push(of_arm.to_vec());
                }
                tally.rounds += (1.0 + f64::from(*processes) * SETUP_SHARE) / (1.0 + SETUP_SHARE);
            }
        }
        rounds_run = end;
        let assessed = assess(&members, rounds_run, Phase::Measuring, settings);
        running.retain(|(index, _)| assessed[*index].decision == Decision::Undecided);
        if running.is_empty() {
            break;
        }
        if splits && rounds_run == STAGE_ROUNDS {
            let noisy = too_noisy(&members, settings);
            for (index, processes) in running.iter_mut().filter(|(index, _)| noisy[*index]) {
                let apart = of_arms(&pieces[*index][0], &pieces[*index][1]).filter(dominates);
                *processes = apart.map_or(1, |apart| apart.best_split(SETUP_SHARE, PROCESSES_MAX));
            }
        }
    }
    let assessed = assess(&members, rounds_run, Phase::Ended, settings);
    count(&assessed, head, slow, tally);
}

fn count(assessed: &[Assessed], head: Head, slow: usize, tally: &mut Tally) {
    let is_slow = |index: usize| matches!(head, Head::One(ratio) if index == slow && ratio > TOLERANCE);
    let called = |index: usize, decision| assessed[index].decision == decision;
    tally.requests += 1;
    tally.alarms += u32::from((0..BENCHMARKS).any(|i| called(i, Decision::Regressed) && !is_slow(i)));
    tally.found += u32::from(called(slow, Decision::Regressed));
    tally.missed += u32::from(called(slow, Decision::Unchanged));
    let unsure = assessed.iter().filter(|a| matches!(a.decision, Decision::Inconclusive { .. })).count();
    tally.inconclusive += unsure as u64;
    tally.benchmarks += BENCHMARKS as u64;
}

impl Head {
    /// How much slower this benchmark is, as a logarithm.
    pub(crate) fn slowdown(self, index: usize, slow: usize) -> f64 {
        match self {
            Self::All(ratio) => ratio.ln_1p(),
            Self::One(ratio) if index == slow => ratio.ln_1p(),
            Self::Same | Self::One(_) => 0.0,
        }
    }
}

impl Tally {
    pub(crate) fn percent(self, count: u32) -> f64 {
        100.0 * f64::from(count) / f64::from(self.requests)
    }

    /// Upper 95 % bound of the false alarms, in percent.
    pub(crate) fn alarms_upper(self) -> f64 {
        100.0 * proportion_upper(self.alarms, self.requests, 0.05).expect("there are requests")
    }

    pub(crate) fn rounds_mean(self) -> f64 {
        self.rounds / self.benchmarks as f64
    }

    pub(crate) fn inconclusive_percent(self) -> f64 {
        100.0 * self.inconclusive as f64 / self.benchmarks as f64
    }

    /// A row of the table.
    pub(crate) fn print(self, name: &str, head: Head) {
        let (found, missed) = match head {
            Head::One(_) => {
                (format!("{:.1} %", self.percent(self.found)), format!("{:.1} %", self.percent(self.missed)))
            }
            Head::Same | Head::All(_) => ("–".to_owned(), "–".to_owned()),
        };
        println!(
            "| {name} | {} | {} ({:.2} %, at most {:.2} %) | {found} | {missed} | {:.1} % | {:.1} |",
            self.requests,
            self.alarms,
            self.percent(self.alarms),
            self.alarms_upper(),
            self.inconclusive_percent(),
            self.rounds_mean(),
        );
    }
}

/// Whether the full form was asked for.
pub(crate) fn full() -> bool {
    std::env::var_os("TOLLGATE_CALIBRATION").is_some_and(|value| value == "full")
}

/// Simulates pull requests: `few` of them, or `many` in the full form. Prints a row of the table.
fn simulate(name: &str, mix: Mix, order: Order, head: Head, few: u32, many: u32) -> Tally {
    simulate_with(&SETTINGS, name, mix, order, head, few, many)
}

/// The same under other settings.
fn simulate_with(settings: &Settings, name: &str, mix: Mix, order: Order, head: Head, few: u32, many: u32) -> Tally {
    let requests = if full() { many } else { few };
    if requests == 0 {
        return Tally { requests: 1, benchmarks: 1, ..Tally::default() };
    }
    let mut random = Random::new(name.bytes().fold(7, |seed: u64, byte| seed.wrapping_mul(31) + u64::from(byte)));
    let mut tally = Tally::default();
    for _ in 0..requests {
        pull_request(settings, mix, order, head, &mut random, &mut tally);
    }
    tally.print(name, head);
    tally
}

/// Three standard errors above one percent, in percent: what a count may reach by luck where the true rate is one percent.
pub(crate) fn one_percent_and_luck(requests: u32) -> f64 {
    1.0 + 300.0 * (0.01 * 0.99 / f64::from(requests)).sqrt()
}

#[test]
fn unchanged_code_raises_no_alarm_at_little_cost() {
    let tally = simulate("fleet, unchanged", Mix::Fleet, Order::InTurn, Head::Same, 20, 3000);
    assert_eq!(tally.alarms, 0);
    assert!(tally.rounds_mean() <= if full() { 12.0 } else { 12.5 }, "{tally:?}");
    let together = simulate("fleet together, unchanged", Mix::Fleet, Order::Together, Head::Same, 5, 2000);
    assert_eq!(together.alarms, 0);
}

#[test]
fn everything_exactly_at_its_tolerance_raises_an_alarm_in_one_request_of_a_hundred_at_most() {
    for (name, order) in [("fleet, all +2 %", Order::InTurn), ("fleet together, all +2 %", Order::Together)] {
        let tally = simulate(name, Mix::Fleet, order, Head::All(TOLERANCE), 10, 3000);
        assert!(tally.percent(tally.alarms) <= one_percent_and_luck(tally.requests), "{tally:?}");
    }
}

#[test]
fn one_slow_benchmark_is_found_and_not_called_unchanged() {
    let one = |name, ratio, few| simulate(name, Mix::Fleet, Order::InTurn, Head::One(ratio), few, 5000);
    let five = one("fleet, one +5 %", 0.05, 40);
    let (found, missed) = if full() { (95.0, 1.0 + 300.0 * (0.01_f64 / 5000.0).sqrt()) } else { (87.0, 4.0) };
    assert!(five.percent(five.found) >= found && five.percent(five.missed) <= missed, "{five:?}");
    let ten = one("fleet, one +10 %", 0.10, 15);
    assert!(ten.percent(ten.found) >= if full() { 99.0 } else { 96.0 }, "{ten:?}");
    let two = one("fleet, one +2 %", 0.02, 5);
    assert!(two.percent(two.alarms) <= one_percent_and_luck(two.requests), "{two:?}");
    if full() {
        one("fleet, one +20 %", 0.20, 0);
        for (others, families) in [(1, &TestFamily::ALL[..2]), (2, &TestFamily::ALL[..3]), (3, &TestFamily::ALL[..])] {
            let false_alarm_rate = Shares::new(0.01, families.iter().copied()).of(TestFamily::Pairs);
            let settings = Settings { false_alarm_rate, ..SETTINGS };
            let name = format!("fleet, one +5 %, pairs beside {others} other");
            let beside = simulate_with(&settings, &name, Mix::Fleet, Order::InTurn, Head::One(0.05), 0, 5000);
            assert!(beside.percent(beside.found) >= 95.0, "{beside:?}");
        }
        simulate("fleet together, one +5 %", Mix::Fleet, Order::Together, Head::One(0.05), 0, 2000);
        simulate("fleet together, one +10 %", Mix::Fleet, Order::Together, Head::One(0.10), 0, 2000);
    }
}

#[test]
fn no_kind_of_noise_breaks_the_promise() {
    let kinds = [
        ("quiet", QUIET),
        ("ci", CI),
        ("ci-bimodal", CI_BIMODAL),
        ("noisy", NOISY),
        ("heavy tails", HEAVY),
        ("machine slowing down", SLOWING),
        ("correlated samples", CORRELATED),
        ("two machine types", TWO_MACHINES),
    ];
    for (name, noise) in kinds {
        for (what, head, few, many) in [
            ("unchanged", Head::Same, 1, 1000),
            ("all +2 %", Head::All(TOLERANCE), 1, 1000),
            ("one +5 %", Head::One(0.05), 0, 1000),
            ("one +10 %", Head::One(0.10), 0, 500),
        ] {
            let tally = simulate(&format!("{name}, {what}"), Mix::All(noise), Order::InTurn, head, few, many);
            let luck = if full() { one_percent_and_luck(tally.requests) } else { 0.0 };
            assert!(tally.percent(tally.alarms) <= luck, "{name}, {what}: {tally:?}");
        }
    }
}

#[test]
fn short_processes_tell_programs_whose_processes_differ() {
    // Where processes cannot be shortened next to nothing is told; where they can, nearly everything.
    let keys = Mix::All(RANDOM_KEYS);
    let one = |name, order, few| simulate(name, keys, order, Head::One(0.05), few, 500);
    let whole = one("random keys, one +5 %", Order::InTurn, 3);
    let short = one("random keys, short processes, one +5 %", Order::Split, 3);
    assert!(short.inconclusive_percent() < 0.5 * whole.inconclusive_percent(), "{whole:?} {short:?}");
    assert!(short.rounds_mean() < whole.rounds_mean(), "{whole:?} {short:?}");
    for (what, mix, few, many) in [("random keys", keys, 1, 1000), ("fleet", Mix::Fleet, 3, 3000)] {
        for (how, head) in [("unchanged", Head::Same), ("all +2 %", Head::All(TOLERANCE))] {
            let tally = simulate(&format!("{what}, short processes, {how}"), mix, Order::Split, head, few, many);
            let luck = if full() { one_percent_and_luck(tally.requests) } else { 0.0 };
            assert!(tally.percent(tally.alarms) <= luck, "{what}, {how}: {tally:?}");
        }
    }
    if full() {
        for (name, ratio) in [("one +5 %", 0.05), ("one +10 %", 0.10)] {
            simulate(&format!("fleet, short processes, {name}"), Mix::Fleet, Order::Split, Head::One(ratio), 0, 5000);
        }
    }
}
