//! `tollgate publish`: puts reports on the pull request. Refuses to judge: it ends with 0 whatever the verdict is, and a missing permission
//! changes where the report is shown, nothing else.

mod degrade;
mod reports;
mod second_stage;
mod send;
mod target;

use crate::ci::{CiContext, GitHubRun};
use crate::cli::PublishArgs;
use crate::config::human::duration;
use crate::publish::{GitHub, Patience, Server, Token};
use crate::report::comment::{Facts, LIMIT, Leg, check_run, render, status};
use crate::report::escape::terminal;

use super::{Code, Context, Failure};

use target::Target;

/// What it means that something failed here.
const NOT_PUBLISHED: &str = "not published";

/// Everything that is to be published, and where.
pub(crate) struct Publication<'a> {
    /// What the user wants.
    pub(crate) args: &'a PublishArgs,
    /// The job that publishes.
    pub(crate) run: &'a GitHubRun,
    /// Where to.
    pub(crate) target: Target,
    /// What: a report for each job.
    pub(crate) legs: Vec<Leg>,
    /// What is known about them.
    pub(crate) facts: Facts,
}

/// Reads the reports and publishes them.
pub(super) fn run(args: &PublishArgs, context: &Context) -> Result<Code, Failure> {
    let CiContext::GitHub(run) = context.ci() else {
        return outside(args, context);
    };
    if let Some(path) = &args.from_artifact {
        return second_stage::run(path, args, &run, context);
    }
    let target = target::of(&run)?;
    let legs = reports::read(args, context, Some(&run))?;
    let facts = facts(args, Some(&run), &target, &legs);
    deliver(Publication { args, run: &run, target, legs, facts }, context)
}

/// Publishes, or says what would be published.
pub(crate) fn deliver(mut publication: Publication<'_>, context: &Context) -> Result<Code, Failure> {
    let (args, run) = (publication.args, publication.run);
    if args.dry_run {
        context.print_report(&preview(args, publication.target.number, &publication.legs, &publication.facts));
        return Ok(Code::Pass);
    }
    if publication.target.number.is_none() && !args.check_run && !args.status {
        context.print(&format!("nothing to publish: a `{}` run has no pull request\n", run.event_name));
        return Ok(Code::Pass);
    }
    let Some(github) = connect(args, run, context)? else {
        return degrade::without_token(&publication, context);
    };
    let mut troubles = Vec::new();
    if let (Some(number), None) = (publication.target.number, &publication.target.commit) {
        match target::tip(&github, number) {
            Ok(commit) => {
                publication.facts.commit.clone_from(&commit);
                publication.target.commit = Some(commit);
            }
            Err(error) => troubles.push(degrade::Trouble::commit(error)),
        }
    }
    send::all(&publication, &github, context, &mut troubles);
    degrade::conclude(&publication, context, troubles)
}

/// A connection to GitHub; `None` without a token.
fn connect(args: &PublishArgs, run: &GitHubRun, context: &Context) -> Result<Option<GitHub>, Failure> {
    let Some(token) = context.environment.get("GITHUB_TOKEN").and_then(|text| Token::new(text)) else {
        return Ok(None);
    };
    let patience = Patience { total: limit(args)?, ..Patience::default() };
    GitHub::connect_with(&server(run)?, &token, patience)
        .map(Some)
        .map_err(|error| Failure::new(Code::Usage, NOT_PUBLISHED, &error, error.hint()))
}

/// What can be shown of a publication where there is nothing to publish to.
fn outside(args: &PublishArgs, context: &Context) -> Result<Code, Failure> {
    if !args.dry_run {
        let hint = "run it in a job of GitHub Actions that a pull request started; here `tollgate publish --dry-run` shows the comment, \
                    and `tollgate report` the report";
        return Err(Failure::usage(
            "this is no job of GitHub Actions, so that there is no pull request",
            Some(hint.to_owned()),
        ));
    }
    let legs = reports::read(args, context, None)?;
    let target = Target { number: None, commit: None, from_fork: false };
    let facts = facts(args, None, &target, &legs);
    context.print_report(&preview(args, None, &legs, &facts));
    Ok(Code::Pass)
}

/// What is known about the commit and the run.
fn facts(args: &PublishArgs, run: Option<&GitHubRun>, target: &Target, legs: &[Leg]) -> Facts {
    let measured = || legs.first().map(|leg| leg.judgement.head.commit.clone());
    Facts {
        key: args.key.clone(),
        commit: target.commit.clone().or_else(measured).unwrap_or_default(),
        run: run.and_then(|run| run.run),
        run_url: run.and_then(|run| run.run_url.clone()),
        untrusted: target.from_fork,
        commands: args.commands,
    }
}

/// Everything that would be sent.
fn preview(args: &PublishArgs, number: Option<u64>, legs: &[Leg], facts: &Facts) -> String {
    let at = number.map_or_else(String::new, |number| format!(" on #{number}"));
    let mut text = format!("would be published, under the key `{}`:\n\ncomment{at}:\n\n", args.key);
    text.push_str(&render(legs, facts, None, LIMIT));
    if args.escalate {
        text.push_str(&escalated(legs));
    }
    if args.check_run {
        let run = check_run(legs, facts);
        let annotations = run.annotations.len();
        let lines = ["", &format!("check run: {:?}, {}, {annotations} annotations", run.conclusion, run.title), ""];
        text.push_str(&lines.join("\n"));
    }
    if args.status {
        let status = status(legs, facts);
        text.push_str(&["", &format!("commit status: {:?}, {}", status.state, status.description), ""].join("\n"));
    }
    text
}

/// Who would be told of the findings.
fn escalated(legs: &[Leg]) -> String {
    let wanted = send::wanted(legs);
    let named = |names: &[String]| if names.is_empty() { "none".to_owned() } else { terminal(&names.join(", ")) };
    format!("\nescalation: labels {}; reviews by {}\n", named(&wanted.labels), named(&wanted.reviewers))
}

/// How long GitHub is waited for.
fn limit(args: &PublishArgs) -> Result<std::time::Duration, Failure> {
    duration(&args.time_limit).map_err(|error| Failure::usage(format!("--time-limit: {error}"), error.hint()))
}

/// Where GitHub's interface is.
fn server(run: &GitHubRun) -> Result<Server, Failure> {
    let missing = |name: &str| Failure::usage(format!("{name} is not set, which GitHub Actions does"), None);
    Ok(Server {
        api_url: run.api_url.clone().ok_or_else(|| missing("GITHUB_API_URL"))?,
        repository: run.repository.clone().ok_or_else(|| missing("GITHUB_REPOSITORY"))?,
    })
}
