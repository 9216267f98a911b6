//! What was measured, as one file that a second judge elsewhere can take: for pull requests whose own job may write nothing. Refuses to carry a
//! policy or a verdict, and when read, to believe anything that it did not check.

pub(in crate::measure) mod bounded;
pub(in crate::measure) mod v1;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;

use crate::baseline::visible;
use crate::model::{Name, Revision};

use super::rounds::Measured;

/// The name of the file.
pub const FILE: &str = "evidence.json";
/// The largest file that is written or read, in bytes: seven thousand metrics of a hundred rounds each have about that.
pub const BYTES_MAX: usize = 64 << 20;

/// What is known of a suite beside its rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// Head alone was measured, to be judged by stored runs.
    ByStored,
    /// Base and head define it differently.
    Changed,
    /// A source of its benchmarks differs between base and head.
    SourcesChanged,
    /// Base could not be measured.
    BaseFailed,
    /// The load that it drives is another one in base.
    OtherConditions,
}

/// The limits by which was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most rounds of a metric.
    pub rounds_max: u32,
    /// Whether rounds go on, to the most, for what cannot be told.
    pub patient: bool,
    /// When measuring ends.
    pub time_limit: Duration,
}

/// Everything that was measured of a base and a head.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// The version of Tollgate that measured.
    pub tollgate: String,
    /// The seed of the coins.
    pub seed: u64,
    /// What head was compared with, also where it was not measured.
    pub base: Revision,
    /// What was measured.
    pub measured: Measured,
    /// Each suite that was planned.
    pub suites: BTreeMap<Name, BTreeSet<Fact>>,
    /// The limits.
    pub limits: Limits,
}

/// Why bytes are no evidence.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// More than [`BYTES_MAX`].
    #[error("take evidence of more than {} MiB", BYTES_MAX >> 20)]
    TooLarge,
    /// Not JSON, or not evidence.
    #[error("understand the evidence: {what}")]
    Malformed {
        /// What is wrong, shortened and without control characters.
        what: String,
    },
    /// Of another schema.
    #[error("understand evidence of schema {schema}: this version knows schema {known}", known = v1::SCHEMA)]
    Another {
        /// Its schema.
        schema: u64,
    },
    /// JSON of the right shape with something that nobody can have measured.
    #[error("believe the evidence: {what}")]
    Invalid {
        /// What.
        what: String,
    },
}

impl EvidenceError {
    /// What the user can do.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::TooLarge => "measure fewer benchmarks in one job, or fewer rounds".to_owned(),
            Self::Malformed { .. } | Self::Invalid { .. } => {
                "it must be the `evidence.json` that `tollgate check` wrote, as it was written".to_owned()
            }
            Self::Another { .. } => "run the same version of Tollgate in both workflows".to_owned(),
        })
    }
}

impl Measurement {
    /// The suites of which something is known.
    pub fn suites_with(&self, fact: Fact) -> BTreeSet<Name> {
        self.suites.iter().filter(|(_, facts)| facts.contains(&fact)).map(|(name, _)| name.clone()).collect()
    }
}

/// The evidence as JSON; the same measurement gives the same bytes. Of a list of values only the one that counts is written.
///
/// # Panics
/// Never: no wire type has a serializer that fails.
pub fn to_json(measurement: &Measurement) -> String {
    let mut text = serde_json::to_string(&v1::File::from(measurement))
        .expect("the wire types have text keys and no failing serializer");
    text.push('\n');
    text
}

/// The measurement that [`to_json`] wrote. Any bytes may come.
pub fn from_json(bytes: &[u8]) -> Result<Measurement, EvidenceError> {
    /// The one field that every schema has.
    #[derive(Deserialize)]
    struct Version {
        schema: u64,
    }
    if bytes.len() > BYTES_MAX {
        return Err(EvidenceError::TooLarge);
    }
    let malformed = |error: serde_json::Error| EvidenceError::Malformed { what: visible(&error.to_string()) };
    let version: Version = serde_json::from_slice(bytes).map_err(malformed)?;
    if version.schema != v1::SCHEMA {
        return Err(EvidenceError::Another { schema: version.schema });
    }
    let file: v1::File = serde_json::from_slice(bytes).map_err(malformed)?;
    file.try_into().map_err(|what: String| EvidenceError::Invalid { what: visible(&what) })
}

/// The JSON schema of the evidence.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(v1::File).to_value()
}

#[cfg(test)]
mod tests;
