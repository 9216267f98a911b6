//! One row of a table, formatted. Refuses to order rows.

use serde::Serialize;

use crate::model::effect::Precision;
use crate::model::judgement::{Method, Side};
use crate::model::{BudgetLevel, Determinism, Judgement, MetricId, Outcome, Row, Thresholds, Unit, Verdict};

use super::super::note;
use super::super::number::{self, Digits, Scale};
use super::super::sentence;
use super::super::text::Text;

/// One row of a table.
#[derive(Clone, Debug, Serialize)]
pub(in crate::report) struct RowView {
    /// The metric that it is the row of.
    #[serde(skip)]
    pub(in crate::report) id: MetricId,
    /// The outcome as a symbol.
    pub(in crate::report) light: &'static str,
    /// The outcome as a word.
    pub(in crate::report) outcome: &'static str,
    /// Whether it blocks.
    pub(in crate::report) fails: bool,
    /// `suite › benchmark`.
    pub(in crate::report) benchmark: String,
    /// The metric.
    pub(in crate::report) metric: String,
    /// Base's value with its unit; `–` where there is none.
    pub(in crate::report) base: String,
    /// Head's value with its unit; `–` where there is none.
    pub(in crate::report) head: String,
    /// The change with its interval.
    pub(in crate::report) change: String,
    /// What was allowed.
    pub(in crate::report) allowed: String,
    /// The verdict.
    pub(in crate::report) verdict: Text,
    /// Why nothing could be said, the waiver, and what must be known to read the numbers.
    pub(in crate::report) note: Text,
    /// What happened, as a sentence.
    pub(in crate::report) sentence: Text,
}

impl RowView {
    /// Formats a row.
    pub(super) fn of(row: &Row) -> Self {
        let id = &row.metric.id;
        let scale = scale(row);
        let side = |side: &Option<_>| side.as_ref().map_or("–".to_owned(), |side: &Side| scale.show(side.value));
        let (light, outcome) = outcome(row);
        Self {
            id: id.clone(),
            light,
            outcome,
            fails: row.outcome.fails(),
            benchmark: sentence::shown(&format!("{} › {}", id.benchmark.suite, id.benchmark.benchmark)),
            metric: sentence::shown(id.metric.as_str()),
            base: side(&row.base),
            head: side(&row.head),
            change: sentence::effect(row).unwrap_or_else(|| "–".to_owned()),
            allowed: allowed(row),
            verdict: sentence::label(row),
            note: note::in_table(row),
            sentence: sentence::row(row),
        }
    }
}

/// The scale of both sides of a row.
pub(in crate::report) fn scale(row: &Row) -> Scale {
    let values: Vec<f64> = [&row.base, &row.head].into_iter().flatten().map(|side| side.value).collect();
    let exact = row.effect.as_ref().is_some_and(|effect| effect.precision == Precision::Exact);
    let digits = match row.metric.determinism {
        Determinism::Exact => Digits::Exact,
        Determinism::Noisy if exact => Digits::Exact,
        Determinism::Noisy => Digits::Measured,
    };
    Scale::of(&values, &row.metric.unit, digits)
}

/// The outcome as a symbol and a word.
fn outcome(row: &Row) -> (&'static str, &'static str) {
    match (row.outcome, &row.verdict) {
        (Outcome::FailRegressed | Outcome::FailOverBudget | Outcome::FailDrifted | Outcome::FailMissing, _) => {
            ("🔴", "fails")
        }
        (Outcome::FailNotComparable | Outcome::FailInconclusive, _) => ("🟠", "fails"),
        (Outcome::Waived, _) => ("🟡", "waived"),
        (Outcome::Warn, _) => ("🟡", "warns"),
        (Outcome::Pass, _) => ("🟢", "passes"),
    }
}

/// What was allowed: the tolerance where the row was compared, and the limit that it misses, or else the hardest one.
pub(super) fn allowed(row: &Row) -> String {
    let unit = &row.metric.unit;
    let direction = row.metric.direction;
    let base = row.base.as_ref().map_or(0.0, |side| side.value);
    let compared = row.method != Method::Alone && row.base.is_some() && row.head.is_some();
    let Thresholds { tolerance_ratio, floor, .. } = row.thresholds;
    let tolerance = compared.then(|| {
        let by_floor = floor > tolerance_ratio * base && floor.is_finite();
        if by_floor { number::floor(floor, unit, direction) } else { number::tolerance(tolerance_ratio, direction) }
    });
    let limit = row.budget.as_ref().and_then(|check| {
        let missed = number::limit_at(&check.budget, check.level);
        missed.or_else(|| check.budget.limits().next().map(|(_, value)| value))
    });
    let over = row.budget.as_ref().is_some_and(|check| check.level > BudgetLevel::Within);
    let limit = limit.map(|value| number::limit(value, unit, direction));
    match (tolerance, limit) {
        (_, Some(limit)) if over && row.verdict != Verdict::Regressed => limit,
        (Some(tolerance), Some(limit)) => format!("{tolerance}, {limit}"),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => String::new(),
    }
}

/// The times of both sides as throughput, where the harness says how much one iteration works through: `2.40 GiB/s → 2.10 GiB/s`.
pub(super) fn throughput(row: &Row) -> Option<String> {
    let work = row.metric.work.as_ref().filter(|_| row.metric.unit == Unit::Seconds)?;
    let rate = |side: &Option<Side>| {
        side.as_ref().map(|side| work.value / side.value).filter(|rate| rate.is_finite() && *rate > 0.0)
    };
    let (base, head) = (rate(&row.base)?, rate(&row.head)?);
    let unit = if work.unit == Unit::Bytes { Unit::BytesPerSecond } else { Unit::PerSecond };
    let scale = Scale::of(&[base, head], &unit, Digits::Measured);
    Some(format!("{} → {}", scale.show(base), scale.show(head)))
}

/// The confidence of a row's interval, where it has one that ends somewhere.
pub(super) fn confidence(row: &Row) -> Option<f64> {
    match row.effect.as_ref()?.precision {
        Precision::Interval { lower, upper, confidence } => {
            (lower.is_finite() || upper.is_finite()).then_some(confidence)
        }
        Precision::Exact => None,
    }
}

/// `change (99 % interval)` where all intervals have one confidence.
pub(super) fn change_title(judgement: &Judgement) -> String {
    let mut confidences = judgement.rows.iter().filter_map(confidence);
    match confidences.next() {
        Some(first) if confidences.all(|other| (other - first).abs() < 1e-9) => {
            format!("change ({} interval)", number::percent(first))
        }
        _ => "change (interval)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;
    use crate::model::Direction::{HigherIsBetter, LowerIsBetter};

    #[test]
    fn where_the_floor_decides_it_is_what_is_allowed() {
        let allowed_at = |base: f64, unit: Unit, floor: f64, direction| {
            let mut row = sample::time("shop", "list", base, 4.66, 0.01);
            row.metric.unit = unit;
            row.metric.direction = direction;
            row.thresholds = Thresholds { tolerance_ratio: 0.02, must_detect_ratio: 0.05, floor };
            allowed(&row)
        };
        assert_eq!(allowed_at(215e-6, Unit::Seconds, 1e-3, LowerIsBetter), "≤ +1 ms");
        assert_eq!(allowed_at(1.0, Unit::Seconds, 1e-3, LowerIsBetter), "+2 %");
        assert_eq!(allowed_at(10.0, Unit::PerSecond, 1.0, HigherIsBetter), "≥ −1 /s");
        assert_eq!(allowed_at(0.0, Unit::Ratio, 0.001, LowerIsBetter), "≤ +0.1 points");
    }

    #[test]
    fn what_became_ten_times_as_much_is_written_as_a_factor() {
        let change = |ratio: f64| RowView::of(&sample::time("shop", "list", 1e-3, ratio, 0.5)).change;
        assert_eq!(change(85.24), "×86 (×86 … ×87)");
        assert_eq!(change(9.2), "×10 (×9.7 … ×11)");
        assert_eq!(change(8.0), "+800 % (+750 … +850)");
    }
}
