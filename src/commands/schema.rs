//! `schema`: the JSON schema of a file that Tollgate reads or writes.

use crate::cli::{SchemaArgs, SchemaOf};
use crate::config::schema;

use super::{Code, Context, Failure};

/// Prints one schema.
pub(super) fn run(args: &SchemaArgs, context: &Context) -> Result<Code, Failure> {
    let schema = match args.of {
        SchemaOf::Config => schema::config(),
        SchemaOf::Waivers => schema::waivers(),
        SchemaOf::Judgement | SchemaOf::Baseline | SchemaOf::Results => {
            return Err(Failure::usage("this schema is not printed yet", None));
        }
    };
    context.print(&format!("{schema:#}\n"));
    Ok(Code::Pass)
}
