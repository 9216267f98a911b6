//! A histogram while it is recorded: an array where the finished one is a map, so that a time costs some nanoseconds. Refuses to answer questions.

use std::time::Duration;

use super::histogram::{Histogram, Parts, bucket};
use super::packed::Packed;

/// The bucket of the shortest time above nothing, a nanosecond: 2⁻³⁰ s is the power of two below it.
const FIRST: u32 = (1023 - 30) << 10;
/// Longer times are recorded as this: eleven days.
const SECONDS_MAX: f64 = 1e6;
/// From [`FIRST`] to [`SECONDS_MAX`], which is below 2²⁰.
const DOUBLINGS: usize = 50;

/// Times by size. Its memory grows with the logarithm of the longest to that of the shortest, 8 KiB for each doubling, and not with their number.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// For each doubling from [`FIRST`] on, how many times each of its buckets has.
    doublings: [Option<Box<[u64; 1 << 10]>>; DOUBLINGS],
    /// Times of 0.
    zeros: u64,
    sum: f64,
    min: f64,
    max: f64,
}

/// A time with its place, for recording it more than once.
#[derive(Clone, Copy, Debug)]
pub struct Recordable {
    seconds: f64,
    /// `None` for a time of 0.
    index: Option<usize>,
}

impl From<Duration> for Recordable {
    fn from(time: Duration) -> Self {
        let seconds = time.as_secs_f64().min(SECONDS_MAX);
        Self { seconds, index: bucket(seconds).checked_sub(FIRST).map(|index| index as usize) }
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self { doublings: [const { None }; DOUBLINGS], zeros: 0, sum: 0.0, min: f64::INFINITY, max: 0.0 }
    }
}

impl Recorder {
    /// Records one time.
    pub fn record(&mut self, time: impl Into<Recordable>) {
        let Recordable { seconds, index } = time.into();
        self.sum += seconds;
        self.min = self.min.min(seconds);
        self.max = self.max.max(seconds);
        match index {
            Some(index) => {
                let counts = self.doublings[index >> 10].get_or_insert_with(|| Box::new([0; 1 << 10]));
                counts[index & 0x3ff] += 1;
            }
            None => self.zeros += 1,
        }
    }

    /// What was recorded, in seconds: the same as if each time had been recorded in a [`Histogram`].
    pub fn histogram(&self) -> Histogram {
        // Nothing recorded has no parts.
        Histogram::from_parts(self.parts()).unwrap_or_default()
    }

    /// The same in little memory.
    pub fn packed(&self) -> Packed {
        Packed::new(&self.parts())
    }

    fn parts(&self) -> Parts {
        let doublings = (FIRST..).step_by(1 << 10).zip(&self.doublings);
        let counts = doublings.filter_map(|(first, counts)| Some((first..).zip(counts.as_ref()?.iter().copied())));
        let buckets =
            std::iter::once((0, self.zeros)).chain(counts.flatten()).filter(|(_, times)| *times > 0).collect();
        Parts { buckets, sum: self.sum, min: self.min, max: self.max }
    }

    /// Forgets what was recorded and keeps the memory.
    pub fn clear(&mut self) {
        let mut doublings = std::mem::replace(&mut self.doublings, [const { None }; DOUBLINGS]);
        doublings.iter_mut().flatten().for_each(|counts| counts.fill(0));
        *self = Self { doublings, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_is_what_the_histogram_itself_would_hold() {
        let nanoseconds = [0, 1, 2, 3, 999, 1_000, 43_210, 43_211, 5_000_000, 200_000_000, 60_000_000_000, u64::MAX];
        let (mut recorder, mut histogram) = (Recorder::default(), Histogram::default());
        for nanoseconds in nanoseconds {
            let time = Duration::from_nanos(nanoseconds);
            recorder.record(time);
            histogram.record(time.as_secs_f64().min(SECONDS_MAX), 1).expect("a time");
        }
        assert_eq!(recorder.histogram(), histogram);
        assert_eq!(recorder.packed().histogram(), histogram);
        recorder.clear();
        assert_eq!(recorder.histogram(), Histogram::default());
    }
}
