//! How much a metric changed, and how surely.

/// How a change is written: as a ratio, or as a difference where the base is 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// head / base − 1: `0.05` is 5 % more. Sign as measured, whichever direction is better.
    Relative(f64),
    /// head − base in the metric's base unit, where base is 0 and no ratio exists.
    Absolute(f64),
}

impl Change {
    /// The number, whichever it is.
    pub fn value(self) -> f64 {
        match self {
            Self::Relative(value) | Self::Absolute(value) => value,
        }
    }
}

/// How surely the effect is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Precision {
    /// Counted: equal programs give equal values, so there is no interval.
    Exact,
    /// Estimated: a two-sided confidence interval, each end in the unit of the estimate. Ends may be infinite where there are too few rounds.
    Interval {
        /// Lower end.
        lower: f64,
        /// Upper end.
        upper: f64,
        /// Confidence in (0, 1), `0.99` by default. For this row alone: the verdict itself used the stricter level that all rows together need.
        confidence: f64,
    },
}

/// The change of a metric with its precision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// The estimate: Hodges–Lehmann over rounds where there are several.
    pub change: Change,
    /// How surely.
    pub precision: Precision,
}
