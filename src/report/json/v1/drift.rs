//! A drift in schema 1, with its conversions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::judgement;

use super::Effect;
use super::mirror::DriftState;

/// How far a metric has come since the anchor, over all changes together.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Drift {
    /// The anchor, as the config names it.
    since: String,
    /// Head against the anchor.
    effect: Effect,
    /// How much worse it may become, as a fraction.
    allowed_ratio: f64,
    state: DriftState,
}

impl From<Drift> for judgement::Drift {
    fn from(Drift { since, effect, allowed_ratio, state }: Drift) -> Self {
        Self { since, effect: effect.into(), allowed_ratio, state: state.into() }
    }
}

impl From<judgement::Drift> for Drift {
    fn from(value: judgement::Drift) -> Self {
        let judgement::Drift { since, effect, allowed_ratio, state } = value;
        Self { since, effect: effect.into(), allowed_ratio, state: state.into() }
    }
}
