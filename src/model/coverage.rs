//! Expected against measured benchmarks.

use super::name::{BenchmarkId, Name};

/// What is wrong with one benchmark's, or one whole suite's, coverage.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// Head has it, base has not.
    New,
    /// Base or the baseline has it, head has not.
    Missing,
    /// Missing in head, and so much like a new one that it was probably renamed. A guess: both rows stay.
    Renamed {
        /// What it is probably called now.
        to: Name,
    },
    /// Something looked like a result and was not understood.
    Unparsed {
        /// What, shortened.
        text: String,
    },
    /// Its process failed.
    Crashed {
        /// Which arm, `base` or `head`.
        arm: super::Arm,
        /// The command and how it ended.
        message: String,
        /// The last lines of its output.
        tail: String,
    },
    /// Its process did not end in time.
    TimedOut {
        /// Which arm.
        arm: super::Arm,
        /// The limit in seconds.
        limit_s: u64,
    },
    /// The build of one arm failed.
    BuildFailed {
        /// Which arm.
        arm: super::Arm,
        /// The command and how it ended.
        message: String,
        /// The last lines of its output.
        tail: String,
    },
}

/// One coverage problem.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CoverageProblem {
    /// The suite.
    pub suite: Name,
    /// The benchmark, where one can be named.
    pub benchmark: Option<BenchmarkId>,
    /// What is wrong.
    pub trouble: Trouble,
}

/// Expected against measured benchmarks of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Benchmarks that base or the stored baseline has.
    pub expected: usize,
    /// Benchmarks that head has.
    pub measured: usize,
    /// Benchmarks that both have, so that something was compared.
    pub compared: usize,
    /// Expected benchmarks that were not run, because their program is the same in base and head. A suite whose benchmarks are unknown
    /// counts as one.
    pub proved: usize,
    /// Measured benchmarks of what runs already, of which a budget could be decided: they are judged by it where there is nothing to compare with.
    pub limited: usize,
    /// What differs, sorted.
    pub problems: Vec<CoverageProblem>,
}
