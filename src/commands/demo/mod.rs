//! `demo`: the gate at work on a small repository of its own. Everything in it is measured for real: the program under test is this binary,
//! which does the work that a file in the repository tells it to, so that nothing has to be compiled.

mod program;
mod repository;

use crate::cli::{CheckArgs, DemoArgs};

use super::{Code, Context, Failure};

pub(super) use program::run as program;

/// Makes the repository and runs the gate in it.
pub(super) fn run(args: &DemoArgs, context: &Context) -> Result<Code, Failure> {
    let folder = repository::make(args.into.as_deref(), context)?;
    context.say(&format!(
        "a repository with two revisions: {}\n\
         base: the program as it was\n\
         head: `search` does {} % more work, and `index` keeps {} MiB more in memory\n",
        folder.display(),
        repository::SLOWDOWN_PCT,
        repository::GROWTH_MIB,
    ));
    let inside = Context {
        directory: folder,
        environment: context.environment.clone(),
        tollgate: context.tollgate.clone(),
        stop: context.stop.clone(),
        ..*context
    };
    let code = crate::check(&check_args(args.json), &inside)?;
    context.say(&explanation(code));
    // The demo found what was put in: that it went red is its success.
    Ok(if code == Code::Regressed { Code::Pass } else { code })
}

/// What the demo asks of the gate: nothing that a user would not get by default.
fn check_args(json: bool) -> CheckArgs {
    CheckArgs { json, ..CheckArgs::default() }
}

fn explanation(code: Code) -> String {
    match code {
        Code::Regressed => "\nThe gate went red, as it should: `tollgate check` would exit with 10 here. Open report.html for the rounds\n\
             behind each verdict, then run `tollgate init` in a repository of your own."
            .to_owned(),
        Code::Interrupted => "\nInterrupted before the gate knew; `tollgate check --resume` in the repository goes on.".to_owned(),
        other => format!("\nThe gate should have found a regression and exited with 10, but ended with {}.", other as u8),
    }
}
