//! `tollgate compare` of two results of `tollgate load`.
#![expect(clippy::disallowed_methods, reason = "reads the results that the command line names")]

use std::fs::File;
use std::io::Read;

use crate::cli::CompareArgs;
use crate::commands::{Code, Context, Failure};
use crate::report::load::{self, Comparison, LoadResult, WireError};

/// What a failure means here.
const NOT_COMPARED: &str = "nothing compared";

/// Compares the two files where both are such results; `None` where neither is.
pub(crate) fn beside(args: &CompareArgs, context: &Context) -> Result<Option<Code>, Failure> {
    let read = |from: &str| read(from, context).transpose().map_err(|error| unreadable(from, &error));
    let (base, head) = match (read(&args.base)?, read(&args.head)?) {
        (None, None) => return Ok(None),
        (Some(base), Some(head)) => (base, head),
        (Some(_), None) | (None, Some(_)) => {
            let message = "only one of the two is a result of `tollgate load`".to_owned();
            return Err(Failure { consequence: NOT_COMPARED, ..Failure::usage(message, None) });
        }
    };
    if args.json || args.out.is_some() || args.config.is_some() {
        let message = "two results of `tollgate load` are compared as text, and by no policy";
        let hint = "leave out --json, --out and --config; `tollgate check` judges load by the policy";
        return Err(Failure { consequence: NOT_COMPARED, ..Failure::usage(message, Some(hint.to_owned())) });
    }
    let (comparison, text) = load::beside((&args.base, &base), (&args.head, &head));
    context.print_report(&text);
    Ok(Some(match comparison {
        Comparison::Done => Code::Pass,
        Comparison::Inconclusive => Code::Inconclusive,
        Comparison::NotComparable => Code::Baseline,
    }))
}

/// A result of `tollgate load`; `None` for anything else, which is somebody else's to read or to complain about.
fn read(from: &str, context: &Context) -> Option<Result<LoadResult, WireError>> {
    let file = File::open(context.directory.join(from)).ok()?;
    let mut bytes = Vec::new();
    file.take(load::SIZE_MAX as u64 + 1).read_to_end(&mut bytes).ok()?;
    load::from_json(&bytes)
}

fn unreadable(from: &str, error: &WireError) -> Failure {
    let failure = Failure::new(Code::Broken, NOT_COMPARED, error, error.hint());
    Failure { message: format!("{from}: {}", failure.message), ..failure }
}
