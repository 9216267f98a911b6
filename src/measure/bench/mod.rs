//! One file a benchmark format: each is a parser from bytes to readings with private wire types. None opens a file, none panics.

pub mod command;
pub mod criterion;
pub mod criterion_folder;
pub mod json;
pub mod load;
pub(in crate::measure) mod metric;

use crate::model::{Exhibit, Metric, Sample};

/// The most benchmarks that one part of a suite may give; more is refused as hostile or mistaken.
pub const BENCHMARKS_MAX: usize = 100_000;

/// One metric's sample from one process.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// What was measured.
    pub metric: Metric,
    /// Its values in the metric's base unit.
    pub sample: Sample,
}

/// What a parser made of a result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// What was understood, sorted by metric id, ids distinct.
    pub readings: Vec<Reading>,
    /// What looked like a result and was not understood, each shortened to one line that names the place. Shown as coverage trouble.
    pub unparsed: Vec<String>,
    /// What the result cannot say although it was understood, a sentence each. Shown as notices.
    pub notes: Vec<String>,
    /// What was seen beside the numbers, at most [`EXHIBITS_MAX`](crate::model::exhibit::EXHIBITS_MAX).
    pub exhibits: Vec<Exhibit>,
}
