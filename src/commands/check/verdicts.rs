//! Puts the evidence before the judge, by base's policy and, where the change touches the policy, by head's too.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cli::CheckArgs;
use crate::commands::Context;
use crate::config::Policy;
use crate::judge::{self, Circumstances, Ending, Evidence};
use crate::measure::rounds::Ended;
use crate::model::judgement::{Notice, PolicySource};
use crate::model::{Determinism, Judgement, Kind, Metric, Role};
use crate::plan::{Plan, PlannedSuite};

use super::evidence::Gathered;
use super::planned::against;
use super::sources::Sources;

/// Judges.
pub(crate) fn reach(
    args: &CheckArgs,
    context: &Context,
    sources: &Sources,
    plan: &Plan,
    gathered: &Gathered,
) -> Judgement {
    let session = &gathered.session;
    let evidence = Evidence {
        base: session.measured.base.as_ref(),
        head: &session.measured.head,
        rounds_run: session.measured.rounds_run,
        protocol: &session.measured.protocol,
        stored: &gathered.stored,
        levels: &gathered.levels,
        by_stored: &gathered.by_stored,
        elsewhere: &plan.elsewhere(),
        anchor: gathered.anchor.as_ref(),
        troubles: &session.measured.troubles,
        sources_changed: &gathered.sources_changed,
        base_failed: &session.base_failed,
        conditions: &plan.conditions(),
        ending: match session.measured.ended {
            Ended::Complete => Ending::Complete,
            Ended::TimeLimit => Ending::TimeLimit,
            Ended::Interrupted => Ending::Interrupted,
        },
        elapsed_s: session.measured.elapsed.as_secs(),
    };
    let circumstances = Circumstances {
        // Elsewhere base's branch may have moved on since it was measured.
        base: Some(session.measured.base.as_ref().map_or(&sources.base, |run| &run.revision).clone()),
        today: today(context.now_s),
        seed: plan.seed,
        policy: sources.policy.clone(),
        against: against(args, sources),
        notices: notices(args, sources, plan, gathered),
    };
    let judgement = judge::judge(&evidence, &limited(&sources.config.policy, plan), &circumstances);
    match heads_policy(sources, plan) {
        Some(policy) => judge::by_both(judgement, &judge::judge(&evidence, &policy, &circumstances)),
        None => judgement,
    }
}

/// Head's own policy, where the change touches the policy and is held to both.
pub(super) fn heads_policy(sources: &Sources, plan: &Plan) -> Option<Policy> {
    match &sources.policy {
        PolicySource::BaseAndHead { .. } => Some(limited(&sources.head_config.policy, plan)),
        PolicySource::Base | PolicySource::Head | PolicySource::Given { .. } | PolicySource::Defaults => None,
    }
}

/// A policy with the limits by which was measured, and with its false-alarm rate shared as the plan says.
pub(super) fn limited(policy: &Policy, plan: &Plan) -> Policy {
    let mut policy = policy.clone();
    policy.gate.time_limit = plan.time_limit;
    policy.gate.rounds_max = plan.rounds_max;
    policy.gate.patient = plan.patient;
    policy.gate.shares = policy.gate.shares.among(plan.shares.families());
    policy
}

/// The day in UTC.
pub(crate) fn today(now_s: i64) -> Date {
    Timestamp::from_second(now_s).map_or(Date::MIN, |now| now.to_zoned(TimeZone::UTC).date())
}

/// What the report must say that the evidence does not.
fn notices(args: &CheckArgs, sources: &Sources, plan: &Plan, gathered: &Gathered) -> Vec<Notice> {
    let changed = plan.suites.iter().filter(|suite| suite.changed);
    let changed = changed.map(|suite| Notice::SuiteChanged { suite: suite.name.to_string() });
    let stored = plan.suites.iter().filter_map(judged_how);
    let said = sources.notices.iter().chain(&gathered.notices).cloned();
    let said = said.chain(gathered.session.measured.notes.iter().cloned().map(Notice::Note));
    said.chain(changed).chain(stored).chain(no_canary(plan, gathered)).chain(nothing_selected(args, gathered)).collect()
}

/// That base had times and was not run against itself all the same: where it has none, there is nothing to miss.
fn no_canary(plan: &Plan, gathered: &Gathered) -> Option<Notice> {
    let measured = &gathered.session.measured;
    let is_time = |metric: &Metric| {
        (metric.kind, metric.determinism, metric.role) == (Kind::Time, Determinism::Noisy, Role::Gated)
    };
    let missed = plan.canary
        && measured.rounds_run > 0
        && measured.protocol.canary.is_none()
        && measured.base.iter().flat_map(|base| base.series.values()).any(|series| is_time(&series.metric));
    missed.then(|| {
        Notice::Note(
            "Base was not run against itself: twenty more runs of its cheapest benchmark would have taken more than a quarter of the time limit, or failed. `canary = false` says that this is meant."
                .to_owned(),
        )
    })
}

/// Why a suite was judged by stored runs, or was not although there are some.
fn judged_how(suite: &PlannedSuite) -> Option<Notice> {
    let why = suite.why.as_ref()?;
    let how = if suite.by_stored { "by stored runs" } else { "by rounds of base and head, not by its stored runs" };
    Some(Notice::Note(format!("{} was judged {how}: {why}.", suite.name)))
}

/// That `--only` is why nothing was measured.
fn nothing_selected(args: &CheckArgs, gathered: &Gathered) -> Option<Notice> {
    let measured = &gathered.session.measured;
    let nothing = measured.head.series.is_empty() && measured.base.as_ref().is_none_or(|base| base.series.is_empty());
    let proved = !measured.protocol.identical.is_empty();
    (nothing && !proved && !args.only.is_empty() && measured.troubles.is_empty()).then(|| {
        Notice::Note(format!(
            "No benchmark is called as --only says ({}). It is a glob over suite/benchmark, as the report names them, and * also matches /.",
            args.only.join(", ")
        ))
    })
}
