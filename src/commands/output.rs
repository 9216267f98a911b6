//! Reports on disk and on the terminal, and the exit code of a verdict. What `check`, `compare` and `demo` share.

use std::io;
use std::path::Path;

use crate::baseline::store::write_atomically;
use crate::model::{Judgement, RunVerdict};
use crate::report;

use super::{Code, Context, Failure};

/// Where the reports go when nothing is said, from the root of the repository.
pub(crate) const REPORTS: &str = ".tollgate/report";
/// The judgement among them.
pub(crate) const JUDGEMENT: &str = "judgement.json";

/// What is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    /// The report for people.
    Terminal,
    /// The judgement for machines.
    Json,
}

/// The report for a comment.
pub(crate) const MARKDOWN: &str = "report.md";
/// The report as a page.
pub(crate) const PAGE: &str = "report.html";

/// Writes every format into `folder`, each atomically, and says where.
pub(crate) fn write(judgement: &Judgement, folder: &Path) -> Result<String, Failure> {
    let files = [
        (MARKDOWN, report::markdown::render(judgement, report::markdown::LIMIT)),
        (PAGE, report::html::render(judgement)),
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
        Show::Terminal => context.print_report(&report::terminal::render(judgement)),
        Show::Json => context.print(&report::json::to_json(judgement)),
    }
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
