//! What is a leak and what is none, as the memory of a service at 1,000 requests a second for a minute, through the whole judge: 20 of 20 each, with fixed seeds.

use super::*;
use crate::calibration::noise::Random;

const SECONDS: u32 = 60;
const RATE: f64 = 1000.0;
const CASES: u64 = 20;
const MIB: f64 = 1_048_576.0;
/// As `docs/probes.md` says it for `memory-growth` where nobody sets another: below it is nothing.
const FLOOR: f64 = 64.0;

/// What memory does beside the level of 80 MiB, its noise and a short warm-up, in bytes after so many seconds.
type Shape = Box<dyn Fn(f64) -> f64>;

/// Memory that fills and is full between a third and three fifths of the time.
fn plateau(random: &mut Random) -> Shape {
    let (size, until) = (MIB * (4.0 + 28.0 * random.uniform()), f64::from(SECONDS) * (0.33 + 0.27 * random.uniform()));
    let steep = random.uniform() < 0.5;
    Box::new(
        move |time| if steep { size * (1.0 - (-8.0 * time / until).exp()) } else { size * (time / until).min(1.0) },
    )
}

/// Memory that a collector gives back every 1 to 10 seconds, wherever it stands when the load begins.
fn saw_tooth(random: &mut Random) -> Shape {
    let (size, every) = (MIB * (4.0 + 28.0 * random.uniform()), 1.0 + 9.0 * random.uniform());
    let phase = random.uniform();
    Box::new(move |time| size * (time / every + phase).fract())
}

/// So many bytes more for each request.
fn leak(bytes: f64) -> Shape {
    Box::new(move |time| bytes * RATE * time)
}

/// One soak with memory of this shape: in whole pages, looked at ten times a second.
fn soak_of(shape: &dyn Fn(f64) -> f64, random: &mut Random) -> (Recorded, Option<Usage>) {
    let mut noise = random.normal();
    let point = |nth: u32| {
        let seconds = f64::from(nth) / 10.0;
        noise = 0.8 * noise + 0.6 * random.normal();
        let bytes = MIB * (80.0 - 10.0 * (-seconds / 4.0).exp() + 0.2 * noise) + shape(seconds);
        UsagePoint {
            seconds,
            anonymous_bytes: format!("{:.0}", 4096.0 * (bytes / 4096.0).ceil()).parse().unwrap(),
            descriptors: 80,
            ..UsagePoint::default()
        }
    };
    let usage = Usage { points: (0..10 * SECONDS).map(point).collect(), ..Usage::default() };
    let mut window: Window = Window { ended: 250, ..Window::default() };
    window.response.record(0.01, 250).unwrap();
    let windows = vec![window; 4 * SECONDS as usize];
    (recorded(vec![stretch(Level::Rate(RATE), SECONDS, 60_000, 10.0, 0)], windows), Some(usage))
}

fn long() -> Load {
    load(Profile::Soak { level: Level::Rate(RATE), duration: Duration::from_secs(SECONDS.into()) })
}

/// In how many of all cases the gate blocks by the growth of memory alone, where base and head have memory of these shapes, new ones in each round.
fn found(base: impl Fn(&mut Random) -> Shape, head: impl Fn(&mut Random) -> Shape) -> u64 {
    let blocks = |case: &u64| {
        let random = std::cell::RefCell::new(Random::new(7919 * (case + 1)));
        let judgement = check("", &long(), |arm, _| {
            let random = &mut *random.borrow_mut();
            let shape = if arm == Arm::Base { base(random) } else { head(random) };
            soak_of(&*shape, random)
        });
        let red = red(&judgement);
        assert!(red.is_empty() || red == ["memory-growth"], "{red:?}");
        !red.is_empty()
    };
    (0..CASES).filter(blocks).count() as u64
}

fn steady(_: &mut Random) -> Shape {
    leak(0.0)
}

#[test]
fn half_a_kib_a_request_is_found_in_a_minute() {
    assert_eq!(found(steady, |_| leak(512.0)), CASES);
}

#[test]
fn half_a_kib_a_request_is_found_beneath_a_collector() {
    let both = |random: &mut Random| {
        let (saw, leak) = (saw_tooth(random), leak(512.0));
        Box::new(move |time| saw(time) + leak(time)) as Shape
    };
    assert_eq!(found(saw_tooth, both), CASES);
}

#[test]
fn a_warm_up_that_ends_is_no_leak() {
    assert_eq!(found(steady, plateau), 0, "in head alone");
    assert_eq!(found(plateau, plateau), 0);
}

#[test]
fn a_collector_that_lets_memory_rise_and_fall_is_no_leak() {
    assert_eq!(found(steady, saw_tooth), 0, "in head alone");
    assert_eq!(found(saw_tooth, saw_tooth), 0);
}

/// How often head alone, without a base, is surely above a budget, and how often surely below it, in so many rounds.
fn held_against_a_budget(head: impl Fn(&mut Random) -> Shape) -> (u64, u64) {
    let config = format!("[[budget]]\nmetric = 'memory-growth'\ncritical = '{FLOOR} B'");
    let policy = Config::parse(&config, "tollgate.toml").unwrap().policy;
    let mut counts = (0, 0);
    for case in 0..CASES {
        let (mut random, mut measured) = (Random::new(104_729 * (case + 1)), run("head"));
        for round in 0..10 {
            let shape = head(&mut random);
            let (recorded, usage) = soak_of(&*shape, &mut random);
            for reading in readings(&name("checkout"), &long(), &recorded, usage.as_ref()) {
                measured.insert(reading.metric, round, reading.sample);
            }
        }
        let judgement = judged(None, &measured, 10, &policy);
        let row = judgement.rows.iter().find(|row| row.metric.id.metric.as_str() == "memory-growth").unwrap();
        counts.0 += u64::from(row.outcome == Outcome::FailOverBudget);
        counts.1 += u64::from(row.outcome == Outcome::Pass);
    }
    counts
}

#[test]
fn without_a_base_the_budget_says_the_same() {
    assert_eq!(held_against_a_budget(|_| leak(512.0)), (CASES, 0));
    assert_eq!(held_against_a_budget(plateau), (0, CASES));
    assert_eq!(held_against_a_budget(saw_tooth), (0, CASES));
    assert_eq!(held_against_a_budget(steady), (0, CASES));
}

#[test]
fn with_a_base_that_leaks_as_much_the_budget_counts_all_the_same() {
    let with = |config: &str| {
        let random = std::cell::RefCell::new(Random::new(3));
        check(config, &long(), |_, _| soak_of(&*leak(512.0), &mut random.borrow_mut()))
    };
    assert_eq!(with("").verdict, RunVerdict::Pass, "it is no worse than base");
    assert_eq!(red(&with("[[budget]]\nmetric = 'memory-growth'\ncritical = '64 B'")), ["memory-growth"]);
}
