//! stub

use crate::cli::CheckArgs;

use super::{Code, Context, Failure};

/// stub
pub(super) fn run(_args: &CheckArgs, _context: &Context) -> Result<Code, Failure> {
    Ok(Code::Internal)
}
