//! How far metrics have come since the anchor, over all changes together, and whether this change is to blame. Refuses to fail a change that
//! made nothing worse: old sins are a warning.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Policy, Severity};
use crate::model::judgement::{Drift, DriftState};
use crate::model::verdict::Incomparable;
use crate::model::{
    Anchor, Change, Determinism, Direction, Doubt, Effect, Metric, MetricId, Precision, Row, StoredMetric, TestFamily,
    Thresholds, Verdict,
};
use crate::stats::contrast::{Estimate, between, mean_of};
use crate::stats::signed_rank::{Cap, PairedDifferences};
use crate::stats::summary::median;

use super::Evidence;
use super::decide;
use super::family::{Family, Test};
use super::pair::{Scale, log_threshold, signed};
use super::procedure::{Assessed, UNCHANGED_LEVEL};
use super::rows::{CONFIDENCE, exact};
use super::stored::{ByStored, PRIOR};

/// From how many runs of one commit on the stored runs say where base is; fewer say less than head's own rounds of today.
const NEWER_RUNS_MIN: usize = 2;

/// What is known of one metric: its drift, and how surely this change itself made it worse.
struct Known {
    row: usize,
    severity: Severity,
    drift: Drift,
    /// One-sided p-value of "this change made nothing worse", from its pairs; `None` where there are none.
    own_p: Option<f64>,
}

/// What the rounds and stored runs have to say, beside the rows.
pub(super) struct Heard<'a> {
    pub(super) family: Option<&'a Family>,
    pub(super) assessed: &'a BTreeMap<&'a MetricId, Assessed>,
    pub(super) by_stored: &'a ByStored,
}

/// Gives each row its drift since the anchor, and makes those fail or warn that are beyond the budget. Returns how many noisy metrics that block
/// were asked for theirs.
///
/// That one is beyond fails nothing by itself, so all of them may say so wrongly as often as the whole rate of the run. What fails, and has a share
/// of that rate, is the test of what this change itself added.
pub(super) fn add(rows: &mut [Row], heard: &Heard<'_>, evidence: &Evidence<'_>, policy: &Policy) -> usize {
    let Some(anchor) = evidence.anchor else { return 0 };
    let noisy = rows.iter().filter(|row| {
        anchor.then.contains_key(&row.metric.id) && row.head.is_some() && row.metric.determinism == Determinism::Noisy
    });
    let blocking = noisy.filter(|row| policy.resolve(&row.metric).severity == Severity::Blocking).count();
    let level = policy.gate.shares.rate() / blocking.max(1) as f64;
    let known: Vec<Known> = (0..rows.len())
        .filter_map(|at| {
            let row = &rows[at];
            let own = Own::of(row, heard.family, heard.assessed);
            let drift = drift(row, anchor, own.as_ref(), policy.gate.drift_ratio, level)?;
            let own_p = own.map(|own| own.p_value);
            Some(Known { row: at, severity: policy.resolve(&row.metric).severity, drift, own_p })
        })
        .collect();
    let beyond = known.iter().filter(|one| one.drift.state == DriftState::Beyond).count();
    let own_level = policy.gate.shares.of(TestFamily::Drift) / beyond.max(1) as f64;
    for Known { row, severity, drift, own_p } in known {
        let row = &mut rows[row];
        let made_worse = own_p.map_or_else(|| worse_without_pairs(row, heard, own_level), |p| p <= own_level);
        let outcome = decide::drifted(drift.state, severity, made_worse, row.waiver.as_ref());
        row.outcome = row.outcome.max(outcome);
        row.drift = Some(drift);
    }
    blocking
}

/// What the paired rounds say of this change: its effect for the worse as an estimate, and the test of it.
struct Own {
    estimate: Estimate,
    p_value: f64,
}

impl Own {
    /// From the rounds that the row's effect was taken from; `None` where there are none, or no ratio exists.
    fn of(row: &Row, family: Option<&Family>, assessed: &BTreeMap<&MetricId, Assessed>) -> Option<Self> {
        let entry = family?.entries.get(&row.metric.id)?;
        let rounds = match (&entry.test, assessed.get(&row.metric.id)) {
            (Test::Exact | Test::Reported(_), _) | (_, None) => return None,
            (Test::Blocking(_) | Test::Advisory(_), Some(assessed)) => assessed,
        };
        let differences = entry.pairs.between(rounds.from, rounds.to);
        let test = PairedDifferences::new(&differences, Cap::Third).ok()?;
        let estimate = mean_of(&differences).filter(|_| entry.pairs.scale == Scale::LogRatio)?;
        // The centre that the report shows, with a spread that wild rounds only widen.
        Some(Self { estimate: Estimate { value: test.estimate(), ..estimate }, p_value: test.p_value_greater(0.0) })
    }
}

/// Whether this change surely made the row worse where no pairs say so: exactly, or by what the stored runs predict.
fn worse_without_pairs(row: &Row, heard: &Heard<'_>, level: f64) -> bool {
    match &row.effect {
        Some(Effect { precision: Precision::Exact, change }) => signed(change.value(), row.metric.direction) > 0.0,
        Some(Effect { precision: Precision::Interval { .. }, .. }) => {
            heard.by_stored.worse_at_all(&row.metric.id, level)
        }
        None => false,
    }
}

/// The drift of one row; `None` where either end has no value that can be compared.
fn drift(row: &Row, anchor: &Anchor, own: Option<&Own>, allowed_ratio: f64, level: f64) -> Option<Drift> {
    let then = anchor.then.get(&row.metric.id).filter(|then| then.metric.unit == row.metric.unit)?;
    let shown_alone = matches!(
        row.verdict,
        Verdict::Missing
            | Verdict::Inconclusive(Doubt::GeneratorLate { .. })
            | Verdict::NotComparable(Incomparable::Conditions(_) | Incomparable::StoredConditions(_))
    );
    let head = row.head.as_ref().filter(|_| !shown_alone)?;
    let released = median(&then.runs.first()?.statistics)?;
    let since = anchor.name.clone();
    let drift = |effect, state| Drift { since: since.clone(), effect, allowed_ratio, state };
    let steady = head.statistics.windows(2).all(|pair| pair[0].total_cmp(&pair[1]).is_eq());
    if row.metric.determinism == Determinism::Exact && then.metric.determinism == Determinism::Exact && steady {
        let allowed = Thresholds { tolerance_ratio: allowed_ratio, ..row.thresholds };
        let (verdict, effect) = exact(released, head.value, allowed, row.metric.direction);
        let state = if verdict == Verdict::Regressed { DriftState::Beyond } else { DriftState::Within };
        return Some(drift(effect?, state));
    }
    let estimate = estimate(&row.metric, then, anchor.now.get(&row.metric.id), head.value, own)?;
    let allowed = Thresholds { tolerance_ratio: allowed_ratio, must_detect_ratio: allowed_ratio, ..row.thresholds };
    let allowed = log_threshold(allowed.with_floor_at(released).0, row.metric.direction);
    let state = if estimate.bounds(level).0 > allowed {
        DriftState::Beyond
    } else if estimate.bounds(UNCHANGED_LEVEL).1 < allowed {
        DriftState::Within
    } else {
        DriftState::CannotTell
    };
    Some(drift(effect(&estimate, row.metric.direction), state))
}

/// How much worse head is than the anchor, on the log scale.
///
/// Where newer runs of one commit are stored, they say where base is, and this change's own pairs add what it does; else head itself, as it was
/// measured today, counts as one run. Either way the spread between runs of one commit says how sure that is.
fn estimate(
    metric: &Metric,
    then: &StoredMetric,
    now: Option<&StoredMetric>,
    head: f64,
    own: Option<&Own>,
) -> Option<Estimate> {
    let worse = |value: f64| (value > 0.0).then(|| signed(value.ln(), metric.direction));
    let mut groups: Vec<(&str, Vec<f64>)> = Vec::new();
    let mut seen = BTreeSet::new();
    for run in then.runs.iter().chain(now.into_iter().flat_map(|now| &now.runs)) {
        let value = worse(median(&run.statistics)?)?;
        if !seen.insert((run.commit.as_str(), run.taken_at_s, value.to_bits())) {
            continue;
        }
        match groups.iter_mut().find(|(commit, _)| *commit == run.commit) {
            Some((_, group)) => group.push(value),
            None => groups.push((&run.commit, vec![value])),
        }
    }
    let place = |commit: &str| groups.iter().position(|(one, _)| *one == commit);
    let from = place(&then.runs.first()?.commit)?;
    let newest = now.and_then(|now| now.runs.first()).map(|run| run.commit.as_str());
    let newer = newest.filter(|commit| then.runs.iter().all(|run| run.commit != *commit)).and_then(place);
    let newer = newer.filter(|newer| groups[*newer].1.len() >= NEWER_RUNS_MIN);
    let mut runs: Vec<Vec<f64>> = groups.into_iter().map(|(_, group)| group).collect();
    if let (Some(newer), Some(own)) = (newer, own) {
        return Some(between(&runs, from, newer, PRIOR)?.plus(own.estimate));
    }
    runs.push(vec![worse(head)?]);
    between(&runs, from, runs.len() - 1, PRIOR)
}

/// The estimate as a change with its interval.
fn effect(estimate: &Estimate, direction: Direction) -> Effect {
    let change = |worse: f64| signed(worse, direction).exp_m1();
    let (low, high) = estimate.bounds((1.0 - CONFIDENCE) / 2.0);
    let (low, high) = (change(low), change(high));
    Effect {
        change: Change::Relative(change(estimate.value)),
        precision: Precision::Interval { lower: low.min(high), upper: low.max(high), confidence: CONFIDENCE },
    }
}
