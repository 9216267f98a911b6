//! Rounds that ran while the machine was disturbed, in schema 1, with both conversions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::machine::{Disturbance, DisturbedRounds as Model};
use crate::model::{Name, Ratio};
use crate::report::json::JsonError;

/// The rounds of a suite that ran while the machine was disturbed.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct DisturbedRounds {
    suite: String,
    /// How many of its rounds.
    rounds: u32,
    /// Of how many that were long enough to tell.
    of: u32,
    causes: Vec<Cause>,
}

/// What disturbed the machine.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Cause {
    kind: Kind,
    /// Its share of the machine's time in those rounds; of heat, how many of them.
    ratio: f64,
}

/// What disturbed the machine.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Stolen,
    Others,
    Memory,
    Throttled,
}

impl From<Model> for DisturbedRounds {
    fn from(value: Model) -> Self {
        let cause = |(cause, Ratio(ratio))| Cause {
            kind: match cause {
                Disturbance::Stolen => Kind::Stolen,
                Disturbance::Others => Kind::Others,
                Disturbance::Memory => Kind::Memory,
                Disturbance::Throttled => Kind::Throttled,
            },
            ratio,
        };
        let causes = value.causes.into_iter().map(cause).collect();
        Self { suite: value.suite.to_string(), rounds: value.rounds, of: value.of, causes }
    }
}

impl TryFrom<DisturbedRounds> for Model {
    type Error = JsonError;

    fn try_from(value: DisturbedRounds) -> Result<Self, JsonError> {
        let cause = |Cause { kind, ratio }| {
            let cause = match kind {
                Kind::Stolen => Disturbance::Stolen,
                Kind::Others => Disturbance::Others,
                Kind::Memory => Disturbance::Memory,
                Kind::Throttled => Disturbance::Throttled,
            };
            (cause, Ratio(ratio))
        };
        let suite = Name::new(value.suite).map_err(|error| JsonError::Invalid { what: error.to_string() })?;
        Ok(Self { suite, rounds: value.rounds, of: value.of, causes: value.causes.into_iter().map(cause).collect() })
    }
}
