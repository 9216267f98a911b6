//! A scenario as a part of the rounds: a service of its own for each round, what is measured, and what is left when it goes wrong: nothing.
#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tollgate::config::scenario::{
    Address, Arrivals, Connections, Engine, External, Flow, Level, Load, LoadFormat, Origin, Profile, Protocol,
    Scenario, Step, Target, Tls,
};
use tollgate::config::service::{Readiness, Service};
use tollgate::config::{Adapter, Suite};
use tollgate::measure::bench::Parsed;
use tollgate::measure::process::ProcessError;
use tollgate::measure::suite::{Build, Only, Part, PartError, prepare};
use tollgate::measure::surroundings::Surroundings;
use tollgate::model::{Name, Role};

use super::name;
use super::services::{Arm, arm, serving};
use crate::processes::surroundings;

/// A request of a flow.
fn step(name_of_it: &str, path: &str) -> Step {
    Step::get(name(name_of_it), path)
}

/// 100 requests a second of each step, for a second after a short warm-up.
fn load(steps: Vec<Step>) -> Load {
    let level = Level::Rate(100.0);
    Load {
        profile: Profile::Load { level, ramp: Duration::ZERO, duration: Duration::from_secs(1) },
        arrivals: Arrivals::Uniform,
        seed: 7,
        warm_up: Duration::from_millis(300),
        flows: vec![Flow { name: name("visit"), weight: 1, data: None, steps }],
        connections: Connections { count: 16, streams: 1, protocol: Protocol::Http1, tls: Tls::default() },
        timeout: Duration::from_secs(10),
        reply_bytes_max: 1 << 20,
        apdex: Duration::from_millis(100),
    }
}

fn suite(target: Target, engine: Engine) -> Suite {
    Suite {
        name: name("api"),
        adapter: Adapter::Scenario(Box::new(Scenario { target, engine })),
        directory: PathBuf::from("."),
        environment: BTreeMap::new(),
        build: Vec::new(),
        filter: None,
        timeout: Duration::from_mins(2),
        sources: Vec::new(),
    }
}

/// Load of two steps on a service.
fn on(service: Service) -> Suite {
    let steps = vec![step("home", "/"), step("data", "/bytes/2000")];
    suite(Target::Service(Box::new(service)), Engine::Own(Box::new(load(steps))))
}

/// A service that leaves its number in the file `pid`.
fn telling(service: Service) -> Service {
    let shell = ["sh", "-c", "echo $$ > pid; exec \"$0\" \"$@\""].map(str::to_owned).to_vec();
    Service { start: [shell, service.start].concat(), ..service }
}

fn ready_part(suite: &Suite, arm: &Arm) -> Box<dyn Part> {
    prepare(suite, Build::Needed, &arm.place, &surroundings()).unwrap().remove(0)
}

fn run(suite: &Suite, arm: &Arm, surroundings: &Surroundings) -> Result<Parsed, PartError> {
    ready_part(suite, arm).run(Only::All, 1, &arm.place, surroundings)
}

#[test]
fn each_step_is_a_benchmark_and_all_of_them_together_one_more() {
    let arm = arm();
    let suite = on(serving(&[]));
    let part = ready_part(&suite, &arm);
    let expected: BTreeSet<Name> = ["all requests", "data", "home"].map(name).into();
    assert_eq!((part.key(), part.expected()), ("api", Some(&expected)));
    assert_eq!((part.selects(), part.may_be_canary()), (false, false));
    let parsed = part.run(Only::All, 1, &arm.place, &surroundings()).unwrap();
    let given: BTreeSet<Name> = parsed.readings.iter().map(|one| one.metric.id.benchmark.benchmark.clone()).collect();
    assert!(given.is_superset(&expected), "{given:?}");
    let gated = |metric: &str| {
        parsed.readings.iter().any(|one| one.metric.id.metric.as_str() == metric && one.metric.role == Role::Gated)
    };
    assert!(gated("latency-p95") && parsed.unparsed.is_empty());
    if cfg!(target_os = "linux") {
        assert!(parsed.readings.iter().any(|one| one.metric.id.metric.as_str() == "service-cpu"));
    }
}

#[test]
fn a_service_that_dies_under_load_ends_the_round_at_once_and_is_named() {
    let arm = arm();
    let mut dies = on(serving(&["die-after=60"]));
    let Adapter::Scenario(scenario) = &mut dies.adapter else { unreachable!("a scenario") };
    let Engine::Own(load) = &mut scenario.engine else { unreachable!("our own load") };
    load.profile = Profile::Load { level: Level::Rate(100.0), ramp: Duration::ZERO, duration: Duration::from_mins(5) };
    let began = Instant::now();
    let error = run(&dies, &arm, &surroundings()).unwrap_err();
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
    assert_eq!(error.to_string(), "keep service `web` running (ended by signal 6 under load)");
    assert!(error.tail().contains("served: listening on"), "{}", error.tail());
}

#[test]
fn a_service_that_logs_too_much_under_load_ends_the_round() {
    let talkative = Service { log_bytes_max: 1 << 20, ..serving(&["log-mib=200"]) };
    let error = run(&on(talkative), &arm(), &surroundings()).unwrap_err();
    assert!(error.to_string().starts_with("keep service `web` within its log (more than 1048576 bytes"), "{error}");
}

#[test]
fn the_users_wish_to_stop_ends_a_round_and_its_service() {
    let arm = arm();
    let mut suite = on(telling(serving(&[])));
    let Adapter::Scenario(scenario) = &mut suite.adapter else { unreachable!("a scenario") };
    let Engine::Own(load) = &mut scenario.engine else { unreachable!("our own load") };
    load.warm_up = Duration::from_mins(5);
    let surroundings = surroundings();
    std::thread::scope(|scope| {
        let round = scope.spawn(|| run(&suite, &arm, &surroundings));
        let pid = arm.wrote("pid");
        surroundings.stop.set();
        assert!(matches!(round.join().unwrap(), Err(PartError::Process(ProcessError::Stopped))));
        super::services::all_gone(&pid);
    });
}

#[test]
fn what_cannot_be_reached_is_said_and_nothing_is_started_for_addresses() {
    let [port] = [std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()];
    let origin = Origin::Tcp { tls: false, host: "127.0.0.1".to_owned(), port };
    let elsewhere = Target::Addresses(vec![Address { origin, weight: 1 }]);
    let suite = suite(elsewhere, Engine::Own(Box::new(load(vec![step("home", "/")]))));
    let error = run(&suite, &arm(), &surroundings()).unwrap_err();
    assert!(
        error.to_string().contains("the load of `api`") && error.to_string().contains(&port.to_string()),
        "{error}"
    );
    assert_eq!(suite.service(), None);
    assert!(suite.is_elsewhere());
}

#[test]
fn a_service_is_built_once_with_the_variables_that_are_known_by_then() {
    let arm = arm();
    let mut service = serving(&[]);
    service.build = vec![["sh", "-c", "echo \"$WHERE|$PORT|$CARGO_TARGET_DIR\" >> built"].map(str::to_owned).to_vec()];
    service.environment =
        [("WHERE", "{target}"), ("PORT", "{port}")].map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let suite = on(service);
    let prepared = |build| prepare(&suite, build, &arm.place, &surroundings()).map(drop);
    prepared(Build::Needed).unwrap();
    prepared(Build::Done).unwrap();
    let target = arm.place.target.display();
    assert_eq!(arm.wrote("built"), format!("{target}||{target}\n"));
}

#[test]
fn another_tool_is_told_where_the_service_is_and_ends_with_it() {
    let arm = arm();
    let word = |text: &str| text.to_owned();
    let engine = |script: &str| {
        Engine::External(External {
            format: LoadFormat::Wrk,
            run: vec![word("sh"), word("-c"), word(script), word("{url}")],
            timeout: Duration::from_mins(2),
        })
    };
    let service = |words: &[&str]| Target::Service(Box::new(Service { ready: Readiness::Tcp, ..serving(words) }));
    let answers = suite(
        service(&[]),
        engine("echo $0 > url; echo '  100 requests in 1.00s, 1.00MB read'; echo 'Requests/sec:    100.00'"),
    );
    let parsed = run(&answers, &arm, &surroundings()).unwrap();
    assert!(!parsed.readings.is_empty() && arm.wrote("url").starts_with("http://127.0.0.1:"), "{parsed:?}");
    let waits = suite(Target::Service(Box::new(telling(serving(&[])))), engine("kill -9 $(cat pid); exec sleep 1000"));
    let began = Instant::now();
    let error = run(&waits, &arm, &surroundings()).unwrap_err();
    assert!(began.elapsed() < Duration::from_mins(1));
    assert_eq!(error.to_string(), "keep service `web` running (ended by signal 9 under load)");
}
