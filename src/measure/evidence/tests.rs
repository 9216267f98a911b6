//! What is written is read back, for ever; and what nobody can have measured is not.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::measure::rounds::Ended;
use crate::measure::scripted::time;
use crate::model::exhibit::{IndexAdvice, Scan, Statement};
use crate::model::sample::{Count, Exposure, Histogram, Summary, Track};
use crate::model::{
    Arm, BenchmarkId, Canary, CoverageProblem, Determinism, Direction, Environment, Exhibit, Identical, Kind, Metric,
    MetricId, Protocol, Quantity, Role, Run, Sample, Series, Trouble, Unit,
};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn revision(digit: &str, title: &str) -> Revision {
    Revision {
        commit: digit.repeat(40),
        tree: "0a".repeat(20),
        label: "merge base of main".to_owned(),
        title: title.to_owned(),
        committed_at_s: 1_790_000_000,
        dirty: false,
    }
}

fn environment(image: Option<&str>) -> Environment {
    let [cpu_model, os, kernel, hypervisor, toolchain] =
        ["EPYC 7763", "Debian 12", "6.1", "kvm", "rustc 1.95.0"].map(str::to_owned);
    let image = image.map(str::to_owned);
    Environment { cpu_model, cores: 4, memory_bytes: 16 << 30, os, kernel, hypervisor, image, toolchain }
}

/// A metric of every sort that there is, in two rounds.
fn run(revision: Revision) -> Run {
    let mut run = Run::new(revision, environment(Some("ubuntu-24.04")));
    let metric = |metric: &str, unit, kind| {
        let id = MetricId { metric: name(metric), ..time(&name("load"), &name("GET /")).id };
        Metric { id, unit, kind, ..time(&name("load"), &name("GET /")) }
    };
    for round in 0..2_u32 {
        let mut histogram = Histogram::default();
        histogram.record(0.0123, 200).unwrap();
        histogram.record(0.5 + f64::from(round), 3).unwrap();
        let histogram = Arc::new(histogram);
        let trials = Count::new(3, Exposure::Trials(1000)).unwrap();
        let amount = Count::new(2, Exposure::Amount(61.5)).unwrap();
        let points = (0..60).map(|second| (f64::from(second), 1e6 + f64::from(second * (round + 1)))).collect();
        let all = [
            ("errors", Unit::Ratio, Kind::Ratio, trials.into()),
            ("memory", Unit::Bytes, Kind::Slope, Track::new(points).unwrap().into()),
            ("p50", Unit::Seconds, Kind::Time, Sample::quantile(Arc::clone(&histogram), Summary::P50).unwrap()),
            ("p99", Unit::Seconds, Kind::Time, Sample::quantile(histogram, Summary::P99).unwrap()),
            ("timeouts", Unit::PerSecond, Kind::Rate, amount.into()),
        ];
        for (what, unit, kind, sample) in all {
            run.insert(metric(what, unit, kind), round, sample);
        }
        let allocations = Metric {
            determinism: Determinism::Exact,
            direction: Direction::HigherIsBetter,
            role: Role::Informative,
            work: Some(Quantity { value: 64.0, unit: Unit::Bytes }),
            ..metric("cache", Unit::Other(name("hits|@me")), Kind::Count)
        };
        run.insert(allocations, round, Sample::new(vec![12.0]).unwrap());
        run.insert(time(&name("core"), &name("parse")), round, Sample::new(vec![0.1 + 0.2, 0.5]).unwrap());
    }
    run
}

/// A measurement with every field and every variant.
fn everything() -> Measurement {
    let id = BenchmarkId { suite: name("core"), benchmark: name("parse") };
    let one = Series {
        metric: time(&name("core"), &name("parse")),
        rounds: BTreeMap::from([(1, Sample::new(vec![0.25]).unwrap())]),
    };
    let problem = |benchmark: bool, trouble| CoverageProblem {
        suite: name("core"),
        benchmark: benchmark.then(|| id.clone()),
        trouble,
    };
    let (message, tail) = ("`x` ended with 1".to_owned(), "boom\n".to_owned());
    let troubles = vec![
        problem(true, Trouble::New),
        problem(true, Trouble::Missing),
        problem(true, Trouble::Renamed { to: name("b") }),
        problem(false, Trouble::Unparsed { text: "what".to_owned() }),
        problem(false, Trouble::Crashed { arm: Arm::Head, message: message.clone(), tail: tail.clone() }),
        problem(false, Trouble::TimedOut { arm: Arm::Base, limit_s: 60 }),
        problem(false, Trouble::BuildFailed { arm: Arm::Base, message, tail }),
    ];
    let protocol = Protocol {
        first: BTreeMap::from([(id.clone(), BTreeMap::from([(0, Arm::Base), (1, Arm::Head)]))]),
        round_s: BTreeMap::from([(id, 1.5)]),
        canary: Some(Canary { one: one.clone(), other: one }),
        identical: vec![Identical { suite: name("same"), benchmarks: vec![name("a"), name("b")] }],
        // Shown beside the verdict, and no part of what a second judge needs.
        machine: BTreeMap::new(),
    };
    let all = BTreeSet::from([Fact::ByStored, Fact::Changed, Fact::SourcesChanged, Fact::BaseFailed]);
    Measurement {
        tollgate: "0.1.0".to_owned(),
        seed: 9_007_199_254_740_993,
        base: revision("b", "Add the lexer"),
        measured: Measured {
            base: Some(run(revision("b", "Add the lexer"))),
            head: run(revision("c", "Validate <tokens>")),
            rounds_run: 2,
            protocol,
            troubles,
            notes: Vec::new(),
            ended: Ended::TimeLimit,
            elapsed: Duration::from_secs(61),
        },
        suites: BTreeMap::from([(name("core"), BTreeSet::new()), (name("load"), all)]),
        limits: Limits { rounds_max: 120, patient: false, time_limit: Duration::from_mins(10) },
    }
}

#[test]
fn what_is_written_is_read_back_to_the_last_digit_but_for_values_that_do_not_count() {
    let (written, expected) = (to_json(&everything()), everything());
    let read = from_json(written.as_bytes()).unwrap();
    assert_eq!(to_json(&read), written);
    assert_eq!((&read.base, &read.suites, read.limits), (&expected.base, &expected.suites, expected.limits));
    assert_eq!((read.seed, read.measured.ended), (expected.seed, Ended::TimeLimit));
    assert_eq!(read.measured.protocol, expected.measured.protocol);
    assert_eq!(read.measured.troubles, expected.measured.troubles);
    let bases = (read.measured.base.as_ref().unwrap(), expected.measured.base.as_ref().unwrap());
    for (read, expected) in [bases, (&read.measured.head, &expected.measured.head)] {
        assert_eq!((&read.revision, &read.environment), (&expected.revision, &expected.environment));
        let of = |run: &Run| -> Vec<_> {
            run.series.values().map(|series| (series.metric.clone(), series.statistics())).collect()
        };
        assert_eq!(of(read), of(expected));
    }
    let shares = |run: &Run, metric: &str| {
        let series = run.series.iter().find(|(id, _)| id.metric.as_str() == metric).unwrap().1;
        match &series.rounds[&0] {
            Sample::Quantile { of, .. } => Arc::as_ptr(of.histogram()),
            other => unreachable!("{other:?}"),
        }
    };
    assert_eq!(shares(&read.measured.head, "p50"), shares(&read.measured.head, "p99"), "a distribution is kept once");
}

#[test]
fn the_first_schema_is_read_for_ever_and_follows_its_description() {
    let saved = include_str!("../../../tests/fixtures/evidence/v1.json");
    assert_eq!(to_json(&from_json(saved.as_bytes()).unwrap()), to_json(&everything()));
    let schema = jsonschema::validator_for(&schema()).unwrap();
    let written: serde_json::Value = serde_json::from_str(saved).unwrap();
    let errors: Vec<_> = schema.iter_errors(&written).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn a_suite_under_another_load_than_base_is_read_back_as_that() {
    let mut written = everything();
    written.suites.entry(name("load")).or_default().insert(Fact::OtherConditions);
    let text = to_json(&written);
    assert!(text.contains(r#""base-failed","other-conditions"]"#), "{text}");
    assert_eq!(from_json(text.as_bytes()).unwrap().suites, written.suites);
}

/// Requires that the evidence with one text in place of another is refused, for a reason that holds `why`.
#[track_caller]
fn refused(from: &str, to: &str, why: &str) {
    let text = to_json(&everything());
    assert!(text.contains(from), "{from} is not in {text}");
    let error = from_json(text.replacen(from, to, 1).as_bytes()).map(|_| ()).unwrap_err();
    let shown: String = to.chars().take(80).collect();
    assert!(error.to_string().contains(why), "{shown}: {error}");
    assert!(error.to_string().chars().count() < 400 && !error.to_string().contains(['\u{1b}', '\n']), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn what_nobody_can_have_measured_is_refused() {
    refused("\"schema\":1", "\"schema\":2", "schema 2");
    refused("\"schema\":1", "\"schema\":1,\"verdict\":\"pass\"", "unknown field `verdict`");
    refused("\"schema\":1", "\"schema\":1,\"schema\":1", "duplicate field");
    refused("{\"values\":[12.0]}", "{\"values\":[NaN]}", "expected value");
    refused("{\"values\":[12.0]}", "{\"values\":[Infinity]}", "expected value");
    refused("{\"values\":[12.0]}", "{\"values\":[1e999]}", "number out of range");
    refused("{\"values\":[12.0]}", "{\"values\":[-1.0]}", "neither 0 nor between");
    refused("{\"values\":[12.0]}", "{\"values\":[1e300]}", "neither 0 nor between");
    refused("{\"values\":[12.0]}", "{\"values\":[1e-300]}", "neither 0 nor between");
    refused("{\"values\":[12.0]}", "{\"values\":[]}", "no values");
    refused("{\"again\":\"p99\"}", "{\"trials\":[2,1]}", "2 events of 1 trials");
    refused("{\"quantile\":[\"p50\",", "{\"quantile\":[\"p51\",", "unknown variant");
    refused("\"amount\":[2,61.5]", "\"amount\":[2,0.0]", "exposure");
    refused("\"rounds_run\":2", "\"rounds_run\":1", "round 1 of 1");
    refused("\"rounds_run\":2", "\"rounds_run\":121", "121 rounds of at most 120");
    refused("\"rounds_max\":120", "\"rounds_max\":4000000000", "4000000000");
    refused("\"elapsed_s\":61", "\"elapsed_s\":-61", "invalid value");
    refused("\"elapsed_s\":61", "\"elapsed_s\":99999999999", "more than a year");
    refused("\"round_s\":1.5", "\"round_s\":-1.5", "seconds");
    refused("\"base_first\":[0]", "\"base_first\":[0,1]", "a round is there twice");
    refused(&"b".repeat(40), "../../../../etc/passwd", "forty hexadecimal digits");
    refused("\"metric\":\"p99\"", "\"metric\":\"p50\"", "a metric is there twice");
    refused("\"benchmark\":\"GET /\"", "\"benchmark\":\"\"", "the name is empty");
    refused("\"benchmark\":\"GET /\"", "\"benchmark\":\"a\\u0000b\"", "NUL");
    refused("\"title\":\"Add", &format!("\"title\":\"{}", "x".repeat(10_000_000)), "more than 200 characters");
    refused("\"suite\":\"core\"", &format!("\"suite\":\"{}\"", "x".repeat(513)), "more than 512 characters");
    refused("{\"schema\"", &format!("{{\"{}\":1,\"schema\"", "\u{1b}[31m\\n".repeat(1000)), "control character");
    refused("\"head_series\":[", &format!("\"head_series\":[{}", "[".repeat(100_000)), "expected `,` or `]`");
    refused("{\"schema\"", &format!("{{\"x\":{},\"schema\"", "[".repeat(100_000)), "expected value");
}

#[test]
fn lists_are_refused_while_they_are_read() {
    let rounds = "[0,{\"values\":[1.0]}],".repeat(v1::ROUNDS_MAX);
    refused("\"rounds\":[", &format!("\"rounds\":[{rounds}"), "more than 500 items");
    let all = to_json(&everything());
    let (_, from_first) = all.split_once("\"head_series\":[").unwrap();
    let (first, _) = from_first.split_once("}]]},").unwrap();
    let many = format!("{first}}}]]}},").repeat(v1::METRICS_MAX);
    refused("\"head_series\":[", &format!("\"head_series\":[{many}"), "more than 20000 items");
    let large = vec![b' '; BYTES_MAX + 1];
    assert!(matches!(from_json(&large), Err(EvidenceError::TooLarge)));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _any = from_json(&bytes);
    }

    #[test]
    fn damage_is_refused_or_harmless(at in 0_usize..20_000, byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = to_json(&everything()).into_bytes();
        let at = at % bytes.len();
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        if let Ok(read) = from_json(&bytes) {
            prop_assert!(read.measured.head.series.values().all(|series| !series.rounds.is_empty()));
            let _text = to_json(&read);
        }
    }
}

/// A statement of head that attacks whoever reads it.
fn statement(text: &str) -> Exhibit {
    let index = IndexAdvice { create: "CREATE INDEX ON t (a)".to_owned(), would_be_used: Some(true) };
    Exhibit::Statement(Statement {
        benchmark: BenchmarkId { suite: name("core"), benchmark: name("parse") },
        database: "PostgreSQL 15.4".to_owned(),
        text: text.to_owned(),
        calls: 20.0,
        rows: 1.0,
        rows_examined: Some(5e4),
        seconds: 0.02,
        plan: Some(format!("Seq Scan\n  {text}")),
        scans: vec![Scan { table: name("t"), columns: vec![name("a")], rows: 5e4 }],
        index: Some(index),
    })
}

#[test]
fn what_was_seen_beside_the_numbers_is_read_back_and_crowds_out_nothing() {
    let mut measurement = everything();
    measurement.measured.head.show(statement("SELECT '\u{1b}[2J@octocat'"));
    measurement.measured.base.as_mut().unwrap().show(statement("SELECT 1"));
    let read = from_json(to_json(&measurement).as_bytes()).unwrap();
    assert_eq!(read.measured.head.exhibits, measurement.measured.head.exhibits);
    assert_eq!(read.measured.base.unwrap().exhibits, measurement.measured.base.as_ref().unwrap().exhibits);
    for number in 0..1_200 {
        measurement.measured.head.show(statement(&format!("{number}{}", "x".repeat(15_000))));
    }
    let text = to_json(&measurement);
    assert!(text.len() < 12 << 20, "{} bytes", text.len());
    assert!(from_json(text.as_bytes()).unwrap().measured.head.exhibits.len() > 100);
}

#[test]
fn an_exhibit_that_nobody_can_have_seen_is_refused() {
    let mut measurement = everything();
    measurement.measured.head.show(statement("SELECT 1"));
    let written = to_json(&measurement);
    let refused = |from: &str, to: &str| {
        let hostile = written.replacen(from, to, 1);
        assert_ne!(hostile, written, "{from}");
        assert!(from_json(hostile.as_bytes()).is_err(), "{to}");
    };
    refused("\"calls\":20.0", "\"calls\":-1.0");
    refused("\"calls\":20.0", "\"calls\":1e300");
    refused("\"calls\":20.0", "\"calls\":20.0,\"more\":1");
    refused("SELECT 1", &"x".repeat(20_000));
    refused("\"table\":\"t\"", "\"table\":\"\"");
    refused("\"head_exhibits\"", "\"base_exhibits\":[],\"head_exhibits\":[],\"head_exhibits\"");
    let mut alone = measurement;
    alone.measured.base = None;
    let text = to_json(&alone).replacen("\"head_exhibits\"", "\"base_exhibits\"", 1);
    assert!(from_json(text.as_bytes()).is_err());
}
