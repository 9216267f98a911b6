//! Distributions, counts and tracks in the open format: understood, or named as not understood, and written so that they come back.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::{Parsed, parse, write};
use super::*;
use crate::model::Role;

fn read(metrics: &str) -> Parsed {
    let text = format!(r#"{{"schema":1,"benchmarks":[{{"name":"io","metrics":[{metrics}]}}]}}"#);
    parse(text.as_bytes(), &Name::new("s").unwrap(), &BTreeMap::new()).unwrap()
}

fn metric(fields: &str) -> Parsed {
    read(&format!(r#"{{"name":"m",{fields}}}"#))
}

fn track(points: usize) -> String {
    let points: Vec<String> = (0..points).map(|second| format!("[{second},{}]", 100 + second)).collect();
    format!("[{}]", points.join(","))
}

/// Each reading by its metric's name, unit and number.
fn numbers(parsed: &Parsed) -> Vec<(String, String, f64)> {
    let of = |metric: &crate::model::Metric, sample: &Sample| {
        (metric.id.metric.to_string(), metric.unit.symbol().to_owned(), sample.statistic(metric.statistic()))
    };
    parsed.readings.iter().map(|reading| of(&reading.metric, &reading.sample)).collect()
}

fn check(fields: &str, expected: &[(&str, &str, f64)]) {
    let parsed = metric(fields);
    assert_eq!(parsed.unparsed, Vec::<String>::new(), "{fields}");
    let found = numbers(&parsed);
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for ((name, unit, number), expected) in found.iter().zip(expected) {
        assert_eq!((name.as_str(), unit.as_str()), (expected.0, expected.1), "{fields}");
        assert!((number - expected.2).abs() <= 2e-3 * expected.2.abs(), "{number} for {} of {fields}", expected.2);
    }
}

#[test]
fn each_way_of_seeing_becomes_metrics_in_base_units() {
    let half = r#""unit":"ms","histogram":[[1,500],[9,500],[7,0]]"#;
    check(half, &[("m-p50", "s", 0.009), ("m-p95", "s", 0.009), ("m-p99", "s", 0.009)]);
    check(
        r#""unit":"ms","samples":[1,2,3],"summaries":["max","mean","p50","p50"]"#,
        &[("m-max", "s", 0.003), ("m-mean", "s", 0.002), ("m-p50", "s", 0.002)],
    );
    check(r#""unit":"%","better":"lower","events":3,"trials":1000"#, &[("m", "ratio", 0.003)]);
    check(r#""unit":"timeouts/h","better":"lower","events":3,"exposure":1.5"#, &[("m", "timeouts/h", 2.0)]);
    check(&format!(r#""unit":"KiB","track":{}"#, track(50)), &[("m", "B/s", 1024.0)]);
    check(&format!(r#""unit":"B","per":"request","track":{}"#, track(50)), &[("m", "B/request", 1.0)]);
}

#[test]
fn less_growth_is_better_and_the_largest_value_only_informs() {
    let parsed = metric(&format!(r#""unit":"B","track":{}"#, track(50)));
    let growth = &parsed.readings[0].metric;
    assert_eq!((growth.direction, growth.kind), (Direction::LowerIsBetter, Kind::Slope));
    let parsed = metric(r#""unit":"ms","histogram":[[1,2]],"summaries":["p50","max"]"#);
    let roles: Vec<Role> = parsed.readings.iter().map(|reading| reading.metric.role).collect();
    assert_eq!(roles, [Role::Informative, Role::Gated]);
}

#[test]
fn what_cannot_have_been_seen_is_named_with_the_reason() {
    let huge = format!(r#""unit":"B","track":{}"#, track(100_001));
    let pairs = format!(r#""unit":"s","histogram":[{}]"#, vec!["[1,1]"; 250_001].join(","));
    for (fields, reason) in [
        (r#""unit":"ms","histogram":[]"#, "no values in `histogram`"),
        (r#""unit":"ms","histogram":[[1,0]]"#, "no values in `histogram`"),
        (r#""unit":"ms","histogram":[[1]]"#, "an entry of `histogram` is not a value and a count"),
        (r#""unit":"ms","histogram":[7]"#, "an entry of `histogram` is not a value and a count"),
        (r#""unit":"ms","histogram":[[1,1.5]]"#, "a count of `histogram` is 1.5e0, not a whole number of things"),
        (r#""unit":"ms","histogram":[[1,-1]]"#, "a count of `histogram` is -1e0, not a whole number of things"),
        (r#""unit":"ms","histogram":[[1,1e300]]"#, "not a whole number of things"),
        (r#""unit":"ms","histogram":[[0,1]]"#, "the value 0e0 is not a measurement"),
        (r#""unit":"ms","histogram":[[NaN,1]]"#, "the value `NaN` is not a number"),
        (r#""unit":"ms","histogram":[[1,9007199254740992],[2,1]]"#, "more than a sample may hold"),
        (r#""unit":"ms","histogram":[[1,1]],"summaries":["p42"]"#, "`summaries` has `p42`, not one of p50,"),
        (r#""unit":"ms","histogram":[[1,1]],"summaries":[]"#, "`summaries` is empty"),
        (r#""unit":"ms","histogram":[[1,1]],"samples":[1]"#, "both `samples` and `histogram`"),
        (r#""unit":"ratio","better":"lower","events":3"#, "`events` without `trials` or `exposure`"),
        (r#""unit":"ratio","better":"lower","events":3,"trials":2"#, "3 events of 2 trials"),
        (r#""unit":"ratio","better":"lower","events":0,"trials":0"#, "events without an exposure: it is 0,"),
        (r#""unit":"/s","events":1,"exposure":0"#, "events without an exposure: it is 0,"),
        (r#""unit":"/s","events":1,"exposure":NaN"#, "the value `NaN` is not a number"),
        (r#""unit":"/s","events":1,"exposure":1,"trials":1"#, "both `trials` and `exposure`"),
        (r#""unit":"k/s","events":1,"exposure":1"#, "a count is in `/s`, not in `k/s`"),
        (r#""unit":"ratio","events":1,"trials":9"#, "which direction of `ratio` is better is not said"),
        (r#""unit":"B","track":[[0,1],[1,1],[2,1]]"#, "3 points of a track, not 24 to 100000"),
        (r#""unit":"B","track":[[0]]"#, "an entry of `track` is not a time and a value"),
        (&huge, "100001 points of a track"),
        (&pairs, "250001 pairs in `histogram`, more than 250000"),
    ] {
        let parsed = metric(fields);
        assert!(parsed.readings.is_empty(), "{reason}");
        let [line] = parsed.unparsed.as_slice() else { unreachable!("{:?}", parsed.unparsed) };
        assert!(line.contains(reason), "{line} for {reason}");
    }
    let backwards = track(50).replacen("[7,", "[3,", 1);
    let parsed = metric(&format!(r#""unit":"B","track":{backwards}"#));
    assert!(parsed.unparsed[0].ends_with("the time 3 at position 7 is not later than the one before"), "{parsed:?}");
}

#[test]
fn repeated_names_are_one_sample_where_they_can_be() {
    let twice = |fields: &str| read(&format!(r#"{{"name":"m",{fields}}},{{"name":"m",{fields}}}"#));
    let merged = twice(r#""unit":"ms","histogram":[[1,2]]"#);
    let Sample::Quantile { of, .. } = &merged.readings[0].sample else { unreachable!("a quantile") };
    assert_eq!(of.histogram().count(), 4);
    let counted = twice(r#""unit":"%","better":"lower","events":1,"trials":10"#);
    assert_eq!(counted.readings[0].sample, Count::new(2, Exposure::Trials(20)).unwrap().into());
    let tracks = twice(&format!(r#""unit":"B","track":{}"#, track(50)));
    assert_eq!((tracks.readings.len(), tracks.unparsed.len()), (1, 1));
    let mixed = read(
        r#"{"name":"m","unit":"%","better":"lower","samples":[1]},{"name":"m","unit":"%","better":"lower","events":1,"trials":10}"#,
    );
    assert_eq!((mixed.readings.len(), mixed.unparsed.len()), (1, 1));
}

#[test]
fn a_summary_never_takes_the_name_of_another_metric() {
    let parsed = read(r#"{"name":"m","unit":"ms","histogram":[[1,2]]},{"name":"m-p95","unit":"ms","samples":[7]}"#);
    assert_eq!(
        numbers(&parsed).iter().map(|(name, ..)| name.as_str()).collect::<Vec<_>>(),
        ["m-p50", "m-p95", "m-p99"]
    );
    assert!((numbers(&parsed)[1].2 - 0.007).abs() < 1e-12, "the one that was named");
    assert_eq!(parsed.unparsed, ["`io`, `m`: there is another metric called `m-p95`"]);
    let long = format!(r#"{{"name":"{}","unit":"ms","histogram":[[1,2]]}}"#, "m".repeat(511));
    assert_eq!((read(&long).readings.len(), read(&long).unparsed.len()), (0, 3));
}

#[test]
fn what_is_written_is_read_back() {
    let track = track(50);
    let parsed = read(&format!(
        r#"{{"name":"errors","unit":"%","better":"lower","events":3,"trials":1000}},
           {{"name":"timeouts","unit":"/s","better":"lower","events":3,"exposure":2.5}},
           {{"name":"latency","unit":"ms","histogram":[[1,2],[4.5,7]],"summaries":["p50","p99.9","mean"]}},
           {{"name":"memory","unit":"B","track":{track}}},{{"name":"leak","unit":"B","per":"request","track":{track}}}"#
    ));
    assert_eq!((parsed.readings.len(), parsed.unparsed.len()), (7, 0));
    let again = parse(write(&parsed.readings).as_bytes(), &Name::new("s").unwrap(), &BTreeMap::new()).unwrap();
    assert_eq!(again.unparsed, Vec::<String>::new());
    for (one, other) in parsed.readings.iter().zip(&again.readings) {
        assert_eq!(one.metric, other.metric);
        let [one, other] = [one, other].map(|r| r.sample.statistic(r.metric.statistic()));
        assert!((one / other - 1.0_f64).abs() < 1e-3, "{one} {other}");
    }
}

proptest! {
    #[test]
    fn no_numbers_make_the_reader_panic(
        field in prop::sample::select(vec!["samples", "histogram", "events", "track", "trials", "exposure"]),
        other in prop::sample::select(vec!["samples", "histogram", "events", "track", "trials", "exposure"]),
        pairs in prop::collection::vec((any::<f64>(), any::<f64>()), 0..40),
    ) {
        let finite = |value: f64| if value.is_finite() { format!("{value:e}") } else { "NaN".to_owned() };
        let pairs: Vec<String> = pairs.into_iter().map(|(a, b)| format!("[{},{}]", finite(a), finite(b))).collect();
        let _any = metric(&format!(r#""unit":"B","{field}":[{}],"{other}":7"#, pairs.join(",")));
        let _any = metric(&format!(r#""unit":"%","better":"lower","events":7,"{field}":{}"#, pairs.len()));
    }
}
