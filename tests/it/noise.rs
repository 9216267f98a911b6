//! The promises of the paired procedure, counted on recorded rounds of real programs, beside the rules of other tools on the same machine at
//! equal measuring time. Nothing is measured here: `tests/fixtures/noise/ORIGIN.md` says where the rounds are from.
//!
//! The full form prints the tables of `docs/evidence.md`:
//! `TOLLGATE_CALIBRATION=full cargo test --release --test it noise:: -- --nocapture`.

mod comparisons;
mod effects;
mod peers;
mod record;
mod references;
mod requests;
mod short;

use std::sync::OnceLock;

use tollgate::stats::summary::median;

use crate::calibration::noise::Random;
use crate::calibration::{Head, TOLERANCE, Tally, full, one_percent_and_luck};
use comparisons::{RULES, Rule};
use record::{Record, Statistic};
use requests::{Draw, Pool, Request, Slow};

/// Nothing else ran; one of the two cores was kept busy; others' builds ran.
const CONDITIONS: [&str; 3] = ["idle", "busy1", "shared"];

fn record() -> &'static Record {
    static RECORD: OnceLock<Record> = OnceLock::new();
    RECORD.get_or_init(Record::read)
}

/// Judges pull requests from the recorded rounds: `few` of them, or `many` in the full form. Prints a row of the table.
fn replay(name: &str, pool: &Pool, request: Request, (few, many): (u32, u32)) -> Tally {
    let mut random = Random::new(name.bytes().fold(11, |seed: u64, byte| seed.wrapping_mul(31) + u64::from(byte)));
    let mut tally = Tally::default();
    for _ in 0..if full() { many } else { few } {
        pool.request(request, &mut random, &mut tally);
    }
    if tally.requests > 0 {
        tally.print(name, request.head);
    }
    tally
}

/// The recorded rounds of a condition as the program sees them: the smallest sample of each process.
fn pool(condition: &str) -> Pool {
    Pool::new(record(), condition, Statistic::Min, 1)
}

/// Few alarms: none in the reduced form; in the full one no more than luck makes of one in a hundred requests.
fn assert_quiet(tally: Tally, what: &str) {
    let most = if full() { one_percent_and_luck(tally.requests) } else { 0.0 };
    assert!(tally.percent(tally.alarms) <= most, "{what}: {tally:?}");
}

#[test]
fn identical_programs_raise_no_alarm_on_recorded_rounds() {
    for condition in CONDITIONS {
        for (what, draw, few) in [
            ("", Draw::Any, 8),
            (", in the order of time", Draw::InOrder, 3),
            (", coins thrown again", Draw::Rethrown, 3),
        ] {
            let name = format!("{condition}, unchanged{what}");
            let request = Request { draw, ..Request::new(Head::Same) };
            assert_quiet(replay(&name, &pool(condition), request, (few, 1000)), &name);
        }
    }
}

#[test]
fn everything_at_its_tolerance_on_recorded_rounds_keeps_the_level() {
    for condition in CONDITIONS {
        let request = Request { draw: Draw::Rethrown, ..Request::new(Head::All(TOLERANCE)) };
        let tally = replay(&format!("{condition}, all +2 %"), &pool(condition), request, (2, 1000));
        assert!(tally.percent(tally.alarms) <= one_percent_and_luck(tally.requests), "{condition}: {tally:?}");
    }
}

#[test]
fn a_slow_benchmark_is_found_on_recorded_rounds() {
    // Measured on the recordings (`docs/evidence.md`), less a margin: the least found, in per cent, in full and in reduced form.
    let multiplied = [(0.02, 0, 0.0, 0.0), (0.05, 15, 92.0, 80.0), (0.10, 6, 96.0, 80.0), (0.20, 0, 98.0, 0.0)];
    let measured = [(0.05, 10, 89.0, 60.0), (0.10, 6, 96.0, 80.0)];
    for condition in CONDITIONS {
        let pool = pool(condition);
        for (slow, word, rows) in [(Slow::Multiplied, "", &multiplied[..]), (Slow::Measured, "really ", &measured)] {
            for &(ratio, few, found_full, found) in rows {
                let name = format!("{condition}, one {word}+{:.0} %", 100.0 * ratio);
                let tally = replay(&name, &pool, Request { slow, ..Request::new(Head::One(ratio)) }, (few, 1000));
                let least = if full() { found_full } else { found };
                assert!(tally.requests == 0 || tally.percent(tally.found) >= least, "{name}: {tally:?}");
                let missed = if full() { 3.0 } else { 20.0 };
                assert!(
                    ratio < 0.05 || tally.requests == 0 || tally.percent(tally.missed) <= missed,
                    "{name}: {tally:?}"
                );
            }
        }
    }
}

#[test]
fn which_workloads_are_found() {
    for condition in CONDITIONS.iter().filter(|_| full()) {
        let pool = pool(condition);
        for (index, (name, spread)) in record().names.iter().zip(effects::spreads(&pool)).enumerate() {
            let name = format!("{condition}, {name} (spread {:.2} %), +5 %", 100.0 * spread);
            replay(&name, &pool, Request { workload: Some(index), ..Request::new(Head::One(0.05)) }, (0, 150));
        }
    }
}

#[test]
fn which_statistic_of_a_process_is_best() {
    let statistics = [
        ("min of 100 × 0.2 ms", Statistic::Min, 1),
        ("p10 of 100 × 0.2 ms", Statistic::P10, 1),
        ("median of 100 × 0.2 ms", Statistic::Median, 1),
        ("min of 20 × 1 ms", Statistic::Min, 5),
        ("min of 10 × 2 ms", Statistic::Min, 10),
        ("median of 10 × 2 ms", Statistic::Median, 10),
        ("mean", Statistic::Mean, 1),
    ];
    for condition in CONDITIONS.iter().filter(|_| full()) {
        for (what, statistic, block) in statistics {
            let pool = Pool::new(record(), condition, statistic, block);
            let spread = median(&effects::spreads(&pool)).expect("there are workloads");
            let name = format!("{condition}, {what} (spread {:.2} %), one +5 %", 100.0 * spread);
            replay(&name, &pool, Request::new(Head::One(0.05)), (0, 250));
        }
    }
}

/// What one rule does under one condition, in per cent.
struct Counted {
    /// Identical programs called slower: of all benchmarks, and of the recorded runs of all workloads those with one or more.
    alarms: f64,
    runs: f64,
    /// Called slower where they are, by 5 % and by 10 %.
    five: f64,
    ten: f64,
}

fn count(rule: &Rule, condition: &str) -> Counted {
    let runs = (rule.runs)(record(), condition);
    let every = if full() { 1 } else { runs.len().div_ceil(4) };
    let mut random = Random::new(5);
    let mut called = |slowdown: f64| -> Vec<Vec<bool>> {
        let runs = runs.iter().step_by(every);
        runs.map(|run| run.iter().map(|one| one.called(rule, slowdown, &mut random)).collect()).collect()
    };
    let percent = |called: &[bool]| 100.0 * called.iter().filter(|is| **is).count() as f64 / called.len() as f64;
    let same = called(0.0);
    let any: Vec<bool> = same.iter().map(|run| run.contains(&true)).collect();
    let found = [called(0.05), called(0.10)].map(|called| percent(&called.concat()));
    Counted { alarms: percent(&same.concat()), runs: percent(&any), five: found[0], ten: found[1] }
}

#[test]
fn the_rules_of_other_tools_on_the_same_noise() {
    println!("| rule | false alarms, of benchmarks | of runs of 12 | found +5 % | found +10 % |");
    let mut alarms = std::collections::BTreeMap::new();
    for rule in &RULES {
        let counted = CONDITIONS.map(|condition| count(rule, condition));
        let cell = |of: fn(&Counted) -> f64, digits: usize| {
            counted.iter().map(|counted| format!("{:.digits$}", of(counted))).collect::<Vec<_>>().join(" / ")
        };
        println!(
            "| {} | {} | {} | {} | {} |",
            rule.name,
            cell(|c| c.alarms, 1),
            cell(|c| c.runs, 0),
            cell(|c| c.five, 0),
            cell(|c| c.ten, 0)
        );
        alarms.insert(rule.name, counted.map(|counted| counted.alarms));
    }
    // Samples of one process an arm are no witnesses of each other, whatever the test; processes in turn are.
    for one_process in ["criterion, one process after the other", "benchstat, 10 values of one process"] {
        assert!(alarms[one_process].iter().all(|alarms| *alarms > 3.0), "{alarms:?}");
    }
    let in_turn = alarms["benchstat, 10 processes each in turn"];
    assert!(in_turn.iter().all(|alarms| *alarms < 5.0), "{alarms:?}");
}
