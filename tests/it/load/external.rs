//! Results of load tools in `tollgate compare`, and another tool as the engine of a scenario.
#![expect(clippy::disallowed_methods, reason = "puts results where a tool would")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tollgate::config::scenario::{Address, Engine, External, LoadFormat, Origin, Scenario, Target};
use tollgate::config::{Adapter, Suite};
use tollgate::measure::bench::Parsed;
use tollgate::measure::stop::Stop;
use tollgate::measure::suite::{PartError, Place, external};
use tollgate::measure::surroundings::Surroundings;
use tollgate::model::Name;

use crate::harness::TestRepo;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/load");

/// Runs a command as the engine of a scenario, in a folder of its own.
fn run(format: LoadFormat, command: &[&str]) -> Result<Parsed, PartError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let words: Vec<String> = command.iter().map(|&word| word.to_owned()).collect();
    let external = External { format, run: words, timeout: Duration::from_secs(20) };
    let origin = Origin::Tcp { tls: false, host: "::1".to_owned(), port: 8081 };
    let addresses = [Address { origin, weight: 1 }];
    let scenario =
        Scenario { target: Target::Addresses(addresses.to_vec()), engine: Engine::External(external.clone()) };
    let suite = Suite {
        name: Name::new("api").expect("a word is a name"),
        adapter: Adapter::Scenario(Box::new(scenario)),
        directory: PathBuf::from("."),
        environment: BTreeMap::new(),
        build: Vec::new(),
        filter: None,
        timeout: Duration::from_secs(20),
        sources: Vec::new(),
    };
    let path = |name: &str| folder.path().join(name);
    let place = Place { root: folder.path().to_owned(), target: path("target"), scratch: path("scratch") };
    fs::create_dir(&place.scratch).expect("a temporary folder");
    let surroundings = Surroundings {
        tollgate: PathBuf::from(env!("CARGO_BIN_EXE_tollgate")),
        environment: BTreeMap::from([("PATH".to_owned(), std::env::var("PATH").expect("tests run with a PATH"))]),
        stop: Stop::new(),
        delay: Duration::ZERO,
    };
    external::run(&suite, &external, &addresses, &place, &surroundings)
}

fn fixture(file: &str) -> String {
    Path::new(FIXTURES).join(file).display().to_string()
}

#[cfg(unix)]
#[test]
fn a_tool_writes_a_file_or_prints_and_its_own_thresholds_are_notes() {
    let points = fixture("k6/pod-1.ndjson");
    let parsed = run(LoadFormat::K6, &["cp", &points, "{output}"]).unwrap();
    assert!(parsed.notes.is_empty(), "{:?}", parsed.notes);
    assert!(parsed.readings.iter().any(|reading| reading.metric.id.to_string() == "api/home:latency-p95"));
    let printed = run(LoadFormat::Wrk, &["cat", &fixture("wrk/wrk.txt")]).unwrap();
    assert_eq!(printed.readings.len(), 9);
    let script = "cp \"$1\" \"$2\"; exit 99";
    let crossed = run(LoadFormat::K6, &["sh", "-c", script, "sh", &points, "{output}"]).unwrap();
    assert_eq!(crossed.readings, parsed.readings);
    assert!(crossed.notes[0].contains("k6 ended with 99"), "{:?}", crossed.notes);
    let table = run(LoadFormat::Locust, &["cp", &fixture("locust/stats.csv"), "{output}_stats.csv"]).unwrap();
    assert!(table.readings.iter().any(|reading| reading.metric.id.to_string() == "api/GET items:latency-p95"));
}

#[cfg(unix)]
#[test]
fn a_tool_knows_where_the_service_is() {
    let error = run(LoadFormat::Wrk, &["echo", "{url}/a", "{port}"]).unwrap_err();
    let PartError::Unreadable { tail, .. } = &error else { unreachable!("{error}") };
    assert_eq!(tail.trim(), "http://[::1]:8081/a 8081");
    let wrong = run(LoadFormat::Wrk, &["echo", "{host}"]).unwrap_err();
    assert!(wrong.to_string().contains("`{host}` stands for nothing"), "{wrong}");
}

#[cfg(unix)]
#[test]
fn a_tool_that_fails_or_leaves_nothing_gives_no_numbers() {
    for (format, command) in [
        (LoadFormat::K6, ["sh", "-c", "exit 107"]),
        (LoadFormat::Wrk, ["sh", "-c", "exit 99"]),
        (LoadFormat::K6, ["sh", "-c", "exit 99"]),
        (LoadFormat::K6, ["true", "{output}", ""]),
        (LoadFormat::Oha, ["echo", "{}", "hello"]),
    ] {
        let command: Vec<&str> = command.into_iter().filter(|word| !word.is_empty()).collect();
        assert!(run(format, &command).is_err(), "{command:?}");
    }
}

/// The judgement of two results with the exit status.
fn compare(repo: &TestRepo, arguments: &[&str]) -> (i32, Value) {
    let output = repo.tollgate(&[&["compare", "--json"], arguments].concat());
    let judgement = serde_json::from_str(&output.stdout).unwrap_or_else(|_| unreachable!("{}", output.stderr));
    (output.status, judgement)
}

fn row<'a>(judgement: &'a Value, id: &str) -> &'a Value {
    let (benchmark, metric) = id.split_once(':').expect("a benchmark and a metric");
    let rows = judgement["rows"].as_array().expect("rows");
    let found = rows.iter().find(|row| row["id"]["benchmark"] == benchmark && row["id"]["metric"] == metric);
    found.unwrap_or_else(|| unreachable!("{id} in {} rows", rows.len()))
}

#[test]
fn two_results_of_a_tool_are_compared_and_say_what_they_cannot() {
    let repo = TestRepo::new();
    let (one, other) = (fixture("vegeta/report.json"), repo.around().join("slow.json"));
    let slow = fs::read_to_string(&one).unwrap().replace("\"50th\":2854306", "\"50th\":285430600");
    fs::write(&other, slow).unwrap();
    let (status, judgement) = compare(&repo, &[&one, &other.display().to_string()]);
    assert_eq!(status, 10, "{judgement}");
    assert_eq!(row(&judgement, "all requests:latency-p50")["verdict"]["kind"], "regressed");
    assert_eq!(row(&judgement, "all requests:latency-p95")["verdict"]["doubt"]["kind"], "one-process");
    let notices = judgement["notices"].to_string();
    assert!(notices.contains("head: Vegeta's report has no raw data"), "{notices}");
}

#[test]
fn a_folder_of_parts_is_one_run_where_the_tool_is_named() {
    let repo = TestRepo::new();
    let pods = repo.around().join("pods");
    fs::create_dir(&pods).unwrap();
    for pod in ["pod-1.ndjson", "pod-2.ndjson"] {
        fs::copy(fixture(&format!("k6/{pod}")), pods.join(pod)).unwrap();
    }
    let pods = pods.display().to_string();
    let (status, judgement) = compare(&repo, &["--format", "k6", &fixture("k6/pod-1.ndjson"), &pods]);
    assert_eq!(status, 0, "{judgement}");
    assert!(row(&judgement, "home:latency-p95").is_object());
    let unknown = repo.tollgate(&["compare", &pods, &pods]);
    assert_eq!(unknown.status, 4, "{}", unknown.stderr);
    assert!(unknown.stderr.contains("--format"), "{}", unknown.stderr);
    let summaries = repo.around().join("summaries");
    fs::create_dir(&summaries).unwrap();
    for name in ["a.json", "b.json"] {
        fs::copy(fixture("k6/summary-export.json"), summaries.join(name)).unwrap();
    }
    let summaries = summaries.display().to_string();
    let refused = repo.tollgate(&["compare", "--format", "k6", &summaries, &summaries]);
    assert_eq!(refused.status, 6, "{}", refused.stderr);
    assert!(refused.stderr.contains("merge 2 results of k6"), "{}", refused.stderr);
}
