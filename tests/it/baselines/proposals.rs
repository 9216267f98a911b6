//! `tollgate baseline propose`: runs of many writers on one branch of a real remote, joined, never forced, never on the branch that they are for.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use tollgate::baseline::{BaselineFile, parse};

use crate::github::{Double, REPOSITORY, What};
use crate::harness::{Output, TestRepo};

/// How many write at once.
const WRITERS: usize = 12;

const CONFIG: &str =
    "[suite.cli]\nadapter = \"command\"\nrun = [\"sh\", \"-c\", \"echo hello\"]\nruns = 1\nwarm-up-runs = 0\n";

fn repository() -> TestRepo {
    let repo = TestRepo::new();
    repo.write("tollgate.toml", CONFIG);
    repo.write(".gitignore", "/.tollgate/\n");
    repo.commit("Start");
    repo.push();
    repo
}

/// A clone of the remote beside the repository.
fn clone(repo: &TestRepo, name: &str) -> PathBuf {
    let place = repo.around().join(name);
    repo.git_in(repo.around(), &["clone", "--quiet", &repo.remote().display().to_string(), name]);
    place
}

/// Measures one run in a clone.
fn update(repo: &TestRepo, place: &Path) {
    let measured = repo.tollgate_in(place, &["baseline", "update"], &[]);
    assert_eq!(measured.status, 0, "{}", measured.stderr);
}

fn propose(repo: &TestRepo, place: &Path, more: &[&str]) -> Output {
    repo.tollgate_in(place, &[&["baseline", "propose"], more].concat(), &[])
}

/// The baselines of noisy metrics on a branch of the remote.
fn noisy(repo: &TestRepo, branch: &str) -> Vec<BaselineFile> {
    let at = |arguments: &[&str]| repo.git_in(&repo.remote(), arguments);
    let listed = at(&["ls-tree", "-r", "--name-only", branch, "baselines/"]);
    // What git prints comes without its last line end, which the checksum counts.
    let read = |path: &str| parse(format!("{}\n", at(&["show", &format!("{branch}:{path}")])).as_bytes(), path);
    listed.lines().filter(|path| !path.contains("/any/")).map(|path| read(path).expect("it is whole")).collect()
}

/// The commit that a branch of the remote is at; empty where there is none.
fn tip(repo: &TestRepo, branch: &str) -> String {
    repo.git_in(&repo.remote(), &["for-each-ref", "--format=%(objectname)", &format!("refs/heads/{branch}")])
}

#[test]
fn of_twelve_writers_at_once_nothing_is_lost() {
    let repo = repository();
    let main = tip(&repo, "main");
    let places: Vec<PathBuf> = (0..WRITERS).map(|writer| clone(&repo, &format!("writer-{writer}"))).collect();
    for place in &places {
        update(&repo, place);
    }
    // Prepared here: the repository may not be shared between threads.
    let words = ["baseline", "propose", "--push-only", "--branch", "baselines/race"];
    let commands: Vec<_> = places
        .iter()
        .map(|place| {
            let mut command = repo.command(env!("CARGO_BIN_EXE_tollgate"), place);
            command.args(words);
            command
        })
        .collect();
    let ended: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = commands
            .into_iter()
            .map(|mut command| scope.spawn(move || command.output().expect("the binary starts")))
            .collect();
        running.into_iter().map(|writer| writer.join().expect("no writer panics")).collect()
    });
    for output in &ended {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let attempts: Vec<usize> = ended
        .iter()
        .map(|output| 1 + String::from_utf8_lossy(&output.stderr).matches("another writer was faster").count())
        .collect();
    println!("attempts: {attempts:?}");
    assert!(attempts.iter().any(|attempts| *attempts > 1), "twelve writers at once never met: {attempts:?}");

    let [file] = noisy(&repo, "baselines/race").try_into().expect("one class of machines");
    assert_eq!(file.runs.len(), WRITERS);
    let values = |run: &tollgate::model::StoredRun| format!("{:?}", run.series);
    let landed: std::collections::BTreeSet<String> = file.runs.iter().map(values).collect();
    for place in &places {
        let path = fs::read_dir(place.join("baselines"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| !path.ends_with("any"));
        let path = path.expect("the update wrote it").join("cli.json");
        let own = parse(&fs::read(&path).unwrap(), "own").unwrap();
        assert!(own.runs.iter().all(|run| landed.contains(&values(run))), "a run of {} is lost", place.display());
    }
    assert_eq!(tip(&repo, "main"), main, "nobody touched the branch that the runs are for");
}

#[test]
fn what_was_proposed_before_stays_and_a_merged_branch_starts_again() {
    let repo = repository();
    update(&repo, repo.root());
    let first = propose(&repo, repo.root(), &["--push-only"]);
    assert_eq!(
        (first.status, first.stdout.as_str()),
        (0, "Pushed 2 runs to `tollgate/baselines/main`, for `main`.\n"),
        "{}",
        first.stderr
    );
    let again = propose(&repo, repo.root(), &["--push-only"]);
    let proposed = tip(&repo, "tollgate/baselines/main");
    assert_eq!((again.status, tip(&repo, "tollgate/baselines/main")), (0, proposed.clone()), "{}", again.stderr);

    // Main goes on; another writer adds a run: one commit that follows both.
    repo.git(&["stash", "--quiet", "--include-untracked"]);
    repo.write("README.md", "more\n");
    repo.commit("Go on");
    repo.push();
    let other = clone(&repo, "other");
    update(&repo, &other);
    assert_eq!(propose(&repo, &other, &["--push-only"]).status, 0);
    let [file] = noisy(&repo, "tollgate/baselines/main").try_into().unwrap();
    assert_eq!(file.runs.len(), 2);
    let changed = repo.git_in(&repo.remote(), &["diff", "--name-only", "main", "tollgate/baselines/main"]);
    assert!(changed.lines().all(|path| path.starts_with("baselines/")), "{changed}");
    let parents = repo.git_in(&repo.remote(), &["log", "-1", "--format=%P", "tollgate/baselines/main"]);
    assert_eq!(parents, format!("{proposed} {}", tip(&repo, "main")));

    // Squashed into main, and the branch still there: only what is new is proposed.
    repo.git(&["fetch", "--quiet", "origin"]);
    repo.git(&["merge", "--quiet", "--squash", "origin/tollgate/baselines/main"]);
    repo.commit("Accept baselines");
    repo.push();
    let nothing = propose(&repo, &other, &["--push-only"]);
    let said = "Nothing to propose: `main` has every run of baselines/ already.\n";
    assert_eq!((nothing.status, nothing.stdout.as_str()), (0, said), "{}", nothing.stderr);
}

#[test]
fn a_closed_branch_and_a_missing_remote_are_told_apart_and_lose_nothing() {
    let repo = repository();
    update(&repo, repo.root());
    let hook = repo.remote().join("hooks/pre-receive");
    fs::write(&hook, "#!/bin/sh\necho 'rule: baselines are closed' >&2\nexit 1\n").unwrap();
    repo.git_in(&repo.remote(), &["config", "core.hooksPath", &repo.remote().join("hooks").display().to_string()]);
    make_executable(&hook);
    let refused = propose(&repo, repo.root(), &["--push-only"]);
    assert_eq!(refused.status, 7, "{}", refused.stderr);
    for said in
        ["error: nothing proposed: the remote refused the push", "rule: baselines are closed", "contents: write"]
    {
        assert!(refused.stderr.contains(said), "{said}: {}", refused.stderr);
    }
    assert_eq!(tip(&repo, "tollgate/baselines/main"), "");

    repo.git(&["remote", "set-url", "origin", "../gone.git"]);
    let unreached = propose(&repo, repo.root(), &["--push-only"]);
    assert_eq!(unreached.status, 7, "{}", unreached.stderr);
    assert!(unreached.stderr.contains("ls-remote"), "{}", unreached.stderr);
    assert!(repo.root().join("baselines").is_dir(), "the runs are still here");
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_sent() {
    let repo = repository();
    let none = propose(&repo, repo.root(), &["--push-only"]);
    assert_eq!((none.status, none.stdout.starts_with("Nothing to propose")), (0, true), "{}", none.stderr);
    update(&repo, repo.root());
    for (arguments, said) in [
        (["--branch", "main"], "the runs would be pushed to the branch that they are for"),
        (["--branch", "a b"], "`a b` is no name of a branch"),
        (["--into", "--upload-pack=x"], "unexpected argument"),
    ] {
        let refused = propose(&repo, repo.root(), &arguments);
        assert_eq!(refused.status, 2, "{}", refused.stderr);
        assert!(refused.stderr.contains(said), "{said}: {}", refused.stderr);
    }
    let missing = propose(&repo, repo.root(), &["--push-only", "--into", "release/2"]);
    assert_eq!(missing.status, 7);
    assert!(missing.stderr.contains("origin has no branch `release/2`"), "{}", missing.stderr);
    let shown = propose(&repo, repo.root(), &["--dry-run"]);
    assert!(
        shown.stdout.starts_with("Would push 2 runs to `tollgate/baselines/main`, for `main`.\n\n| metric |"),
        "{}",
        shown.stdout
    );
    assert_eq!(tip(&repo, "tollgate/baselines/main"), "", "a dry run sends nothing");
    let by_hand = propose(&repo, repo.root(), &[]);
    assert_eq!(by_hand.status, 7, "{}", by_hand.stderr);
    assert!(by_hand.stderr.contains("pushed, but no pull request opened"), "{}", by_hand.stderr);
    assert_ne!(tip(&repo, "tollgate/baselines/main"), "");
}

#[cfg(unix)]
fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("the hook is ours");
}

#[cfg(not(unix))]
fn make_executable(_path: &Path) {}

/// `baseline propose` as a job of GitHub Actions does it.
fn propose_on_github(repo: &TestRepo, place: &Path, github: &Double) -> Output {
    let address = github.address();
    let output = repo.tollgate_in(
        place,
        &["baseline", "propose"],
        &[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", "schedule"),
            ("GITHUB_REPOSITORY", REPOSITORY),
            ("GITHUB_SERVER_URL", "https://github.example"),
            ("GITHUB_API_URL", &address),
            ("GITHUB_RUN_ID", "42"),
            ("GITHUB_TOKEN", "ghs_secret"),
        ],
    );
    assert!(!format!("{}{}", output.stdout, output.stderr).contains("ghs_secret"));
    output
}

#[test]
fn one_pull_request_is_opened_and_then_kept_up_to_date() {
    let (repo, github) = (repository(), Double::start());
    github.state(|state| state.may.insert("pull-requests: write"));
    update(&repo, repo.root());
    // The answer to the first request to open it is lost, and it was opened all the same.
    github.trouble("POST", "/pulls", 1, What::DoneAndLost(502));
    let opened = propose_on_github(&repo, repo.root(), &github);
    assert_eq!(opened.status, 0, "{}{}", opened.stdout, opened.stderr);
    let other = clone(&repo, "other");
    update(&repo, &other);
    let edited = propose_on_github(&repo, &other, &github);
    assert_eq!(edited.status, 0, "{}{}", edited.stdout, edited.stderr);
    assert!(edited.stdout.starts_with("Brought up to date: https://"), "{}", edited.stdout);

    assert_eq!(github.count("POST", "/pulls"), 1);
    let [one] = github.state(|state| state.proposed.clone()).try_into().expect("one pull request");
    assert_eq!((&one["head"]["ref"], &one["base"]["ref"]), (&"tollgate/baselines/main".into(), &"main".into()));
    assert_eq!(one["title"], "Refresh performance baselines of main");
    let body = one["body"].as_str().unwrap();
    for said in [
        "4 runs that `main` does not have yet",
        "https://github.example/ada/engine/actions/runs/42",
        "| metric |",
        "cli/run&#58;wall",
    ] {
        assert!(body.contains(said), "{said}: {body}");
    }
}

#[test]
fn a_token_without_the_right_leaves_the_branch_and_says_what_to_do() {
    let (repo, github) = (repository(), Double::start());
    github.state(|state| state.may.clear());
    update(&repo, repo.root());
    let refused = propose_on_github(&repo, repo.root(), &github);
    assert_eq!(refused.status, 7, "{}", refused.stderr);
    for said in [
        "pushed, but no pull request opened",
        "`pull-requests: write`",
        "open it by hand from `tollgate/baselines/main` into `main`",
    ] {
        assert!(refused.stderr.contains(said), "{said}: {}", refused.stderr);
    }
    assert_ne!(tip(&repo, "tollgate/baselines/main"), "");
}
