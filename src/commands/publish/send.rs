//! Sends the comment, the escalation, the check run and the commit status, each whatever became of the others.

use crate::ci::RunNumber;
use crate::cli::CommentMode;
use crate::commands::Context;
use crate::publish::escalation::{self, Asked, Wanted};
use crate::publish::sticky::{self, Found, Older, Sticky, Written};
use crate::publish::surface::{Annotation, CheckRun, Status};
use crate::publish::{ApiError, GitHub};
use crate::report::comment::{
    Conclusion, LIMIT, Leg, Posted, State, check_run, fingerprint, first_line, read, render, status, verdict,
};

use crate::report::escape::terminal;

use super::Publication;
use super::degrade::Trouble;

/// How long a comment may be, in characters: the first that GitHub takes.
const LIMITS: [usize; 3] = [LIMIT, LIMIT / 2, LIMIT / 8];

/// The most labels, and the most people that are asked. GitHub asks no more at once.
const NAMES_MAX: usize = 15;

/// Sends everything that was asked for; what fails goes to `troubles`.
pub(super) fn all(publication: &Publication<'_>, github: &GitHub, context: &Context, troubles: &mut Vec<Trouble>) {
    let args = publication.args;
    if let (Some(number), true) = (publication.target.number, args.comment != CommentMode::Never) {
        match comment(publication, github, number) {
            Ok(done) => context.print(&format!("comment on #{number}: {done}\n")),
            Err(error) => troubles.push(Trouble::comment(error)),
        }
    }
    if let (Some(number), true) = (publication.target.number, args.escalate) {
        match escalation::ask(github, number, &wanted(&publication.legs)) {
            Ok(asked) => context.print_report(&told(number, &asked)),
            Err(error) => troubles.push(Trouble::escalation(error)),
        }
    }
    let Some(commit) = &publication.target.commit else { return };
    if args.check_run {
        match run(publication, commit).send(github) {
            Ok(()) => context.print(&format!("check run `{}`: made\n", args.key)),
            Err(error) => troubles.push(Trouble::check_run(error)),
        }
    }
    if args.status {
        match state(publication).send(github, commit) {
            Ok(()) => context.print(&format!("commit status `{}`: set\n", args.key)),
            Err(error) => troubles.push(Trouble::status(error)),
        }
    }
}

/// Writes the comment; what was done.
fn comment(publication: &Publication<'_>, github: &GitHub, number: u64) -> Result<String, ApiError> {
    let author = sticky::author(github, &publication.args.app)?;
    let first = first_line(&publication.facts.key);
    let place = Sticky { github, author: &author, number, first_line: &first };
    let found = place.find()?;
    let before = current(&found, publication.args.comment).and_then(|comment| read(&comment.body));
    let older = match plan(publication, before.as_ref()) {
        Plan::Leave(why) => return Ok(why.to_owned()),
        Plan::Write(older) => older,
    };
    let written =
        fitting(&place, &found, older, &|most| render(&publication.legs, &publication.facts, before.as_ref(), most))?;
    Ok(match written {
        Written::New(_) => "written",
        Written::Edited(_) => "edited",
        Written::Same(_) => "says the same already",
    }
    .to_owned())
}

/// The comment that counts. Where every change of the verdict is a new one, that is the newest; else two mean that two jobs made one at once.
pub(super) fn current(found: &[Found], mode: CommentMode) -> Option<&Found> {
    if mode == CommentMode::New { found.last() } else { found.first() }
}

/// What is done with the comment.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    /// Nothing, for this reason.
    Leave(&'static str),
    /// It is written.
    Write(Older),
}

/// Who is to be told of the findings of all jobs, each once.
pub(super) fn wanted(legs: &[Leg]) -> Wanted {
    let mut wanted = Wanted::default();
    for escalation in legs.iter().flat_map(|leg| &leg.judgement.findings).map(|found| &found.escalation) {
        add(&mut wanted.labels, &escalation.labels);
        add(&mut wanted.reviewers, &escalation.reviewers);
    }
    wanted
}

/// Adds names that are not there yet.
fn add(all: &mut Vec<String>, more: &[String]) {
    for name in more {
        if all.len() < NAMES_MAX && !all.contains(name) {
            all.push(name.clone());
        }
    }
}

/// What came of the escalation, in lines.
fn told(number: u64, asked: &Asked) -> String {
    let mut lines = Vec::new();
    if !asked.labels.is_empty() {
        lines.push(format!("labels of #{number}: {} put", asked.labels.join(", ")));
    }
    if !asked.reviewers.is_empty() {
        lines.push(format!("review of #{number}: {} asked", asked.reviewers.join(", ")));
    }
    let refused = |(name, error): &(String, ApiError)| {
        format!("review of #{number}: {name} could not be asked, has perhaps no access to the repository: {error}")
    };
    lines.extend(asked.refused.iter().map(refused));
    if lines.is_empty() {
        lines.push(format!("escalation on #{number}: nobody new to tell"));
    }
    let lines: Vec<String> = lines.iter().map(|line| terminal(line)).collect();
    format!("{}\n", lines.join("\n"))
}

/// What is done, by what the comment says until now.
fn plan(publication: &Publication<'_>, before: Option<&Posted>) -> Plan {
    let Some(before) = before else { return Plan::Write(Older::Edit) };
    if is_later(before.run, publication.facts.run) {
        return Plan::Leave("left as it is, a later run has reported");
    }
    let same = before.fingerprint == fingerprint(&publication.legs);
    match publication.args.comment {
        CommentMode::Never => Plan::Leave("not wanted"),
        CommentMode::OnChange | CommentMode::New if same => Plan::Leave("left as it is, nothing has changed"),
        CommentMode::New if before.verdict != verdict(&publication.legs) => Plan::Write(Older::Replace),
        CommentMode::Always | CommentMode::OnChange | CommentMode::New => Plan::Write(Older::Edit),
    }
}

/// Whether the run that wrote the comment is later than this one. Ids count over all workflows of a server; a repeated run keeps its own.
pub(super) fn is_later(other: Option<RunNumber>, own: Option<RunNumber>) -> bool {
    match (other, own) {
        (Some(other), Some(own)) => (other.id, other.attempt) > (own.id, own.attempt),
        _ => false,
    }
}

/// Writes the largest comment that GitHub takes.
fn fitting(
    place: &Sticky<'_>,
    found: &[Found],
    older: Older,
    body: &dyn Fn(usize) -> String,
) -> Result<Written, ApiError> {
    let mut refused = None;
    for most in LIMITS {
        match place.write(found, &body(most), older) {
            Err(error) if is_too_long(&error) => refused = Some(error),
            written => return written,
        }
    }
    place.write(found, &body(0), older).map_err(|error| refused.unwrap_or(error))
}

/// Whether GitHub finds a text too long.
fn is_too_long(error: &ApiError) -> bool {
    matches!(error, ApiError::Refused { status: 422, message, .. } if message.contains("too long"))
}

/// The check run.
fn run(publication: &Publication<'_>, commit: &str) -> CheckRun {
    let output = check_run(&publication.legs, &publication.facts);
    let annotations = output.annotations.into_iter().map(|annotation| Annotation {
        path: annotation.path,
        start_line: annotation.line,
        end_line: annotation.line,
        annotation_level: "failure",
        title: annotation.title,
        message: annotation.message,
    });
    let id = publication.facts.run.map_or_else(String::new, |run| format!("{}.{}.", run.id, run.attempt));
    CheckRun {
        name: publication.args.key.clone(),
        commit: commit.to_owned(),
        conclusion: match output.conclusion {
            Conclusion::Success => "success",
            Conclusion::Failure => "failure",
        },
        url: publication.facts.run_url.clone(),
        mark: format!("tollgate:{id}{}", fingerprint(&publication.legs)),
        title: output.title,
        summary: output.summary,
        text: output.text,
        annotations: annotations.collect(),
    }
}

/// The commit status.
fn state(publication: &Publication<'_>) -> Status {
    let status = status(&publication.legs, &publication.facts);
    Status {
        state: match status.state {
            State::Success => "success",
            State::Failure => "failure",
            State::Error => "error",
        },
        description: status.description,
        context: publication.args.key.clone(),
        target_url: publication.facts.run_url.clone(),
    }
}
