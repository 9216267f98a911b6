//! Results of other tools in, the open format out, and the schemas of everything that is kept.

use tollgate::baseline::parse;
use tollgate::model::Why;

use crate::harness::{Output, TestRepo};

const CRITERION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/formats/criterion-0.8.2/results");
const ACTION: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/formats/github-action-benchmark/customSmallerIsBetter_output2.json"
);

fn repository() -> TestRepo {
    let repo = TestRepo::new();
    repo.commit("Start");
    repo
}

fn import(repo: &TestRepo, suite: &str, from: &str) -> Output {
    repo.tollgate(&["baseline", "import", "--suite", suite, from])
}

#[test]
fn an_import_of_criterions_results_is_one_run_of_one_process() {
    let repo = repository();
    let imported = import(&repo, "core", CRITERION);
    assert_eq!(imported.status, 0, "{}", imported.stderr);
    assert!(imported.stderr.contains("One process says nothing about the spread between runs"), "{}", imported.stderr);
    let path = imported.stdout.lines().next().unwrap();
    let file = parse(repo.read(path).as_bytes(), path).unwrap();
    assert_eq!((file.runs.len(), file.runs[0].why), (1, Why::Import));
    assert_eq!(file.runs[0].revision.commit, repo.head());
    assert!(file.runs[0].series.values().all(|series| series.statistics.len() == 1));

    let shown = repo.tollgate(&["baseline", "show", "core"]);
    assert_eq!(shown.status, 0, "this machine's class is the default: {}", shown.stderr);
    assert!(shown.stdout.contains("import") && shown.stdout.contains("core/fib 20:time"), "{}", shown.stdout);
    assert_eq!(import(&repo, "core", &format!("{CRITERION}:base")).status, 0);
    assert_eq!(repo.tollgate(&["baseline", "verify"]).stdout, "1 baseline with 2 runs: all whole.\n");
}

#[test]
fn what_is_exported_can_be_imported_and_exported_the_same() {
    let repo = repository();
    let results = r#"{"schema": 1, "benchmarks": [{"name": "a/b", "metrics": [
        {"name": "time", "unit": "ms", "samples": [1.5, 2.5]},
        {"name": "instructions", "unit": "count", "better": "lower", "exact": true, "samples": [123456789]},
        {"name": "hits", "unit": "frobs", "better": "higher", "kind": "ratio", "samples": [3]}]}]}"#;
    repo.write("../results.json", results);
    assert_eq!(import(&repo, "one", "../results.json").status, 0);
    let first = repo.tollgate(&["baseline", "export", "one"]);
    assert_eq!(first.status, 0, "{}", first.stderr);
    repo.write("../exported.json", &first.stdout);
    assert_eq!(import(&repo, "two", "../exported.json").status, 0);
    assert_eq!(repo.tollgate(&["baseline", "export", "two"]).stdout, first.stdout);
    assert!(repo.root().join("baselines/any/two.json").exists(), "exact metrics stay exact");
}

#[test]
fn what_an_import_does_not_understand_is_named() {
    let repo = repository();
    let text = r#"[{"name": "a", "unit": "ms", "value": 1}, {"name": "b", "unit": "bytes", "value": 1}]"#;
    repo.write("../results.json", text);
    let imported = import(&repo, "core", "../results.json");
    assert_eq!(imported.status, 0, "{}", imported.stderr);
    assert!(
        imported.stdout.contains("Not understood, and not stored:\n  `b`: which direction of `bytes` is better"),
        "{}",
        imported.stdout
    );
    repo.write("tollgate.toml", "[suite.core]\nadapter = \"json\"\nrun = [\"true\"]\nbetter = { bytes = \"lower\" }\n");
    repo.commit("Say which direction is better");
    let told = import(&repo, "core", "../results.json");
    assert!(!told.stdout.contains("Not understood"), "{}", told.stdout);
}

#[test]
fn what_is_no_result_has_an_exit_code_of_its_own_and_stores_nothing() {
    let repo = repository();
    repo.write("../empty/x", "");
    repo.write("../prose.json", "once upon a time");
    for (from, status) in [("nowhere", 2), ("../empty", 4), ("../empty:main", 4), ("../prose.json", 6)] {
        let refused = import(&repo, "core", from);
        assert_eq!(refused.status, status, "{from}: {}", refused.stderr);
        assert!(refused.stderr.contains("nothing stored") && refused.stderr.contains("hint: "), "{}", refused.stderr);
    }
    assert!(!repo.root().join("baselines").exists());
    assert_eq!(import(&repo, "core", ACTION).status, 0);
}

/// Prints a schema, checks it, and holds a file against it.
fn check_schema(of: &str, file: &str) {
    let repo = repository();
    let printed = repo.tollgate(&["schema", of]);
    assert_eq!(printed.status, 0, "{}", printed.stderr);
    let schema: serde_json::Value = serde_json::from_str(&printed.stdout).expect("it is JSON");
    jsonschema::meta::validate(&schema).unwrap_or_else(|error| unreachable!("{of}: {error}"));
    let validator = jsonschema::validator_for(&schema).expect("it is a schema");
    let file: serde_json::Value = serde_json::from_str(file).expect("it is JSON");
    let errors: Vec<String> = validator.iter_errors(&file).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{of}: {errors:?}");
    assert!(!validator.is_valid(&serde_json::json!([])), "{of}");
}

#[test]
fn every_stored_format_has_a_schema_that_real_files_follow() {
    let repo = repository();
    let imported = import(&repo, "core", CRITERION);
    check_schema("baseline", &repo.read(imported.stdout.lines().next().unwrap()));
    check_schema("results", &repo.tollgate(&["baseline", "export", "core"]).stdout);
    let compared = repo.tollgate(&["compare", "--json", &format!("{CRITERION}:base"), CRITERION]);
    check_schema("judgement", &compared.stdout);
}
