//! Records how real programs scatter on this machine, for `tests/it/noise.rs` to judge: byte-identical programs in pairs of fresh processes,
//! and programs that really do more work. Refuses to judge anything.
//!
//! `cargo bench --bench noise -- campaign OUT.jsonl` (see `docs/evidence.md`). Without a command it does nothing, so that `cargo bench` is quick.
#![expect(clippy::disallowed_methods, reason = "measures processes")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "one process answers the other on its output")]

mod campaign;
mod workloads;

use std::io::Read;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use campaign::{Campaign, Plan};
use workloads::{ALL, Work};

const USAGE: &str = "noise: campaign|short OUT.jsonl [LAPS [SEED [CONDITION…]]]";

/// What one process of the campaign is asked to do.
#[derive(Clone, Copy)]
struct Sampling {
    /// Timed samples of each workload; one more before them is thrown away.
    samples: usize,
    /// How many times the calibrated work a sample is.
    factor: u64,
    /// More work than that, in per cent.
    slower_pct: u64,
    /// Two states of each workload in one process, sample by sample in turn.
    twins: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["work", samples, factor, slower, twins, units] => work(samples, factor, slower, twins, units),
        ["calibrate"] => {
            println!("{}", calibrate().iter().map(u64::to_string).collect::<Vec<_>>().join(","));
            Some(())
        }
        ["busy", seconds] => seconds.parse().ok().map(|seconds| busy(Duration::from_secs(seconds))),
        [plan @ ("campaign" | "short"), out, options @ ..] => {
            let plan = if *plan == "short" { Plan::Short } else { Plan::Whole };
            match Campaign::parse(plan, out, options).map(|campaign| campaign.run()) {
                Some(Ok(())) => Some(()),
                Some(Err(error)) => {
                    eprintln!("error: campaign ended: {error}");
                    return ExitCode::FAILURE;
                }
                None => None,
            }
        }
        _ => None,
    };
    if done.is_none() {
        eprintln!("{USAGE}");
    }
    ExitCode::SUCCESS
}

/// Runs all workloads and prints their samples: a JSON list for each state, in units of 10 ns, the smallest first and then the others'
/// distances from it, which compress well.
fn work(samples: &str, factor: &str, slower: &str, twins: &str, units: &str) -> Option<()> {
    let sampling = Sampling {
        samples: samples.parse().ok()?,
        factor: factor.parse().ok()?,
        slower_pct: slower.parse().ok()?,
        twins: twins == "twins",
    };
    let units: Vec<u64> = units.split(',').map(|count| count.parse().ok()).collect::<Option<_>>()?;
    let states = if sampling.twins { 2 } else { 1 };
    let mut lines = vec![Vec::new(); states];
    for ((_, prepare), units) in ALL.iter().zip(units) {
        let mut works: Vec<Work> = (0..states).map(|_| prepare()).collect();
        let units = units * sampling.factor * (100 + sampling.slower_pct) / 100;
        for (line, ticks) in lines.iter_mut().zip(sample(&mut works, sampling.samples, units)) {
            line.push(written(&ticks));
        }
    }
    for line in lines {
        println!("[{}]", line.join(","));
    }
    Some(())
}

/// The timed samples of each state, in units of 10 ns. Who goes first changes from sample to sample.
fn sample(works: &mut [Work], samples: usize, units: u64) -> Vec<Vec<u128>> {
    let mut ticks = vec![Vec::new(); works.len()];
    for index in 0..=samples {
        for turn in 0..works.len() {
            let state = (turn + index) % works.len();
            let start = Instant::now();
            works[state](units);
            let elapsed = start.elapsed();
            if index > 0 {
                ticks[state].push(elapsed.as_nanos() / 10);
            }
        }
    }
    ticks
}

fn written(ticks: &[u128]) -> String {
    let least = ticks.iter().min().copied().unwrap_or_default();
    let rest = ticks.iter().map(|tick| (tick - least).to_string());
    format!("[{}]", std::iter::once(least.to_string()).chain(rest).collect::<Vec<_>>().join(","))
}

/// How many units of each workload take about 0.2 ms here: multiples of 20, so that 5 % more is a whole number.
fn calibrate() -> Vec<u64> {
    let one = |prepare: fn() -> Work| {
        let mut work = prepare();
        work(1000);
        let best = (0..20).map(|_| {
            let start = Instant::now();
            work(100);
            start.elapsed().as_nanos().max(1)
        });
        let best = best.min().unwrap_or(1);
        u64::try_from(200_000 * 100 / best / 20).unwrap_or(0).max(1) * 20
    };
    ALL.iter().map(|(_, prepare)| one(*prepare)).collect()
}

/// Keeps a core busy until time is up or the one that started it is gone, which closes our input.
fn busy(limit: Duration) {
    let start = Instant::now();
    let waiting = std::thread::spawn(|| std::io::stdin().read(&mut [0]));
    let (_, prepare) = ALL[1];
    let mut sort = prepare();
    while start.elapsed() < limit && !waiting.is_finished() {
        sort(1000);
    }
}
