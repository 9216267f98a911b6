//! What continuous integration says about this run. Pure: variables and the event's bytes in, facts out. Refuses to trust them: an event may be
//! missing, huge or of any shape, and then only says less.

mod event;
mod rights;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::model::Wanted;

pub use event::{Comment, EndedRun, PullRequestState, RunNumber, Trigger};
pub use rights::{Rights, Runs};

use event::{is_commit, text, trigger};

/// The biggest event that is read, in bytes. GitHub sends none above 25 MB.
pub const EVENT_BYTES_MAX: usize = 26_214_400;

/// Where this run happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CiContext {
    /// On somebody's machine, or in a service that is not known.
    Local,
    /// In GitHub Actions.
    GitHub(Box<GitHubRun>),
}

/// A job of GitHub Actions. What the runner does not say is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitHubRun {
    /// What started it, in GitHub's word: `pull_request`, `push`, `schedule`.
    pub event_name: String,
    /// The same, as far as it matters here.
    pub trigger: Trigger,
    /// The repository: `owner/name`.
    pub repository: Option<String>,
    /// The commit that the run is for. For a pull request the merge commit that GitHub made.
    pub sha: Option<String>,
    /// The reference that the run is for: `refs/pull/7/merge`, `refs/heads/main`.
    pub reference: Option<String>,
    /// The page of the run.
    pub run_url: Option<String>,
    /// The address of GitHub's REST interface: `https://api.github.com`, on a server of one's own `https://HOST/api/v3`.
    pub api_url: Option<String>,
    /// Which run, and which attempt at it.
    pub run: Option<RunNumber>,
    /// The name of the workflow, as its file gives it.
    pub workflow: Option<String>,
    /// The key of the job in the workflow's file.
    pub job: Option<String>,
    /// The branch that pull requests go to when nothing else is said.
    pub default_branch: Option<String>,
    /// Who started it: a login. On a second attempt still who started the first.
    pub actor: Option<String>,
    /// What the job's token may do at most, whatever the workflow's permissions say.
    pub rights: Rights,
    /// Whether standard output may carry annotations.
    pub annotations: bool,
    /// The file whose Markdown is shown on the page of the run.
    pub step_summary: Option<PathBuf>,
    /// The file into which the step writes what later steps may read.
    pub outputs: Option<PathBuf>,
    /// Why the event says nothing, where it should.
    pub event_problem: Option<EventProblem>,
}

/// Why an event says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventProblem {
    /// There is none.
    Missing,
    /// It has more than [`EVENT_BYTES_MAX`] bytes.
    TooLarge,
    /// It is not JSON, or nested too deep.
    NotJson,
}

impl CiContext {
    /// What the variables and the event (the bytes of the file that [`event_path`] names) say.
    pub fn from(variables: &BTreeMap<String, String>, event: Option<&[u8]>) -> Self {
        let variable = |name: &str| variables.get(name).filter(|value| !value.is_empty()).cloned();
        if variable("GITHUB_ACTIONS").as_deref() != Some("true") {
            return Self::Local;
        }
        let (event, event_problem) = match event.map(parse) {
            None => (Value::Null, Some(EventProblem::Missing)),
            Some(Ok(event)) => (event, None),
            Some(Err(problem)) => (Value::Null, Some(problem)),
        };
        let event_name = variable("GITHUB_EVENT_NAME").unwrap_or_default();
        let repository = variable("GITHUB_REPOSITORY");
        let trigger = trigger(&event_name, &event, variable("GITHUB_BASE_REF"));
        let actor = variable("GITHUB_ACTOR");
        Self::GitHub(Box::new(GitHubRun {
            rights: rights::of(&event_name, &trigger, actor.as_deref()),
            trigger,
            actor,
            event_name,
            sha: variable("GITHUB_SHA").filter(|sha| is_commit(sha)),
            reference: variable("GITHUB_REF"),
            api_url: variable("GITHUB_API_URL"),
            run: run_number(&variable),
            workflow: variable("GITHUB_WORKFLOW"),
            job: variable("GITHUB_JOB"),
            outputs: variable("GITHUB_OUTPUT").map(PathBuf::from),
            run_url: run_url(variable("GITHUB_SERVER_URL"), repository.as_deref(), variable("GITHUB_RUN_ID")),
            repository,
            default_branch: text(&event, "/repository/default_branch"),
            annotations: true,
            step_summary: variable("GITHUB_STEP_SUMMARY").map(PathBuf::from),
            event_problem,
        }))
    }

    /// Which revision is to be the base, for a head at `head_commit`. Only the merge commit that GitHub made has the base as its first parent;
    /// a workflow that checks out the pull request's own head gets the merge base.
    pub fn wanted(&self, head_commit: &str) -> Wanted {
        let Self::GitHub(run) = self else { return Wanted::Find };
        let default = || run.default_branch.clone().map_or(Wanted::Find, Wanted::Branch);
        match &run.trigger {
            Trigger::PullRequest { .. } if run.sha.as_deref() == Some(head_commit) => Wanted::FirstParent,
            Trigger::PullRequest { base_branch: Some(branch), .. } => Wanted::Branch(branch.clone()),
            Trigger::MergeGroup { base_sha: Some(base) } => Wanted::Named(base.clone()),
            // Everything that one push brought, not its last commit alone.
            Trigger::Push { before: Some(before), forced: false }
                if run.sha.as_deref() == Some(head_commit) && run.on_default_branch() =>
            {
                Wanted::Named(before.clone())
            }
            Trigger::PullRequest { .. }
            | Trigger::PullRequestTarget { .. }
            | Trigger::WorkflowRun(_)
            | Trigger::IssueComment(_)
            | Trigger::MergeGroup { .. }
            | Trigger::Push { .. }
            | Trigger::Other => default(),
        }
    }
}

impl GitHubRun {
    /// Whether it is for the default branch itself.
    fn on_default_branch(&self) -> bool {
        let branch = self.reference.as_deref().and_then(|reference| reference.strip_prefix("refs/heads/"));
        branch.is_some() && branch == self.default_branch.as_deref()
    }
}

/// The folder into which the job checks its repository out; `None` outside GitHub Actions.
pub fn workspace(variables: &BTreeMap<String, String>) -> Option<PathBuf> {
    let inside = variables.get("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    variables.get("GITHUB_WORKSPACE").filter(|path| inside && !path.is_empty()).map(PathBuf::from)
}

/// The file that holds the event, for [`CiContext::from`]; `None` outside GitHub Actions.
pub fn event_path(variables: &BTreeMap<String, String>) -> Option<PathBuf> {
    let inside = variables.get("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    variables.get("GITHUB_EVENT_PATH").filter(|path| inside && !path.is_empty()).map(PathBuf::from)
}

/// An event from its bytes.
fn parse(bytes: &[u8]) -> Result<Value, EventProblem> {
    if bytes.len() > EVENT_BYTES_MAX {
        return Err(EventProblem::TooLarge);
    }
    serde_json::from_slice(bytes).map_err(|_| EventProblem::NotJson)
}

/// Which run this is, where the runner says it.
fn run_number(variable: &dyn Fn(&str) -> Option<String>) -> Option<RunNumber> {
    let number = |name: &str| variable(name).and_then(|text| text.parse().ok());
    Some(RunNumber {
        number: number("GITHUB_RUN_NUMBER")?,
        attempt: number("GITHUB_RUN_ATTEMPT")?,
        id: number("GITHUB_RUN_ID")?,
    })
}

/// The page of a run, where every part of its address is known.
fn run_url(server: Option<String>, repository: Option<&str>, run: Option<String>) -> Option<String> {
    Some(format!("{}/{}/actions/runs/{}", server?.trim_end_matches('/'), repository?, run?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MERGE: &str = "1111111111111111111111111111111111111111";
    const OTHER: &str = "2222222222222222222222222222222222222222";

    fn context(event_name: &str, event: &str) -> CiContext {
        let variables = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", event_name),
            ("GITHUB_SHA", MERGE),
            ("GITHUB_REPOSITORY", "ada/engine"),
            ("GITHUB_SERVER_URL", "https://github.example"),
            ("GITHUB_RUN_ID", "42"),
            ("GITHUB_STEP_SUMMARY", "/tmp/summary"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        CiContext::from(&BTreeMap::from(variables), Some(event.as_bytes()))
    }

    fn github(event_name: &str, event: &str) -> GitHubRun {
        match context(event_name, event) {
            CiContext::GitHub(run) => *run,
            CiContext::Local => panic!("the variables say GitHub Actions"),
        }
    }

    #[test]
    fn without_variables_the_run_is_local_and_the_base_is_looked_for() {
        let local = CiContext::from(&BTreeMap::new(), Some(b"{}"));
        assert_eq!(local, CiContext::Local);
        assert_eq!(local.wanted(MERGE), Wanted::Find);
    }

    #[test]
    fn a_pull_request_at_its_merge_commit_is_compared_with_the_first_parent() {
        assert_eq!(context("pull_request", "{}").wanted(MERGE), Wanted::FirstParent);
    }

    #[test]
    fn a_pull_request_at_its_own_head_is_compared_with_the_merge_base() {
        let event = r#"{"pull_request": {"base": {"ref": "main"}}}"#;
        assert_eq!(context("pull_request", event).wanted(OTHER), Wanted::Branch("main".to_owned()));
    }

    #[test]
    fn a_merge_group_is_compared_with_what_it_is_merged_into() {
        let event = format!(r#"{{"merge_group": {{"base_sha": "{OTHER}"}}}}"#);
        assert_eq!(context("merge_group", &event).wanted(MERGE), Wanted::Named(OTHER.to_owned()));
    }

    #[test]
    fn a_base_that_is_not_a_commit_id_is_not_used() {
        let event = r#"{"merge_group": {"base_sha": "--upload-pack=x"}}"#;
        assert_eq!(context("merge_group", event).wanted(MERGE), Wanted::Find);
    }

    #[test]
    fn a_push_is_compared_by_the_default_branch_that_the_event_names() {
        let event =
            r#"{"repository": {"default_branch": "trunk"}, "before": "0000000000000000000000000000000000000000"}"#;
        assert_eq!(context("push", event).wanted(MERGE), Wanted::Branch("trunk".to_owned()));
        assert_eq!(github("push", event).trigger, Trigger::Push { before: None, forced: false });
    }

    #[test]
    fn a_deleted_fork_is_a_fork() {
        let event = r#"{"pull_request": {"head": {"repo": null}}, "repository": {"full_name": "ada/engine"}}"#;
        assert!(matches!(github("pull_request", event).trigger, Trigger::PullRequest { from_fork: true, .. }));
    }

    #[test]
    fn the_page_of_the_run_is_known() {
        let url = github("schedule", "{}").run_url;
        assert_eq!(url.as_deref(), Some("https://github.example/ada/engine/actions/runs/42"));
    }

    #[test]
    fn an_event_of_any_shape_only_says_less() {
        let deep = "[".repeat(100_000);
        for (event, problem) in [
            ("", Some(EventProblem::NotJson)),
            ("\u{0}", Some(EventProblem::NotJson)),
            (deep.as_str(), Some(EventProblem::NotJson)),
            ("[]", None),
            (r#"{"pull_request": 7, "repository": [], "number": -1}"#, None),
        ] {
            let run = github("pull_request", event);
            assert_eq!(run.event_problem, problem);
            assert_eq!(run.default_branch, None);
        }
        let huge = vec![b' '; EVENT_BYTES_MAX + 1];
        assert_eq!(parse(&huge), Err(EventProblem::TooLarge));
    }
}
