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

use crate::ci::{CiContext, Trigger};
use crate::cli::BaselineCommand;

use super::{Code, Context, Failure};

/// What it means that nothing was accepted.
const NOT_STORED: &str = "nothing stored";

/// Runs one subcommand of `baseline`.
pub(super) fn run(command: &BaselineCommand, context: &Context) -> Result<Code, Failure> {
    if matches!(command, BaselineCommand::Import(_) | BaselineCommand::Propose(_)) {
        not_by_strangers(&context.ci())?;
    }
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

/// Refuses to accept anything in a job that has our rights and was started by a stranger's pull request: what that measured is never the bar for
/// others.
fn not_by_strangers(ci: &CiContext) -> Result<(), Failure> {
    let CiContext::GitHub(run) = ci else { return Ok(()) };
    let by_stranger = match &run.trigger {
        Trigger::PullRequestTarget { .. } => true,
        Trigger::WorkflowRun(ended) => ended.from_fork || ended.event_name == "pull_request",
        _ => false,
    };
    if !by_stranger {
        return Ok(());
    }
    Err(Failure {
        code: Code::Usage,
        consequence: NOT_STORED,
        message: format!("a pull request started this `{}` job, and may have written what it measured", run.event_name),
        hint: Some("accept baselines in a job that a push to a branch of this repository starts".to_owned()),
    })
}
