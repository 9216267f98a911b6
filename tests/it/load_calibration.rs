//! The promises of the gate on load tests, counted on simulated pull requests that go through the whole judge: latencies of requests that wait for
//! each other, failed requests that share their fate, memory that warms up and is collected.
//!
//! The reduced form runs with the other tests. The full one prints the table of `METHODOLOGY.md`:
//! `TOLLGATE_CALIBRATION=full cargo test --release --test it load_calibration -- --nocapture`.
#![expect(clippy::print_stdout, reason = "prints the table that METHODOLOGY.md shows")]

mod streams;

use std::sync::Arc;

use streams::{Queue, failures, memory};
use tollgate::config::{Config, Policy};
use tollgate::judge;
use tollgate::judge::procedure::Settings;
use tollgate::model::sample::Summary;
use tollgate::model::{Arm, Direction, Kind, Metric, Name, Run, Sample, TestFamily, Unit, Verdict};
use tollgate::stats::rates::proportion_upper;

use crate::calibration::noise::Random;
use crate::load::{judged, metric, run};

/// What one arm of one benchmark gives in one round.
type Readings = Vec<(Metric, Sample)>;

/// What came of many pull requests.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    requests: u32,
    /// Pull requests with anything called regressed.
    red: u32,
    /// Metrics called regressed, unchanged, and neither, and all of them.
    regressed: u32,
    unchanged: u32,
    unsure: u32,
    metrics: u32,
    rounds: u64,
    benchmarks: u32,
}

/// One pull request: every benchmark that is undecided at a checkpoint goes on to the next, a fair coin says which arm runs first.
fn pull_request(
    benchmarks: u32,
    policy: &Policy,
    random: &mut Random,
    tally: &mut Tally,
    round_of: &mut dyn FnMut(u32, Arm, &mut Random) -> Readings,
) {
    let (mut base, mut head) = (run("base"), run("head"));
    let settings = Settings { false_alarm_rate: 0.01, rounds_max: policy.gate.rounds_max, patient: false };
    let mut running: Vec<u32> = (0..benchmarks).collect();
    let mut rounds_run = 0;
    for end in judge::checkpoints(&settings) {
        for round in rounds_run..end {
            for &benchmark in &running {
                let first = if random.bits() & 1 == 1 { Arm::Head } else { Arm::Base };
                for arm in [first, if first == Arm::Base { Arm::Head } else { Arm::Base }] {
                    let into: &mut Run = if arm == Arm::Base { &mut base } else { &mut head };
                    for (metric, sample) in round_of(benchmark, arm, random) {
                        into.insert(metric, round, sample);
                    }
                }
            }
            tally.rounds += running.len() as u64;
        }
        rounds_run = end;
        let wanted = judge::undecided(Some(&base), &head, policy, rounds_run);
        running.retain(|benchmark| wanted.contains(&metric(*benchmark, "x", Unit::Seconds).id.benchmark));
        if running.is_empty() {
            break;
        }
    }
    let judgement = judged(Some(&base), &head, rounds_run, policy);
    tally.requests += 1;
    tally.benchmarks += benchmarks;
    let count = |wanted: fn(&Verdict) -> bool| {
        u32::try_from(judgement.rows.iter().filter(|row| wanted(&row.verdict)).count()).expect("few rows")
    };
    let regressed = count(|verdict| *verdict == Verdict::Regressed);
    tally.red += u32::from(regressed > 0);
    tally.regressed += regressed;
    tally.unchanged += count(|verdict| *verdict == Verdict::Unchanged);
    tally.unsure += count(|verdict| matches!(verdict, Verdict::Inconclusive(_)));
    tally.metrics += count(|_| true);
}

impl Tally {
    fn percent(count: u32, of: u32) -> f64 {
        100.0 * f64::from(count) / f64::from(of)
    }

    fn red(self) -> f64 {
        Self::percent(self.red, self.requests)
    }

    fn regressed(self) -> f64 {
        Self::percent(self.regressed, self.metrics)
    }
}

/// Whether the full form was asked for.
fn full() -> bool {
    std::env::var_os("TOLLGATE_CALIBRATION").is_some_and(|value| value == "full")
}

/// Simulates pull requests, and prints a row of the table.
fn simulate(
    name: &str,
    (few, many): (u32, u32),
    benchmarks: u32,
    mut make: impl FnMut(&mut Random) -> Box<dyn FnMut(u32, Arm, &mut Random) -> Readings>,
) -> Tally {
    let mut policy = Config::parse("", "tollgate.toml").expect("the defaults").policy;
    policy.gate.shares = policy.gate.shares.among([TestFamily::Pairs]);
    let mut random = Random::new(name.bytes().fold(11, |seed: u64, byte| seed.wrapping_mul(31) + u64::from(byte)));
    let mut tally = Tally::default();
    for _ in 0..if full() { many } else { few } {
        let mut round_of = make(&mut random);
        pull_request(benchmarks, &policy, &mut random, &mut tally, &mut *round_of);
    }
    if tally.requests == 0 {
        return Tally { requests: 1, metrics: 1, benchmarks: 1, ..tally };
    }
    println!(
        "| {name} | {} | {} ({:.1} %, at most {:.1} %) | {:.1} % | {:.1} % | {:.1} % | {:.1} |",
        tally.requests,
        tally.red,
        tally.red(),
        100.0 * proportion_upper(tally.red, tally.requests, 0.05).expect("there are requests"),
        tally.regressed(),
        Tally::percent(tally.unchanged, tally.metrics),
        Tally::percent(tally.unsure, tally.metrics),
        tally.rounds as f64 / f64::from(tally.benchmarks),
    );
    tally
}

/// Whether as many red pull requests may be luck where one in a hundred is right: three standard errors above it, or a single one of a few.
fn is_luck(tally: Tally) -> bool {
    let allowed = 1.0 + 300.0 * (0.01 * 0.99 / f64::from(tally.requests)).sqrt();
    tally.red <= 1 || tally.red() <= allowed
}

/// The latencies of one endpoint: `slower` in head.
fn latencies(name: &str, sizes: (u32, u32), slower: f64) -> [Tally; 3] {
    let requests = if full() { 10_000 } else { 1_000 };
    [Summary::P50, Summary::P95, Summary::P99].map(|summary| {
        simulate(&format!("{} {name}", summary.as_str()), sizes, 1, |random| {
            let mut queue = Queue::new(random);
            Box::new(move |benchmark, arm, random| {
                let slower = if arm == Arm::Head { slower } else { 0.0 };
                let histogram = Arc::new(queue.round(requests, slower, random));
                let sample = Sample::quantile(histogram, summary).expect("there are requests");
                vec![(metric(benchmark, summary.as_str(), Unit::Seconds), sample)]
            })
        })
    })
}

#[test]
fn requests_that_wait_for_each_other_raise_no_alarm_and_a_slower_service_is_found() {
    let same = latencies("of a queue, unchanged", (10, 300), 0.0);
    assert!(same.into_iter().all(is_luck), "{same:?}");
    let five = latencies("of a queue, service +5 %", (0, 150), 0.05);
    let ten = latencies("of a queue, service +10 %", (3, 150), 0.10);
    if full() {
        assert!(five[0].regressed() >= 60.0 && ten[0].regressed() >= 97.0, "{five:?} {ten:?}");
    }
}

/// Failed requests of `benchmarks` endpoints, `rates` of them in base and in head.
fn failed(name: &str, sizes: (u32, u32), benchmarks: u32, rates: (f64, f64), shared: f64) -> Tally {
    simulate(name, sizes, benchmarks, |_| {
        Box::new(move |benchmark, arm, random| {
            let rate = if arm == Arm::Head { rates.1 } else { rates.0 };
            let errors = metric(benchmark, "errors", Unit::Ratio);
            let errors = Metric { kind: Kind::Ratio, direction: Direction::LowerIsBetter, ..errors };
            vec![(errors, failures(1000, rate, shared, random).into())]
        })
    })
}

#[test]
fn failed_requests_raise_no_alarm_whether_they_come_one_by_one_or_in_bursts() {
    for rate in [0.0, 1e-4, 1e-3, 1e-2, 5e-2] {
        for shared in [0.0, 0.002, 0.01] {
            let name = format!("20 endpoints with {} % errors, correlation {shared}", 100.0 * rate);
            let tally = failed(&name, (3, 1000), 20, (rate, rate), shared);
            assert!(is_luck(tally), "{name}: {tally:?}");
        }
    }
}

#[test]
fn an_error_rate_exactly_at_what_is_allowed_is_red_in_one_of_a_hundred_at_most() {
    for (rate, allowed) in [(0.0, 0.001), (1e-3, 0.001), (1e-2, 0.001)] {
        for shared in [0.0, 0.002, 0.01] {
            let name =
                format!("20 endpoints, {} % errors and 0.1 points more in head, correlation {shared}", 100.0 * rate);
            let tally = failed(&name, (3, 1000), 20, (rate, rate + allowed), shared);
            assert!(is_luck(tally), "{name}: {tally:?}");
        }
    }
}

#[test]
fn more_failed_requests_are_found_fast() {
    for (rates, shared, few) in [
        ((0.0, 0.01), 0.0, 10),
        ((0.0, 0.005), 0.0, 10),
        ((0.001, 0.005), 0.0, 10),
        ((0.01, 0.02), 0.0, 10),
        ((0.0, 0.01), 0.002, 0),
        ((0.0, 0.01), 0.01, 0),
        ((0.01, 0.02), 0.002, 0),
    ] {
        let name = format!("errors {} → {} %, correlation {shared}", 100.0 * rates.0, 100.0 * rates.1);
        let tally = failed(&name, (few, 300), 1, rates, shared);
        assert!(tally.metrics < 2 || shared > 0.0 || tally.regressed() >= 97.0, "{name}: {tally:?}");
    }
}

/// The memory of `benchmarks` servers over time, growing by this share of its level in head.
fn growing(name: &str, sizes: (u32, u32), benchmarks: u32, growth: f64) -> Tally {
    simulate(name, sizes, benchmarks, |_| {
        Box::new(move |benchmark, arm, random| {
            let growth = if arm == Arm::Head { growth } else { 0.0 };
            let metric = Metric { kind: Kind::Slope, ..metric(benchmark, "memory-growth", Unit::BytesPerSecond) };
            vec![(metric, memory(growth, random).into())]
        })
    })
}

#[test]
fn memory_that_warms_up_and_is_collected_is_no_leak_and_one_that_grows_is_found() {
    let same = growing("memory of 10 servers, unchanged", (3, 600), 10, 0.0);
    assert!(is_luck(same), "{same:?}");
    let border = growing("memory of 10 servers, all grow by 2 %", (0, 600), 10, 0.02);
    assert!(is_luck(border), "{border:?}");
    let five = growing("memory grows by 5 %", (5, 300), 1, 0.05);
    let ten = growing("memory grows by 10 %", (3, 300), 1, 0.10);
    assert!(five.regressed() >= if full() { 90.0 } else { 60.0 } && ten.regressed() >= 99.0, "{five:?} {ten:?}");
}

#[test]
fn names_of_simulated_metrics_are_their_own() {
    assert_ne!(metric(1, "p50", Unit::Seconds).id, metric(2, "p50", Unit::Seconds).id);
    assert_eq!(metric(3, "p50", Unit::Seconds).id.metric, Name::new("p50").expect("a name"));
}
