//! The load engine against a server that runs already, for `benches/peers/load.sh`: what it sent, what came back, and what it cost.
//!
//! ```text
//! load PORT SECONDS users COUNT
//! load PORT SECONDS rate PER_SECOND CONNECTIONS [poisson]
//! load PORT SECONDS serve PERIOD_MS STALL_MS
//! ```
#![expect(clippy::print_stdout, reason = "its output is its result")]
#![expect(clippy::disallowed_methods, reason = "serves, waits and looks at the clock")]

mod server;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use tollgate::config::scenario::{
    Address, Arrivals, Connections, Flow, Level, Load, Origin, Profile, Protocol, Step, Tls,
};
use tollgate::measure::load::drive::drive;
use tollgate::measure::load::record::{Recorded, Stretch};
use tollgate::measure::load::schedule::{Planned, Stages};
use tollgate::measure::load::work::Work;
use tollgate::measure::stop::Stop;
use tollgate::model::Name;
use tollgate::model::sample::{Histogram, Summary};

/// One level, held.
struct Held(Option<Planned>);

impl Stages for Held {
    fn next(&mut self, _last: Option<&Stretch>) -> Option<Planned> {
        self.0.take()
    }

    fn total(&self) -> Option<Duration> {
        self.0.map(|planned| planned.duration)
    }

    fn waits(&self) -> bool {
        false
    }
}

fn load(level: Level, duration: Duration, count: u32, arrivals: Arrivals) -> Load {
    let step = Step::get(Name::new("root").expect("a name"), "/");
    let flow = Flow { name: Name::new("root").expect("a name"), weight: 1, data: None, steps: vec![step] };
    Load {
        profile: Profile::Load { level, ramp: Duration::ZERO, duration },
        arrivals,
        seed: 1,
        warm_up: Duration::ZERO,
        flows: vec![flow],
        connections: Connections { count, streams: 1, protocol: Protocol::Http1, tls: Tls::default() },
        timeout: Duration::from_secs(10),
        reply_bytes_max: 1 << 20,
        apdex: Duration::from_millis(500),
    }
}

fn show(what: &str, times: &Histogram) {
    print!("{what}");
    for summary in [Summary::P50, Summary::P90, Summary::P99, Summary::P999, Summary::Max] {
        print!(" {}={:.3}", summary.as_str(), times.summary(summary).unwrap_or(0.0) * 1e3);
    }
    println!(" p97={:.3}", times.quantile(0.97).unwrap_or(0.0) * 1e3);
}

fn print(recorded: &Recorded) {
    for stretch in &recorded.stretches {
        let Stretch { intended, dropped, late, in_flight_max, seconds, .. } = stretch;
        let ended: u64 = stretch.steps.values().map(|step| step.ended).sum();
        println!("ended {ended} in {seconds:.2} s: {:.0}/s", ended as f64 / seconds);
        println!("intended {intended} dropped {dropped} late {late} in flight {in_flight_max}");
        for step in stretch.steps.values() {
            println!(
                "errors {:?} statuses {:?} in {} out {}",
                step.errors, step.statuses, step.bytes_in, step.bytes_out
            );
            show("response ms", &step.response);
            show("service ms", &step.service);
            show("lag ms", &step.lag);
        }
    }
    println!(
        "cpu {:.4} connections {} reconnects {} windows {}",
        recorded.generator_cpu,
        recorded.connections_opened,
        recorded.reconnects,
        recorded.windows.len()
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse::<u32>().ok());
    let (Some(port), Some(seconds), Some(amount)) = (number(0), number(1), number(3)) else {
        // `cargo bench` and `cargo test --benches` run it without a server.
        return println!(
            "load PORT SECONDS users COUNT | rate PER_SECOND CONNECTIONS [poisson] | serve PERIOD_MS STALL_MS"
        );
    };
    let duration = Duration::from_secs(seconds.into());
    if arguments[2] == "serve" {
        let milliseconds = |at| Duration::from_millis(number(at).unwrap_or(0).into());
        return server::serve(u16::try_from(port).expect("a port"), duration, milliseconds(3), milliseconds(4));
    }
    let spread =
        if arguments.last().is_some_and(|last| last == "poisson") { Arrivals::Poisson } else { Arrivals::Uniform };
    let level = if arguments[2] == "users" { Level::Users(amount.into()) } else { Level::Rate(amount.into()) };
    let load = load(level, duration, number(4).unwrap_or(64), spread);
    let origin = Origin::Tcp { tls: false, host: "127.0.0.1".to_owned(), port: u16::try_from(port).expect("a port") };
    let work = Work::new(&load, vec![Address { origin, weight: 1 }], Path::new("."), &BTreeMap::new()).expect("work");
    let mut held = Held(Some(Planned { from: level, to: amount.into(), duration, counts: true }));
    print(&drive(&work, &mut held, &Stop::new(), &|_| ()).expect("a drive"));
}
