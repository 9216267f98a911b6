//! Profiles against a model of a service: so many places that each take the same time, before which requests queue.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use proptest::prelude::*;

use super::search::{Broke, End, Found};
use super::*;
use crate::config::scenario::{Limits, Profile};
use crate::measure::load::record::{ErrorKind, StepRecord};
use crate::measure::load::sample::{load, name, whole};

/// A service in a model.
#[derive(Clone, Copy)]
struct Model {
    /// Requests that it works on at once.
    places: usize,
    /// Microseconds that each takes.
    work_us: u64,
    /// Connections of the generator.
    connections: usize,
    /// Whether arrivals are at random distances.
    poisson: bool,
    /// A pause of so many microseconds in the middle of each such step, counted from 0.
    disturbed: Option<(u32, u64)>,
}

/// 8 places of 10 ms: 800 a second.
const EIGHT: Model = Model { places: 8, work_us: 10_000, connections: 512, poisson: false, disturbed: None };

impl Model {
    fn run(self, stage: &Planned, step: u32, random: &mut u64) -> Stretch {
        match stage.from {
            Level::Rate(rate) => self.open(rate, stage.duration, step, random),
            Level::Users(users) => self.closed(users, stage.duration),
        }
    }

    /// When each request comes and is done, in microseconds.
    fn open(self, rate: f64, duration: Duration, step: u32, random: &mut u64) -> Stretch {
        let end = u64::try_from(duration.as_micros()).unwrap();
        let mut free: BinaryHeap<Reverse<u64>> = (0..self.places).map(|_| Reverse(0)).collect();
        let (mut at, mut done, mut record) = (0.0_f64, Vec::<u64>::new(), StepRecord::default());
        let (mut intended, mut dropped) = (0, 0);
        while whole(at) < end {
            let come = whole(at);
            intended += 1;
            let connection = if done.len() < self.connections { come } else { done[done.len() - self.connections] };
            if connection > end {
                dropped += 1;
            } else {
                let Reverse(place) = free.pop().unwrap();
                let mut start = place.max(come).max(connection);
                if let Some((_, pause)) = self.disturbed.filter(|(nth, _)| *nth == step)
                    && (end / 2..end / 2 + pause).contains(&start)
                {
                    start = end / 2 + pause;
                }
                free.push(Reverse(start + self.work_us));
                done.push(start + self.work_us);
                record.response.record((start + self.work_us - come) as f64 * 1e-6, 1).unwrap();
            }
            let distance = if self.poisson { -uniform(random).ln() } else { 1.0 };
            at += distance * 1e6 / rate;
        }
        record.ended = u64::try_from(done.len()).unwrap();
        let open = done.iter().filter(|done| **done > end).count() as u64 + dropped;
        let seconds = duration.as_secs_f64();
        stretch(Level::Rate(rate), seconds, (intended, dropped, open), record)
    }

    /// Users without think time.
    fn closed(self, users: f64, duration: Duration) -> Stretch {
        let wait_s = self.work_us as f64 * 1e-6 * (users / self.places as f64).max(1.0);
        let ended = whole(users * duration.as_secs_f64() / wait_s);
        let mut record = StepRecord { ended, ..StepRecord::default() };
        record.response.record(wait_s, ended).unwrap();
        stretch(Level::Users(users), duration.as_secs_f64(), (ended, 0, whole(users)), record)
    }
}

/// A number above 0 and up to 1 (Steele, Lea & Flood 2014).
fn uniform(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / 9_007_199_254_740_992.0 + 1e-18
}

fn stretch(level: Level, seconds: f64, (intended, dropped, open): (u64, u64, u64), record: StepRecord) -> Stretch {
    let steps = BTreeMap::from([(name("get"), record)]);
    Stretch { level, seconds, intended, dropped, late: 0, in_flight_max: open, open_at_end: open, steps }
}

fn stress(from: Level, to: f64, p99_ms: u64) -> Load {
    let limits = Limits { p99: Duration::from_millis(p99_ms), errors: 0.01 };
    let profile = Profile::Stress { from, to, step: Duration::from_secs(5), limits };
    Load { warm_up: Duration::from_secs(1), ..load(profile) }
}

/// What a search finds where `run` is what each step gives, and how many steps it took.
fn search(load: &Load, mut run: impl FnMut(&Planned, u32) -> Stretch) -> (Option<Found>, usize) {
    let mut stages = stages(load);
    let (mut stretches, mut last) = (Vec::<Stretch>::new(), None);
    while let Some(stage) = stages.next(last.as_ref()) {
        last = stage.counts.then(|| run(&stage, u32::try_from(stretches.len()).unwrap()));
        stretches.extend(last.clone());
        assert!(stretches.len() <= 100, "a search ends");
    }
    (Search::found(load, &stretches), stretches.len())
}

fn capacity(load: &Load, model: Model, seed: u64) -> (Found, usize) {
    let mut random = seed;
    let (found, steps) = search(load, |stage, step| model.run(stage, step, &mut random));
    (found.unwrap(), steps)
}

#[test]
fn a_stress_test_finds_what_a_service_can_do() {
    for p99_ms in [60, 500] {
        for from in [100.0, 2000.0] {
            for (poisson, connections) in [(true, 512), (true, 64), (false, 16)] {
                let model = Model { connections, poisson, ..EIGHT };
                let (found, steps) = capacity(&stress(Level::Rate(from), 100_000.0, p99_ms), model, 7);
                assert!((found.level / 800.0 - 1.0).abs() <= 0.1, "{} from {from} with {p99_ms} ms", found.level);
                assert!(matches!(found.end, End::Broke(Broke::Latency | Broke::Behind)));
                assert!(steps <= 24, "{steps} steps");
            }
        }
    }
}

#[test]
fn one_disturbance_does_not_move_the_breaking_point() {
    for step in [1, 5, 7, 9] {
        let model = Model { disturbed: Some((step, 300_000)), ..EIGHT };
        let (found, _) = capacity(&stress(Level::Rate(100.0), 100_000.0, 100), model, 3);
        assert!((found.level / 800.0 - 1.0).abs() <= 0.1, "{} with step {step} disturbed", found.level);
    }
}

#[test]
fn a_service_that_is_slower_breaks_earlier() {
    let half = Model { work_us: 20_000, ..EIGHT };
    let (found, _) = capacity(&stress(Level::Rate(100.0), 100_000.0, 200), half, 1);
    assert!((found.level / 400.0 - 1.0).abs() <= 0.1, "{}", found.level);
}

#[test]
fn users_are_searched_for_as_rates_are() {
    // 8 places of 10 ms answer 80 users within 100 ms.
    for from in [1.0, 10.0, 300.0] {
        let (found, _) = capacity(&stress(Level::Users(from), 10_000.0, 100), EIGHT, 1);
        assert!((found.level / 80.0 - 1.0).abs() <= 0.06, "{}", found.level);
        assert!(found.level.fract().abs() < 1e-12);
    }
    let (found, _) = capacity(&stress(Level::Users(1.0), 10_000.0, 11), EIGHT, 1);
    assert!((found.level - 8.0).abs() < 1e-9, "{}", found.level);
}

#[test]
fn a_service_that_holds_everything_is_told_by_the_highest_level() {
    let (found, steps) = capacity(&stress(Level::Rate(100.0), 600.0, 100), EIGHT, 1);
    assert_eq!((found, steps), (Found { level: 600.0, end: End::Ceiling }, 6));
}

#[test]
fn a_service_that_holds_nothing_has_no_level() {
    let load = stress(Level::Rate(100.0), 600.0, 100);
    let (found, steps) = search(&load, |stage, _| {
        let mut record = StepRecord { ended: 500, ..StepRecord::default() };
        record.errors.insert(ErrorKind::Status, 500);
        record.response.record(0.001, 500).unwrap();
        stretch(stage.from, 5.0, (500, 0, 0), record)
    });
    assert_eq!(found, Some(Found { level: 0.0, end: End::Broke(Broke::Errors) }));
    assert!(steps < 20, "{steps}");
    let (found, _) = search(&load, |stage, _| stretch(stage.from, 5.0, (500, 490, 500), StepRecord::default()));
    assert_eq!(found, Some(Found { level: 0.0, end: End::Broke(Broke::Behind) }));
}

#[test]
fn a_late_generator_says_nothing_of_the_service() {
    let load = stress(Level::Rate(100.0), 100_000.0, 100);
    let mut random = 1;
    // The generator can make 300 a second; the service could do 800.
    let (found, steps) = search(&load, |stage, step| {
        let late = if stage.to > 300.0 { 50 } else { 0 };
        Stretch { late, ..EIGHT.run(stage, step, &mut random) }
    });
    assert_eq!(found, Some(Found { level: 225.0, end: End::GeneratorLate }));
    assert_eq!(steps, 6, "three levels, and three times the fourth");
    // Late once: the level is tried again.
    let (found, _) = search(&load, |stage, step| Stretch {
        late: if step == 2 { 50 } else { 0 },
        ..EIGHT.run(stage, step, &mut random)
    });
    assert!((found.unwrap().level / 800.0 - 1.0).abs() <= 0.1);
    let (found, _) = search(&load, |stage, _| stretch(stage.from, 5.0, (0, 0, 0), StepRecord::default()));
    assert_eq!(found, None, "nothing was sent");
}

#[test]
fn a_search_that_was_broken_off_found_nothing() {
    let load = stress(Level::Rate(100.0), 100_000.0, 100);
    let mut random = 1;
    let first = EIGHT.run(&Planned { counts: true, ..planned_at(100.0) }, 0, &mut random);
    assert_eq!(Search::found(&load, &[]), None);
    assert_eq!(Search::found(&load, &[first]), None);
}

#[test]
fn a_step_is_long_enough_for_its_quantiles_and_no_longer() {
    let mut stages = stages(&stress(Level::Rate(10.0), 100_000.0, 100));
    assert_eq!(stages.next(None).map(|stage| (stage.counts, stage.duration.as_secs())), Some((false, 1)));
    assert_eq!(stages.next(None).unwrap().duration, Duration::from_secs(20), "four times a step");
    assert!(stages.waits() && stages.total().is_none());
    let mut search = Search::of(&stress(Level::Rate(250.0), 1e5, 100)).unwrap();
    assert!(search.next(None).is_some());
    assert_eq!(search.next(None).unwrap().duration, Duration::from_secs(8), "2,000 requests");
}

fn planned_at(rate: f64) -> Planned {
    Planned { from: Level::Rate(rate), to: rate, duration: Duration::from_secs(5), counts: true }
}

/// The stages of a profile: from, to, seconds, whether they count.
fn list(profile: Profile, warm_up: u64) -> Vec<(f64, f64, u64, bool)> {
    let load = Load { warm_up: Duration::from_secs(warm_up), ..load(profile) };
    let mut stages = stages(&load);
    let mut list = Vec::new();
    while let Some(stage) = stages.next(None) {
        list.push((value(stage.from), stage.to, stage.duration.as_secs(), stage.counts));
    }
    assert_eq!(stages.total().map(|total| total.as_secs()), Some(list.iter().map(|stage| stage.2).sum()));
    assert!(!stages.waits());
    list
}

#[test]
fn every_other_profile_is_a_list_of_stages_after_a_warm_up_that_does_not_count() {
    let seconds = Duration::from_secs;
    let rate = Level::Rate(200.0);
    let constant = |ramp| Profile::Load { level: rate, ramp: seconds(ramp), duration: seconds(30) };
    assert_eq!(list(constant(0), 0), [(200.0, 200.0, 30, true)]);
    assert_eq!(list(constant(10), 5), [(0.0, 200.0, 10, false), (200.0, 200.0, 5, false), (200.0, 200.0, 30, true)]);
    let spike = Profile::Spike { base: rate, peak: 900.0, durations: [10, 5, 20].map(seconds) };
    assert_eq!(
        list(spike, 2),
        [(200.0, 200.0, 2, false), (200.0, 200.0, 10, true), (900.0, 900.0, 5, true), (200.0, 200.0, 20, true)]
    );
    assert_eq!(list(Profile::Soak { level: rate, duration: seconds(60) }, 0), [(200.0, 200.0, 60, true)]);
    let stage = |from, to, duration| Stage { from: Level::Users(from), to, duration: seconds(duration) };
    assert_eq!(
        list(Profile::Custom(vec![stage(5.0, 50.0, 10), stage(50.0, 50.0, 20)]), 3),
        [(5.0, 5.0, 3, false), (5.0, 50.0, 10, true), (50.0, 50.0, 20, true)]
    );
    assert_eq!(list(Profile::Custom(vec![]), 3), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_search_ends_whatever_its_steps_give_and_agrees_with_itself(
        verdicts in prop::collection::vec((0..4_u8, 0..400_u64), 100),
        from in 0.01..1e6_f64,
        users in any::<bool>(),
    ) {
        let from = if users { Level::Users(from.ceil()) } else { Level::Rate(from) };
        let mut levels = Vec::new();
        let (found, _) = search(&stress(from, 1e7, 100), |stage, step| {
            let (kind, open) = verdicts[step as usize];
            levels.push(stage.to);
            assert!(stage.to > 0.0 && stage.to <= 1e7 && stage.duration <= Duration::from_secs(20));
            let mut record = StepRecord { ended: 1000, ..StepRecord::default() };
            record.response.record(if kind == 1 { 0.3 } else { 0.01 }, 1000).unwrap();
            let late = if kind == 2 { 100 } else { 0 };
            Stretch { late, ..stretch(stage.from, 5.0, (1000, 0, open), record) }
        });
        if let Some(found) = found {
            prop_assert!(found.level.abs() < 1e-12 || levels.contains(&found.level), "{} of {:?}", found.level, levels);
        }
    }

    #[test]
    fn the_breaking_point_of_any_service_is_found_within_a_tenth(
        places in 2..24_usize, work_us in 2_000..30_000_u64, poisson in any::<bool>(), seed in any::<u64>(),
    ) {
        let model = Model { places, work_us, poisson, ..EIGHT };
        let truth = places as f64 * 1e6 / work_us as f64;
        let (found, _) = capacity(&stress(Level::Rate(50.0), 1e6, 400), model, seed);
        prop_assert!((found.level / truth - 1.0).abs() <= 0.1, "{} of {truth}", found.level);
    }
}
