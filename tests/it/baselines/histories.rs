//! `tollgate baseline history` in a real repository: where levels changed, and which runs are old, odd or from elsewhere.

use tollgate::baseline::accept;
use tollgate::model::StoredRun;

use super::{instructions, machine, name, run, time};
use crate::harness::TestRepo;

/// Twenty runs of which the last eight are 10 % slower, one of them three times as slow, and a count that grows in run 15.
fn runs() -> Vec<StoredRun> {
    let value = |number: u32| {
        let level = if number >= 12 { 1.1e-3 } else { 1e-3 };
        level * (1.0 + 0.004 * (f64::from(number * 7 % 5) - 2.0)) * if number == 16 { 3.0 } else { 1.0 }
    };
    let count = |number: u32| if number >= 15 { 1100.0 } else { 1000.0 };
    (0..20)
        .map(|number| {
            run(
                number,
                vec![
                    (time("parse"), vec![value(number)]),
                    (time("print"), vec![5e-6 * (1.0 + 0.003 * f64::from(number * 3 % 7))]),
                    (instructions("parse"), vec![count(number)]),
                ],
            )
        })
        .collect()
}

fn repository() -> TestRepo {
    let repo = TestRepo::new();
    accept(&repo.root().join("baselines"), &name("core"), runs(), 20).expect("the runs are storable");
    repo.commit("Store baselines");
    repo
}

#[test]
fn history_names_the_commits_between_which_a_level_changed() {
    let repo = repository();
    let shown = repo.tollgate(&["baseline", "history", "core", "--class", &machine().class()]);
    assert_eq!(shown.status, 0, "{}", shown.stderr);
    // Whether the runs are old depends on the day.
    let text = shown.stdout.lines().filter(|line| !line.contains("days old")).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(text);
}

#[test]
fn history_as_json_has_every_number() {
    let repo = repository();
    let shown = repo.tollgate(&["baseline", "history", "--metric", "*parse:*", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(json["schema"], 1);
    let class = |class: &str| {
        let files = json["baselines"].as_array().unwrap();
        files.iter().find(|file| file["class"] == class).unwrap().clone()
    };
    let exact = &class("any")["metrics"][0];
    let hex = |number: u32| format!("{number:040x}");
    assert_eq!(
        (&exact["changes"][0]["last_before"], &exact["changes"][0]["first_after"]),
        (&hex(14).into(), &hex(15).into())
    );
    assert_eq!((&exact["changes"][0]["p_value"], &exact["level"]), (&serde_json::Value::Null, &1100.0.into()));
    let file = class(&machine().class());
    let metrics = file["metrics"].as_array().unwrap();
    assert_eq!(metrics.len(), 1, "those that match the glob");
    let change = &metrics[0]["changes"][0];
    assert_eq!((&change["at"], metrics[0]["values"].as_array().unwrap().len()), (&12.into(), 20));
    let size = change["change"]["value"].as_f64().unwrap();
    assert!((0.09..0.11).contains(&size), "{size}");
    assert!(change["p_value"].as_f64().unwrap() <= 0.01);
    assert_eq!(
        (&file["outliers"][0]["commit"], &file["outliers"][0]["worst"]),
        (&hex(16).into(), &"core/parse:time".into())
    );
}

#[test]
fn a_run_of_a_commit_that_was_never_merged_is_marked() {
    let repo = TestRepo::new();
    let first = repo.commit("Start");
    repo.branch("side");
    let stray = repo.commit("Never merged");
    repo.switch("main");
    repo.commit("Go on");
    let runs = [&first, &stray].into_iter().zip(1..).map(|(commit, number)| {
        let mut run = run(number, vec![(time("parse"), vec![1e-3])]);
        run.revision.commit.clone_from(commit);
        run
    });
    accept(&repo.root().join("baselines"), &name("core"), runs.collect(), 20).expect("the runs are storable");
    let shown = repo.tollgate(&["baseline", "history"]).stdout;
    let short = |commit: &str| commit.chars().take(9).collect::<String>();
    let mark = |commit: &str| format!("the run of {} is of a commit that `HEAD` does not contain", short(commit));
    assert!(shown.contains(&mark(&stray)) && !shown.contains(&mark(&first)), "{shown}");
}

#[test]
fn nothing_or_rubbish_has_no_history() {
    let repo = TestRepo::new();
    repo.commit("Start");
    let shown = repo.tollgate(&["baseline", "history"]);
    assert_eq!((shown.status, shown.stdout.lines().count()), (0, 1), "{}", shown.stderr);
    repo.write("baselines/any/core.json", "{\"schema\": 7}");
    assert_eq!(repo.tollgate(&["baseline", "history"]).status, 5);
    assert_eq!(repo.tollgate(&["baseline", "history", "core", "--metric", "["]).status, 5);
    repo.write("baselines/any/core.json", "");
    std::fs::remove_file(repo.root().join("baselines/any/core.json")).unwrap();
    assert_eq!(repo.tollgate(&["baseline", "history", "--metric", "["]).status, 2);
}
