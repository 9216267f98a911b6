//! How others decide that head is slower, in own code from their documentation and sources. Refuses to know where the samples come from.

use statrs::distribution::{ContinuousCDF, StudentsT};
use tollgate::stats::mann_whitney;
use tollgate::stats::summary::{mean, median, quantile, variance};

use crate::calibration::noise::Random;

/// How often a bootstrap draws again; criterion itself draws 100,000 times, which moves its p-values in the third digit.
pub(super) const RESAMPLES: usize = 1000;

fn mean_of(values: &[f64]) -> f64 {
    mean(values).expect("there are samples")
}

fn median_of(values: &[f64]) -> f64 {
    median(values).expect("there are samples")
}

/// Welch's t of head against base: the difference of the means in its standard errors. Welch 1947.
pub(super) fn welch_t(base: &[f64], head: &[f64]) -> f64 {
    let error = |values: &[f64]| variance(values).expect("two samples or more") / values.len() as f64;
    (mean_of(head) - mean_of(base)) / (error(base) + error(head)).sqrt()
}

/// Its two-sided p-value, with the degrees of freedom of Welch and Satterthwaite.
pub(super) fn welch_p(base: &[f64], head: &[f64]) -> f64 {
    let error = |values: &[f64]| variance(values).expect("two samples or more") / values.len() as f64;
    let (b, h) = (error(base), error(head));
    let freedom = (b + h).powi(2) / (b * b / (base.len() - 1) as f64 + h * h / (head.len() - 1) as f64);
    let law = StudentsT::new(0.0, 1.0, freedom).expect("degrees of freedom above 0");
    2.0 * law.sf(welch_t(base, head).abs())
}

/// Slower by Welch's t-test at 5 %.
pub(super) fn welch(base: &[f64], head: &[f64]) -> bool {
    welch_p(base, head) < 0.05 && mean_of(head) > mean_of(base)
}

/// The two-sided p-value of Mann and Whitney: twice the smaller tail.
pub(super) fn whitney_p(base: &[f64], head: &[f64]) -> f64 {
    let tail = |base, head| mann_whitney::p_value_greater(base, head).expect("finite samples");
    (2.0 * tail(base, head).min(tail(head, base))).min(1.0)
}

/// benchstat: Mann–Whitney at 5 %, shown as a change of the medians (golang/perf, `benchmath`).
pub(super) fn benchstat(base: &[f64], head: &[f64]) -> bool {
    whitney_p(base, head) <= 0.05 && median_of(head) > median_of(base)
}

/// asv: Mann–Whitney at 0.2 % and medians that differ by a factor of 1.1 (`asv/_stats.py`, `asv/commands/compare.py`).
pub(super) fn asv(base: &[f64], head: &[f64]) -> bool {
    median_of(head) > 1.1 * median_of(base) && whitney_p(base, head) < 0.002
}

/// github-action-benchmark: one number of head above this many times one number of base.
pub(super) fn ratio(base: &[f64], head: &[f64], limit: f64) -> bool {
    mean_of(head) / mean_of(base) > limit
}

/// tango: the mean of the differences, sample by sample, in its standard errors (`tango-bench/src/lib.rs`).
pub(super) fn tango_z(base: &[f64], head: &[f64]) -> f64 {
    let differences: Vec<f64> = head.iter().zip(base).map(|(head, base)| head - base).collect();
    mean_of(&differences) / (variance(&differences).expect("two pairs or more") / differences.len() as f64).sqrt()
}

/// tango: z of 2.6 or more and a difference of more than 1 %.
pub(super) fn tango(base: &[f64], head: &[f64]) -> bool {
    tango_z(base, head) >= 2.6 && mean_of(head) > 1.01 * mean_of(base)
}

/// What criterion computes: a p-value, and an interval of head's mean against base's.
pub(super) struct Criterion {
    pub(super) p_value: f64,
    pub(super) lower: f64,
    pub(super) upper: f64,
}

impl Criterion {
    /// The law of t where nothing differs comes from both samples thrown together, the interval from each sample drawn again by itself
    /// (`src/analysis/compare.rs`; bootstraps, Efron 1979).
    pub(super) fn new(base: &[f64], head: &[f64], random: &mut Random) -> Self {
        let together = [base, head].concat();
        let again = |from: &[f64], count: usize, random: &mut Random| -> Vec<f64> {
            (0..count).map(|_| from[random.below(from.len())]).collect()
        };
        let seen = welch_t(base, head);
        let mut above = 0;
        let mut changes = Vec::with_capacity(RESAMPLES);
        for _ in 0..RESAMPLES {
            let drawn = again(&together, together.len(), random);
            let (one, other) = drawn.split_at(base.len());
            above += usize::from(welch_t(one, other) > seen);
            let (one, other) = (again(base, base.len(), random), again(head, head.len(), random));
            changes.push(mean_of(&other) / mean_of(&one) - 1.0);
        }
        let bound = |probability| quantile(&changes, probability).expect("there are resamples");
        let p_value = 2.0 * above.min(RESAMPLES - above) as f64 / RESAMPLES as f64;
        Self { p_value, lower: bound(0.025), upper: bound(0.975) }
    }

    /// "Performance has regressed": p below 5 %, and the whole interval above the noise threshold of 1 %.
    pub(super) fn regressed(&self) -> bool {
        self.p_value < 0.05 && self.lower > 0.01 && self.upper > 0.01
    }
}
