//! The manual page and shell completions, from the one description of the command line.

use clap::{Command, CommandFactory};

use crate::cli::{Cli, CompletionsArgs};

use super::{Code, Context, Failure};

/// Prints the manual page.
pub(super) fn run(context: &Context) -> Result<Code, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(described())
        .render(&mut page)
        .map_err(|error| Failure::new(Code::Internal, "nothing printed", &error, None))?;
    context.print(&String::from_utf8_lossy(&page));
    Ok(Code::Pass)
}

/// Prints completions for one shell.
pub(super) fn completions(args: &CompletionsArgs, context: &Context) -> Code {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut described(), "tollgate", &mut script);
    context.print(&String::from_utf8_lossy(&script));
    Code::Pass
}

/// The command line as a user knows it. Generators of completions also offer what is hidden, so that is left out.
fn described() -> Command {
    let all = Cli::command();
    let shown = all.get_subcommands().filter(|command| !command.is_hide_set()).cloned().collect::<Vec<_>>();
    let arguments = all.get_arguments().cloned().collect::<Vec<_>>();
    Command::new("tollgate")
        .version(env!("CARGO_PKG_VERSION"))
        .about(all.get_about().cloned().unwrap_or_default())
        .long_about(all.get_long_about().cloned().unwrap_or_default())
        .after_help(all.get_after_help().cloned().unwrap_or_default())
        .subcommand_required(true)
        .disable_help_subcommand(true)
        .args(arguments)
        .subcommands(shown)
}
