//! stub

use crate::cli::BaselineCommand;

use super::{Code, Context, Failure};

/// stub
pub(super) fn run(_args: &BaselineCommand, _context: &Context) -> Result<Code, Failure> {
    Ok(Code::Internal)
}
