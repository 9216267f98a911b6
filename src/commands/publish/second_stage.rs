//! The second stage for pull requests from forks: takes what the first measured, judges it here and publishes that. Refuses to know of the pull
//! request from anybody but GitHub, and touches none of its code.

use std::path::Path;

use crate::ci::{EndedRun, GitHubRun, Trigger};
use crate::cli::{CommentMode, PublishArgs};
use crate::commands::evidence::{Asked, Judged, judge_artifact};
use crate::commands::{Code, Context, Failure};
use crate::publish::pull::{self, Pull, Sought};
use crate::publish::sticky::{self, Sticky};
use crate::publish::{ApiError, GitHub};
use crate::report::comment::{Facts, Leg, first_line, read};
use crate::report::terminal;

use super::target::Target;
use super::{NOT_PUBLISHED, Publication, connect, deliver, send};

/// Judges what lies at `path` and publishes it on the pull request of the run that has ended.
pub(super) fn run(path: &Path, args: &PublishArgs, job: &GitHubRun, context: &Context) -> Result<Code, Failure> {
    let Trigger::WorkflowRun(ended) = &job.trigger else {
        let message = format!("--from-artifact is for a `workflow_run` job, and this is a `{}` job", job.event_name);
        let hint =
            "only the event of `workflow_run` says which pull request was measured; docs/forks.md has the workflow";
        return Err(Failure::usage(message, Some(hint.to_owned())));
    };
    let github = connect(args, job, context)?.ok_or_else(no_token)?;
    let failed = |error: ApiError| Failure::new(Code::Publishing, NOT_PUBLISHED, &error, error.hint());
    let pull = match pull::of_run(&github, ended).map_err(failed)? {
        Sought::Found(pull) => pull,
        Sought::Nothing(why) => return Ok(nothing(&why, context)),
        Sought::Several(message) => {
            return Err(Failure { code: Code::Publishing, consequence: NOT_PUBLISHED, message, hint: None });
        }
    };
    // Without a look at the comments there is nothing to be late for; publishing says what is wrong with that.
    if args.comment != CommentMode::Never && is_late(args, ended, pull.number, &github).unwrap_or(false) {
        return Ok(nothing(&format!("a later run has reported on #{}", pull.number), context));
    }
    let asked = Asked {
        base_branch: pull.base_branch.clone(),
        head_sha: pull.head_sha.clone(),
        merge_sha: pull.merge_sha.clone(),
    };
    let Judged { jobs, refused } = judge_artifact(&context.directory.join(path), &asked, context)?;
    for (_, judgement) in &jobs {
        context.print(&terminal::render(judgement));
    }
    let legs = jobs.into_iter().map(|(name, judgement)| Leg { name, judgement, run_url: None }).collect();
    let published = deliver(publication(args, job, ended, &pull, legs), context)?;
    refused.map_or(Ok(published), Err)
}

/// What is published: the run that counts is the one that measured.
fn publication<'a>(
    args: &'a PublishArgs,
    job: &'a GitHubRun,
    ended: &EndedRun,
    pull: &Pull,
    legs: Vec<Leg>,
) -> Publication<'a> {
    let facts = Facts {
        key: args.key.clone(),
        commit: pull.head_sha.clone(),
        run: Some(ended.run),
        run_url: ended.url.clone(),
        untrusted: true,
        commands: false,
    };
    // The token here may write, whoever the pull request is from.
    let target = Target { number: Some(pull.number), commit: Some(pull.head_sha.clone()), from_fork: false };
    Publication { args, run: job, target, legs, facts }
}

/// Whether the comment that is there comes from a later run than the one that has ended.
fn is_late(args: &PublishArgs, ended: &EndedRun, number: u64, github: &GitHub) -> Result<bool, ApiError> {
    let author = sticky::author(github, &args.app)?;
    let first = first_line(&args.key);
    let found = Sticky { github, author: &author, number, first_line: &first }.find()?;
    let posted = send::current(&found, args.comment).and_then(|comment| read(&comment.body));
    Ok(posted.is_some_and(|posted| send::is_later(posted.run, Some(ended.run))))
}

/// There is nothing to publish, which is no failure.
fn nothing(why: &str, context: &Context) -> Code {
    context.print(&format!("nothing to publish: {why}\n"));
    Code::Pass
}

fn no_token() -> Failure {
    let hint = "give the step `env: { GITHUB_TOKEN: \"${{ github.token }}\" }`, and the job `permissions: { pull-requests: write }`";
    Failure {
        code: Code::Usage,
        consequence: NOT_PUBLISHED,
        message: "GITHUB_TOKEN is not set, or is no token".to_owned(),
        hint: Some(hint.to_owned()),
    }
}
