//! The check run and the commit status: the same facts as the comment's in the shapes that GitHub has for them. Refuses to lose a count.

use crate::model::judgement::WaiverState;
use crate::model::{Judgement, MetricId, RunVerdict};

use super::super::escape::{shorten, visible};
use super::super::markdown::tidy;
use super::super::number::plural;
use super::super::template;
use super::super::text::Text;
use super::super::view::{self, Finding, TroubleView};
use super::jobs::{self, Job};
use super::page::{Page, SPACES, Space};
use super::{Facts, Leg, verdict, widest};

/// The most bytes of a summary or text of a check run: GitHub says 65,535 characters, and bytes are never fewer.
const TEXT_BYTES_MAX: usize = 65_535;
/// The most annotations of a check run; the last then counts the rest.
const ANNOTATIONS_MAX: usize = 100;
/// The most characters of an annotation's title.
const TITLE_MAX: usize = 255;
/// The most characters of an annotation's message: it is a sentence or two.
const MESSAGE_MAX: usize = 2_000;
/// The most characters of a status's description.
const DESCRIPTION_MAX: usize = 140;

/// The files that people write for the gate, where a reader who wants another verdict goes.
const POLICY: &str = "tollgate.toml";
/// The file of waivers.
const WAIVERS: &str = "tollgate-waivers.toml";

/// How a check run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// Nothing blocks.
    Success,
    /// It blocks. *Neutral* would let a required check pass where nothing is known.
    Failure,
}

/// A check run, as GitHub's `conclusion` and `output`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRunOutput {
    /// How it ends.
    pub conclusion: Conclusion,
    /// The headline. No name from outside is in it.
    pub title: String,
    /// What it means, as Markdown of at most 65,535 bytes.
    pub summary: String,
    /// The reports of the jobs, as Markdown of at most 65,535 bytes.
    pub text: String,
    /// One for each failing row and each failure of the measurement; at most a hundred, of which the last counts the rest.
    pub annotations: Vec<Annotation>,
}

/// A failure at a line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// The file, from the root of the repository: where a waiver bears on the row the file of waivers, else the policy by which it fails.
    pub path: String,
    /// The line, from 1; 1 where no line is meant.
    pub line: usize,
    /// What it is about: plain text of at most 255 characters, in one line.
    pub title: String,
    /// What happened, and what to do: plain text, in one line.
    pub message: String,
}

/// The state of a commit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing blocks.
    Success,
    /// It blocks because the program got worse.
    Failure,
    /// It blocks because something could not be measured or decided.
    Error,
}

/// A commit status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusText {
    /// The state.
    pub state: State,
    /// The headline, of at most 140 characters. No name from outside is in it.
    pub description: String,
}

/// The check run over all jobs.
pub fn check_run(legs: &[Leg], facts: &Facts) -> CheckRunOutput {
    let jobs = jobs::all(legs, facts);
    let page = |space: &Space| {
        let mut page = Page::new(legs, &jobs, facts, space);
        // One job's lead stands in the summary; that of several in their reports.
        if let ([only], [section]) = (jobs.as_slice(), page.sections.as_mut_slice()) {
            (page.lead, page.advice) = (only.view.lead.clone(), view::advice(only.view.state));
            (section.body.lead, section.body.advice) = (Text::default(), "");
        }
        page
    };
    let bytes = |text: &str| text.len();
    CheckRunOutput {
        conclusion: match verdict(legs) {
            RunVerdict::Pass => Conclusion::Success,
            _ => Conclusion::Failure,
        },
        title: Page::new(legs, &jobs, facts, &SPACES[SPACES.len() - 1]).headline,
        summary: widest(TEXT_BYTES_MAX, page, |page| tidy(&template::comment_top(page)), bytes),
        text: widest(TEXT_BYTES_MAX, page, |page| tidy(&template::comment_sections(page)), bytes),
        annotations: annotations(legs, &jobs),
    }
}

/// The commit status over all jobs.
pub fn status(legs: &[Leg], facts: &Facts) -> StatusText {
    let jobs = jobs::all(legs, facts);
    let headline = Page::new(legs, &jobs, facts, &SPACES[SPACES.len() - 1]).headline;
    StatusText {
        state: match verdict(legs) {
            RunVerdict::Pass => State::Success,
            RunVerdict::Regressed | RunVerdict::OverBudget => State::Failure,
            _ => State::Error,
        },
        description: words(&headline, DESCRIPTION_MAX),
    }
}

/// One for each failing row and each failure of the measurement, worst jobs first.
fn annotations(legs: &[Leg], jobs: &[Job]) -> Vec<Annotation> {
    let plain = |text: &Text| text.line(str::to_owned);
    let several = jobs.len() > 1;
    let note = |job: &Job, (path, line): (&str, usize), title: String, message: String| {
        let title = if several { format!("{}: {title}", job.name) } else { title };
        Annotation {
            path: path.to_owned(),
            line,
            title: shorten(&visible(&title), TITLE_MAX),
            message: shorten(&visible(&message), MESSAGE_MAX),
        }
    };
    let all: usize = jobs.iter().map(|job| blocking(job).count() + failures(job).count()).sum();
    let room = if all > ANNOTATIONS_MAX { ANNOTATIONS_MAX - 1 } else { all };
    let mut notes: Vec<Annotation> = jobs
        .iter()
        .flat_map(|job| {
            let rows = blocking(job).map(move |finding| {
                let message = finding.message(plain);
                let place = place(&legs[job.leg].judgement, &finding.row.id);
                note(job, place, format!("{} {}", finding.number, finding.row.benchmark), message)
            });
            let troubles = failures(job).map(move |trouble| {
                note(job, (POLICY, 1), "Not measured".to_owned(), format!("{}.", plain(&trouble.sentence)))
            });
            rows.chain(troubles)
        })
        .take(room)
        .collect();
    if all > room {
        let message = format!("and {} that are in the report", plural(all - room, "more failure"));
        notes.push(Annotation { path: POLICY.to_owned(), line: 1, title: "Tollgate".to_owned(), message });
    }
    notes
}

/// The findings of a job that block.
fn blocking(job: &Job) -> impl Iterator<Item = &Finding> {
    job.view.findings.iter().filter(|finding| finding.fails)
}

/// The failures of a job's measurement.
fn failures(job: &Job) -> impl Iterator<Item = &TroubleView> {
    job.view.troubles.iter().filter(|trouble| trouble.failure)
}

/// Where a reader goes who wants another verdict on a row: to the waiver that is not enough, or else to the policy.
fn place(judgement: &Judgement, id: &MetricId) -> (&'static str, usize) {
    let row = judgement.rows.iter().find(|row| row.metric.id == *id);
    match row.and_then(|row| row.waiver.as_ref()) {
        Some(WaiverState::Covers(waiver) | WaiverState::CeilingExceeded(waiver) | WaiverState::Expired(waiver)) => {
            (WAIVERS, waiver.line.max(1))
        }
        None => (POLICY, 1),
    }
}

/// At most `most` characters, cut between words: half a number would be another one.
fn words(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    for word in text.split(' ') {
        if kept.chars().count() + word.chars().count() + 2 > most {
            break;
        }
        kept.push_str(if kept.is_empty() { "" } else { " " });
        kept.push_str(word);
    }
    kept + "…"
}
