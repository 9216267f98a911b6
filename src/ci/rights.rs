//! What a job may do, and whose code may run in it. Refuses to trust a checkout: the workflow's author chose it, and may have chosen wrong.

use super::{CiContext, GitHubRun, Trigger};

/// The login under which Dependabot starts runs.
const DEPENDABOT: &str = "dependabot[bot]";

/// Events for which a run that Dependabot started has the rights of one from a fork. Source: GitHub's documentation of Dependabot on Actions.
const DEPENDABOT_READS: [&str; 7] = [
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "push",
    "create",
    "deployment",
    "deployment_status",
];

/// Events that anybody can cause, and whose jobs have the default branch's rights and secrets.
const BY_ANYBODY: [&str; 8] =
    ["workflow_run", "issue_comment", "issues", "discussion", "discussion_comment", "fork", "watch", "gollum"];

/// What the job's token may do at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// What the workflow's permissions say.
    AsPermitted,
    /// Reading: the run is for a fork's pull request, or Dependabot started it.
    ReadOnly,
}

/// Whose code may be built and run in a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runs {
    /// Whatever is checked out: the job has no rights that its author lacks, or only those who may write to the repository can start it.
    Anything,
    /// Only what is in the history of one of these commits, without uncommitted work.
    Within(Vec<String>),
    /// Nothing.
    Nothing,
}

/// What the token may do.
pub(super) fn of(event_name: &str, trigger: &Trigger, actor: Option<&str>) -> Rights {
    let from_fork = matches!(trigger, Trigger::PullRequest { from_fork: true, .. });
    let dependabot = actor == Some(DEPENDABOT) && DEPENDABOT_READS.contains(&event_name);
    if from_fork || dependabot { Rights::ReadOnly } else { Rights::AsPermitted }
}

impl CiContext {
    /// Whose code may be built and run here.
    pub fn runs(&self) -> Runs {
        match self {
            Self::Local => Runs::Anything,
            Self::GitHub(run) => run.runs(),
        }
    }
}

impl GitHubRun {
    fn runs(&self) -> Runs {
        if self.event_name == "pull_request_target" {
            // The base branch's own code would be harmless here. But nobody needs this event for that, and a checkout does not say whose it is.
            return Runs::Nothing;
        }
        if !BY_ANYBODY.contains(&self.event_name.as_str()) {
            return Runs::Anything;
        }
        let own = self.sha.clone();
        let ended = match &self.trigger {
            // A branch of this very repository: whoever pushed it may write to it. Dependabot pushes what others publish.
            Trigger::WorkflowRun(ended) if !ended.from_fork && ended.actor.as_deref() != Some(DEPENDABOT) => {
                Some(ended.head_sha.clone())
            }
            _ => None,
        };
        Runs::Within(own.into_iter().chain(ended).collect())
    }
}
