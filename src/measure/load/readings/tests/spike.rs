//! The recovery time against the truth of scripted services.

use super::*;

const BEFORE: u64 = 10;
const PEAK: u64 = 5;
const AFTER: u64 = 20;

/// The recovery time from windows whose requests, evenly spread, take what `ms` says at their time; time counts from the end of the peak.
fn recovery(rate: u64, ms: impl Fn(f64) -> f64) -> Option<f64> {
    recovery_where(rate, ms, |_| 0)
}

fn recovery_where(rate: u64, ms: impl Fn(f64) -> f64, failed: impl Fn(f64) -> u64) -> Option<f64> {
    let windows = (0..(BEFORE + PEAK + AFTER) * 4).map(|index| {
        let requests = rate / 4 + u64::from(index % 4 < rate % 4);
        let at = |nth: u64| index as f64 / 4.0 + nth as f64 / requests as f64 / 4.0 - (BEFORE + PEAK) as f64;
        // Some spread, as every service has: a tenth up and down.
        (0..requests).map(|nth| (ms(at(nth)) * (0.9 + 0.2 * ((nth * 7 % 10) as f64 / 10.0)), 1)).collect()
    });
    let mut record = recorded(vec![stretch(Level::Rate(100.0), 35.0, &[(10.0, 3500)])], windows);
    for (index, window) in record.windows.iter_mut().enumerate() {
        window.failed = failed(index as f64 / 4.0 - (BEFORE + PEAK) as f64).min(window.ended);
    }
    let durations = [BEFORE, PEAK, AFTER].map(Duration::from_secs);
    let load = load(Profile::Spike { base: Level::Rate(100.0), peak: 900.0, durations });
    let found = of(&load, &record, None);
    assert!(found.get("get:recovery-time").is_none_or(|(_, role)| *role == Role::Gated));
    found.get("get:recovery-time").map(|(seconds, _)| *seconds)
}

#[test]
fn the_recovery_time_is_within_a_tenth_of_the_truth() {
    for rate in [100, 213, 1000] {
        for truth in [1.0, 1.6, 2.37, 3.0, 7.9, 14.0] {
            let slow = |at: f64| if (-5.0..truth).contains(&at) { 400.0 } else { 10.0 };
            let found = recovery(rate, slow).unwrap();
            assert!((found / truth - 1.0).abs() <= 0.1, "{found} for {truth} at {rate}/s");
            // A queue that is worked off: the wait falls in a straight line.
            let falls =
                |at: f64| if at < 0.0 && at > -5.0 { 400.0 } else { 10.0 + 400.0 * (1.0 - at / truth).clamp(0.0, 1.0) };
            let found = recovery(rate, |at| if at < -5.0 { 10.0 } else { falls(at) }).unwrap();
            assert!((found / truth - 1.0).abs() <= 0.1, "{found} for {truth} at {rate}/s, falling");
        }
    }
}

#[test]
fn few_requests_are_looked_at_in_longer_pieces() {
    let found = recovery(20, |at| if (-5.0..6.0).contains(&at) { 400.0 } else { 10.0 }).unwrap();
    assert!((found - 6.0).abs() <= 0.6, "{found}");
}

#[test]
fn a_service_that_never_slows_down_is_back_within_a_window_and_one_that_never_recovers_is_not() {
    assert_eq!(recovery(200, |_| 10.0), Some(0.25));
    assert_eq!(recovery(200, |at| if at < -5.0 { 10.0 } else { 50.0 }), Some(AFTER as f64));
}

#[test]
fn one_slow_moment_later_is_not_the_spike() {
    let found = recovery(200, |at| if (-5.0..2.0).contains(&at) || (9.0..9.4).contains(&at) { 300.0 } else { 10.0 });
    assert!((found.unwrap() - 2.0).abs() <= 0.2, "{found:?}");
    // A fast moment in between is not the end of it.
    let found = recovery(200, |at| if (-5.0..6.0).contains(&at) && !(2.0..2.4).contains(&at) { 300.0 } else { 10.0 });
    assert!((found.unwrap() - 6.0).abs() <= 0.6, "{found:?}");
}

#[test]
fn fast_failures_and_silence_are_no_recovery() {
    let found = recovery_where(200, |_| 10.0, |at| if (-5.0..4.0).contains(&at) { 25 } else { 0 }).unwrap();
    assert!((found - 4.0).abs() <= 0.5, "{found}");
    let windows = (0..140).map(|index| if (40..76).contains(&index) { vec![] } else { vec![(10.0, 50)] });
    let record = recorded(vec![], windows);
    let durations = [BEFORE, PEAK, AFTER].map(Duration::from_secs);
    let found = recovery::seconds(&durations, &record).unwrap();
    assert!((found - 4.0).abs() < 0.01, "{found}");
}

#[test]
fn without_a_time_before_there_is_nothing_to_come_back_to() {
    let durations = [BEFORE, PEAK, AFTER].map(Duration::from_secs);
    for windows in [0, 1, 3, 40] {
        let record = recorded(vec![], (0..windows).map(|_| vec![(10.0, 50)]));
        assert_eq!(recovery::seconds(&durations, &record), None, "{windows}");
    }
    let silent = recorded(vec![], (0..140).map(|_| vec![]));
    assert_eq!(recovery::seconds(&durations, &silent), None);
    let no_width = Recorded { window: Duration::ZERO, ..recorded(vec![], (0..140).map(|_| vec![(10.0, 50)])) };
    assert_eq!(recovery::seconds(&durations, &no_width), None);
}
