//! The reports that are published: folders that `tollgate check` wrote, here or in other jobs. Refuses to leave one out in silence.
#![expect(clippy::disallowed_methods, reason = "looks for reports in folders")]

use std::path::{Path, PathBuf};

use crate::ci::GitHubRun;
use crate::cli::PublishArgs;
use crate::commands::output::{JUDGEMENT, REPORTS};
use crate::commands::{Context, Failure, report};
use crate::report::comment::Leg;

/// The most reports of one commit.
const LEGS_MAX: usize = 100;

/// The reports that are named, or the one of `tollgate check` in this job.
pub(super) fn read(args: &PublishArgs, context: &Context, run: Option<&GitHubRun>) -> Result<Vec<Leg>, Failure> {
    let mut named: Vec<(String, PathBuf)> = Vec::new();
    for path in &args.reports {
        named.extend(reports(&context.directory.join(path))?);
    }
    if args.reports.is_empty() {
        let job = run.and_then(|run| run.job.clone()).unwrap_or_else(|| "report".to_owned());
        named.push((job, report::root(context).join(REPORTS).join(JUDGEMENT)));
    }
    if named.len() > LEGS_MAX {
        return Err(Failure::usage(format!("{} reports are more than {LEGS_MAX}", named.len()), None));
    }
    let leg = |(name, path): (String, PathBuf)| Ok(Leg { name, judgement: report::saved(&path)?, run_url: None });
    named.into_iter().map(leg).collect()
}

/// The reports of one path, with their names: a judgement, the folder of a report, or a folder of such folders.
fn reports(path: &Path) -> Result<Vec<(String, PathBuf)>, Failure> {
    if !path.is_dir() {
        let name = if path.file_name().is_some_and(|name| name == JUDGEMENT) { path.parent() } else { Some(path) };
        return Ok(vec![(name.map(stem).unwrap_or_default(), path.to_owned())]);
    }
    let own = path.join(JUDGEMENT);
    if own.exists() {
        return Ok(vec![(stem(path), own)]);
    }
    let entries = std::fs::read_dir(path).map_err(|error| nothing(path, &error.to_string()))?;
    let mut folders: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|at| at.is_dir()).collect();
    folders.sort();
    if folders.is_empty() {
        return Err(nothing(path, "it is empty"));
    }
    // A folder without a report is a job that left none; reading it says so.
    Ok(folders.into_iter().map(|folder| (stem(&folder), folder.join(JUDGEMENT))).collect())
}

/// The name of a folder, or of a file without its ending.
fn stem(path: &Path) -> String {
    // `.` and `..` have no name of their own.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
    name.map_or_else(|| "report".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// A folder in which there is no report.
fn nothing(path: &Path, why: &str) -> Failure {
    let hint = format!("name the folders that `tollgate check` wrote, each with a `{JUDGEMENT}` in it");
    Failure::usage(format!("there is no report in {}: {why}", path.display()), Some(hint))
}
