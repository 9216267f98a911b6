//! stub

use crate::cli::ReportArgs;

use super::{Code, Context, Failure};

/// stub
pub(super) fn run(_args: &ReportArgs, _context: &Context) -> Result<Code, Failure> {
    Ok(Code::Internal)
}
