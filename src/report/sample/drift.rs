//! Judgements for tests in which metrics have drifted since a release.

use crate::model::effect::{Change, Effect, Precision};
use crate::model::judgement::{Drift, DriftState};
use crate::model::*;

use super::green;

/// A drift of `change` since `v1.0`.
pub(super) fn since(state: DriftState, change: f64) -> Drift {
    let precision = Precision::Interval { lower: change - 0.01, upper: change + 0.01, confidence: 0.9 };
    let effect = Effect { change: Change::Relative(change), precision };
    Drift { since: "v1.0".to_owned(), effect, allowed_ratio: 0.1, state }
}

/// `core/parse/large` is unchanged and has come too far since the release; the others are within, or cannot be told.
pub(in crate::report) fn drifted() -> Judgement {
    let mut judgement = green();
    for (row, (state, change)) in judgement.rows.iter_mut().zip([
        (DriftState::Beyond, 0.123),
        (DriftState::CannotTell, 0.05),
        (DriftState::Within, 0.02),
    ]) {
        row.drift = Some(since(state, change));
    }
    judgement.promise.shares = super::shares(&[(TestFamily::Pairs, 3), (TestFamily::Drift, 3)]);
    judgement.rows[0].outcome = Outcome::FailDrifted;
    judgement.verdict = RunVerdict::OverBudget;
    judgement
}
