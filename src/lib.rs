//! Tollgate: a performance gate for pull requests.
//!
//! Read [`check`] first: it is the whole way of the data, config → plan → measure → judge → report. The modules follow in that order, each
//! importing only from those above it (`ARCHITECTURE.md`, kept by `tests/it/architecture.rs`).

pub mod model;

pub mod stats;

pub mod ci;
pub mod cli;
pub mod config;
pub mod git;

pub mod baseline;
pub mod judge;
pub mod plan;

pub mod measure;
pub mod publish;
pub mod report;

pub mod commands;

use cli::CheckArgs;
use commands::check::{conclude, evidence, planned, sources, verdicts};
use commands::{Code, Context, Failure};

/// The gate, from one end to the other.
pub fn check(args: &CheckArgs, context: &Context) -> Result<Code, Failure> {
    let sources = sources::read(args, context)?; // what is compared with what, and the policy of base
    let plan = planned::make(args, context, &sources)?; // which suites run in which arms; nothing has run yet
    if args.list {
        context.print(&plan.describe());
        return Ok(Code::Pass);
    }
    let evidence = evidence::gather(args, context, &sources, &plan)?; // rounds of base and head, until they are decided
    let judgement = verdicts::reach(args, context, &sources, &plan, &evidence);
    conclude::report(args, context, &sources, &plan, &judgement, evidence) // every format, and the exit code
}
