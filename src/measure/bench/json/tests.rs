//! The open format and its foreign relatives: understood, or named as not understood.

use proptest::prelude::*;

use super::*;

const CUSTOM_SMALLER: &[u8] =
    include_bytes!("../../../../tests/fixtures/formats/github-action-benchmark/customSmallerIsBetter_output2.json");
const CUSTOM_BIGGER: &[u8] =
    include_bytes!("../../../../tests/fixtures/formats/github-action-benchmark/customBiggerIsBetter_output.json");
const JMH: &[u8] = include_bytes!("../../../../tests/fixtures/formats/github-action-benchmark/jmh_output.json");
const BMF: &[u8] = include_bytes!("../../../../tests/fixtures/formats/bencher/report_bmf_mixed.json");
const BMF_DHAT: &[u8] = include_bytes!("../../../../tests/fixtures/formats/bencher/report_dhat.json");

fn suite() -> Name {
    Name::new("s").unwrap()
}

fn read(text: impl AsRef<[u8]>) -> Result<Parsed, JsonError> {
    parse(text.as_ref(), &suite(), &BTreeMap::new())
}

/// One metric of the open format with these fields beside its name.
fn metric(fields: &str) -> Result<Parsed, JsonError> {
    read(format!(r#"{{"schema":1,"benchmarks":[{{"name":"io","metrics":[{{"name":"latency",{fields}}}]}}]}}"#))
}

fn check_refused(fields: &str, line: &str) {
    let parsed = metric(fields).unwrap();
    assert_eq!((parsed.readings.len(), parsed.unparsed), (0, vec![line.to_owned()]), "{fields}");
}

fn values(parsed: &Parsed) -> Vec<(String, Vec<f64>)> {
    parsed.readings.iter().map(|r| (r.metric.id.to_string(), r.sample.values().to_vec())).collect()
}

#[test]
fn the_open_format_becomes_base_units_with_the_direction_and_kind_of_its_unit() {
    let parsed = metric(r#""unit":"ms","samples":[1,2.5]"#).unwrap();
    assert_eq!(values(&parsed), [("s/io:latency".to_owned(), vec![0.001, 0.0025])]);
    let [reading] = parsed.readings.as_slice() else { panic!("one reading") };
    assert_eq!(reading.metric.unit, Unit::Seconds);
    assert_eq!((reading.metric.direction, reading.metric.kind), (Direction::LowerIsBetter, Kind::Time));
    let parsed = metric(r#""unit":"frames","better":"higher","kind":"rate","exact":true,"samples":[60]"#).unwrap();
    let metric = &parsed.readings[0].metric;
    assert_eq!((metric.kind, metric.determinism), (Kind::Rate, Determinism::Exact));
    assert_eq!((metric.unit.symbol(), metric.direction), ("frames", Direction::HigherIsBetter));
}

#[test]
fn an_entry_that_says_too_little_or_too_much_is_named_with_the_reason() {
    let place = "`io`, `latency`: ";
    for (fields, reason) in [
        (r#""samples":[1]"#, "no `unit`"),
        (r#""unit":"ms""#, "no `samples`"),
        (r#""unit":"ms","samples":[]"#, "no samples"),
        (r#""unit":"ms","samples":[1],"samples":[2]"#, "`samples` is repeated"),
        (r#""unit":"ms","samples":[1,null]"#, "a value is not a number"),
        (r#""unit":"ms","samples":["fast"]"#, "the value `fast` is not a number"),
        (r#""unit":"ms","samples":[NaN]"#, "the value `NaN` is not a number"),
        (r#""unit":"ms","samples":[1,-Infinity]"#, "the value `-Infinity` is not a number"),
        (r#""unit":"ms","samples":[0]"#, "the value 0e0 is not a measurement"),
        (r#""unit":"ms","samples":[-5]"#, "the value -5e-3 is not a measurement"),
        (r#""unit":"B","samples":[-5]"#, "the value -5e0 is not a measurement"),
        (r#""unit":"B","samples":[1e300]"#, "the value 1e300 is not a measurement"),
        (r#""unit":"count","samples":[1]"#, "which direction of `count` is better is not said"),
        (r#""unit":"frames","samples":[1]"#, "which direction of `frames` is better is not said"),
        (r#""unit":"ms","better":"faster","samples":[1]"#, "`better` is `faster`, neither `lower` nor `higher`"),
    ] {
        check_refused(fields, &format!("{place}{reason}"));
    }
    assert!(metric(r#""unit":"B","samples":[0]"#).unwrap().unparsed.is_empty());
    assert!(metric(r#""unit":"ms","better":null,"samples":[1]"#).unwrap().unparsed.is_empty());
}

#[test]
fn a_benchmark_without_name_or_metrics_is_named_by_its_place() {
    let parsed =
        read(r#"{"schema":1,"benchmarks":[{"metrics":[]},{"name":"a"},{"name":"b","metrics":[]},7]}"#).unwrap();
    let lines = ["benchmark 1: no `name`", "`a`: no `metrics`", "`b`: no metrics", "benchmark 4: not an object"];
    assert_eq!(parsed.unparsed, lines);
}

#[test]
fn repeated_names_are_values_of_one_sample_unless_they_contradict() {
    let one = |unit: &str, value: f64| {
        format!(r#"{{"name":"a","metrics":[{{"name":"t","unit":"{unit}","samples":[{value}]}}]}}"#)
    };
    let file = |entries: &[String]| format!(r#"{{"schema":1,"benchmarks":[{}]}}"#, entries.join(","));
    let parsed = read(file(&[one("s", 2.0), one("ms", 3000.0)])).unwrap();
    assert_eq!(values(&parsed), [("s/a:t".to_owned(), vec![2.0, 3.0])]);
    let parsed = read(file(&[one("s", 2.0), one("MB", 3.0)])).unwrap();
    assert_eq!(parsed.unparsed, ["`a`, `t`: repeated with another unit, direction or kind"]);
    assert_eq!(values(&parsed), [("s/a:t".to_owned(), vec![2.0])]);
}

#[test]
fn a_truncated_file_is_refused_with_its_place() {
    let error = read("{\"schema\":1,\n\"benchmarks\":[{\"na").unwrap_err();
    assert!(matches!(&error, JsonError::Syntax { line: 2, offset, .. } if *offset > 25), "{error:?}");
    assert!(error.to_string().contains("EOF"), "{error}");
    assert!(matches!(read(""), Err(JsonError::Syntax { .. })));
    assert!(matches!(read("Compiling…\n{}"), Err(JsonError::Syntax { line: 1, offset: 0, .. })));
}

#[test]
fn json_of_another_kind_is_refused() {
    for text in ["{}", "7", r#"{"benchmarks":[]}"#, r#"{"context":{"caches":[]},"benchmarks":[{"name":"fib"}]}"#] {
        assert!(matches!(read(text), Err(JsonError::NotResults { .. })), "{text}");
    }
    assert_eq!(read(r#"{"schema":2,"benchmarks":[]}"#), Err(JsonError::Newer { found: 2.0 }));
    let jmh = read(JMH).unwrap();
    assert_eq!((jmh.readings.len(), jmh.unparsed.as_slice()), (0, ["entry 1: no `name`".to_owned()].as_slice()));
}

#[test]
fn a_deeply_nested_file_does_not_overflow_the_stack() {
    assert!(matches!(read("[".repeat(1_000_000)), Err(JsonError::Syntax { .. })));
    assert!(matches!(read(r#"{"a":"#.repeat(1_000_000)), Err(JsonError::Syntax { .. })));
}

#[test]
fn a_file_of_too_many_values_is_refused_before_it_fills_the_memory() {
    let error = read(format!("[{}0]", "0,".repeat(5_000_000))).unwrap_err();
    assert!(matches!(&error, JsonError::Syntax { message, .. } if message == "too many values"), "{error:?}");
    assert!(matches!(read(vec![b' '; FILE_BYTES_MAX + 1]), Err(JsonError::TooLarge { .. })));
}

#[test]
fn ten_thousand_benchmarks_are_read() {
    let entry = |i| format!(r#"{{"name":"b{i}","metrics":[{{"name":"t","unit":"ns","samples":[1,2,3]}}]}}"#);
    let entries: Vec<String> = (0..10_000).map(entry).collect();
    let parsed = read(format!(r#"{{"schema":1,"benchmarks":[{}]}}"#, entries.join(","))).unwrap();
    assert_eq!((parsed.readings.len(), parsed.unparsed.len()), (10_000, 0));
    assert!(parsed.readings.is_sorted_by(|a, b| a.metric.id < b.metric.id));
}

#[test]
fn a_custom_list_of_github_action_benchmark_takes_directions_from_the_config() {
    let parsed = read(CUSTOM_SMALLER).unwrap();
    assert_eq!((parsed.readings.len(), parsed.unparsed.len()), (4, 0));
    assert_eq!(values(&parsed)[0], ("s/Binary file:value".to_owned(), vec![3886.75 * 1e-9]));
    let parsed = read(CUSTOM_BIGGER).unwrap();
    assert_eq!(parsed.readings.len(), 0);
    assert!(parsed.unparsed[0].ends_with("which direction of `req/s` is better is not said"), "{:?}", parsed.unparsed);
    let better = BTreeMap::from(["req/s", "Megabytes"].map(|unit| (unit.to_owned(), Direction::HigherIsBetter)));
    let parsed = parse(CUSTOM_BIGGER, &suite(), &better).unwrap();
    assert_eq!((parsed.readings.len(), parsed.unparsed.len()), (2, 0));
}

#[test]
fn benchers_latency_is_nanoseconds_and_other_measures_need_a_direction() {
    let parsed = read(BMF).unwrap();
    assert_eq!((parsed.readings.len(), parsed.unparsed.len()), (3, 0));
    assert_eq!(values(&parsed)[1], ("s/benchmark-b:latency".to_owned(), vec![3443.0 * 1e-9]));
    let parsed = read(BMF_DHAT).unwrap();
    assert_eq!((parsed.readings.len(), parsed.unparsed.len()), (0, 6));
    let better = BTreeMap::from([("Max Bytes".to_owned(), Direction::LowerIsBetter)]);
    let parsed = parse(BMF_DHAT, &suite(), &better).unwrap();
    assert_eq!((values(&parsed)[0].1[0], parsed.unparsed.len()), (9.0, 5));
}

#[test]
fn what_is_written_is_read_back_and_fits_the_schema() {
    let text = r#"{"schema":1,"benchmarks":[{"name":"a\"\u001b","metrics":[
        {"name":"t","unit":"us","samples":[1.5,2]},{"name":"u","unit":"frames","better":"higher","exact":true,"samples":[0]}]}]}"#;
    let parsed = read(text).unwrap();
    let written = write(&parsed.readings);
    assert_eq!(read(&written).unwrap(), parsed);
    let schema = schema();
    let fits = |text: &str| jsonschema::is_valid(&schema, &serde_json::from_str(text).unwrap());
    assert!(fits(text) && fits(&written));
    assert!(!fits(r#"{"schema":1,"benchmarks":[{"name":"a"}]}"#) && !fits("{}"));
}

#[test]
fn the_example_of_the_documentation_is_understood_as_a_whole() {
    let page = include_str!("../../../../docs/open-format.md");
    let (_, rest) = page.split_once("```json\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let parsed = read(example).unwrap();
    assert_eq!((parsed.readings.len(), parsed.unparsed.len()), (3, 0));
    assert!(jsonschema::is_valid(&schema(), &serde_json::from_str(example).unwrap()));
    assert!(Unit::symbols().all(|symbol| page.contains(&format!("`{symbol}`")) || symbol.starts_with('μ')));
}

/// How many values a file holds that has one value an entry.
fn entries(file: &serde_json::Value) -> usize {
    let list =
        |node: &serde_json::Value, key: &str| node.get(key).and_then(|n| n.as_array().cloned()).unwrap_or_default();
    match file {
        serde_json::Value::Array(entries) => entries.len(),
        serde_json::Value::Object(all) if all.get("schema").is_some_and(serde_json::Value::is_number) => {
            list(file, "benchmarks").iter().map(|benchmark| list(benchmark, "metrics").len().max(1)).sum()
        }
        serde_json::Value::Object(all) => all.values().map(|one| one.as_object().map_or(1, serde_json::Map::len)).sum(),
        _ => 0,
    }
}

fn open_format() -> Vec<u8> {
    let entry =
        |i| format!(r#"{{"name":"b{i}","metrics":[{{"name":"t","unit":"ns","better":"lower","samples":[{i}.5]}}]}}"#);
    format!(r#"{{"schema":1,"benchmarks":[{}]}}"#, (1..9).map(entry).collect::<Vec<_>>().join(",\n")).into_bytes()
}

fn check_nothing_is_lost(bytes: &[u8]) {
    let (Ok(parsed), Ok(file)) = (read(bytes), serde_json::from_slice(bytes)) else { return };
    let understood: usize = parsed.readings.iter().map(|reading| reading.sample.values().len()).sum();
    assert!(understood + parsed.unparsed.len() >= entries(&file), "{}", String::from_utf8_lossy(bytes));
    assert!(parsed.unparsed.iter().all(|line| !line.chars().any(char::is_control)));
}

proptest! {
    #[test]
    fn a_damaged_file_never_panics_and_loses_no_entry_in_silence(
        which in 0..5_usize,
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 0..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = vec![open_format(), CUSTOM_SMALLER.to_vec(), CUSTOM_BIGGER.to_vec(), BMF.to_vec(), BMF_DHAT.to_vec()]
            .swap_remove(which);
        for (at, bit) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        check_nothing_is_lost(&bytes);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check_nothing_is_lost(&bytes);
    }
}
