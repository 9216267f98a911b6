//! Schema 1, frozen: its types, and how a file of it is laid out. Sorted keys, one metric a line, one run's header a line, newest run first, so
//! that accepting a run adds lines and changes no other but the checksum.

mod read;
mod write;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use crate::model;

use super::super::file::is_storable;

pub(super) use write::body;

/// The accepted runs of one suite in one environment class.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(title = "Tollgate baseline")]
pub struct File {
    /// Always 1.
    #[expect(dead_code, reason = "read by the probe; here for the JSON schema")]
    schema: u64,
    /// SHA-256 in hex of everything after the third line: `tail -n +4 FILE | sha256sum`.
    pub(super) checksum: String,
    /// The environment class, or `any` for metrics that are the same on every machine.
    class: String,
    /// What the metrics are, sorted by benchmark and metric.
    metrics: Vec<Metric>,
    /// The runs, the newest accepted first.
    runs: Vec<Run>,
    /// The suite's name in the config.
    suite: String,
}

/// What a metric is.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[expect(clippy::struct_field_names, reason = "the names are the format")]
struct Metric {
    /// The benchmark's name as its harness gives it.
    benchmark: String,
    /// Which direction is better.
    better: Better,
    /// Whether equal programs give equal values.
    determinism: Determinism,
    /// What kind of number it is.
    kind: Kind,
    /// The metric's name.
    metric: String,
    /// Whether a regression blocks by default.
    role: Role,
    /// The base unit of all values: `s`, `B`, `count`, `ratio`, `/s`, `B/s`, or a foreign one.
    unit: String,
    /// How much one iteration works through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    work: Option<Work>,
}

/// How much one iteration works through.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Work {
    /// `count` or `B`.
    unit: String,
    /// How many of them.
    #[serde(serialize_with = "number")]
    value: f64,
}

/// One accepted run.
#[derive(Debug, Deserialize, JsonSchema)]
struct Run {
    /// What was measured, where, when and why.
    header: Header,
    /// The values of each metric, sorted by benchmark and metric.
    series: Vec<Series>,
}

/// What was measured, where, when and why.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Header {
    /// The commit, as full hex.
    commit: String,
    /// When the commit was made, in UTC.
    committed_at: String,
    /// Under which load it was measured, by name and in words; absent where it is no load, or nothing is known of it. Runs of another load are not
    /// compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conditions: Option<BTreeMap<String, String>>,
    /// Whether uncommitted work was measured with it.
    #[serde(default)]
    dirty: bool,
    /// The machine.
    environment: Environment,
    /// How the revision was named.
    label: String,
    /// When the run was accepted, in UTC.
    taken_at: String,
    /// The first line of the commit's message.
    title: String,
    /// Tollgate's version.
    tollgate: String,
    /// The tree that was measured, as full hex.
    tree: String,
    /// Why it was accepted.
    why: Why,
}

/// A machine.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Environment {
    cores: u32,
    cpu_model: String,
    hypervisor: String,
    #[serde(default)]
    image: Option<String>,
    kernel: String,
    memory_bytes: u64,
    os: String,
    toolchain: String,
}

/// One metric of a run.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Series {
    /// The benchmark.
    benchmark: String,
    /// The metric.
    metric: String,
    /// The one number of each round, in order: 1 to 64, each between 0 and 1e100.
    values: Vec<Value>,
}

/// A stored number. Refused while it is read, so that the message has its line.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "f64")]
struct Value(#[serde(serialize_with = "number")] f64);

impl TryFrom<f64> for Value {
    type Error = String;

    fn try_from(value: f64) -> Result<Self, String> {
        if is_storable(value) {
            Ok(Self(value))
        } else {
            Err(format!("the value {value:e} is not between 0 and 1e100"))
        }
    }
}

/// Declares a wire enum of unit variants and its conversions from and to the model's.
macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident = $model:ty { $($wire:ident = $domain:ident),+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "lowercase")]
        enum $name { $($wire),+ }

        impl From<$model> for $name {
            fn from(value: $model) -> Self {
                match value { $(<$model>::$domain => Self::$wire),+ }
            }
        }

        impl From<$name> for $model {
            fn from(value: $name) -> Self {
                match value { $($name::$wire => Self::$domain),+ }
            }
        }
    };
}

wire_enum!(/** Which direction is better. */ Better = model::Direction { Lower = LowerIsBetter, Higher = HigherIsBetter });
wire_enum!(/** Whether equal programs give equal values. */ Determinism = model::Determinism { Exact = Exact, Noisy = Noisy });
wire_enum!(/** What kind of number a metric is. */ Kind = model::Kind {
    Time = Time, Count = Count, Bytes = Bytes, Rate = Rate, Ratio = Ratio, Slope = Slope
});
wire_enum!(/** Whether a regression blocks by default. */ Role = model::Role { Gated = Gated, Informative = Informative });
wire_enum!(/** Why a run was accepted. */ Why = model::Why { Update = Update, Import = Import });

/// A whole number is written as one.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn number<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number in range")]
    match *value {
        value if value.fract() == 0.0 && (0.0..9e15).contains(&value) => serializer.serialize_u64(value as u64),
        value => serializer.serialize_f64(value),
    }
}
