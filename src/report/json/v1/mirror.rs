//! The enums of schema 1 that hold no data, each with its conversions. Refuses to compile where a variant of the model is left out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model;

/// An enum without data that mirrors one of the model, with its conversions.
macro_rules! mirror {
    ($(#[$doc:meta])* $name:ident = $model:path { $($variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub(super) enum $name { $($variant),+ }

        impl From<$model> for $name {
            fn from(value: $model) -> Self {
                match value { $(<$model>::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for $model {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => Self::$variant),+ }
            }
        }
    };
}

mirror!(
    /// Which direction is better.
    Direction = model::Direction { LowerIsBetter, HigherIsBetter }
);
mirror!(
    /// What kind of number it is.
    Kind = model::Kind { Time, Count, Bytes, Rate, Ratio, Slope }
);
mirror!(
    /// Whether equal programs give equal values.
    Determinism = model::Determinism { Exact, Noisy }
);
mirror!(
    /// Whether it decides the gate by default.
    Role = model::Role { Gated, Informative }
);
mirror!(
    /// The worst limit of a budget that is surely missed.
    BudgetLevel = model::BudgetLevel { Within, Target, Warning, Critical }
);
mirror!(
    /// What a row contributes to the verdict of the run.
    Outcome = model::Outcome {
        Pass, Warn, Waived, FailInconclusive, FailMissing, FailNotComparable, FailDrifted, FailOverBudget, FailRegressed
    }
);
mirror!(
    /// The verdict of the run.
    RunVerdict = model::RunVerdict {
        Pass, Inconclusive, NotComparable, NotCovered, Untrusted, Broken, OverBudget, Regressed
    }
);
mirror!(
    /// How a drift stands to its budget.
    DriftState = model::judgement::DriftState { Within, CannotTell, Beyond }
);
mirror!(
    /// Which way a metric went.
    Towards = model::verdict::Towards { Worse, Better }
);
mirror!(
    /// Tests that share a part of the false-alarm rate.
    TestFamily = model::TestFamily { Pairs, Stored, Budgets, Drift }
);
mirror!(
    /// Which of the two revisions.
    Arm = model::Arm { Base, Head }
);

mirror!(
    /// How bad a finding is.
    Severity = model::finding::Severity { Low, Medium, High, Critical }
);
mirror!(
    /// How surely the cause is known.
    Certainty = model::finding::Certainty { Sure, Possible }
);
mirror!(
    /// In which language something can be pasted.
    Language = model::finding::Language { Sql, Shell }
);

/// Whether a waiver covers its row.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WaiverBearing {
    Covers,
    CeilingExceeded,
    Expired,
}
