//! `tollgate baseline update`: measures this revision in separate runs and accepts them. Refuses to store half of a run.
#![expect(clippy::disallowed_methods, reason = "takes the time of each run")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::baseline::{BASELINE_FOLDER, Taken, accept, stored_run};
use crate::cli::BaselineUpdateArgs;
use crate::commands::check::planned::require_suites;
use crate::commands::check::sources::{config_at, no_config};
use crate::commands::measuring::{self, Job, Keep, Session};
use crate::commands::results::not_understood;
use crate::commands::{Code, Context, Failure, guard};
use crate::config::{Config, Policy};
use crate::git::Repository;
use crate::judge::procedure::STAGE_ROUNDS;
use crate::measure::proof::Provable;
use crate::measure::rounds::Ended;
use crate::measure::selection::Selection;
use crate::model::{Name, Revision, StoredRun, Trouble, Why};
use crate::plan::Plan;
use crate::report::escape::terminal;
use crate::report::number::duration;

use super::place::{failure, folder, from_root, git_failure, in_work_tree, repository, suite_name};
use super::told::{Stored, Told};
use super::{NOT_STORED, not_by_strangers};

/// The most changed files that a refusal names.
const FILES_MAX: usize = 3;
/// The runs are of one arm alone: there is no order to throw coins for.
const SEED: u64 = 0;

/// The runs that were measured whole.
struct Measured {
    runs: Vec<StoredRun>,
    ended: Ended,
    /// What was not understood, each once.
    unparsed: BTreeSet<String>,
}

/// Measures this revision and accepts the runs.
pub(super) fn update(args: &BaselineUpdateArgs, context: &Context) -> Result<Code, Failure> {
    if args.runs > args.keep {
        let message = format!("--keep {} would drop some of the {} new runs at once", args.keep, args.runs);
        return Err(Failure::usage(message, Some("keep at least as many runs as are measured".to_owned())));
    }
    let ci = context.ci();
    guard::job(&ci)?;
    let repository = repository(context, NOT_STORED)?;
    let _lock = repository.lock().map_err(|error| git_failure(NOT_STORED, &error))?;
    let head = head(args, &repository)?;
    guard::revision(&ci, &repository, &head)?;
    not_by_strangers(&ci)?;
    let config = config(args, &repository, &head)?;
    let measured = measure(args, context, &repository, &head, &config)?;
    let Some(newest) = measured.runs.last().cloned() else {
        return Err(nothing(&measured, &config));
    };
    let written = store(args, &repository, &config, &measured.runs)?;
    let stored = Stored {
        asked: args.runs,
        runs: measured.runs.len(),
        ended: measured.ended,
        limit_s: config.policy.gate.time_limit.as_secs(),
        written,
        unparsed: not_understood(&measured.unparsed.into_iter().collect::<Vec<_>>()),
    };
    let files = in_work_tree(repository.root(), "stored, and not shown")?.all("stored, and not shown")?;
    let suites: BTreeSet<&Name> = config.suites.iter().map(|suite| &suite.name).collect();
    let files: Vec<_> = files.into_iter().map(|(_, file)| file).filter(|file| suites.contains(&file.suite)).collect();
    let told = Told::new(stored, &files, &newest.environment, &config, &by_stored_runs(&config));
    if args.json {
        context.print(&told.json());
    } else {
        context.print_report(&told.text());
    }
    Ok(match told.stored.ended {
        Ended::Complete => Code::Pass,
        Ended::TimeLimit => Code::NotCovered,
        Ended::Interrupted => Code::Interrupted,
    })
}

/// The policy with its false-alarm rate shared as where stored runs decide every suite.
fn by_stored_runs(config: &Config) -> Policy {
    let suites: BTreeSet<Name> = config.suites.iter().map(|suite| suite.name.clone()).collect();
    let mut policy = config.policy.clone();
    policy.gate.shares = Plan::new(Some(config), config, &suites, SEED).shares;
    policy
}

/// The revision to measure. Baselines that an earlier update wrote and nobody committed yet are no uncommitted work.
fn head(args: &BaselineUpdateArgs, repository: &Repository) -> Result<Revision, Failure> {
    let git = |error| git_failure(NOT_STORED, &error);
    let commit = repository.revision("HEAD").map_err(git)?;
    let tree = repository.working_tree().map_err(git)?;
    let changed = repository.changed(&commit.tree, &tree.tree).map_err(git)?;
    let below = format!("{BASELINE_FOLDER}/");
    let work: Vec<&String> = changed.iter().filter(|path| !path.starts_with(&below)).collect();
    if work.is_empty() {
        return Ok(commit);
    }
    if args.allow_dirty {
        return Ok(tree);
    }
    let named: Vec<String> = work.iter().take(FILES_MAX).map(|path| format!("`{}`", terminal(path))).collect();
    let more = work.len().saturating_sub(FILES_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Err(Failure {
        code: Code::Usage,
        consequence: NOT_STORED,
        message: format!("there is uncommitted work in {}{more}", named.join(", ")),
        hint: Some("commit or stash it, or store runs that no commit has with `--allow-dirty`".to_owned()),
    })
}

/// The config of the revision, with the suites that are asked for.
fn config(args: &BaselineUpdateArgs, repository: &Repository, head: &Revision) -> Result<Config, Failure> {
    let here = |failure| Failure { consequence: NOT_STORED, ..failure };
    let mut config = config_at(repository, head).map_err(here)?.ok_or_else(|| here(no_config(repository)))?;
    require_suites([&config]).map_err(here)?;
    for wanted in &args.suite {
        let wanted = suite_name(wanted)?;
        if config.suites.iter().all(|suite| suite.name != wanted) {
            let names: Vec<String> = config.suites.iter().map(|suite| format!("`{}`", suite.name)).collect();
            let message = format!("there is no suite `{}`", terminal(wanted.as_str()));
            return Err(Failure::usage(message, Some(format!("the config has {}", names.join(", ")))));
        }
    }
    config.suites.retain(|suite| args.suite.is_empty() || args.suite.iter().any(|name| name == suite.name.as_str()));
    Ok(config)
}

/// Measures the runs, one after another, as many as the user and the time limit let be whole.
fn measure(
    args: &BaselineUpdateArgs,
    context: &Context,
    repository: &Repository,
    head: &Revision,
    config: &Config,
) -> Result<Measured, Failure> {
    let mut plan = Plan::new(None, config, &BTreeSet::new(), SEED);
    plan.rounds_max = plan.rounds_max.min(STAGE_ROUNDS);
    let selection = Selection::new(&[]).expect("no glob is a selection of everything");
    let began = Instant::now();
    let mut measured = Measured { runs: Vec::new(), ended: Ended::Complete, unparsed: BTreeSet::new() };
    for number in 1..=args.runs {
        context.say(&format!("run {number} of {}", args.runs));
        let job = Job {
            repository,
            plan: &plan,
            base: None,
            head,
            selection: &selection,
            checkpoints: Vec::new(),
            wanted: &|_, _, _| BTreeSet::new(),
            scattered: None,
            journal: Keep::Nothing,
            handicap: None,
            provable: Provable::nothing(),
        };
        let session = match measuring::run(&job, context) {
            Ok(session) => session,
            Err(failure) if failure.code == Code::Interrupted => {
                measured.ended = Ended::Interrupted;
                break;
            }
            Err(failure) => return Err(Failure { consequence: NOT_STORED, ..failure }),
        };
        measured.ended = session.measured.ended;
        if session.measured.ended != Ended::Complete {
            break;
        }
        measured.unparsed.extend(sound(&session, config)?);
        let at_s = context.now_s.saturating_add(i64::try_from(began.elapsed().as_secs()).unwrap_or(i64::MAX));
        let taken = Taken { at_s, tollgate: env!("CARGO_PKG_VERSION").to_owned(), why: Why::Update };
        measured.runs.push(stored_run(&session.measured.head, taken));
    }
    Ok(measured)
}

/// Refuses a run in which something failed, or a suite of which nothing was measured; else gives what was not understood.
fn sound(session: &Session, config: &Config) -> Result<Vec<String>, Failure> {
    let broken = |message: String| Failure { code: Code::Broken, consequence: NOT_STORED, message, hint: None };
    let mut unparsed = Vec::new();
    for problem in &session.measured.troubles {
        let suite = terminal(problem.suite.as_str());
        match &problem.trouble {
            Trouble::Crashed { message, tail, .. } | Trouble::BuildFailed { message, tail, .. } => {
                let tail: Vec<String> = tail.lines().map(|line| format!("\n  {}", terminal(line))).collect();
                return Err(broken(format!("suite `{suite}`: failed to {}{}", terminal(message), tail.concat())));
            }
            Trouble::TimedOut { limit_s, .. } => {
                return Err(broken(format!("suite `{suite}`: a process did not end within {}", duration(*limit_s))));
            }
            Trouble::Unparsed { text } => unparsed.push(format!("{suite}: {text}")),
            Trouble::New | Trouble::Missing | Trouble::Renamed { .. } => {}
        }
    }
    let measured: BTreeSet<&Name> = session.measured.head.series.keys().map(|id| &id.benchmark.suite).collect();
    if let Some(suite) = config.suites.iter().find(|suite| !measured.contains(&suite.name)) {
        let message = format!("no benchmark of suite `{}` gave a result", suite.name);
        let hint = Some("`tollgate check --list` shows what is run".to_owned());
        return Err(Failure { code: Code::NotCovered, consequence: NOT_STORED, message, hint });
    }
    Ok(unparsed)
}

/// No run is whole.
fn nothing(measured: &Measured, config: &Config) -> Failure {
    let limit = duration(config.policy.gate.time_limit.as_secs());
    let (code, message, hint) = match measured.ended {
        Ended::Interrupted => (Code::Interrupted, "interrupted before the first run was whole".to_owned(), None),
        Ended::TimeLimit | Ended::Complete => (
            Code::NotCovered,
            format!("the time limit of {limit} cut the first run short"),
            Some("raise `time-limit` in `[gate]`, or measure fewer suites with `--suite`".to_owned()),
        ),
    };
    Failure { code, consequence: NOT_STORED, message, hint }
}

/// Accepts the runs, suite by suite, and gives the paths of the files that were written.
fn store(
    args: &BaselineUpdateArgs,
    repository: &Repository,
    config: &Config,
    runs: &[StoredRun],
) -> Result<Vec<String>, Failure> {
    let mut written = BTreeSet::new();
    let loads = config.loads();
    for suite in &config.suites {
        let of_suite = |run: &StoredRun| {
            let own = run.series.iter().filter(|(id, _)| id.benchmark.suite == suite.name);
            let series: BTreeMap<_, _> = own.map(|(id, series)| (id.clone(), series.clone())).collect();
            StoredRun { series, conditions: loads.get(&suite.name).cloned(), ..run.clone() }
        };
        let paths = accept(&folder(repository), &suite.name, runs.iter().map(of_suite).collect(), args.keep)
            .map_err(|error| failure(NOT_STORED, &error))?;
        written.extend(paths.iter().map(|path| from_root(repository.root(), path)));
    }
    Ok(written.into_iter().collect())
}
