//! stub

use crate::config::{CommandOptions, Suite};

use super::super::surroundings::Surroundings;
use super::{Part, PartError, Place};

/// Prepares the suite.
pub(super) fn prepare(
    _suite: &Suite,
    _options: &CommandOptions,
    _place: &Place,
    _surroundings: &Surroundings,
) -> Result<Vec<Box<dyn Part>>, PartError> {
    Ok(Vec::new())
}
