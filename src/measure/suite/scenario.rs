//! A scenario as a part of the rounds: each round starts the service afresh, drives load at it, and stops it.

use crate::config::Suite;
use crate::config::scenario::Scenario;

use super::super::surroundings::Surroundings;
use super::{Part, PartError, Place, build, unusable};

/// Prepares the scenario: builds its service.
pub(super) fn prepare(
    suite: &Suite,
    _scenario: &Scenario,
    place: &Place,
    surroundings: &Surroundings,
) -> Result<Vec<Box<dyn Part>>, PartError> {
    build(suite, place, surroundings)?;
    Err(unusable(suite, "scenarios cannot be run yet".to_owned()))
}
