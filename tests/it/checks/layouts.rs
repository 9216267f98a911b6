//! A small change of a time is told from code layout by the exact count of instructions beside it.

use super::project::{BENCH, Checked, Project};

/// Times with counts of instructions beside them.
const COUNTED: &str = "parse 100 5000000\nrender 200 6000000\nsearch 300 7000000\nwrite 400 8000000\n";

/// A project whose suite counts instructions too.
fn counted(config: &str) -> Project {
    let project = Project::with(config);
    let bench = BENCH
        .replace("read -r name value;", "read -r name value count;")
        .replace(
            r#""samples":[%s]}]}' \"#,
            r#""samples":[%s]},{"name":"instructions","unit":"count","better":"lower","exact":true,"samples":[%s]}]}' \"#,
        )
        .replace("% 11 - 5)))", "% 11 - 5))) $count");
    assert_ne!(bench, BENCH);
    project.repo.write("bench.sh", bench);
    project.commit("benchmarks.txt", COUNTED);
    project.land();
    project
}

/// A project in which `search` became slower.
fn slower(config: &str, search: &str) -> (Project, Checked) {
    let project = counted(config);
    project.change("benchmarks.txt", "search 300 7000000", search);
    let checked = project.check(&[]);
    (project, checked)
}

#[test]
fn a_small_slowdown_with_the_same_instructions_is_shown_and_does_not_block() {
    let (project, checked) = slower("", "search 312 7000700");
    let sentence = "slower than base with the same instructions (0.0 %): code layout alone moves small benchmarks by up to 5 %; shown, not blocking";
    checked.ends(0, &["no blocking regressions", "1 worth a look", "layout suspect", sentence]);
    assert_eq!(checked.rows(), ["search:time layout-suspect warn"]);
    for report in ["report.md", "report.html", "judgement.json"] {
        let text = project.report(report).replace("&#37;", "%");
        assert!(text.contains("code layout alone moves small benchmarks by up to 5 %"), "{report}");
    }
    assert!(project.report("junit.xml").contains("failures=\"0\""));
}

#[test]
fn a_policy_may_block_what_layout_may_have_done() {
    let (_, checked) = slower("[gate]\nlayout-suspect = \"fail\"\n", "search 312 7000700");
    checked.ends(10, &["1 regression", "code layout alone", "the policy blocks it all the same"]);
    assert_eq!(checked.rows(), ["search:time layout-suspect fail-regressed"]);
}

#[test]
fn more_than_layout_may_do_is_a_regression() {
    let (_, checked) = slower("", "search 330 7000700");
    checked.ends(10, &["1 regression"]);
    assert_eq!(checked.rows(), ["search:time regressed fail-regressed"]);
    let (_, checked) = slower("[gate]\nlayout-noise = \"3 %\"\n", "search 312 7000700");
    assert_eq!(checked.rows(), ["search:time regressed fail-regressed"]);
}

#[test]
fn more_work_is_a_regression_of_both() {
    let (_, checked) = slower("", "search 312 7280000");
    checked.ends(10, &["2 regressions", "% instructions: more work"]);
    assert_eq!(
        checked.rows(),
        ["search:instructions regressed fail-regressed", "search:time regressed fail-regressed"]
    );
}

#[test]
fn a_missed_budget_counts_whatever_explains_the_change() {
    let budget = "[[budget]]\nbenchmark = \"core/search\"\nmetric = \"time\"\ncritical = \"305 ms\"\n";
    let (project, checked) = slower(budget, "search 312 7000700");
    checked.ends(11, &["1 over budget"]);
    assert_eq!(checked.rows(), ["search:time over-budget fail-over-budget"]);
    // The budget has its part of the rate, which was fixed before anything was measured.
    let shares = checked.judgement["promise"]["shares"].as_array().expect("they are said").clone();
    let of = |at: usize| (shares[at]["family"].as_str(), (1e6 * shares[at]["rate"].as_f64().unwrap_or(0.0)).round());
    assert_eq!((shares.len(), of(0), of(1)), (2, (Some("pairs"), 9000.0), (Some("budgets"), 1000.0)));
    assert_eq!(shares[1]["checks"], 1);
    let listed = project.check(&["--list"]);
    listed.ends(0, &["false alarms: at most 1 % of runs, of that 0.9 % for rounds in pairs, 0.1 % for budgets"]);
}

#[test]
fn a_small_gain_with_the_same_instructions_is_no_improvement_to_boast_of() {
    let (_, checked) = slower("", "search 288 7000700");
    checked.ends(0, &["1 within layout noise"]);
    assert_eq!(checked.rows(), ["search:time layout-suspect pass"]);
}

#[test]
fn a_change_cannot_soften_the_rule_that_judges_it() {
    let project = counted("[gate]\nlayout-suspect = \"fail\"\n");
    project.change("benchmarks.txt", "search 300 7000000", "search 312 7000700");
    project.change("tollgate.toml", "layout-suspect = \"fail\"", "layout-noise = \"20 %\"");
    project.check(&[]).ends(10, &["1 regression", "head changes `tollgate.toml`"]);
    let project = counted("");
    project.change("benchmarks.txt", "search 300 7000000", "search 312 7000700");
    project.change("tollgate.toml", "[suite.core]", "[gate]\nlayout-suspect = \"fail\"\n\n[suite.core]");
    project.check(&[]).ends(10, &["by its own policy"]);
}
