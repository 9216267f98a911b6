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

use std::sync::OnceLock;

use crate::calibration::noise::Random;
use crate::calibration::{Head, TOLERANCE, Tally, full, one_percent_and_luck};
use comparisons::RULES;
use record::{Record, Statistic};
use requests::{Draw, Pool, Slow};

/// Nothing else ran; one of the two cores was kept busy; others' builds ran.
const CONDITIONS: [&str; 3] = ["idle", "busy1", "shared"];

fn record() -> &'static Record {
    static RECORD: OnceLock<Record> = OnceLock::new();
    RECORD.get_or_init(|| Record::read(&["quiet.jsonl.gz", "shared.jsonl.gz"]))
}

/// Judges pull requests from the recorded rounds: `few` of them, or `many` in the full form. Prints a row of the table.
fn replay(name: &str, pool: &Pool, (head, slow_by, draw): (Head, Slow, Draw), few: u32, many: u32) -> Tally {
    let mut random = Random::new(name.bytes().fold(11, |seed: u64, byte| seed.wrapping_mul(31) + u64::from(byte)));
    let mut tally = Tally::default();
    for _ in 0..if full() { many } else { few } {
        pool.request(head, slow_by, draw, &mut random, &mut tally);
    }
    if tally.requests > 0 {
        tally.print(name, head);
    }
    tally
}

/// Judges pull requests under one condition, the program's own statistic, rounds drawn from all.
fn requests(condition: &str, what: &str, pool: &Pool, head: Head, slow_by: Slow, few: u32) -> Tally {
    replay(&format!("{condition}, {what}"), pool, (head, slow_by, Draw::Any), few, 2000)
}

#[test]
fn identical_programs_raise_no_alarm_on_recorded_rounds() {
    for condition in CONDITIONS {
        let pool = Pool::new(record(), condition, Statistic::Min, 1);
        let tally = requests(condition, "unchanged", &pool, Head::Same, Slow::Multiplied, 12);
        assert!(tally.percent(tally.alarms) <= if full() { 1.0 } else { 0.0 }, "{condition}: {tally:?}");
        for (what, draw) in [("in the order of time", Draw::InOrder), ("one pair of files", Draw::OneCopy)] {
            let of = (Head::Same, Slow::Multiplied, draw);
            let tally = replay(&format!("{condition}, unchanged, {what}"), &pool, of, 3, 2000);
            assert!(tally.percent(tally.alarms) <= if full() { 1.0 } else { 0.0 }, "{condition}, {what}: {tally:?}");
        }
    }
}

#[test]
fn everything_at_its_tolerance_on_recorded_rounds_keeps_the_level() {
    for condition in CONDITIONS {
        let pool = Pool::new(record(), condition, Statistic::Min, 1);
        let of = (Head::All(TOLERANCE), Slow::Multiplied, Draw::Rethrown);
        let tally = replay(&format!("{condition}, all +2 %, coins thrown again"), &pool, of, 2, 2000);
        assert!(tally.percent(tally.alarms) <= one_percent_and_luck(tally.requests), "{condition}: {tally:?}");
    }
}

#[test]
fn a_slow_benchmark_is_found_on_recorded_rounds() {
    for condition in CONDITIONS {
        let pool = Pool::new(record(), condition, Statistic::Min, 1);
        for (what, ratio, slow_by, few) in [
            ("one +2 %", 0.02, Slow::Multiplied, 0),
            ("one +5 %", 0.05, Slow::Multiplied, 25),
            ("one +5 %, measured", 0.05, Slow::Measured, 15),
            ("one +10 %", 0.10, Slow::Multiplied, 10),
            ("one +10 %, measured", 0.10, Slow::Measured, 10),
            ("one +20 %", 0.20, Slow::Multiplied, 0),
        ] {
            let tally = requests(condition, what, &pool, Head::One(ratio), slow_by, few);
            println!("{tally:?}");
        }
    }
}

#[test]
fn other_statistics_of_a_process_are_no_better() {
    if !full() {
        return;
    }
    let statistics = [
        ("min of 100 × 0.2 ms", Statistic::Min, 1),
        ("p10 of 100 × 0.2 ms", Statistic::P10, 1),
        ("median of 100 × 0.2 ms", Statistic::Median, 1),
        ("min of 20 × 1 ms", Statistic::Min, 5),
        ("min of 10 × 2 ms", Statistic::Min, 10),
        ("median of 10 × 2 ms", Statistic::Median, 10),
        ("mean", Statistic::Mean, 1),
    ];
    for condition in CONDITIONS {
        for (what, statistic, block) in statistics {
            let pool = Pool::new(record(), condition, statistic, block);
            let name = format!("{condition}, {what}: spread {:.2} %", 100.0 * effects::spread(&pool));
            replay(&name, &pool, (Head::One(0.05), Slow::Multiplied, Draw::Any), 0, 500);
        }
    }
}

/// False alarms of one rule: by benchmark and by recorded run of all workloads, and what it finds.
fn count(rule: &comparisons::Rule, condition: &str) -> [f64; 5] {
    let runs = (rule.runs)(record(), condition);
    let runs: Vec<_> = if full() { runs } else { runs.into_iter().take(6).collect() };
    let mut random = Random::new(5);
    let mut called = |slowdown: f64| -> Vec<Vec<bool>> {
        let of_run = |run: &comparisons::Run, random: &mut Random| {
            run.iter().map(|comparison| comparison.called(rule, slowdown, random)).collect()
        };
        runs.iter().map(|run| of_run(run, &mut random)).collect()
    };
    let share = |called: &[Vec<bool>]| {
        let all: Vec<bool> = called.concat();
        all.iter().filter(|called| **called).count() as f64 / all.len() as f64
    };
    let same = called(0.0);
    let any = same.iter().filter(|run| run.contains(&true)).count() as f64 / same.len() as f64;
    let hundred = 1.0 - (1.0 - share(&same)).powi(100);
    [share(&same), any, hundred, share(&called(0.05)), share(&called(0.10))].map(|share| 100.0 * share)
}

#[test]
fn the_rules_of_other_tools_on_the_same_noise() {
    for condition in CONDITIONS {
        for rule in &RULES {
            let [benchmark, run, hundred, five, ten] = count(rule, condition);
            println!(
                "| {condition} | {} | {benchmark:.1} % | {run:.0} % | {hundred:.0} % | {five:.0} % | {ten:.0} % |",
                rule.name
            );
        }
    }
}
