//! Which metrics are tested together, which are compared exactly, and which benchmarks want more rounds.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Policy, Resolved, Severity};
use crate::model::sample::BEYOND_MIN;
use crate::model::{BenchmarkId, Determinism, Doubt, Metric, MetricId, Run, Series, TestFamily, Thresholds};

use super::late::Timely;
use super::pair::{Pairs, Scale};
use super::procedure::{self, Assessed, Decision, Member, Phase, Settings};

/// Rounds after which a metric that is declared exact and did not spread is taken as exact.
const EXACT_ROUNDS: u32 = 3;
/// A metric that is declared exact and spreads is allowed this many times its own spread.
const SPREAD_FACTOR: f64 = 3.0;

/// One metric that both arms have.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) pairs: Pairs,
    pub(super) test: Test,
    pub(super) thresholds: Thresholds,
    /// Declared exact, and spread all the same.
    pub(super) not_exact: bool,
}

/// How a metric is judged.
#[derive(Clone, Debug)]
pub(super) enum Test {
    /// Declared exact, and no arm spread.
    Exact,
    /// In the family whose false alarms are bounded for the whole run.
    Blocking(Member),
    /// In the family of those that only warn: it never asks for rounds.
    Advisory(Member),
    /// Shown and not judged, whatever the rounds say.
    Reported(Doubt),
}

/// Every metric that both arms have, by how it is judged.
#[derive(Clone, Debug)]
pub(super) struct Family {
    pub(super) entries: BTreeMap<MetricId, Entry>,
}

impl Family {
    /// Pairs the rounds of both runs and sorts the metrics into families.
    pub(super) fn new(base: &Run, head: &Run, policy: &Policy) -> Self {
        let entries = head
            .series
            .iter()
            .filter_map(|(id, head)| {
                let base = base.series.get(id).filter(|base| base.metric.unit == head.metric.unit)?;
                let resolved = policy.resolve(&head.metric);
                let pairs = Pairs::new(base, head, resolved.direction)?;
                let exact = head.metric.determinism == Determinism::Exact;
                let mut entry = Entry::new(pairs, exact, &resolved);
                if let Some(doubt) = thin_tail(base, head) {
                    entry.test = Test::Reported(doubt);
                }
                Some((id.clone(), entry))
            })
            .collect();
        Self { entries }
    }

    /// The decision on every metric of the two families.
    pub(super) fn assess(&self, rounds_run: u32, phase: Phase, settings: &Settings) -> BTreeMap<&MetricId, Assessed> {
        let pick = |wanted: fn(&Test) -> Option<&Member>| -> (Vec<&MetricId>, Vec<Member>) {
            self.entries.iter().filter_map(|(id, entry)| Some((id, wanted(&entry.test)?.clone()))).unzip()
        };
        let (blocking, members) = pick(|test| if let Test::Blocking(member) = test { Some(member) } else { None });
        let assessed = procedure::assess(&members, rounds_run, phase, settings);
        let (advisory, others) = pick(|test| if let Test::Advisory(member) = test { Some(member) } else { None });
        let looked = procedure::single_look(&others, rounds_run, settings);
        blocking.into_iter().zip(assessed).chain(advisory.into_iter().zip(looked)).collect()
    }

    /// How many metrics share the promise of the run.
    pub(super) fn size(&self) -> usize {
        self.entries.values().filter(|entry| matches!(entry.test, Test::Blocking(_))).count()
    }
}

impl Entry {
    fn new(pairs: Pairs, declared_exact: bool, resolved: &Resolved<'_>) -> Self {
        let mut thresholds = resolved.thresholds;
        if declared_exact && pairs.exact() {
            return Self { pairs, test: Test::Exact, thresholds, not_exact: false };
        }
        if declared_exact {
            let spread = SPREAD_FACTOR * spread_ratio(&pairs);
            thresholds.tolerance_ratio = thresholds.tolerance_ratio.max(spread);
            thresholds.must_detect_ratio = thresholds.must_detect_ratio.max(thresholds.tolerance_ratio + spread);
        }
        // Base's value as stage 1 saw it: a tolerance that moved with later rounds would change what was decided, and what they are tested
        // against would depend on them.
        let (tolerance, must_detect) = thresholds.with_floor_at(pairs.base_before(procedure::STAGE_ROUNDS));
        // Where no ratio exists the floor is all there is: twice the floor must not slip through. That also holds for rates and growths,
        // whose ratio to a base near 0 says little.
        let twice = (2.0 * thresholds.floor).max(f64::MIN_POSITIVE);
        let must_detect = match (pairs.scale, pairs.threshold(must_detect)) {
            (Scale::Rates | Scale::Growth, Some(must_detect)) => must_detect.max(twice),
            (Scale::LogRatio | Scale::Absolute, Some(must_detect)) => must_detect,
            (_, None) => twice,
        };
        let member = Member {
            differences: pairs.differences.iter().map(|d| (d.round, d.worse)).collect(),
            tolerance: pairs.threshold(tolerance).unwrap_or(thresholds.floor),
            must_detect,
            counts: pairs.counts.clone(),
        };
        let test = match resolved.severity {
            Severity::Blocking => Test::Blocking(member),
            Severity::Advisory | Severity::Ignored => Test::Advisory(member),
        };
        Self { pairs, test, thresholds, not_exact: declared_exact }
    }
}

/// Why an extreme quantile is not judged: in the middle round of stage 1 too few values lie beyond it.
fn thin_tail(base: &Series, head: &Series) -> Option<Doubt> {
    let stage = |series: &Series| series.rounds.range(..procedure::STAGE_ROUNDS).map(|(_, s)| s.beyond()).collect();
    let both: [Vec<Option<u64>>; 2] = [stage(base), stage(head)];
    let mut beyond: Vec<u64> = both.into_iter().flatten().collect::<Option<_>>()?;
    beyond.sort_unstable();
    let middle = *beyond.get(beyond.len().checked_sub(1)? / 2)?;
    (middle < BEYOND_MIN).then_some(Doubt::TailTooThin { beyond: middle, need: BEYOND_MIN })
}

/// The largest relative spread of either arm.
fn spread_ratio(pairs: &Pairs) -> f64 {
    [&pairs.base, &pairs.head]
        .into_iter()
        .map(|side| {
            let low = side.statistics.iter().copied().fold(f64::INFINITY, f64::min);
            let high = side.statistics.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            if low > 0.0 { high / low - 1.0 } else { 0.0 }
        })
        .fold(0.0, f64::max)
}

/// The benchmarks that want more rounds. Without base (head alone is measured) each metric wants as many as stage 1 has.
pub fn undecided(base: Option<&Run>, head: &Run, policy: &Policy, rounds_run: u32) -> BTreeSet<BenchmarkId> {
    let settings = settings(policy);
    let timely = Timely::new(base, head);
    let (base, head) = (timely.base.as_deref(), &*timely.head);
    let family = base.map(|base| Family::new(base, head, policy));
    let assessed = family.as_ref().map(|family| family.assess(rounds_run, Phase::Measuring, &settings));
    let wants = |id: &MetricId, metric: &Metric| {
        if timely.may_pass(metric, settings.rounds_max) && policy.resolve(metric).severity == Severity::Blocking {
            return true;
        }
        let entry = family.as_ref().and_then(|family| family.entries.get(id));
        let enough = match (entry.map(|entry| &entry.test), metric.determinism) {
            (Some(Test::Blocking(_)), _) => {
                let decision =
                    assessed.as_ref().and_then(|assessed| assessed.get(id)).map(|assessed| assessed.decision);
                return decision == Some(Decision::Undecided);
            }
            (Some(Test::Exact), _) | (None, Determinism::Exact) => EXACT_ROUNDS,
            (Some(Test::Advisory(_) | Test::Reported(_)), _) | (None, Determinism::Noisy) => procedure::STAGE_ROUNDS,
        };
        rounds_run < enough
    };
    let series = head.series.iter().filter(|(id, series)| wants(id, &series.metric));
    series.map(|(id, _)| id.benchmark.clone()).collect()
}

/// The rounds after which it is asked who is undecided.
pub fn checkpoints(settings: &Settings) -> Vec<u32> {
    let mut rounds = procedure::checkpoints(settings);
    rounds.insert(0, EXACT_ROUNDS.min(rounds[0]));
    rounds.dedup();
    rounds
}

/// The procedure's settings under a policy: rounds in pairs have their share of the rate.
pub fn settings(policy: &Policy) -> Settings {
    let gate = &policy.gate;
    let false_alarm_rate = gate.shares.of(TestFamily::Pairs);
    Settings { false_alarm_rate, rounds_max: gate.rounds_max, patient: gate.patient }
}
