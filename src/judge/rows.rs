//! One row for each metric: what it was compared with, what is said of it, and what it contributes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::config::{Against, OnTrouble, Policy, Resolved};
use crate::model::judgement::{BudgetCheck, Method, Side, StoredPromise, Warning};
use crate::model::verdict::{ConditionDifference, Incomparable};
use crate::model::{
    BudgetLevel, CanaryState, Change, Direction, Doubt, Effect, Metric, MetricId, Outcome, Precision, Row, TestFamily,
    Thresholds, Verdict,
};
use crate::stats::excess::RateDifference;
use crate::stats::signed_rank::{Cap, PairedDifferences};
use crate::stats::summary::mad_sd;

use super::budget;
use super::decide;
use super::drift;
use super::family::{Entry, Family, Test, settings};
use super::health::{self, Disturbed};
use super::late::Timely;
use super::pair::{Pairs, Scale, side};
use super::procedure::{self, Assessed, Decision, LOOKS, Phase, ROUNDS_MIN};
use super::stored::ByStored;
use super::{Circumstances, Ending, Evidence, counts, layout, scattered};

/// Confidence of the two-sided interval that is shown for each row: each end is at least as strict as the bound that shows a metric unchanged, so
/// that an unchanged row's interval ends below must-detect, and a regressed row's begins above the tolerance.
pub(super) const CONFIDENCE: f64 = 1.0 - 2.0 * procedure::UNCHANGED_LEVEL;
/// Power at which the smallest detectable change is stated.
const POWER: f64 = 0.80;
/// A metric that lost more than this share of its rounds cannot be judged.
pub(super) const LOST_SHARE_MAX: f64 = 0.20;

/// The rows, how many of them each family of tests has, and what is promised of those that stored runs decide.
pub(super) struct Judged {
    pub(super) rows: Vec<Row>,
    pub(super) stored: Option<StoredPromise>,
    paired: usize,
    budgets: usize,
    drifting: usize,
}

impl Judged {
    /// How many tests share the part of a family.
    pub(super) fn checks(&self, family: TestFamily) -> usize {
        match family {
            TestFamily::Pairs => self.paired,
            TestFamily::Stored => self.stored.map_or(0, |stored| stored.metrics),
            TestFamily::Budgets => self.budgets,
            TestFamily::Drift => self.drifting,
        }
    }
}

/// What a comparison says of one metric, before budget, waiver and policy.
pub(super) struct Said {
    pub(super) verdict: Verdict,
    pub(super) method: Method,
    pub(super) base: Option<Side>,
    pub(super) head: Option<Side>,
    pub(super) effect: Option<Effect>,
    pub(super) thresholds: Thresholds,
    pub(super) detectable_ratio: Option<f64>,
    pub(super) warnings: Vec<Warning>,
}

/// What is known of the rounds as a whole before single metrics are judged.
pub(super) struct Among<'a> {
    /// What was measured, late rounds and all.
    pub(super) measured: &'a Evidence<'a>,
    /// What is left of it.
    pub(super) timely: &'a Timely<'a>,
    pub(super) family: Option<&'a Family>,
    /// What base against itself came to.
    pub(super) canary: Option<CanaryState>,
}

/// What bears on every row alike.
struct Setting<'a> {
    evidence: &'a Evidence<'a>,
    timely: &'a Timely<'a>,
    policy: &'a Policy,
    circumstances: &'a Circumstances,
    /// What base against itself came to.
    canary: Option<CanaryState>,
    /// The level of each budget.
    budget_level: f64,
    /// The level of each test for what disturbs a row.
    disturbed_level: f64,
}

/// Judges every metric that either side has.
pub(super) fn rows(
    evidence: &Evidence<'_>,
    among: &Among<'_>,
    policy: &Policy,
    circumstances: &Circumstances,
) -> Judged {
    let Among { measured, timely, family, canary } = *among;
    let assessed =
        family.map(|family| family.assess(evidence.rounds_run, Phase::Ended, &settings(policy))).unwrap_or_default();
    let by_stored = ByStored::new(evidence, policy);
    let budgets = budget::blocking(evidence.head, policy);
    let setting = Setting {
        evidence,
        timely,
        policy,
        circumstances,
        canary,
        budget_level: budget::level(budgets, policy),
        disturbed_level: family.map_or(1.0, health::level),
    };
    let mut said: Vec<(Metric, Resolved<'_>, Said)> = metrics(evidence)
        .into_iter()
        .map(|(id, metric)| {
            let resolved = policy.resolve(&metric);
            let metric = Metric { direction: resolved.direction, ..metric };
            let entry = family.and_then(|family| family.entries.get(&id));
            let said = match (entry, evidence.stored.get(&id)) {
                _ if another_load(&metric, evidence).is_some() => alone(&metric, None, evidence, &resolved),
                (_, Some(Ok(stored))) => by_stored.say(&metric, stored, evidence, &resolved),
                (Some(entry), _) => paired(entry, assessed.get(&id), &metric, &setting),
                (None, stored) => alone(&metric, stored.and_then(|stored| stored.as_ref().err()), evidence, &resolved),
            };
            let said = timely.temper(said, &metric, measured.base, measured.head);
            (metric, resolved, said)
        })
        .collect();
    layout::suspect(&mut said, policy.gate.layout_noise_ratio);
    let mut rows: Vec<Row> =
        said.into_iter().map(|(metric, resolved, said)| finish(metric, said, &resolved, &setting)).collect();
    let heard = drift::Heard { family, assessed: &assessed, by_stored: &by_stored };
    let drifting = drift::add(&mut rows, &heard, evidence, policy);
    Judged { rows, stored: by_stored.promise(), paired: family.map_or(0, Family::size), budgets, drifting }
}

/// Every metric that head, base or the stored runs have; head's description first.
fn metrics(evidence: &Evidence<'_>) -> BTreeMap<MetricId, Metric> {
    let stored = evidence.stored.iter().filter_map(|(id, stored)| Some((id, &stored.as_ref().ok()?.metric)));
    let base = evidence.base.into_iter().flat_map(|run| run.series.iter().map(|(id, series)| (id, &series.metric)));
    let head = evidence.head.series.iter().map(|(id, series)| (id, &series.metric));
    stored.chain(base).chain(head).map(|(id, metric)| (id.clone(), metric.clone())).collect()
}

/// What the paired rounds say.
fn paired(entry: &Entry, assessed: Option<&Assessed>, metric: &Metric, setting: &Setting<'_>) -> Said {
    let evidence = setting.evidence;
    let pairs = &entry.pairs;
    let paired_rounds = u32::try_from(pairs.differences.len()).unwrap_or(u32::MAX);
    let mut warnings = Vec::new();
    if pairs.lost > 0 {
        warnings.push(Warning::RoundsLost { lost: pairs.lost });
    }
    let (verdict, effect, rounds, detectable_ratio) = match (&entry.test, assessed) {
        (Test::Reported(doubt), _) => {
            let test = PairedDifferences::new(&pairs.between(0, u32::MAX), Cap::Third).ok();
            (Verdict::Inconclusive(doubt.clone()), test.map(|test| effect(&test, pairs)), paired_rounds, None)
        }
        (Test::Exact, _) | (_, None) => {
            let (verdict, effect) = exact(pairs.base.value, pairs.head.value, entry.thresholds, pairs.direction());
            (verdict, effect, paired_rounds, None)
        }
        (Test::Blocking(member) | Test::Advisory(member), Some(assessed)) => {
            if pairs.counts.as_ref().is_some_and(|counts| counts.bursty(assessed.to)) {
                warnings.push(Warning::Bursts);
            }
            let differences = pairs.between(assessed.from, assessed.to);
            let test = PairedDifferences::new(&differences, Cap::Third).ok();
            let rounds = u32::try_from(differences.len()).unwrap_or(u32::MAX);
            let noise_sd = mad_sd(&differences).filter(|_| pairs.scale == Scale::LogRatio);
            let detectable = noise_sd.and_then(|noise_sd| {
                // A metric that stage 1 let go would have had at least the first look's rounds, had it looked slower.
                let rounds = if matches!(entry.test, Test::Blocking(_)) { rounds.max(LOOKS[0]) } else { rounds };
                let plan = procedure::plan(assessed.level, POWER, noise_sd, member.tolerance);
                plan.detectable_effect(rounds).map(f64::exp_m1)
            });
            let pooled = pairs.counts.as_ref().and_then(|counts| counts.pooled(assessed.from, assessed.to));
            let effect = match pooled {
                Some(pooled) => Some(effect_of_counts(&pooled, pairs)),
                None => test.map(|test| effect(&test, pairs)),
            };
            let one_more_s = evidence.protocol.round_s.get(&metric.id.benchmark).copied();
            (verdict(assessed, pairs.lost, paired_rounds, evidence.ending, one_more_s), effect, rounds, detectable)
        }
    };
    if entry.not_exact {
        warnings.push(Warning::NotExact);
    }
    let series = evidence.base.and_then(|base| base.series.get(&metric.id)).zip(evidence.head.series.get(&metric.id));
    warnings.extend(series.and_then(|(base, head)| scattered::warning(base, head)));
    let disturbed = Disturbed { entry, metric, protocol: evidence.protocol, level: setting.disturbed_level };
    warnings.extend(disturbed.warnings());
    Said {
        verdict,
        method: Method::Paired { rounds, rounds_total: paired_rounds },
        base: Some(pairs.base.clone()),
        head: Some(pairs.head.clone()),
        effect,
        thresholds: entry.thresholds,
        detectable_ratio,
        warnings,
    }
}

/// The verdict of a decision.
fn verdict(assessed: &Assessed, lost: u32, paired: u32, ending: Ending, one_more_s: Option<f64>) -> Verdict {
    if f64::from(lost) > LOST_SHARE_MAX * f64::from(lost + paired) {
        return Verdict::Inconclusive(Doubt::RoundsLost { lost, of: lost + paired });
    }
    let rounds_needed = match assessed.decision {
        Decision::Regressed => return Verdict::Regressed,
        Decision::Improved => return Verdict::Improved,
        Decision::Unchanged => return Verdict::Unchanged,
        Decision::Inconclusive { rounds_needed } => rounds_needed,
        Decision::Undecided => None,
    };
    let more_s = rounds_needed.zip(one_more_s).and_then(|(needed, one_more_s)| {
        let seconds = f64::from(needed.saturating_sub(paired).max(1)) * one_more_s;
        Some(Duration::try_from_secs_f64(seconds.ceil()).ok()?.as_secs().max(1))
    });
    Verdict::Inconclusive(match ending {
        _ if paired < ROUNDS_MIN => Doubt::TooFewRounds { have: paired, need: ROUNDS_MIN },
        Ending::Complete => Doubt::TooNoisy { rounds_needed, more_s },
        Ending::TimeLimit => Doubt::TimeLimit { rounds_needed, more_s },
        Ending::Interrupted => Doubt::Interrupted,
    })
}

/// The estimate and its interval, as a change of head against base.
fn effect(test: &PairedDifferences, pairs: &Pairs) -> Effect {
    let (low, high) = test.interval(CONFIDENCE);
    let (low, high) = (pairs.change(low).value(), pairs.change(high).value());
    Effect {
        change: pairs.change(test.estimate()),
        precision: Precision::Interval { lower: low.min(high), upper: low.max(high), confidence: CONFIDENCE },
    }
}

/// The same for events that were taken together.
fn effect_of_counts(pooled: &RateDifference, pairs: &Pairs) -> Effect {
    let level = (1.0 - CONFIDENCE) / 2.0;
    let (low, high) =
        (pairs.change(pooled.lower_bound(level)).value(), pairs.change(pooled.upper_bound(level)).value());
    Effect {
        change: pairs.change(pooled.estimate()),
        precision: Precision::Interval { lower: low.min(high), upper: low.max(high), confidence: CONFIDENCE },
    }
}

/// Compares two exact values: regressed where head is worse by more than the tolerance and the floor.
pub(super) fn exact(base: f64, head: f64, thresholds: Thresholds, direction: Direction) -> (Verdict, Option<Effect>) {
    let (tolerance, _) = thresholds.with_floor_at(base);
    let worse = super::pair::signed(head - base, direction);
    let allowed = if base > 0.0 { tolerance * base } else { thresholds.floor };
    let verdict = if worse > allowed {
        Verdict::Regressed
    } else if -worse > allowed {
        Verdict::Improved
    } else {
        Verdict::Unchanged
    };
    let change = if base > 0.0 { Change::Relative(head / base - 1.0) } else { Change::Absolute(head - base) };
    (verdict, Some(Effect { change, precision: Precision::Exact }))
}

/// What is said of a metric that only one side has, or that cannot be compared.
fn alone(metric: &Metric, stored: Option<&Incomparable>, evidence: &Evidence<'_>, resolved: &Resolved<'_>) -> Said {
    let of = |run: Option<&crate::model::Run>| run.and_then(|run| run.series.get(&metric.id)).cloned();
    let (base, head) = (of(evidence.base), of(Some(evidence.head)));
    let suite = &metric.id.benchmark.suite;
    let verdict = match (&base, &head) {
        (_, Some(_)) if let Some(differences) = another_load(metric, evidence) => {
            Verdict::NotComparable(Incomparable::Conditions(differences.clone()))
        }
        (_, Some(_)) if evidence.base_failed.contains(suite) => Verdict::NotComparable(Incomparable::BaseFailed),
        (Some(base), Some(head)) if base.metric.unit != head.metric.unit => {
            Verdict::NotComparable(Incomparable::Unit {
                base: base.metric.unit.symbol().to_owned(),
                head: head.metric.unit.symbol().to_owned(),
            })
        }
        (Some(_), Some(_)) => Verdict::Inconclusive(Doubt::TooFewRounds { have: 0, need: ROUNDS_MIN }),
        (None, Some(_)) => match stored {
            Some(reason) => Verdict::NotComparable(reason.clone()),
            None if evidence.by_stored.contains(suite) && has_stored_runs(evidence, suite) => Verdict::New,
            None if evidence.by_stored.contains(suite) => Verdict::NotComparable(Incomparable::NoBaseline),
            None => Verdict::New,
        },
        (_, None) => Verdict::Missing,
    };
    let values = |series: Option<crate::model::Series>| side(series?.statistics().into_values().collect());
    Said {
        verdict,
        method: Method::Alone,
        base: values(base),
        head: values(head),
        effect: None,
        thresholds: resolved.thresholds,
        detectable_ratio: None,
        warnings: Vec::new(),
    }
}

/// What of the load differs under which a metric was measured in base, or in what base has stored.
fn another_load<'e>(metric: &Metric, evidence: &'e Evidence<'_>) -> Option<&'e Vec<ConditionDifference>> {
    evidence.conditions.get(&metric.id.benchmark.suite)
}

/// Whether the stored runs of a suite hold anything at all that is comparable.
fn has_stored_runs(evidence: &Evidence<'_>, suite: &crate::model::Name) -> bool {
    evidence.stored.iter().any(|(id, stored)| id.benchmark.suite == *suite && stored.is_ok())
}

/// Adds budget, waiver and policy to what was said.
fn finish(metric: Metric, said: Said, resolved: &Resolved<'_>, setting: &Setting<'_>) -> Row {
    let Setting { evidence, policy, circumstances, budget_level, .. } = *setting;
    let exact = matches!(said.effect, Some(Effect { precision: Precision::Exact, .. }));
    let doubted = setting.canary == Some(CanaryState::Moved) && !exact;
    let counted = evidence.head.series.get(&metric.id).filter(|_| !exact);
    let counted = counted.and_then(|series| counts::bounds(series, budget_level));
    let bounds = counted.or_else(|| said.head.as_ref().map(|head| budget::bounds(head, exact, budget_level)));
    let budget =
        resolved.budget.zip(bounds).map(|(rule, bounds)| budget::check(&rule.budget, bounds, metric.direction));
    let condemned = setting.timely.condemns(&metric);
    let budget = if condemned { resolved.budget.map(|rule| budget::unknown(&rule.budget)) } else { budget };
    let budget = if doubted { budget.as_ref().map(budget::doubted) } else { budget };
    let verdict = if doubted { decide::doubted(said.verdict) } else { said.verdict };
    let worse_sign = match metric.direction {
        Direction::LowerIsBetter => 1.0,
        Direction::HigherIsBetter => -1.0,
    };
    let surely = bounds.map(|(low, high)| if worse_sign > 0.0 { low } else { high });
    let waiver = resolved
        .waiver
        .map(|waiver| decide::waiver_state(waiver, circumstances.today, said.effect.as_ref(), surely, worse_sign));
    let limited = budget.as_ref().map(|check| (check, resolved.budget_severity));
    let outcome = decide::outcome(&verdict, resolved.severity, limited, waiver.as_ref(), &policy.gate);
    // Another load is as if base's benchmarks were gone: a change that could choose its load would choose its own bar.
    // Stored runs of another load leave no bar either, until someone stores new ones.
    let another_load =
        matches!(verdict, Verdict::NotComparable(Incomparable::Conditions(_) | Incomparable::StoredConditions(_)));
    let evades = another_load && policy.gate.missing == OnTrouble::Fail;
    let blocks = required(circumstances) || evades;
    let outcome = if blocks || outcome != Outcome::FailNotComparable { outcome } else { Outcome::Warn };
    let mut warnings: BTreeSet<Warning> = said.warnings.into_iter().collect();
    if evidence.sources_changed.contains(&metric.id.benchmark.suite) {
        warnings.insert(Warning::SourceChanged);
    }
    Row {
        verdict: with_budget(verdict, budget.as_ref()),
        base: said.base,
        head: said.head,
        effect: said.effect,
        method: said.method,
        thresholds: said.thresholds,
        budget,
        waiver,
        outcome,
        detectable_ratio: said.detectable_ratio,
        warnings: warnings.into_iter().collect(),
        owner: resolved.owner.map(str::to_owned),
        drift: None,
        metric,
    }
}

/// Whether the user asked for stored baselines alone, so that one that cannot be compared with is a failure.
fn required(circumstances: &Circumstances) -> bool {
    match circumstances.against {
        Against::Baseline => true,
        Against::Auto | Against::Base => false,
    }
}

/// A missed critical limit is the verdict, unless the metric regressed: that says more, and the budget is shown beside it.
fn with_budget(verdict: Verdict, budget: Option<&BudgetCheck>) -> Verdict {
    match (budget.map(|check| check.level), verdict) {
        (Some(BudgetLevel::Critical), verdict) if !matches!(verdict, Verdict::Regressed | Verdict::Missing) => {
            Verdict::OverBudget
        }
        (Some(_) | None, verdict) => verdict,
    }
}
