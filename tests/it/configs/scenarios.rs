//! Services and scenarios: what they come to, and everything that is wrong with them.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use tollgate::config::scenario::{
    Arrivals, Body, Chaos, Check, Credentials, Engine, Extract, FormContent, Level, Limits, Load, LoadFormat, Origin,
    Profile, Protocol, Scenario, Stage, Target,
};
use tollgate::config::service::Readiness;
use tollgate::config::{Adapter, Config, schema};

use super::{EVERYTHING, as_json, check};

pub(super) const SERVICE: &str = "[service.web]\nstart = ['web', '{port}']\n";

fn scenario<'c>(config: &'c Config, name: &str) -> &'c Scenario {
    let suite = config.suites.iter().find(|suite| suite.name.as_str() == name).expect("the scenario");
    let Adapter::Scenario(scenario) = &suite.adapter else { panic!("{name} is a suite") };
    scenario
}

fn load<'c>(config: &'c Config, name: &str) -> &'c Load {
    let Engine::Own(load) = &scenario(config, name).engine else { panic!("{name} has another engine") };
    load
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn two_lines_make_a_scenario_with_good_defaults() {
    let config = check(&format!("{SERVICE}[scenario.home]\nservice = 'web'\nrate = '200/s'\n"));
    let Target::Service(service) = &scenario(&config, "home").target else { panic!("a service") };
    assert_eq!((&service.ready, service.ready_within, service.stop_within), (&Readiness::Tcp, seconds(30), seconds(5)));
    assert_eq!((service.instances, service.log_bytes_max, &service.cpus), (1, 64 << 20, &BTreeSet::new()));
    let load = load(&config, "home");
    let level = Level::Rate(200.0);
    assert_eq!(load.profile, Profile::Load { level, ramp: Duration::ZERO, duration: seconds(10) });
    assert_eq!((load.arrivals, load.seed, load.warm_up), (Arrivals::Uniform, 1, seconds(2)));
    assert_eq!((load.timeout, load.reply_bytes_max, load.apdex), (seconds(10), 16 << 20, Duration::from_millis(500)));
    assert_eq!((load.connections.count, load.connections.protocol), (64, Protocol::Http1));
    let [flow] = load.flows.as_slice() else { panic!("one flow") };
    let [step] = flow.steps.as_slice() else { panic!("one step") };
    assert_eq!((step.name.as_str(), step.method.as_str(), step.path.as_str()), ("GET /", "GET", "/"));
    assert_eq!((&step.body, step.checks.len(), step.redirects), (&Body::Empty, 0, 0));
}

#[test]
fn a_service_rests_after_a_soak_and_where_it_is_told_to() {
    let rest = |lines: &str| {
        let config = check(&format!("{SERVICE}[scenario.home]\n{lines}\nrate = '200/s'\n"));
        load(&config, "home").rest
    };
    assert_eq!(rest("service = 'web'"), Duration::ZERO);
    assert_eq!(rest("service = 'web'\nprofile = 'soak'"), seconds(10));
    assert_eq!(rest("service = 'web'\nprofile = 'soak'\nrest = '0 s'"), Duration::ZERO);
    assert_eq!(rest("service = 'web'\nprofile = 'spike'\nrest = '30 s'"), seconds(30));
    assert_eq!(rest("url = 'http://127.0.0.1:1'\nprofile = 'soak'"), Duration::ZERO, "nobody watches it");
    let elsewhere = "[scenario.home]\nurl = 'http://127.0.0.1:1'\nrate = '1/s'\nrest = '5 s'\n";
    let said = Config::parse(elsewhere, "tollgate.toml").unwrap_err().to_string();
    assert!(said.contains("`rest` is set, and nothing here is watched while it rests"), "{said}");
}

#[test]
fn a_soak_is_long_enough_to_say_what_grows() {
    let soak = |duration: &str| {
        format!("{SERVICE}[scenario.night]\nservice = 'web'\nprofile = 'soak'\nrate = '1/s'\nduration = '{duration}'\n")
    };
    check(&soak("2500 ms"));
    let said = Config::parse(&soak("2 s"), "tollgate.toml").unwrap_err().to_string();
    assert!(said.contains("too short a soak to say what grows") && said.contains("at least `2500 ms`"), "{said}");
}

#[test]
fn a_service_is_read_into_base_units() {
    let config = check(EVERYTHING);
    let Target::Service(service) = &scenario(&config, "home").target else { panic!("a service") };
    assert_eq!(service.build, [["cargo", "build", "--release"]]);
    assert_eq!(service.environment["DATA"], "{scratch}/data");
    assert_eq!(service.ready, Readiness::Http { path: "/health".to_owned(), status: 200 });
    assert_eq!((service.ready_within, service.stop_within, service.instances), (seconds(20), seconds(3), 2));
    assert_eq!((service.cpus.len(), service.log_bytes_max, service.health.as_deref()), (2, 1 << 20, Some("/health")));
    let ready = |ready: &str| {
        let text = format!("[service.a]\nstart = ['a']\nready = {ready}\n[scenario.b]\nservice = 'a'\nusers = 1\n");
        let config = check(&text);
        let Target::Service(service) = &scenario(&config, "b").target else { panic!("a service") };
        service.ready.clone()
    };
    assert_eq!(ready("'tcp'"), Readiness::Tcp);
    let (header, chaos) = (&load(&config, "home").backend_header, load(&config, "home").chaos);
    assert_eq!(header.as_deref(), Some("x-served-by"));
    assert_eq!(chaos, Some(Chaos { at: seconds(4), back_after: Some(seconds(2)) }));
    assert_eq!(ready("{ path = '/up', status = 204 }"), Readiness::Http { path: "/up".to_owned(), status: 204 });
    assert_eq!(ready("{ log = 'listening on' }"), Readiness::Log("listening on".to_owned()));
}

#[test]
fn profiles_are_read_with_their_levels() {
    let config = check(EVERYTHING);
    let limits = Limits { p99: Duration::from_millis(250), errors: 0.02 };
    let stress = Profile::Stress { from: Level::Rate(100.0), to: 2000.0, step: seconds(4), limits };
    assert_eq!(load(&config, "limit").profile, stress);
    let durations = [seconds(2), seconds(3), seconds(10)];
    assert_eq!(load(&config, "sale").profile, Profile::Spike { base: Level::Users(10.0), peak: 100.0, durations });
    assert_eq!(load(&config, "sale").connections.count, 100, "a closed model has a connection for each user");
    let soak = Profile::Soak { level: Level::Rate(50.0), duration: Duration::from_hours(1) };
    assert_eq!(load(&config, "night").profile, soak);
    let stages = [(0.0, 100.0, 10), (100.0, 50.0, 5)];
    let stages = stages.map(|(from, to, time)| Stage { from: Level::Rate(from), to, duration: seconds(time) });
    assert_eq!(load(&config, "waves").profile, Profile::Custom(stages.to_vec()));
    let left_out =
        |rest: &str| load(&check(&format!("{SERVICE}[scenario.a]\nservice = 'web'\n{rest}")), "a").profile.clone();
    let limits = Limits { p99: Duration::from_millis(500), errors: 0.01 };
    let stress = Profile::Stress { from: Level::Users(5.0), to: 100.0, step: seconds(5), limits };
    assert_eq!(left_out("profile = 'stress'\nusers = 5"), stress);
    let durations = [seconds(5), seconds(5), seconds(15)];
    assert_eq!(
        left_out("profile = 'spike'\nrate = '1 k/s'"),
        Profile::Spike { base: Level::Rate(1e3), peak: 5e3, durations }
    );
}

#[test]
fn flows_are_read_with_templates_checks_and_names_of_secrets() {
    let config = check(EVERYTHING);
    let load = load(&config, "shop");
    let [buy, second] = load.flows.as_slice() else { panic!("two flows") };
    assert_eq!((buy.name.as_str(), buy.weight, second.name.as_str(), second.weight), ("buy", 3, "flow 2", 1));
    let [log_in, next] = buy.steps.as_slice() else { panic!("two steps") };
    let body = r#"{{"deep":{{"x":1.5}},"tags":["a",1,true],"user":"{user}"}}"#;
    assert_eq!(log_in.body, Body::Text(body.to_owned()));
    assert!(log_in.headers.contains(&("content-type".to_owned(), "application/json".to_owned())));
    assert_eq!(log_in.extract["token"], Extract::Json("/token".to_owned()));
    let checks = [
        Check::Status(vec![200, 201]),
        Check::Header("content-type".to_owned(), Some("application/json".to_owned())),
        Check::Header("etag".to_owned(), None),
        Check::Contains("welcome".to_owned()),
        Check::Json("/ok".to_owned(), json!(true)),
    ];
    assert_eq!(log_in.checks, checks);
    assert_eq!((log_in.think_time, log_in.timeout), ((Duration::ZERO, Duration::ZERO), Some(seconds(1))));
    assert_eq!((next.name.as_str(), next.think_time), ("PUT {next}", (Duration::from_millis(500), seconds(2))));
    let Body::Multipart(parts) = &next.body else { panic!("a form") };
    assert_eq!(parts[0].content, FormContent::Text("for {user}".to_owned()));
    let password_variable = "WEB_PASSWORD".to_owned();
    assert_eq!(next.credentials, Some(Credentials::Basic { user: "alice".to_owned(), password_variable }));
    let token_variable = "WEB_TOKEN".to_owned();
    assert_eq!(second.steps[0].credentials, Some(Credentials::Bearer { token_variable }));
    let Target::Addresses(addresses) = &scenario(&config, "shop").target else { panic!("addresses") };
    assert_eq!(addresses.iter().map(|address| address.weight).collect::<Vec<_>>(), [3, 1]);
    assert_eq!(addresses[0].origin, Origin::Tcp { tls: true, host: "shop.example".to_owned(), port: 443 });
}

#[test]
fn another_engine_has_its_command_and_its_format() {
    let config = check(EVERYTHING);
    let Engine::External(external) = &scenario(&config, "script").engine else { panic!("another engine") };
    assert_eq!((external.format, external.timeout), (LoadFormat::K6, Duration::from_mins(5)));
    let suite = config.suites.iter().find(|suite| suite.name.as_str() == "script").expect("the scenario");
    assert_eq!((suite.directory.to_str(), suite.environment.len()), (Some("bench"), 1));
}

#[test]
fn the_schema_knows_which_keys_belong_to_which_profile() {
    let schema = jsonschema::validator_for(&schema::config()).expect("a schema");
    let fits = |rest: &str| schema.is_valid(&as_json(&format!("[scenario.a]\nurl = 'http://h'\n{rest}\n")));
    assert!(fits("rate = '1/s'") && fits("profile = 'load'\nrate = '1/s'") && fits("profile = 'stress'\nmax = 3"));
    assert!(!fits("peak = 3") && !fits("profile = 'spike'\nmax = 3") && !fits("profile = 'custom'"));
    assert!(fits("engine = 'k6'\nrun = ['k6']") && !fits("engine = 'k6'\nrun = ['k6']\nrate = '1/s'"));
}
