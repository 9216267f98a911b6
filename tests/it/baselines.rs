//! Baselines: what is accepted can be read back, a diff of it is short, and no damaged, edited, newer or hostile file is taken for one.

mod commands;
mod exchange;
mod histories;
mod loads;
mod proposals;
mod updates;
mod waivers;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tollgate::baseline::{
    ANY, BaselineError, BaselineFile, Save, Taken, accept, comparable, load_all, parse, prune, render, stored_run, wire,
};
use tollgate::model::verdict::Incomparable;
use tollgate::model::{
    BenchmarkId, Determinism, Direction, Environment, Kind, Metric, MetricId, Name, Quantity, Revision, Role, Run,
    Sample, StoredMetric, StoredRun, StoredSeries, Unit, Why,
};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/baselines");

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

fn machine() -> Environment {
    Environment {
        cpu_model: "AMD EPYC 7763".to_owned(),
        cores: 4,
        memory_bytes: 16 << 30,
        os: "Debian 12".to_owned(),
        kernel: "6.1.0".to_owned(),
        hypervisor: "kvm".to_owned(),
        image: None,
        toolchain: "rustc 1.95.0".to_owned(),
    }
}

fn metric(benchmark: &str, metric: &str, determinism: Determinism) -> Metric {
    let exact = determinism == Determinism::Exact;
    Metric {
        id: MetricId {
            benchmark: BenchmarkId { suite: name("core"), benchmark: name(benchmark) },
            metric: name(metric),
        },
        unit: if exact { Unit::Count } else { Unit::Seconds },
        direction: Direction::LowerIsBetter,
        kind: if exact { Kind::Count } else { Kind::Time },
        determinism,
        role: Role::Gated,
        work: (!exact).then_some(Quantity { value: 1024.0, unit: Unit::Bytes }),
    }
}

fn time(benchmark: &str) -> Metric {
    metric(benchmark, "time", Determinism::Noisy)
}

fn instructions(benchmark: &str) -> Metric {
    metric(benchmark, "instructions", Determinism::Exact)
}

fn run(number: u32, series: Vec<(Metric, Vec<f64>)>) -> StoredRun {
    StoredRun {
        revision: Revision {
            commit: format!("{number:040x}"),
            tree: format!("{:040x}", number + 1000),
            label: "main".to_owned(),
            title: format!("Change number {number}"),
            committed_at_s: 1_795_000_000 + i64::from(number) * 3600,
            dirty: false,
        },
        environment: machine(),
        taken_at_s: 1_795_000_060 + i64::from(number) * 3600,
        tollgate: "0.1.0".to_owned(),
        why: Why::Update,
        conditions: None,
        series: series
            .into_iter()
            .map(|(metric, statistics)| (metric.id.clone(), StoredSeries { metric, statistics }))
            .collect(),
    }
}

fn times(number: u32) -> StoredRun {
    let scaled = |digits: u32, exponent: i32| format!("{}e{exponent}", digits + number).parse().expect("a number");
    let large = vec![scaled(125_000, -8), 1.5e-3];
    run(number, vec![(time("parse/large"), large), (time("parse/small"), vec![scaled(250, -8)])])
}

fn file(runs: impl IntoIterator<Item = StoredRun>) -> BaselineFile {
    let mut file = BaselineFile::new(name("core"), machine().class());
    for run in runs {
        file.add(run);
    }
    file
}

fn rendered(file: &BaselineFile) -> String {
    String::from_utf8(render(file).expect("it is storable")).expect("it is JSON")
}

/// The text with a checksum that fits it, so that what is wrong with its content is found.
fn resealed(text: &str) -> String {
    let body: String = text.split_inclusive('\n').skip(3).collect();
    let seal = sha256(body.as_bytes());
    let head: String = text.split_inclusive('\n').take(2).collect();
    format!("{head}\"checksum\": \"{seal}\",\n{body}")
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    let hex: Vec<String> = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    hex.concat()
}

fn error(bytes: impl AsRef<[u8]>) -> String {
    parse(bytes.as_ref(), "main:baselines/any/core.json").expect_err("it is damaged").to_string()
}

fn only_file(folder: &Path) -> PathBuf {
    let mut found = load_all(folder).expect("a folder");
    assert_eq!(found.len(), 1);
    found.remove(0).0
}

#[test]
fn what_is_written_is_read_back_the_same() {
    let once = file([times(1), times(2)]);
    let bytes = render(&once).unwrap();
    let again = parse(&bytes, "x").unwrap();
    assert_eq!(again, once);
    assert_eq!(render(&again).unwrap(), bytes);
}

#[test]
fn times_keep_six_digits_and_exact_metrics_keep_all() {
    let sum = 0.1 + 0.2;
    let mut stored = file([run(
        1,
        vec![
            (time("t"), vec![1.234_567_89e-6, 1_234_567.89, 1.0 / 3.0, 0.0, 1e-30, 9.999_999e99]),
            (instructions("i"), vec![123_456_789_012_345.0]),
            (instructions("sum"), vec![sum]),
        ],
    )]);
    stored = parse(&render(&stored).unwrap(), "x").unwrap();
    let values: Vec<&[f64]> = stored.runs[0].series.values().map(|series| series.statistics.as_slice()).collect();
    assert_eq!(values[0], [123_456_789_012_345.0]);
    assert_eq!(values[1], [sum]);
    assert_eq!(values[2], [1.23457e-6, 1.23457e6, 0.333_333, 0.0, 1e-30, 1e100]);
}

#[test]
fn rounding_is_done_once_and_for_all() {
    use proptest::prelude::*;
    proptest!(|(values in prop::collection::vec(0.0..1e18_f64, 1..64), scale in -200..80_i32)| {
        let values = values.into_iter().map(|value| value * 10_f64.powi(scale)).collect();
        let first = render(&file([run(1, vec![(time("t"), values)])])).unwrap();
        let read = parse(&first, "x").unwrap();
        prop_assert_eq!(render(&read).unwrap(), first);
    });
}

#[test]
fn accepting_a_run_adds_its_lines_and_changes_one() {
    let before = rendered(&file([times(1), times(2)]));
    let after = rendered(&file([times(1), times(2), times(3)]));
    let count = |text: &str| {
        text.lines().fold(BTreeMap::new(), |mut count: BTreeMap<String, usize>, line| {
            *count.entry(line.to_owned()).or_default() += 1;
            count
        })
    };
    let (before, after) = (count(&before), count(&after));
    let gone: Vec<&String> =
        before.iter().filter(|(line, n)| after.get(*line).is_none_or(|m| m < n)).map(|(l, _)| l).collect();
    assert_eq!(gone.len(), 1, "{gone:?}");
    assert!(gone[0].starts_with("\"checksum\""));
    let lines = |count: &BTreeMap<String, usize>| count.values().sum::<usize>();
    // A header, two metrics, and the end of the block.
    assert_eq!(lines(&after) - lines(&before), 4);
}

#[test]
fn every_schema_that_was_ever_written_is_read() {
    let bytes = fs::read(format!("{FIXTURES}/v1.json")).unwrap();
    let stored = parse(&bytes, "v1.json").unwrap();
    assert_eq!((stored.suite.as_str(), stored.runs.len(), stored.metrics().len()), ("core", 3, 2));
    assert_eq!(render(&stored).unwrap(), bytes);
    let schema = jsonschema::validator_for(&wire::json_schema()).unwrap();
    assert!(schema.is_valid(&serde_json::from_slice(&bytes).unwrap()));
}

#[test]
fn fields_that_this_version_does_not_know_are_ignored() {
    let text = rendered(&file([times(1)])).replace("{\"header\"", "{\"mood\": [\"calm\"], \"header\"");
    assert_eq!(parse(resealed(&text).as_bytes(), "x").unwrap(), file([times(1)]));
}

#[test]
fn a_newer_schema_is_refused_with_a_hint_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(machine().class()).join("core.json");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::copy(format!("{FIXTURES}/v2-from-the-future.json"), &path).unwrap();
    let before = fs::read(&path).unwrap();
    let refused = accept(folder.path(), &name("core"), vec![times(1)], 20).unwrap_err();
    assert!(matches!(refused, BaselineError::Newer { found: 2, .. }), "{refused}");
    assert_eq!(refused.hint().unwrap(), "update Tollgate; the file was left as it is");
    assert!(prune(folder.path(), 1, Save::Really).is_err());
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn an_edited_file_is_refused() {
    let edited = rendered(&file([times(1)])).replace("0.0015", "0.0025");
    insta::assert_snapshot!(error(edited), @"read `main:baselines/any/core.json` (its content does not fit its checksum)");
}

#[test]
fn a_checkout_with_other_line_ends_is_the_same_file() {
    let text = rendered(&file([times(1)])).replace('\n', "\r\n");
    assert_eq!(parse(text.as_bytes(), "x").unwrap(), file([times(1)]));
}

#[test]
fn a_file_cut_at_any_byte_is_refused_with_its_line() {
    let bytes = render(&file([times(1)])).unwrap();
    for length in 0..bytes.len() {
        let message = error(&bytes[..length]);
        assert!(message.contains("line ") || message.contains("checksum"), "{length}: {message}");
    }
    insta::assert_snapshot!(error(&bytes[..bytes.len() / 2]), @"read `main:baselines/any/core.json`, line 10 (EOF while parsing a string at line 10 column 67)");
}

#[test]
fn any_bytes_are_refused_without_a_panic() {
    use proptest::prelude::*;
    let bytes = render(&file([times(1)])).unwrap();
    let body = bytes.len() - String::from_utf8_lossy(&bytes).lines().skip(3).map(|line| line.len() + 1).sum::<usize>();
    proptest!(|(at in body..bytes.len(), byte: u8, noise: Vec<u8>)| {
        let mut broken = bytes.clone();
        broken[at] = byte;
        prop_assert!(byte == bytes[at] || parse(&broken, "x").is_err());
        let _either = parse(resealed(&String::from_utf8_lossy(&broken)).as_bytes(), "x");
        prop_assert!(parse(&noise, "x").is_err());
    });
    assert!(parse("[".repeat(1 << 20).as_bytes(), "x").is_err());
}

#[test]
fn numbers_that_nothing_measures_are_refused_with_their_line() {
    let text = rendered(&file([times(1)]));
    for bad in ["NaN", "-1", "1e400", "1e101", "null", "\"1\"", "-Infinity"] {
        let message = error(resealed(&text.replace("0.0015", bad)));
        assert!(message.contains("line 11"), "{bad}: {message}");
    }
    let folder = tempfile::tempdir().unwrap();
    for bad in [f64::NAN, f64::INFINITY, -1.0, 1e101] {
        let refused = accept(folder.path(), &name("core"), vec![run(1, vec![(time("t"), vec![bad])])], 20).unwrap_err();
        assert!(matches!(refused, BaselineError::Unstorable { .. }), "{refused}");
    }
    assert!(load_all(folder.path()).unwrap().is_empty());
}

#[test]
fn everything_that_cannot_be_is_listed_at_once() {
    let text = rendered(&file([times(1)]))
        .replace("\"2026-11-18T12:07:40Z\"", "\"tomorrow\\u001b[31m\"")
        .replace("\"values\":[2.51e-6]", "\"values\":[]")
        .replacen("\"metric\":\"time\",\"role\"", "\"metric\":\"times\",\"role\"", 1);
    insta::assert_snapshot!(error(resealed(&text)), @r"read `main:baselines/any/core.json` (`core/parse/large:time` has values and no description; `core/parse/small:time` has 0 values, not 1 to 64; `tomorrow\u{1b}[31m` is not a time; `core/parse/large:times` is described and has no values)");
}

#[test]
fn conflict_markers_are_called_by_their_name() {
    let text = rendered(&file([times(1)]));
    let conflict = text.replacen("\"checksum\"", "<<<<<<< HEAD\n\"checksum\"", 1);
    insta::assert_snapshot!(error(conflict), @"read `main:baselines/any/core.json`, line 3 (unresolved merge conflict)");
}

#[test]
fn hostile_names_stay_inside_the_folder_and_come_back_as_they_were() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("baselines");
    for suite in ["../x", "a|b", "a\nb", "..", "/abs", "C:\\x", "con"] {
        let mut hostile = time("../../x|y\n\"<script>\u{202e}");
        hostile.id.benchmark.suite = name(suite);
        let written = accept(&folder, &name(suite), vec![run(1, vec![(hostile, vec![1.0])])], 20).unwrap();
        assert!(written.iter().all(|path| path.starts_with(&folder) && path.is_file()), "{written:?}");
    }
    assert_eq!(fs::read_dir(outer.path()).unwrap().count(), 1);
    let found = load_all(&folder).unwrap();
    assert_eq!(found.len(), 7);
    assert!(found.into_iter().all(|(_, file)| file.unwrap().runs[0].series.len() == 1));
}

#[test]
fn exact_metrics_live_in_the_class_any() {
    let folder = tempfile::tempdir().unwrap();
    let both = run(1, vec![(time("t"), vec![1.0]), (instructions("t"), vec![7.0])]);
    let written = accept(folder.path(), &name("core"), vec![both], 20).unwrap();
    let shown: Vec<_> =
        written.iter().map(|path| path.strip_prefix(folder.path()).unwrap().display().to_string()).collect();
    assert_eq!(shown, ["amd-epyc-7763--4c--debian-12--rustc-1.95.0/core.json", "any/core.json"]);
}

#[test]
fn the_last_runs_are_kept_and_one_revision_may_have_several() {
    let folder = tempfile::tempdir().unwrap();
    for number in [1, 2, 3, 3, 4] {
        accept(folder.path(), &name("core"), vec![times(number)], 4).unwrap();
    }
    let commits = || {
        let stored = load_all(folder.path()).unwrap().remove(0).1.unwrap();
        stored.runs.iter().map(|run| run.revision.commit.trim_start_matches('0').to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(commits(), ["4", "3", "3", "2"]);
    assert_eq!(prune(folder.path(), 2, Save::DryRun).unwrap().len(), 1);
    assert_eq!(commits().len(), 4);
    assert_eq!(prune(folder.path(), 2, Save::Really).unwrap()[0].1, 2);
    assert_eq!(commits(), ["4", "3"]);
}

#[test]
fn a_metric_whose_unit_changed_starts_anew() {
    let mut changed = time("parse/small");
    changed.unit = Unit::Bytes;
    let stored = file([times(1), run(2, vec![(changed.clone(), vec![5.0])])]);
    let again = parse(&render(&stored).unwrap(), "x").unwrap();
    assert_eq!(again.runs[0].series[&changed.id].metric.unit, Unit::Bytes);
    assert!(!again.runs[1].series.contains_key(&changed.id));
}

#[test]
fn a_place_that_cannot_be_written_keeps_what_it_held() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("baselines");
    fs::write(&blocked, "a file").unwrap();
    let refused = accept(&blocked, &name("core"), vec![times(1)], 20).unwrap_err();
    assert!(matches!(refused, BaselineError::Write { .. } | BaselineError::Read { .. }), "{refused}");
    assert_eq!(fs::read_to_string(&blocked).unwrap(), "a file");
}

#[test]
fn a_file_that_lies_in_the_wrong_place_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    accept(folder.path(), &name("core"), vec![times(1)], 20).unwrap();
    let path = only_file(folder.path());
    fs::rename(&path, path.with_file_name("other.json")).unwrap();
    let refused = load_all(folder.path()).unwrap().remove(0).1.unwrap_err();
    assert!(refused.to_string().contains("it belongs to"), "{refused}");
}

#[test]
fn a_run_keeps_one_number_a_round_and_one_value_of_an_exact_metric() {
    let environment = machine();
    let mut measured = Run::new(times(1).revision, environment);
    for round in 0..100 {
        let value = f64::from(round);
        measured.insert(time("t"), round, Sample::new(vec![value + 1.0, value]).unwrap());
        measured.insert(instructions("t"), round, Sample::new(vec![7.0]).unwrap());
        measured.insert(instructions("spreads"), round, Sample::new(vec![f64::from(round % 2)]).unwrap());
    }
    let kept = stored_run(&measured, Taken { at_s: 0, tollgate: "0.1.0".to_owned(), why: Why::Update });
    let lengths: Vec<usize> = kept.series.values().map(|series| series.statistics.len()).collect();
    assert_eq!(lengths, [64, 1, 64]);
    assert_eq!(kept.series[&time("t").id].statistics[..3], [0.0, 1.0, 2.0]);
}

#[test]
fn times_are_compared_within_their_class_and_exact_metrics_everywhere() {
    let mut exact = BaselineFile::new(name("core"), ANY);
    exact.add(run(1, vec![(instructions("i"), vec![7.0])]));
    let files = [exact, file([times(1), times(2)])];
    let runs = |stored: &Result<StoredMetric, Incomparable>| stored.as_ref().unwrap().runs.len();
    let here = comparable(&files, &machine(), &BTreeMap::new());
    assert!(here.values().all(Result::is_ok));
    assert_eq!(runs(&here[&time("parse/large").id]), 2);
    assert_eq!(here[&time("parse/small").id].as_ref().unwrap().runs[0].statistics, [2.52e-6]);

    let elsewhere = comparable(&files, &Environment { cpu_model: "Xeon".to_owned(), ..machine() }, &BTreeMap::new());
    assert_eq!(runs(&elsewhere[&instructions("i").id]), 1);
    let Err(Incomparable::Environment(differences)) = &elsewhere[&time("parse/large").id] else { unreachable!() };
    assert_eq!(differences[0].to_string(), "CPU model: stored on `AMD EPYC 7763`, here `Xeon`");
}
