//! What an event of GitHub's says about the run. Refuses to believe its shape: what is not there, or is something else, is `None`.

use serde_json::Value;

/// Which run of a workflow. A later run has a greater number, a later attempt at the same run a greater attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunNumber {
    /// Counts the runs of one workflow, from 1.
    pub number: u64,
    /// Counts the attempts at one run, from 1.
    pub attempt: u64,
    /// The run's id, by which the interface finds it.
    pub id: u64,
}

/// What started a job, with what the event says about the base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A pull request was opened or changed.
    PullRequest {
        /// Its number.
        number: Option<u64>,
        /// The branch that it goes to.
        base_branch: Option<String>,
        /// The tip of that branch when the event was sent; the merge commit's first parent may be newer.
        base_sha: Option<String>,
        /// The tip of the pull request's own branch: what a comment is about, and what a check run is attached to.
        head_sha: Option<String>,
        /// Whether it comes from another repository, or from one that is gone.
        from_fork: bool,
        /// Whether it can still be merged.
        state: PullRequestState,
    },
    /// A pull request, but with the secrets and rights of the base branch: code of the pull request must not run here.
    PullRequestTarget {
        /// Its number.
        number: Option<u64>,
    },
    /// Another workflow ended; this one has rights that the other may not have had.
    WorkflowRun(Box<EndedRun>),
    /// Somebody wrote a comment.
    IssueComment(Box<Comment>),
    /// A merge queue asks for checks.
    MergeGroup {
        /// What the group is merged into.
        base_sha: Option<String>,
    },
    /// Commits were pushed.
    Push {
        /// Where the branch was before; `None` for a new one.
        before: Option<String>,
        /// Whether what was there before may be gone from the branch.
        forced: bool,
    },
    /// Anything else.
    Other,
}

/// How a pull request stands. GitHub starts no job for an open one that conflicts with its base, because there is no merge commit then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullRequestState {
    /// It can still be merged.
    Open,
    /// It was closed without being merged.
    Closed,
    /// It was merged; the job is for the commit on the target branch.
    Merged,
}

/// A run of another workflow that has ended, as the event of `workflow_run` tells it. GitHub wrote this, not the pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedRun {
    /// Which run.
    pub run: RunNumber,
    /// What started it: `pull_request`.
    pub event_name: String,
    /// The commit that it was for: the tip of the pull request's branch, not the merge commit.
    pub head_sha: String,
    /// The branch that the commit lies on.
    pub head_branch: String,
    /// The owner of the repository that the branch lies in; `None` where it is gone.
    pub head_owner: Option<String>,
    /// Whether that is another repository than this one, or one that is gone.
    pub from_fork: bool,
    /// Who started that run: a login.
    pub actor: Option<String>,
    /// The page of the run.
    pub url: Option<String>,
}

/// A comment that somebody wrote. Its text and author are foreign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The number of the issue or pull request that it stands under.
    pub number: u64,
    /// Whether that is a pull request.
    pub on_pull_request: bool,
    /// The comment's id.
    pub id: u64,
    /// Who wrote it: a login.
    pub author: String,
    /// What it says.
    pub body: String,
    /// Whether it was written just now, not edited later.
    pub created: bool,
}

/// What started the job.
pub(super) fn trigger(event_name: &str, event: &Value, base_ref: Option<String>) -> Trigger {
    match event_name {
        "pull_request" => {
            // Not `head.repo.fork`: a fork may open a pull request inside itself. A deleted fork has no `head.repo` at all.
            let head = text(event, "/pull_request/head/repo/full_name");
            Trigger::PullRequest {
                number: event.pointer("/number").and_then(Value::as_u64),
                base_branch: base_ref.or_else(|| text(event, "/pull_request/base/ref")),
                base_sha: commit(event, "/pull_request/base/sha"),
                head_sha: commit(event, "/pull_request/head/sha"),
                from_fork: head.is_none() || head != text(event, "/repository/full_name"),
                state: state(event),
            }
        }
        "pull_request_target" => {
            Trigger::PullRequestTarget { number: event.pointer("/number").and_then(Value::as_u64) }
        }
        "workflow_run" => ended_run(event).map_or(Trigger::Other, |run| Trigger::WorkflowRun(Box::new(run))),
        "issue_comment" => comment(event).map_or(Trigger::Other, |comment| Trigger::IssueComment(Box::new(comment))),
        "merge_group" => Trigger::MergeGroup { base_sha: commit(event, "/merge_group/base_sha") },
        "push" => Trigger::Push {
            before: commit(event, "/before"),
            forced: event.pointer("/forced").and_then(Value::as_bool).unwrap_or(false),
        },
        _ => Trigger::Other,
    }
}

/// How the pull request stands. What the event does not say is open.
fn state(event: &Value) -> PullRequestState {
    let merged = event.pointer("/pull_request/merged").and_then(Value::as_bool).unwrap_or(false);
    match (merged, text(event, "/pull_request/state").as_deref()) {
        (true, _) => PullRequestState::Merged,
        (false, Some("closed")) => PullRequestState::Closed,
        (false, _) => PullRequestState::Open,
    }
}

/// The run that ended, where the event tells everything about it that matters.
fn ended_run(event: &Value) -> Option<EndedRun> {
    let number = |name: &str| event.pointer(&format!("/workflow_run/{name}")).and_then(Value::as_u64);
    let head = text(event, "/workflow_run/head_repository/full_name");
    Some(EndedRun {
        run: RunNumber { number: number("run_number")?, attempt: number("run_attempt")?, id: number("id")? },
        event_name: text(event, "/workflow_run/event")?,
        head_sha: commit(event, "/workflow_run/head_sha")?,
        head_branch: text(event, "/workflow_run/head_branch")?,
        head_owner: text(event, "/workflow_run/head_repository/owner/login"),
        from_fork: head.is_none() || head != text(event, "/repository/full_name"),
        actor: text(event, "/workflow_run/actor/login"),
        url: text(event, "/workflow_run/html_url"),
    })
}

/// The comment that was written, where the event tells who wrote what and where.
fn comment(event: &Value) -> Option<Comment> {
    Some(Comment {
        number: event.pointer("/issue/number").and_then(Value::as_u64)?,
        on_pull_request: event.pointer("/issue/pull_request").is_some_and(Value::is_object),
        id: event.pointer("/comment/id").and_then(Value::as_u64)?,
        author: text(event, "/comment/user/login")?,
        body: text(event, "/comment/body")?,
        created: text(event, "/action").as_deref() == Some("created"),
    })
}

/// A text in the event that is not empty.
pub(super) fn text(event: &Value, pointer: &str) -> Option<String> {
    event.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A commit in the event. Forty zeros are GitHub's way to say that there is none.
fn commit(event: &Value, pointer: &str) -> Option<String> {
    text(event, pointer).filter(|id| is_commit(id) && id.bytes().any(|digit| digit != b'0'))
}

/// Whether a text is a full commit id.
pub(super) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
