//! stub

use crate::cli::InitArgs;

use super::{Code, Context, Failure};

/// stub
pub(super) fn run(_args: &InitArgs, _context: &Context) -> Result<Code, Failure> {
    Ok(Code::Internal)
}
