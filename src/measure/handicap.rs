//! What slows head down on purpose, so that the gate can be seen going red. Refuses to know why that is wanted, and never touches base.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::model::sample::{Count, Exposure, Histogram, Track};
use crate::model::selftest::Injection;
use crate::model::{Arm, BenchmarkId, MetricId, Sample};

use super::bench::Reading;

/// What is done to head, by metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Handicap(pub BTreeMap<MetricId, Injection>);

impl Handicap {
    /// How much longer each program of a benchmark has to take in an arm; nothing in base.
    pub fn delay(&self, arm: Arm, benchmark: &BenchmarkId) -> Duration {
        let delays = self.0.iter().filter_map(|(id, injection)| match injection {
            Injection::Delay { seconds } if id.benchmark == *benchmark => Duration::try_from_secs_f64(*seconds).ok(),
            Injection::Delay { .. } | Injection::Scaled { .. } | Injection::Step { .. } => None,
        });
        match arm {
            Arm::Base => Duration::ZERO,
            Arm::Head => delays.max().unwrap_or_default(),
        }
    }

    /// Changes the values of a reading where a delay cannot reach them; as they are in base.
    pub fn apply(&self, arm: Arm, reading: Reading) -> Reading {
        let change = |value: f64| match (arm, self.0.get(&reading.metric.id)) {
            (Arm::Head, Some(Injection::Scaled { factor })) => value * factor,
            (Arm::Head, Some(Injection::Step { by })) => (value + by).max(0.0),
            (Arm::Base | Arm::Head, Some(Injection::Delay { .. }) | None) | (Arm::Base, Some(_)) => value,
        };
        // A value beyond what a double holds stays as it was: the report then says that nothing was seen.
        match changed(&reading.sample, change) {
            Some(sample) => Reading { sample, ..reading },
            None => reading,
        }
    }
}

/// A sample of changed values; `None` where they are no sample. A count has as many events as make its rate what it should be.
fn changed(sample: &Sample, change: impl Fn(f64) -> f64) -> Option<Sample> {
    match sample {
        Sample::Values(_) => Sample::new(sample.values().iter().copied().map(change).collect()).ok(),
        Sample::Processes(_) => None,
        Sample::Quantile { of, summary } => {
            let mut other = Histogram::default();
            of.histogram().pairs().try_for_each(|(value, times)| other.record(change(value), times)).ok()?;
            Sample::quantile(Arc::new(other), *summary).ok()
        }
        Sample::Count(count) => {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast stops at the largest")]
            let events = (change(count.rate()) * count.amount()).round() as u64;
            let events = match count.exposure() {
                Exposure::Trials(trials) => events.min(trials),
                Exposure::Amount(_) => events,
            };
            Count::new(events, count.exposure()).ok().map(Sample::from)
        }
        Sample::Track(track) => {
            let points = track.points().iter().map(|(time, value)| (*time, change(*value)));
            Track::new(points.collect()).ok().map(Sample::from)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::scripted::time;
    use crate::model::Name;
    use crate::model::sample::{Statistic, Summary};

    #[test]
    fn whatever_a_round_gives_can_be_made_worse() {
        let worse = |sample: Sample| changed(&sample, |value| 1.5 * value).unwrap().statistic(Statistic::Median);
        let mut latencies = Histogram::default();
        (1..=100).for_each(|ms| latencies.record(f64::from(ms) * 1e-3, 1).unwrap());
        let p99 = Sample::quantile(Arc::new(latencies), Summary::P99).unwrap();
        let before = p99.statistic(Statistic::Median);
        assert!((worse(p99) / before - 1.5).abs() < 2e-3);
        let errors = |events| Sample::from(Count::new(events, Exposure::Trials(100)).unwrap());
        assert!((worse(errors(10)) - 0.15).abs() < 1e-9 && (worse(errors(90)) - 1.0).abs() < 1e-9);
        let points = (0..60).map(|second| (f64::from(second), 100.0 + 2.0 * f64::from(second)));
        assert!((worse(Track::new(points.collect()).unwrap().into()) - 3.0).abs() < 1e-9);
        assert_eq!(changed(&Sample::new(vec![1e300]).unwrap(), |value| value * 1e300), None);
    }

    #[test]
    fn head_alone_is_slowed_down_and_nothing_but_the_named_metric() {
        let name = |text: &str| Name::new(text).unwrap();
        let [slow, other] = ["slow", "other"].map(|benchmark| time(&name("core"), &name(benchmark)));
        let handicap = Handicap(BTreeMap::from([(slow.id.clone(), Injection::Scaled { factor: 1.5 })]));
        let values = |metric: &crate::model::Metric, arm| {
            let reading = Reading { metric: metric.clone(), sample: Sample::new(vec![2.0, 4.0]).unwrap() };
            handicap.apply(arm, reading).sample.values().to_vec()
        };
        assert_eq!(values(&slow, Arm::Head), [3.0, 6.0]);
        assert_eq!([values(&slow, Arm::Base), values(&other, Arm::Head)], [[2.0, 4.0], [2.0, 4.0]]);

        let step = Handicap(BTreeMap::from([(slow.id.clone(), Injection::Step { by: 1.0 })]));
        let reading = Reading { metric: slow.clone(), sample: Sample::new(vec![2.0]).unwrap() };
        assert_eq!(step.apply(Arm::Head, reading).sample.values(), [3.0]);

        let delay = Handicap(BTreeMap::from([(slow.id.clone(), Injection::Delay { seconds: 0.5 })]));
        let of = |arm, metric: &crate::model::Metric| delay.delay(arm, &metric.id.benchmark);
        assert_eq!(of(Arm::Head, &slow), Duration::from_millis(500));
        assert_eq!([of(Arm::Base, &slow), of(Arm::Head, &other)], [Duration::ZERO; 2]);
    }
}
