//! stub

use crate::cli::SchemaArgs;

use super::{Code, Context, Failure};

/// stub
pub(super) fn run(_args: &SchemaArgs, _context: &Context) -> Result<Code, Failure> {
    Ok(Code::Internal)
}
