//! What a step of GitHub Actions leaves for others: annotations, the summary on the run's page, outputs for later steps. Never changes a verdict: what
//! cannot be written is said, and the exit code stays.
#![expect(clippy::disallowed_methods, reason = "appends to the files that the runner names")]

use std::collections::hash_map::RandomState;
use std::fs::OpenOptions;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Write};
use std::path::Path;

use crate::ci::GitHubRun;
use crate::judge;
use crate::model::judgement::Notice;
use crate::model::{Judgement, Outcome, RunVerdict, Verdict};
use crate::report;

use super::output::{JUDGEMENT, MARKDOWN, PAGE, Show};
use super::{Code, Context};

/// The largest summary of a step, in bytes: GitHub drops a larger one, and says so to nobody who looks at the page.
const SUMMARY_BYTES_MAX: u64 = 1 << 20;

/// A limit below which a report is not made smaller, in characters.
const REPORT_CHARS_MIN: usize = 1000;

/// Leaves everything. `folder` is where the reports are, and `code` how Tollgate will end.
pub(crate) fn leave(
    judgement: &Judgement,
    run: &GitHubRun,
    context: &Context,
    show: Show,
    (folder, code): (&Path, Code),
) {
    if run.annotations && show == Show::Terminal {
        context.print(&report::annotations::render(judgement));
    }
    if let Some(path) = &run.step_summary {
        let done = summarise(judgement, path);
        not_written(context, "the summary of this step", done);
    }
    if let Some(path) = &run.outputs {
        let values = outputs(judgement, folder, code);
        let texts: Vec<&str> = values.iter().map(|(_, value)| value.as_str()).collect();
        let text = report::log::outputs(&values, &unguessable(&texts));
        not_written(context, "the outputs of this step", append(path, &text));
    }
}

/// A word that stands in none of the texts, and that nobody can have foreseen: the system gave this process a key at random.
pub(crate) fn unguessable(texts: &[&str]) -> String {
    loop {
        let [high, low] = [(); 2].map(|()| RandomState::new().build_hasher().finish());
        let word = format!("tollgate-{high:016x}{low:016x}");
        if !texts.iter().any(|text| text.contains(&word)) {
            return word;
        }
    }
}

/// What later steps may read, by name.
fn outputs(judgement: &Judgement, folder: &Path, code: Code) -> Vec<(&'static str, String)> {
    let rows = |is: &dyn Fn(&Outcome, &Verdict) -> bool| {
        judgement.rows.iter().filter(|row| is(&row.outcome, &row.verdict)).count().to_string()
    };
    let path = |name: &str| folder.join(name).display().to_string();
    vec![
        ("verdict", word(judgement).to_owned()),
        ("exit-code", (code as u8).to_string()),
        ("metrics", judgement.rows.len().to_string()),
        ("regressions", rows(&|outcome, _| *outcome == Outcome::FailRegressed)),
        ("over-budget", rows(&|outcome, _| matches!(outcome, Outcome::FailOverBudget | Outcome::FailDrifted))),
        ("improvements", rows(&|_, verdict| matches!(verdict, Verdict::Improved))),
        ("inconclusive", rows(&|_, verdict| matches!(verdict, Verdict::Inconclusive(_)))),
        ("unchanged", rows(&|_, verdict| matches!(verdict, Verdict::Unchanged))),
        ("trouble", judge::decide::troubles(judgement).to_string()),
        ("report", path(MARKDOWN)),
        ("json", path(JUDGEMENT)),
        ("html", path(PAGE)),
    ]
}

/// The verdict in one word. These words are API.
fn word(judgement: &Judgement) -> &'static str {
    if judgement.notices.contains(&Notice::Interrupted) {
        return "interrupted";
    }
    match judgement.verdict {
        RunVerdict::Pass => "pass",
        RunVerdict::Inconclusive => "inconclusive",
        RunVerdict::NotComparable => "not-comparable",
        RunVerdict::NotCovered => "not-covered",
        RunVerdict::Untrusted => "untrusted",
        RunVerdict::Broken => "broken",
        RunVerdict::OverBudget => "over-budget",
        RunVerdict::Regressed => "regressed",
    }
}

/// Appends the report to the summary, as much of it as there is room for.
fn summarise(judgement: &Judgement, path: &Path) -> io::Result<()> {
    append_fitting(path, fitting(judgement, room(path)).as_deref())
}

/// Appends Markdown to the summary, where there is one and it has room; else says so. Whether it did.
pub(crate) fn show_on_page(text: &str, run: &GitHubRun, context: &Context) -> bool {
    let Some(path) = &run.step_summary else { return false };
    let done = append_fitting(path, (text.len() as u64 <= room(path)).then_some(text));
    let written = done.is_ok();
    not_written(context, "the summary of this step", done);
    written
}

/// The bytes that the summary still has room for.
fn room(path: &Path) -> u64 {
    SUMMARY_BYTES_MAX.saturating_sub(std::fs::metadata(path).map_or(0, |data| data.len()))
}

/// Appends what fits into the summary; `None` is what does not.
fn append_fitting(path: &Path, text: Option<&str>) -> io::Result<()> {
    text.map_or_else(|| Err(io::Error::other("earlier output has filled it")), |text| append(path, text))
}

/// The largest report of at most so many bytes. A smaller one leaves rows out and counts them. `None` where not even the smallest fits.
fn fitting(judgement: &Judgement, bytes_max: u64) -> Option<String> {
    let mut chars_max = report::markdown::LIMIT;
    loop {
        let text = report::markdown::render(judgement, chars_max);
        if text.len() as u64 <= bytes_max {
            return Some(text);
        }
        if chars_max < REPORT_CHARS_MIN {
            return None;
        }
        chars_max /= 2;
    }
}

/// Appends to a file of the runner's, whose path is trusted: who can set the variable can run anything here.
fn append(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes())
}

/// Says what could not be written.
fn not_written(context: &Context, what: &str, done: io::Result<()>) {
    if let Err(error) = done {
        context.say(&format!("{what} cannot be written ({error}); the report is in the log and in its files"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_never_the_same_and_never_in_the_text() {
        let first = unguessable(&[]);
        let second = unguessable(&[&first]);
        assert_ne!(first, second);
        assert_eq!(first.len(), "tollgate-".len() + 32);
    }
}
