//! stub

use crate::cli::WaiveArgs;

use super::{Code, Context, Failure};

/// stub
pub(super) fn run(_args: &WaiveArgs, _context: &Context) -> Result<Code, Failure> {
    Ok(Code::Internal)
}
