//! `tollgate baseline propose`: the new runs of the working tree, on a branch of their own and in a pull request. Refuses to push to the branch
//! that they are for, and never forces: runs of several writers are joined.
#![expect(clippy::disallowed_methods, reason = "waits between attempts to push")]

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;

use crate::baseline::{BaselineFile, render};
use crate::ci::CiContext;
use crate::cli::BaselineProposeArgs;
use crate::commands::{Code, Context, Failure};
use crate::git::{Credential, GitError, Pushed, RemoteBranch, Repository};
use crate::model::Revision;
use crate::publish::pull_request::{self, Opened, Proposal};
use crate::publish::{ApiError, GitHub, Server, Token};
use crate::report::escape::{markdown, terminal};
use crate::report::number::plural;

use super::diff::table_between;
use super::place::{at_revision, failure, git_failure, in_work_tree, repository};

const NOT_PROPOSED: &str = "nothing proposed";
const NOT_OPENED: &str = "pushed, but no pull request opened";
/// How often a push is tried: of twelve writers at once one needs up to twelve attempts.
const ATTEMPTS_MAX: u32 = 30;
/// The longest table in a pull request, in characters: GitHub takes a body of 65,536.
const TABLE_CHARS_MAX: usize = 60_000;

/// Runs by the path of their file.
type Files = BTreeMap<String, BaselineFile>;

/// What is to be proposed, and how.
struct Job<'a> {
    args: &'a BaselineProposeArgs,
    context: &'a Context,
    repository: Repository,
    /// The branch that the runs are for.
    into: RemoteBranch,
    /// The branch that is pushed.
    branch: RemoteBranch,
    credential: Option<Credential>,
    /// The runs of the working tree that HEAD does not have.
    new: Files,
}

/// A commit that holds every proposed run.
struct Built {
    commit: Revision,
    /// The tip of the branch that the runs are for.
    before: Revision,
    /// How many runs that branch does not have.
    added: usize,
    /// Whether the proposing branch is at the commit already.
    pushed: bool,
}

/// Proposes the new runs.
pub(super) fn propose(args: &BaselineProposeArgs, context: &Context) -> Result<Code, Failure> {
    let job = Job::new(args, context)?;
    let built = match (job.new.is_empty(), args.dry_run) {
        (true, _) => None,
        (false, true) => job.build()?,
        (false, false) => job.push()?,
    };
    let Some(built) = built else {
        context.print(&job.nothing());
        return Ok(Code::Pass);
    };
    let table = table_between(&job.repository, &built.before, &built.commit)?;
    let opened = if args.dry_run || args.push_only { None } else { Some(job.open(&built, &table)?) };
    context.print(&job.told(&built, &table, opened.as_ref()));
    Ok(Code::Pass)
}

impl<'a> Job<'a> {
    /// Reads what there is to propose.
    fn new(args: &'a BaselineProposeArgs, context: &'a Context) -> Result<Self, Failure> {
        let repository = repository(context, NOT_PROPOSED)?;
        let into = args.into.clone().or_else(|| repository.branch_name()).ok_or_else(|| {
            let hint = "name the branch that the runs are for: `--into main`".to_owned();
            Failure::usage("no branch is checked out", Some(hint))
        })?;
        let branch = args.branch.clone().unwrap_or_else(|| format!("tollgate/baselines/{into}"));
        if branch == into {
            let hint = "a pull request needs a branch of its own; leave `--branch` out".to_owned();
            return Err(Failure::usage("the runs would be pushed to the branch that they are for", Some(hint)));
        }
        let named = |name: &str| {
            let message = format!("`{}` is no name of a branch", terminal(name));
            RemoteBranch::new(name).ok_or_else(|| Failure::usage(message, None))
        };
        let server = context.environment.get("GITHUB_SERVER_URL").map_or("https://github.com", String::as_str);
        let token = context.environment.get("GITHUB_TOKEN");
        Ok(Self {
            args,
            context,
            into: named(&into)?,
            branch: named(&branch)?,
            credential: token.and_then(|token| Credential::new(server, token)),
            new: new_runs(&repository)?,
            repository,
        })
    }

    /// Builds and pushes until nobody else is faster; `None` where all the runs are accepted already.
    fn push(&self) -> Result<Option<Built>, Failure> {
        for attempt in 1..=ATTEMPTS_MAX {
            if self.context.stop.is_set() {
                return Err(Failure { code: Code::Interrupted, ..lost("interrupted before it was pushed", None) });
            }
            let Some(built) = self.build()? else { return Ok(None) };
            if built.pushed {
                return Ok(Some(built));
            }
            let pushed = self.repository.push(&built.commit, &self.branch, self.credential.as_ref());
            match pushed.map_err(|error| unreached(&error))? {
                Pushed::Landed => return Ok(Some(built)),
                Pushed::Refused(said) => {
                    let hint = "the token may not push, or a rule protects the branch: the job needs `contents: write`";
                    return Err(lost(&format!("the remote refused the push: {said}"), Some(hint)));
                }
                Pushed::Raced => {
                    self.context.say(&format!("another writer was faster; attempt {attempt} of {ATTEMPTS_MAX}"));
                    sleep(pause(attempt));
                }
            }
        }
        let hint = "run it again; the runs are still in baselines/";
        Err(lost(&format!("{ATTEMPTS_MAX} times another writer was faster"), Some(hint)))
    }

    /// A commit with what is accepted, what was proposed before, and the new runs; `None` where all of it is accepted.
    fn build(&self) -> Result<Option<Built>, Failure> {
        let fetch = |branch| self.repository.fetch(branch, self.credential.as_ref()).map_err(|error| unreached(&error));
        let before = fetch(&self.into)?.ok_or_else(|| {
            let hint = "push it first, or name another by `--into`";
            lost(&format!("origin has no branch `{}`", terminal(self.into.name())), Some(hint))
        })?;
        let proposed = fetch(&self.branch)?;
        let accepted = self.files_at(&before)?;
        let earlier = proposed.as_ref().map(|tip| self.files_at(tip)).transpose()?.unwrap_or_default();
        let joined = self.join(&accepted, &earlier)?;
        if joined.added == 0 {
            return Ok(None);
        }
        if let (Some(commit), 0) = (&proposed, joined.own) {
            return Ok(Some(Built { commit: commit.clone(), before, added: joined.added, pushed: true }));
        }
        let parents = self.parents(&before, proposed.as_ref());
        let message = format!("Refresh performance baselines\n\n{} for `{}`.", runs(joined.added), self.into.name());
        let commit = self
            .repository
            .commit_files(&before, &parents, &joined.files, &message, self.context.now_s)
            .map_err(|error| git_failure(NOT_PROPOSED, &error))?;
        Ok(Some(Built { commit, before, added: joined.added, pushed: false }))
    }

    /// Every file that any side has new runs for.
    fn join(&self, accepted: &Files, earlier: &Files) -> Result<Joined, Failure> {
        let mut joined = Joined { files: Vec::new(), added: 0, own: 0 };
        let sides: BTreeMap<&String, &BaselineFile> = earlier.iter().chain(&self.new).collect();
        for (path, side) in sides {
            let empty = || BaselineFile::new(side.suite.clone(), side.class.clone());
            let mut file = accepted.get(path).cloned().unwrap_or_else(empty);
            let before = earlier.get(path).map_or(0, |earlier| file.join(earlier));
            let own = self.new.get(path).map_or(0, |new| file.join(new));
            (joined.added, joined.own) = (joined.added + before + own, joined.own + own);
            file.retain(self.args.keep);
            if before + own > 0 {
                joined.files.push((path.clone(), render(&file).map_err(|error| failure(NOT_PROPOSED, &error))?));
            }
        }
        Ok(joined)
    }

    /// The stored runs of a revision.
    fn files_at(&self, revision: &Revision) -> Result<Files, Failure> {
        Ok(at_revision(&self.repository, revision, NOT_PROPOSED)?.all(NOT_PROPOSED)?.into_iter().collect())
    }

    /// What the commit follows: both branches, unless one has the other already. So nothing is ever forced.
    fn parents<'r>(&self, before: &'r Revision, proposed: Option<&'r Revision>) -> Vec<&'r Revision> {
        let has =
            |of: &Revision, other: &Revision| self.repository.is_ancestor(&other.commit, &of.commit) == Some(true);
        match proposed {
            Some(proposed) if has(proposed, before) => vec![proposed],
            Some(proposed) if !has(before, proposed) => vec![proposed, before],
            _ => vec![before],
        }
    }

    /// Opens the pull request, or brings the open one up to date.
    fn open(&self, built: &Built, table: &str) -> Result<Opened, Failure> {
        let by_hand = format!("open it by hand from `{}` into `{}`", self.branch.name(), self.into.name());
        let CiContext::GitHub(run) = CiContext::from(&self.context.environment, None) else {
            let message = "this is no job of GitHub Actions, so the repository's address is not known".to_owned();
            return Err(Failure { code: Code::Publishing, consequence: NOT_OPENED, message, hint: Some(by_hand) });
        };
        let variable = |name: &str| self.context.environment.get(name).map_or("", String::as_str);
        let parts = (run.repository.clone(), run.api_url.clone(), Token::new(variable("GITHUB_TOKEN")));
        let (Some(repository), Some(api_url), Some(token)) = parts else {
            let message = "GITHUB_REPOSITORY, GITHUB_API_URL or GITHUB_TOKEN is not set".to_owned();
            let hint =
                Some(format!("give the step `GITHUB_TOKEN: ${{{{ github.token }}}}` in its `env`, or {by_hand}"));
            return Err(Failure { code: Code::Publishing, consequence: NOT_OPENED, message, hint });
        };
        let refused = |error: ApiError| {
            let hint = format!(
                "the job needs `pull-requests: write`, and the repository's settings must let Actions create pull requests; or {by_hand}"
            );
            Failure::new(Code::Publishing, NOT_OPENED, &error, Some(hint))
        };
        let github = GitHub::connect(&Server { api_url, repository }, &token).map_err(refused)?;
        let proposal = Proposal {
            branch: self.branch.name().to_owned(),
            into: self.into.name().to_owned(),
            title: format!("Refresh performance baselines of {}", self.into.name()),
            body: self.body(built, table, run.run_url.as_deref()),
        };
        pull_request::propose(&github, &proposal).map_err(refused)
    }

    /// What the pull request says.
    fn body(&self, built: &Built, table: &str, run_url: Option<&str>) -> String {
        let measured = run_url.map_or_else(String::new, |url| format!(" [Measured here]({url})."));
        let table = if table.chars().count() > TABLE_CHARS_MAX {
            let command = format!("tollgate baseline diff {} {}", built.before.short(), built.commit.short());
            format!("The table is too long for this place: `{command}` prints it.\n")
        } else {
            table.to_owned()
        };
        format!(
            "{} that `{}` does not have yet.{measured} Once merged, pull requests may be judged by them.\n\n{table}\nThe branch is Tollgate's: later runs are added to it, and it can be deleted after the merge.\n",
            runs(built.added),
            markdown(self.into.name()),
        )
    }

    /// That there is nothing to propose.
    fn nothing(&self) -> String {
        if self.args.json {
            return format!("{:#}\n", json!({ "schema": 1, "runs": 0 }));
        }
        format!("Nothing to propose: `{}` has every run of baselines/ already.\n", terminal(self.into.name()))
    }

    /// What was done.
    fn told(&self, built: &Built, table: &str, opened: Option<&Opened>) -> String {
        if self.args.json {
            let told = json!({
                "schema": 1,
                "runs": built.added,
                "into": self.into.name(),
                "branch": self.branch.name(),
                "commit": built.commit.commit,
                "pushed": !self.args.dry_run,
                "pull_request": opened.map(|opened| json!({ "number": opened.number, "url": opened.url, "new": opened.new })),
            });
            return format!("{told:#}\n");
        }
        let (branch, into) = (terminal(self.branch.name()), terminal(self.into.name()));
        match (self.args.dry_run, opened) {
            (true, _) => format!("Would push {} to `{branch}`, for `{into}`.\n\n{table}", runs(built.added)),
            (_, None) => format!("Pushed {} to `{branch}`, for `{into}`.\n", runs(built.added)),
            (_, Some(Opened { new: true, url, .. })) => format!("Opened {}\n", terminal(url)),
            (_, Some(Opened { url, .. })) => format!("Brought up to date: {}\n", terminal(url)),
        }
    }
}

/// What came of joining.
struct Joined {
    files: Vec<(String, Vec<u8>)>,
    /// How many runs are not accepted yet.
    added: usize,
    /// How many of them nobody has proposed before.
    own: usize,
}

/// The runs of the working tree that HEAD does not have.
fn new_runs(repository: &Repository) -> Result<Files, Failure> {
    let head = repository.revision("HEAD").map_err(|error| git_failure(NOT_PROPOSED, &error))?;
    let accepted: Files = at_revision(repository, &head, NOT_PROPOSED)?.all(NOT_PROPOSED)?.into_iter().collect();
    let mut new = Files::new();
    for (path, file) in in_work_tree(repository.root(), NOT_PROPOSED)?.all(NOT_PROPOSED)? {
        let known = accepted.get(&path);
        let runs: Vec<_> = file.runs.iter().filter(|run| known.is_none_or(|known| !known.has(run))).cloned().collect();
        if !runs.is_empty() {
            new.insert(path, BaselineFile { runs, ..file });
        }
    }
    Ok(new)
}

/// How long to wait before the next attempt: longer each time, and never as long as another writer.
fn pause(attempt: u32) -> Duration {
    let coin = RandomState::new().hash_one(attempt) % 256;
    Duration::from_millis(20 + coin * u64::from(attempt.min(8)) / 2)
}

/// A number of runs, in words.
fn runs(number: usize) -> String {
    plural(number, "run")
}

/// Why nothing was pushed.
fn lost(message: &str, hint: Option<&str>) -> Failure {
    let (code, consequence) = (Code::Publishing, NOT_PROPOSED);
    Failure { code, consequence, message: message.to_owned(), hint: hint.map(str::to_owned) }
}

/// That the remote did not answer as it should.
fn unreached(error: &GitError) -> Failure {
    let hint = error.hint().or_else(|| {
        Some(
            "is `origin` right, and may this job read and push? It needs `contents: write` and a token in GITHUB_TOKEN"
                .to_owned(),
        )
    });
    Failure::new(Code::Publishing, NOT_PROPOSED, error, hint)
}
