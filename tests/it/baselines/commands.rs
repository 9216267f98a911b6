//! `tollgate baseline …` in a real repository: what is shown, compared, dropped and refused, and with which exit code.

use tollgate::baseline::accept;
use tollgate::model::StoredRun;

use super::{machine, name, run, time, times};
use crate::harness::TestRepo;

fn accept_into(repo: &TestRepo, suite: &str, runs: Vec<StoredRun>) {
    accept(&repo.root().join("baselines"), &name(suite), runs, 20).expect("the runs are storable");
}

fn with_two_runs() -> TestRepo {
    let repo = TestRepo::new();
    accept_into(&repo, "core", vec![times(1), times(2)]);
    repo.commit("Store baselines");
    repo
}

/// The baseline of the suite `core` in the work tree.
fn path() -> String {
    format!("baselines/{}/core.json", machine().class())
}

#[test]
fn list_says_that_there_is_nothing_yet() {
    let repo = TestRepo::new();
    repo.commit("Start");
    let listed = repo.tollgate(&["baseline", "list"]);
    assert_eq!(listed.status, 0, "{}", listed.stderr);
    assert_eq!(listed.stdout, "No baselines yet. `tollgate baseline update` measures and stores them.\n");
}

#[test]
fn list_shows_suites_and_classes_from_any_folder_of_the_repository() {
    let repo = with_two_runs();
    repo.write("src/x", "");
    let listed = repo.tollgate_in(&repo.root().join("src"), &["baseline", "list"], &[]);
    insta::assert_snapshot!(listed.stdout, @r"
    suite  class                                       newest      commit     runs  metrics
    core   amd-epyc-7763--4c--debian-12--rustc-1.95.0  2026-11-18  000000000     2        2
    ");
    let json = repo.tollgate(&["baseline", "list", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["schema"], &json["baselines"][0]["runs"]), (&1.into(), &2.into()));
    assert_eq!(json["baselines"][0]["path"], path());
}

#[test]
fn show_has_the_runs_and_how_far_they_lie_apart() {
    let repo = with_two_runs();
    let shown = repo.tollgate(&["baseline", "show", "core", "--class", &machine().class()]);
    insta::assert_snapshot!(shown.stdout, @r"
    core, amd-epyc-7763--4c--debian-12--rustc-1.95.0: 2 runs

    taken       commit     tollgate  why     title
    2026-11-18  000000000  0.1.0     update  Change number 2
    2026-11-18  000000000  0.1.0     update  Change number 1

    metric                  median  spread  runs  history
    core/parse/large:time  1.38 ms     0 %     2       ▁█
    core/parse/small:time  2.52 µs   0.4 %     2       ▁█

    Of the variance of a run's mean, 0 % lies between runs (median of 1 metric): rounds that measure longer would help; runs hardly differ more than their rounds explain.
    ");
}

#[test]
fn show_names_the_classes_that_there_are() {
    let repo = with_two_runs();
    let shown = repo.tollgate(&["baseline", "show", "core", "--class", "../../etc"]);
    assert_eq!(shown.status, 5);
    insta::assert_snapshot!(shown.stderr, @r"
    error: nothing shown: suite `core` has no baseline of class `../../etc`
      hint: it has `amd-epyc-7763--4c--debian-12--rustc-1.95.0`; name one with `--class`
    ");
}

#[test]
fn diff_reads_revisions_from_git_and_never_from_the_working_tree() {
    let repo = with_two_runs();
    accept_into(&repo, "core", vec![run(3, vec![(time("parse/large"), vec![2e-3]), (time("a|b\n@x"), vec![1.0])])]);
    repo.commit("Update baselines");
    repo.write(&path(), "rubbish");
    let diff = repo.tollgate(&["baseline", "diff", "HEAD~1", "HEAD"]);
    let [old, new] = ["HEAD~1", "HEAD"].map(|spec| repo.git(&["rev-parse", "--short=9", spec]));
    insta::assert_snapshot!(diff.stdout.replace(&old, "OLDOLDOLD").replace(&new, "NEWNEWNEW"), @r"
    metric                 class                                       OLDOLDOLD  NEWNEWNEW  change
    core/a|b @x:time       amd-epyc-7763--4c--debian-12--rustc-1.95.0          –        1 s     new
    core/parse/large:time  amd-epyc-7763--4c--debian-12--rustc-1.95.0    1.38 ms    1.38 ms     0 %

    No difference in 1 metric. Medians of stored runs. A change of a time between runs on different days is a hint, not a verdict.
    ");
    let markdown = repo.tollgate(&["baseline", "diff", "HEAD~1", "HEAD", "--markdown"]).stdout;
    insta::assert_snapshot!(markdown.replace(&old, "OLD").replace(&new, "NEW"), @r"
    | metric | class | OLD | NEW | change |
    | --- | --- | ---: | ---: | ---: |
    | core/a&#124;b &#64;&#8203;x&#58;time | amd-epyc-7763--4c--debian-12--rustc-1.95.0 | – | 1 s | new |
    | core/parse/large&#58;time | amd-epyc-7763--4c--debian-12--rustc-1.95.0 | 1.38 ms | 1.38 ms | 0 % |

    No difference in 1 metric. Medians of stored runs. A change of a time between runs on different days is a hint, not a verdict.
    ");
    let json = repo.tollgate(&["baseline", "diff", "HEAD~1", "HEAD", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["rows"].as_array().unwrap().len(), 3);

    let damaged = repo.tollgate(&["baseline", "diff"]);
    assert_eq!(damaged.status, 5);
    assert!(damaged.stderr.contains(&format!("{}`, line 1", path())), "{}", damaged.stderr);
}

#[test]
fn diff_of_the_same_baselines_is_empty() {
    let repo = with_two_runs();
    let diff = repo.tollgate(&["baseline", "diff"]);
    assert_eq!(diff.status, 0, "{}", diff.stderr);
    assert!(diff.stdout.starts_with("No difference in 2 metrics between "), "{}", diff.stdout);
}

#[test]
fn prune_drops_old_runs_unless_it_only_says_so() {
    let repo = with_two_runs();
    let before = repo.read(&path());
    let said = repo.tollgate(&["baseline", "prune", "--keep", "1", "--dry-run"]);
    assert_eq!((said.status, said.stdout), (0, format!("{} would lose 1 run\n", path())));
    assert_eq!(repo.read(&path()), before);
    let done = repo.tollgate(&["baseline", "prune", "--keep", "1"]);
    assert_eq!((done.status, done.stdout), (0, format!("{} lost 1 run\n", path())));
    assert_eq!(repo.tollgate(&["baseline", "prune"]).stdout, "No file has more than 20 runs.\n");
    assert_eq!(repo.tollgate(&["baseline", "verify"]).stdout, "1 baseline with 1 run: all whole.\n");
}

#[test]
fn verify_names_every_damaged_file_at_once() {
    let repo = with_two_runs();
    repo.write("baselines/any/core.json", "{\n\"schema\": 1,\n<<<<<<< HEAD\n");
    repo.write("baselines/any/io.json", "{\"schema\": 7}");
    repo.write(&path(), repo.read(&path()).replace("0.0015", "0.0014"));
    let verified = repo.tollgate(&["baseline", "verify"]);
    assert_eq!(verified.status, 5);
    insta::assert_snapshot!(verified.stderr.replace(&repo.root().display().to_string(), "ROOT"), @r"
    error: baselines are damaged: read `ROOT/baselines/amd-epyc-7763--4c--debian-12--rustc-1.95.0/core.json` (its content does not fit its checksum)
      read `ROOT/baselines/any/core.json`, line 3 (unresolved merge conflict)
      read `ROOT/baselines/any/io.json` (schema 7, newer than 1, the newest that this version knows)
      hint: baselines are not edited or reformatted by hand: take the file back from git (`git checkout <revision> -- <file>`), or delete it and run `tollgate baseline update`
            take either side whole (`git checkout --ours` or `--theirs`), then run `tollgate baseline verify`
            update Tollgate; the file was left as it is
    ");
    let json = repo.tollgate(&["baseline", "verify", "--json"]);
    let problems: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((json.status, problems["problems"].as_array().unwrap().len()), (5, 3));
}

#[test]
fn verify_finds_a_run_in_the_class_of_another_machine() {
    let repo = with_two_runs();
    let other = "baselines/intel-xeon--4c--debian-12--rustc-1.95.0/core.json";
    let text = repo.read(&path()).replace("\"class\": \"amd-epyc-7763", "\"class\": \"intel-xeon");
    repo.write(other, super::resealed(&text));
    let verified = repo.tollgate(&["baseline", "verify"]);
    assert_eq!(verified.status, 5);
    assert!(verified.stderr.contains("is of class `amd-epyc-7763"), "{}", verified.stderr);
}

#[test]
fn export_prints_the_newest_run_in_the_open_format() {
    let repo = with_two_runs();
    accept_into(&repo, "core", vec![run(3, vec![(time("t"), vec![0.5]), (super::instructions("t"), vec![7.0])])]);
    let exported = repo.tollgate(&["baseline", "export", "core", "--class", &machine().class()]);
    let json: serde_json::Value = serde_json::from_str(&exported.stdout).unwrap();
    assert_eq!(
        json,
        serde_json::json!({"schema": 1, "benchmarks": [{"name": "t", "metrics": [
            {"name": "instructions", "unit": "count", "better": "lower", "kind": "count", "exact": true, "samples": [7.0]},
            {"name": "time", "unit": "s", "better": "lower", "kind": "time", "exact": false, "samples": [0.5]},
        ]}]})
    );
}

#[test]
fn a_merge_conflict_is_named_and_either_side_whole_resolves_it() {
    let repo = with_two_runs();
    repo.branch("other");
    accept_into(&repo, "core", vec![times(3)]);
    repo.commit("Accept a run on a branch");
    repo.switch("main");
    accept_into(&repo, "core", vec![times(4)]);
    repo.commit("Accept a run on main");
    let merge = repo.run(repo.command("git", repo.root()).args(["merge", "--quiet", "other"]));
    assert_eq!(merge.status, 1, "{}{}", merge.stdout, merge.stderr);
    let conflict = repo.tollgate(&["baseline", "verify"]);
    assert_eq!(conflict.status, 5);
    assert!(conflict.stderr.contains("line 3 (unresolved merge conflict)"), "{}", conflict.stderr);
    for side in ["--theirs", "--ours"] {
        repo.git(&["checkout", side, &path()]);
        assert_eq!(repo.tollgate(&["baseline", "verify"]).stdout, "1 baseline with 3 runs: all whole.\n");
    }
}
