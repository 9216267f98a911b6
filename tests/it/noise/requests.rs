//! Pull requests of 100 benchmarks, put together from recorded rounds and judged by the procedure of the program.

use tollgate::judge::PIECES;
use tollgate::model::{Sample, sample};

use super::record::{Process, Record, Round, Statistic};
use crate::calibration::noise::{Observed, Random};
use crate::calibration::{BENCHMARKS, Head, SETTINGS, Tally, measure};

/// What the recorded rounds of one condition say, by workload, with the copies that ran.
pub(super) struct Pool {
    /// Identical programs, in the order of time.
    same: Workloads,
    /// b does 5 % more; 10 % more.
    slower: [Workloads; 2],
    /// Whether rounds may be split into short processes.
    splits: bool,
}

/// The recorded rounds of each workload.
struct Workloads {
    whole: Vec<Vec<(u32, Observed)>>,
    /// Rounds of several short processes: the logarithms of what those of a give, and those of b.
    short: Vec<Vec<[Vec<f64>; 2]>>,
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
    whole: &'a [(u32, Observed)],
    short: &'a [[Vec<f64>; 2]],
    /// The next round, where they are taken in order.
    next: Option<usize>,
    /// 1 where b plays head, −1 where a does; a coin for each round where it is not given.
    sign: Option<f64>,
    slowdown: f64,
}

impl Pool {
    pub(super) fn new(record: &Record, condition: &str, statistic: Statistic, block: usize) -> Self {
        let workloads = |slower_pct| {
            let rounds = record.rounds(condition, slower_pct);
            let whole = |w| rounds.iter().map(|r| (r.a.copy, observed(r, w, statistic, block))).collect();
            let split = record.short(condition, slower_pct);
            let numbers = |processes: &Vec<&Process>, w: usize| -> Vec<f64> {
                processes.iter().map(|process| statistic.of(&process.samples[w], block).ln()).collect()
            };
            let short = |w| split.iter().map(|[a, b]| [numbers(a, w), numbers(b, w)]).collect();
            let all = 0..record.names.len();
            Workloads { whole: all.clone().map(whole).collect(), short: all.map(short).collect() }
        };
        Self { same: workloads(0), slower: [workloads(5), workloads(10)], splits: false }
    }

    /// The same with rounds that may be split; `None` where no short processes were recorded.
    pub(super) fn split(self) -> Option<Self> {
        let recorded = self.same.short.iter().all(|rounds| !rounds.is_empty());
        recorded.then_some(Self { splits: true, ..self })
    }

    /// The differences of identical programs, by workload.
    pub(super) fn same(&self) -> Vec<Vec<(u32, f64)>> {
        let differences =
            |rounds: &Vec<(u32, Observed)>| rounds.iter().map(|(copy, o)| (*copy, o.difference)).collect();
        self.same.whole.iter().map(differences).collect()
    }

    /// One pull request.
    pub(super) fn request(&self, request: Request, random: &mut Random, tally: &mut Tally) {
        let Request { head, slow: slow_by, draw, workload } = request;
        let slow = random.below(BENCHMARKS);
        let mut sources: Vec<Source<'_>> = (0..BENCHMARKS)
            .map(|index| {
                let given = if index == slow { workload } else { None };
                let workload = given.unwrap_or_else(|| random.below(self.same.whole.len()));
                match (head, slow_by) {
                    (Head::One(ratio), Slow::Measured) if index == slow => self.measured(ratio, workload),
                    _ => self.source(head.slowdown(index, slow), workload, draw, random),
                }
            })
            .collect();
        measure(&SETTINGS, (head, slow), self.splits, tally, |running| {
            running.iter().map(|(index, processes)| sources[*index].next(*processes, random)).collect()
        });
    }

    fn source(&self, slowdown: f64, workload: usize, draw: Draw, random: &mut Random) -> Source<'_> {
        let sign = random.sign();
        let (whole, short) = (&self.same.whole[workload], &self.same.short[workload]);
        let next = (draw == Draw::InOrder).then(|| random.below(whole.len()));
        Source { whole, short, next, sign: (draw != Draw::Rethrown).then_some(sign), slowdown }
    }

    fn measured(&self, ratio: f64, workload: usize) -> Source<'_> {
        let slower = &self.slower[usize::from(ratio > 0.07)];
        Source {
            whole: &slower.whole[workload],
            short: &slower.short[workload],
            next: None,
            sign: Some(1.0),
            slowdown: 0.0,
        }
    }
}

impl Source<'_> {
    fn next(&mut self, processes: u32, random: &mut Random) -> Observed {
        let count = if processes > 1 { self.short.len() } else { self.whole.len() };
        let at = match &mut self.next {
            Some(next) => {
                *next += 1;
                *next % count
            }
            None => random.below(count),
        };
        let sign = self.sign.unwrap_or_else(|| random.sign());
        let observed = if processes > 1 { short(&self.short[at], processes) } else { self.whole[at].1 };
        let [a, b] = observed.pieces;
        let pieces = if sign > 0.0 { [a, b] } else { [b, a] };
        Observed { difference: sign * observed.difference + self.slowdown, pieces }
    }
}

/// The first so many short processes of each program as one round.
fn short(recorded: &[Vec<f64>; 2], processes: u32) -> Observed {
    let number = |numbers: &Vec<f64>| {
        let values = numbers.iter().take(processes as usize).map(|number| vec![number.exp()]).collect();
        Sample::processes(values).expect("recorded processes").statistic(sample::Statistic::Min).ln()
    };
    Observed { difference: number(&recorded[1]) - number(&recorded[0]), ..Observed::default() }
}

/// What one round of a workload gives.
fn observed(round: &Round<'_>, workload: usize, statistic: Statistic, block: usize) -> Observed {
    let pieces = |samples: &[Vec<f64>]| {
        let length = samples[workload].len() / PIECES;
        std::array::from_fn(|piece| statistic.of(&samples[workload][piece * length..][..length], block).ln())
    };
    let pieces = [pieces(&round.a.samples), pieces(&round.b.samples)];
    Observed { difference: difference(round, workload, statistic, block), pieces }
}

/// The logarithm of b / a in one round.
pub(super) fn difference(round: &Round<'_>, workload: usize, statistic: Statistic, block: usize) -> f64 {
    let value = |samples: &[Vec<f64>]| statistic.of(&samples[workload], block).ln();
    value(&round.b.samples) - value(&round.a.samples)
}
