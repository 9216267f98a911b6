//! What a load scenario measures, through the whole judge: what it is run for turns the gate red, its twin does not, and what only informs never does.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod leaks;

use std::collections::BTreeMap;
use std::time::Duration;

use tollgate::config::Config;
use tollgate::config::scenario::{
    Arrivals, Connections, Flow, Level, Limits, Load, Profile, Protocol, Stage, Step, Tls,
};
use tollgate::measure::load::profile;
use tollgate::measure::load::readings::readings;
use tollgate::measure::load::record::{
    ErrorKind, Left, Recorded, StepRecord, Stretch, Usage, UsagePoint, WINDOW, Window,
};
use tollgate::model::{Arm, Judgement, Name, Outcome, RunVerdict, Verdict};

use crate::load::{judged, run, wobble};

const ROUNDS: u32 = 26;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub(crate) fn load(profile: Profile) -> Load {
    let step = Step::get(name("get"), "/");
    Load {
        profile,
        arrivals: Arrivals::Uniform,
        seed: 1,
        warm_up: Duration::ZERO,
        rest: Duration::ZERO,
        flows: vec![Flow { name: name("main"), weight: 1, data: None, steps: vec![step] }],
        connections: Connections { count: 64, streams: 1, protocol: Protocol::Http1, tls: Tls::default() },
        timeout: Duration::from_secs(10),
        reply_bytes_max: 1 << 20,
        apdex: Duration::from_millis(100),
        backend_header: None,
        chaos: None,
    }
}

/// What both arms gave in their rounds, judged.
fn check(config: &str, load: &Load, given: impl Fn(Arm, u32) -> (Recorded, Option<Usage>)) -> Judgement {
    let policy = Config::parse(config, "tollgate.toml").unwrap().policy;
    let mut runs = Arm::BOTH.map(|arm| run(arm.as_str()));
    for round in 0..ROUNDS {
        for (arm, run) in Arm::BOTH.into_iter().zip(&mut runs) {
            let (recorded, usage) = given(arm, round);
            for reading in readings(&name("checkout"), load, &recorded, usage.as_ref()) {
                run.insert(reading.metric, round, reading.sample);
            }
        }
    }
    judged(Some(&runs[0]), &runs[1], ROUNDS, &policy)
}

/// The metrics that block.
fn red(judgement: &Judgement) -> Vec<&str> {
    let failing = judgement.rows.iter().filter(|row| row.outcome.fails());
    failing.map(|row| row.metric.id.metric.as_str()).collect()
}

/// A stretch whose requests take around so many milliseconds, a tail of 5 % three times as many.
fn stretch(level: Level, seconds: u32, requests: u64, ms: f64, failed: u64) -> Stretch {
    let mut record = StepRecord { ended: requests, ..StepRecord::default() };
    for part in 0..100_u64 {
        let slow = if part >= 93 { 3.0 } else { 1.0 };
        let time = ms * 1e-3 * slow * (1.0 + 0.001 * part as f64);
        record.response.record(time, requests / 100).unwrap();
        record.service.record(time, requests / 100).unwrap();
        record.lag.record(2e-5, requests / 100).unwrap();
    }
    record.errors.insert(ErrorKind::Status, failed);
    let steps = BTreeMap::from([(name("get"), record)]);
    Stretch {
        level,
        seconds: f64::from(seconds),
        intended: requests,
        dropped: 0,
        late: 0,
        in_flight_max: 8,
        open_at_end: 0,
        steps,
    }
}

fn recorded(stretches: Vec<Stretch>, windows: Vec<Window>) -> Recorded {
    let windows = windows.into_iter().map(|window| window.packed()).collect();
    Recorded { stretches, windows, window: WINDOW, ..Recorded::default() }
}

/// By arm: what base has, or what head has.
fn by(arm: Arm, base: f64, head: f64) -> f64 {
    if arm == Arm::Base { base } else { head }
}

#[test]
fn a_slower_request_is_red_by_its_times_and_its_twin_is_not() {
    let load =
        load(Profile::Load { level: Level::Rate(300.0), ramp: Duration::ZERO, duration: Duration::from_secs(10) });
    let with = |slower: f64| {
        check("", &load, |arm, round| {
            let ms = by(arm, 10.0, 10.0 * slower) * (1.0 + 0.01 * wobble(arm, round));
            (recorded(vec![stretch(Level::Rate(300.0), 10, 3000, ms, 0)], vec![]), None)
        })
    };
    let slower = with(1.2);
    assert_eq!(red(&slower), ["latency-p50", "latency-p95", "latency-p99"]);
    assert_eq!(slower.promise.family, 4, "three times and the failures share the promise");
    assert_eq!(with(1.0).verdict, RunVerdict::Pass);
}

#[test]
fn failing_requests_are_red() {
    let load =
        load(Profile::Load { level: Level::Rate(300.0), ramp: Duration::ZERO, duration: Duration::from_secs(10) });
    let with = |failed: u64| {
        check("", &load, |arm, round| {
            let failed = if arm == Arm::Head { failed } else { u64::from(round % 5 == 0) };
            (recorded(vec![stretch(Level::Rate(300.0), 10, 3000, 10.0, failed)], vec![]), None)
        })
    };
    assert_eq!(red(&with(60)), ["errors"]);
    assert_eq!(with(0).verdict, RunVerdict::Pass);
}

#[test]
fn where_users_wait_less_that_is_done_is_red() {
    let level = Level::Users(16.0);
    let load = load(Profile::Load { level, ramp: Duration::ZERO, duration: Duration::from_secs(10) });
    let judgement = check("", &load, |arm, round| {
        let requests = [12_000, 12_100, 12_200][round as usize % 3] - if arm == Arm::Head { 2000 } else { 0 };
        (recorded(vec![stretch(level, 10, requests / 100 * 100, 10.0, 0)], vec![]), None)
    });
    assert_eq!(red(&judgement), ["throughput"]);
}

#[test]
fn a_service_that_breaks_earlier_is_red() {
    let limits = Limits { p99: Duration::from_millis(100), errors: 0.01 };
    let load = load(Profile::Stress { from: Level::Rate(100.0), to: 1e5, step: Duration::from_secs(5), limits });
    let with = |capacity: f64| {
        check("", &load, |arm, round| {
            let capacity = by(arm, 800.0, capacity) * (1.0 + 0.02 * wobble(arm, round));
            let (mut stages, mut stretches) = (profile::stages(&load), Vec::<Stretch>::new());
            while let Some(stage) = stages.next(stretches.last()) {
                let ms = if stage.to > capacity { 400.0 } else { 10.0 };
                stretches.push(stretch(Level::Rate(stage.to), 5, 4000, ms, 0));
            }
            (recorded(stretches, vec![]), None)
        })
    };
    assert_eq!(red(&with(600.0)), ["breaking-point"]);
    let twin = with(800.0);
    assert_eq!((twin.verdict, twin.promise.family), (RunVerdict::Pass, 1));
    // The levels above the breaking point are not there in head, and that alone is no failure.
    assert!(with(400.0).rows.iter().any(|row| row.verdict == Verdict::Missing && row.outcome == Outcome::Pass));
}

/// A spike of 10 s, 5 s and 20 s from which the service recovers after so many seconds.
fn spike(recovery: f64) -> Recorded {
    let windows = (0..140).map(|index| {
        let at = f64::from(index) / 4.0 - 15.0;
        let ms = if (-5.0..recovery).contains(&at) { 300.0 } else { 10.0 };
        let mut window: Window = Window { ended: 50, ..Window::default() };
        window.response.record(ms * 1e-3, 50).unwrap();
        window
    });
    let stretches = [(200.0, 10, 2000), (900.0, 5, 4500), (200.0, 20, 4000)];
    let stretches = stretches.map(|(rate, seconds, requests)| stretch(Level::Rate(rate), seconds, requests, 10.0, 0));
    recorded(stretches.to_vec(), windows.collect())
}

#[test]
fn a_service_that_recovers_later_from_a_spike_is_red() {
    let durations = [10, 5, 20].map(Duration::from_secs);
    let load = load(Profile::Spike { base: Level::Rate(200.0), peak: 900.0, durations });
    let with =
        |head: f64| check("", &load, |arm, round| (spike(by(arm, 3.0, head) + 0.25 * f64::from(round % 2)), None));
    assert_eq!(red(&with(6.0)), ["recovery-time"]);
    assert_eq!(with(3.0).verdict, RunVerdict::Pass);
}

/// A load of 30 s in which an instance is killed after 10 s: a third of the requests fails for so many seconds.
fn killed(recovery: f64) -> Recorded {
    let windows = (0..120).map(|index| {
        let at = f64::from(index) / 4.0 - 10.0;
        let failed = if (0.0..recovery).contains(&at) { 25 } else { 0 };
        let mut window: Window = Window { ended: 75, failed, ..Window::default() };
        window.response.record(0.01, 75).unwrap();
        window
    });
    recorded(vec![stretch(Level::Rate(300.0), 30, 9000, 10.0, 0)], windows.collect())
}

#[test]
fn a_service_that_recovers_later_from_the_death_of_an_instance_is_red() {
    let level = Level::Rate(300.0);
    let mut load = load(Profile::Load { level, ramp: Duration::ZERO, duration: Duration::from_secs(30) });
    load.chaos = Some("kill one at 10 s, back after 1 s".parse().unwrap());
    let with =
        |head: f64| check("", &load, |arm, round| (killed(by(arm, 2.0, head) + 0.25 * f64::from(round % 2)), None));
    assert_eq!(red(&with(5.0)), ["recovery-time"]);
    assert_eq!(with(2.0).verdict, RunVerdict::Pass);
}

/// A soak of 60 s with so much memory and so many descriptors more for each request.
fn soak(arm: Arm, round: u32, bytes: f64, descriptors: f64) -> (Recorded, Option<Usage>) {
    let window = || {
        let mut window: Window = Window { ended: 75, ..Window::default() };
        window.response.record(0.01, 75).unwrap();
        window
    };
    let whole = |value: f64| format!("{value:.0}").parse::<u64>().unwrap();
    let point = |nth: u32| {
        let seconds = f64::from(nth) / 5.0;
        let (requests, noise) = (seconds * 300.0, 8192.0 * (1.0 + wobble(arm, round * 1000 + nth)));
        UsagePoint {
            seconds,
            anonymous_bytes: whole(30e6 + noise + requests * bytes),
            descriptors: whole((40.0 + requests * descriptors).floor()),
            threads: 4,
            ..UsagePoint::default()
        }
    };
    let usage = Usage { points: (0..300).map(point).collect(), ..Usage::default() };
    let windows = (0..240).map(|_| window()).collect();
    (recorded(vec![stretch(Level::Rate(300.0), 60, 18_000, 10.0, 0)], windows), Some(usage))
}

#[test]
fn a_leak_of_memory_or_descriptors_is_red_and_its_twin_is_not() {
    let load = load(Profile::Soak { level: Level::Rate(300.0), duration: Duration::from_mins(1) });
    let with = |bytes: f64, descriptors: f64| {
        check("", &load, |arm, round| soak(arm, round, by(arm, 0.0, bytes), by(arm, 0.0, descriptors)))
    };
    assert_eq!(red(&with(1024.0, 0.0)), ["memory-growth"]);
    assert_eq!(red(&with(0.0, 0.01)), ["descriptor-growth"]);
    assert_eq!(with(0.0, 0.0).verdict, RunVerdict::Pass);
}

#[test]
fn a_leak_that_was_always_there_breaks_its_budget() {
    let load = load(Profile::Soak { level: Level::Rate(300.0), duration: Duration::from_mins(1) });
    let budget = "[[budget]]\nmetric = 'memory-growth'\ncritical = '64 B'";
    let with = |bytes: f64| check(budget, &load, |arm, round| soak(arm, round, bytes, 0.0));
    assert_eq!(red(&with(200.0)), ["memory-growth"]);
    assert_eq!(with(200.0).verdict, RunVerdict::OverBudget);
    assert_eq!(with(10.0).verdict, RunVerdict::Pass);
}

#[test]
fn what_is_not_given_back_after_the_load_is_red_and_a_late_pool_is_not() {
    let load = load(Profile::Soak { level: Level::Rate(300.0), duration: Duration::from_mins(1) });
    let with = |base: u64, head: u64| {
        check("", &load, |arm, round| {
            let descriptors = if arm == Arm::Base { base } else { head + u64::from(round % 3) };
            let left = Some(Left { descriptors, threads: 0, connections: Some(0) });
            let (recorded, usage) = soak(arm, round, 0.0, 0.0);
            (recorded, usage.map(|usage| Usage { left, ..usage }))
        })
    };
    assert_eq!(red(&with(0, 100)), ["descriptors-left"]);
    assert_eq!(red(&with(50, 90)), ["descriptors-left"]);
    assert_eq!(with(0, 3).verdict, RunVerdict::Pass);
    assert_eq!(with(60, 60).verdict, RunVerdict::Pass, "base leaves as many");
}

#[test]
fn what_only_informs_is_never_red() {
    let seconds = Duration::from_secs;
    let stage = |rate: f64| Stage { from: Level::Rate(rate), to: rate, duration: seconds(10) };
    let load = load(Profile::Custom(vec![stage(300.0), stage(3000.0)]));
    let judgement = check("", &load, |arm, _| {
        let mut late = stretch(Level::Rate(300.0), 10, 3000, 10.0, 0);
        let record = late.steps.get_mut(&name("get")).unwrap();
        record.lag.record(by(arm, 1e-5, 0.5), 300).unwrap();
        record.bytes_in = if arm == Arm::Head { 1 << 30 } else { 1 << 10 };
        // Of the second stage head is ten times as slow, in so few requests that all of them together do not change.
        let rare = stretch(Level::Rate(3000.0), 10, 100, by(arm, 5.0, 9.0), 0);
        let recorded = recorded(vec![late, rare], vec![]);
        (
            Recorded {
                reconnects: if arm == Arm::Head { 500 } else { 0 },
                generator_cpu: by(arm, 0.1, 0.9),
                ..recorded
            },
            None,
        )
    });
    assert_eq!(red(&judgement), Vec::<&str>::new());
    let worse = judgement.rows.iter().filter(|row| row.verdict == Verdict::Regressed).count();
    assert!(worse >= 4, "{worse}");
}
