//! Growth and drift against services that leak, warm up, collect or hold.

use super::*;

const SECONDS: u32 = 75;
const RATE: f64 = 300.0;

/// The growths and the drift of a soak of so many seconds where memory and descriptors are these after so many requests.
fn soak(
    memory: impl Fn(f64) -> f64,
    descriptors: impl Fn(f64) -> f64,
    ms: impl Fn(f64) -> f64,
) -> BTreeMap<String, (f64, Role)> {
    let windows = (0..SECONDS * 4).map(|index| vec![(ms(f64::from(index) / 4.0), whole(RATE / 4.0))]);
    let record = recorded(vec![stretch(Level::Rate(RATE), f64::from(SECONDS), &[(10.0, 22_500)])], windows);
    let point = |nth: u32| {
        let seconds = f64::from(nth) / 5.0 - 3.0;
        let requests = (seconds * RATE).max(0.0);
        UsagePoint {
            seconds,
            anonymous_bytes: whole(memory(requests)),
            descriptors: whole(descriptors(requests)),
            threads: 4,
            ..UsagePoint::default()
        }
    };
    let usage = Usage {
        points: (0..(SECONDS + 3) * 5).map(point).collect(),
        amounts: BTreeMap::from([(Amount::Cpu, 39.0)]),
        counted_s: Some(f64::from(SECONDS)),
        ..Usage::default()
    };
    let load = load(Profile::Soak { level: Level::Rate(RATE), duration: Duration::from_secs(SECONDS.into()) });
    of(&load, &record, Some(&usage))
}

/// 20 MiB, in pages.
fn pages(bytes: f64) -> f64 {
    ((20.0 * 1_048_576.0 + bytes) / 4096.0).ceil() * 4096.0
}

#[test]
fn a_leak_is_told_by_its_size_for_each_request() {
    for leak in [0.0, 200.0, 1024.0] {
        let found = soak(|requests| pages(leak * requests), |_| 40.0, |_| 10.0);
        let (growth, role) = found["get:memory-growth"];
        assert!((growth - leak).abs() <= 0.02 * leak + 1.0, "{growth} for {leak}");
        assert_eq!(role, Role::Gated);
        close(&found, "get:descriptor-growth", 0.0);
        close(&found, "get:latency-drift", 1.0);
        close(&found, "get:service-cpu", 39.0 / 75.0);
    }
}

#[test]
fn warming_up_and_collecting_garbage_are_no_leak() {
    // 8 MiB of warm-up within the first quarter; a collector every 600 requests, that lets 1 KiB a request pile up.
    let warm = |requests: f64| 8e6 * (requests / 5000.0).min(1.0);
    let found = soak(|requests| pages(warm(requests) + 1024.0 * (requests % 600.0)), |_| 40.0, |_| 10.0);
    let (growth, _) = found["get:memory-growth"];
    assert!(growth.abs() <= 16.0, "{growth}");
}

#[test]
fn descriptors_that_are_never_closed_are_told() {
    let found = soak(pages, |requests| 40.0 + requests / 100.0, |_| 10.0);
    let (growth, _) = found["get:descriptor-growth"];
    assert!((growth - 0.01).abs() < 0.0005, "{growth}");
}

#[test]
fn a_latency_that_creeps_up_is_told_as_a_ratio() {
    let found = soak(pages, |_| 40.0, |seconds| 10.0 + seconds / 5.0);
    let (drift, role) = found["get:latency-drift"];
    assert!((drift - 25.0 / 15.0).abs() < 0.03, "{drift}");
    assert_eq!(role, Role::Informative);
}

#[test]
fn a_soak_too_short_for_a_course_has_none() {
    let record = recorded(vec![stretch(Level::Rate(RATE), 1.0, &[(10.0, 300)])], [vec![(10.0, 75)]]);
    let point = |nth: u32| UsagePoint { seconds: f64::from(nth) / 5.0, descriptors: 1, ..UsagePoint::default() };
    let usage = Usage { points: (0..300).map(point).collect(), ..Usage::default() };
    let load = load(Profile::Soak { level: Level::Rate(RATE), duration: Duration::from_secs(1) });
    let found = of(&load, &record, Some(&usage));
    assert!(!found.keys().any(|name| name.contains("growth") || name.contains("drift")), "{:?}", found.keys());
    let still = Recorded { windows: vec![Window::default(); 400], ..record };
    let found = of(&load, &still, Some(&usage));
    assert!(!found.keys().any(|name| name.contains("growth")), "no requests, no growth for each of them");
}
