//! Pull requests of 100 benchmarks, put together from recorded rounds and judged by the procedure of the program.

use super::record::{Record, Round, Statistic};
use crate::calibration::noise::Random;
use crate::calibration::{BENCHMARKS, Head, SETTINGS, Tally, measure};

/// What the recorded rounds of one condition say: logarithms of b / a, by workload.
pub(super) struct Pool {
    /// Identical programs, in the order of time, with the copies that ran.
    same: Vec<Vec<(u32, f64)>>,
    /// b does 5 % more; 10 % more.
    slower: [Vec<Vec<(u32, f64)>>; 2],
}

/// How the rounds of a benchmark are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Draw {
    /// Any round, with replacement.
    Any,
    /// As recorded one after the other, from a start that is drawn.
    InOrder,
    /// Any round, with a coin of its own for which program plays head: nothing that differs between the programs is left.
    Rethrown,
}

/// Where the slowdown of the slow benchmark comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Slow {
    /// Head's times are multiplied.
    Multiplied,
    /// The rounds in which head really did 5 % or 10 % more.
    Measured,
}

/// What a pull request does, and how it is put together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Request {
    pub(super) head: Head,
    pub(super) slow: Slow,
    pub(super) draw: Draw,
    /// The workload of the slow benchmark; any, where it is not given.
    pub(super) workload: Option<usize>,
}

impl Request {
    /// Rounds drawn from all, slowdowns multiplied.
    pub(super) fn new(head: Head) -> Self {
        Self { head, slow: Slow::Multiplied, draw: Draw::Any, workload: None }
    }
}

/// The recorded rounds that one benchmark draws from.
struct Source<'a> {
    rounds: &'a [(u32, f64)],
    /// The next round, where they are taken in order.
    next: Option<usize>,
    /// 1 where b plays head, −1 where a does; a coin for each round where it is not given.
    sign: Option<f64>,
    slowdown: f64,
}

impl Pool {
    pub(super) fn new(record: &Record, condition: &str, statistic: Statistic, block: usize) -> Self {
        let differences = |slower_pct| -> Vec<Vec<(u32, f64)>> {
            let rounds = record.rounds(condition, slower_pct);
            let workloads = 0..record.names.len();
            workloads.map(|w| rounds.iter().map(|r| (r.a.copy, difference(r, w, statistic, block))).collect()).collect()
        };
        Self { same: differences(0), slower: [differences(5), differences(10)] }
    }

    /// The differences of identical programs, by workload.
    pub(super) fn same(&self) -> &[Vec<(u32, f64)>] {
        &self.same
    }

    /// One pull request.
    pub(super) fn request(&self, request: Request, random: &mut Random, tally: &mut Tally) {
        let Request { head, slow: slow_by, draw, workload } = request;
        let slow = random.below(BENCHMARKS);
        let mut sources: Vec<Source<'_>> = (0..BENCHMARKS)
            .map(|index| {
                let given = if index == slow { workload } else { None };
                let workload = given.unwrap_or_else(|| random.below(self.same.len()));
                match (head, slow_by) {
                    (Head::One(ratio), Slow::Measured) if index == slow => self.measured(ratio, workload),
                    _ => self.source(head.slowdown(index, slow), workload, draw, random),
                }
            })
            .collect();
        measure(&SETTINGS, head, slow, tally, |running| {
            running.iter().map(|index| sources[*index].next(random)).collect()
        });
    }

    fn source(&self, slowdown: f64, workload: usize, draw: Draw, random: &mut Random) -> Source<'_> {
        let sign = random.sign();
        let rounds = &self.same[workload];
        let next = (draw == Draw::InOrder).then(|| random.below(rounds.len()));
        Source { rounds, next, sign: (draw != Draw::Rethrown).then_some(sign), slowdown }
    }

    fn measured(&self, ratio: f64, workload: usize) -> Source<'_> {
        let slower = &self.slower[usize::from(ratio > 0.07)];
        Source { rounds: &slower[workload], next: None, sign: Some(1.0), slowdown: 0.0 }
    }
}

impl Source<'_> {
    fn next(&mut self, random: &mut Random) -> f64 {
        let at = match &mut self.next {
            Some(next) => {
                *next = (*next + 1) % self.rounds.len();
                *next
            }
            None => random.below(self.rounds.len()),
        };
        self.sign.unwrap_or_else(|| random.sign()) * self.rounds[at].1 + self.slowdown
    }
}

/// The logarithm of b / a in one round.
pub(super) fn difference(round: &Round<'_>, workload: usize, statistic: Statistic, block: usize) -> f64 {
    let value = |samples: &[Vec<f64>]| statistic.of(&samples[workload], block).ln();
    value(&round.b.samples) - value(&round.a.samples)
}
