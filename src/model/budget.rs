//! Absolute limits.

use super::metric::Direction;

/// Absolute limits of one metric in its base unit, each tighter than the next: target, warning, critical. At least one is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// What the team wants. Missing it is shown.
    pub target: Option<f64>,
    /// What the team should act on. Missing it is a warning.
    pub warning: Option<f64>,
    /// What must not be exceeded. Missing it blocks.
    pub critical: Option<f64>,
}

/// The worst limit of a budget that is surely missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BudgetLevel {
    /// All limits are surely kept.
    Within,
    /// The target is missed.
    Target,
    /// The warning limit is missed.
    Warning,
    /// The critical limit is missed.
    Critical,
}

impl Budget {
    /// The limits that are set, worst first.
    pub fn limits(&self) -> impl Iterator<Item = (BudgetLevel, f64)> {
        [
            (BudgetLevel::Critical, self.critical),
            (BudgetLevel::Warning, self.warning),
            (BudgetLevel::Target, self.target),
        ]
        .into_iter()
        .filter_map(|(level, limit)| limit.map(|limit| (level, limit)))
    }

    /// The worst limit that `value` misses.
    pub fn level(&self, value: f64, direction: Direction) -> BudgetLevel {
        let missed = |limit: f64| match direction {
            Direction::LowerIsBetter => value > limit,
            Direction::HigherIsBetter => value < limit,
        };
        self.limits().find(|(_, limit)| missed(*limit)).map_or(BudgetLevel::Within, |(level, _)| level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_missed_limit_counts_in_the_metrics_own_direction() {
        let budget = Budget { target: Some(10.0), warning: None, critical: Some(20.0) };
        let level = |value| budget.level(value, Direction::LowerIsBetter);
        assert_eq!([level(9.0), level(10.0), level(15.0), level(21.0)].map(|l| l as u8), [0, 0, 1, 3]);
        assert_eq!(budget.level(9.0, Direction::HigherIsBetter), BudgetLevel::Critical);
    }
}
