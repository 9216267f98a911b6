//! The load engine against servers on loopback: what it sends, what it counts, and what it says of itself.

mod nginx;
mod served;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use tollgate::config::scenario::{
    Address, Arrivals, Body, Connections, Flow, Level, Load, Origin, Profile, Protocol, Step, Tls,
};
use tollgate::measure::load::drive::{DriveError, drive};
use tollgate::measure::load::record::{ErrorKind, Recorded, Snapshot, StepRecord, Stretch};
use tollgate::measure::load::schedule::{Planned, Stages};
use tollgate::measure::load::work::Work;
use tollgate::measure::stop::Stop;
use tollgate::model::Name;
use tollgate::model::sample::{Histogram, Summary};

use served::Server;

/// Stages as given.
struct Given {
    stages: Vec<Planned>,
    waits: bool,
}

impl Stages for Given {
    fn next(&mut self, _last: Option<&Stretch>) -> Option<Planned> {
        (!self.stages.is_empty()).then(|| self.stages.remove(0))
    }

    fn total(&self) -> Option<Duration> {
        None
    }

    fn waits(&self) -> bool {
        self.waits
    }
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn step(method: &str, path: &str) -> Step {
    Step {
        name: name(&format!("{method} {path}")),
        method: method.to_owned(),
        path: path.to_owned(),
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

fn load(steps: Vec<Step>, connections: u32) -> Load {
    let level = Level::Rate(1.0);
    Load {
        profile: Profile::Load { level, ramp: Duration::ZERO, duration: Duration::ZERO },
        arrivals: Arrivals::Uniform,
        seed: 1,
        warm_up: Duration::ZERO,
        rest: Duration::ZERO,
        flows: vec![Flow { name: name("flow"), weight: 1, data: None, steps }],
        connections: Connections { count: connections, streams: 1, protocol: Protocol::Http1, tls: Tls::default() },
        timeout: Duration::from_secs(10),
        reply_bytes_max: 1 << 20,
        apdex: Duration::from_millis(500),
        backend_header: None,
        chaos: None,
    }
}

fn address(port: u16, weight: u32) -> Address {
    Address { origin: Origin::Tcp { tls: false, host: "127.0.0.1".to_owned(), port }, weight }
}

fn held(level: Level, duration: Duration) -> Given {
    let to = match level {
        Level::Rate(level) | Level::Users(level) => level,
    };
    Given { stages: vec![Planned { from: level, to, duration, counts: true }], waits: false }
}

fn driven(load: &Load, addresses: Vec<Address>, mut stages: Given) -> Result<Recorded, DriveError> {
    let work = Work::new(load, addresses, Path::new("."), &BTreeMap::new()).unwrap();
    drive(&work, &mut stages, &Stop::new(), &|_| ())
}

fn only(recorded: &Recorded) -> (&Stretch, &StepRecord) {
    assert_eq!(recorded.stretches.len(), 1);
    (&recorded.stretches[0], only_step(&recorded.stretches[0]))
}

/// How many times are at least as long.
fn at_least(times: &Histogram, seconds: f64) -> u64 {
    times.pairs().filter(|(time, _)| *time >= seconds).map(|(_, count)| count).sum()
}

#[test]
fn a_pause_of_the_service_counts_for_everybody_who_would_have_come_in_it() {
    let server = Server::start(|number, _| {
        if number == 20 {
            std::thread::sleep(milliseconds(500));
        }
        served::OK
    });
    let recorded = driven(
        &load(vec![step("GET", "/")], 1),
        vec![address(server.port, 1)],
        held(Level::Rate(100.0), milliseconds(1000)),
    );
    let recorded = recorded.unwrap();
    let (stretch, step) = only(&recorded);
    assert_eq!((stretch.intended, step.ended, stretch.dropped), (100, 100, 0));
    // One request was slow; some fifty came while it was, and those that came last waited least.
    assert!(at_least(&step.service, 0.4) <= 2, "{}", at_least(&step.service, 0.4));
    let waited = at_least(&step.response, 0.1);
    assert!((30..80).contains(&waited), "{waited}");
    assert!(step.response.summary(Summary::Max).unwrap() >= 0.5);
    // Waiting for the connection is the service's fault, and in the lag of the send all the same.
    assert!(step.lag.summary(Summary::Max).unwrap() >= 0.4);
    assert_eq!((stretch.in_flight_max, server.count()), (1, 100));
}

#[test]
fn a_generator_that_sleeps_says_so_and_does_not_blame_the_service() {
    let server = Server::start(|_, _| served::OK);
    let work =
        Work::new(&load(vec![step("GET", "/")], 50), vec![address(server.port, 1)], Path::new("."), &BTreeMap::new());
    // The watcher runs on the generator's thread: this is what a stopped process looks like from within.
    let sleeps = |snapshot: &Snapshot| {
        if snapshot.ended > 0 {
            std::thread::sleep(milliseconds(150));
        }
    };
    for level in [Level::Rate(200.0), Level::Users(4.0)] {
        let recorded =
            drive(work.as_ref().unwrap(), &mut held(level, milliseconds(1000)), &Stop::new(), &sleeps).unwrap();
        let (stretch, step) = only(&recorded);
        assert!(
            stretch.late as f64 > 0.1 * stretch.intended as f64,
            "{level:?}: {} of {}",
            stretch.late,
            stretch.intended
        );
        assert_eq!(step.ended, stretch.intended);
    }
}

#[test]
fn a_service_that_does_not_answer_is_a_timeout_and_what_could_not_be_sent_is_dropped() {
    let server = Server::start(|_, _| {
        std::thread::sleep(milliseconds(3_000));
        served::OK
    });
    let timeout = milliseconds(200);
    let load = Load { timeout, ..load(vec![step("GET", "/")], 1) };
    let begin = Instant::now();
    let recorded = driven(&load, vec![address(server.port, 1)], held(Level::Rate(40.0), milliseconds(500))).unwrap();
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    let (stretch, step) = only(&recorded);
    assert_eq!(step.errors.get(&ErrorKind::Timeout), Some(&step.ended), "{:?}", step.errors);
    assert!((1..=5).contains(&step.ended) && stretch.dropped == stretch.intended - step.ended, "{stretch:?}");
    assert!(stretch.open_at_end >= stretch.dropped);
    assert!(step.service.summary(Summary::Max).unwrap() >= 0.19);
}

#[test]
fn a_server_that_closes_idle_connections_makes_reconnects_and_no_errors() {
    let server = Server::start(|number, _| if number.is_multiple_of(5) { served::OK_AND_CLOSED } else { served::OK });
    let recorded = driven(
        &load(vec![step("GET", "/")], 2),
        vec![address(server.port, 1)],
        held(Level::Rate(200.0), milliseconds(500)),
    );
    let recorded = recorded.unwrap();
    let (_, step) = only(&recorded);
    assert_eq!((step.ended, step.errors.len(), recorded.connections_opened), (100, 0, 2));
    assert!((10..=40).contains(&recorded.reconnects), "{}", recorded.reconnects);
    assert_eq!(server.count(), 100);
}

#[test]
fn replies_that_are_errors_or_no_replies_are_counted_by_kind() {
    let server = Server::start(|number, _| match number % 4 {
        0 => served::NOT_HTTP,
        1 => served::FAILED,
        _ => served::OK,
    });
    let recorded = driven(
        &load(vec![step("GET", "/")], 4),
        vec![address(server.port, 1)],
        held(Level::Rate(200.0), milliseconds(500)),
    );
    let recorded = recorded.unwrap();
    let (_, step) = only(&recorded);
    assert_eq!(step.errors, BTreeMap::from([(ErrorKind::Connect, 25), (ErrorKind::Status, 25)]));
    assert_eq!(step.statuses, BTreeMap::from([(200, 50), (500, 25)]));
    assert_eq!(step.response.count(), 100);
    assert_eq!(
        recorded.windows.iter().map(|window| (window.ended, window.failed)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1)),
        (100, 50)
    );
}

#[test]
fn a_wish_to_stop_is_heard_soon_and_what_there_was_by_then_is_given() {
    let server = Server::start(|_, _| served::OK);
    let (wish, asked) = (Stop::new(), load(vec![step("GET", "/")], 4));
    let work = Work::new(&asked, vec![address(server.port, 1)], Path::new("."), &BTreeMap::new()).unwrap();
    let begin = Instant::now();
    let wishes = |snapshot: &Snapshot| {
        if snapshot.elapsed > milliseconds(400) {
            wish.set();
        }
    };
    let recorded = drive(&work, &mut held(Level::Rate(100.0), Duration::from_mins(1)), &wish, &wishes).unwrap();
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    let (stretch, step) = only(&recorded);
    assert!(stretch.seconds < 5.0 && step.ended > 10, "{} {}", stretch.seconds, step.ended);
}

#[test]
fn targets_take_their_part_by_weight_and_one_that_is_not_there_is_said_before_the_clock_starts() {
    let (one, other) = (Server::start(|_, _| served::OK), Server::start(|_, _| served::OK));
    let load = load(vec![step("GET", "/")], 8);
    let addresses = vec![address(one.port, 3), address(other.port, 1)];
    let recorded = driven(&load, addresses, held(Level::Rate(200.0), milliseconds(500))).unwrap();
    assert_eq!(recorded.targets.iter().map(|target| target.ended).collect::<Vec<_>>(), [75, 25]);
    assert_eq!((one.count(), other.count(), recorded.connections_opened), (75, 25, 8));
    // A port that was free a moment ago.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = driven(&load, vec![address(one.port, 1), address(gone, 1)], held(Level::Rate(1.0), milliseconds(10)));
    let error = error.unwrap_err();
    assert!(error.to_string().starts_with(&format!("connect to http://127.0.0.1:{gone}:")), "{error}");
}

#[test]
fn the_backends_behind_one_address_are_told_apart_by_a_header_of_their_replies() {
    const BY: [served::Answer; 3] = [
        (b"HTTP/1.1 200 OK\r\nX-Served-By: a\r\ncontent-length: 0\r\n\r\n", false),
        (b"HTTP/1.1 503 No\r\nx-served-by: b\r\ncontent-length: 0\r\n\r\n", false),
        served::OK,
    ];
    let server = Server::start(|number, _| BY[[0, 0, 1, 2][usize::try_from(number % 4).unwrap()]]);
    let mut load = load(vec![step("GET", "/")], 1);
    load.backend_header = Some("x-served-by".to_owned());
    let stage = || held(Level::Rate(200.0), milliseconds(500));
    let recorded = driven(&load, vec![address(server.port, 1)], stage()).unwrap();
    let told = recorded.backends.iter().map(|one| (one.name.as_str(), one.ended, one.failed, one.response.count()));
    assert_eq!(told.collect::<Vec<_>>(), [("a", 50, 0, 50), ("b", 25, 25, 25)]);
    load.backend_header = None;
    assert!(driven(&load, vec![address(server.port, 1)], stage()).unwrap().backends.is_empty());
}

#[test]
fn users_come_and_go_by_the_stages_and_each_waits_for_its_reply() {
    let server = Server::start(|_, _| {
        std::thread::sleep(milliseconds(5));
        served::OK
    });
    let stage = |from, to| Planned { from: Level::Users(from), to, duration: milliseconds(400), counts: true };
    let stages = Given { stages: vec![stage(2.0, 2.0), stage(2.0, 6.0), stage(6.0, 1.0)], waits: false };
    let recorded = driven(&load(vec![step("GET", "/")], 1), vec![address(server.port, 1)], stages).unwrap();
    let most: Vec<_> = recorded.stretches.iter().map(|stretch| stretch.in_flight_max).collect();
    assert_eq!((most[0], recorded.connections_opened), (2, 6), "{most:?}");
    assert!(most[1] > 2 && most[1] <= 6 && most[2] <= 6, "{most:?}");
    let ended: u64 = recorded.stretches.iter().flat_map(|stretch| stretch.steps.values()).map(|step| step.ended).sum();
    assert_eq!(server.count(), ended);
    // Two users, each reply after 5 ms at least.
    assert!((1..=160).contains(&only_step(&recorded.stretches[0]).ended));
}

fn only_step(stretch: &Stretch) -> &StepRecord {
    stretch.steps.values().next().unwrap()
}

#[test]
fn steps_follow_each_other_after_their_pause_and_warm_up_leaves_no_trace() {
    let server = Server::start(|_, _| served::OK);
    let think_time = (milliseconds(50), milliseconds(50));
    let steps = vec![step("GET", "/a"), Step { think_time, ..step("GET", "/b") }];
    let stage = |counts| Planned { from: Level::Rate(100.0), to: 100.0, duration: milliseconds(500), counts };
    let stages = Given { stages: vec![stage(false), stage(true)], waits: true };
    let recorded = driven(&load(steps, 8), vec![address(server.port, 1)], stages).unwrap();
    let (stretch, _) = only(&recorded);
    let (a, b) = (&stretch.steps[&name("GET /a")], &stretch.steps[&name("GET /b")]);
    assert_eq!(a.ended, 50);
    // Those of the last 50 ms are not sent: the stage is over.
    assert!((40..=46).contains(&b.ended), "{}", b.ended);
    assert_eq!(stretch.intended, a.ended + b.ended);
    assert_eq!(recorded.windows.iter().map(|window| window.ended).sum::<u64>(), a.ended + b.ended);
    // The pause is no part of the time of either.
    assert!(b.response.quantile(0.5).unwrap() < 0.04, "{:?}", b.response.quantile(0.5));
    assert!(server.count() > a.ended + b.ended);
}
