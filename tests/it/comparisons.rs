//! `tollgate compare`: two results by the rules of stored runs, and no more said than two processes can tell.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Output, TestRepo};

const FORMATS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/formats");

fn compare(repo: &TestRepo, arguments: &[&str]) -> Output {
    repo.tollgate(&[&["compare"], arguments].concat())
}

fn judgement(repo: &TestRepo, arguments: &[&str]) -> (i32, Value) {
    let output = compare(repo, &[&["--json"], arguments].concat());
    let judgement = serde_json::from_str(&output.stdout).unwrap_or_else(|_| unreachable!("{}", output.stderr));
    (output.status, judgement)
}

fn criterion() -> String {
    format!("{FORMATS}/criterion-0.8.2/results")
}

/// A folder with criterion's results, every time multiplied.
fn scaled(from: &Path, to: &Path, factor: f64) {
    fs::create_dir_all(to).expect("a temporary folder");
    for entry in fs::read_dir(from).expect("a folder of results") {
        let entry = entry.expect("an entry");
        let place = to.join(entry.file_name());
        if entry.file_type().expect("a kind").is_dir() {
            scaled(&entry.path(), &place, factor);
        } else if entry.file_name() == "sample.json" {
            let mut sample: Value =
                serde_json::from_slice(&fs::read(entry.path()).expect("a file")).expect("it is JSON");
            for time in sample["times"].as_array_mut().expect("a list") {
                *time = (time.as_f64().expect("a number") * factor).into();
            }
            fs::write(place, sample.to_string()).expect("a temporary file");
        } else {
            fs::copy(entry.path(), place).expect("a temporary file");
        }
    }
}

#[test]
fn a_small_difference_between_two_processes_is_inconclusive_and_not_unchanged() {
    let repo = TestRepo::new();
    let (status, judgement) = judgement(&repo, &[&format!("{}:base", criterion()), &criterion()]);
    assert_eq!((status, &judgement["verdict"]), (0, &"pass".into()));
    let rows = judgement["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 6);
    for row in rows {
        assert_eq!(row["method"]["kind"], "single");
        assert_eq!(row["verdict"]["doubt"]["kind"], "one-process", "{row}");
    }
}

#[test]
fn a_difference_beyond_all_usual_spread_is_a_regression_and_its_reverse_an_improvement() {
    let repo = TestRepo::new();
    let slow = repo.around().join("slow");
    scaled(Path::new(&criterion()), &slow, 20.0);
    let slow = slow.display().to_string();
    let terminal = compare(&repo, &[&criterion(), &slow]);
    assert_eq!(terminal.status, 10, "{}{}", terminal.stdout, terminal.stderr);
    assert!(terminal.stdout.contains("fib 20"), "{}", terminal.stdout);
    let (status, better) = judgement(&repo, &[&slow, &criterion()]);
    assert_eq!(status, 0);
    let rows = better["rows"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["verdict"]["kind"] == "improved"), "{rows:?}");
    assert!(rows.iter().all(|row| row["warnings"][0]["kind"] == "pseudo-replicated"), "{rows:?}");
}

#[test]
fn exact_metrics_need_no_more_than_two_results() {
    let repo = TestRepo::new();
    let results = |count: u32| {
        format!(
            r#"{{"schema": 1, "benchmarks": [{{"name": "a", "metrics": [
            {{"name": "instructions", "unit": "count", "better": "lower", "exact": true, "samples": [{count}]}}]}}]}}"#
        )
    };
    repo.write("old.json", results(1_000));
    repo.write("new.json", results(1_010));
    assert_eq!(judgement(&repo, &["old.json", "old.json"]).0, 0);
    assert_eq!(judgement(&repo, &["old.json", "new.json"]).0, 10);
    repo.write("tollgate.toml", "[gate]\ntolerance = \"2 %\"\n");
    assert_eq!(judgement(&repo, &["old.json", "new.json"]).0, 0, "the config of the folder counts");
    repo.write("strict.toml", "[gate]\ntolerance = \"0.5 %\"\n");
    let (status, strict) = judgement(&repo, &["--config", "strict.toml", "old.json", "new.json"]);
    assert_eq!((status, &strict["policy"]["path"]), (10, &"strict.toml".into()));
    repo.write("tollgate.toml", "tolerance = \n");
    let (status, broken) = judgement(&repo, &["old.json", "new.json"]);
    assert_eq!(status, 10);
    let said = broken["notices"][0]["message"].as_str().unwrap();
    assert!(said.starts_with("the defaults count, because tollgate.toml cannot be read: "), "{said}");
}

#[test]
fn rules_of_the_only_suite_that_fits_count() {
    let repo = TestRepo::new();
    repo.write(
        "tollgate.toml",
        "[suite.core]\nadapter = \"criterion\"\n[suite.other]\nadapter = \"json\"\nrun = [\"x\"]\n[[rule]]\nbenchmark = \"core/*\"\nowner = \"@ada\"\n",
    );
    let (_, judgement) = judgement(&repo, &[&criterion(), &criterion()]);
    assert_eq!(
        (&judgement["rows"][0]["id"]["suite"], &judgement["rows"][0]["owner"]),
        (&"core".into(), &"@ada".into())
    );
}

#[test]
fn what_was_not_understood_or_not_compared_is_never_green() {
    let repo = TestRepo::new();
    repo.write("a.json", r#"[{"name": "a", "unit": "ms", "value": 1}]"#);
    repo.write("b.json", r#"[{"name": "a", "unit": "ms", "value": 1}, {"name": "b", "unit": "ms", "value": "?"}]"#);
    repo.write("c.json", r#"[{"name": "c", "unit": "ms", "value": 1}]"#);
    let (status, unparsed) = judgement(&repo, &["a.json", "b.json"]);
    assert_eq!(status, 4);
    assert!(unparsed["coverage"]["problems"].to_string().contains("in head: `b`"), "{}", unparsed["coverage"]);
    assert_eq!(judgement(&repo, &["a.json", "c.json"]).0, 4);
    repo.write("d.json", r#"[{"name": "a", "unit": "KiB/s", "value": 1}]"#);
    let (_, units) = judgement(&repo, &["a.json", "d.json"]);
    assert_eq!(units["rows"][0]["verdict"]["because"]["kind"], "unit", "{}", units["rows"]);
}

#[test]
fn reports_are_written_only_where_that_is_asked_for() {
    let repo = TestRepo::new();
    let compared = compare(&repo, &[&criterion(), &criterion(), "--out", "reports/now"]);
    assert_eq!(compared.status, 0, "{}", compared.stderr);
    for name in ["report.md", "report.html", "judgement.json", "junit.xml"] {
        assert!(repo.root().join("reports/now").join(name).is_file(), "{name}");
    }
    compare(&repo, &[&criterion(), &criterion()]);
    assert!(!repo.root().join(".tollgate").exists());
}

#[test]
fn no_error_carries_an_escape_sequence_to_the_terminal() {
    let repo = TestRepo::new();
    let refused = compare(&repo, &["--config", "\u{1b}]0;x\u{7}\n\u{202e}.toml", &criterion(), &criterion()]);
    assert_eq!(refused.status, 3, "{}", refused.stderr);
    assert!(!refused.stderr.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{:?}", refused.stderr);
}

#[test]
fn a_path_that_is_not_there_is_a_mistake_of_the_command_line() {
    let repo = TestRepo::new();
    repo.write("prose.json", "{");
    let said = |from: &str| {
        let output = compare(&repo, &[from, &criterion()]);
        format!("{}\n{}", output.status, output.stderr)
    };
    insta::assert_snapshot!(said("target/\u{1b}[31mcriterion"), @r"
    2
    error: no verdict: find `target/�[31mcriterion`
      hint: name a folder such as `target/criterion`, a saved baseline in it such as `target/criterion:main`, a file in the open format, or what a load tool left
    ");
    insta::assert_snapshot!(said("prose.json"), @r"
    6
    error: no verdict: understand `prose.json`: read JSON at line 1, column 1, byte 0 (EOF while parsing an object)
      hint: write JSON and nothing else there; a program that is given `{output}` writes to that file and may print what it likes
    ");
}
