//! What criterion leaves is read in full or reported, and its benches are built, listed and run by what the suite says.
#![expect(clippy::unwrap_used, reason = "a test whose stage cannot be set has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proptest::prelude::*;
use tempfile::TempDir;
use tollgate::config::{Adapter, CriterionOptions, Suite};
use tollgate::measure::bench::Parsed;
use tollgate::measure::bench::criterion_folder::read_folder;
use tollgate::measure::stop::Stop;
use tollgate::measure::suite::{Build, Only, Part, PartError, Place, prepare};
use tollgate::measure::surroundings::Surroundings;
use tollgate::model::Name;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats").join(path)
}

fn read(dir: &Path, which: &str) -> Parsed {
    read_folder(dir, which, &name("s")).unwrap()
}

fn names(parsed: &Parsed) -> Vec<String> {
    parsed.readings.iter().map(|reading| reading.metric.id.benchmark.benchmark.to_string()).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

// ---- result folders

#[test]
fn every_version_of_criterion_gives_full_names_values_and_throughput() {
    for version in ["0.5.1", "0.6.0", "0.7.0"] {
        let parsed = read(&fixture(&format!("criterion-{version}/results")), "new");
        let long = format!("größe/<b>|\"q\"/{}", "long name ".repeat(12));
        let expected = [
            "fib 20".to_owned(),
            "größe/<b>|\"q\"/7".to_owned(),
            format!("{long}1"),
            format!("{long}2"),
            "größe/<b>|\"q\"/new/a:b".to_owned(),
        ];
        assert_eq!(names(&parsed), expected, "{version}");
        assert_eq!(parsed.unparsed, [""; 0], "{version}");
        let work: Vec<_> =
            parsed.readings.iter().map(|reading| reading.metric.work.as_ref().map(|work| work.value)).collect();
        assert_eq!(work, [None, Some(1000.0), Some(1000.0), Some(1000.0), Some(3.0)], "{version}");
        for reading in &parsed.readings {
            assert_eq!(reading.sample.values().len(), 11, "12 samples, the first left out: {version}");
            assert!(reading.sample.values().iter().all(|value| (1e-11..1e-4).contains(value)), "{version}");
        }
    }
}

#[test]
fn names_come_from_inside_the_files_and_not_from_cut_and_escaped_folders() {
    let parsed = read(&fixture("criterion-0.8.2/results"), "new");
    let long = "a_very_long_name_that_goes_beyond_the_sixty_four_character_limit_of_directory_names";
    let group = "group/with:odd chars?";
    let expected = [
        "fib 20".to_owned(),
        format!("{group}/10"),
        format!("{group}/{long}_1"),
        format!("{group}/{long}_2"),
        format!("{group}/flat"),
        format!("{group}/rec/10"),
    ];
    assert_eq!(names(&parsed), expected);
    assert_eq!(names(&read(&fixture("criterion-0.8.2/results"), "base")), expected);
}

#[test]
fn a_saved_baseline_and_the_two_samples_of_a_quick_run_are_read() {
    let parsed = read(&fixture("criterion-0.8.2/quick"), "main");
    assert_eq!(parsed.readings[0].sample.values().len(), 2);
    assert_eq!(read(&fixture("criterion-0.8.2/quick"), "absent"), Parsed::default());
}

#[test]
fn the_change_that_criterion_computed_is_not_taken_for_a_measurement() {
    let parsed = read(&fixture("criterion-0.8.2/results"), "change");
    assert_eq!(parsed.readings, []);
    assert_eq!(parsed.unparsed[0], "fib 20/change: no `benchmark.json`; the benchmark did not end well");
}

#[test]
fn a_missing_folder_is_an_error_with_a_hint() {
    let error = read_folder(Path::new("/nowhere/criterion"), "new", &name("s")).unwrap_err();
    assert!(error.to_string().contains("/nowhere/criterion") && error.hint().unwrap().contains("target/criterion"));
}

#[test]
fn what_is_broken_is_reported_with_its_place_and_the_rest_is_read() {
    let dir = TempDir::new().unwrap();
    copy(&fixture("criterion-0.8.2/results"), dir.path());
    let group = dir.path().join("group_with_odd chars_");
    fs::write(group.join("flat/new/sample.json"), r#"{"iters":[1],"times":[0]}"#).unwrap();
    fs::write(group.join("rec/10/new/benchmark.json"), "{").unwrap();
    fs::remove_file(group.join("10/new/benchmark.json")).unwrap();
    fs::remove_file(dir.path().join("fib 20/new/sample.json")).unwrap();
    copy(&dir.path().join("fib 20/new"), &dir.path().join("fib 20 copy/new"));
    let parsed = read(dir.path(), "new");
    assert_eq!(names(&parsed).len(), 3);
    assert_eq!(parsed.readings[0].sample.values().len(), 1, "the estimate, for want of samples");
    assert_eq!(
        parsed.unparsed,
        [
            "fib 20 copy/new: `fib 20` is also the name of fib 20/new",
            "group_with_odd chars_/10/new: no `benchmark.json`; the benchmark did not end well",
            "group_with_odd chars_/flat/new: `sample.json`: sample 0 is 0 ns for 1 iterations",
            "group_with_odd chars_/rec/10/new: `benchmark.json` is not what criterion writes: EOF while parsing an object at line 1 column 1",
        ]
    );
}

#[cfg(unix)]
#[test]
fn links_out_of_the_folder_are_not_followed() {
    let dir = TempDir::new().unwrap();
    let real = fixture("criterion-0.8.2/results/fib 20/new");
    std::os::unix::fs::symlink(real.parent().unwrap(), dir.path().join("linked")).unwrap();
    let place = dir.path().join("files/new");
    fs::create_dir_all(&place).unwrap();
    std::os::unix::fs::symlink(real.join("benchmark.json"), place.join("benchmark.json")).unwrap();
    let parsed = read(dir.path(), "new");
    assert_eq!(parsed.readings, []);
    assert_eq!(parsed.unparsed, ["files/new: `benchmark.json`: not a regular file"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_damage_to_a_file_loses_a_benchmark_silently(
        which in 0_usize..5,
        file in prop::sample::select(vec!["benchmark.json", "sample.json", "estimates.json"]),
        at in any::<prop::sample::Index>(),
        damage in prop::sample::select(vec!["flip", "cut", "huge", "minus", "null", "bytes"]),
        bit in 0_u8..8,
    ) {
        let dir = TempDir::new().unwrap();
        copy(&fixture("criterion-0.5.1/results"), dir.path());
        let mut places: Vec<_> = walkdir::WalkDir::new(dir.path()).sort_by_file_name().into_iter()
            .map(|entry| entry.unwrap().into_path()).filter(|path| path.ends_with(format!("new/{file}"))).collect();
        let place = places.swap_remove(which);
        let mut bytes = fs::read(&place).unwrap();
        let at = at.index(bytes.len());
        match damage {
            "flip" => bytes[at] ^= 1 << bit,
            "cut" => bytes.truncate(at),
            "huge" => drop(bytes.splice(at..at, *b"9e999")),
            "minus" => bytes[at] = b'-',
            "null" => drop(bytes.splice(at..at, *b"null")),
            _ => drop(bytes.splice(at..at, *b"\xff\0\"[{")),
        }
        fs::write(&place, bytes).unwrap();
        let parsed = read(dir.path(), "new");
        prop_assert_eq!(parsed.readings.len() + parsed.unparsed.len(), 5);
        for reading in &parsed.readings {
            prop_assert!(reading.sample.values().iter().all(|value| *value > 0.0 && value.is_finite()));
        }
    }
}

// ---- suites

/// One build and run at a time: they share a target folder, so that it is warm from test to test and from run to run.
fn one_at_a_time() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn surroundings() -> Surroundings {
    let ours = |name: &str| name.starts_with("CARGO_") && name != "CARGO_HOME" || name == "LD_LIBRARY_PATH";
    Surroundings {
        tollgate: PathBuf::from(env!("CARGO_BIN_EXE_tollgate")),
        environment: std::env::vars().filter(|(name, _)| !ours(name)).collect(),
        stop: Stop::new(),
        delay: Duration::ZERO,
    }
}

fn suite(filter: Option<&str>, benches: &[&str]) -> Suite {
    Suite {
        name: name("s"),
        adapter: Adapter::Criterion(CriterionOptions {
            package: None,
            benches: benches.iter().map(|&bench| bench.to_owned()).collect(),
            features: Vec::new(),
            warm_up_s: 0.001,
            measurement_s: 0.005,
            sample_size: 12,
        }),
        directory: PathBuf::new(),
        environment: BTreeMap::new(),
        build: Vec::new(),
        filter: filter.map(str::to_owned),
        timeout: Duration::from_mins(10),
        sources: Vec::new(),
    }
}

/// A crate, its warm target folder and an empty scratch folder.
fn place(root: &Path, target: &str, scratch: &TempDir) -> Place {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join(target);
    Place { root: root.to_owned(), target, scratch: scratch.path().to_owned() }
}

fn prepared(suite: &Suite, place: &Place) -> Result<Vec<Box<dyn Part>>, PartError> {
    prepare(suite, Build::Needed, place, &surroundings())
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/rust-criterion")
}

fn set(names: &[&str]) -> BTreeSet<Name> {
    names.iter().map(|&text| name(text)).collect()
}

#[test]
fn the_example_is_built_listed_and_run_as_one_part() {
    let _turn = one_at_a_time();
    let scratch = TempDir::new().unwrap();
    let place = place(&example(), "example", &scratch);
    let parts = prepared(&suite(None, &[]), &place).unwrap();
    assert_eq!(parts.iter().map(|part| part.key()).collect::<Vec<_>>(), ["textkit"]);
    let all = [
        "fingerprint",
        "json/parse",
        "merge sort/mixed",
        "merge sort/sorted",
        "words/count/1000",
        "words/count/10000",
        "words/tokens/1000",
        "words/tokens/10000",
    ];
    assert_eq!(parts[0].expected(), Some(&set(&all)));
    let parsed = parts[0].run(Only::All, 1, &place, &surroundings()).unwrap();
    assert_eq!((names(&parsed), parsed.unparsed.clone()), (all.map(str::to_owned).to_vec(), vec![]));
    assert!(parsed.readings.iter().all(|reading| reading.sample.values().len() == 11));
}

#[test]
fn only_the_benchmarks_that_are_asked_for_are_run() {
    let _turn = one_at_a_time();
    let scratch = TempDir::new().unwrap();
    let place = place(&example(), "example", &scratch);
    let parts = prepared(&suite(Some("words/*/1000"), &["textkit"]), &place).unwrap();
    assert_eq!(parts[0].expected(), Some(&set(&["words/count/1000", "words/tokens/1000"])));
    let parsed = parts[0].run(Only::All, 1, &place, &surroundings()).unwrap();
    assert_eq!(names(&parsed), ["words/count/1000", "words/tokens/1000"]);
    let asked = set(&["words/count/1000", "json/parse", "of another part"]);
    let parsed = parts[0].run(Only::These(&asked), 1, &place, &surroundings()).unwrap();
    assert_eq!((names(&parsed), parsed.unparsed.clone()), (vec!["words/count/1000".to_owned()], vec![]));
    // One of two processes that share the time takes half of the samples, but never fewer than criterion's ten.
    let one_of_two = parts[0].run(Only::These(&asked), 2, &place, &surroundings()).unwrap();
    assert_eq!(one_of_two.readings[0].sample.values().len(), 10);
    assert!(parts[0].measuring_s().is_some_and(|seconds| (seconds - 0.006).abs() < 1e-9));
    assert!(
        !scratch.path().join("criterion-000/json").exists(),
        "the filter left it out, and did not measure it in vain"
    );
}

#[test]
fn a_filter_that_matches_nothing_and_an_unknown_bench_are_errors_with_hints() {
    let _turn = one_at_a_time();
    let scratch = TempDir::new().unwrap();
    let place = place(&example(), "example", &scratch);
    let failure = |suite: &Suite| prepared(suite, &place).err().unwrap();
    let error = failure(&suite(Some("nothing*"), &[]));
    assert!(error.to_string().contains("no benchmark matches the filter `nothing*`"), "{error}");
    assert!(error.hint().unwrap().contains("`filter`"));
    assert!(failure(&suite(None, &["absent"])).to_string().contains("--bench absent"));
}

/// A crate without dependencies whose benches only play criterion: what a list says and what is left can be chosen freely.
fn pretending(benches: &[(&str, &str)]) -> TempDir {
    let dir = TempDir::new().unwrap();
    fs::create_dir_all(dir.path().join("benches")).unwrap();
    fs::create_dir_all(dir.path().join("src")).unwrap();
    fs::write(dir.path().join("src/lib.rs"), "").unwrap();
    let mut manifest = "[package]\nname = \"pretending\"\nedition = \"2024\"\n[workspace]\n".to_owned();
    for (bench, source) in benches {
        let harness = if source.is_empty() { "true" } else { "false" };
        manifest.extend(["[[bench]]\nname = \"", bench, "\"\nharness = ", harness, "\n"]);
        fs::write(dir.path().join(format!("benches/{bench}.rs")), source).unwrap();
    }
    fs::write(dir.path().join("Cargo.toml"), manifest).unwrap();
    dir
}

/// The source of a bench that lists some titles and leaves results for some names.
fn pretender(titles: &[&str], results: &[&str]) -> String {
    let source = r##"
        fn main() {
            if std::env::args().any(|argument| argument == "--list") {
                for title in TITLES { println!("{title}: benchmark"); }
                return;
            }
            let home = std::path::PathBuf::from(std::env::var("CRITERION_HOME").unwrap());
            for (number, name) in RESULTS.iter().enumerate() {
                let place = home.join(number.to_string()).join("new");
                std::fs::create_dir_all(&place).unwrap();
                std::fs::write(place.join("benchmark.json"), format!("{{\"group_id\":{name:?}}}")).unwrap();
                std::fs::write(place.join("sample.json"), r#"{"iters":[1],"times":[9]}"#).unwrap();
            }
        }"##;
    let constants = format!("const TITLES: &[&str] = &{titles:?};\nconst RESULTS: &[&str] = &{results:?};\n");
    constants + source
}

#[test]
fn a_bench_with_another_harness_is_passed_over_unless_it_is_named() {
    let _turn = one_at_a_time();
    let crate_dir = pretending(&[("plain", ""), ("speed", &pretender(&["a"], &["a"]))]);
    let scratch = TempDir::new().unwrap();
    let place = place(crate_dir.path(), "pretending", &scratch);
    let parts = prepared(&suite(None, &[]), &place).unwrap();
    assert_eq!(parts.iter().map(|part| part.key()).collect::<Vec<_>>(), ["speed"]);
    let error = prepared(&suite(None, &["plain"]), &place).err().unwrap();
    assert!(error.to_string().contains("bench `plain`") && error.hint().unwrap().contains("`harness = false`"));
}

#[test]
fn a_bench_that_fails_while_it_lists_is_never_passed_over() {
    let _turn = one_at_a_time();
    let broken = "fn main() { panic!(\"no input file\") }";
    let crate_dir = pretending(&[("broken", broken), ("speed", &pretender(&["a"], &["a"]))]);
    let scratch = TempDir::new().unwrap();
    let error = prepared(&suite(None, &[]), &place(crate_dir.path(), "pretending", &scratch)).err().unwrap();
    assert!(error.to_string().contains("bench `broken`") && error.tail().contains("no input file"), "{error}");
    assert!(error.hint().unwrap().contains("`benches`"));
}

#[test]
fn a_listed_benchmark_without_a_result_and_a_name_in_two_benches_are_reported() {
    let _turn = one_at_a_time();
    let speed = pretender(&["a", "gone"], &["a"]);
    let size = pretender(&["a", "b"], &["a", "b"]);
    let crate_dir = pretending(&[("size", &size), ("speed", &speed)]);
    let scratch = TempDir::new().unwrap();
    let place = place(crate_dir.path(), "pretending", &scratch);
    let parts = prepared(&suite(None, &[]), &place).unwrap();
    let runs: Vec<_> = parts.iter().map(|part| part.run(Only::All, 1, &place, &surroundings()).unwrap()).collect();
    assert_eq!((names(&runs[0]), runs[0].unparsed.clone()), (vec!["a".to_owned(), "b".to_owned()], vec![]));
    assert_eq!(names(&runs[1]), [""; 0]);
    assert_eq!(
        runs[1].unparsed,
        ["`gone` is listed by `speed` and gave no result", "`a` of bench `speed` has the name of one of bench `size`",]
    );
}

#[test]
fn a_name_that_is_too_long_for_a_list_is_learnt_in_full() {
    let _turn = one_at_a_time();
    let long = |end: &str| format!("{}{end}", "x".repeat(110));
    let cut = format!("{}...", "x".repeat(100));
    let source = pretender(&["a", &cut, &format!("{cut} #2")], &["a", &long("1"), &long("2")]);
    let crate_dir = pretending(&[("speed", &source)]);
    let scratch = TempDir::new().unwrap();
    let place = place(crate_dir.path(), "pretending", &scratch);
    let parts = prepared(&suite(None, &[]), &place).unwrap();
    assert_eq!(parts[0].expected(), Some(&set(&["a", &long("1"), &long("2")])));
}
