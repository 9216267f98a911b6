//! The verdict of the second stage: the first's, by base's policy; and what a forged file cannot leave out.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;

use serde_json::{Value, json};
use tollgate::baseline::{BaselineFile, save};
use tollgate::model::judgement::Notice;
use tollgate::model::{
    BenchmarkId, Determinism, Direction, Environment, Kind, Metric, MetricId, Name, Revision, Role, RunVerdict,
    StoredRun, StoredSeries, Trouble, Unit, Why,
};
use tollgate::report::json::to_json;

use super::second::{HEAD, SUITE, Second, rows};
use crate::checks::project::Project;

/// The first stage: a check on a branch that is never pushed. Its exit code, its judgement and its evidence.
fn first_stage(project: &Project) -> (i32, Value) {
    let checked = project.check(&[]);
    assert!(project.path(".tollgate/report/evidence.json").exists(), "{}", checked.stderr);
    (checked.code, checked.judgement)
}

/// A project whose `main` is pushed and whose change is not.
fn project(config: &str) -> Project {
    let project = Project::with(config);
    project.repo.switch("main");
    project.repo.push();
    project.repo.switch("change");
    project
}

fn json_of(judgement: &tollgate::model::Judgement) -> Value {
    serde_json::from_str(&to_json(judgement)).unwrap()
}

#[test]
fn the_second_stage_says_of_each_row_what_the_first_said_without_any_code_of_the_change() {
    let project = project("");
    project.change("benchmarks.txt", "search 300", "search 360");
    let (code, first) = first_stage(&project);
    assert_eq!(code, 10);
    let evidence = project.path(".tollgate/report/evidence.json");
    let bytes = std::fs::metadata(&evidence).unwrap().len();
    assert!(bytes < 40_000, "{bytes} bytes for 4 benchmarks");
    let second = Second::of(project.repo);
    let judged = second.judge_at(&evidence).unwrap();
    assert!(judged.refused.is_none() && judged.jobs.len() == 1 && judged.jobs[0].0.is_empty());
    let again = json_of(&judged.jobs[0].1);
    for part in ["rows", "coverage", "verdict", "promise", "canary", "base", "head", "environment", "seed"] {
        assert_eq!(again[part], first[part], "{part}");
    }
    assert_eq!(again["rows"].as_array().unwrap().len(), 4);
    assert!(judged.jobs[0].1.notices.contains(&Notice::SecondHand));
    let there = second.repo.git_in(&second.clone, &["rev-list", "--all"]);
    assert!(!there.contains(first["head"]["commit"].as_str().unwrap()), "the clone must not have the change");
}

#[test]
fn the_policy_that_counts_is_that_of_base_now_and_not_that_of_the_change() {
    let project = project("");
    project.change("benchmarks.txt", "search 300", "search 360");
    project.change(
        "tollgate.toml",
        "timeout = \"20 s\"\n",
        "timeout = \"20 s\"\n[[rule]]\nbenchmark = \"core/*\"\nseverity = \"ignored\"\n",
    );
    let (code, _) = first_stage(&project);
    assert_eq!(code, 10, "base's policy counts in the first stage too");
    let evidence = project.path(".tollgate/report/evidence.json");
    let text = project.repo.read(".tollgate/report/evidence.json");
    assert!(!text.contains("ignored") && !text.contains("policy") && !text.contains("verdict"), "{text}");
    let second = Second::of(project.repo);
    let judgement = |second: &Second| second.judge_at(&evidence).unwrap().jobs.pop().unwrap().1;
    assert_eq!(judgement(&second).verdict, RunVerdict::Regressed);
    // Base agrees to more while the change waits.
    second.repo.switch("main");
    let config = second.repo.read("tollgate.toml");
    second
        .repo
        .write("tollgate.toml", format!("{config}[[rule]]\nbenchmark = \"core/search\"\nseverity = \"advisory\"\n"));
    second.repo.commit("Agree to it");
    second.repo.push();
    second.fetch();
    assert_eq!(judgement(&second).verdict, RunVerdict::Pass);
    assert_eq!(rows(&judgement(&second)), ["core/search Regressed Warn"]);
}

#[test]
fn what_was_left_out_of_heads_side_is_missing_and_what_is_new_passes() {
    let second = Second::with(SUITE);
    let judged = second.judged(&second.evidence(&[("core", "a", 100, 100), ("core", "slow", 100, 0)]));
    assert_eq!(
        (judged.verdict, rows(&judged)),
        (RunVerdict::NotCovered, vec!["core/slow Missing FailMissing".to_owned()])
    );
    let judged = second.judged(&second.evidence(&[("core", "a", 100, 100), ("core", "new", 0, 100)]));
    assert_eq!((judged.verdict, rows(&judged)), (RunVerdict::Pass, vec!["core/new New Pass".to_owned()]));
    let judged = second.judged(&second.evidence(&[]));
    assert_eq!(judged.verdict, RunVerdict::NotCovered);
}

#[test]
fn a_suite_that_was_left_out_is_missing_unless_the_policy_only_warns() {
    let other = SUITE.replace("core", "other");
    let second = Second::with(&format!("{SUITE}{other}"));
    let judged = second.judged(&second.evidence(&[("core", "a", 100, 100)]));
    assert_eq!(judged.verdict, RunVerdict::NotCovered);
    let [problem] = judged.coverage.problems.as_slice() else { unreachable!("{:?}", judged.coverage) };
    assert_eq!((problem.suite.as_str(), &problem.benchmark, &problem.trouble), ("other", &None, &Trouble::Missing));
    // Only head's side: as if it were new.
    let judged = second.judged(&second.evidence(&[("core", "a", 100, 100), ("other", "b", 0, 100)]));
    assert_eq!(judged.verdict, RunVerdict::NotCovered);
    // As if stored runs were to decide, which base's policy does not say.
    let mut evidence = second.evidence(&[("core", "a", 100, 100), ("other", "b", 0, 100)]);
    evidence["suites"][1]["facts"] = json!(["by-stored"]);
    assert_eq!(second.judged(&evidence).verdict, RunVerdict::NotCovered);
    let second = Second::with(&format!("[gate]\nmissing = \"warn\"\n{SUITE}{other}"));
    assert_eq!(second.judged(&second.evidence(&[("core", "a", 100, 100)])).verdict, RunVerdict::Pass);
}

#[test]
fn a_proof_counts_only_where_the_policy_takes_one() {
    let proved = |config: &str| {
        let second = Second::with(config);
        let mut evidence = second.evidence(&[("core", "a", 100, 100)]);
        evidence["identical"] = json!([{"suite": "other", "benchmarks": ["b"]}]);
        second.judged(&evidence).verdict
    };
    let both = format!("{SUITE}{}", SUITE.replace("core", "other"));
    assert_eq!(proved(&both), RunVerdict::Pass);
    assert_eq!(proved(&format!("[gate]\nidentical = \"measure\"\n{both}")), RunVerdict::NotCovered);
    let budget = "[[budget]]\nbenchmark = \"other/*\"\nmetric = \"time\"\ncritical = \"1 s\"\n";
    assert_eq!(proved(&format!("{both}{budget}")), RunVerdict::NotCovered);
}

/// A stored run of one benchmark in `baselines/` of the default branch.
fn store(second: &Second, benchmark: &str) {
    let name = |text: &str| Name::new(text).unwrap();
    let id =
        MetricId { benchmark: BenchmarkId { suite: name("core"), benchmark: name(benchmark) }, metric: name("time") };
    let metric = Metric {
        id: id.clone(),
        unit: Unit::Seconds,
        direction: Direction::LowerIsBetter,
        kind: Kind::Time,
        determinism: Determinism::Noisy,
        role: Role::Gated,
        work: None,
    };
    let [cpu_model, os, kernel, hypervisor, toolchain] = ["x", "Debian", "6.1", "none", "rustc 1"].map(str::to_owned);
    let environment =
        Environment { cpu_model, cores: 2, memory_bytes: 1, os, kernel, hypervisor, image: None, toolchain };
    let mut file = BaselineFile::new(name("core"), environment.class());
    file.add(StoredRun {
        revision: Revision {
            commit: second.tip(),
            tree: "a".repeat(40),
            label: "main".to_owned(),
            title: "A policy".to_owned(),
            committed_at_s: 1_769_000_000,
            dirty: false,
        },
        environment,
        taken_at_s: 1_769_000_000,
        tollgate: "0.1.0".to_owned(),
        why: Why::Update,
        conditions: None,
        series: [(id, StoredSeries { metric, statistics: vec![0.1, 0.101] })].into(),
    });
    save(&second.repo.root().join("baselines"), &file).unwrap();
    second.repo.commit("Store a run");
    second.repo.push();
    second.fetch();
}

#[test]
fn a_benchmark_that_base_has_stored_cannot_be_left_out_of_both_sides() {
    let second = Second::with(SUITE);
    let evidence = second.evidence(&[("core", "a", 100, 100)]);
    assert_eq!(second.judged(&evidence).verdict, RunVerdict::Pass, "nobody knows of the slow one");
    store(&second, "slow");
    let judged = second.judged(&evidence);
    assert_eq!(
        (judged.verdict, rows(&judged)),
        (RunVerdict::NotCovered, vec!["core/slow Missing FailMissing".to_owned()])
    );
    let whole = second.evidence(&[("core", "a", 100, 100), ("core", "slow", 100, 120)]);
    assert_eq!(rows(&second.judged(&whole)), ["core/slow Regressed FailRegressed"]);
}

#[test]
fn what_the_artifact_says_of_revisions_is_shown_and_doubted_and_finds_nothing() {
    let second = Second::with(SUITE);
    let notes = |evidence: &Value| -> Vec<String> {
        let notices = second.judged(evidence).notices;
        notices
            .into_iter()
            .filter_map(|notice| if let Notice::Note(text) = notice { Some(text) } else { None })
            .collect()
    };
    let said = |notes: &[String], what: &str| notes.iter().any(|note| note.contains(what));
    let mut evidence = second.evidence(&[("core", "a", 100, 100)]);
    assert!(!said(&notes(&evidence), "The artifact says"), "{:?}", notes(&evidence));
    evidence["head"]["commit"] = json!("e".repeat(40));
    assert!(!said(&notes(&evidence), "The artifact says"), "what GitHub merged is the head too");
    evidence["head"]["commit"] = json!("1".repeat(40));
    evidence["base"]["commit"] = json!("2".repeat(40));
    let found = notes(&evidence);
    assert!(said(&found, "says that it measured 111111111, which is neither"), "{found:?}");
    assert!(said(&found, "says that its base was 222222222, which the base branch does not contain"), "{found:?}");
}

#[test]
fn jobs_of_a_matrix_are_judged_each_and_a_refused_one_does_not_silence_the_others() {
    let second = Second::with(SUITE);
    let folder = second.repo.around().join("artifacts");
    let write = |job: &str, text: &str| {
        std::fs::create_dir_all(folder.join(job)).unwrap();
        std::fs::write(folder.join(job).join("evidence.json"), text).unwrap();
    };
    write("linux", &second.evidence(&[("core", "a", 100, 120)]).to_string());
    write("macos", "{}");
    let judged = second.judge_at(Path::new(&folder)).unwrap();
    let found: Vec<_> = judged.jobs.iter().map(|(job, judgement)| (job.as_str(), judgement.verdict)).collect();
    assert_eq!(found, [("linux", RunVerdict::Regressed), ("macos", RunVerdict::NotCovered)]);
    let refused = judged.refused.unwrap();
    assert!(refused.message.contains("missing field `schema`"), "{refused}");
    assert_eq!(judged.jobs[1].1.head.commit, HEAD);
    let notes = format!("{:?}", judged.jobs[1].1.notices);
    assert!(notes.contains("What was measured is refused: understand the evidence: missing field"), "{notes}");
}
