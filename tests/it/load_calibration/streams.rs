//! Seeded streams of what a load test sees: requests through a queue, failed requests, memory over time. Refuses to know how they are judged.

use tollgate::model::sample::{Count, Exposure, Histogram, Track};

use crate::calibration::noise::Random;

/// Requests to one server with one queue: arrivals at random, 70 % of the time busy, service times lognormal, and a machine whose speed drifts
/// slowly, from one round into the next.
pub(super) struct Queue {
    speed: f64,
}

/// Mean time between arrivals, where the mean service takes 1 ms.
const ARRIVALS_MS: f64 = 1.0 / 0.7;
/// Spread of the logarithm of a service time.
const SERVICE_SD: f64 = 0.6;
/// Spread of the logarithm of the machine's speed, and how many requests it takes to forget.
const SPEED: (f64, f64) = (0.03, 20_000.0);

impl Queue {
    pub(super) fn new(random: &mut Random) -> Self {
        Self { speed: SPEED.0 * random.normal() }
    }

    /// The latencies of one round in one arm, in seconds, once the queue is in its stride.
    pub(super) fn round(&mut self, requests: u32, slower: f64, random: &mut Random) -> Histogram {
        let mut histogram = Histogram::default();
        let mut waiting = 0.0_f64;
        let keep = (-1.0 / SPEED.1).exp();
        let fresh = SPEED.0 * (1.0 - keep * keep).sqrt();
        let warm_up = requests / 5;
        for request in 0..requests + warm_up {
            self.speed = keep * self.speed + fresh * random.normal();
            let service =
                (SERVICE_SD * random.normal() - 0.5 * SERVICE_SD * SERVICE_SD + self.speed).exp() * (1.0 + slower);
            if request >= warm_up {
                histogram.record(1e-3 * (waiting + service), 1).expect("a latency");
            }
            waiting = (waiting + service - ARRIVALS_MS * random.exponential()).max(0.0);
        }
        histogram
    }
}

/// Failed requests of one round: `rate` of `requests`, where a share `shared` of their variance is common to the round (the correlation of any
/// two requests of it).
pub(super) fn failures(requests: u32, rate: f64, shared: f64, random: &mut Random) -> Count {
    let rate = if shared > 0.0 && rate > 0.0 {
        let scale = (1.0 - shared) / shared;
        let (one, other) = (gamma(rate * scale, random), gamma((1.0 - rate) * scale, random));
        one / (one + other)
    } else {
        rate
    };
    let failed = poisson(rate * f64::from(requests), random).min(u64::from(requests));
    Count::new(failed, Exposure::Trials(u64::from(requests))).expect("no more than all of them")
}

/// The memory of a server over 240 seconds: a level that differs between processes, a warm-up, a collector that lets it rise and fall, noise that
/// forgets slowly, and growth by this share of the level in all.
pub(super) fn memory(growth: f64, random: &mut Random) -> Track {
    const LEVEL: f64 = 100e6;
    let level = LEVEL * (1.0 + 0.02 * random.normal());
    let phase = random.uniform();
    let mut noise = random.normal();
    let points = (0..240).map(|second| {
        let time = f64::from(second);
        noise = 0.8 * noise + 0.6 * random.normal();
        let warm_up = -0.4 * (-time / 25.0).exp();
        let saw = 0.15 * (time / 5.0 + phase).fract();
        (time, level * (1.0 + warm_up + saw + 0.01 * noise + growth * time / 240.0))
    });
    Track::new(points.collect()).expect("a course")
}

/// A gamma variable of this shape (Marsaglia & Tsang 2000).
fn gamma(shape: f64, random: &mut Random) -> f64 {
    if shape < 1.0 {
        return gamma(shape + 1.0, random) * random.uniform().powf(1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    loop {
        let normal = random.normal();
        let cube = (1.0 + normal / (9.0 * d).sqrt()).powi(3);
        if cube > 0.0 && random.uniform().ln() < 0.5 * normal * normal + d - d * cube + d * cube.ln() {
            return d * cube;
        }
    }
}

/// A Poisson variable of this mean, by counting arrivals.
fn poisson(mean: f64, random: &mut Random) -> u64 {
    let (mut passed, mut count) = (random.exponential(), 0);
    while passed < mean {
        passed += random.exponential();
        count += 1;
    }
    count
}
