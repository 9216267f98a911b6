//! What is put on a pull request: the comment, the check run and the commit status, over all jobs of one commit, as values. Refuses to send
//! them, and to know whether the author of a comment that it reads back may be believed.

mod history;
mod jobs;
mod page;
mod surface;

#[cfg(test)]
mod tests;

use sha2::{Digest, Sha256};

use crate::ci::RunNumber;
use crate::model::{Judgement, RunVerdict, Trouble};

use super::markdown::tidy;
use super::template;
use super::text::append;
use super::view;

pub use super::markdown::LIMIT;
pub use history::{Past, Posted, first_line, read};
pub use surface::{Annotation, CheckRunOutput, Conclusion, State, StatusText, check_run, status};

use page::{Page, SPACES, Space};

/// One job's report.
#[derive(Clone, Debug)]
pub struct Leg {
    /// What the job is called: the name of a folder. Foreign text; two may be the same.
    pub name: String,
    /// What it found.
    pub judgement: Judgement,
    /// The page of the job. Shown as a link where it is the plain address of a page, else left out.
    pub run_url: Option<String>,
}

/// What is known about the commit and about the run that publishes.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Which comment: two keys on one pull request are two comments.
    pub key: String,
    /// The commit that was judged: the tip of the pull request's branch, as full lower-case hex.
    pub commit: String,
    /// The run that reports it.
    pub run: Option<RunNumber>,
    /// The page of that run.
    pub run_url: Option<String>,
    /// Whether code that is not trusted measured the numbers, as on a fork.
    pub untrusted: bool,
    /// Whether commands in comments are answered in this repository, so that the comment may name one.
    pub commands: bool,
}

/// The verdict over all jobs: the worst, which is what the exit code comes from. Without a job nothing was measured.
pub fn verdict(legs: &[Leg]) -> RunVerdict {
    legs.iter().map(|leg| leg.judgement.verdict).max().unwrap_or(RunVerdict::NotCovered)
}

/// Sixteen digits that stay the same while the verdict, the failing metrics and the failures of the measurement do, whatever the numbers are.
pub fn fingerprint(legs: &[Leg]) -> String {
    let mut said: Vec<String> = legs
        .iter()
        .flat_map(|leg| {
            let rows = leg.judgement.rows.iter().filter(|row| row.outcome.fails());
            let rows = rows.map(|row| format!("{:?}\0{}\0{:?}", leg.name, row.metric.id, row.outcome));
            let problems = leg.judgement.coverage.problems.iter().filter(|problem| view::is_failure(&problem.trouble));
            let problems = problems.map(|problem| {
                let benchmark = problem.benchmark.as_ref().map(ToString::to_string);
                format!("{:?}\0{:?}\0{benchmark:?}\0{}", leg.name, problem.suite.as_str(), kind(&problem.trouble))
            });
            rows.chain(problems)
        })
        .collect();
    said.sort();
    said.insert(0, history::word(verdict(legs)).to_owned());
    digits(&said.join("\0\0"))
}

/// What sort of trouble it is; its message may have a process id or a time in it.
fn kind(trouble: &Trouble) -> &'static str {
    match trouble {
        Trouble::New => "new",
        Trouble::Missing => "missing",
        Trouble::Renamed { .. } => "renamed",
        Trouble::Unparsed { .. } => "unparsed",
        Trouble::Crashed { .. } => "crashed",
        Trouble::TimedOut { .. } => "timed out",
        Trouble::BuildFailed { .. } => "build failed",
    }
}

/// The first sixteen digits of the hash of a text.
fn digits(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(8).fold(String::new(), |mut digits, byte| {
        append(&mut digits, format_args!("{byte:02x}"));
        digits
    })
}

/// The comment: of at most `limit` characters, its marker in the first line, what must be known the next time hidden in the last. Every foreign
/// text is inert in it. `before` is what the same comment said until now.
///
/// A limit below about 6,000 characters may be exceeded by what is never left out.
pub fn render(legs: &[Leg], facts: &Facts, before: Option<&Posted>, limit: usize) -> String {
    let jobs = jobs::all(legs, facts);
    let now = history::now(legs, facts, before);
    let (first, last) = (first_line(&facts.key), history::last_line(&now));
    let page = |space: &Space| Page::new(legs, &jobs, facts, space).with_history(&now);
    let write = |page: &Page<'_>| format!("{first}\n{}\n{last}\n", tidy(&template::comment(page)));
    widest(limit, page, write, |text| text.chars().count())
}

/// The text with the most in it that has at most `limit` characters as `size` counts them; where none has, the one with the least.
fn widest<'a>(
    limit: usize,
    page: impl Fn(&Space) -> Page<'a>,
    write: impl Fn(&Page<'a>) -> String,
    size: impl Fn(&str) -> usize,
) -> String {
    let (last, before) = SPACES.split_last().expect("there are spaces");
    // What surely does not fit is not written: hundreds of jobs would be a hundred megabytes.
    let pages = before.iter().map(&page).filter(|page| page.least() <= limit);
    let fitting = pages.map(|page| write(&page)).find(|text| size(text) <= limit);
    fitting.unwrap_or_else(|| write(&page(last)))
}
