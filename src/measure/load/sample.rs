//! Loads and records for tests.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::scenario::{Arrivals, Connections, Flow, Level, Load, Profile, Protocol, Step, Tls};
use crate::model::Name;

use super::record::{Recorded, StepRecord, Stretch, WINDOW, Window};

pub(super) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// One flow with one step, `get`.
pub(super) fn load(profile: Profile) -> Load {
    Load {
        profile,
        arrivals: Arrivals::Uniform,
        seed: 1,
        warm_up: Duration::ZERO,
        rest: Duration::ZERO,
        flows: vec![Flow { name: name("main"), weight: 1, data: None, steps: vec![step("get")] }],
        connections: Connections { count: 64, streams: 1, protocol: Protocol::Http1, tls: Tls::default() },
        timeout: Duration::from_secs(10),
        reply_bytes_max: 1 << 20,
        apdex: Duration::from_millis(100),
        backend_header: None,
        chaos: None,
    }
}

pub(super) fn step(text: &str) -> Step {
    Step::get(name(text), "/")
}

/// A stretch of one step, `get`, with these response times in milliseconds and how often each.
pub(super) fn stretch(level: Level, seconds: f64, times: &[(f64, u64)]) -> Stretch {
    let mut record = StepRecord::default();
    for (ms, count) in times {
        record.response.record(ms * 1e-3, *count).unwrap();
        record.service.record(ms * 1e-3, *count).unwrap();
        record.lag.record(2e-5, *count).unwrap();
        record.ended += count;
    }
    (record.bytes_in, record.bytes_out) = (200 * record.ended, 100 * record.ended);
    let intended = record.ended;
    let steps = BTreeMap::from([(name("get"), record)]);
    Stretch { level, seconds, intended, dropped: 0, late: 0, in_flight_max: 1, open_at_end: 0, steps }
}

/// Windows of a quarter second by their response times in milliseconds and how often each.
pub(super) fn recorded(stretches: Vec<Stretch>, windows: impl IntoIterator<Item = Vec<(f64, u64)>>) -> Recorded {
    let window = |times: Vec<(f64, u64)>| {
        let mut window: Window = Window::default();
        for (ms, count) in times {
            window.response.record(ms * 1e-3, count).unwrap();
            window.ended += count;
        }
        window.packed()
    };
    let windows = windows.into_iter().map(window).collect();
    Recorded { stretches, windows, window: WINDOW, generator_cpu: 0.05, ..Recorded::default() }
}

/// A number without its fraction.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "tests give numbers that fit")]
pub(super) fn whole(value: f64) -> u64 {
    value as u64
}
