//! `tollgate merge`: the parts of one load as one result. Refuses to merge what is not all of one load.

use crate::cli::MergeArgs;
use crate::report::escape::terminal;
use crate::report::load::{self, LoadResult, MergeError, WireError};

use super::load::{code, read, written};
use super::{Code, Context, Failure};

const NOTHING: &str = "nothing merged";

/// Merges the files, shows what they come to, and gives the exit code of that.
pub(super) fn run(args: &MergeArgs, context: &Context) -> Result<Code, Failure> {
    let parts = args.parts.iter().map(|file| Ok((terminal(file), part(file, context)?)));
    let merged = load::merge(parts.collect::<Result<_, Failure>>()?).map_err(|error| refused(&error))?;
    context.print_report(&load::text(&merged.result));
    if !merged.left_out.is_empty() {
        let names: Vec<String> = merged.left_out.iter().map(|name| format!("`{}`", terminal(name))).collect();
        context.say(&format!("not in the whole, because its parts do not hold it: {}", names.join(", ")));
    }
    written(&args.out, &load::to_json(&merged.result), context)?;
    Ok(code(merged.result.standing()))
}

fn part(file: &str, context: &Context) -> Result<LoadResult, Failure> {
    match read(file, context) {
        Some(Ok(result)) => Ok(result),
        Some(Err(error)) => Err(unreadable(file, &error)),
        None => Err(Failure {
            code: Code::Broken,
            consequence: NOTHING,
            message: format!("read `{}`: it is not there, or no result of `tollgate run`", terminal(file)),
            hint: Some(
                "raw results of other tools are merged by `tollgate compare --format TOOL FOLDER FOLDER`".to_owned(),
            ),
        }),
    }
}

fn unreadable(file: &str, error: &WireError) -> Failure {
    let failure = Failure::new(Code::Broken, NOTHING, error, error.hint());
    Failure { message: format!("{}: {}", terminal(file), failure.message), ..failure }
}

fn refused(error: &MergeError) -> Failure {
    let hint = match error {
        MergeError::NoPart { .. } => "parts are what `tollgate run --shard 1/4 --out FILE` writes",
        MergeError::Different { .. } => "run all parts with the same config, options and number of parts",
        MergeError::Twice { .. } => "name each part once",
        MergeError::Missing { .. } => {
            "without them the result would be that of a smaller load: run them, and name all files"
        }
        MergeError::TooMany => "merge shorter runs",
    };
    Failure::new(Code::Usage, NOTHING, error, Some(hint.to_owned()))
}
