//! What slows head down on purpose, so that the gate can be seen going red. Refuses to know why that is wanted, and never touches base.

use std::collections::BTreeMap;
use std::time::Duration;

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
        let values: Vec<f64> = reading.sample.values().iter().copied().map(change).collect();
        // A value beyond what a double holds stays as it was: the report then says that nothing was seen.
        match Sample::new(values) {
            Ok(sample) => Reading { sample, ..reading },
            Err(_) => reading,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::scripted::time;
    use crate::model::Name;

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
