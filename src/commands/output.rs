//! Reports on disk and on the terminal, and the exit code of a verdict. What `check`, `compare` and `demo` share.
#![expect(clippy::disallowed_methods, reason = "writes the reports")]

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use crate::baseline::store::write_atomically;
use crate::ci::GitHubRun;
use crate::model::{Judgement, RunVerdict};
use crate::report;

use super::{Code, Context, Failure};

/// Where the reports go when nothing is said, from the root of the repository.
pub(crate) const REPORTS: &str = ".tollgate/report";
/// The judgement among them.
pub(crate) const JUDGEMENT: &str = "judgement.json";
/// The largest summary of a step, in bytes: GitHub drops a larger one.
const SUMMARY_BYTES_MAX: u64 = 1 << 20;

/// What is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    /// The report for people.
    Terminal,
    /// The judgement for machines.
    Json,
}

/// Writes every format into `folder`, each atomically, and says where.
pub(crate) fn write(judgement: &Judgement, folder: &Path) -> Result<String, Failure> {
    let files = [
        ("report.md", report::markdown::render(judgement, report::markdown::LIMIT)),
        ("report.html", report::html::render(judgement)),
        (JUDGEMENT, report::json::to_json(judgement)),
        ("junit.xml", report::junit::render(judgement)),
    ];
    for (name, text) in &files {
        let path = folder.join(name);
        write_atomically(&path, text.as_bytes()).map_err(|error| unwritten(&path, &error))?;
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    Ok(format!("reports: {}/{{{}}}", folder.display(), names.join(",")))
}

/// Prints a judgement.
pub(crate) fn show(judgement: &Judgement, show: Show, context: &Context) {
    match show {
        Show::Terminal => context.print(&report::terminal::render(judgement)),
        Show::Json => context.print(&report::json::to_json(judgement)),
    }
}

/// In a job of GitHub Actions: annotations in the log, and the report on the page of the run.
pub(crate) fn annotate(judgement: &Judgement, run: &GitHubRun, context: &Context, show: Show) -> Result<(), Failure> {
    if run.annotations && show == Show::Terminal {
        context.print(&report::annotations::render(judgement));
    }
    summarise(&report::markdown::render(judgement, report::markdown::LIMIT), run, context)
}

/// Puts Markdown on the page of the run, as far as there is room for it.
pub(crate) fn summarise(markdown: &str, run: &GitHubRun, context: &Context) -> Result<(), Failure> {
    let Some(path) = &run.step_summary else { return Ok(()) };
    let room = SUMMARY_BYTES_MAX.saturating_sub(std::fs::metadata(path).map_or(0, |data| data.len()));
    if markdown.len() as u64 > room {
        context.say("the summary of this step is full; the report is in the log and in the files alone");
        return Ok(());
    }
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.and_then(|mut file| file.write_all(markdown.as_bytes())).map_err(|error| unwritten(path, &error))
}

/// The exit code of a verdict.
pub(crate) fn code(verdict: RunVerdict) -> Code {
    match verdict {
        RunVerdict::Pass => Code::Pass,
        RunVerdict::Inconclusive => Code::Inconclusive,
        RunVerdict::NotComparable => Code::Baseline,
        RunVerdict::NotCovered => Code::NotCovered,
        // One that cannot be believed is a measurement that failed, whatever the policy says of what is inconclusive.
        RunVerdict::Untrusted | RunVerdict::Broken => Code::Broken,
        RunVerdict::OverBudget => Code::OverBudget,
        RunVerdict::Regressed => Code::Regressed,
    }
}

/// A report that could not be written.
pub(crate) fn unwritten(path: &Path, error: &io::Error) -> Failure {
    Failure {
        code: Code::Internal,
        consequence: "report not written",
        message: format!("write {}: {error}", path.display()),
        hint: Some(
            "check the free space and the permissions; `tollgate check --resume` needs no new rounds".to_owned(),
        ),
    }
}
