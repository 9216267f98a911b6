//! What is the same in base and head passes by proof, and whatever might differ is measured: real programs, built in both arms.

use super::project::{Checked, Project};
use crate::harness::TestRepo;

/// Says that it ran, reads a file, and works for a while.
const PROGRAM: &str = r#"use std::io::Write;

/// How much it works.
const STEPS: u64 = 400_000;

fn main() {
    let mut ran = std::fs::OpenOptions::new().create(true).append(true).open("RAN").unwrap();
    ran.write_all(b"x").unwrap();
    let mut sum = std::fs::read("data.txt").unwrap().len() as u64;
    for step in 0..STEPS {
        sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(step));
    }
}
"#;

/// Plays criterion: lists two benchmarks, and says that it ran when it is asked for more.
const BENCH: &str = r##"fn main() {
    if std::env::args().any(|argument| argument == "--list") {
        println!("parse: benchmark\nprint: benchmark");
        return;
    }
    std::fs::write("RAN", "x").unwrap();
    let home = std::path::PathBuf::from(std::env::var("CRITERION_HOME").unwrap());
    for name in ["parse", "print"] {
        let place = home.join(name).join("new");
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join("benchmark.json"), format!("{{\"group_id\":{name:?}}}")).unwrap();
        std::fs::write(place.join("sample.json"), r#"{"iters":[1,2,3],"times":[9,18,27]}"#).unwrap();
    }
}
"##;

const CLI: &str = "[suite.cli]\nadapter = \"command\"\nbuild = [[\"cargo\", \"build\", \"--release\"]]\nrun = [\"{target}/release/prog\"]\n";

/// A project with a program and a bench, its suites and further lines of its config.
fn project(suites: &str, config: &str) -> Project {
    let repo = TestRepo::new();
    let manifest = "[package]\nname = \"prog\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[[bench]]\nname = \"speed\"\nharness = false\n\n[workspace]\n";
    repo.write("Cargo.toml", manifest);
    repo.write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"prog\"\nversion = \"0.1.0\"\n");
    repo.write("src/main.rs", PROGRAM);
    repo.write("benches/speed.rs", BENCH);
    repo.write("data.txt", "data\n");
    repo.write("README.md", "words\n");
    repo.write(".gitignore", "RAN\n/target\n/.tollgate\n");
    repo.write("tollgate.toml", format!("{suites}{config}"));
    repo.commit("A program");
    repo.branch("change");
    Project { repo }
}

/// Whether the program ran in either arm.
fn ran(project: &Project) -> bool {
    ["base", "head"].iter().any(|arm| project.path(&format!(".tollgate/arms/{arm}/RAN")).exists())
}

/// The suites that passed by proof.
fn proved(checked: &Checked) -> Vec<&str> {
    let identical = checked.judgement["identical"].as_array().expect("a judgement says what is proved");
    identical.iter().filter_map(|suite| suite["suite"].as_str()).collect()
}

#[test]
fn a_change_of_words_alone_passes_by_proof_and_nothing_is_run() {
    let project = project(CLI, "[[rule]]\nmetric = \"peak-rss\"\nseverity = \"advisory\"\n");
    project.commit("README.md", "other words\n");
    let checked = project.check(&[]);
    checked.ends(
        0,
        &[
            "Tollgate: 1 benchmark passes by proof: the program is byte for byte the same.",
            "`cli` passes by proof and was not run",
            "1 benchmark expected, 0 measured, 0 compared, 1 by proof",
        ],
    );
    assert!(!ran(&project), "the program was started");
    assert_eq!(proved(&checked), ["cli"]);
    assert!(!checked.stdout.contains("selects no metric"), "{}", checked.stdout);
    assert!(project.report("junit.xml").contains("failures=\"0\" errors=\"0\""));
}

#[test]
fn a_source_that_compiles_to_the_same_bytes_passes_by_proof() {
    let project = project(CLI, "");
    project.change("src/main.rs", "/// How much it works.", "/// How much it works, in steps.");
    let checked = project.check(&[]);
    checked.ends(0, &["pass", "by proof"]);
    assert!(!ran(&project), "the program was started");
}

#[test]
fn a_slower_program_is_measured_and_red() {
    let project = project(CLI, "[gate]\nfloor = \"100 us\"\n");
    project.change("src/main.rs", "400_000", "40_000_000");
    let checked = project.check(&[]);
    checked.ends(10, &["`cli/run` takes", "times as long as base"]);
    assert!(ran(&project) && proved(&checked).is_empty());
}

#[test]
fn a_changed_data_file_is_measured() {
    let project = project(CLI, "");
    project.commit("data.txt", "other data\n");
    let checked = project.check(&["--time-limit", "20 s"]);
    assert!(ran(&project) && proved(&checked).is_empty(), "{}", checked.stdout);
}

#[test]
fn what_the_policy_wants_measured_is_measured() {
    let budget = "[[budget]]\nbenchmark = \"cli/*\"\nmetric = \"wall\"\ncritical = \"10 min\"\n";
    for config in ["[gate]\nidentical = \"measure\"\n", budget] {
        let project = project(CLI, config);
        project.commit("README.md", "other words\n");
        let checked = project.check(&["--time-limit", "20 s"]);
        assert!(ran(&project) && proved(&checked).is_empty(), "{config}{}", checked.stdout);
    }
}

#[test]
fn a_change_cannot_excuse_itself_from_being_measured() {
    let project = project(CLI, "[gate]\nidentical = \"measure\"\n");
    project.change("tollgate.toml", "\"measure\"", "\"pass\"");
    let checked = project.check(&["--time-limit", "20 s"]);
    assert!(ran(&project) && proved(&checked).is_empty(), "{}", checked.stdout);
}

#[test]
fn the_benches_of_a_package_pass_by_proof_with_their_names() {
    let project = project("[suite.core]\nadapter = \"criterion\"\n", "");
    project.commit("docs/guide.md", "words\n");
    project.change("benches/speed.rs", "\"x\").unwrap();", "\"x\").unwrap(); // it ran");
    let checked = project.check(&["--only", "core/pr*"]);
    checked.ends(0, &["Tollgate: 1 benchmark passes by proof", "(`print`)"]);
    checked_names(&project.check(&[]), &["parse", "print"]);
    assert!(!ran(&project), "the bench was started");
    // Both arms have a program that the bench might start: one that differs is reason enough to measure.
    project.change("src/main.rs", "400_000", "500_000");
    let checked = project.check(&["--time-limit", "20 s"]);
    assert!(ran(&project) && proved(&checked).is_empty(), "{}", checked.stdout);
}

#[test]
fn a_budget_on_one_benchmark_has_that_one_measured_and_no_other() {
    let budget =
        |limit: &str| format!("[[budget]]\nbenchmark = \"core/print\"\nmetric = \"time\"\ncritical = \"{limit}\"\n");
    let project = project("[suite.core]\nadapter = \"criterion\"\n", &budget("1 ms"));
    project.commit("docs/guide.md", "words\n");
    let kept = project.check(&["--time-limit", "60 s"]);
    kept.ends(
        0,
        &["What has no budget of suite `core` passes by proof", "2 benchmarks expected, 1 measured, 1 compared"],
    );
    checked_names(&kept, &["parse"]);
    let measured = kept.judgement["rows"].as_array().expect("rows").iter().map(|row| row["id"]["benchmark"].clone());
    assert!(ran(&project) && measured.eq([serde_json::json!("print")]), "{}", kept.judgement["rows"]);
    // What is the same as before may still be too slow.
    project.change("tollgate.toml", "1 ms", "1 ns");
    project.land();
    project.commit("docs/guide.md", "other words\n");
    let missed = project.check(&["--time-limit", "60 s"]);
    missed.ends(11, &["1 over budget"]);
    checked_names(&missed, &["parse"]);
}

fn checked_names(checked: &Checked, names: &[&str]) {
    assert_eq!(checked.judgement["identical"][0]["benchmarks"], serde_json::json!(names), "{}", checked.stdout);
}

#[test]
fn the_same_tree_passes_whatever_its_suites_are_and_a_script_is_measured_where_it_differs() {
    let project = Project::new();
    project.check(&["--base", "main"]).ends(0, &["1 suite passes by proof: base and head are the same tree"]);
    assert!(!project.path(".tollgate/arms/head/.round").exists(), "the suite was run");
    project.commit("README.md", "words");
    let checked = project.check(&[]);
    checked.ends(0, &["4 benchmarks expected, 4 measured, 4 compared"]);
    assert!(proved(&checked).is_empty());
}

#[test]
fn a_suite_that_gives_nothing_is_not_saved_by_one_that_is_proved() {
    let silent = "[suite.silent]\nadapter = \"json\"\nrun = [\"sh\", \"silent.sh\"]\n";
    let project = project(CLI, silent);
    project.commit("silent.sh", "echo '{\"schema\":1,\"benchmarks\":[]}'\n");
    project.land();
    project.commit("README.md", "other words\n");
    let checked = project.check(&[]);
    checked.ends(4, &["nothing was measured", "1 benchmark passes by proof"]);
    assert_eq!(proved(&checked), ["cli"]);
}
