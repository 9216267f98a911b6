//! Runs whose every value is given, with a protocol that is made up: what the rounds of a scene cannot bring about.

use tollgate::measure::scripted::time;
use tollgate::model::{Canary, Metric, Protocol, Run, Sample, Series};

use super::*;

/// A run of some rounds with its protocol.
pub(super) struct Made {
    pub(super) base: Run,
    pub(super) head: Run,
    pub(super) protocol: Protocol,
    rounds: u32,
}

/// The time of a benchmark of suite `core`.
pub(super) fn metric(benchmark: &str) -> Metric {
    time(&name("core"), &name(benchmark))
}

/// One value a round.
pub(super) fn series(metric: &Metric, rounds: u32, value: impl Fn(u32) -> f64) -> Series {
    let sample = |round| Sample::new(vec![value(round)]).unwrap();
    Series { metric: metric.clone(), rounds: (0..rounds).map(|round| (round, sample(round))).collect() }
}

/// A number in (−0.5, 0.5) by benchmark, stream and round alone.
pub(super) fn noise(benchmark: &str, stream: u64, round: u32) -> f64 {
    let seed = benchmark.bytes().fold(stream, |seed, byte| seed.wrapping_mul(131) + u64::from(byte));
    let mut mixed = (seed << 20 ^ u64::from(round)).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
}

/// The arm that runs first.
pub(super) fn first(benchmark: &str, round: u32) -> Arm {
    if noise(benchmark, 77, round) < 0.0 { Arm::Base } else { Arm::Head }
}

impl Made {
    /// These benchmarks, each value as given by benchmark, arm and round.
    pub(super) fn new(benchmarks: &[&str], rounds: u32, value: impl Fn(&str, Arm, u32) -> f64) -> Self {
        let run = |arm: Arm| {
            let mut run = Run::new(revision(arm.as_str()), environment());
            for benchmark in benchmarks {
                let metric = metric(benchmark);
                let series = series(&metric, rounds, |round| value(benchmark, arm, round));
                run.series.insert(metric.id, series);
            }
            run
        };
        let order = |benchmark: &&str| {
            (metric(benchmark).id.benchmark, (0..rounds).map(|round| (round, first(benchmark, round))).collect())
        };
        let protocol = Protocol { first: benchmarks.iter().map(order).collect(), ..Protocol::default() };
        Self { base: run(Arm::Base), head: run(Arm::Head), protocol, rounds }
    }

    /// With base against itself on benchmark `a`.
    pub(super) fn canary(mut self, rounds: u32, value: impl Fn(u64, u32) -> f64) -> Self {
        let metric = metric("a");
        let side = |stream| series(&metric, rounds, |round| value(stream, round));
        self.protocol.canary = Some(Canary { one: side(0), other: side(1) });
        self
    }

    /// Changes how `benchmark` is described, on both sides.
    pub(super) fn described(mut self, benchmark: &str, change: impl Fn(&mut Metric)) -> Self {
        let id = metric(benchmark).id;
        for run in [&mut self.base, &mut self.head] {
            change(&mut run.series.get_mut(&id).unwrap().metric);
        }
        self
    }

    pub(super) fn judge(&self, policy: &Policy) -> Judgement {
        let evidence = Evidence { protocol: &self.protocol, ..Evidence::of(Some(&self.base), &self.head, self.rounds) };
        judge::judge(&evidence, policy, &circumstances(Against::Base))
    }
}
