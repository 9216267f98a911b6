//! Whether a run stands out from runs that should be like it, by rank alone: no bell curve, any number of metrics at once. Refuses to know what
//! the runs measured.
//!
//! The one assumption is that the runs are *exchangeable*: had they been made in another order, nothing about them would be different. Then each
//! of N + 1 runs is equally likely to be the most extreme one, by any measure that treats all of them alike, so that the last is it with a
//! probability of at most 1 ÷ (N + 1). Vovk, Gammerman & Shafer 2005 (conformal prediction); the largest score over many metrics as in
//! Westfall & Young 1993. A trend, or runs that hang together, break the assumption.

use thiserror::Error;

use super::distribution::normal_upper_quantile;
use super::prediction::{Moderated, Prior, moderated};
use super::summary::variance;

/// Why runs cannot be ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ConformalError {
    /// There is no metric, or fewer than two earlier runs: a run cannot stand out from one other.
    #[error("rank a run without a metric or among fewer than two earlier runs")]
    TooFew,
    /// A metric lacks the value of some run.
    #[error("rank runs of which some lack a metric")]
    Ragged,
    /// A value is NaN or infinite.
    #[error("rank a value that is not a finite number")]
    NotFinite,
}

/// The share of the N + 1 values that are at least as large as `head`, itself included: in [1 ÷ (N + 1), 1]. Ties count against head standing out.
///
/// If all are exchangeable, it is at most α with a probability of at most α, whatever their distribution.
pub fn rank_p_value(history: &[f64], head: f64) -> f64 {
    // Counted from below, so that a value that is not a number counts as larger.
    let smaller = history.iter().filter(|value| **value < head).count();
    (1 + history.len() - smaller) as f64 / (1 + history.len()) as f64
}

/// The smallest probability that a rank among `runs` earlier runs can reach: 1 ÷ (runs + 1).
pub fn attainable_level(runs: usize) -> f64 {
    1.0 / (runs as f64 + 1.0)
}

/// How many earlier runs it takes for a rank to reach `level` in (0, 1): 99 for 1 %. `usize::MAX` at a level of 0 or below.
pub fn runs_needed(level: f64) -> usize {
    let runs = (1.0 / level - 1.0 - 1e-9).ceil();
    // A cast of a float saturates; what is not a number becomes 0.
    if level > 0.0 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is never negative")]
        let runs = runs.max(0.0) as usize;
        runs
    } else {
        usize::MAX
    }
}

/// Where the last of N + 1 runs stands among them.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Its score in each metric: how many standard deviations it lies above the mean of the other runs.
    pub own: Vec<f64>,
    /// The largest score that any other run has in any metric.
    pub bar: f64,
    /// The rank of its largest score among those of all runs: at most 1 ÷ (N + 1) with that probability.
    pub p_value: f64,
}

impl Standing {
    /// Whether this metric alone lifts the run above every other run. If the runs are exchangeable, any metric does so with a probability of at
    /// most 1 ÷ (N + 1), for all metrics together.
    pub fn above(&self, metric: usize) -> bool {
        self.own.get(metric).is_some_and(|own| *own > self.bar)
    }
}

/// Ranks `head` among earlier runs. `history` has for each metric its value in every run, the runs in the same order; logarithms where ratios
/// matter, with the sign turned so that more is worse.
///
/// The score of a run in a metric is its distance to the mean of the *other* N runs, head included among them, divided by their standard deviation
/// times √(1 + 1/N); the score of a run is the largest over its metrics. Every run is treated as head is, which is what the promise rests on.
/// The standard deviation is mixed with a `prior`, so that a metric that happened to be still in few runs does not drown the others.
pub fn standing(history: &[Vec<f64>], head: &[f64], prior: Prior) -> Result<Standing, ConformalError> {
    let runs = checked(history, head)?;
    let together = history.iter().zip(head).map(|(runs, head)| [runs.as_slice(), &[*head]].concat());
    let scores: Vec<Vec<f64>> = together.map(|runs| scores(&runs, prior)).collect();
    let own: Vec<f64> = scores.iter().map(|scores| scores[runs]).collect();
    let others: Vec<f64> = (0..runs).map(|run| largest(scores.iter().map(|scores| scores[run]))).collect();
    let p_value = rank_p_value(&others, largest(own.iter().copied()));
    Ok(Standing { own, bar: largest(others.into_iter()), p_value })
}

/// The largest score of any run in any metric among the runs of `history` alone: about the bar that the next run would have to pass.
/// `None` for fewer than two runs, or where they cannot be ranked.
pub fn bar(history: &[Vec<f64>], prior: Prior) -> Option<f64> {
    let heads: Vec<f64> = history.iter().filter_map(|runs| runs.first().copied()).collect();
    checked(history, &heads).ok()?;
    Some(largest(history.iter().flat_map(|runs| scores(runs, prior))))
}

/// How far above the mean of `history` the next run must lie to have this score. `None` where there is no run.
pub fn distance(history: &[f64], score: f64, prior: Prior) -> Option<f64> {
    let Moderated { scale, .. } = moderated(history, prior)?;
    Some(score * scale * (1.0 + 1.0 / history.len() as f64).sqrt())
}

/// About how far above the mean a run would have to lie to stand out in one of `metrics` metrics (at least 1) if there were `runs` runs (at least
/// 2) with the spread of these and that spread were normal. `None` for fewer than two runs in `history`.
pub fn foreseen_distance(history: &[f64], runs: usize, metrics: usize) -> Option<f64> {
    let scale = variance(history)?.sqrt();
    let runs = runs as f64;
    let distance = normal_upper_quantile(1.0 / (runs * metrics as f64)) * scale * (1.0 + 1.0 / runs).sqrt();
    distance.is_finite().then_some(distance)
}

/// How many earlier runs there are, where every metric has all of them.
fn checked(history: &[Vec<f64>], head: &[f64]) -> Result<usize, ConformalError> {
    let runs = history.first().map_or(0, Vec::len);
    if runs < 2 {
        return Err(ConformalError::TooFew);
    }
    if history.len() != head.len() || history.iter().any(|values| values.len() != runs) {
        return Err(ConformalError::Ragged);
    }
    let finite = history.iter().flatten().chain(head).all(|value| value.is_finite());
    if finite { Ok(runs) } else { Err(ConformalError::NotFinite) }
}

/// The score of each run of one metric against all others; there are at least two.
fn scores(runs: &[f64], prior: Prior) -> Vec<f64> {
    (0..runs.len())
        .map(|run| {
            let others = [&runs[..run], &runs[run + 1..]].concat();
            let Moderated { centre, scale, .. } = moderated(&others, prior).expect("there is another run");
            (runs[run] - centre) / (scale * (1.0 + 1.0 / others.len() as f64).sqrt())
        })
        .collect()
}

fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::NEG_INFINITY, f64::max)
}

#[cfg(test)]
mod tests;
