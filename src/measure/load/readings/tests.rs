//! What is read out of records, whole and broken ones.

mod drift;
mod resources;
mod spike;

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::config::scenario::{Level, Limits, Stage};
use crate::measure::load::record::{Amount, ErrorKind, Stretch, TargetRecord, UsagePoint, Window};
use crate::measure::load::sample::{load, name, recorded, step, stretch, whole};
use crate::model::sample::Statistic;
use crate::model::{Direction, Kind, Unit};

fn constant(level: Level) -> Profile {
    Profile::Load { level, ramp: Duration::ZERO, duration: Duration::from_secs(10) }
}

fn of(load: &Load, recorded: &Recorded, usage: Option<&Usage>) -> BTreeMap<String, (f64, Role)> {
    let all = readings(&name("checkout"), load, recorded, usage);
    let told = |reading: &Reading| {
        let id = &reading.metric.id;
        assert_eq!(id.benchmark.suite.as_str(), "checkout");
        let name = format!("{}:{}", id.benchmark.benchmark, id.metric);
        (name, (reading.sample.statistic(Statistic::Median), reading.metric.role))
    };
    let map: BTreeMap<_, _> = all.iter().map(told).collect();
    assert_eq!(map.len(), all.len(), "ids are distinct");
    assert!(all.windows(2).all(|pair| pair[0].metric.id < pair[1].metric.id), "sorted");
    map
}

/// What decides, of one benchmark.
fn gated(readings: &BTreeMap<String, (f64, Role)>) -> Vec<&str> {
    readings.iter().filter(|(_, (_, role))| *role == Role::Gated).map(|(name, _)| name.as_str()).collect()
}

#[track_caller]
fn close(readings: &BTreeMap<String, (f64, Role)>, name: &str, expected: f64) {
    let (found, _) = readings.get(name).unwrap_or_else(|| panic!("{name} in {:?}", readings.keys()));
    assert!((found - expected).abs() <= 1e-3 * expected.abs() + 1e-12, "{name}: {found} for {expected}");
}

#[test]
fn a_constant_rate_gives_the_times_of_its_request_and_what_was_done() {
    let mut one = stretch(Level::Rate(300.0), 10.0, &[(10.0, 2700), (30.0, 200), (500.0, 100)]);
    let record = one.steps.get_mut(&name("get")).unwrap();
    record.errors.insert(ErrorKind::Status, 20);
    record.errors.insert(ErrorKind::Timeout, 10);
    one.dropped = 6;
    let record = Recorded { reconnects: 3, ..recorded(vec![one], []) };
    let found = of(&load(constant(Level::Rate(300.0))), &record, None);
    for (name, expected) in [
        ("get:latency-p50", 0.010),
        ("get:latency-p95", 0.030),
        ("get:latency-p99", 0.5),
        ("get:latency-max", 0.5),
        ("get:service-time-p95", 0.030),
        ("get:send-lag-p99", 2e-5),
        ("get:throughput", 297.0),
        ("get:intended-rate", 300.0),
        ("get:duration", 10.0),
        ("get:errors", 36.0 / 3006.0),
        ("get:errors-status", 20.0 / 3006.0),
        ("get:errors-timeout", 10.0 / 3006.0),
        ("get:errors-connect", 0.0),
        ("get:errors-dropped", 6.0 / 3006.0),
        ("get:late-arrivals", 0.0),
        ("get:bytes-in", 60_000.0),
        ("get:bytes-out", 30_000.0),
        ("get:reconnects", 3.0),
        ("get:generator-cpu", 0.05),
        ("get:apdex", (2900.0 - 30.0) / 3006.0),
    ] {
        close(&found, name, expected);
    }
    assert_eq!(gated(&found), ["get:errors", "get:latency-p50", "get:latency-p95", "get:latency-p99"]);
    assert_eq!(found.len(), 30, "{:?}", found.keys());
}

#[test]
fn a_tail_of_few_requests_only_informs() {
    let record = recorded(vec![stretch(Level::Rate(100.0), 10.0, &[(10.0, 1000)])], []);
    let found = of(&load(constant(Level::Rate(100.0))), &record, None);
    assert_eq!(gated(&found), ["get:errors", "get:latency-p50", "get:latency-p95"]);
}

#[test]
fn where_users_wait_for_replies_what_is_done_decides_too() {
    let record = recorded(vec![stretch(Level::Users(16.0), 10.0, &[(10.0, 9000)])], []);
    let found = of(&load(constant(Level::Users(16.0))), &record, None);
    close(&found, "get:throughput", 900.0);
    close(&found, "get:users", 16.0);
    assert!(gated(&found).contains(&"get:throughput") && !found.contains_key("get:intended-rate"));
}

#[test]
fn several_requests_have_their_own_metrics_and_one_benchmark_for_all() {
    let mut load = load(constant(Level::Rate(300.0)));
    load.flows[0].steps.push(step("pay"));
    load.flows[0].steps.push(step("never sent"));
    let mut one = stretch(Level::Rate(300.0), 10.0, &[(10.0, 3000)]);
    let mut pay = one.steps[&name("get")].clone();
    pay.errors.insert(ErrorKind::Check, 30);
    one.steps.insert(name("pay"), pay);
    let found = of(&load, &recorded(vec![one], []), None);
    close(&found, "pay:errors", 0.01);
    close(&found, "all requests:errors", 0.005);
    close(&found, "all requests:throughput", 597.0);
    let expected = [
        "all requests:errors",
        "get:errors",
        "get:latency-p50",
        "get:latency-p95",
        "get:latency-p99",
        "pay:errors",
        "pay:latency-p50",
        "pay:latency-p95",
        "pay:latency-p99",
    ];
    assert_eq!(gated(&found), expected);
    assert!(!found.keys().any(|name| name.starts_with("never")), "no time of what was never sent");
    close(&found, "pay:throughput", 297.0);
}

#[test]
fn each_of_several_targets_is_told() {
    let mut record = recorded(vec![stretch(Level::Rate(100.0), 10.0, &[(10.0, 1000)])], []);
    let mut response = crate::model::sample::Histogram::default();
    response.record(0.02, 50).unwrap();
    let target = |name: &str| TargetRecord {
        name: name.to_owned(),
        weight: 1,
        response: response.clone(),
        ended: 50,
        failed: 5,
    };
    record.targets = vec![target("one")];
    let of_one = of(&load(constant(Level::Rate(100.0))), &record, None);
    assert!(!of_one.keys().any(|name| name.starts_with("target")));
    record.targets.push(target(&"long ".repeat(200)));
    let found = of(&load(constant(Level::Rate(100.0))), &record, None);
    close(&found, "target one:errors", 0.1);
    close(&found, "target one:latency-p95", 0.02);
    assert_eq!(found.len(), of_one.len() + 8, "a name that is too long is cut");
}

#[test]
fn how_unevenly_instances_and_backends_are_used_is_told_of_the_whole() {
    let one = |name: &str, weight: u32, ms: f64, ended: u64| {
        let mut response = crate::model::sample::Histogram::default();
        response.record(ms * 1e-3, ended).unwrap();
        TargetRecord { name: name.to_owned(), weight, response, ended, failed: 0 }
    };
    let mut record = recorded(vec![stretch(Level::Rate(100.0), 10.0, &[(10.0, 1000)])], []);
    record.targets = vec![one("instance 0", 3, 10.0, 750), one("instance 1", 1, 10.0, 250)];
    let constant = load(constant(Level::Rate(100.0)));
    let even = of(&constant, &record, None);
    close(&even, "get:share-imbalance", 0.0);
    close(&even, "get:latency-imbalance", 0.0);
    record.backends =
        vec![one("a", 1, 10.0, 500), one("b", 1, 10.0, 200), one("c", 1, 30.0, 290), one("d", 1, 90.0, 10)];
    let uneven = of(&constant, &record, None);
    close(&uneven, "get:share-imbalance", 1.0);
    close(&uneven, "get:latency-imbalance", 2.0);
    close(&uneven, "backend a:requests", 500.0);
    close(&uneven, "backend c:latency-p95", 0.03);
    assert!(!gated(&uneven).iter().any(|name| name.contains("imbalance") || name.contains("backend")));
}

fn stress(from: Level) -> Load {
    let limits = Limits { p99: Duration::from_millis(100), errors: 0.01 };
    load(Profile::Stress { from, to: 10_000.0, step: Duration::from_secs(5), limits })
}

/// A step of five seconds at a rate; more than 700 a second is slow.
fn at_rate(rate: f64) -> Stretch {
    let requests = whole(rate * 5.0);
    stretch(Level::Rate(rate), 5.0, &[(if rate > 700.0 { 300.0 } else { 5.0 + rate / 100.0 }, requests)])
}

#[test]
fn a_stress_test_tells_the_breaking_point_the_knee_and_the_levels_that_every_run_tries() {
    let rates = [100.0, 150.0, 225.0, 338.0, 507.0, 761.0, 761.0, 621.0, 687.0, 723.0, 723.0, 705.0, 705.0];
    let mut record = recorded(rates.map(at_rate).to_vec(), []);
    let found = of(&stress(Level::Rate(100.0)), &record, None);
    close(&found, "get:breaking-point", 687.0);
    close(&found, "get:latency-knee", 687.0);
    assert_eq!(gated(&found), ["get:breaking-point"]);
    close(&found, "stage 06, 761/s:latency-p95", 0.3);
    close(&found, "stage 02, 150/s:throughput", 150.0);
    let mut stages: Vec<_> = found.keys().filter_map(|name| name.split(':').next()).collect();
    stages.dedup();
    assert_eq!(stages.len(), 7, "{stages:?}");
    assert!(!found.contains_key("get:latency-p95"), "of all levels together it says nothing");
    // A level that the generator was late for and then was not is not held against the round.
    let late = Stretch { late: 100, ..at_rate(225.0) };
    record.stretches.insert(2, late.clone());
    close(&of(&stress(Level::Rate(100.0)), &record, None), "get:late-arrivals", 0.0);
    let stopped = [at_rate(100.0), at_rate(150.0), late.clone(), late.clone(), late];
    let found = of(&stress(Level::Rate(100.0)), &recorded(stopped.to_vec(), []), None);
    close(&found, "get:breaking-point", 150.0);
    assert!(found["get:late-arrivals"].0 > 0.05);
}

#[test]
fn a_stress_test_of_users_counts_users() {
    let of_users = |users: f64| stretch(Level::Users(users), 5.0, &[(users * 2.0, 1000)]);
    let record = recorded([30.0, 45.0, 68.0, 68.0, 55.0, 55.0, 50.0, 52.0, 52.0].map(of_users).to_vec(), []);
    let all = readings(&name("checkout"), &stress(Level::Users(30.0)), &record, None);
    let point = all.iter().find(|reading| reading.metric.id.metric.as_str() == named::BREAKING_POINT).unwrap();
    assert_eq!((&point.metric.unit, point.metric.kind), (&Unit::Count, Kind::Count));
    assert_eq!(point.metric.direction, Direction::HigherIsBetter);
    assert!((point.sample.statistic(Statistic::Median) - 50.0).abs() < 1e-9);
    assert!(all.iter().any(|reading| reading.metric.id.benchmark.benchmark.as_str() == "stage 01, 30 users"));
}

#[test]
fn each_stage_of_a_custom_profile_is_told_and_the_whole_decides() {
    let stage = |from: f64, to: f64| Stage { from: Level::Rate(from), to, duration: Duration::from_secs(5) };
    let load = load(Profile::Custom(vec![stage(100.0, 100.0), stage(100.0, 500.0)]));
    let stretches =
        vec![stretch(Level::Rate(100.0), 5.0, &[(10.0, 500)]), stretch(Level::Rate(500.0), 5.0, &[(20.0, 1500)])];
    let found = of(&load, &recorded(stretches, []), None);
    close(&found, "stage 01, 100/s:latency-p50", 0.010);
    close(&found, "stage 02, 100/s to 500/s:throughput", 300.0);
    close(&found, "get:intended-rate", 200.0);
    assert_eq!(gated(&found), ["get:errors", "get:latency-p50", "get:latency-p95", "get:latency-p99"]);
}

fn profiles() -> Vec<Load> {
    let seconds = Duration::from_secs;
    let rate = Level::Rate(100.0);
    vec![
        load(constant(rate)),
        load(constant(Level::Users(3.0))),
        stress(rate),
        stress(Level::Users(1.0)),
        load(Profile::Spike { base: rate, peak: 900.0, durations: [5, 2, 5].map(seconds) }),
        load(Profile::Soak { level: rate, duration: seconds(30) }),
        load(Profile::Custom(vec![Stage { from: rate, to: 200.0, duration: seconds(5) }])),
    ]
}

#[test]
fn no_requests_and_nothing_but_failures_are_no_times_and_no_panic() {
    for load in profiles() {
        let empty = of(&load, &Recorded::default(), Some(&Usage::default()));
        assert!(!empty.keys().any(|name| name.contains("latency")), "{:?}", empty.keys());
        let unanswered = Stretch { intended: 100, open_at_end: 100, ..stretch(Level::Rate(100.0), 5.0, &[]) };
        let found = of(&load, &recorded(vec![unanswered], [vec![]]), None);
        assert!(!found.keys().any(|name| name.ends_with("latency-p95")));
        let mut failed = stretch(Level::Rate(100.0), 5.0, &[(1.0, 500)]);
        failed.steps.get_mut(&name("get")).unwrap().errors.insert(ErrorKind::Connect, 500);
        let found = of(&load, &recorded(vec![failed; 3], [vec![(1.0, 500)]]), None);
        let errors = found.get("get:errors").map_or(1.0, |(errors, _)| *errors);
        assert!((errors - 1.0).abs() < 1e-12);
        assert!(found.get("get:apdex").is_none_or(|(apdex, _)| *apdex < 1e-12));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_record_gives_numbers_that_are_numbers(
        which in 0..7_usize,
        stretches in prop::collection::vec((0.0..2000.0_f64, -1.0..20.0_f64, 0..2000_u64, 0..50_u64, 0..3000_u64, 0..2000_u64), 0..8),
        windows in prop::collection::vec((0..30_u64, 0.0..1e5_f64, 0..40_u64), 0..120),
        points in prop::collection::vec((-5.0..40.0_f64, 0..u64::MAX, 0..u64::MAX), 0..60),
        window_ms in 0..2000_u64,
        cpu_s in -1.0..1e300_f64,
    ) {
        let stretches = stretches.into_iter().map(|(level, seconds, ended, failed, open, late)| {
            let level = if which % 2 == 0 { Level::Rate(level) } else { Level::Users(level) };
            let mut one = stretch(level, seconds, &[(10.0 + level_of(level), ended)]);
            one.steps.get_mut(&name("get")).unwrap().errors.insert(ErrorKind::Check, failed.min(ended));
            Stretch { late, dropped: open / 2, open_at_end: open, ..one }
        });
        let mut record = recorded(stretches.collect(), windows.iter().map(|(times, ms, _)| vec![(*ms, *times)]));
        for (window, (.., failed)) in record.windows.iter_mut().zip(&windows) {
            window.failed = *failed;
        }
        record.window = Duration::from_millis(window_ms);
        let point = |(seconds, anonymous_bytes, descriptors)| UsagePoint { seconds, anonymous_bytes, descriptors, ..UsagePoint::default() };
        let amounts = [Amount::Cpu, Amount::RunQueue, Amount::Periods, Amount::ThrottledPeriods, Amount::Opened].map(|amount| (amount, cpu_s));
        let counted_s = Some(cpu_s.clamp(0.0, 9.0));
        let usage = Usage { points: points.into_iter().map(point).collect(), amounts: amounts.into(), counted_s, ..Usage::default() };
        for (_, (value, _)) in of(&profiles()[which], &record, Some(&usage)) {
            prop_assert!(value.is_finite());
        }
    }
}

fn level_of(level: Level) -> f64 {
    match level {
        Level::Rate(value) | Level::Users(value) => value,
    }
}
