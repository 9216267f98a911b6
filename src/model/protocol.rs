//! How the rounds of a run went, beside what they measured: the order of the arms, the cost of a round, the canary, what was not run.

use std::collections::BTreeMap;

use super::machine::MachineTime;
use super::name::{BenchmarkId, Name};
use super::run::{Arm, Series};

/// How the rounds went. Empty where nothing is known, as for results that others measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Protocol {
    /// The arm that ran first, by benchmark and round.
    pub first: BTreeMap<BenchmarkId, BTreeMap<u32, Arm>>,
    /// The seconds that one more round of a benchmark takes, both arms together and without the other benchmarks.
    pub round_s: BTreeMap<BenchmarkId, f64>,
    /// Base against itself, where it was measured.
    pub canary: Option<Canary>,
    /// The suites that were not run, or not but for budgets, because base's and head's programs are the same bytes.
    pub identical: Vec<Identical>,
    /// What the machine did beside, by suite, round and arm, where its system says so.
    pub machine: BTreeMap<Name, BTreeMap<u32, BTreeMap<Arm, MachineTime>>>,
}

/// Base's program run twice in each round, in an order drawn by a coin: whatever differs between the two is not the change.
#[derive(Clone, Debug, PartialEq)]
pub struct Canary {
    /// The rounds of the one.
    pub one: Series,
    /// The rounds of the other.
    pub other: Series,
}

impl Canary {
    /// The rounds in which it runs: those of the first stage, in which everything takes part.
    pub const ROUNDS: u32 = 10;
}

/// A suite whose programs are the same bytes in base and head.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identical {
    /// The suite.
    pub suite: Name,
    /// Its benchmarks, as far as they are known without running it, but those that a budget has measured; sorted.
    pub benchmarks: Vec<Name>,
}
