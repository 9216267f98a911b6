//! Base against itself and what all benchmarks did together, in schema 1, with both conversions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model;
use crate::report::json::JsonError;

use super::{Bound, Effect, MetricId};

/// Base against itself.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct CanaryCheck {
    /// The metric that was measured twice.
    id: MetricId,
    state: CanaryState,
    effect: Effect,
    tolerance_ratio: Bound,
    rounds: u32,
}

/// Whether base differed from itself.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum CanaryState {
    Still,
    Moved,
    TooFewRounds { need: u32 },
}

/// What all benchmarks did together.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct CommonShift {
    effect: Effect,
    benchmarks: u32,
    rounds: u32,
}

impl From<model::CanaryCheck> for CanaryCheck {
    fn from(value: model::CanaryCheck) -> Self {
        Self {
            id: value.id.into(),
            state: match value.state {
                model::CanaryState::Still => CanaryState::Still,
                model::CanaryState::Moved => CanaryState::Moved,
                model::CanaryState::TooFewRounds { need } => CanaryState::TooFewRounds { need },
            },
            effect: value.effect.into(),
            tolerance_ratio: value.tolerance_ratio.into(),
            rounds: value.rounds,
        }
    }
}

impl TryFrom<CanaryCheck> for model::CanaryCheck {
    type Error = JsonError;

    fn try_from(value: CanaryCheck) -> Result<Self, JsonError> {
        Ok(Self {
            id: value.id.try_into()?,
            state: match value.state {
                CanaryState::Still => model::CanaryState::Still,
                CanaryState::Moved => model::CanaryState::Moved,
                CanaryState::TooFewRounds { need } => model::CanaryState::TooFewRounds { need },
            },
            effect: value.effect.into(),
            tolerance_ratio: value.tolerance_ratio.or(f64::INFINITY),
            rounds: value.rounds,
        })
    }
}

impl From<model::CommonShift> for CommonShift {
    fn from(value: model::CommonShift) -> Self {
        Self { effect: value.effect.into(), benchmarks: value.benchmarks, rounds: value.rounds }
    }
}

impl From<CommonShift> for model::CommonShift {
    fn from(value: CommonShift) -> Self {
        Self { effect: value.effect.into(), benchmarks: value.benchmarks, rounds: value.rounds }
    }
}
