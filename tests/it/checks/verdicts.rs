//! What a change comes to: the exit code, the sentence, and the rows that are named.

use super::project::{BENCH, Project};

#[test]
fn an_unchanged_program_passes() {
    let project = Project::new();
    project.commit("README.md", "words");
    let checked = project.check(&[]);
    checked.ends(0, &["no regressions in 4 checks", "4 benchmarks expected, 4 measured, 4 compared"]);
    assert_eq!(checked.rows(), Vec::<String>::new());
}

#[test]
fn one_slower_benchmark_is_named_alone() {
    let project = Project::new();
    project.change("benchmarks.txt", "search 300", "search 330");
    let checked = project.check(&[]);
    checked.ends(10, &["Tollgate: 1 regression (3 of 4 checks passed)", "`core/search` is", "slower than base"]);
    assert_eq!(checked.rows(), ["search:time regressed fail-regressed"]);
}

#[test]
fn a_faster_benchmark_passes_and_is_said_to_be_faster() {
    let project = Project::new();
    project.change("benchmarks.txt", "search 300", "search 250");
    let checked = project.check(&[]);
    checked.ends(0, &["improved"]);
    assert_eq!(checked.rows(), ["search:time improved pass"]);
}

#[test]
fn a_missed_critical_budget_blocks_without_a_slowdown() {
    let project = Project::with("[[budget]]\nbenchmark = \"core/write\"\nmetric = \"time\"\ncritical = \"350 ms\"\n");
    let checked = project.check(&["--base", "main"]);
    checked.ends(11, &["1 over budget", "over its critical budget of 350 ms", "same tree"]);
    assert_eq!(checked.rows(), ["write:time over-budget fail-over-budget"]);
}

#[test]
fn a_missed_warning_limit_is_a_warning() {
    let project = Project::with("[[budget]]\nmetric = \"time\"\nwarning = \"350 ms\"\ncritical = \"1 s\"\n");
    project.commit("README.md", "words");
    let checked = project.check(&[]);
    checked.ends(0, &["1 worth a look", "over warning limit"]);
    assert_eq!(checked.rows(), ["write:time unchanged warn"]);
}

#[test]
fn what_is_too_noisy_blocks_only_where_the_policy_says_so() {
    for (policy, code) in [("fail", 12), ("warn", 0)] {
        let project = Project::with(&format!("[gate]\ninconclusive = \"{policy}\"\nmax-rounds = 14\ncanary = false\n"));
        // A noise of half the value.
        project.commit("bench.sh", BENCH.replace("% 11 - 5", "% 500"));
        project.land();
        project.commit("README.md", "words");
        let checked = project.check(&["--only", "core/parse"]);
        checked.ends(code, &["inconclusive", "too noisy to tell"]);
        let outcome = if code == 0 { "warn" } else { "fail-inconclusive" };
        assert_eq!(checked.rows(), [format!("parse:time inconclusive {outcome}")]);
    }
}

#[test]
fn a_missing_benchmark_blocks_unless_the_policy_says_otherwise() {
    for (policy, code) in [("fail", 4), ("warn", 0)] {
        let project = Project::with(&format!("[gate]\nmissing = \"{policy}\"\n"));
        project.change("benchmarks.txt", "search 300\n", "");
        let checked = project.check(&[]);
        checked.ends(code, &["`core/search` is missing", "4 benchmarks expected, 3 measured, 3 compared"]);
        let outcome = if code == 0 { "warn" } else { "fail-missing" };
        assert_eq!(checked.rows(), [format!("search:time missing {outcome}")]);
    }
}

#[test]
fn a_row_is_marked_where_the_change_edits_its_benchmark() {
    let project = Project::with("");
    project.change("tollgate.toml", "timeout", "sources = [\"bench.*\"]\ntimeout");
    project.land();
    project.change("benchmarks.txt", "search 300", "search 360");
    let marked = "the benchmark's own source differs between base and head";
    let checked = project.check(&[]);
    checked.ends(10, &["slower than base"]);
    assert!(!checked.stdout.contains(marked), "{}", checked.stdout);
    project.change("bench.sh", "between=,", "between=,  # edited");
    project.check(&[]).ends(10, &["slower than base", marked]);
}

#[test]
fn a_new_benchmark_passes_and_is_named() {
    let project = Project::new();
    project.change("benchmarks.txt", "write 400\n", "write 400\nzip 500\n");
    let checked = project.check(&[]);
    checked.ends(0, &["new", "core › zip"]);
    assert_eq!(checked.rows(), ["zip:time new pass"]);
}

#[test]
fn a_suite_that_gives_nothing_never_passes() {
    let project = Project::new();
    project.commit("benchmarks.txt", "");
    project.check(&[]).ends(4, &["4 missing", "4 benchmarks expected, 0 measured, 0 compared"]);
    project.land();
    project.commit("README.md", "words");
    project.check(&[]).ends(4, &["nothing was measured", "0 benchmarks expected, 0 measured, 0 compared"]);
}

#[test]
fn names_that_do_not_overlap_never_pass() {
    let project = Project::with("[gate]\nmissing = \"warn\"\n");
    project.commit("benchmarks.txt", "one 100\ntwo 200\n");
    project.check(&[]).ends(4, &["no verdict", "4 benchmarks expected, 2 measured, 0 compared"]);
}

#[test]
fn a_suite_that_head_removes_is_missing() {
    let project = Project::with("[suite.other]\nadapter = \"command\"\nrun = [\"true\"]\n");
    project.commit("tollgate.toml", "[suite.other]\nadapter = \"command\"\nrun = [\"true\"]\n");
    let checked = project.check(&["--time-limit", "2 s"]);
    checked.ends(4, &["`core/parse` is missing", "head changes `tollgate.toml`"]);
}

#[test]
fn a_stored_baseline_that_is_asked_for_and_is_not_there_is_its_own_failure() {
    let project = Project::new();
    project.commit("README.md", "words");
    let checked = project.check(&["--against", "baseline"]);
    checked.ends(5, &["no verdict", "4 not comparable", "0 benchmarks expected, 4 measured, 0 compared"]);
    assert!(
        checked.rows().iter().all(|row| row.ends_with("not-comparable fail-not-comparable")),
        "{:?}",
        checked.rows()
    );
}
