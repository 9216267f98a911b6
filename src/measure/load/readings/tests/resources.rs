//! What the processes of a service took, as metrics.

use super::*;
use crate::measure::load::record::{Left, SocketState};

/// A soak of 300 requests in 3 s, and what the service used.
fn found(usage: &Usage) -> BTreeMap<String, (f64, Role)> {
    let record = recorded(vec![stretch(Level::Rate(100.0), 3.0, &[(10.0, 300)])], [vec![(10.0, 300)]]);
    of(&load(constant(Level::Rate(100.0))), &record, Some(usage))
}

#[test]
fn what_a_service_takes_is_told_for_each_request_and_at_its_most() {
    let point = |seconds: f64, mib: u64, threads: u64, not_accepted: Option<u64>| UsagePoint {
        seconds,
        resident_bytes: mib << 20,
        descriptors: 10 * threads,
        threads,
        not_accepted,
        ..UsagePoint::default()
    };
    let amounts = [
        (Amount::Cpu, 0.6),
        (Amount::RunQueue, 0.2),
        (Amount::Waits, 900.0),
        (Amount::DiskWritten, 3e5),
        (Amount::Opened, 150.0),
        (Amount::Periods, 30.0),
        (Amount::ThrottledPeriods, 6.0),
    ];
    let found = found(&Usage {
        // What was before what counts is not the peak.
        points: vec![point(-1.0, 900, 90, Some(99)), point(0.1, 20, 3, None), point(1.0, 24, 5, Some(7))],
        amounts: amounts.into(),
        counted_s: Some(3.0),
        sockets: BTreeMap::from([(SocketState::Established, 64)]),
        ..Usage::default()
    });
    for (name, value) in [
        ("cpu-per-request", 0.002),
        ("service-cpu", 0.2),
        ("context-switches-voluntary", 3.0),
        ("disk-written", 1000.0),
        ("connections-opened", 0.5),
        ("throttled", 0.2),
        ("run-queue", 0.25),
        ("memory-peak", f64::from(24 << 20)),
        ("memory-floor", f64::from(20 << 20)),
        ("threads-peak", 5.0),
        ("descriptors-peak", 50.0),
        ("accept-queue", 7.0),
        ("sockets-established", 64.0),
        ("sockets-close-wait", 0.0),
    ] {
        close(&found, &format!("get:{name}"), value);
    }
    assert_eq!(gated(&found), ["get:errors", "get:latency-p50", "get:latency-p95"], "nothing of it decides by itself");
}

#[test]
fn what_is_not_known_is_not_there() {
    let found = found(&Usage::default());
    let known =
        ["cpu", "memory", "faults", "disk", "sockets", "connections", "throttled", "run-queue", "accept", "left"];
    let told: Vec<&String> = found.keys().filter(|name| known.iter().any(|known| name.contains(known))).collect();
    assert_eq!(told, ["get:generator-cpu"]);
}

#[test]
fn limits_are_told_where_the_service_ran_into_them() {
    let told = |throttled: f64, mib: u64| {
        let point = UsagePoint { resident_bytes: mib << 20, ..UsagePoint::default() };
        let allowed = crate::measure::load::record::Limits { cores: Some(0.5), memory_bytes: Some(512 << 20) };
        let amounts = BTreeMap::from([(Amount::ThrottledPeriods, throttled)]);
        limits(&Usage { points: vec![point], amounts, limits: allowed, ..Usage::default() })
    };
    assert_eq!(told(0.0, 100), None);
    let held = "the service is allowed by its control group 0.5 cores, and was held back by that";
    assert_eq!(told(3.0, 100).as_deref(), Some(held));
    assert_eq!(told(3.0, 500), Some(format!("{held}; 512 MiB of memory, and came near that")));
}

#[test]
fn what_is_not_given_back_decides() {
    let left = Left { descriptors: 40, threads: 0, connections: None };
    let found = found(&Usage { left: Some(left), ..Usage::default() });
    assert!((found["get:descriptors-left"].0 - 40.0).abs() < 1e-12);
    assert_eq!(gated(&found).iter().filter(|name| name.ends_with("left")).count(), 2);
    assert!(!found.contains_key("get:connections-left"));
}
