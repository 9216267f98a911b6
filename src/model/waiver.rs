//! Reviewed exceptions.

use jiff::civil::Date;

use super::unit::Unit;

/// How far a waived metric may go.
#[derive(Clone, Debug, PartialEq)]
pub enum Ceiling {
    /// A change relative to base for the worse, as a fraction of at least 0.
    Change {
        /// The fraction: `0.1` allows 10 % worse.
        ratio: f64,
    },
    /// An absolute value.
    Value {
        /// The value in `unit`.
        value: f64,
        /// The base unit that it was written in.
        unit: Unit,
    },
}

/// A reviewed exception for one metric: a regression or a missed budget does not block up to the ceiling, until the day has passed.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiver {
    /// The metric, as [`super::MetricId`] is shown: `suite/benchmark:metric`.
    pub id: String,
    /// How far it may go.
    pub ceiling: Ceiling,
    /// The last day on which it counts.
    pub until: Date,
    /// Why. Shown in the report.
    pub reason: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The line of the waiver file on which it starts, counted from 1, so that a message can name the line to delete.
    pub line: usize,
}

impl Ceiling {
    /// Whether it can be held against a metric of `unit`. A plain number fits units that Tollgate does not know, which nobody can write.
    pub fn fits(&self, unit: &Unit) -> bool {
        match (self, unit) {
            (Self::Change { .. }, _) | (Self::Value { unit: Unit::Count, .. }, Unit::Other(_)) => true,
            (Self::Value { unit: own, .. }, unit) => own == unit,
        }
    }
}
