//! Events and what they were looked for in: errors of requests, timeouts in a minute. Refuses to say whether a rate is too high.

use super::{MAGNITUDE_MAX, SampleError};

/// What events are counted in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Exposure {
    /// Trials, each of which is an event or is not: requests. Above 0.
    Trials(u64),
    /// Seconds, or anything else that events happen in: above 0 and finite.
    Amount(f64),
}

/// Events with their exposure. No more events than trials.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Count {
    events: u64,
    exposure: Exposure,
}

impl Count {
    /// Takes a count. Refuses more events than trials, and an exposure that is none.
    pub fn new(events: u64, exposure: Exposure) -> Result<Self, SampleError> {
        match exposure {
            Exposure::Trials(0) => Err(SampleError::NoExposure { exposure: 0.0 }),
            Exposure::Trials(trials) if events > trials => Err(SampleError::MoreEventsThanTrials { events, trials }),
            Exposure::Amount(amount) if !(amount > 0.0 && amount <= MAGNITUDE_MAX) => {
                Err(SampleError::NoExposure { exposure: amount })
            }
            Exposure::Trials(_) | Exposure::Amount(_) => Ok(Self { events, exposure }),
        }
    }

    /// How many events were seen.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// In what.
    pub fn exposure(&self) -> Exposure {
        self.exposure
    }

    /// Events in one trial or one unit of exposure, at least 0 and finite.
    pub fn rate(&self) -> f64 {
        self.events as f64 / self.amount()
    }

    /// The exposure as a number, above 0 and finite.
    pub fn amount(&self) -> f64 {
        match self.exposure {
            Exposure::Trials(trials) => trials as f64,
            Exposure::Amount(amount) => amount,
        }
    }

    /// Both counts as one; `None` where the one is of trials and the other is not, or numbers no longer fit.
    pub fn plus(&self, other: &Self) -> Option<Self> {
        let exposure = match (self.exposure, other.exposure) {
            (Exposure::Trials(one), Exposure::Trials(two)) => Exposure::Trials(one.checked_add(two)?),
            (Exposure::Amount(one), Exposure::Amount(two)) => Exposure::Amount(one + two),
            (Exposure::Trials(_), Exposure::Amount(_)) | (Exposure::Amount(_), Exposure::Trials(_)) => return None,
        };
        Self::new(self.events.checked_add(other.events)?, exposure).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_has_an_exposure_and_no_more_events_than_trials() {
        for amount in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e101] {
            assert!(matches!(Count::new(1, Exposure::Amount(amount)), Err(SampleError::NoExposure { .. })), "{amount}");
        }
        assert!(matches!(Count::new(0, Exposure::Trials(0)), Err(SampleError::NoExposure { .. })));
        assert_eq!(Count::new(3, Exposure::Trials(2)), Err(SampleError::MoreEventsThanTrials { events: 3, trials: 2 }));
        assert!((Count::new(7, Exposure::Amount(3.5)).unwrap().rate() - 2.0).abs() < 1e-12);
        assert!((Count::new(u64::MAX, Exposure::Trials(u64::MAX)).unwrap().rate() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn counts_add_up_where_they_are_of_a_kind_and_fit() {
        let trials = |events, trials| Count::new(events, Exposure::Trials(trials)).unwrap();
        assert_eq!(trials(1, 10).plus(&trials(2, 20)), Some(trials(3, 30)));
        assert_eq!(trials(1, 10).plus(&Count::new(1, Exposure::Amount(1.0)).unwrap()), None);
        assert_eq!(trials(1, u64::MAX).plus(&trials(0, 1)), None);
    }
}
