//! What one round gave for one metric: raw values, a distribution, a count or a course over time, and the round's one number. Refuses to know
//! what the numbers are judged by.

mod count;
mod histogram;
mod packed;
mod processes;
mod recorder;
mod track;

use std::sync::Arc;

pub use count::{Count, Exposure};
pub use histogram::{BEYOND_MIN, Histogram, Parts, Summary};
pub use packed::Packed;
pub use processes::Processes;
pub use recorder::{Recordable, Recorder};
pub use track::{POINTS_MAX, POINTS_MIN, Track};

/// The most values that one sample may hold as a list: enough for any harness, bounded against hostile files.
pub const VALUES_MAX: usize = 1_000_000;
/// The largest value of a histogram or a track, and the largest time of a track: sums and slopes of such stay finite.
pub const MAGNITUDE_MAX: f64 = 1e100;

/// What one round gave for one metric, in the metric's base unit. Each kind can only be built from what can have been measured.
#[derive(Clone, Debug, PartialEq)]
pub enum Sample {
    /// Raw values, each kept.
    Values(Values),
    /// Raw values of several short processes that together are one arm's part of the round.
    Processes(Processes),
    /// One summary of a distribution of many values, such as the latencies of a load test. Several metrics share the distribution.
    Quantile {
        /// The distribution; never empty.
        of: Filled,
        /// Which of its numbers this metric is.
        summary: Summary,
    },
    /// Events among trials or over an exposure, such as errors of requests.
    Count(Count),
    /// Values over time, of which the growth counts, such as memory.
    Track(Track),
}

/// Raw values of one metric from one round: 1 to [`VALUES_MAX`], all finite, none negative.
#[derive(Clone, Debug, PartialEq)]
pub struct Values(Box<[f64]>);

/// A histogram with at least one value, which several samples may share.
#[derive(Clone, Debug, PartialEq)]
pub struct Filled(Arc<Histogram>);

/// How a list of values becomes one number. The other kinds of samples say it by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// The smallest value.
    Min,
    /// The largest value.
    Max,
    /// The middle value, or the mean of the two middle ones.
    Median,
}

/// Why something is not a [`Sample`].
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SampleError {
    /// There are no values.
    #[error("no values")]
    Empty,
    /// There are more than [`VALUES_MAX`], or than a histogram counts.
    #[error("{count} values, more than a sample may hold")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// One is NaN, infinite or negative.
    #[error("value {value} at position {position} is not a finite number of at least 0")]
    BadValue {
        /// The value.
        value: f64,
        /// Its place, counted from 0.
        position: usize,
    },
    /// There are more events than trials.
    #[error("{events} events of {trials} trials")]
    MoreEventsThanTrials {
        /// The events.
        events: u64,
        /// The trials.
        trials: u64,
    },
    /// Nothing was tried, or for no time.
    #[error("events without an exposure: it is {exposure}, not above 0 and finite")]
    NoExposure {
        /// What was given.
        exposure: f64,
    },
    /// There are fewer points than [`POINTS_MIN`] or more than [`POINTS_MAX`].
    #[error("{count} points of a track, not {POINTS_MIN} to {POINTS_MAX}")]
    Points {
        /// How many there are.
        count: usize,
    },
    /// A time is not later than the one before, or no time at all.
    #[error("the time {time} at position {position} is not later than the one before")]
    BadTime {
        /// The time.
        time: f64,
        /// Its place, counted from 0.
        position: usize,
    },
    /// The points leave so large a gap that what is left after the warm-up does not show a course.
    #[error("points in only {windows} of the {needed} windows after the warm-up")]
    Gaps {
        /// Windows that have a point.
        windows: usize,
        /// How many must have one.
        needed: usize,
    },
}

impl Sample {
    /// Takes the raw values of one round.
    pub fn new(values: Vec<f64>) -> Result<Self, SampleError> {
        Values::new(values).map(Self::Values)
    }

    /// Takes the raw values of several processes that are one round.
    pub fn processes(processes: Vec<Vec<f64>>) -> Result<Self, SampleError> {
        let processes = processes.into_iter().map(Values::new).collect::<Result<_, _>>()?;
        Processes::new(processes).map(Self::Processes)
    }

    /// Takes one number of a distribution. Refuses an empty one.
    pub fn quantile(histogram: Arc<Histogram>, summary: Summary) -> Result<Self, SampleError> {
        if histogram.count() == 0 {
            return Err(SampleError::Empty);
        }
        Ok(Self::Quantile { of: Filled(histogram), summary })
    }

    /// The raw values in the order in which they were measured; empty where they were not kept as one list.
    pub fn values(&self) -> &[f64] {
        match self {
            Self::Values(values) => &values.0,
            Self::Processes(_) | Self::Quantile { .. } | Self::Count(_) | Self::Track(_) => &[],
        }
    }

    /// The events and their exposure, where this is a count.
    pub fn count(&self) -> Option<&Count> {
        match self {
            Self::Count(count) => Some(count),
            Self::Values(_) | Self::Processes(_) | Self::Quantile { .. } | Self::Track(_) => None,
        }
    }

    /// The course over time, where this is one.
    pub fn track(&self) -> Option<&Track> {
        match self {
            Self::Track(track) => Some(track),
            Self::Values(_) | Self::Processes(_) | Self::Quantile { .. } | Self::Count(_) => None,
        }
    }

    /// How many values lie beyond an extreme quantile, where so few of them would make it a matter of chance that it must be said:
    /// `None` for anything but a quantile above p99 and for a maximum, which nothing lies beyond.
    pub fn beyond(&self) -> Option<u64> {
        match self {
            Self::Quantile { of, summary } => summary.is_extreme().then(|| of.0.beyond(*summary)),
            Self::Values(_) | Self::Processes(_) | Self::Count(_) | Self::Track(_) => None,
        }
    }

    /// The sample's one number: `statistic` of a list of values, the mean of this of several processes; of a distribution the summary that it names, of a count the rate, of a
    /// track the growth, which alone may be negative. Finite.
    pub fn statistic(&self, statistic: Statistic) -> f64 {
        match self {
            Self::Values(values) => values.statistic(statistic),
            Self::Processes(processes) => processes.statistic(statistic),
            Self::Quantile { of, summary } => of.0.summary(*summary).expect("a filled histogram has values"),
            Self::Count(count) => count.rate(),
            Self::Track(track) => track.slope(),
        }
    }
}

impl From<Count> for Sample {
    fn from(count: Count) -> Self {
        Self::Count(count)
    }
}

impl From<Track> for Sample {
    fn from(track: Track) -> Self {
        Self::Track(track)
    }
}

impl Filled {
    /// The distribution.
    pub fn histogram(&self) -> &Arc<Histogram> {
        &self.0
    }
}

impl Values {
    fn new(values: Vec<f64>) -> Result<Self, SampleError> {
        if values.is_empty() {
            return Err(SampleError::Empty);
        }
        if values.len() > VALUES_MAX {
            return Err(SampleError::TooMany { count: values.len() });
        }
        match values.iter().position(|value| !value.is_finite() || *value < 0.0) {
            Some(position) => Err(SampleError::BadValue { value: values[position], position }),
            None => Ok(Self(values.into_boxed_slice())),
        }
    }

    fn statistic(&self, statistic: Statistic) -> f64 {
        match statistic {
            Statistic::Min => self.0.iter().copied().fold(f64::INFINITY, f64::min),
            Statistic::Max => self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Statistic::Median => median(self.0.to_vec()).expect("values are never empty"),
        }
    }
}

/// The middle value, or the mean of the two middle ones; `None` for none.
fn median(mut values: Vec<f64>) -> Option<f64> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    values.sort_unstable_by(f64::total_cmp);
    Some(if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_cannot_hold_what_is_not_a_measurement() {
        assert_eq!(Sample::new(vec![]), Err(SampleError::Empty));
        assert!(matches!(Sample::new(vec![1.0, f64::NAN]), Err(SampleError::BadValue { position: 1, .. })));
        assert!(matches!(Sample::new(vec![f64::INFINITY]), Err(SampleError::BadValue { .. })));
        assert!(matches!(Sample::new(vec![-1.0]), Err(SampleError::BadValue { .. })));
        assert!(Sample::new(vec![0.0]).is_ok());
        assert_eq!(Sample::quantile(Arc::default(), Summary::P50), Err(SampleError::Empty));
    }

    #[test]
    fn the_statistics_of_a_sample_are_its_extremes_and_its_middle() {
        let sample = Sample::new(vec![4.0, 1.0, 3.0, 2.0]).unwrap();
        let of = |statistic| sample.statistic(statistic);
        let found = [Statistic::Min, Statistic::Median, Statistic::Max].map(of);
        assert!(
            found.iter().zip([1.0, 2.5, 4.0]).all(|(found, expected)| (found - expected).abs() < 1e-12),
            "{found:?}"
        );
    }

    #[test]
    fn a_distribution_a_count_and_a_track_say_their_number_whatever_is_asked_of_lists() {
        let mut histogram = Histogram::default();
        histogram.record(3.0, 2).unwrap();
        let quantile = Sample::quantile(Arc::new(histogram), Summary::P99).unwrap();
        let count = Sample::from(Count::new(1, Exposure::Trials(4)).unwrap());
        let points = (0..60).map(|second| (f64::from(second), 100.0 - f64::from(second))).collect();
        let track = Sample::from(Track::new(points).unwrap());
        for (sample, expected) in [(quantile, 3.0), (count, 0.25), (track, -1.0)] {
            for statistic in [Statistic::Min, Statistic::Max, Statistic::Median] {
                assert!((sample.statistic(statistic) - expected).abs() < 1e-9, "{sample:?}");
            }
            assert!(sample.values().is_empty());
        }
    }
}
