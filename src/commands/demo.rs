//! stub

use crate::cli::{DemoArgs, DemoProgramArgs};

use super::{Code, Context, Failure};

/// stub
pub(super) fn run(_args: &DemoArgs, _context: &Context) -> Result<Code, Failure> {
    Ok(Code::Internal)
}

/// stub
pub(super) fn program(_args: &DemoProgramArgs, _context: &Context) -> Result<Code, Failure> {
    Ok(Code::Internal)
}
