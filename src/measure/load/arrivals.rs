//! When requests are meant to be sent: the rate of a stage, integrated. No clock and no sockets, so that a seed gives the same arrivals everywhere.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::config::scenario;

/// A level that goes in a straight line from one value to the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ramp {
    /// At the start, at least 0.
    pub(super) from: f64,
    /// At the end, at least 0.
    pub(super) to: f64,
    /// How long it takes.
    pub(super) duration: Duration,
}

impl Ramp {
    /// The level this long after the start.
    pub(super) fn level(&self, elapsed: Duration) -> f64 {
        let done = elapsed.as_secs_f64() / self.duration.as_secs_f64();
        if done < 1.0 { self.from + (self.to - self.from) * done } else { self.to }
    }

    /// How many arrivals the whole ramp comes to.
    fn area(&self) -> f64 {
        f64::midpoint(self.from, self.to) * self.duration.as_secs_f64()
    }

    /// After how long `arrivals`, fewer than the whole ramp, are there: from·t + slope·t²/2 = arrivals, solved without cancellation.
    fn when(&self, arrivals: f64) -> Duration {
        let slope = (self.to - self.from) / self.duration.as_secs_f64();
        let root = (self.from * self.from + 2.0 * slope * arrivals).max(0.0).sqrt();
        let seconds = if arrivals > 0.0 { 2.0 * arrivals / (self.from + root) } else { 0.0 };
        Duration::try_from_secs_f64(seconds).map_or(self.duration, |after| after.min(self.duration))
    }
}

/// The arrivals of a drive, stage after stage: what is left of an interval at the end of a stage goes over into the next.
pub(super) struct Arrivals {
    spread: scenario::Arrivals,
    random: ChaCha8Rng,
    /// How much of the area of the stage lies before the next arrival.
    next: f64,
}

impl Arrivals {
    /// Arrivals of this seed.
    pub(super) fn new(spread: scenario::Arrivals, seed: u64) -> Self {
        let mut arrivals = Self { spread, random: ChaCha8Rng::seed_from_u64(seed), next: 0.0 };
        if spread == scenario::Arrivals::Poisson {
            arrivals.next = arrivals.distance();
        }
        arrivals
    }

    /// The next arrival in this stage, as the time since its start; `None` once, at the end of the stage. The one after it belongs to the next.
    pub(super) fn next(&mut self, ramp: &Ramp) -> Option<Duration> {
        // Sums of ones and products of rates and durations differ by rounding; an arrival at the very end belongs to the next stage.
        let left = self.next - ramp.area();
        if left > -1e-6 {
            self.next = left.max(0.0);
            return None;
        }
        let after = ramp.when(self.next);
        self.next += self.distance();
        Some(after)
    }

    /// From one arrival to the next, in arrivals: 1 on average.
    fn distance(&mut self) -> f64 {
        match self.spread {
            scenario::Arrivals::Uniform => 1.0,
            // In (0, 1], so that its logarithm is finite.
            scenario::Arrivals::Poisson => -(((self.random.next_u64() >> 11) + 1) as f64 / (1_u64 << 53) as f64).ln(),
        }
    }
}

/// What chance decides for one start of a flow: always the same for the same seed and number, in whichever order replies come.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// The dice of the start with this number.
    pub(super) fn new(seed: u64, number: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        // The stream 0 is that of arrivals.
        random.set_stream(number.wrapping_add(1));
        Self(random)
    }

    /// A number below `end`, which is above 0, by the throw with this index.
    pub(super) fn below(&mut self, end: u64, throw: usize) -> u64 {
        self.0.set_word_pos(2 * throw as u128);
        // The upper half of the product: a bias of at most end / 2⁶⁴.
        u64::try_from((u128::from(self.0.next_u64()) * u128::from(end)) >> 64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(arrivals: &mut Arrivals, ramp: Ramp) -> Vec<f64> {
        std::iter::from_fn(|| arrivals.next(&ramp)).map(|after| after.as_secs_f64()).collect()
    }

    fn ramp(from: f64, to: f64, seconds: u64) -> Ramp {
        Ramp { from, to, duration: Duration::from_secs(seconds) }
    }

    #[test]
    fn a_constant_rate_gives_equal_distances_and_exactly_its_number() {
        let times = all(&mut Arrivals::new(scenario::Arrivals::Uniform, 1), ramp(1000.0, 1000.0, 25));
        assert_eq!(times.len(), 25_000);
        for (index, time) in times.iter().enumerate() {
            assert!((time - index as f64 / 1000.0).abs() < 1e-8, "{index}: {time}");
        }
    }

    #[test]
    fn a_ramp_sends_as_many_as_the_area_below_it_and_denser_where_it_is_higher() {
        let times = all(&mut Arrivals::new(scenario::Arrivals::Uniform, 1), ramp(0.0, 100.0, 10));
        assert_eq!(times.len(), 500);
        // Until half of the time a quarter of them.
        assert_eq!(times.iter().filter(|time| **time < 5.0).count(), 125);
        assert!(times.is_sorted() && times.last().is_some_and(|last| *last < 10.0));
        let down = all(&mut Arrivals::new(scenario::Arrivals::Uniform, 1), ramp(100.0, 0.0, 10));
        assert_eq!((down.len(), down.iter().filter(|time| **time < 5.0).count()), (500, 375));
    }

    #[test]
    fn stages_lose_no_part_of_an_arrival() {
        let mut arrivals = Arrivals::new(scenario::Arrivals::Uniform, 1);
        let counts: Vec<_> = (0..10).map(|_| all(&mut arrivals, ramp(0.3, 0.3, 1)).len()).collect();
        assert_eq!((counts.iter().sum::<usize>(), counts[0]), (3, 1), "{counts:?}");
    }

    #[test]
    fn a_level_of_nothing_sends_nothing() {
        assert!(all(&mut Arrivals::new(scenario::Arrivals::Uniform, 1), ramp(0.0, 0.0, 5)).is_empty());
        assert_eq!(ramp(0.0, 0.0, 5).level(Duration::from_secs(1)).to_bits(), 0);
    }

    #[test]
    fn poisson_arrivals_have_the_rate_and_the_spread_of_independent_users_and_repeat_by_seed() {
        let times = |seed| all(&mut Arrivals::new(scenario::Arrivals::Poisson, seed), ramp(1000.0, 1000.0, 100));
        let first = times(7);
        assert!((99_000..101_000).contains(&first.len()), "{}", first.len());
        let distances: Vec<f64> = first.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = distances.iter().sum::<f64>() / distances.len() as f64;
        let variance = distances.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / distances.len() as f64;
        // The standard deviation of an exponential distribution is its mean.
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.03, "{}", variance.sqrt() / mean);
        assert_eq!(first, times(7));
        assert_ne!(first, times(8));
    }

    #[test]
    fn dice_fall_evenly_and_repeat_for_the_same_start() {
        let mut counts = [0_u32; 4];
        for number in 0..4000 {
            counts[usize::try_from(Dice::new(5, number).below(4, 0)).expect("small")] += 1;
        }
        assert!(counts.iter().all(|count| (900..1100).contains(count)), "{counts:?}");
        let throws = |number| [0, 1, 2, 1].map(|throw| Dice::new(5, number).below(1 << 40, throw));
        assert_eq!(throws(3), throws(3));
        assert_ne!(throws(3)[0], throws(3)[1]);
        assert_eq!(throws(3)[1], throws(3)[3]);
        assert_ne!(throws(3), throws(4));
    }
}
