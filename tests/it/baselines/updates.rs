//! `tollgate baseline update` and the check by what it stored: whole runs or none, and never a comparison with another machine.

use std::fs;

use tollgate::baseline::{BaselineFile, parse, save};

use crate::harness::{Output, TestRepo};

const CONFIG: &str =
    "[suite.cli]\nadapter = \"command\"\nrun = [\"sh\", \"-c\", \"echo hello\"]\nruns = 1\nwarm-up-runs = 0\n";

fn repository(config: &str) -> TestRepo {
    let repo = TestRepo::new();
    repo.write("tollgate.toml", config);
    repo.write(".gitignore", "/.tollgate/\n");
    repo.commit("Start");
    repo
}

fn update(repo: &TestRepo, more: &[&str]) -> Output {
    repo.tollgate(&[&["baseline", "update"], more].concat())
}

/// The stored file of the suite `cli` in a class that is, or is not, `any`.
fn stored(repo: &TestRepo, any: bool) -> (String, BaselineFile) {
    let listed = repo.tollgate(&["baseline", "list", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout).expect("it is JSON");
    let files = listed["baselines"].as_array().expect("a list");
    let found = files.iter().find(|file| (file["class"] == "any") == any).expect("the update stored it");
    let path = found["path"].as_str().expect("a path").to_owned();
    let file = parse(repo.read(&path).as_bytes(), &path).expect("it is whole");
    (path, file)
}

fn check(repo: &TestRepo, more: &[&str]) -> Output {
    repo.tollgate(&[&["check", "--base", "HEAD", "--against", "baseline"], more].concat())
}

#[test]
fn two_updates_are_three_runs_and_a_check_is_judged_by_them() {
    // Stored times hold for a machine that is as busy as it was; beside other tests it is not, so that here they only advise.
    let repo = repository(&format!("{CONFIG}[[rule]]\nmetric = \"wall\"\nseverity = \"advisory\"\n"));
    let first = update(&repo, &["--runs", "2"]);
    assert_eq!(first.status, 0, "{}", first.stderr);
    for said in [
        "Stored 2 runs of 5 metrics.",
        "Between the stored runs, metrics differ by ",
        "`check --against baseline` would now show a change for the worse of ",
        "git add baselines\n",
    ] {
        assert!(first.stdout.contains(said), "{said}: {}", first.stdout);
    }
    let second = update(&repo, &["--json"]);
    assert_eq!(second.status, 0, "baselines alone are no uncommitted work: {}", second.stderr);
    let told: serde_json::Value = serde_json::from_str(&second.stdout).unwrap();
    assert_eq!((&told["runs"], &told["ended"], &told["metrics"]), (&1.into(), &"complete".into(), &5.into()));
    assert!(told["detectable"]["worst_ratio"].as_f64().is_some_and(|ratio| ratio > 0.02), "{told}");

    let (_, noisy) = stored(&repo, false);
    let rounds: Vec<usize> = noisy.runs.iter().flat_map(|r| r.series.values()).map(|s| s.statistics.len()).collect();
    assert_eq!((noisy.runs.len(), rounds.iter().all(|rounds| *rounds == 10)), (3, true), "{rounds:?}");
    assert!(noisy.runs.iter().all(|run| !run.revision.dirty && run.revision.commit == repo.head()));
    let (_, exact) = stored(&repo, true);
    assert_eq!(exact.runs[0].series.values().map(|s| s.statistics.clone()).collect::<Vec<_>>(), [[6.0]]);

    repo.commit("Update baselines");
    let checked = check(&repo, &["--json"]);
    let judgement: serde_json::Value = serde_json::from_str(&checked.stdout).expect("a judgement");
    let rows = judgement["rows"].as_array().unwrap();
    assert_eq!((checked.status, rows.len()), (0, 5), "{}", checked.stderr);
    for row in rows {
        assert_eq!(row["method"], serde_json::json!({"kind": "stored", "runs": 3}), "{row}");
    }
}

#[test]
fn a_change_of_an_exact_metric_is_told_by_one_stored_run() {
    let repo = repository(&format!("{CONFIG}[[rule]]\nmetric = \"output-size\"\nseverity = \"blocking\"\n"));
    assert_eq!(update(&repo, &[]).status, 0);
    repo.commit("Update baselines");
    repo.write("tollgate.toml", repo.read("tollgate.toml").replace("hello", "hello there"));
    let checked = check(&repo, &["--only", "cli/run"]);
    assert_eq!(checked.status, 10, "{}{}", checked.stdout, checked.stderr);
    assert!(checked.stdout.contains("output-size"), "{}", checked.stdout);
}

#[test]
fn runs_of_another_machine_are_not_comparable_and_that_is_no_pass() {
    let repo = repository(CONFIG);
    assert_eq!(update(&repo, &[]).status, 0);
    let (path, mut file) = stored(&repo, false);
    for run in &mut file.runs {
        run.environment.cpu_model = "Z80".to_owned();
    }
    file.class = file.runs[0].environment.class();
    save(&repo.root().join("baselines"), &file).unwrap();
    fs::remove_file(repo.root().join(path)).unwrap();
    repo.commit("Update baselines");
    let checked = check(&repo, &[]);
    assert_eq!(checked.status, 5, "{}{}", checked.stdout, checked.stderr);
    assert!(checked.stdout.contains("not comparable") && checked.stdout.contains("Z80"), "{}", checked.stdout);
}

#[test]
fn a_check_refuses_a_base_whose_baselines_it_cannot_trust() {
    let repo = repository(CONFIG);
    assert_eq!(update(&repo, &[]).status, 0);
    let (path, _) = stored(&repo, true);
    repo.write("baselines/any/other.json", repo.read(&path));
    repo.commit("Copy a baseline");
    let misplaced = check(&repo, &[]);
    assert_eq!(misplaced.status, 5, "{}", misplaced.stderr);
    assert!(misplaced.stderr.contains("it belongs to `baselines/any/cli.json`"), "{}", misplaced.stderr);

    repo.write("baselines/any/other.json", "{\"schema\": 99}");
    repo.commit("Come from the future");
    let newer = check(&repo, &[]);
    assert_eq!(newer.status, 5, "{}", newer.stderr);
    assert!(newer.stderr.contains("schema 99") && newer.stderr.contains("hint: update Tollgate"), "{}", newer.stderr);
}

#[test]
fn uncommitted_work_is_not_stored_unless_that_is_asked_for() {
    let repo = repository(CONFIG);
    repo.write("a", "");
    let refused = update(&repo, &[]);
    assert_eq!(refused.status, 2);
    insta::assert_snapshot!(refused.stderr, @r"
    error: nothing stored: there is uncommitted work in `a`
      hint: commit or stash it, or store runs that no commit has with `--allow-dirty`
    ");
    assert!(!repo.root().join("baselines").exists());
    assert_eq!(update(&repo, &["--allow-dirty"]).status, 0);
    assert!(stored(&repo, false).1.runs[0].revision.dirty);
}

#[test]
fn what_fails_stores_nothing_and_shows_its_last_lines() {
    for (config, said) in [
        (CONFIG.replace("echo hello", "echo boom >&2; exit 3"), "boom"),
        (format!("{CONFIG}build = [\"sh\", \"-c\", \"echo crash; exit 1\"]\n"), "crash"),
    ] {
        let repo = repository(&config);
        let failed = update(&repo, &[]);
        assert_eq!(failed.status, 6, "{}", failed.stderr);
        assert!(failed.stderr.contains("nothing stored") && failed.stderr.contains(said), "{}", failed.stderr);
        assert!(failed.stderr.contains("sh -c"), "{}", failed.stderr);
        assert!(!repo.root().join("baselines").exists());
    }
}

#[test]
fn a_suite_that_gives_nothing_is_not_left_out_in_silence() {
    let repo = repository(&format!(
        "{CONFIG}[suite.void]\nadapter = \"json\"\nrun = [\"echo\", '{{{{\"schema\": 1, \"benchmarks\": []}}}}']\n"
    ));
    let refused = update(&repo, &[]);
    assert_eq!(refused.status, 4, "{}", refused.stderr);
    assert!(refused.stderr.contains("no benchmark of suite `void` gave a result"), "{}", refused.stderr);
    assert!(!repo.root().join("baselines").exists());
}

#[test]
fn a_run_that_the_time_limit_cuts_short_is_not_stored() {
    let repo = repository(&format!("{CONFIG}[gate]\ntime-limit = \"1 ms\"\n"));
    let cut = update(&repo, &["--runs", "2"]);
    assert_eq!(cut.status, 4, "{}", cut.stderr);
    assert!(cut.stderr.contains("cut the first run short") && cut.stderr.contains("hint: "), "{}", cut.stderr);
    assert!(!repo.root().join("baselines").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn the_runs_before_an_interruption_are_stored() {
    let repo = TestRepo::new();
    // The 13th process, in the second run, asks Tollgate to stop: it is the parent of the small process that starts it.
    let count = repo.around().join("count");
    let script = format!(
        "echo x >> {0}; if [ $(wc -l < {0}) = 13 ]; then kill -INT $(cut -d ' ' -f 4 /proc/$PPID/stat); fi",
        count.display()
    );
    repo.write("tollgate.toml", CONFIG.replace("echo hello", &script));
    repo.write(".gitignore", "/.tollgate/\n");
    repo.commit("Start");
    let stopped = update(&repo, &["--runs", "3"]);
    assert_eq!(stopped.status, 130, "{}{}", stopped.stdout, stopped.stderr);
    assert!(stopped.stdout.contains("Stored 1 run of 3 of "), "{}", stopped.stdout);
    assert!(stopped.stdout.contains("Interrupted; the run that was cut short is not stored."), "{}", stopped.stdout);
    assert_eq!(stored(&repo, false).1.runs.len(), 1);
}

#[test]
fn a_suite_that_is_not_there_and_a_config_without_suites_are_refused() {
    let repo = repository(CONFIG);
    assert_eq!(update(&repo, &["--runs", "3", "--keep", "2"]).status, 2);
    let unknown = update(&repo, &["--suite", "core"]);
    assert_eq!(unknown.status, 2);
    assert!(unknown.stderr.contains("hint: the config has `cli`"), "{}", unknown.stderr);
    repo.write("tollgate.toml", "");
    repo.commit("Gate nothing");
    for nothing in [update(&repo, &[]), repo.tollgate(&["check", "--base", "HEAD"])] {
        assert_eq!(nothing.status, 4, "{}", nothing.stderr);
        assert!(nothing.stderr.contains("tollgate.toml has no suite"), "{}", nothing.stderr);
    }
}
