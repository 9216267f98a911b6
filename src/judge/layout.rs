//! Whether code layout may explain a change of a time: the exact count of instructions is the witness. Refuses to soften anything without that
//! witness, and to touch what is not called changed.

use std::collections::BTreeMap;

use crate::config::Resolved;
use crate::config::policy::{INSTRUCTIONS, counts_instructions};
use crate::model::verdict::{Layout, Towards};
use crate::model::{BenchmarkId, Change, Determinism, Effect, Kind, Metric, Precision, Verdict};

use super::rows::Said;

/// Turns regressed and improved times into suspects of layout: those whose estimated change is at most `noise_ratio`, where the instructions of
/// the same benchmark did not change. Nothing else is touched, so that this can only take alarms away.
///
/// The estimate decides, not an end of its interval: what layout may do to a program does not depend on how noisy the machine is that looks. By
/// its lower end nearly everything would be softened on a noisy machine, by its upper end nothing. Both ways are treated alike: an improvement of
/// that kind is no more the change's doing than a regression.
pub(super) fn suspect(rows: &mut [(Metric, Resolved<'_>, Said)], noise_ratio: f64) {
    let flat: BTreeMap<BenchmarkId, f64> = rows
        .iter()
        .filter(|(metric, ..)| counts_instructions(metric))
        .filter_map(|(metric, _, said)| Some((metric.id.benchmark.clone(), flat(said.effect.as_ref()?)?)))
        .collect();
    for (metric, _, said) in rows {
        let Some(instructions_ratio) = flat.get(&metric.id.benchmark).copied() else { continue };
        let is_time = metric.kind == Kind::Time && metric.determinism == Determinism::Noisy;
        let towards = match said.verdict {
            Verdict::Regressed => Towards::Worse,
            Verdict::Improved => Towards::Better,
            Verdict::Unchanged
            | Verdict::Inconclusive(_)
            | Verdict::OverBudget
            | Verdict::New
            | Verdict::Missing
            | Verdict::NotComparable(_)
            | Verdict::LayoutSuspect(_) => continue,
        };
        if is_time && said.effect.as_ref().is_some_and(|effect| within(effect, noise_ratio)) {
            said.verdict = Verdict::LayoutSuspect(Layout { towards, instructions_ratio, noise_ratio });
        }
    }
}

/// The change of a count of instructions, if it surely is none: below half a percent, and where the count spread, over its whole interval.
fn flat(effect: &Effect) -> Option<f64> {
    let small = |ratio: f64| ratio.abs() < INSTRUCTIONS.tolerance_ratio;
    match (effect.change, effect.precision) {
        (Change::Relative(ratio), Precision::Exact) if small(ratio) => Some(ratio),
        (Change::Relative(ratio), Precision::Interval { lower, upper, .. }) if small(lower) && small(upper) => {
            Some(ratio)
        }
        (Change::Relative(_) | Change::Absolute(_), _) => None,
    }
}

/// Whether the estimate is within what layout may do.
fn within(effect: &Effect, noise_ratio: f64) -> bool {
    match effect.change {
        Change::Relative(ratio) => ratio.abs() <= noise_ratio,
        Change::Absolute(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::{Config, Policy};
    use crate::model::judgement::Method;
    use crate::model::{Direction, MetricId, Name, Role, Unit};

    const NOISE: f64 = 0.05;

    fn policy() -> Policy {
        Config::parse("", "tollgate.toml").unwrap().policy
    }

    fn metric(benchmark: &str, name: &str, kind: Kind, determinism: Determinism) -> Metric {
        let name_of = |text: &str| Name::new(text).unwrap();
        let benchmark = BenchmarkId { suite: name_of("core"), benchmark: name_of(benchmark) };
        let (unit, direction) =
            (if kind == Kind::Time { Unit::Seconds } else { Unit::Count }, Direction::LowerIsBetter);
        let id = MetricId { benchmark, metric: name_of(name) };
        Metric { id, unit, direction, kind, determinism, role: Role::Gated, work: None }
    }

    fn said(verdict: Verdict, resolved: &Resolved<'_>, change: Change, precision: Precision) -> Said {
        Said {
            verdict,
            method: Method::Alone,
            base: None,
            head: None,
            effect: Some(Effect { change, precision }),
            thresholds: resolved.thresholds,
            detectable_ratio: None,
            warnings: Vec::new(),
        }
    }

    /// An interval around a change, half of it wide on either side.
    fn around(ratio: f64, half: f64) -> Precision {
        Precision::Interval { lower: ratio - half, upper: ratio + half, confidence: 0.9 }
    }

    /// What becomes of a time with this change and verdict, beside a benchmark's counts with theirs.
    fn judged(verdict: Verdict, time: f64, counts: &[(Metric, Change, Precision)]) -> Verdict {
        let policy = policy();
        let timed = metric("parse", "time", Kind::Time, Determinism::Noisy);
        let resolved = policy.resolve(&timed);
        let row = said(verdict, &resolved, Change::Relative(time), around(time, 0.01));
        let mut rows = vec![(timed, resolved, row)];
        for (count, change, precision) in counts {
            let resolved = policy.resolve(count);
            let row = said(Verdict::Unchanged, &resolved, *change, *precision);
            rows.push((count.clone(), resolved, row));
        }
        suspect(&mut rows, NOISE);
        rows.swap_remove(0).2.verdict
    }

    fn instructions(ratio: f64) -> (Metric, Change, Precision) {
        let count = metric("parse", "instructions", Kind::Count, Determinism::Exact);
        (count, Change::Relative(ratio), Precision::Exact)
    }

    fn is_suspect(verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::LayoutSuspect(_))
    }

    #[test]
    fn a_small_change_of_time_with_flat_instructions_is_suspect_both_ways() {
        let layout =
            |towards| Verdict::LayoutSuspect(Layout { towards, instructions_ratio: 0.001, noise_ratio: NOISE });
        assert_eq!(judged(Verdict::Regressed, 0.041, &[instructions(0.001)]), layout(Towards::Worse));
        assert_eq!(judged(Verdict::Improved, -0.041, &[instructions(0.001)]), layout(Towards::Better));
    }

    #[test]
    fn beyond_what_layout_may_do_it_stays_regressed_whatever_its_interval() {
        assert!(is_suspect(&judged(Verdict::Regressed, 0.05, &[instructions(0.0)])));
        // The lower end of this interval is 4.1 %.
        assert_eq!(judged(Verdict::Regressed, 0.0501, &[instructions(0.0)]), Verdict::Regressed);
        assert_eq!(judged(Verdict::Improved, -0.0501, &[instructions(0.0)]), Verdict::Improved);
    }

    #[test]
    fn half_a_percent_of_instructions_is_work_and_no_layout() {
        assert!(is_suspect(&judged(Verdict::Regressed, 0.03, &[instructions(0.0049)])));
        for ratio in [0.005, 0.06, -0.005, -0.06] {
            assert_eq!(judged(Verdict::Regressed, 0.03, &[instructions(ratio)]), Verdict::Regressed, "{ratio}");
        }
    }

    #[test]
    fn counts_that_spread_must_be_flat_over_their_whole_interval() {
        let spread = |half| (instructions(0.0).0, Change::Relative(0.001), around(0.001, half));
        assert!(is_suspect(&judged(Verdict::Regressed, 0.03, &[spread(0.003)])));
        assert_eq!(judged(Verdict::Regressed, 0.03, &[spread(0.0045)]), Verdict::Regressed);
    }

    #[test]
    fn without_the_benchmarks_own_exact_count_nothing_changes() {
        let count = |benchmark, name, determinism| {
            let count = metric(benchmark, name, Kind::Count, determinism);
            (count, Change::Relative(0.0), Precision::Exact)
        };
        for counts in [
            vec![],
            vec![count("print", "instructions", Determinism::Exact)],
            vec![count("parse", "allocations", Determinism::Exact)],
            vec![count("parse", "instructions", Determinism::Noisy)],
            vec![(instructions(0.0).0, Change::Absolute(0.0), Precision::Exact)],
        ] {
            assert_eq!(judged(Verdict::Regressed, 0.03, &counts), Verdict::Regressed, "{counts:?}");
        }
    }

    #[test]
    fn a_size_or_an_exact_time_is_never_excused() {
        let policy = policy();
        let witness = instructions(0.0);
        for excused in [
            metric("parse", "size", Kind::Bytes, Determinism::Noisy),
            metric("parse", "simulated", Kind::Time, Determinism::Exact),
        ] {
            let mut rows: Vec<_> = [(excused, Verdict::Regressed, 0.03), (witness.0.clone(), Verdict::Unchanged, 0.0)]
                .into_iter()
                .map(|(metric, verdict, ratio)| {
                    let resolved = policy.resolve(&metric);
                    let said = said(verdict, &resolved, Change::Relative(ratio), Precision::Exact);
                    (metric, resolved, said)
                })
                .collect();
            suspect(&mut rows, NOISE);
            assert_eq!(rows[0].2.verdict, Verdict::Regressed);
        }
    }

    proptest! {
        #[test]
        fn only_what_is_called_changed_is_ever_touched(time in -0.5_f64..0.5, count in -0.02_f64..0.02, which in 0_usize..5) {
            let before =
                [Verdict::Regressed, Verdict::Improved, Verdict::Unchanged, Verdict::New, Verdict::Missing][which].clone();
            let after = judged(before.clone(), time, &[instructions(count)]);
            let softened = which < 2 && time.abs() <= NOISE && count.abs() < 0.005;
            prop_assert_eq!(is_suspect(&after), softened);
            prop_assert!(softened || after == before);
        }

        #[test]
        fn exchanging_base_and_head_exchanges_better_and_worse(time in 0.0_f64..0.1, count in -0.01_f64..0.01) {
            let towards = |verdict| match judged(verdict, time, &[instructions(count)]) {
                Verdict::LayoutSuspect(layout) => Some(layout.towards),
                _ => None,
            };
            let worse = towards(Verdict::Regressed);
            prop_assert_eq!(worse.is_some(), towards(Verdict::Improved).is_some());
            prop_assert!(worse.is_none_or(|towards| towards == Towards::Worse));
        }
    }
}
