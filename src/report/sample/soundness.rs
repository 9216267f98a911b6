//! Judgements of runs that are not sound: base differs from itself, all benchmarks move together, rows are disturbed.

use crate::model::effect::{Change, Effect, Precision};
use crate::model::judgement::Warning;
use crate::model::*;

use super::{green, id};

/// An effect with its interval.
fn effect(change: f64, half: f64) -> Effect {
    Effect {
        change: Change::Relative(change),
        precision: Precision::Interval { lower: change - half, upper: change + half, confidence: 0.9 },
    }
}

/// Base against itself.
fn canary(state: CanaryState, change: f64, rounds: u32) -> CanaryCheck {
    let effect = effect(change, 0.004);
    CanaryCheck { id: id("core", "parse/large", "time"), effect, tolerance_ratio: 0.02, rounds, state }
}

/// Base differs from itself: nothing noisy has a verdict.
pub(in crate::report) fn untrusted() -> Judgement {
    let mut judgement = green();
    judgement.verdict = RunVerdict::Untrusted;
    judgement.canary = Some(canary(CanaryState::Moved, 0.041, 10));
    for row in &mut judgement.rows {
        (row.verdict, row.outcome) = (Verdict::Inconclusive(Doubt::Untrusted), Outcome::Warn);
    }
    judgement
}

/// Nothing blocks, but all became slower together, the order matters, and each row is disturbed in its own way.
pub(in crate::report) fn disturbed() -> Judgement {
    let mut judgement = green();
    judgement.canary = Some(canary(CanaryState::Still, 0.001, 10));
    judgement.common_shift = Some(CommonShift { effect: effect(0.011, 0.003), benchmarks: 40, rounds: 10 });
    judgement.order_bias = Some(CommonShift { effect: effect(-0.008, 0.002), benchmarks: 40, rounds: 10 });
    let warnings = [
        vec![Warning::OrderBias { second: Ratio(0.031) }, Warning::HeavyTails { far: 4, of: 26 }],
        vec![
            Warning::Drifting { ratio: Ratio(-0.06) },
            Warning::Ties { equal: 13, of: 20 },
            Warning::ShortProcesses { processes: 8, apart: Ratio(0.082) },
        ],
        vec![Warning::BimodalAlone { arm: Arm::Head }, Warning::BimodalAlone { arm: Arm::Base }],
    ];
    for (row, warnings) in judgement.rows.iter_mut().zip(warnings) {
        row.warnings = warnings;
    }
    judgement
}
