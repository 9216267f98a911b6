//! Whether a comment is answered, and which run is run again. Pure: the facts of GitHub in, a decision out.

use serde::Deserialize;

use crate::ci::Comment;

use super::request;

/// A run of a workflow, as far as it matters.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Run {
    /// Its id.
    pub(super) id: u64,
    /// Counts the runs of the workflow.
    #[serde(rename = "run_number")]
    pub(super) number: u64,
    /// Counts the attempts at the run.
    #[serde(rename = "run_attempt")]
    pub(super) attempt: u64,
    /// The commit that it is for.
    pub(super) head_sha: String,
    /// `completed` when it has ended.
    pub(super) status: Option<String>,
    /// How it ended.
    pub(super) conclusion: Option<String>,
    /// When the last attempt began, as `2026-11-21T14:00:00Z`.
    #[serde(rename = "run_started_at")]
    pub(super) started_at: Option<String>,
    /// Its page.
    pub(super) html_url: String,
}

/// Why a comment is none of our business; `None` where it is.
pub(super) fn not_ours(comment: &Comment) -> Option<&'static str> {
    match comment {
        Comment { created: false, .. } => Some("a comment that was edited or deleted is no command"),
        Comment { on_pull_request: false, .. } => Some("the comment is not on a pull request"),
        Comment { body, .. } if !request::is_addressed(body) => Some("the comment is no command"),
        Comment { .. } => None,
    }
}

/// Whether somebody may give commands: those who may push. What the event says of an author is never asked: it is not meant for decisions.
pub(super) fn may_command(permission: &str) -> bool {
    matches!(permission, "admin" | "maintain" | "write")
}

/// What becomes of a wish to run again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rerun {
    /// There is no run for this commit.
    NoRun,
    /// It has not ended yet.
    Running(String),
    /// It began after the comment was written: the comment was answered already, or is out of date.
    Answered(String),
    /// Nothing of it failed.
    NothingFailed(String),
    /// This run's failed jobs are to run again.
    Again {
        /// Its id.
        id: u64,
        /// The attempt that failed.
        attempt: u64,
        /// Its page.
        url: String,
    },
}

/// Which run is run again for a head, by a comment that was written at `asked_at`: the latest one. Times are GitHub's, all in one form, so that
/// their order is that of their letters.
pub(super) fn rerun(runs: &[Run], head: &str, asked_at: &str) -> Rerun {
    let ours = runs.iter().filter(|run| run.head_sha == head);
    let Some(run) = ours.max_by_key(|run| (run.number, run.attempt)) else { return Rerun::NoRun };
    let url = run.html_url.clone();
    if run.started_at.as_deref().is_some_and(|started| started > asked_at) {
        return Rerun::Answered(url);
    }
    match (run.status.as_deref(), run.conclusion.as_deref()) {
        (Some("completed"), Some("failure" | "timed_out" | "cancelled")) => {
            Rerun::Again { id: run.id, attempt: run.attempt, url }
        }
        (Some("completed"), _) => Rerun::NothingFailed(url),
        _ => Rerun::Running(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(number: u64, status: &str, conclusion: Option<&str>) -> Run {
        Run {
            id: 100 + number,
            number,
            attempt: 1,
            head_sha: "a".repeat(40),
            status: Some(status.to_owned()),
            conclusion: conclusion.map(str::to_owned),
            started_at: Some("2026-11-21T10:00:00Z".to_owned()),
            html_url: format!("https://github.example/runs/{number}"),
        }
    }

    fn decided(runs: &[Run]) -> Rerun {
        rerun(runs, &"a".repeat(40), "2026-11-21T11:00:00Z")
    }

    #[test]
    fn the_latest_run_of_the_head_is_the_one_that_counts() {
        let (old, new) = (run(3, "completed", Some("failure")), run(4, "completed", Some("failure")));
        assert!(matches!(decided(&[new.clone(), old.clone()]), Rerun::Again { id: 104, attempt: 1, .. }));
        let passed = run(4, "completed", Some("success"));
        assert!(matches!(decided(&[old.clone(), passed]), Rerun::NothingFailed(_)), "an older failure is history");
        assert!(matches!(decided(&[old.clone(), run(4, "in_progress", None)]), Rerun::Running(_)));
        let elsewhere = Run { head_sha: "b".repeat(40), ..new };
        assert!(matches!(decided(&[elsewhere.clone(), old]), Rerun::Again { id: 103, .. }));
        assert_eq!(decided(&[elsewhere]), Rerun::NoRun);
    }

    #[test]
    fn a_run_that_began_after_the_comment_is_its_answer() {
        let again = Run {
            attempt: 2,
            started_at: Some("2026-11-21T11:00:05Z".to_owned()),
            ..run(3, "completed", Some("failure"))
        };
        assert!(matches!(decided(&[again]), Rerun::Answered(_)), "the same comment handled twice runs once");
    }

    #[test]
    fn who_may_push_may_command_and_nobody_else() {
        assert!(["admin", "maintain", "write"].into_iter().all(may_command));
        assert!(!["read", "triage", "none", "", "WRITE", "MEMBER", "OWNER"].into_iter().any(may_command));
    }

    #[test]
    fn only_a_new_comment_on_a_pull_request_with_our_name_is_ours() {
        let ours = Comment {
            number: 7,
            on_pull_request: true,
            id: 12,
            author: "ada".to_owned(),
            body: "/tollgate rerun".to_owned(),
            created: true,
        };
        assert_eq!(not_ours(&ours), None);
        assert!(not_ours(&Comment { created: false, ..ours.clone() }).is_some());
        assert!(not_ours(&Comment { on_pull_request: false, ..ours.clone() }).is_some());
        assert!(not_ours(&Comment { body: "LGTM".to_owned(), ..ours }).is_some());
    }
}
