//! Base against itself: does the machine, or the way of measuring, make differences of its own? Refuses to know what follows from it.
//!
//! Base's program runs twice in each round, in an order drawn by a coin, so that the sign of each difference is fair whatever the noise is:
//! the test is the one that convicts head, and as exact.

use crate::config::Policy;
use crate::model::{CanaryCheck, CanaryState, Change, Effect, Precision};

use super::super::Evidence;
use super::super::pair::Pairs;
use super::super::procedure::STAGE_ROUNDS;
use super::super::rows::CONFIDENCE;

/// The largest probability that a machine without fault is called untrusted, both sides together: a fifth of what all metrics together may
/// cost, and within the reach of the rounds of stage 1.
const LEVEL: f64 = 0.002;
/// The fewest rounds that can show anything: 2⁻¹⁰ is the first below half of the level.
const ROUNDS_MIN: u32 = 10;

/// What base against itself showed, strictly against the metric's own tolerance; `None` where it was not measured, or is 0 and has no ratio.
pub(in crate::judge) fn check(evidence: &Evidence<'_>, policy: &Policy) -> Option<CanaryCheck> {
    let measured = evidence.protocol.canary.as_ref().filter(|_| policy.gate.canary)?;
    let resolved = policy.resolve(&measured.one.metric);
    let pairs = Pairs::new(&measured.one, &measured.other, resolved.direction)?;
    let differences = pairs.between(0, u32::MAX);
    let (tolerance_ratio, _) = resolved.thresholds.with_floor_at(pairs.base_before(STAGE_ROUNDS));
    let margin = pairs.threshold(tolerance_ratio).unwrap_or(resolved.thresholds.floor);
    let ratio = |worse: f64| match pairs.change(worse) {
        Change::Relative(ratio) => Some(ratio),
        Change::Absolute(_) => None,
    };
    let (test, moved) = super::beyond(&differences, margin, LEVEL / 2.0)?;
    let rounds = u32::try_from(differences.len()).unwrap_or(u32::MAX);
    let state = match moved {
        true => CanaryState::Moved,
        false if rounds < ROUNDS_MIN => CanaryState::TooFewRounds { need: ROUNDS_MIN },
        false => CanaryState::Still,
    };
    let (low, high) = test.interval(CONFIDENCE);
    let (low, high) = (ratio(low)?, ratio(high)?);
    Some(CanaryCheck {
        id: measured.one.metric.id.clone(),
        effect: Effect {
            change: Change::Relative(ratio(test.estimate())?),
            precision: Precision::Interval { lower: low.min(high), upper: low.max(high), confidence: CONFIDENCE },
        },
        tolerance_ratio,
        rounds,
        state,
    })
}
