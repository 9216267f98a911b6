//! stub

use crate::cli::CleanArgs;

use super::{Code, Context, Failure};

/// stub
pub(super) fn run(_args: &CleanArgs, _context: &Context) -> Result<Code, Failure> {
    Ok(Code::Internal)
}
