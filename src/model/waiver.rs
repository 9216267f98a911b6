//! Reviewed exceptions.

use jiff::civil::Date;

/// How far a waived metric may go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ceiling {
    /// A change relative to base for the worse, as a fraction of at least 0.
    Change {
        /// The fraction: `0.1` allows 10 % worse.
        ratio: f64,
    },
    /// An absolute value in the metric's base unit.
    Value {
        /// The value.
        value: f64,
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
