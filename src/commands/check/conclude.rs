//! Writes the reports, shows one, and says how it ended.

use crate::ci::CiContext;
use crate::cli::CheckArgs;
use crate::commands::output::{self, Show};
use crate::commands::{Code, Context, Failure, step};
use crate::measure::rounds::Ended;
use crate::model::Judgement;

use super::evidence::Gathered;
use super::sources::Sources;

/// Reports, and gives the exit code.
pub(crate) fn report(
    args: &CheckArgs,
    context: &Context,
    sources: &Sources,
    judgement: &Judgement,
    gathered: Gathered,
) -> Result<Code, Failure> {
    let folder = match &args.out {
        Some(named) => context.directory.join(named),
        None => sources.repository.root().join(output::REPORTS),
    };
    let written = output::write(judgement, &folder)?;
    let show = if args.json { Show::Json } else { Show::Terminal };
    output::show(judgement, show, context);
    let interrupted = gathered.session.measured.ended == Ended::Interrupted;
    let code = if interrupted { Code::Interrupted } else { output::code(judgement.verdict) };
    if let CiContext::GitHub(run) = &sources.ci {
        step::leave(judgement, run, context, show, (&folder, code));
    }
    context.say(&written);
    if interrupted {
        context.say("interrupted; what was measured is kept: `tollgate check --resume` goes on");
        return Ok(code);
    }
    gathered.session.forget();
    Ok(code)
}
