//! What each rule of the peers gets to see, from the recorded processes, at equal measuring time: 0.2 s of each benchmark and arm.

use super::peers::{Criterion, asv, benchstat, ratio, tango, welch};
use super::record::{Process, Record, Round, Statistic, blocks};
use crate::calibration::noise::Random;

/// Base's and head's values of one workload.
pub(super) struct Comparison {
    base: Vec<f64>,
    head: Vec<f64>,
}

/// The comparisons of one run: all workloads of the same processes.
pub(super) type Run = Vec<Comparison>;

/// A rule, with what it sees.
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) runs: fn(&Record, &str) -> Vec<Run>,
    pub(super) slower: fn(&[f64], &[f64], &mut Random) -> bool,
}

/// The rules, each as its tool is used by default, and some as they are used with care.
pub(super) const RULES: [Rule; 12] = [
    Rule { name: "criterion, one process after the other", runs: in_a_row, slower: by_criterion },
    Rule { name: "criterion, against a process half a minute earlier", runs: earlier, slower: by_criterion },
    Rule { name: "benchstat, 10 values of one process", runs: tens, slower: |base, head, _| benchstat(base, head) },
    Rule { name: "benchstat, 10 processes of base, then 10 of head", runs: blocked, slower: |b, h, _| benchstat(b, h) },
    Rule { name: "benchstat, 10 processes each in turn", runs: interleaved, slower: |b, h, _| benchstat(b, h) },
    Rule { name: "github-action-benchmark, 110 %", runs: in_a_row, slower: |b, h, _| ratio(b, h, 1.1) },
    Rule {
        name: "github-action-benchmark, 110 %, half a minute earlier",
        runs: earlier,
        slower: |b, h, _| ratio(b, h, 1.1),
    },
    Rule { name: "github-action-benchmark, 200 % (its default)", runs: earlier, slower: |b, h, _| ratio(b, h, 2.0) },
    Rule { name: "asv, 2 processes each", runs: two_processes, slower: |b, h, _| asv(b, h) },
    Rule { name: "tango, samples in turn", runs: twins, slower: |b, h, _| tango(b, h) },
    Rule { name: "Welch's t, 100 samples of one process", runs: in_a_row, slower: |b, h, _| welch(b, h) },
    Rule { name: "Welch's t, 10 processes each in turn", runs: interleaved, slower: |b, h, _| welch(b, h) },
];

impl Comparison {
    /// Whether the rule calls head slower where its times are multiplied by this much more.
    pub(super) fn called(&self, rule: &Rule, slowdown: f64, random: &mut Random) -> bool {
        let head: Vec<f64> = self.head.iter().map(|value| value * (1.0 + slowdown)).collect();
        (rule.slower)(&self.base, &head, random)
    }
}

fn by_criterion(base: &[f64], head: &[f64], random: &mut Random) -> bool {
    Criterion::new(base, head, random).regressed()
}

/// A run for each pair of sides: each side has the values of all workloads. Both ways round, as nothing differs between them.
fn both_ways(pairs: impl Iterator<Item = (Vec<Vec<f64>>, Vec<Vec<f64>>)>) -> Vec<Run> {
    let run = |base: &[Vec<f64>], head: &[Vec<f64>]| {
        let both = base.iter().zip(head);
        both.map(|(base, head)| Comparison { base: base.clone(), head: head.clone() }).collect()
    };
    pairs.flat_map(|(one, other)| [run(&one, &other), run(&other, &one)]).collect()
}

/// Two long processes, one right after the other.
fn in_a_row(record: &Record, condition: &str) -> Vec<Run> {
    let long = record.long(condition);
    both_ways(long.windows(2).filter(|two| two[1].1).map(|two| (two[0].0.samples.clone(), two[1].0.samples.clone())))
}

/// The first of each group of long processes against that of the group before.
fn earlier(record: &Record, condition: &str) -> Vec<Run> {
    let first: Vec<&Process> = record.long(condition).iter().filter(|long| !long.1).map(|long| long.0).collect();
    both_ways(first.windows(2).map(|two| (two[0].samples.clone(), two[1].samples.clone())))
}

/// Ten means of ten samples in each of two long processes in a row.
fn tens(record: &Record, condition: &str) -> Vec<Run> {
    let ten = |run: Run| run.into_iter().map(|c| Comparison { base: blocks(&c.base, 10), head: blocks(&c.head, 10) });
    in_a_row(record, condition).into_iter().map(|run| ten(run).collect()).collect()
}

/// Ten values of ten samples' time from each of two long processes, against the next two.
fn two_processes(record: &Record, condition: &str) -> Vec<Run> {
    let long = record.long(condition);
    let half = |one: &Process, other: &Process| -> Vec<Vec<f64>> {
        let first = |samples: &[f64]| blocks(&samples[..samples.len() / 2], 5);
        one.samples.iter().zip(&other.samples).map(|(one, other)| [first(one), first(other)].concat()).collect()
    };
    let whole = long.windows(4).filter(|four| four[1..].iter().all(|long| long.1));
    both_ways(whole.map(|four| (half(four[0].0, four[1].0), half(four[2].0, four[3].0))))
}

/// The means of each workload in these processes.
fn means<'a>(processes: impl Iterator<Item = &'a Process>, workloads: usize) -> Vec<Vec<f64>> {
    let mut values = vec![Vec::new(); workloads];
    for process in processes {
        for (values, samples) in values.iter_mut().zip(&process.samples) {
            values.push(Statistic::Mean.of(samples, 1));
        }
    }
    values
}

/// The processes of ten rounds, arm by arm.
fn interleaved(record: &Record, condition: &str) -> Vec<Run> {
    let (rounds, workloads) = (record.rounds(condition, 0), record.names.len());
    let side = |ten: &[Round<'_>], b: bool| {
        let arm: Vec<&Process> = ten.iter().map(|round| if b { round.b } else { round.a }).collect();
        means(arm.into_iter(), workloads)
    };
    both_ways(rounds.windows(10).step_by(4).map(|ten| (side(ten, false), side(ten, true))))
}

/// The ten processes of five rounds, against those of the next five.
fn blocked(record: &Record, condition: &str) -> Vec<Run> {
    let (rounds, workloads) = (record.rounds(condition, 0), record.names.len());
    let side = |five: &[Round<'_>]| means(five.iter().flat_map(|round| [round.a, round.b]), workloads);
    both_ways(rounds.windows(10).step_by(4).map(|ten| (side(&ten[..5]), side(&ten[5..]))))
}

/// Two states in one process.
fn twins(record: &Record, condition: &str) -> Vec<Run> {
    both_ways(record.twins(condition).iter().map(|two| (two.a.samples.clone(), two.b.samples.clone())))
}
