//! One file per subcommand; each reads like a table of contents.

pub(crate) mod baseline;
mod calibrate;
pub(crate) mod check;
mod clean;
pub(crate) mod compare;
mod context;
mod demo;
mod error;
pub mod evidence;
mod export;
mod guard;
mod init;
mod load;
mod man;
pub(crate) mod measuring;
pub(crate) mod output;
mod progress;
mod publish;
mod report;
mod respond;
mod results;
mod schema;
mod selftest;
mod step;
mod waive;

pub use context::Context;
pub use error::{Code, Failure};

use crate::cli::Command;

/// Runs one subcommand and says how it ended.
pub fn run(command: &Command, context: &Context) -> Code {
    let ended = match command {
        Command::Demo(args) => demo::run(args, context),
        Command::Init(args) => init::run(args, context),
        Command::Check(args) => crate::check(args, context),
        Command::Load(args) => load::run(args, context),
        Command::Compare(args) => compare::run(args, context),
        Command::Export(args) => export::run(args, context),
        Command::Baseline(command) => baseline::run(command, context),
        Command::Calibrate(args) => calibrate::run(args, context),
        Command::Selftest(args) => selftest::run(args, context),
        Command::Waive(args) => waive::run(args, context),
        Command::Report(args) => report::run(args, context),
        Command::Publish(args) => publish::run(args, context),
        Command::Respond(args) => respond::run(args, context),
        Command::Schema(args) => Ok(schema::run(args, context)),
        Command::Clean(args) => clean::run(args, context),
        Command::Completions(args) => Ok(man::completions(args, context)),
        Command::Man => man::run(context),
        Command::Child(args) => child(args),
        Command::DemoProgram(args) => demo::program(args, context),
    };
    match ended {
        Ok(code) => code,
        Err(failure) => {
            context.fail(&failure);
            failure.code
        }
    }
}

/// The small process that starts one measured child, or a service.
fn child(args: &crate::cli::ChildArgs) -> Result<Code, Failure> {
    let ended = if args.service {
        crate::measure::service::keep(&args.report, &args.cpus, &args.command)
    } else {
        crate::measure::process::child(&args.report, std::time::Duration::from_nanos(args.delay_ns), &args.command)
    };
    ended.map(|()| Code::Pass).map_err(|error| Failure::new(Code::Internal, "not measured", &error, None))
}
