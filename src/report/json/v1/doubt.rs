//! Why nothing can be said, and what must be known of what is, in schema 1. Refuses to know what it is said of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Arm, Bound};

/// Why nothing can be said.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum Doubt {
    TooFewRounds {
        have: u32,
        need: u32,
    },
    TooNoisy {
        /// About how many rounds in all would settle it.
        rounds_needed: Option<u32>,
        /// About how many seconds those of them that are still missing would take.
        #[serde(default)]
        more_s: Option<u64>,
    },
    TimeLimit {
        /// About how many rounds in all would settle it.
        rounds_needed: Option<u32>,
        /// About how many seconds those of them that are still missing would take.
        #[serde(default)]
        more_s: Option<u64>,
    },
    Interrupted,
    StoredRunsCannotTell {
        runs: u32,
        detectable_ratio: Bound,
        #[serde(default)]
        with_more: Option<MoreRuns>,
    },
    OneProcess,
    BudgetInsideInterval,
    RoundsLost {
        lost: u32,
        of: u32,
    },
    Untrusted,
    TailTooThin {
        beyond: u64,
        need: u64,
    },
    GeneratorLate {
        rounds: u32,
        of: u32,
        worst_share: f64,
    },
}

/// What more stored runs of the same spread would show.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct MoreRuns {
    pub(super) more: u32,
    pub(super) detectable_ratio: Bound,
}

/// What must be known to read a row's numbers.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum Warning {
    SourceChanged,
    NotExact,
    PseudoReplicated,
    RoundsLost { lost: u32 },
    RoundsLate { late: u32 },
    Bimodal,
    NoSpread,
    OrderBias { second_ratio: f64 },
    Drifting { ratio: f64 },
    HeavyTails { far: u32, of: u32 },
    Ties { equal: u32, of: u32 },
    BimodalAlone { arm: Arm },
    Bursts,
    ShortProcesses { processes: u32, ratio: f64 },
    MachineDisturbed { rounds: u32, of: u32 },
}
