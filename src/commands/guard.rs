//! Whether what is checked out may be built and run in this CI job. Said before anything is.

use crate::ci::{CiContext, Runs};
use crate::git::Repository;
use crate::model::Revision;

use super::{Code, Failure};

/// Refuses a job in which nothing may be run.
pub(crate) fn job(ci: &CiContext) -> Result<(), Failure> {
    match ci.runs() {
        Runs::Anything | Runs::Within(_) => Ok(()),
        Runs::Nothing => {
            let why =
                "this job has the rights and secrets of the base branch, and what is checked out may be a stranger's";
            Err(refused(why, ci))
        }
    }
}

/// Refuses a revision whose code may not be run in this job.
pub(crate) fn revision(ci: &CiContext, repository: &Repository, revision: &Revision) -> Result<(), Failure> {
    let Runs::Within(tips) = ci.runs() else { return job(ci) };
    let known = tips.iter().any(|tip| repository.is_ancestor(&revision.commit, tip) == Some(true));
    if known && !revision.dirty {
        return Ok(());
    }
    let what = if known { "the uncommitted work on" } else { "the commit" };
    let why = format!(
        "this job has the rights and secrets of the default branch, and {what} `{}` is not in its history",
        revision.short()
    );
    Err(refused(&why, ci))
}

fn refused(why: &str, ci: &CiContext) -> Failure {
    let event = match ci {
        CiContext::GitHub(run) => run.event_name.clone(),
        CiContext::Local => String::new(),
    };
    Failure {
        code: Code::Usage,
        consequence: "nothing was built or run",
        message: format!("refuse to run code on `{event}`: {why}"),
        hint: Some(
            "measure on `pull_request`, which has neither; what needs rights, such as a comment, is for a second workflow on \
             `workflow_run`, which builds and runs nothing (docs/ci.md)"
                .to_owned(),
        ),
    }
}
