//! Loads and records for tests.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::scenario::{Arrivals, Body, Connections, Flow, Load, Profile, Protocol, Step, Tls};
use crate::model::Name;

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
        flows: vec![Flow { name: name("main"), weight: 1, data: None, steps: vec![step("get")] }],
        connections: Connections { count: 64, protocol: Protocol::Http1, tls: Tls::default() },
        timeout: Duration::from_secs(10),
        reply_bytes_max: 1 << 20,
        apdex: Duration::from_millis(100),
    }
}

pub(super) fn step(text: &str) -> Step {
    Step {
        name: name(text),
        method: "GET".to_owned(),
        path: "/".to_owned(),
        headers: Vec::new(),
        body: Body::Empty,
        credentials: None,
        extract: BTreeMap::new(),
        checks: Vec::new(),
        redirects: 0,
        think_time: (Duration::ZERO, Duration::ZERO),
        timeout: None,
    }
}
