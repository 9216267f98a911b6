//! The gate's test of itself: what is slowed down, by how much, and what became of it. Refuses to know how a slowdown gets into a process.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Policy, Severity};
use crate::model::selftest::{Conclusion, Finding, Injection, Trial, Untestable, Untested};
use crate::model::{
    BenchmarkId, Change, Determinism, Direction, Judgement, Kind, MetricId, Name, Outcome, Protocol, Row, RunVerdict,
    Verdict,
};

/// The size that is seen may differ from what was put in by this factor: a delay is taken from an earlier run, and the machine goes on changing.
const SIZE_FACTOR: f64 = 2.0;

/// How large the slowdown is, and where it may go.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The slowdown as a fraction.
    pub slowdown_ratio: f64,
    /// The suites whose `wall` is taken from outside, so that a delay makes it longer.
    pub delayable: &'a BTreeSet<Name>,
    /// Every suite that was to be measured.
    pub suites: &'a BTreeSet<Name>,
    /// Which benchmarks of a suite are slowed down.
    pub which: Which,
}

/// Which benchmarks of a suite are slowed down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The cheapest one of each suite.
    Cheapest,
    /// All that were measured.
    All,
}

/// What is slowed down.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chosen {
    /// The metrics, each with how and by how much (head / base − 1).
    pub injections: BTreeMap<MetricId, (Injection, f64)>,
    /// The suites that have nothing to slow down, sorted.
    pub untested: Vec<Untested>,
}

/// Chooses from what the run of unchanged code found.
pub fn choose(unchanged: &Judgement, protocol: &Protocol, policy: &Policy, wanted: &Wanted<'_>) -> Chosen {
    let mut chosen = Chosen::default();
    for suite in wanted.suites {
        let of_suite = |row: &&Row| row.metric.id.benchmark.suite == *suite;
        let compared = |row: &&Row| row.base.is_some() && row.head.is_some();
        let rows: Vec<&Row> = unchanged.rows.iter().filter(of_suite).filter(compared).collect();
        let mut benchmarks: BTreeMap<&BenchmarkId, Vec<&Row>> = BTreeMap::new();
        for row in rows.iter().filter(|row| policy.resolve(&row.metric).severity == Severity::Blocking) {
            benchmarks.entry(&row.metric.id.benchmark).or_default().push(row);
        }
        if benchmarks.is_empty() {
            let why = if rows.is_empty() { Untestable::NothingCompared } else { Untestable::NothingBlocks };
            chosen.untested.push(Untested { suite: suite.clone(), why });
        }
        let picked: Vec<Vec<&Row>> = match wanted.which {
            Which::All => benchmarks.into_values().collect(),
            Which::Cheapest => cheapest(benchmarks, protocol, wanted.slowdown_ratio).into_iter().collect(),
        };
        for row in picked.into_iter().flat_map(main_metrics) {
            if let Some(injection) = injection(row, wanted) {
                chosen.injections.insert(row.metric.id.clone(), injection);
            }
        }
    }
    chosen
}

/// The benchmark that takes the least time among those whose noise would show the slowdown, so that the gate is tested and not the machine.
fn cheapest<'a>(
    benchmarks: BTreeMap<&BenchmarkId, Vec<&'a Row>>,
    protocol: &Protocol,
    slowdown_ratio: f64,
) -> Option<Vec<&'a Row>> {
    let worst = |rows: &[&Row]| rows.iter().filter_map(|row| row.detectable_ratio).fold(0.0, f64::max);
    let cost = |id: &BenchmarkId, rows: &[&Row]| {
        let noisy = worst(&main_metrics(rows.to_vec())) > 0.5 * slowdown_ratio;
        let time = rows.iter().filter(|row| row.metric.kind == Kind::Time).filter_map(|row| row.base.as_ref());
        let time = time.map(|side| side.value).fold(0.0, f64::max);
        (noisy, protocol.round_s.get(id).copied().unwrap_or(time))
    };
    let all = benchmarks.into_iter().map(|(id, rows)| (cost(id, &rows), rows));
    all.min_by(|((a_noisy, a), _), ((b_noisy, b), _)| a_noisy.cmp(b_noisy).then(a.total_cmp(b))).map(|(_, rows)| rows)
}

/// What a benchmark is about: its times and rates, and what is counted exactly; the rest where it has none of these.
fn main_metrics(rows: Vec<&Row>) -> Vec<&Row> {
    let is_main =
        |row: &&Row| row.metric.determinism == Determinism::Exact || matches!(row.metric.kind, Kind::Time | Kind::Rate);
    let main: Vec<&Row> = rows.iter().copied().filter(is_main).collect();
    if main.is_empty() { rows } else { main }
}

/// How a metric is made worse, and by how much; `None` where its value is 0, of which nothing can be a share.
fn injection(row: &Row, wanted: &Wanted<'_>) -> Option<(Injection, f64)> {
    let value = row.base.as_ref()?.value;
    let metric = &row.metric;
    let worse_factor = match metric.direction {
        Direction::LowerIsBetter => 1.0 + wanted.slowdown_ratio,
        Direction::HigherIsBetter => 1.0 / (1.0 + wanted.slowdown_ratio),
    };
    if metric.determinism == Determinism::Exact {
        let (tolerance, _) = row.thresholds.with_floor_at(value);
        // The least change that there is must show; where the policy allows some, only a change beyond it can.
        let by = if tolerance > 0.0 { (value * (worse_factor - 1.0).abs()).ceil().max(1.0) } else { 1.0 };
        let by = if metric.direction == Direction::LowerIsBetter { by } else { -by.min(value) };
        let ratio = if value > 0.0 { by / value } else { f64::INFINITY };
        return (by.abs() > 0.0).then_some((Injection::Step { by }, ratio));
    }
    if value <= 0.0 {
        return None;
    }
    let from_outside = wanted.delayable.contains(&metric.id.benchmark.suite) && metric.id.metric.as_str() == "wall";
    let injection = if from_outside {
        Injection::Delay { seconds: value * wanted.slowdown_ratio }
    } else {
        Injection::Scaled { factor: worse_factor }
    };
    Some((injection, worse_factor - 1.0))
}

/// What became of each slowdown.
pub fn trials(chosen: &Chosen, unchanged: &Judgement, slowed: Option<&Judgement>) -> Vec<Trial> {
    let row = |judgement: &Judgement, id: &MetricId| judgement.rows.iter().find(|row| row.metric.id == *id).cloned();
    let trial = |(id, (injection, planned_ratio)): (&MetricId, &(Injection, f64))| {
        let first = row(unchanged, id)?;
        let base = first.base.as_ref().map_or(0.0, |side| side.value);
        let (tolerance_ratio, must_detect_ratio) = first.thresholds.with_floor_at(base);
        let thresholds = crate::model::Thresholds { tolerance_ratio, must_detect_ratio, floor: first.thresholds.floor };
        let second = slowed.and_then(|slowed| row(slowed, id));
        let injected_ratio = put_in(*injection, *planned_ratio, second.as_ref());
        Some(Trial {
            metric: first.metric,
            injection: *injection,
            injected_ratio,
            thresholds,
            finding: second.as_ref().map_or(Finding::NotMeasured, |row| finding(row, injected_ratio, tolerance_ratio)),
            seen: second.and_then(|row| row.effect),
        })
    };
    chosen.injections.iter().filter_map(trial).collect()
}

/// What was put in, as a fraction of base *beside which it was put in*: a delay was planned from an earlier run, and a machine that got quieter or
/// busier since makes another share of the same seconds.
fn put_in(injection: Injection, planned_ratio: f64, slowed: Option<&Row>) -> f64 {
    let base = slowed.and_then(|row| row.base.as_ref()).map(|side| side.value).filter(|value| *value > 0.0);
    match (injection, base) {
        (Injection::Delay { seconds }, Some(base)) => seconds / base,
        (Injection::Delay { .. }, None) | (Injection::Scaled { .. } | Injection::Step { .. }, _) => planned_ratio,
    }
}

fn finding(row: &Row, injected_ratio: f64, tolerance_ratio: f64) -> Finding {
    match &row.verdict {
        Verdict::Regressed => match row.outcome {
            Outcome::FailRegressed if about(row, injected_ratio) => Finding::Red,
            Outcome::FailRegressed => Finding::AnotherSize,
            Outcome::Waived => Finding::Waived,
            Outcome::Pass
            | Outcome::Warn
            | Outcome::FailInconclusive
            | Outcome::FailMissing
            | Outcome::FailNotComparable
            | Outcome::FailDrifted
            | Outcome::FailOverBudget => Finding::NotBlocking,
        },
        _ if worse(injected_ratio, row.metric.direction) <= tolerance_ratio => Finding::Allowed,
        Verdict::Inconclusive(doubt) => Finding::Inconclusive(doubt.clone(), row.method.clone()),
        verdict @ (Verdict::Improved | Verdict::Unchanged | Verdict::OverBudget | Verdict::LayoutSuspect(_)) => {
            Finding::Unseen(verdict.clone())
        }
        Verdict::New | Verdict::Missing | Verdict::NotComparable(_) => Finding::NotMeasured,
    }
}

/// A change as a fraction for the worse.
fn worse(ratio: f64, direction: Direction) -> f64 {
    match direction {
        Direction::LowerIsBetter => ratio,
        Direction::HigherIsBetter => -ratio,
    }
}

/// Whether the change that was seen is about what was put in. A change without a ratio, from 0, is as large as any.
fn about(row: &Row, injected_ratio: f64) -> bool {
    match row.effect.as_ref().map(|effect| effect.change) {
        Some(Change::Relative(seen)) => {
            let share = seen / injected_ratio;
            (1.0 / SIZE_FACTOR..=SIZE_FACTOR).contains(&share)
        }
        Some(Change::Absolute(_)) => true,
        None => false,
    }
}

/// What the test comes to. `slowed` is the verdict on the slowed-down head, where it was run.
pub fn conclude(unchanged: &Judgement, slowed: Option<RunVerdict>, trials: &[Trial]) -> Conclusion {
    let blocks = |row: &&Row| row.verdict == Verdict::Regressed && row.outcome.fails();
    let alarms: Vec<MetricId> = unchanged.rows.iter().filter(blocks).map(|row| row.metric.id.clone()).collect();
    if !alarms.is_empty() {
        return Conclusion::FalseAlarm(alarms);
    }
    match (unchanged.verdict, slowed) {
        (RunVerdict::Pass, _) if trials.is_empty() => Conclusion::NothingToTest,
        (RunVerdict::Pass, Some(RunVerdict::Regressed)) if trials.iter().all(|trial| trial.finding == Finding::Red) => {
            Conclusion::Holds
        }
        (
            RunVerdict::Pass,
            Some(
                trouble @ (RunVerdict::Broken
                | RunVerdict::NotCovered
                | RunVerdict::NotComparable
                | RunVerdict::Untrusted),
            ),
        ) => Conclusion::Trouble(trouble),
        (RunVerdict::Pass, _) => Conclusion::Blind,
        (trouble, _) => Conclusion::Trouble(trouble),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::judgement::{Method, Side};
    use crate::model::{Effect, Metric, Precision, Role, Thresholds, Unit};

    fn row(kind: Kind, direction: Direction, determinism: Determinism, value: f64, tolerance_ratio: f64) -> Row {
        let name = |text: &str| Name::new(text).unwrap();
        let benchmark = BenchmarkId { suite: name("core"), benchmark: name("parse") };
        let id = MetricId { benchmark, metric: name("wall") };
        let side = Side { value, statistics: vec![value] };
        Row {
            metric: Metric { id, unit: Unit::Seconds, direction, kind, determinism, role: Role::Gated, work: None },
            base: Some(side.clone()),
            head: Some(side),
            effect: None,
            method: Method::Single,
            thresholds: Thresholds { tolerance_ratio, must_detect_ratio: tolerance_ratio, floor: 0.0 },
            verdict: Verdict::Unchanged,
            budget: None,
            waiver: None,
            outcome: Outcome::Pass,
            detectable_ratio: None,
            warnings: Vec::new(),
            owner: None,
            drift: None,
        }
    }

    fn injected(row: &Row, delayable: &[&str]) -> Option<(Injection, f64)> {
        let names = |all: &[&str]| all.iter().map(|name| Name::new(*name).unwrap()).collect::<BTreeSet<_>>();
        let (delayable, suites) = (names(delayable), names(&["core"]));
        let wanted = Wanted { slowdown_ratio: 0.25, delayable: &delayable, suites: &suites, which: Which::All };
        injection(row, &wanted)
    }

    fn seen(verdict: Verdict, outcome: Outcome, ratio: f64) -> Row {
        let row = row(Kind::Time, Direction::LowerIsBetter, Determinism::Noisy, 1.0, 0.02);
        let effect = Effect { change: Change::Relative(ratio), precision: Precision::Exact };
        Row { verdict, outcome, effect: Some(effect), ..row }
    }

    #[test]
    fn a_time_from_outside_is_delayed_and_all_else_is_scaled_for_the_worse() {
        let time = row(Kind::Time, Direction::LowerIsBetter, Determinism::Noisy, 2.0, 0.02);
        assert_eq!(injected(&time, &["core"]), Some((Injection::Delay { seconds: 0.5 }, 0.25)));
        assert_eq!(injected(&time, &[]), Some((Injection::Scaled { factor: 1.25 }, 0.25)));
        let rate = row(Kind::Rate, Direction::HigherIsBetter, Determinism::Noisy, 2.0, 0.02);
        let (injection, ratio) = injected(&rate, &[]).unwrap();
        assert_eq!(injection, Injection::Scaled { factor: 0.8 });
        assert!((ratio + 0.2).abs() < 1e-12);
        let nothing = row(Kind::Time, Direction::LowerIsBetter, Determinism::Noisy, 0.0, 0.02);
        assert_eq!(injected(&nothing, &["core"]), None);
    }

    #[test]
    fn an_exact_metric_moves_by_the_least_step_unless_the_policy_allows_some() {
        let count = |value, tolerance, direction| row(Kind::Count, direction, Determinism::Exact, value, tolerance);
        let step = |row: &Row| injected(row, &[]).map(|(injection, _)| injection);
        assert_eq!(step(&count(420.0, 0.0, Direction::LowerIsBetter)), Some(Injection::Step { by: 1.0 }));
        assert_eq!(step(&count(420.0, 0.005, Direction::LowerIsBetter)), Some(Injection::Step { by: 105.0 }));
        assert_eq!(step(&count(420.0, 0.0, Direction::HigherIsBetter)), Some(Injection::Step { by: -1.0 }));
        assert_eq!(step(&count(0.0, 0.0, Direction::LowerIsBetter)), Some(Injection::Step { by: 1.0 }));
        assert_eq!(step(&count(0.0, 0.0, Direction::HigherIsBetter)), None);
    }

    #[test]
    fn a_delay_is_held_against_the_base_that_it_ran_beside() {
        let beside = row(Kind::Time, Direction::LowerIsBetter, Determinism::Noisy, 0.004, 0.02);
        let share = put_in(Injection::Delay { seconds: 0.024 }, 3.0, Some(&beside));
        assert!((share - 6.0).abs() < 1e-9, "{share}");
        for (injection, row) in
            [(Injection::Delay { seconds: 0.024 }, None), (Injection::Scaled { factor: 4.0 }, Some(&beside))]
        {
            assert!((put_in(injection, 3.0, row) - 3.0).abs() < 1e-9);
        }
    }

    #[test]
    fn only_a_blocking_regression_of_about_the_size_counts_as_found() {
        let of = |verdict, outcome, ratio| finding(&seen(verdict, outcome, ratio), 0.2, 0.02);
        assert_eq!(of(Verdict::Regressed, Outcome::FailRegressed, 0.21), Finding::Red);
        assert_eq!(of(Verdict::Regressed, Outcome::FailRegressed, 0.09), Finding::AnotherSize);
        assert_eq!(of(Verdict::Regressed, Outcome::FailRegressed, 0.41), Finding::AnotherSize);
        assert_eq!(of(Verdict::Regressed, Outcome::Waived, 0.2), Finding::Waived);
        assert_eq!(of(Verdict::Regressed, Outcome::Warn, 0.2), Finding::NotBlocking);
        assert_eq!(of(Verdict::Unchanged, Outcome::Pass, 0.0), Finding::Unseen(Verdict::Unchanged));
        assert_eq!(of(Verdict::Missing, Outcome::FailMissing, 0.0), Finding::NotMeasured);
        let wide = seen(Verdict::Unchanged, Outcome::Pass, 0.2);
        assert_eq!(finding(&wide, 0.2, 0.5), Finding::Allowed);
    }
}
