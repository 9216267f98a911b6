//! `tollgate clean`: gives back the space under `.tollgate/`.

use std::fmt::Write;

use crate::cli::CleanArgs;
use crate::git::GitError;

use super::{Code, Context, Failure};

/// Removes `.tollgate/` and its worktrees, or says what it would remove.
pub(super) fn run(args: &CleanArgs, context: &Context) -> Result<Code, Failure> {
    let repository = context.repository().map_err(|error| failure(&error))?;
    let kept = repository.kept().map_err(|error| failure(&error))?;
    if kept.is_empty() {
        context.print("nothing to remove\n");
        return Ok(Code::Pass);
    }
    if !args.dry_run {
        let lock = repository.lock().map_err(|error| failure(&error))?;
        repository.remove_state(lock).map_err(|error| failure(&error))?;
    }
    let verb = if args.dry_run { "would remove" } else { "removed" };
    let mut text = String::new();
    for kept in &kept {
        let path = kept.path.display().to_string();
        writeln!(text, "{verb} {} ({})", path.escape_debug(), size(kept.bytes)).expect("a string takes any text");
    }
    let sum = kept.iter().map(|kept| kept.bytes).fold(0, u64::saturating_add);
    writeln!(text, "{verb} {} in all", size(sum)).expect("a string takes any text");
    context.print(&text);
    Ok(Code::Pass)
}

/// What the user can mend is a matter of how Tollgate was called; the rest is the machine's.
fn failure(error: &GitError) -> Failure {
    let hint = error.hint();
    let code = if hint.is_some() { Code::Usage } else { Code::Internal };
    Failure::new(code, "nothing removed", error, hint)
}

/// A number of bytes for a person: whole bytes below a KiB, one decimal above.
fn size(bytes: u64) -> String {
    const STEPS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match STEPS.iter().find(|(step, _)| *step <= bytes) {
        Some((step, unit)) => format!("{:.1} {unit}", bytes as f64 / *step as f64),
        None => format!("{bytes} B"),
    }
}
