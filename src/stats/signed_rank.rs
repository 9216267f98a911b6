//! The test that decides: are the differences of randomised pairs larger than a margin? Exact for any noise. Refuses to know what was paired.
//!
//! Each round gives one difference d, head minus base, with a fair coin deciding which arm ran first. If head is moved by exactly θ, then
//! each d − θ is as likely positive as negative, given all |d − θ|, whatever the noise is: Fisher's randomisation argument. The statistic
//! sums the capped ranks of |d − θ| over the positive ones, so that one wild round weighs no more than the cap. Wilcoxon 1945 without a cap.
//!
//! Equal differences have the same sign of d − θ, so it does not matter in which order they share their ranks: the null law is that of the
//! scores min(1, C) … min(R, C) for every sample. A |d − θ| shared by both signs, and a d − θ of zero, happen only where θ is the mean of two
//! differences; there the doubt goes against the claim (a zero counts as not above, a negative one is ranked above its positive twin), which
//! can only raise the p-value over that of ties broken by coin, whose size is exact. Midranks, the other custom, have a null law that moves
//! with θ: the p-value would no longer rise steadily with θ, and a bound found by searching would contradict the p-value.
//! As it is, `p_value_greater(θ) <= α` holds exactly when `lower_bound(α) > θ`.

use thiserror::Error;

/// The most rounds that a test takes: beyond it 2^-R is no longer a normal number, and the averages of pairs fill memory.
pub const ROUNDS_MAX: usize = 1000;

/// How much one round may weigh: each scores the rank of its distance, but no more than the cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cap {
    /// ⌈R/3⌉: nearly as sharp as uncapped ranks on normal noise, and much sharper where some rounds are disturbed.
    Third,
    /// No cap: Wilcoxon's signed-rank test.
    Uncapped,
    /// 1: the sign test.
    Sign,
}

impl Cap {
    /// The largest score among `rounds` rounds.
    pub fn limit(self, rounds: usize) -> usize {
        match self {
            Self::Third => rounds.div_ceil(3),
            Self::Uncapped => rounds,
            Self::Sign => 1,
        }
    }
}

/// Why differences cannot be tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PairedDifferencesError {
    /// There is no round.
    #[error("test differences without a single round")]
    Empty,
    /// More than [`ROUNDS_MAX`].
    #[error("test {rounds} rounds, where {ROUNDS_MAX} is the most")]
    TooManyRounds {
        /// How many there are.
        rounds: usize,
    },
    /// A difference is NaN or infinite: its round must be dropped for both arms before.
    #[error("test a difference that is not a finite number")]
    NotFinite,
}

/// Differences of pairs, prepared once for all questions about them: p-value, bounds, interval and estimate.
///
/// Preparing costs O(R² log R), each question O(R log R) after that.
#[derive(Clone, Debug)]
pub struct PairedDifferences {
    /// Half of each difference, in rising order: the mean of two differences is then a sum that neither overflows nor rounds differently by its order.
    halves: Vec<f64>,
    /// The same for base minus head: `-halves` in rising order.
    halves_mirrored: Vec<f64>,
    /// The means of all pairs i ≤ j, in rising order: the only places where the statistic steps.
    averages: Vec<f64>,
    /// The largest score.
    cap: usize,
    /// At index t the probability that the statistic is t or more, when signs are fair coins.
    tail: Vec<f64>,
}

impl PairedDifferences {
    /// Prepares differences, one of each round in any order, in any unit (log-ratios for time).
    pub fn new(differences: &[f64], cap: Cap) -> Result<Self, PairedDifferencesError> {
        let rounds = differences.len();
        if rounds == 0 {
            return Err(PairedDifferencesError::Empty);
        }
        if rounds > ROUNDS_MAX {
            return Err(PairedDifferencesError::TooManyRounds { rounds });
        }
        if !differences.iter().all(|difference| difference.is_finite()) {
            return Err(PairedDifferencesError::NotFinite);
        }
        // Adding 0 turns −0 into 0, so that the total order is the numeric one.
        let mut halves: Vec<f64> = differences.iter().map(|difference| 0.5 * difference + 0.0).collect();
        halves.sort_unstable_by(f64::total_cmp);
        let halves_mirrored = halves.iter().rev().map(|half| -half).collect();
        let averages = pair_averages(&halves);
        let cap = cap.limit(rounds);
        Ok(Self { halves, halves_mirrored, averages, cap, tail: null_tail(rounds, cap) })
    }

    /// How many rounds there are, at least 1.
    pub fn rounds(&self) -> usize {
        self.halves.len()
    }

    /// The one-sided p-value of "head is above base by no more than `theta`", against "by more". In [2^-R, 1]; never falls as `theta` rises.
    ///
    /// Exact in finite samples: where the true shift is at most `theta`, P(p ≤ α) ≤ α for every α. All differences equal and above `theta`
    /// give 2^-R; all of them at `theta`, or a NaN `theta`, give 1.
    pub fn p_value_greater(&self, theta: f64) -> f64 {
        self.tail[self.statistic(&self.halves, |average| average > theta)]
    }

    /// The one-sided p-value of "head is above base by no less than `theta`", against "by less": [`Self::p_value_greater`] with the arms swapped.
    pub fn p_value_less(&self, theta: f64) -> f64 {
        self.tail[self.statistic(&self.halves_mirrored, |average| average > -theta)]
    }

    /// The largest shift that `alpha` rules out: the true one lies at or above it with probability 1 − `alpha` or more.
    ///
    /// In the unit of the differences; −∞ where 2^-R > `alpha`, as then no data can rule anything out. `alpha` in (0, 1); NaN gives −∞.
    /// All differences equal: that difference. By inverting the test: Bauer 1972 for Wilcoxon's.
    pub fn lower_bound(&self, alpha: f64) -> f64 {
        let Some(critical) = self.critical(alpha) else { return f64::NEG_INFINITY };
        let ruled_out = |average: f64| self.statistic(&self.halves, |other| other >= average) >= critical;
        let count = self.averages.partition_point(|average| ruled_out(*average));
        count.checked_sub(1).map_or(f64::NEG_INFINITY, |last| self.averages[last])
    }

    /// The smallest shift that `alpha` rules out from above: [`Self::lower_bound`] with the arms swapped, ∞ where that is −∞.
    pub fn upper_bound(&self, alpha: f64) -> f64 {
        let Some(critical) = self.critical(alpha) else { return f64::INFINITY };
        let ruled_out = |average: f64| self.statistic(&self.halves_mirrored, |other| other >= -average) >= critical;
        let first = self.averages.partition_point(|average| !ruled_out(*average));
        self.averages.get(first).copied().unwrap_or(f64::INFINITY)
    }

    /// The two-sided interval, lower end first, that covers the true shift with probability `confidence` or more. `confidence` in (0, 1).
    ///
    /// Each end is a bound at (1 − `confidence`) / 2, infinite where there are too few rounds for that.
    pub fn interval(&self, confidence: f64) -> (f64, f64) {
        let alpha = (1.0 - confidence) / 2.0;
        (self.lower_bound(alpha), self.upper_bound(alpha))
    }

    /// The shift that leaves the statistic at its null mean, in the unit of the differences. Hodges & Lehmann 1963.
    ///
    /// Uncapped it is the median of the means of all pairs, with [`Cap::Sign`] the median of the differences. It moves and scales with the
    /// differences, and lies between the bounds of its own cap for every `alpha` below a half.
    pub fn estimate(&self) -> f64 {
        let total = self.tail.len() - 1;
        let above = |average: f64| 2 * self.statistic(&self.halves, |other| other >= average) > total;
        let below = |average: f64| 2 * self.statistic(&self.halves, |other| other > average) < total;
        // The statistic is its largest before the first average and 0 after the last, so both lie within.
        let last_above = self.averages.partition_point(|average| above(*average)).max(1) - 1;
        let first_below = self.averages.partition_point(|average| !below(*average)).min(self.averages.len() - 1);
        0.5 * self.averages[last_above] + 0.5 * self.averages[first_below]
    }

    /// The least statistic that a level rejects; none where even the largest possible is too likely.
    fn critical(&self, alpha: f64) -> Option<usize> {
        let critical = self.tail.partition_point(|&probability| probability > alpha || alpha.is_nan());
        (critical < self.tail.len()).then_some(critical)
    }

    /// The sum of capped ranks of the distances from a shift, over the differences above it.
    ///
    /// `is_beyond` tells whether the mean of two differences lies above the shift. It is all that is needed: a difference is positive when
    /// its mean with itself is, and of a negative and a positive one the positive is farther away when their mean is.
    fn statistic(&self, halves: &[f64], is_beyond: impl Fn(f64) -> bool) -> usize {
        let first_positive = halves.partition_point(|half| !is_beyond(half + half));
        let mut nearer = first_positive;
        let mut sum = 0;
        for (index, half) in halves.iter().enumerate().skip(first_positive) {
            while nearer > 0 && is_beyond(halves[nearer - 1] + half) {
                nearer -= 1;
            }
            let rank = index + 1 - nearer;
            if rank >= self.cap {
                // Ranks only rise from here on.
                return sum + self.cap * (halves.len() - index);
            }
            sum += rank;
        }
        sum
    }
}

fn pair_averages(halves: &[f64]) -> Vec<f64> {
    let rounds = halves.len();
    let mut averages = Vec::with_capacity(rounds * (rounds + 1) / 2);
    for (index, half) in halves.iter().enumerate() {
        averages.extend(halves[..=index].iter().map(|other| other + half));
    }
    averages.sort_unstable_by(f64::total_cmp);
    averages
}

/// The probability of each statistic or more, from the exact law: each round's score is added or not by a fair coin.
///
/// Halving is exact in binary, so that up to 53 rounds every probability is too.
fn null_tail(rounds: usize, cap: usize) -> Vec<f64> {
    let total: usize = (1..=rounds).map(|rank| rank.min(cap)).sum();
    let mut law = vec![0.0; total + 1];
    let mut next = law.clone();
    law[0] = 1.0;
    let mut reached = 0;
    for rank in 1..=rounds {
        let score = rank.min(cap);
        reached += score;
        for (to, from) in next[..score].iter_mut().zip(&law) {
            *to = 0.5 * from;
        }
        for ((to, stay), step) in next[score..=reached].iter_mut().zip(&law[score..=reached]).zip(&law) {
            *to = 0.5 * stay + 0.5 * step;
        }
        std::mem::swap(&mut law, &mut next);
    }
    let mut tail = 0.0_f64;
    for probability in law.iter_mut().rev() {
        tail += *probability;
        // Rounding must not carry a sum over nearly everything past 1.
        *probability = tail.min(1.0);
    }
    law[0] = 1.0;
    law
}

#[cfg(test)]
mod tests;
