//! Judges what an untrusted job measured: its numbers, by the policy and the baselines that the base branch has now. Refuses to believe anything
//! else in the artifact: whom it is about comes from GitHub, what is expected from base, and every word is written here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::ci::CiContext;
use crate::cli::CheckArgs;
use crate::commands::check::choice::{self, Choice};
use crate::commands::check::evidence::{Gathered, stored};
use crate::commands::check::planned::require_suites;
use crate::commands::check::sources::{Sources, baselines, config_at, git, no_config};
use crate::commands::check::{anchor, dated, provable, verdicts};
use crate::commands::measuring::Session;
use crate::commands::{Code, Context, Failure};
use crate::config::Against;
use crate::git::Repository;
use crate::measure::evidence::{self, Fact, FILE, Measurement};
use crate::model::judgement::{Notice, PolicySource};
use crate::model::{Judgement, Name};
use crate::plan::Plan;
use crate::publish::artifact;

use super::missing;

/// The pull request that an artifact is judged for, as GitHub tells it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The branch that it goes to.
    pub(crate) base_branch: String,
    /// The tip of its own branch.
    pub(crate) head_sha: String,
    /// What GitHub made of both to be tested; may be newer than what was measured.
    pub(crate) merge_sha: Option<String>,
}

/// The judgement of each job whose evidence lies at `path`, by the job's name; empty where there is but one.
pub(crate) fn judge_artifact(path: &Path, asked: &Asked, context: &Context) -> Result<Vec<(String, Judgement)>, Failure> {
    let refused = |error: &dyn std::error::Error, hint| Failure::new(Code::NotCovered, "no verdict", error, hint);
    let files = artifact::read(path, FILE, evidence::BYTES_MAX).map_err(|error| refused(&error, error.hint()))?;
    let repository = Repository::discover(&context.directory).map_err(git)?;
    let lock = repository.lock().map_err(git)?;
    let tip = repository.revision(&format!("refs/remotes/origin/{}", asked.base_branch)).map_err(git)?;
    let config = config_at(&repository, &tip)?.ok_or_else(|| no_config(&repository))?;
    require_suites([&config])?;
    let mut sources = Sources {
        ci: CiContext::Local,
        head: tip.clone(),
        head_config: config.clone(),
        config,
        policy: PolicySource::Base,
        baselines: baselines(&repository, &tip)?,
        base: tip,
        repository,
        notices: Vec::new(),
        attempt: String::new(),
        _lock: lock,
    };
    let mut judgements = Vec::new();
    for (job, bytes) in files {
        let measurement = evidence::from_json(&bytes).map_err(|error| refused(&error, error.hint()))?;
        judgements.push((job, judge(&mut sources, measurement, asked, context)));
    }
    Ok(judgements)
}

/// Judges one measurement.
fn judge(sources: &mut Sources, measurement: Measurement, asked: &Asked, context: &Context) -> Judgement {
    sources.head = measurement.measured.head.revision.clone();
    sources.notices = std::iter::once(Notice::SecondHand).chain(claims(sources, &measurement, asked)).collect();
    let Choice { by_stored, why } = choose(sources, &measurement, context);
    let plan = plan(sources, &measurement, &by_stored, &why);
    let gathered = gather(sources, &plan, measurement, by_stored, context);
    verdicts::reach(&CheckArgs::default(), context, sources, &plan, &gathered)
}

/// What the artifact says of revisions and cannot be right, or can no longer be checked. Nothing else depends on what it says of them.
fn claims(sources: &Sources, measurement: &Measurement, asked: &Asked) -> Vec<Notice> {
    let mut notices = Vec::new();
    let head = &measurement.measured.head.revision;
    if head.commit != asked.head_sha && Some(&head.commit) != asked.merge_sha.as_ref() {
        notices.push(Notice::Note(format!(
            "The artifact says that it measured {}, which is neither the pull request's head {} nor what GitHub merges it as now: base has \
             moved on since, or it is of another change.",
            head.short(),
            short(&asked.head_sha)
        )));
    }
    let base = &measurement.base;
    if sources.repository.is_ancestor(&base.commit, &sources.base.commit) != Some(true) {
        notices.push(Notice::Note(format!(
            "The artifact says that its base was {}, which the base branch does not contain.",
            base.short()
        )));
    }
    notices
}

/// The first nine digits of a commit.
fn short(commit: &str) -> String {
    commit.chars().take(9).collect()
}

/// The suites that stored runs decide: of those that were measured for it, the ones that base's policy leaves to them.
fn choose(sources: &Sources, measurement: &Measurement, context: &Context) -> Choice {
    let measured_so: BTreeSet<Name> = measurement.suites_with(Fact::ByStored);
    let of_base = measurement.measured.base.iter().flat_map(|run| run.series.keys());
    let paired: BTreeSet<&Name> = of_base.map(|id| &id.benchmark.suite).collect();
    let wanted: BTreeSet<Name> = measured_so.into_iter().filter(|suite| !paired.contains(suite)).collect();
    let policy = &sources.config.policy;
    match policy.gate.against {
        Against::Base => Choice::default(),
        Against::Baseline => Choice { by_stored: wanted, why: BTreeMap::new() },
        Against::Auto => {
            let here = || measurement.measured.head.environment.clone();
            choice::make(&sources.baselines, &wanted, policy, here, context.now_s)
        }
    }
}

/// The plan of base's suites, with the limits by which was measured.
fn plan(
    sources: &Sources,
    measurement: &Measurement,
    by_stored: &BTreeSet<Name>,
    why: &BTreeMap<Name, String>,
) -> Plan {
    let config = &sources.config;
    let mut plan = Plan::new(Some(config), config, by_stored, measurement.seed).explained(why);
    let changed = measurement.suites_with(Fact::Changed);
    for suite in &mut plan.suites {
        suite.changed = changed.contains(&suite.name);
    }
    plan.rounds_max = measurement.limits.rounds_max;
    plan.patient = measurement.limits.patient;
    plan.time_limit = measurement.limits.time_limit;
    plan
}

/// The measurement beside what base has stored, with what it leaves out.
fn gather(
    sources: &Sources,
    plan: &Plan,
    measurement: Measurement,
    by_stored: BTreeSet<Name>,
    context: &Context,
) -> Gathered {
    let [changed, sources_changed, base_failed] =
        [Fact::Changed, Fact::SourcesChanged, Fact::BaseFailed].map(|fact| measurement.suites_with(fact));
    let mut measured = measurement.measured;
    let policy = &sources.config.policy;
    let allowed =
        |suite: &Name| provable::allows(policy, suite) && !changed.contains(suite) && !by_stored.contains(suite);
    measured.protocol.identical.retain(|identical| allowed(&identical.suite));
    let expected: BTreeSet<Name> = sources.config.suites.iter().map(|suite| suite.name.clone()).collect();
    measured.troubles.extend(missing::suites(expected.iter(), &measured, &by_stored));
    let environment = measured.head.environment.clone();
    let mut stored = stored(sources, &environment, &by_stored);
    let (anchor, mut notices) = anchor::read(sources, plan, &environment);
    notices.extend(dated::notices(sources, &stored, context.now_s));
    for (id, metric) in missing::stored(&sources.baselines, &expected, &measured) {
        stored.entry(id).or_insert(Ok(metric));
    }
    let session = Session::elsewhere(measured, base_failed);
    Gathered { session, stored, by_stored, sources_changed, anchor, notices }
}
