//! What is compared with what, and by whose policy: base's, so that a change cannot move its own bar.
#![expect(clippy::disallowed_methods, reason = "reads a config that is named on the command line")]

use std::path::PathBuf;

use crate::baseline::{self, BASELINE_FOLDER, BaselineFile};
use crate::ci::CiContext;
use crate::cli::CheckArgs;
use crate::config::{self, CONFIG_FILE, Config, OnIdentical, WAIVER_FILE};
use crate::git::{GitError, Lock, Repository};
use crate::model::judgement::{Notice, PolicySource};
use crate::model::{Revision, Waiver, Wanted};

use crate::commands::{Code, Context, Failure, guard};
use crate::report::escape::terminal;

/// The largest config that is read, in bytes.
const CONFIG_BYTES_MAX: u64 = 1 << 20;

/// Everything that a check starts from.
pub(crate) struct Sources {
    pub(crate) repository: Repository,
    pub(crate) ci: CiContext,
    pub(crate) head: Revision,
    pub(crate) base: Revision,
    /// Base's config, or head's where base has none.
    pub(crate) config: Config,
    /// Head's config; the same as `config` where one was named on the command line.
    pub(crate) head_config: Config,
    pub(crate) policy: PolicySource,
    /// The baselines as base has them.
    pub(crate) baselines: Vec<BaselineFile>,
    pub(crate) notices: Vec<Notice>,
    /// Which attempt of a CI job this is; empty elsewhere.
    pub(crate) attempt: String,
    /// Held as long as the check runs: two would measure each other.
    pub(crate) _lock: Lock,
}

/// What head is compared with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    /// The revision that the user, CI or the config names, or that can be found.
    Found,
    /// Head itself.
    Itself,
}

/// Finds base and head and reads the policy.
pub(crate) fn read(args: &CheckArgs, context: &Context) -> Result<Sources, Failure> {
    read_with(args, context, Base::Found)
}

/// Finds head, takes it for base too, and reads its policy.
pub(crate) fn read_twice(args: &CheckArgs, context: &Context) -> Result<Sources, Failure> {
    let mut sources = read_with(args, context, Base::Itself)?;
    // The programs are the same bytes on purpose: they are measured all the same.
    for config in [&mut sources.config, &mut sources.head_config] {
        config.policy.gate.identical = OnIdentical::Measure;
    }
    Ok(sources)
}

fn read_with(args: &CheckArgs, context: &Context, wanted: Base) -> Result<Sources, Failure> {
    let ci = context.ci();
    guard::job(&ci)?;
    let repository = context.repository().map_err(git)?;
    let lock = repository.lock().map_err(git)?;
    let head = match &args.head {
        Some(spec) => repository.revision(spec).map_err(git)?,
        None => repository.working_tree().map_err(git)?,
    };
    guard::revision(&ci, &repository, &head)?;
    let given = args.config.as_ref().map(|path| read_config(context, path)).transpose()?;
    let head_config = match &given {
        Some(config) => config.clone(),
        None => config_at(&repository, &head)?.ok_or_else(|| no_config(&repository))?,
    };
    let base = match wanted {
        Base::Found => base(args, context, &repository, &ci, (&head, &head_config))?,
        Base::Itself => head.clone(),
    };
    let mut notices = Vec::new();
    let base_config = match (&given, config_at(&repository, &base)) {
        (Some(_), _) => None,
        (None, Ok(config)) => config,
        // What could not be read for want of an object or of the disk may be anything: it does not make way for head's policy.
        (None, Err(failure)) if failure.code == Code::Internal => return Err(failure),
        (None, Err(failure)) => {
            notices.push(Notice::Note(format!("base's policy cannot be read, so head's is used: {}", failure.message)));
            None
        }
    };
    let policy = policy_source(args, &repository, &base, &head, base_config.is_some())?;
    let baselines = baselines(&repository, &base)?;
    Ok(Sources {
        config: base_config.unwrap_or_else(|| head_config.clone()),
        repository,
        ci,
        head,
        base,
        head_config,
        policy,
        baselines,
        notices,
        attempt: context.environment.get("GITHUB_RUN_ATTEMPT").cloned().unwrap_or_default(),
        _lock: lock,
    })
}

/// The base: named on the command line, else what CI says, else the config's branch, else what can be found. CI goes before the config,
/// because a pull request could name itself there.
fn base(
    args: &CheckArgs,
    context: &Context,
    repository: &Repository,
    ci: &CiContext,
    (head, config): (&Revision, &Config),
) -> Result<Revision, Failure> {
    let wanted = match (&args.base, ci.wanted(&head.commit), &config.policy.gate.base) {
        (Some(spec), _, _) => Wanted::Named(spec.clone()),
        (None, Wanted::Find, Some(branch)) => Wanted::Branch(branch.clone()),
        (None, wanted, _) => wanted,
    };
    let base = match (repository.base(head, &wanted), ci) {
        (Err(GitError::Shallow { missing: Some(commit), .. }), CiContext::GitHub(_)) => {
            fetch(context, repository, &commit);
            repository.base(head, &wanted).map_err(git)?
        }
        (found, _) => found.map_err(git)?,
    };
    if args.base.is_some() {
        // What CI and base's history name is no stranger's; what the command line names may be.
        guard::revision(ci, repository, &base)?;
    }
    Ok(base)
}

/// Fetches what a shallow checkout left out. Where that does not work, what is missing is said by whoever misses it.
fn fetch(context: &Context, repository: &Repository, commit: &str) {
    let short: String = commit.chars().take(9).collect();
    context.say(&format!("this clone is shallow: fetching `{short}` from origin"));
    if let Err(error) = repository.fetch_commit(commit) {
        context.say(&format!("failed to {}", terminal(&error.to_string())));
    }
}

/// The config and the waivers of a revision; `None` where it has no config.
pub(crate) fn config_at(repository: &Repository, revision: &Revision) -> Result<Option<Config>, Failure> {
    let text = |path: &str| -> Result<Option<String>, Failure> {
        let bytes = repository.blob(&revision.tree, path, CONFIG_BYTES_MAX).map_err(git)?;
        bytes.map(|bytes| String::from_utf8(bytes).map_err(|_| not_utf8(path, revision))).transpose()
    };
    let Some(config) = text(CONFIG_FILE)? else { return Ok(None) };
    let mut config = Config::parse(&config, &origin(CONFIG_FILE, revision)).map_err(config_error)?;
    if let Some(waivers) = text(WAIVER_FILE)? {
        config.policy.waivers = waivers_of(&waivers, &origin(WAIVER_FILE, revision))?;
    }
    Ok(Some(config))
}

fn waivers_of(text: &str, origin: &str) -> Result<Vec<Waiver>, Failure> {
    config::parse_waivers(text, origin).map_err(config_error)
}

/// A config that is named on the command line, with the waivers beside it.
pub(crate) fn read_config(context: &Context, path: &PathBuf) -> Result<Config, Failure> {
    let path = context.directory.join(path);
    let unreadable = |error: std::io::Error| {
        let message = format!("read {}: {error}", path.display());
        Failure { code: Code::Config, consequence: "no verdict", message, hint: None }
    };
    let config = std::fs::read_to_string(&path).map_err(unreadable)?;
    let mut config = Config::parse(&config, &path.display().to_string()).map_err(config_error)?;
    let beside = path.with_file_name(WAIVER_FILE);
    if let Ok(waivers) = std::fs::read_to_string(&beside) {
        config.policy.waivers = waivers_of(&waivers, &beside.display().to_string())?;
    }
    Ok(config)
}

/// Where the policy comes from, and which of its files head changes.
fn policy_source(
    args: &CheckArgs,
    repository: &Repository,
    base: &Revision,
    head: &Revision,
    base_has_config: bool,
) -> Result<PolicySource, Failure> {
    if let Some(path) = &args.config {
        return Ok(PolicySource::Given { path: path.display().to_string() });
    }
    if !base_has_config {
        return Ok(PolicySource::Head);
    }
    let touches = |path: &String| {
        path == CONFIG_FILE
            || path == WAIVER_FILE
            || path.strip_prefix(BASELINE_FOLDER).is_some_and(|rest| rest.starts_with('/'))
    };
    let changed = repository.changed(&base.tree, &head.tree).map_err(git)?;
    let changed: Vec<String> = changed.into_iter().filter(touches).collect();
    Ok(if changed.is_empty() { PolicySource::Base } else { PolicySource::BaseAndHead { changed } })
}

/// Every baseline file of a revision.
pub(super) fn baselines(repository: &Repository, revision: &Revision) -> Result<Vec<BaselineFile>, Failure> {
    let mut files = Vec::new();
    for path in repository.files(&revision.tree, BASELINE_FOLDER).map_err(git)? {
        if !baseline::is_baseline(&path) {
            continue;
        }
        let Some(bytes) = repository.blob(&revision.tree, &path, baseline::wire::BYTES_MAX as u64).map_err(git)? else {
            continue;
        };
        let parsed = baseline::parse_at(&bytes, &path, &origin(&path, revision));
        files.push(parsed.map_err(|error| Failure::new(Code::Baseline, "no verdict", &error, error.hint()))?);
    }
    Ok(files)
}

fn origin(path: &str, revision: &Revision) -> String {
    format!("{path} at {}", revision.short())
}

pub(crate) fn no_config(repository: &Repository) -> Failure {
    Failure {
        code: Code::Config,
        consequence: "no verdict",
        message: format!("there is no {CONFIG_FILE} at the root of {}", repository.root().display()),
        hint: Some("run `tollgate init` to write one".to_owned()),
    }
}

fn not_utf8(path: &str, revision: &Revision) -> Failure {
    let message = format!("{} is not UTF-8", origin(path, revision));
    Failure { code: Code::Config, consequence: "no verdict", message, hint: None }
}

/// A problem of the repository.
#[expect(clippy::needless_pass_by_value, reason = "the end of an error, as `map_err` hands it over")]
pub(crate) fn git(error: GitError) -> Failure {
    let hint = error.hint();
    // A full disk or a missing git is the machine's; what else the user can mend is a matter of how Tollgate was called.
    let machine = matches!(error, GitError::State { .. } | GitError::Start { .. });
    let code = if hint.is_some() && !machine { Code::Usage } else { Code::Internal };
    Failure::new(code, "no verdict", &error, hint)
}

/// A problem of the config.
#[expect(clippy::needless_pass_by_value, reason = "the end of an error, as `map_err` hands it over")]
pub(crate) fn config_error(error: config::ConfigError) -> Failure {
    let hint = error.hint();
    Failure::new(Code::Config, "no verdict", &error, hint)
}
