//! `tollgate baseline prune` and `verify`: keeps the stored runs few and whole.

use serde_json::json;

use crate::baseline::{BaselineFile, Save};
use crate::cli::{BaselineListArgs, BaselinePruneArgs};
use crate::commands::{Code, Context, Failure};
use crate::report::escape::terminal;
use crate::report::number::plural;

use super::place::{failure, folder, from_root, in_work_tree, repository, unreadable};

/// Drops all but the newest runs.
pub(super) fn prune(args: &BaselinePruneArgs, context: &Context) -> Result<Code, Failure> {
    let repository = repository(context, "nothing dropped")?;
    let (save, verb) = if args.dry_run { (Save::DryRun, "would lose") } else { (Save::Really, "lost") };
    let dropped = crate::baseline::prune(&folder(&repository), args.keep, save)
        .map_err(|error| failure("nothing dropped", &error))?;
    for (path, runs) in &dropped {
        let path = from_root(repository.root(), path);
        context.print(&format!("{} {verb} {}\n", terminal(&path), plural(*runs, "run")));
    }
    if dropped.is_empty() {
        context.print(&format!("No file has more than {}.\n", plural(args.keep as usize, "run")));
    }
    Ok(Code::Pass)
}

/// Checks every baseline and names everything that is wrong.
pub(super) fn verify(args: &BaselineListArgs, context: &Context) -> Result<Code, Failure> {
    let repository = repository(context, "nothing verified")?;
    let mut stored = in_work_tree(repository.root(), "nothing verified")?;
    let odd = stored.files.iter().filter_map(|(path, file)| odd(path, file));
    stored.errors.extend(odd.collect::<Vec<_>>());
    let (files, runs) = (stored.files.len(), stored.files.iter().map(|(_, file)| file.runs.len()).sum());
    if args.json {
        let problems: Vec<_> = stored
            .errors
            .iter()
            .map(|error| json!({ "message": failure("", error).message, "hint": error.hint() }))
            .collect();
        context.print(&format!("{:#}\n", json!({ "schema": 1, "files": files, "runs": runs, "problems": problems })));
        return Ok(if stored.errors.is_empty() { Code::Pass } else { Code::Baseline });
    }
    if stored.errors.is_empty() {
        context.print(&format!("{} with {}: all whole.\n", plural(files, "baseline"), plural(runs, "run")));
        return Ok(Code::Pass);
    }
    Err(unreadable("baselines are damaged", &stored.errors))
}

/// What in a file that can be read cannot have been written by Tollgate.
fn odd(path: &str, file: &BaselineFile) -> Option<crate::baseline::BaselineError> {
    let problems = file.oddities();
    (!problems.is_empty()).then(|| crate::baseline::BaselineError::Invalid { origin: terminal(path), problems })
}
