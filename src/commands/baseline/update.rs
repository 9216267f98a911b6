//! `tollgate baseline update`: measures this revision and accepts the runs.

use crate::cli::BaselineUpdateArgs;
use crate::commands::{Code, Context, Failure};

/// Measures this revision and accepts the runs.
pub(super) fn update(_args: &BaselineUpdateArgs, _context: &Context) -> Result<Code, Failure> {
    Err(Failure::usage(
        "`baseline update` cannot measure yet",
        Some("add results that are already there: `tollgate baseline import --suite NAME target/criterion`".to_owned()),
    ))
}
