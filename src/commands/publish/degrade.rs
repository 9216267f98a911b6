//! What is left where GitHub does not take a report: the page of the run, the log, and what to change. A permission that is missing is no
//! failure: every pull request from a fork lacks it.

use std::collections::BTreeSet;

use crate::commands::{Code, Context, Failure, step};
use crate::publish::ApiError;
use crate::report::comment::{LIMIT, render};
use crate::report::escape::{markdown, terminal};

use super::{NOT_PUBLISHED, Publication};

/// Something that was not published.
pub(super) struct Trouble {
    /// What: `the comment`.
    what: &'static str,
    /// The permission that it needs, as a workflow names it.
    permission: &'static str,
    /// Why.
    error: ApiError,
}

impl Trouble {
    /// The comment was not written.
    pub(super) fn comment(error: ApiError) -> Self {
        Self { what: "the comment", permission: "pull-requests: write", error }
    }

    /// The check run was not made.
    pub(super) fn check_run(error: ApiError) -> Self {
        Self { what: "the check run", permission: "checks: write", error }
    }

    /// The status was not set.
    pub(super) fn status(error: ApiError) -> Self {
        Self { what: "the commit status", permission: "statuses: write", error }
    }

    /// Labels or reviewers are missing.
    pub(super) fn escalation(error: ApiError) -> Self {
        Self { what: "the escalation of the findings", permission: "pull-requests: write", error }
    }

    /// The commit of a pull request is not known.
    pub(super) fn commit(error: ApiError) -> Self {
        Self { what: "what belongs to the pull request's commit", permission: "pull-requests: read", error }
    }
}

/// Says what was not published and puts it on the page of the run instead. Only what is no matter of permission is a failure.
pub(super) fn conclude(
    publication: &Publication<'_>,
    context: &Context,
    troubles: Vec<Trouble>,
) -> Result<Code, Failure> {
    if troubles.is_empty() {
        return Ok(Code::Pass);
    }
    let said: Vec<String> =
        troubles.iter().map(|trouble| format!("{} is not there: {}", trouble.what, trouble.error)).collect();
    let refused: BTreeSet<&str> =
        troubles.iter().filter(|trouble| trouble.error.lacks_permission()).map(|trouble| trouble.permission).collect();
    let advice = advice(&refused, publication.target.from_fork);
    show(publication, context, &said, &advice);
    match troubles.into_iter().find(|trouble| !trouble.error.lacks_permission()) {
        None => Ok(Code::Pass),
        Some(Trouble { what, error, .. }) => Err(Failure {
            code: Code::Publishing,
            consequence: NOT_PUBLISHED,
            message: format!("{what}: {error}"),
            hint: error.hint(),
        }),
    }
}

/// There is no token. A fork's job has no secrets, so that there it is no mistake.
pub(super) fn without_token(publication: &Publication<'_>, context: &Context) -> Result<Code, Failure> {
    if !publication.target.from_fork {
        let hint = "give the step `env: { GITHUB_TOKEN: \"${{ github.token }}\" }`, and the job `permissions: { pull-requests: write }`";
        return Err(Failure {
            code: Code::Usage,
            consequence: NOT_PUBLISHED,
            message: "GITHUB_TOKEN is not set, or is no token".to_owned(),
            hint: Some(hint.to_owned()),
        });
    }
    let said = ["the comment is not there: a pull request from a fork has no token here".to_owned()];
    show(publication, context, &said, &advice(&BTreeSet::new(), true));
    Ok(Code::Pass)
}

/// What to change so that it works.
fn advice(refused: &BTreeSet<&str>, from_fork: bool) -> Vec<String> {
    if from_fork {
        return vec![
            "A pull request from a fork gets a token that may only read. A second workflow, started by `workflow_run`, may comment: \
             docs/publishing.md shows it."
                .to_owned(),
        ];
    }
    if refused.is_empty() {
        return Vec::new();
    }
    let first = "Add to the job in the workflow:".to_owned();
    let lines = refused.iter().map(|permission| format!("  {permission}"));
    [first, "permissions:".to_owned(), "  contents: read".to_owned()].into_iter().chain(lines).collect()
}

/// In the log, and with the whole report on the page of the run.
fn show(publication: &Publication<'_>, context: &Context, said: &[String], advice: &[String]) {
    let lines: Vec<String> = said.iter().chain(advice).map(|line| terminal(line)).collect();
    context.print_report(&format!("{}\n", lines.join("\n")));
    let body = render(&publication.legs, &publication.facts, None, LIMIT);
    let report = body.split_once('\n').map_or(body.as_str(), |(_, report)| report);
    let mut page: Vec<String> = said.iter().map(|line| format!("> {}", markdown(line))).collect();
    if let [first, yaml @ ..] = advice {
        page.extend([">".to_owned(), format!("> {}", markdown(first)), String::new()]);
        if !yaml.is_empty() {
            page.extend(["```yaml".to_owned(), yaml.join("\n"), "```".to_owned()]);
        }
    }
    if step::show_on_page(&format!("{}\n\n{report}", page.join("\n")), publication.run, context) {
        context.print("The report is on the page of the run instead.\n");
    }
}
