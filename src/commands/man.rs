//! The manual page and shell completions, from the one description of the command line.

use clap::CommandFactory;

use crate::cli::{Cli, CompletionsArgs};

use super::{Code, Context, Failure};

/// Prints the manual page.
pub(super) fn run(context: &Context) -> Result<Code, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut page)
        .map_err(|error| Failure::new(Code::Internal, "nothing printed", &error, None))?;
    context.print(&String::from_utf8_lossy(&page));
    Ok(Code::Pass)
}

/// Prints completions for one shell.
pub(super) fn completions(args: &CompletionsArgs, context: &Context) -> Code {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "tollgate", &mut script);
    context.print(&String::from_utf8_lossy(&script));
    Code::Pass
}
