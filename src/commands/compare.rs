//! stub

use crate::cli::CompareArgs;

use super::{Code, Context, Failure};

/// stub
pub(super) fn run(_args: &CompareArgs, _context: &Context) -> Result<Code, Failure> {
    Ok(Code::Internal)
}
