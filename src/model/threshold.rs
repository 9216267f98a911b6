//! The two thresholds of a metric, and the floor below which nobody cares.

/// What change of a metric is allowed, and what change must not slip through. All for the worse direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// The relative change that is allowed (δ): *regressed* means surely more than this. A fraction of at least 0.
    pub tolerance_ratio: f64,
    /// The relative change that must not slip through (B): *unchanged* means surely less than this. At least `tolerance_ratio`.
    pub must_detect_ratio: f64,
    /// The absolute change below which nobody cares, in the metric's base unit; 0 where every change counts.
    pub floor: f64,
}

impl Thresholds {
    /// Both relative thresholds with the floor taken in, for a metric whose base value is `base`: a change has to be beyond the tolerance
    /// *and* beyond the floor. The distance between the two stays, so that there is something to tell apart. `base` of 0 leaves them.
    pub fn with_floor_at(&self, base: f64) -> (f64, f64) {
        let floor_ratio = if base > 0.0 { self.floor / base } else { 0.0 };
        let tolerance = self.tolerance_ratio.max(floor_ratio);
        (tolerance, self.must_detect_ratio.max(tolerance + (self.must_detect_ratio - self.tolerance_ratio)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_floor_above_the_tolerance_moves_both_thresholds() {
        let thresholds = Thresholds { tolerance_ratio: 0.02, must_detect_ratio: 0.05, floor: 10.0 };
        assert_eq!(thresholds.with_floor_at(1000.0), (0.02, 0.05));
        let (tolerance, must_detect) = thresholds.with_floor_at(100.0);
        assert!((tolerance - 0.10).abs() < 1e-12 && (must_detect - 0.13).abs() < 1e-12);
    }
}
