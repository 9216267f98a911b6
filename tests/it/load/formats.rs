//! Results of other load tools become the metrics of a scenario; what they cannot say is a sentence; nothing in them makes Tollgate fall over.
#![expect(clippy::disallowed_methods, reason = "reads the recorded results")]

use std::collections::BTreeMap;
use std::fs;
use std::io::BufRead;
use std::path::Path;

use proptest::prelude::*;
use tollgate::config::scenario::LoadFormat;
use tollgate::measure::bench::Parsed;
use tollgate::measure::bench::load::{self, LoadError, REQUESTS_MAX};
use tollgate::model::{Name, Role};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/load");

/// Each recorded result with its format.
const RESULTS: [(&str, LoadFormat); 24] = [
    ("k6/pod-1.ndjson", LoadFormat::K6),
    ("k6/pod-2.ndjson", LoadFormat::K6),
    ("k6/summary-export.json", LoadFormat::K6),
    ("k6/handle-summary.json", LoadFormat::K6),
    ("k6/machine-readable.json", LoadFormat::K6),
    ("gatling/simulation.log", LoadFormat::Gatling),
    ("gatling/simulation-2.log", LoadFormat::Gatling),
    ("gatling/assertions.xml", LoadFormat::Gatling),
    ("jmeter/results.jtl", LoadFormat::Jmeter),
    ("locust/stats.json", LoadFormat::Locust),
    ("locust/stats.csv", LoadFormat::Locust),
    ("locust/stats_history.csv", LoadFormat::Locust),
    ("vegeta/report.json", LoadFormat::Vegeta),
    ("vegeta/results.ndjson", LoadFormat::Vegeta),
    ("oha/ok.json", LoadFormat::Oha),
    ("oha/not-found.json", LoadFormat::Oha),
    ("wrk/wrk.txt", LoadFormat::Wrk),
    ("wrk/wrk-404.txt", LoadFormat::Wrk),
    ("wrk/wrk2.txt", LoadFormat::Wrk),
    ("h2load/text.txt", LoadFormat::H2load),
    ("h2load/text-404.txt", LoadFormat::H2load),
    ("h2load/log.tsv", LoadFormat::H2load),
    ("autocannon/ok.json", LoadFormat::Autocannon),
    ("autocannon/not-found.json", LoadFormat::Autocannon),
];

fn bytes(file: &str) -> Vec<u8> {
    fs::read(Path::new(FIXTURES).join(file)).expect("a recorded result")
}

fn suite() -> Name {
    Name::new("api").expect("a word is a name")
}

fn parse(format: LoadFormat, file: &str) -> Parsed {
    load::parse(format, &bytes(file), &suite()).unwrap_or_else(|error| unreachable!("{file}: {error}"))
}

/// The readings of some metrics, a line each, and the notes.
fn told(parsed: &Parsed) -> String {
    let mut lines: Vec<String> = Vec::new();
    for reading in &parsed.readings {
        let metric = &reading.metric;
        let value = reading.sample.statistic(metric.statistic());
        let kind = reading
            .sample
            .count()
            .map_or(String::new(), |count| format!(" ({} of {})", count.events(), count.amount()));
        let role = if metric.role == Role::Gated { "" } else { " i" };
        lines.push(format!(
            "{}:{} {value:.6} {}{kind}{role}",
            metric.id.benchmark.benchmark, metric.id.metric, metric.unit
        ));
    }
    lines.extend(parsed.unparsed.iter().map(|line| format!("? {line}")));
    lines.extend(parsed.notes.iter().map(|note| format!("- {note}")));
    lines.join("\n")
}

#[test]
fn each_recorded_result_says_what_it_says_and_no_more() {
    for (format, results) in by_tool() {
        let all: Vec<String> = results.iter().map(|file| format!("# {file}\n{}", told(&parse(format, file)))).collect();
        insta::assert_snapshot!(load::tool(format), all.join("\n\n"));
    }
}

fn by_tool() -> BTreeMap<LoadFormat, Vec<&'static str>> {
    let mut tools: BTreeMap<LoadFormat, Vec<&str>> = BTreeMap::new();
    for (file, format) in RESULTS {
        tools.entry(format).or_default().push(file);
    }
    tools
}

#[test]
fn the_pods_of_one_run_are_one_result_with_the_sum_of_their_requests() {
    let (one, other) = (bytes("k6/pod-1.ndjson"), bytes("k6/pod-2.ndjson"));
    let sources: Vec<Box<dyn BufRead>> = vec![Box::new(one.as_slice()), Box::new(other.as_slice())];
    let merged = load::read(LoadFormat::K6, sources, &suite()).unwrap();
    let find = |parsed: &Parsed, metric: &str| {
        let reading = parsed.readings.iter().find(|reading| reading.metric.id.to_string() == format!("api/{metric}"));
        reading.unwrap_or_else(|| unreachable!("{metric}")).sample.clone()
    };
    let parts = ["k6/pod-1.ndjson", "k6/pod-2.ndjson"].map(|file| parse(LoadFormat::K6, file));
    let counts = |parsed: &Parsed| *find(parsed, "all requests:errors").count().unwrap();
    assert_eq!(counts(&merged), counts(&parts[0]).plus(&counts(&parts[1])).unwrap());
    let late = *find(&merged, "all requests:late-arrivals").count().unwrap();
    assert_eq!((late.events(), late.amount()), (2, 78.0));
    // A file that is the whole run twice has its quantiles, not their sum.
    let twice: Vec<Box<dyn BufRead>> = vec![Box::new(one.as_slice()), Box::new(one.as_slice())];
    let twice = load::read(LoadFormat::K6, twice, &suite()).unwrap();
    let p95 = |parsed: &Parsed| find(parsed, "home:latency-p95").statistic(tollgate::model::sample::Statistic::Min);
    assert!((p95(&twice) / p95(&parts[0]) - 1.0).abs() < 0.05);
}

#[test]
fn a_table_without_a_header_says_the_same() {
    let with = told(&parse(LoadFormat::Jmeter, "jmeter/results.jtl"));
    assert_eq!(told(&parse(LoadFormat::Jmeter, "jmeter/no-header.jtl")), with);
}

#[test]
fn each_format_is_known_by_its_beginning() {
    for (file, format) in RESULTS {
        let found = load::detect(&bytes(file));
        let known = if file == "gatling/simulation-2.log" { Some(LoadFormat::Gatling) } else { Some(format) };
        assert_eq!(found, known, "{file}");
    }
    assert_eq!(load::detect(&bytes("gatling/binary.log")), Some(LoadFormat::Gatling));
    let open = br#"{"schema":1,"benchmarks":[{"name":"\"root_group\"","metrics":[]}]}"#;
    for other in [open.as_slice(), b"", b"[]", b"{}", b"hello\n", br#"[{"name":"a","unit":"ns","value":1}]"#] {
        assert_eq!(load::detect(other), None, "{}", String::from_utf8_lossy(other));
    }
}

#[test]
fn what_cannot_be_read_says_why_and_what_to_do() {
    let told = |format, bytes: &[u8]| {
        let error = load::parse(format, bytes, &suite()).unwrap_err();
        format!("{error}; {}", error.hint().unwrap_or_default())
    };
    let binary = told(LoadFormat::Gatling, &bytes("gatling/binary.log"));
    assert!(binary.contains("binary") && binary.contains("JUnit"), "{binary}");
    let xml = told(LoadFormat::Jmeter, b"<?xml version=\"1.0\"?><testResults/>");
    assert!(xml.contains("output_format=csv"), "{xml}");
    for (_, format) in RESULTS {
        for nothing in [b"".as_slice(), b"\n\n", b"hello", b"{}", b"[]", b"\xff\xfe\x00"] {
            assert!(load::parse(format, nothing, &suite()).is_err(), "{format:?} of {nothing:?}");
        }
    }
}

#[test]
fn summaries_are_not_merged_and_names_are_not_without_number() {
    let (one, other) = (bytes("vegeta/report.json"), bytes("vegeta/report.json"));
    let sources: Vec<Box<dyn BufRead>> = vec![Box::new(one.as_slice()), Box::new(other.as_slice())];
    let error = load::read(LoadFormat::Vegeta, sources, &suite()).unwrap_err();
    assert!(matches!(error, LoadError::Unmergeable { count: 2, .. }), "{error}");
    let many: Vec<String> = (0..=REQUESTS_MAX)
        .map(|number| format!("{number},5,item {number},200,OK,t,text,true,,1,1,1,1,,5,0,0\n"))
        .collect();
    let error = load::parse(LoadFormat::Jmeter, many.concat().as_bytes(), &suite()).unwrap_err();
    assert!(matches!(error, LoadError::TooMany), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is cut off, turned over or repeated: an answer or an error, with metrics that can be stored, and never a panic.
    #[test]
    fn damaged_results_never_make_a_parser_fall_over(
        which in 0..RESULTS.len(),
        cut in 0.0..1.0_f64,
        changes in proptest::collection::vec((0.0..1.0_f64, any::<u8>()), 0..12),
        as_format in 0..RESULTS.len(),
    ) {
        let mut damaged = bytes(RESULTS[which].0);
        damaged.truncate(12_000);
        let length = damaged.len() as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
        let at = |share: f64| (share * length) as usize;
        for (share, byte) in changes {
            damaged[at(share)] = byte;
        }
        damaged.truncate(at(cut));
        load::detect(&damaged);
        for format in [RESULTS[which].1, RESULTS[as_format].1] {
            if let Ok(parsed) = load::parse(format, &damaged, &suite()) {
                prop_assert!(parsed.readings.is_sorted_by(|one, other| one.metric.id < other.metric.id));
                for reading in &parsed.readings {
                    prop_assert!(reading.sample.statistic(reading.metric.statistic()).is_finite());
                }
            }
        }
    }
}
