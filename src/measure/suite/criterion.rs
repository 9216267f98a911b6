//! stub

use crate::config::{CriterionOptions, Suite};

use super::super::surroundings::Surroundings;
use super::{Part, PartError, Place};

/// Prepares the suite.
pub(super) fn prepare(
    _suite: &Suite,
    _options: &CriterionOptions,
    _place: &Place,
    _surroundings: &Surroundings,
) -> Result<Vec<Box<dyn Part>>, PartError> {
    Ok(Vec::new())
}
