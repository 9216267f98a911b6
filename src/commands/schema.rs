//! `schema`: the JSON schema of a file that Tollgate reads or writes.

use crate::baseline;
use crate::cli::{SchemaArgs, SchemaOf};
use crate::config::schema;
use crate::measure::{bench, evidence};
use crate::report::{self, json};

use super::{Code, Context};

/// Prints one schema.
pub(super) fn run(args: &SchemaArgs, context: &Context) -> Code {
    let schema = match args.of {
        SchemaOf::Config => schema::config(),
        SchemaOf::Waivers => schema::waivers(),
        SchemaOf::Judgement => json::schema(),
        SchemaOf::Baseline => baseline::wire::json_schema(),
        SchemaOf::Evidence => evidence::schema(),
        SchemaOf::Results => bench::json::schema(),
        SchemaOf::Calibration => report::calibration::schema(),
        SchemaOf::Selftest => report::selftest::schema(),
        SchemaOf::Load => report::load::schema(),
    };
    context.print(&format!("{schema:#}\n"));
    Code::Pass
}
