//! From samples and policy to verdicts. A pure function of its arguments: same rounds, same stored runs, same policy, same words out.

mod budget;
pub mod calibrate;
pub mod counts;
mod coverage;
pub mod decide;
mod drift;
mod family;
mod health;
pub mod history;
mod late;
mod layout;
mod pair;
pub mod procedure;
mod rows;
mod scattered;
pub mod selftest;
mod stored;
pub mod windows;
mod worse;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::config::{Against, Policy};
use crate::model::judgement::{Notice, PolicySource, Promise, Share, WaiverState};
use crate::model::verdict::{ConditionDifference, Incomparable};
use crate::model::{
    Anchor, BenchmarkId, CanaryState, Coverage, CoverageProblem, Identical, Judgement, MetricId, Name, Protocol, Role,
    Row, Run, RunVerdict, StoredMetric, TestFamily, Trouble,
};
use crate::stats::summary;

use self::rows::{Among, Judged};

pub use calibrate::calibrate;
pub use family::{checkpoints, settings, undecided};
pub use history::Levels;
pub use scattered::{PIECES, dominates, of_arms, scattered};
pub use stored::{Sight, sights};
pub use worse::by_both;

/// How the measuring ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Everything was decided, or the most rounds were run.
    Complete,
    /// The time limit.
    TimeLimit,
    /// The user.
    Interrupted,
}

/// Everything that was measured or stored.
#[derive(Clone, Debug)]
pub struct Evidence<'a> {
    /// Base, measured here; `None` where head alone was measured.
    pub base: Option<&'a Run>,
    /// Head, measured here.
    pub head: &'a Run,
    /// The rounds that were run.
    pub rounds_run: u32,
    /// How they went.
    pub protocol: &'a Protocol,
    /// What the stored baselines say, for the suites that are judged by them.
    pub stored: &'a BTreeMap<MetricId, Result<StoredMetric, Incomparable>>,
    /// Where their levels changed, as far as it was worked out before.
    pub levels: &'a Levels,
    /// The suites that are judged by them.
    pub by_stored: &'a BTreeSet<Name>,
    /// The suites that are about what runs already: of base there is nothing to measure.
    pub elsewhere: &'a BTreeSet<Name>,
    /// What the release has stored that drift is counted from.
    pub anchor: Option<&'a Anchor>,
    /// What went wrong while measuring.
    pub troubles: &'a [CoverageProblem],
    /// Suites whose benchmark sources differ between base and head.
    pub sources_changed: &'a BTreeSet<Name>,
    /// Suites of which base could not be measured.
    pub base_failed: &'a BTreeSet<Name>,
    /// Suites whose load is another one in base, and what of it.
    pub conditions: &'a BTreeMap<Name, Vec<ConditionDifference>>,
    /// How the measuring ended.
    pub ending: Ending,
    /// How long it took, in seconds.
    pub elapsed_s: u64,
}

impl<'a> Evidence<'a> {
    /// Rounds of head, beside base's where there are any, that ended of themselves; nothing is stored, known of how they went, or went wrong.
    pub fn of(base: Option<&'a Run>, head: &'a Run, rounds_run: u32) -> Self {
        static NOTHING_STORED: BTreeMap<MetricId, Result<StoredMetric, Incomparable>> = BTreeMap::new();
        static NO_LEVELS: Levels = Levels::unknown();
        static NO_CONDITIONS: BTreeMap<Name, Vec<ConditionDifference>> = BTreeMap::new();
        static NO_SUITES: BTreeSet<Name> = BTreeSet::new();
        static UNKNOWN: Protocol =
            Protocol { first: BTreeMap::new(), round_s: BTreeMap::new(), canary: None, identical: Vec::new() };
        Self {
            base,
            head,
            rounds_run,
            protocol: &UNKNOWN,
            stored: &NOTHING_STORED,
            levels: &NO_LEVELS,
            by_stored: &NO_SUITES,
            elsewhere: &NO_SUITES,
            anchor: None,
            troubles: &[],
            sources_changed: &NO_SUITES,
            base_failed: &NO_SUITES,
            conditions: &NO_CONDITIONS,
            ending: Ending::Complete,
            elapsed_s: 0,
        }
    }
}

/// What else a judgement says and depends on.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// What head was compared with.
    pub base: Option<crate::model::Revision>,
    /// Today, for the expiry of waivers.
    pub today: Date,
    /// The seed of the coins.
    pub seed: u64,
    /// Where the policy came from.
    pub policy: PolicySource,
    /// What was asked for.
    pub against: Against,
    /// What the report must say beside the rows.
    pub notices: Vec<Notice>,
}

/// Judges a run.
pub fn judge(evidence: &Evidence<'_>, policy: &Policy, circumstances: &Circumstances) -> Judgement {
    let measured = evidence;
    let timely = late::Timely::new(measured.base, measured.head);
    let evidence = &Evidence { base: timely.base.as_deref(), head: &timely.head, ..measured.clone() };
    let family = evidence.base.map(|base| family::Family::new(base, evidence.head, policy));
    let canary = health::canary(evidence, policy);
    let state = canary.as_ref().map(|check| check.state);
    let judged = rows::rows(
        evidence,
        &Among { measured, timely: &timely, family: family.as_ref(), canary: state },
        policy,
        circumstances,
    );
    let (expected, measured) = benchmarks(evidence);
    let identical = evidence.protocol.identical.clone();
    let mut coverage = coverage::cover(&expected, &measured, evidence.troubles);
    coverage.proved = identical.iter().map(|suite| suite.benchmarks.len().max(1)).sum();
    coverage.expected += coverage.proved;
    coverage.limited = limited(&judged.rows, evidence.elsewhere);
    // Whether something is new cannot be known where base gave nothing.
    let unknown = |suite: &Name| evidence.base_failed.contains(suite) || evidence.conditions.contains_key(suite);
    coverage.problems.retain(|problem| problem.trouble != Trouble::New || !unknown(&problem.suite));
    let verdict = if everything_proved(evidence, &judged.rows, &coverage) {
        RunVerdict::Pass
    } else {
        decide::run_verdict(judged.rows.iter().map(|row| row.outcome), &coverage, state, &policy.gate)
    };
    let mut notices = circumstances.notices.clone();
    notices.extend(own_notices(evidence, policy, &judged.rows));
    notices.extend(expired(&judged.rows));
    notices.sort();
    notices.dedup();
    Judgement {
        base: circumstances.base.clone(),
        head: evidence.head.revision.clone(),
        environment: evidence.head.environment.clone(),
        seed: circumstances.seed,
        elapsed_s: evidence.elapsed_s,
        policy: circumstances.policy.clone(),
        verdict,
        promise: promise(&judged, policy),
        rows: judged.rows,
        coverage,
        // What base against itself shows to be untrue of the rounds is untrue of all benchmarks together.
        common_shift: family
            .as_ref()
            .filter(|_| state != Some(CanaryState::Moved))
            .and_then(|family| health::common_shift(evidence, family)),
        order_bias: family.as_ref().and_then(|family| health::order_bias(evidence, family)),
        canary,
        notices,
        identical,
    }
}

/// How many benchmarks of these suites have a budget that could be decided.
fn limited(rows: &[Row], suites: &BTreeSet<Name>) -> usize {
    let decided = |row: &&Row| row.budget.as_ref().is_some_and(|check| check.undecided.is_none());
    let own = rows.iter().filter(|row| suites.contains(&row.metric.id.benchmark.suite));
    own.filter(decided).map(|row| &row.metric.id.benchmark).collect::<BTreeSet<_>>().len()
}

/// Whether there was nothing to measure beside what passes by proof: then no number is missed. A suite that was run and gave nothing, or could
/// not be built, is not of that kind.
fn everything_proved(evidence: &Evidence<'_>, rows: &[Row], coverage: &Coverage) -> bool {
    let nothing_to_run = evidence.ending == Ending::Complete && evidence.rounds_run == 0;
    nothing_to_run && !evidence.protocol.identical.is_empty() && rows.is_empty() && coverage.problems.is_empty()
}

/// The benchmarks that base or the stored runs have, and those that head has.
fn benchmarks(evidence: &Evidence<'_>) -> (BTreeSet<BenchmarkId>, BTreeSet<BenchmarkId>) {
    let of = |run: &Run| run.series.keys().map(|id| id.benchmark.clone()).collect::<BTreeSet<_>>();
    let mut expected = evidence.base.map(of).unwrap_or_default();
    expected.extend(evidence.stored.iter().filter(|(_, stored)| stored.is_ok()).map(|(id, _)| id.benchmark.clone()));
    (expected, of(evidence.head))
}

/// What the evidence itself makes the report say.
fn own_notices(evidence: &Evidence<'_>, policy: &Policy, rows: &[Row]) -> Vec<Notice> {
    let mut notices = match evidence.ending {
        Ending::Complete => Vec::new(),
        Ending::TimeLimit => vec![Notice::TimeLimit { limit_s: policy.gate.time_limit.as_secs() }],
        Ending::Interrupted => vec![Notice::Interrupted],
    };
    if evidence.base.is_some_and(|base| base.revision.tree == evidence.head.revision.tree) {
        notices.push(Notice::SameTree);
    }
    let policy = &measured(policy, &evidence.protocol.identical);
    for waiver in &policy.waivers {
        if rows.iter().all(|row| row.metric.id.to_string() != waiver.id) {
            notices.push(Notice::WaiverUnused { id: waiver.id.clone(), line: waiver.line });
        }
    }
    let unused = policy.unused(rows.iter().map(|row| &row.metric));
    notices.extend(unused.into_iter().map(|selector| Notice::RuleUnused { selector }));
    notices
}

/// The policy without what is about suites that were not run: it did not find its metrics, and is not to blame for that.
fn measured(policy: &Policy, identical: &[Identical]) -> Policy {
    let mut policy = policy.clone();
    for Identical { suite, .. } in identical {
        policy.rules.retain(|rule| !rule.selector.may_select(suite));
        policy.budgets.retain(|rule| !rule.selector.may_select(suite));
        policy.waivers.retain(|waiver| !waiver.id.starts_with(&format!("{suite}/")));
    }
    policy
}

/// What is to be done about waivers whose day has passed; each is named, whether its metric is worse or not.
fn expired(rows: &[Row]) -> impl Iterator<Item = Notice> {
    rows.iter().filter_map(|row| match &row.waiver {
        Some(WaiverState::Expired(waiver)) => Some(Notice::Note(format!(
            "The waiver for {} (line {} of tollgate-waivers.toml) expired after {}: delete it, or agree on a new one.",
            waiver.id, waiver.line, waiver.until
        ))),
        Some(WaiverState::Covers(_) | WaiverState::CeilingExceeded(_)) | None => None,
    })
}

/// The promise of the run in numbers. What only informs takes no part in it.
fn promise(judged: &Judged, policy: &Policy) -> Promise {
    let checks = judged.rows.iter().filter(|row| row.metric.role == Role::Gated);
    let detectable: Vec<(&MetricId, f64)> =
        checks.filter_map(|row| Some((&row.metric.id, row.detectable_ratio?))).collect();
    let ratios: Vec<f64> = detectable.iter().map(|(_, ratio)| *ratio).collect();
    let worst = detectable.iter().max_by(|a, b| a.1.total_cmp(&b.1).then_with(|| b.0.cmp(a.0)));
    let shares = &policy.gate.shares;
    let share = |family| Share { family, rate: shares.of(family), checks: judged.checks(family) };
    Promise {
        false_alarm_rate: shares.rate(),
        shares: shares.families().map(share).collect(),
        family: judged.checks(TestFamily::Pairs),
        detectable_median_ratio: summary::median(&ratios),
        detectable_worst: worst.map(|(id, ratio)| ((*id).clone(), *ratio)),
        stored: judged.stored,
    }
}
