//! Runs the plan and gathers what else the judge needs: stored runs, changed benchmark sources.

use std::collections::{BTreeMap, BTreeSet};

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::baseline::{self, BaselineFile};
use crate::cli::CheckArgs;
use crate::commands::measuring::{self, Job, Keep, Session};
use crate::commands::{Code, Context, Failure};
use crate::config::Suite;
use crate::judge::{self, Levels};
use crate::measure::handicap::Handicap;
use crate::model::judgement::Notice;
use crate::model::verdict::Incomparable;
use crate::model::{Anchor, Environment, MetricId, Name, Run, StoredMetric};
use crate::plan::Plan;

use super::planned::selection;
use super::provable;
use super::sources::{Sources, git};
use super::verdicts::{heads_policy, limited};
use super::{anchor, dated};

/// Everything that was measured or stored.
pub(crate) struct Gathered {
    pub(crate) session: Session,
    pub(crate) stored: BTreeMap<MetricId, Result<StoredMetric, Incomparable>>,
    /// Where their levels changed.
    pub(crate) levels: Levels,
    pub(crate) by_stored: BTreeSet<Name>,
    pub(crate) sources_changed: BTreeSet<Name>,
    pub(crate) anchor: Option<Anchor>,
    /// What must be said of stored runs.
    pub(crate) notices: Vec<Notice>,
}

/// Measures.
pub(crate) fn gather(args: &CheckArgs, context: &Context, sources: &Sources, plan: &Plan) -> Result<Gathered, Failure> {
    let way = Way { journal: if args.resume { Keep::Resume } else { Keep::New }, handicap: None };
    gather_by(args, context, sources, plan, way)
}

/// What the gate's test of itself does otherwise than a check.
pub(crate) struct Way {
    pub(crate) journal: Keep,
    pub(crate) handicap: Option<Handicap>,
}

/// Measures in this way.
pub(crate) fn gather_by(
    args: &CheckArgs,
    context: &Context,
    sources: &Sources,
    plan: &Plan,
    way: Way,
) -> Result<Gathered, Failure> {
    let policy = &limited(&sources.config.policy, plan);
    let selection = selection(args)?;
    let heads = heads_policy(sources, plan);
    let wanted = |base: Option<&Run>, head: &Run, rounds| {
        let mut wanted = judge::undecided(base, head, policy, rounds);
        // A policy that is stricter in head would otherwise be judged by rounds that were enough for base's alone.
        wanted.extend(heads.iter().flat_map(|policy| judge::undecided(base, head, policy, rounds)));
        wanted
    };
    let session = measuring::run(
        &Job {
            repository: &sources.repository,
            plan,
            base: Some(&sources.base),
            head: &sources.head,
            selection: &selection,
            checkpoints: judge::checkpoints(&judge::settings(policy)),
            wanted: &wanted,
            scattered: Some(&|base, head| judge::scattered(base, head, policy)),
            journal: way.journal,
            handicap: way.handicap,
            provable: provable::suites(sources, plan)?,
        },
        context,
    )?;
    let by_stored: BTreeSet<Name> = plan.suites.iter().filter(|s| s.by_stored).map(|s| s.name.clone()).collect();
    let stored: BTreeMap<_, _> = stored(sources, plan, &session.environment, &by_stored)
        .into_iter()
        .filter(|(id, _)| selection.matches(&id.benchmark))
        .collect();
    let (anchor, mut notices) = anchor::read(sources, plan, &session.environment);
    let levels = Levels::of(stored.values().flatten(), &sources.config.policy);
    notices.extend(dated::notices(sources, &stored, &levels, context.now_s));
    let sources_changed = sources_changed(sources, plan)?;
    Ok(Gathered { session, stored, levels, by_stored, sources_changed, anchor, notices })
}

/// What the stored runs say about the suites that they decide.
pub(crate) fn stored(
    sources: &Sources,
    plan: &Plan,
    here: &Environment,
    by_stored: &BTreeSet<Name>,
) -> BTreeMap<MetricId, Result<StoredMetric, Incomparable>> {
    let of_suite = |suite: &Name| -> Vec<BaselineFile> {
        sources.baselines.iter().filter(|file| file.suite == *suite).cloned().collect()
    };
    let loads = plan.loads();
    by_stored.iter().flat_map(|suite| baseline::comparable(&of_suite(suite), here, &loads)).collect()
}

/// The suites of which a benchmark source differs between base and head.
fn sources_changed(sources: &Sources, plan: &Plan) -> Result<BTreeSet<Name>, Failure> {
    let changed = sources.repository.changed(&sources.base.tree, &sources.head.tree).map_err(git)?;
    let mut suites = BTreeSet::new();
    for suite in plan.suites.iter().flat_map(|planned| planned.arms.values()) {
        let globs = globs(suite)?;
        let below =
            |path: &String| path_below(path, &suite.directory.to_string_lossy()).is_some_and(|p| globs.is_match(p));
        if changed.iter().any(below) {
            suites.insert(suite.name.clone());
        }
    }
    Ok(suites)
}

/// The benchmark sources of a suite. Each glob was checked when the config was read; all together may still be too large.
fn globs(suite: &Suite) -> Result<GlobSet, Failure> {
    let parsed: Result<Vec<Glob>, _> = suite.sources.iter().map(|pattern| Glob::new(pattern)).collect();
    let all = |globs: Vec<Glob>| {
        globs.into_iter().fold(GlobSetBuilder::new(), |mut set, glob| {
            set.add(glob);
            set
        })
    };
    parsed.and_then(|globs| all(globs).build()).map_err(|error| {
        let hint = Some(format!("name fewer or shorter `sources` in `[suite.{}]`", suite.name));
        Failure::new(Code::Config, "no verdict", &error, hint)
    })
}

/// A path relative to a folder of the repository; `None` where it lies elsewhere.
fn path_below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    let folder = folder.trim_start_matches("./").trim_end_matches('/');
    if folder.is_empty() || folder == "." { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') }
}
