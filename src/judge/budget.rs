//! Absolute limits: surely kept, surely missed, or not to be told.

use crate::config::{Policy, Severity};
use crate::model::judgement::{BudgetCheck, Side};
use crate::model::{Budget, BudgetLevel, Direction, Run, TestFamily};
use crate::stats::student::mean_bounds;

/// How many budgets block, of the metrics that head has.
pub(super) fn blocking(head: &Run, policy: &Policy) -> usize {
    let resolved = head.series.values().map(|series| policy.resolve(&series.metric));
    resolved.filter(|one| one.budget.is_some() && one.budget_severity == Severity::Blocking).count()
}

/// The one-sided level of each budget where so many of them share what budgets have of the false-alarm rate.
pub(super) fn level(blocking: usize, policy: &Policy) -> f64 {
    policy.gate.shares.of(TestFamily::Budgets) / blocking.max(1) as f64
}

/// One-sided bounds of head's value. Exact values are their own bounds; a value that was measured once has none.
pub(super) fn bounds(head: &Side, exact: bool, level: f64) -> (f64, f64) {
    if exact { (head.value, head.value) } else { mean_bounds(&head.statistics, level) }
}

/// How a value within `bounds` stands to a budget: the worst limit that even its better bound misses, and a worse one that only its worse
/// bound misses.
pub(super) fn check(budget: &Budget, (low, high): (f64, f64), direction: Direction) -> BudgetCheck {
    let (better, worse) = match direction {
        Direction::LowerIsBetter => (low, high),
        Direction::HigherIsBetter => (high, low),
    };
    let (level, possible): (BudgetLevel, BudgetLevel) =
        (budget.level(better, direction), budget.level(worse, direction));
    BudgetCheck { budget: *budget, level, undecided: (possible > level).then_some(possible) }
}

/// How a value of which nothing is known stands to a budget: it may miss every limit.
pub(super) fn unknown(budget: &Budget) -> BudgetCheck {
    let limits = [
        (budget.critical, BudgetLevel::Critical),
        (budget.warning, BudgetLevel::Warning),
        (budget.target, BudgetLevel::Target),
    ];
    let worst = limits.into_iter().find_map(|(limit, level)| limit.map(|_| level));
    BudgetCheck { budget: *budget, level: BudgetLevel::Within, undecided: worst }
}

/// The same where the rounds cannot be believed: what was surely missed may be missed. What is kept stays so; such a run is never green.
pub(super) fn doubted(check: &BudgetCheck) -> BudgetCheck {
    let possible = check.undecided.map_or(check.level, |undecided| undecided.max(check.level));
    let undecided = (possible > BudgetLevel::Within).then_some(possible);
    BudgetCheck { budget: check.budget, level: BudgetLevel::Within, undecided }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Budget = Budget { target: Some(80.0), warning: None, critical: Some(100.0) };

    fn told(values: &[f64]) -> (BudgetLevel, Option<BudgetLevel>) {
        let head = Side { value: values[0], statistics: values.to_vec() };
        let check = check(&BUDGET, bounds(&head, false, 0.01), Direction::LowerIsBetter);
        (check.level, check.undecided)
    }

    #[test]
    fn a_value_far_from_its_limits_is_told_from_few_rounds() {
        assert_eq!(told(&[50.0, 51.0, 49.0, 50.0, 50.5]), (BudgetLevel::Within, None));
        assert_eq!(told(&[150.0, 151.0, 149.0, 150.0, 150.5]), (BudgetLevel::Critical, None));
    }

    #[test]
    fn a_limit_inside_the_interval_is_not_to_be_told() {
        assert_eq!(told(&[99.0, 103.0, 97.0, 101.0, 100.0]), (BudgetLevel::Target, Some(BudgetLevel::Critical)));
    }

    #[test]
    fn one_value_tells_nothing() {
        assert_eq!(told(&[500.0]), (BudgetLevel::Within, Some(BudgetLevel::Critical)));
    }

    #[test]
    fn an_exact_value_is_its_own_bound() {
        let head = Side { value: 101.0, statistics: vec![101.0] };
        let check = check(&BUDGET, bounds(&head, true, 0.01), Direction::LowerIsBetter);
        assert_eq!((check.level, check.undecided), (BudgetLevel::Critical, None));
    }
}
