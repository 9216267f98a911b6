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
use crate::commands::compare::{revision, somewhere};
use crate::commands::measuring::Session;
use crate::commands::{Code, Context, Failure};
use crate::config::{Adapter, Against};
use crate::git::Repository;
use crate::judge::{self, Circumstances, Evidence, Levels};
use crate::measure::evidence::{self, FILE, Fact, Measurement};
use crate::model::judgement::{Notice, PolicySource};
use crate::model::{Judgement, Name, Revision, Run};
use crate::plan::Plan;
use crate::publish::artifact;

use super::missing;

/// The pull request that an artifact is judged for, as GitHub tells it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The branch that it goes to.
    pub base_branch: String,
    /// The tip of its own branch.
    pub head_sha: String,
    /// What GitHub made of both to be tested; may be newer than what was measured.
    pub merge_sha: Option<String>,
}

/// What became of an artifact.
#[derive(Debug)]
pub struct Judged {
    /// The judgement of each job, by the job's name, which is empty where there is but one. Where the job's evidence was refused, the judgement
    /// says that nothing was measured, and why.
    pub jobs: Vec<(String, Judgement)>,
    /// The first refusal.
    pub refused: Option<Failure>,
}

/// Judges the evidence at `path`. What is refused is a judgement too: the pull request must not stay without a word. Fails where base has no
/// policy that can be read.
pub fn judge_artifact(path: &Path, asked: &Asked, context: &Context) -> Result<Judged, Failure> {
    let mut sources = sources(asked, context)?;
    let refusal = |error: &dyn std::error::Error, hint| Failure::new(Code::NotCovered, "no verdict", error, hint);
    let files = match artifact::read(path, FILE, evidence::BYTES_MAX) {
        Ok(files) => files.into_iter().map(|(job, bytes)| (job, Ok(bytes))).collect(),
        Err(error) => vec![(String::new(), Err(refusal(&error, error.hint())))],
    };
    let mut judged = Judged { jobs: Vec::new(), refused: None };
    for (job, bytes) in files {
        let measurement =
            bytes.and_then(|bytes| evidence::from_json(&bytes).map_err(|error| refusal(&error, error.hint())));
        let judgement = match measurement {
            Ok(measurement) => second(&mut sources, measurement, asked, context),
            Err(failure) => {
                let judgement = nothing(&sources, asked, &failure, context);
                judged.refused.get_or_insert(failure);
                judgement
            }
        };
        judged.jobs.push((job, judgement));
    }
    Ok(judged)
}

/// The policy and the baselines of the base branch's tip, in this clone.
fn sources(asked: &Asked, context: &Context) -> Result<Sources, Failure> {
    let repository = Repository::discover(&context.directory).map_err(git)?;
    let lock = repository.lock().map_err(git)?;
    let tip = repository.revision(&format!("refs/remotes/origin/{}", asked.base_branch)).map_err(git)?;
    let config = config_at(&repository, &tip)?.ok_or_else(|| no_config(&repository))?;
    require_suites([&config])?;
    Ok(Sources {
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
    })
}

/// The judgement where nothing could be taken: nothing was measured.
fn nothing(sources: &Sources, asked: &Asked, failure: &Failure, context: &Context) -> Judgement {
    let head = Revision { commit: asked.head_sha.clone(), dirty: false, ..revision("head of the pull request") };
    let run = Run::new(head, somewhere());
    let circumstances = Circumstances {
        base: Some(sources.base.clone()),
        today: verdicts::today(context.now_s),
        seed: 0,
        policy: PolicySource::Base,
        against: sources.config.policy.gate.against,
        notices: vec![Notice::SecondHand, Notice::Note(format!("What was measured is refused: {}.", failure.message))],
    };
    judge::judge(&Evidence::of(None, &run, 0), &sources.config.policy, &circumstances)
}

/// Judges one measurement.
fn second(sources: &mut Sources, measurement: Measurement, asked: &Asked, context: &Context) -> Judgement {
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
            let shares =
                |by_stored: &BTreeSet<Name>| Plan::new(Some(&sources.config), &sources.config, by_stored, 0).shares;
            choice::make(&sources.baselines, &wanted, &sources.config.loads(), policy, shares, here, context.now_s)
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
    let [changed, others] = [Fact::Changed, Fact::OtherConditions].map(|fact| measurement.suites_with(fact));
    let scenarios = config.suites.iter().filter(|suite| matches!(suite.adapter, Adapter::Scenario(_)));
    let scenarios: BTreeSet<&Name> = scenarios.map(|suite| &suite.name).collect();
    for suite in &mut plan.suites {
        suite.changed = changed.contains(&suite.name);
        // What differs is in a config that is not trusted here, and not known.
        suite.conditions = (others.contains(&suite.name) && scenarios.contains(&suite.name)).then(Vec::new);
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
    let of_head: BTreeSet<Name> = measured.head.series.keys().map(|id| id.benchmark.suite.clone()).collect();
    // A budget asks for head's own value, whatever base's is.
    let answers =
        |suite: &Name| of_head.contains(suite) || !policy.budgets.iter().any(|rule| rule.selector.may_select(suite));
    let allowed = |suite: &Name| {
        provable::allowed(policy) && answers(suite) && !changed.contains(suite) && !by_stored.contains(suite)
    };
    measured.protocol.identical.retain(|identical| allowed(&identical.suite));
    let expected: BTreeSet<Name> = sources.config.suites.iter().map(|suite| suite.name.clone()).collect();
    measured.troubles.extend(missing::suites(expected.iter(), &measured, &by_stored));
    let environment = measured.head.environment.clone();
    let mut stored = stored(sources, plan, &environment, &by_stored);
    let (anchor, mut notices) = anchor::read(sources, plan, &environment);
    let levels = Levels::of(stored.values().flatten(), policy);
    notices.extend(dated::notices(sources, &stored, &levels, context.now_s));
    for (id, metric) in missing::stored(&sources.baselines, &expected, &measured) {
        stored.entry(id).or_insert(Ok(metric));
    }
    let session = Session::elsewhere(measured, base_failed);
    Gathered { session, stored, levels, by_stored, sources_changed, anchor, notices }
}
