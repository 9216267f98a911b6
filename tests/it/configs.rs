//! A config is read in full or refused with everything that is wrong with it, each problem with its place.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod databases;
mod init;
mod meaning;
mod probes;
mod request_problems;
mod scenario_problems;
mod scenarios;
mod structure;

use proptest::prelude::*;
use serde_json::Value;
use tollgate::config::{Adapter, Config, ResultSource, parse_waivers, schema, waiver_entry};

fn refused(text: &str) -> String {
    Config::parse(text, "tollgate.toml").unwrap_err().to_string()
}

fn check(text: &str) -> Config {
    Config::parse(text, "tollgate.toml").unwrap_or_else(|error| panic!("{error}"))
}

const EVERYTHING: &str = r#"
[gate]
base = "origin/main"
anchor = "v1.0"
drift = "12.5 %"
against = "base"
tolerance = "2 %"
must-detect = "5 %"
floor = ["50 ns", "1 KiB"]
false-alarm-rate = "5 %"
time-limit = "5 min"
max-rounds = 60
inconclusive = "fail"
missing = "warn"
identical = "measure"
layout-noise = "4 %"
layout-suspect = "fail"
canary = false

[suite.core]
adapter = "criterion"
directory = "crates/core"
package = "x"
benches = ["a"]
features = ["f"]
warm-up = "50 ms"
measurement = "200 ms"
sample-size = 50
filter = "parse/*"
timeout = "10 min"
environment = { K = "V" }
sources = ["benches/**"]

[suite.cli]
adapter = "command"
build = ["cargo", "build"]
run = ["target/release/x", "--n", "{size}", "{{literal}}"]
prepare = ["sync"]
warm-up-runs = 1
runs = 3
parameters = { size = ["10", "100"] }
expect-status = 0

[suite.custom]
adapter = "json"
run = ["./bench", "--out", "{output}"]
better = { "req/s" = "higher" }

[suite.file]
adapter = "json"
build = [["make"], ["make", "data"]]
run = ["./bench"]
results = "out/results.json"

[service.web]
build = ["cargo", "build", "--release"]
start = ["{target}/release/web", "--port", "{port}", "--number", "{instance}", "--scratch", "{scratch}"]
directory = "web"
environment = { LOG = "warn", DATA = "{scratch}/data" }
ready = "/health"
ready-within = "20 s"
health = "/health"
stop-within = "3 s"
instances = 2
cpus = [0, 1]
log-limit = "1 MiB"

[scenario.home]
service = "web"
rate = "200/s"
backend-header = "X-Served-By"
chaos = "kill one at 4 s, back after 2 s"

[scenario.shop]
targets = [{ url = "https://shop.example", weight = 3 }, { url = "http://[::1]:8080" }]
profile = "load"
users = 50
duration = "20 s"
ramp = "5 s"
warm-up = "1 s"
arrivals = "poisson"
seed = 7
think-time = ["500 ms", "2 s"]
protocol = "http2"
timeout = "3 s"
max-reply = "1 MiB"
apdex = "200 ms"

[scenario.shop.tls]
ca = "tests/ca.pem"
certificate = "tests/client.pem"
key = "tests/client.key"
server-name = "shop.example"

[[scenario.shop.flow]]
name = "buy"
weight = 3
data = "bench/users.csv"

[[scenario.shop.flow.step]]
name = "log in"
method = "POST"
path = "/login"
json = { user = "{user}", tags = ["a", 1, true], deep = { x = 1.5 } }
headers = { accept = "application/json" }
extract = { token = { json = "/token" }, next = { header = "location" }, csrf = { regex = "csrf=([a-z]+)" } }
check = { status = [200, 201], headers = { content-type = "application/json", etag = "*" }, contains = "welcome", json = { "/ok" = true } }
redirects = 2
think-time = "0 s"
timeout = "1 s"

[[scenario.shop.flow.step]]
path = "{next}"
method = "PUT"
form = { note = "for {user}", photo = { file = "bench/photo.jpg", media-type = "image/jpeg" } }
basic = { user = "alice", password-variable = "WEB_PASSWORD" }

[[scenario.shop.flow]]

[[scenario.shop.flow.step]]
path = "/upload"
method = "POST"
file = "bench/order.bin"
bearer-variable = "WEB_TOKEN"

[scenario.limit]
service = "web"
profile = "stress"
rate = "100/s"
max = "2000/s"
step = "4 s"
limit-p99 = "250 ms"
limit-errors = "2 %"
connections = 200

[scenario.sale]
url = "unix:/run/web.sock"
profile = "spike"
users = 10
peak = 100
before = "2 s"
at-peak = "3 s"
after = "10 s"
method = "POST"
path = "/buy"
body = "{{}}"
headers = { content-type = "application/json" }
check = { status = 201 }
redirects = 1

[scenario.night]
service = "web"
profile = "soak"
rate = "50/s"
duration = "1 h"
data = "bench/pages.json"
path = "/page/{page}"

[scenario.waves]
service = "web"
profile = "custom"

[[scenario.waves.stage]]
from = "0/s"
to = "100/s"
duration = "10 s"

[[scenario.waves.stage]]
to = "50/s"
duration = "5 s"

[scenario.script]
service = "web"
engine = "k6"
run = ["k6", "run", "--out", "json={output}", "-e", "URL={url}", "bench/script.js"]
directory = "bench"
environment = { K6_NO_USAGE_REPORT = "true" }
timeout = "5 min"

[[rule]]
benchmark = "core/parse/*"
metric = "time"
tolerance = "3 %"
must-detect = "8 %"
floor = "50 ns"
direction = "lower"
severity = "advisory"
owner = "@alice"

[[budget]]
benchmark = "cli/*"
metric = "peak-rss"
target = "32 MiB"
warning = "48 MiB"
critical = "64 MiB"

[[budget]]
metric = "throughput"
target = "1000 /s"
critical = "500 /s"
"#;

#[test]
fn every_key_is_read_into_base_units() {
    let config = check(EVERYTHING);
    let names: Vec<&str> = config.suites.iter().map(|suite| suite.name.as_str()).collect();
    assert_eq!(names, ["cli", "core", "custom", "file", "home", "limit", "night", "sale", "script", "shop", "waves"]);
    assert_eq!(config.suites[0].build, [["cargo", "build"]]);
    assert_eq!(config.suites[3].build.len(), 2);
    let sources: Vec<&ResultSource> = config
        .suites
        .iter()
        .filter_map(|suite| match &suite.adapter {
            Adapter::Json(json) => Some(&json.results),
            Adapter::Criterion(_) | Adapter::Command(_) | Adapter::Scenario(_) => None,
        })
        .collect();
    assert_eq!(sources, [&ResultSource::OutputArgument, &ResultSource::File("out/results.json".into())]);
    let gate = &config.policy.gate;
    assert_eq!((gate.tolerance_ratio, gate.time_limit.as_secs(), gate.rounds_max), (Some(0.02), 300, 60));
    assert_eq!((gate.anchor.as_deref(), gate.drift_ratio), (Some("v1.0"), 0.125));
    assert!(!gate.canary);
    assert_eq!(config.policy.budgets[0].budget.critical, Some(67_108_864.0));
    assert_eq!(config.policy.rules.len(), 1);
}

#[test]
fn waivers_are_read_with_their_lines() {
    let entry = |id: &str, ceiling: &str, reason: &str| {
        waiver_entry(id, ceiling, "2027-01-31".parse().unwrap(), reason, Some("@alice"))
    };
    let text = entry("core/a \"b\"\n:time", "+10 %", "two\nlines \\ '''") + &entry("cli/x:peak-rss", "96 MiB", "b");
    let waivers = parse_waivers(&text, "tollgate-waivers.toml").unwrap();
    assert_eq!(waivers[0].id, "core/a \"b\"\n:time");
    assert_eq!(waivers[0].reason, "two\nlines \\ '''");
    assert_eq!(waivers[0].ceiling, tollgate::model::Ceiling::Change { ratio: 0.1 });
    assert_eq!(
        waivers[1].ceiling,
        tollgate::model::Ceiling::Value { value: 100_663_296.0, unit: tollgate::model::Unit::Bytes }
    );
    assert_eq!(waivers[0].line, 2);
    let second = text.lines().take(waivers[1].line).last();
    assert_eq!(second, Some("[[waiver]]"));
}

fn as_json(text: &str) -> Value {
    toml::from_str(text).unwrap()
}

/// The template with its examples switched on.
fn with_examples(text: &str) -> String {
    let line = |line: &str| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line).to_owned();
    text.lines().map(|text| line(text) + "\n").collect()
}

#[test]
fn the_shipped_configs_keep_to_the_schema_and_parse() {
    let schema = jsonschema::validator_for(&schema::config()).unwrap();
    let own = include_str!("../../tollgate.toml");
    let full = with_examples(Config::default_text());
    assert!(full.contains("\n[suite.core]\n") && full.contains("\n[[budget]]\n"));
    for text in [Config::default_text(), &full, own, EVERYTHING] {
        let errors: Vec<String> = schema.iter_errors(&as_json(text)).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
        check(text);
    }
    assert!(full.contains("\n[scenario.home]\n"));
    assert_eq!(check(own).suites[0].name.as_str(), "core");
    assert!(!schema.is_valid(&as_json("[suite.a]\nadapter = 'criterion'\nruns = 3\n")));
}

#[test]
fn the_defaults_in_the_template_are_the_defaults() {
    assert_eq!(check(Config::default_text()), check(""));
}

#[test]
fn the_waiver_schema_takes_what_is_written() {
    let schema = jsonschema::validator_for(&schema::waivers()).unwrap();
    let entry = waiver_entry("core/a:time", "+10 %", "2027-01-31".parse().unwrap(), "why", None);
    assert!(schema.is_valid(&as_json(&entry)));
    assert!(!schema.is_valid(&as_json("[[waiver]]\nid = 'x'\n")));
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _config = Config::parse(&text, "x").map_err(|error| error.to_string());
        let _waivers = parse_waivers(&text, "x").map_err(|error| error.to_string());
    }

    #[test]
    fn no_mutation_of_a_config_makes_the_parser_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..6, "[\\[\\]{}=\"'.#\n\u{0}-9a-zäµ💥 ]{0,5}"), 1..8)
    ) {
        let mut text: Vec<char> = EVERYTHING.chars().collect();
        for (at, remove, insert) in edits {
            let at = at.index(text.len());
            let end = (at + remove).min(text.len());
            text.splice(at..end, insert.chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(error) = Config::parse(&text, "x") {
            prop_assert!(!error.problems().is_empty());
            let control = error.to_string().contains('\0');
            prop_assert!(!control);
        }
    }
}

#[test]
fn every_example_of_the_guide_parses_and_every_key_is_in_it() {
    let guide = include_str!("../../docs/configuration.md");
    let examples: Vec<&str> = guide.split("```toml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    let load = include_str!("../../docs/load.md");
    let of_load: Vec<&str> = load.split("```toml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    let probes = include_str!("../../docs/probes.md");
    let of_probes: Vec<&str> =
        probes.split("```toml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    assert_eq!((examples.len(), of_load.len(), of_probes.len()), (9, 8, 4));
    for example in examples.into_iter().chain(of_load).chain(of_probes) {
        if example.contains("[[waiver]]") {
            parse_waivers(example, "guide").unwrap();
        } else {
            check(example);
        }
    }
    let described = |schema: &Value| schema["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let config = &schema::config()["properties"];
    let suites = config["suite"]["additionalProperties"]["oneOf"].as_array().unwrap();
    let tables = [&config["gate"], &config["rule"]["items"], &config["budget"]["items"]];
    for key in tables.into_iter().chain(suites).flat_map(described) {
        assert!(guide.contains(&format!("`{key}`")), "{key}");
    }
    let scenarios = config["scenario"]["additionalProperties"]["oneOf"].as_array().unwrap();
    let flow = &scenarios[0]["properties"]["flow"]["items"];
    let step = &flow["properties"]["step"]["items"];
    let nested = [&config["service"]["additionalProperties"], flow, step, &step["properties"]["check"]];
    for key in scenarios.iter().chain(nested).flat_map(described) {
        assert!(load.contains(&format!("`{key}`")), "{key}");
    }
}

#[test]
fn the_sources_of_criterion_benches_are_where_cargo_looks_for_them() {
    let sources = |text: &str| Config::parse(text, "tollgate.toml").expect("a config").suites[0].sources.clone();
    assert_eq!(sources("[suite.a]\nadapter = 'criterion'"), ["**/benches/**"]);
    assert_eq!(sources("[suite.a]\nadapter = 'criterion'\nsources = ['perf/**']"), ["perf/**"]);
    assert!(sources("[suite.a]\nadapter = 'command'\nrun = ['x']").is_empty());
}
