//! Many values in little memory: how often each size was seen, to three significant digits. Refuses to know in which order they came.
//!
//! A bucket is all values that share their binary exponent and the first ten bits of their fraction: 1024 buckets a doubling, so that a bucket is at
//! most 0.098 % wide. Any positive number has one, from nanoseconds to years, without a range that must be known beforehand, and what is far
//! apart is stored sparsely: ten million latencies over three decades take some ten thousand buckets. (Tene's `HdrHistogram` has the same idea and
//! resolution at three digits, with integers and a range.)

use std::collections::BTreeMap;

use super::{MAGNITUDE_MAX, SampleError};

/// So many values must lie beyond an extreme quantile in a round, or it is reported and not judged.
pub const BEYOND_MIN: u64 = 100;
/// The most values: whole numbers up to here are exact in a double.
const COUNT_MAX: u64 = 1 << 53;
/// How many bits of a double do not matter for its bucket.
const SHIFT: u32 = 42;

/// Recorded values by size, with their exact smallest, largest and mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// How many values each bucket has, none of them 0; the bucket of a value is the upper bits of its double.
    buckets: BTreeMap<u32, u64>,
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
}

/// What a histogram is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// Each bucket that has values, rising, with how many.
    pub buckets: Vec<(u32, u64)>,
    /// The sum of all values.
    pub sum: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

/// Which number of a distribution a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Summary {
    /// The median.
    P50,
    /// Three quarters of the values lie below.
    P75,
    /// 90 % of the values lie below.
    P90,
    /// 95 % of the values lie below.
    P95,
    /// 99 % of the values lie below.
    P99,
    /// 99.9 % of the values lie below.
    P999,
    /// The mean.
    Mean,
    /// The largest value.
    Max,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: BTreeMap::new(), count: 0, sum: 0.0, min: f64::INFINITY, max: 0.0 }
    }
}

impl Histogram {
    /// Records `value` `times` times; 0 times records nothing. Refuses a value that is negative, not finite or above [`MAGNITUDE_MAX`], and
    /// more than 2⁵³ values in all.
    pub fn record(&mut self, value: f64, times: u64) -> Result<(), SampleError> {
        if !(0.0..=MAGNITUDE_MAX).contains(&value) {
            return Err(SampleError::BadValue { value, position: usize::try_from(self.count).unwrap_or(usize::MAX) });
        }
        if times == 0 {
            return Ok(());
        }
        self.count = self.fits(times)?;
        *self.buckets.entry(bucket(value)).or_default() += times;
        self.sum += value * times as f64;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        Ok(())
    }

    /// Records what `other` recorded: the same as if all values had been recorded here, but for the rounding of the mean.
    pub fn merge(&mut self, other: &Self) -> Result<(), SampleError> {
        self.count = self.fits(other.count)?;
        for (bucket, times) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += times;
        }
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        Ok(())
    }

    /// How many values were recorded.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many buckets are in use: what the memory grows with.
    pub fn buckets(&self) -> usize {
        self.buckets.len()
    }

    /// What it is made of, for writing it down and [reading it back](Self::from_parts) without any loss.
    pub fn parts(&self) -> Parts {
        let buckets = self.buckets.iter().map(|(bucket, times)| (*bucket, *times)).collect();
        Parts { buckets, sum: self.sum, min: self.min, max: self.max }
    }

    /// The histogram of these parts; `None` where no values could have made them.
    pub fn from_parts(parts: Parts) -> Option<Self> {
        let Parts { buckets, sum, min, max } = parts;
        let rising = buckets.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let count = buckets.iter().try_fold(0_u64, |all, (_, times)| all.checked_add(*times).filter(|_| *times > 0))?;
        let ends = [min, max].iter().all(|end| (0.0..=MAGNITUDE_MAX).contains(end));
        let (first, last) = (buckets.first()?.0, buckets.last()?.0);
        let fits = ends && min <= max && bucket(min) == first && bucket(max) == last;
        let whole = rising && fits && count <= COUNT_MAX && sum >= 0.0 && sum.is_finite();
        whole.then(|| Self { buckets: buckets.into_iter().collect(), count, sum, min, max })
    }

    /// The middle of each bucket with how many values it has, by rising value. Recorded again they give the same quantiles up to the width of
    /// a bucket.
    pub fn pairs(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        self.buckets.iter().map(|(bucket, times)| {
            let (low, high) = bounds(*bucket);
            (f64::midpoint(low, high).clamp(self.min, self.max), *times)
        })
    }

    /// The number that `summary` names, between the smallest and the largest value; `None` without values.
    pub fn summary(&self, summary: Summary) -> Option<f64> {
        match summary.probability() {
            _ if self.count == 0 => None,
            Some(probability) => self.quantile(probability),
            None if summary == Summary::Max => Some(self.max),
            None => Some((self.sum / self.count as f64).clamp(self.min, self.max)),
        }
    }

    /// The value below which the share `probability`, in [0, 1], lies: in the bucket of the order statistic nearest to
    /// `probability` × (count − 1), interpolated as if the values of a bucket were spread evenly over it, and never outside of what was
    /// recorded. So it is at most a bucket's width, 0.1 %, off that order statistic. `None` without values or for a NaN.
    pub fn quantile(&self, probability: f64) -> Option<f64> {
        if self.count == 0 || probability.is_nan() {
            return None;
        }
        let rank = probability.clamp(0.0, 1.0) * (self.count - 1) as f64 + 0.5;
        let mut below = 0.0;
        for (bucket, times) in &self.buckets {
            let times = *times as f64;
            if rank < below + times {
                let (low, high) = bounds(*bucket);
                return Some((low + (high - low) * (rank - below) / times).clamp(self.min, self.max));
            }
            below += times;
        }
        Some(self.max)
    }

    /// How many values lie beyond the quantile that `summary` names: a hundredth of them beyond p99, none beyond the maximum.
    pub(super) fn beyond(&self, summary: Summary) -> u64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the count")]
        summary.probability().map_or(0, |probability| ((1.0 - probability) * self.count as f64 + 1e-6).floor() as u64)
    }

    fn fits(&self, more: u64) -> Result<u64, SampleError> {
        let all = self.count.saturating_add(more);
        if all > COUNT_MAX {
            return Err(SampleError::TooMany { count: usize::try_from(all).unwrap_or(usize::MAX) });
        }
        Ok(all)
    }
}

impl Summary {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::P50, Self::P75, Self::P90, Self::P95, Self::P99, Self::P999, Self::Mean, Self::Max];

    /// Its name in results and in the names of metrics: `p50`, `p99.9`, `mean`, `max`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::P50 => "p50",
            Self::P75 => "p75",
            Self::P90 => "p90",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::P999 => "p99.9",
            Self::Mean => "mean",
            Self::Max => "max",
        }
    }

    /// The summary of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|summary| summary.as_str() == name)
    }

    /// The share of values below it, where it is a quantile.
    pub fn probability(self) -> Option<f64> {
        match self {
            Self::P50 => Some(0.5),
            Self::P75 => Some(0.75),
            Self::P90 => Some(0.9),
            Self::P95 => Some(0.95),
            Self::P99 => Some(0.99),
            Self::P999 => Some(0.999),
            Self::Mean | Self::Max => None,
        }
    }

    /// Whether it rests on so few of the values that there must be [`BEYOND_MIN`] of them.
    pub fn is_extreme(self) -> bool {
        match self {
            Self::P999 | Self::Max => true,
            Self::P50 | Self::P75 | Self::P90 | Self::P95 | Self::P99 | Self::Mean => false,
        }
    }
}

/// The bucket of a value of at least 0: doubles of one sign are in the order of their bits.
pub(super) fn bucket(value: f64) -> u32 {
    // Adding 0 turns −0 into 0.
    u32::try_from((value + 0.0).to_bits() >> SHIFT).expect("22 bits are left")
}

/// From where to where a bucket reaches.
fn bounds(bucket: u32) -> (f64, f64) {
    (f64::from_bits(u64::from(bucket) << SHIFT), f64::from_bits(u64::from(bucket + 1) << SHIFT))
}

#[cfg(test)]
mod tests;
