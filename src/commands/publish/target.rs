//! Which pull request and which commit a report is about. Taken from what GitHub said when it started the job, never from a report.

use serde::Deserialize;

use crate::ci::{GitHubRun, Trigger};
use crate::commands::Failure;
use crate::publish::{ApiError, GitHub};

/// What a report is put on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The pull request; `None` where there is none to comment on.
    pub(crate) number: Option<u64>,
    /// The commit of check runs and statuses; for a pull request the tip of its own branch. `None` where it has to be asked for.
    pub(crate) commit: Option<String>,
    /// Whether code of another repository was measured, for which the token may only read.
    pub(crate) from_fork: bool,
}

/// What the run is for. Refuses where the reports are a stranger's and the token is ours.
pub(super) fn of(run: &GitHubRun) -> Result<Target, Failure> {
    match &run.trigger {
        Trigger::PullRequest { number, head_sha, from_fork, .. } => {
            let number = number.or_else(|| by_reference(run.reference.as_deref()));
            if number.is_none() {
                let message = "the event does not say which pull request started this job";
                return Err(Failure::usage(message, Some("GITHUB_EVENT_PATH must name the event's file".to_owned())));
            }
            Ok(Target { number, commit: head_sha.clone(), from_fork: *from_fork })
        }
        Trigger::PullRequestTarget { .. } | Trigger::WorkflowRun(_) => Err(Failure::usage(
            format!("a report is not believed in a `{}` job: a stranger may have written it", run.event_name),
            Some(
                "take what was measured and judge it here: `tollgate publish --from-artifact evidence.zip`".to_owned(),
            ),
        )),
        Trigger::IssueComment(comment) => {
            Ok(Target { number: comment.on_pull_request.then_some(comment.number), commit: None, from_fork: false })
        }
        Trigger::MergeGroup { .. } | Trigger::Push { .. } | Trigger::Other => {
            Ok(Target { number: None, commit: run.sha.clone(), from_fork: false })
        }
    }
}

/// The number in `refs/pull/7/merge`.
fn by_reference(reference: Option<&str>) -> Option<u64> {
    reference?.strip_prefix("refs/pull/")?.split('/').next()?.parse().ok()
}

/// The tip of a pull request's branch, as GitHub has it now.
pub(super) fn tip(github: &GitHub, number: u64) -> Result<String, ApiError> {
    #[derive(Deserialize)]
    struct Pull {
        head: Head,
    }
    #[derive(Deserialize)]
    struct Head {
        sha: String,
    }
    let pull: Pull = github.get(&github.route(&format!("pulls/{number}")))?;
    Ok(pull.head.sha)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_its_pull_request() {
        assert_eq!(by_reference(Some("refs/pull/7/merge")), Some(7));
        assert_eq!(by_reference(Some("refs/heads/7")), None);
        assert_eq!(by_reference(Some("refs/pull/-7/merge")), None);
    }
}
