//! Drift since a release, in real repositories: many small changes that pass one by one, and what is said where drift cannot be counted.

use super::project::Project;

/// Prints an exact count for each line of `benchmarks.txt`.
const COUNTS: &str = r#"
between=
printf '{"schema":1,"benchmarks":['
while read -r name value; do
  printf '%s{"name":"%s","metrics":[{"name":"instructions","unit":"count","better":"lower","exact":true,"samples":[%s]}]}' "$between" "$name" "$value"
  between=,
done < benchmarks.txt
printf ']}'
"#;

const GATE: &str = "[gate]\nanchor = \"v1.0\"\nagainst = \"base\"\ntolerance = \"2 %\"\nmust-detect = \"2 %\"\n";

/// A project whose release `v1.0` may have a baseline, with further lines in the config; on branch `change`.
fn released(config: &str, baseline: bool) -> Project {
    let project = Project::with(config);
    project.repo.write("bench.sh", COUNTS);
    project.commit("benchmarks.txt", "parse 100000\nrender 200000\n");
    if baseline {
        let stored = project.repo.tollgate(&["baseline", "update"]);
        assert_eq!(stored.status, 0, "{}", stored.stderr);
    }
    project.repo.commit("Release");
    project.repo.git(&["tag", "v1.0"]);
    project.land();
    project
}

/// Makes `parse` 1.5 % larger than it was after `before` such changes.
fn grow(project: &Project, before: i32) {
    let parse = |changes: i32| format!("parse {:.0}", 100_000.0 * 1.015_f64.powi(changes));
    project.change("benchmarks.txt", &parse(before), &parse(before + 1));
}

#[test]
fn small_changes_pass_one_by_one_until_together_they_are_too_much() {
    let project = released(GATE, true);
    for change in 0..6 {
        if change > 0 {
            project.land();
        }
        grow(&project, change);
    }
    let sixth = project.check(&[]);
    sixth.ends(
        0,
        &["no regressions in 2 checks", "since `v1.0` +9.3 % (exact), of 10 % allowed (`core/parse:instructions`)"],
    );
    assert_eq!(sixth.rows(), Vec::<String>::new());
    project.land();
    grow(&project, 6);
    let seventh = project.check(&[]);
    seventh.ends(11, &["1 drifted too far", "core/parse:instructions", "since `v1.0` +11 % (exact), of 10 % allowed"]);
    assert_eq!(seventh.rows(), ["parse:instructions unchanged fail-drifted"]);
}

#[test]
fn a_change_that_makes_nothing_worse_is_not_failed_for_old_sins_but_warned() {
    let project = released(GATE, true);
    (0..8).for_each(|change| grow(&project, change));
    project.land();
    project.commit("README.md", "words");
    let checked = project.check(&[]);
    checked.ends(0, &["1 worth a look", "unchanged, drifted", "since `v1.0` +13 % (exact), of 10 % allowed"]);
    assert_eq!(checked.rows(), ["parse:instructions unchanged warn"]);
    // Nor is one that makes it better, if not good.
    project.change("benchmarks.txt", "parse 112649", "parse 111000");
    let checked = project.check(&[]);
    checked.ends(0, &["since `v1.0` +11 % (exact), of 10 % allowed"]);
    assert_eq!(checked.rows(), ["parse:instructions unchanged warn"]);
}

#[test]
fn a_waiver_covers_a_drift() {
    let project = released(GATE, true);
    (0..8).for_each(|change| grow(&project, change));
    project.commit(
        "tollgate-waivers.toml",
        "[[waiver]]\nid = \"core/parse:instructions\"\nceiling = \"+5 %\"\nuntil = \"2199-12-31\"\nreason = \"known\"\n",
    );
    project.land();
    grow(&project, 8);
    let checked = project.check(&[]);
    checked.ends(0, &["1 waived", "since `v1.0` +14 % (exact), of 10 % allowed"]);
    assert_eq!(checked.rows(), ["parse:instructions unchanged waived"]);
}

#[test]
fn drift_is_counted_where_head_is_compared_with_stored_runs_too() {
    let project = released(&GATE.replace("\"base\"", "\"baseline\""), true);
    (0..7).for_each(|change| grow(&project, change));
    let stored = project.repo.tollgate(&["baseline", "update"]);
    assert_eq!(stored.status, 0, "{}", stored.stderr);
    project.repo.commit("Refresh baselines");
    project.land();
    grow(&project, 7);
    let checked = project.check(&[]);
    checked.ends(11, &["1 drifted too far"]);
    assert_eq!(checked.rows(), ["parse:instructions unchanged fail-drifted"]);
}

#[test]
fn the_budget_and_the_anchor_are_those_of_base() {
    let project = released(&format!("{GATE}drift = \"20 %\"\n"), true);
    (0..8).for_each(|change| grow(&project, change));
    project.check(&[]).ends(10, &["1 regression"]);
    project.land();
    grow(&project, 8);
    project.check(&[]).ends(0, &["of 20 % allowed"]);
    project.land();
    grow(&project, 9);
    // A change cannot widen its own budget, nor take the anchor away; it can make it stricter for itself.
    let own = project.repo.read("tollgate.toml");
    let judged = |policy: &str| {
        project.commit("tollgate.toml", policy);
        project.check(&[])
    };
    judged(&own.replace("\"20 %\"", "\"50 %\"").replace("anchor = \"v1.0\"\n", "")).ends(0, &["of 20 % allowed"]);
    judged(&own.replace("\"20 %\"", "\"5 %\"")).ends(11, &["1 drifted too far", "of 5 % allowed"]);
}

#[test]
fn a_release_that_is_not_there_or_has_no_baselines_is_said_and_fails_nothing() {
    let project = released(&GATE.replace("v1.0", "v9.9"), true);
    project.commit("README.md", "words");
    project.check(&[]).ends(0, &["the anchor v9.9 of the config is not in this clone", "git fetch --tags"]);
    let project = released(GATE, false);
    project.commit("README.md", "words");
    project.check(&[]).ends(0, &["v1.0 has no baselines", "tollgate check --base v1.0 measures it directly"]);
}

#[test]
fn a_damaged_baseline_of_the_release_is_said_and_fails_nothing() {
    let project = released(GATE, false);
    for rubbish in [&b"{\"schema\": 1,\n<<<<<<< HEAD\n"[..], b"\xff\xfe\x00rubbish\x1b[2J", b"{\"schema\": 99}"] {
        project.commit("baselines/any/core.json", rubbish);
        project.repo.git(&["tag", "--force", "v1.0"]);
        project.repo.git(&["rm", "--quiet", "baselines/any/core.json"]);
        project.repo.commit("Drop the baseline");
        project.land();
        project.commit("README.md", rubbish);
        project.check(&[]).ends(0, &["the baselines of v1.0 cannot be read", "no regressions in 2 checks"]);
    }
}
