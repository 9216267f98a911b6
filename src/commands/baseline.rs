//! `tollgate baseline`: keeps, shows and checks the accepted runs in git. Refuses to judge by them.

mod diff;
mod exchange;
pub(crate) mod history;
mod keep;
mod place;
mod propose;
mod show;
mod text;
mod told;
mod update;

use crate::cli::BaselineCommand;

use super::{Code, Context, Failure};

/// What it means that nothing was accepted.
const NOT_STORED: &str = "nothing stored";

/// Runs one subcommand of `baseline`.
pub(super) fn run(command: &BaselineCommand, context: &Context) -> Result<Code, Failure> {
    match command {
        BaselineCommand::Update(args) => update::update(args, context),
        BaselineCommand::Propose(args) => propose::propose(args, context),
        BaselineCommand::Show(args) => show::show(args, context),
        BaselineCommand::History(args) => history::history(args, context),
        BaselineCommand::List(args) => show::list(args, context),
        BaselineCommand::Diff(args) => diff::diff(args, context),
        BaselineCommand::Prune(args) => keep::prune(args, context),
        BaselineCommand::Verify(args) => keep::verify(args, context),
        BaselineCommand::Import(args) => exchange::import(args, context),
        BaselineCommand::Export(args) => exchange::export(args, context),
    }
}
