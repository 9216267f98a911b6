//! Where the gate is run: repositories in odd states, continuous integration, subfolders; and what a wrong command line says.

use std::path::Path;

use super::project::{CONFIG, Project};
use crate::harness::{Output, TestRepo};

/// Requires an exit code and parts of what is said.
#[track_caller]
fn ends(output: &Output, code: i32, parts: &[&str]) {
    let text = format!("{}{}", output.stdout, output.stderr);
    assert_eq!(output.status, code, "{text}");
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in parts {
        assert!(flat.contains(part), "{part:?} is not said:\n{text}");
    }
}

#[test]
fn without_a_repository_there_is_no_verdict() {
    let repo = TestRepo::new();
    let folder = repo.around().join("plain");
    std::fs::create_dir(&folder).expect("the folder is writable");
    let output = repo.tollgate_in(&folder, &["check"], &[]);
    ends(&output, 2, &["error: no verdict: find a git repository", "hint: change to a git repository"]);
    let bare = repo.tollgate_in(&repo.remote(), &["check"], &[]);
    ends(&bare, 2, &["it is bare", "hint: clone it"]);
}

#[test]
fn without_a_commit_there_is_no_verdict() {
    let repo = TestRepo::new();
    ends(&repo.tollgate(&["check"]), 2, &["nothing is committed yet", "commit something first"]);
}

#[test]
fn without_a_config_the_command_that_writes_one_is_named() {
    let repo = TestRepo::new();
    repo.commit("nothing");
    ends(&repo.tollgate(&["check"]), 3, &["there is no tollgate.toml", "tollgate init"]);
}

#[test]
fn a_first_commit_has_nothing_before_it() {
    let repo = TestRepo::new();
    repo.write("tollgate.toml", CONFIG);
    repo.commit("first");
    ends(&repo.tollgate(&["check"]), 2, &["is the first commit", "--base REVISION"]);
}

/// A clone of one commit of the change, as `actions/checkout` makes it.
fn shallow(project: &Project) -> std::path::PathBuf {
    project.repo.git(&["push", "--quiet", "origin", "main", "change"]);
    let clone = project.repo.around().join("clone");
    let remote = format!("file://{}", project.repo.remote().display());
    let arguments = ["clone", "--quiet", "--depth=1", "--branch=change", &remote, "clone"];
    project.repo.git_in(project.repo.around(), &arguments);
    clone
}

#[test]
fn a_shallow_clone_is_told_how_deep_it_must_be() {
    let project = Project::new();
    project.commit("README.md", "words");
    let clone = shallow(&project);
    let output = project.repo.tollgate_in(&clone, &["check"], &[]);
    ends(&output, 2, &["error: no verdict", "shallow", "fetch-depth: 0"]);
}

#[test]
fn a_detached_head_is_compared_with_the_merge_base() {
    let project = Project::new();
    project.change("benchmarks.txt", "search 300", "search 330");
    project.repo.git(&["switch", "--quiet", "--detach"]);
    project.check(&[]).ends(10, &["merge base of `main`", "`core/search` is"]);
}

#[test]
fn clean_work_on_the_default_branch_is_compared_with_the_commit_before() {
    let project = Project::new();
    project.change("benchmarks.txt", "search 300", "search 330");
    project.land();
    project.repo.switch("main");
    project.check(&[]).ends(10, &["commit before"]);
}

#[test]
fn uncommitted_work_is_judged_and_stays_as_it_is() {
    let project = Project::new();
    project.repo.write("benchmarks.txt", "parse 100\nrender 200\nsearch 330\nwrite 400\n");
    project.repo.write("notes/new.txt", "not added yet");
    project.repo.write("staged.txt", "added");
    project.repo.git(&["add", "staged.txt"]);
    let checked = project.check(&[]);
    checked.ends(10, &["with uncommitted work", "`core/search` is"]);
    assert_eq!(project.repo.read("notes/new.txt"), "not added yet");
    // The commit itself is as fast as base.
    project.check(&["--head", "HEAD", "--base", "main"]).ends(0, &["same tree"]);
}

#[test]
fn a_merge_commit_in_ci_is_compared_with_its_first_parent_and_summarised() {
    let project = Project::new();
    project.change("benchmarks.txt", "search 300", "search 330");
    // Base moves on meanwhile: what it brings is not the change's.
    project.repo.switch("main");
    project.change("benchmarks.txt", "parse 100", "parse 200");
    project.repo.git(&["switch", "--quiet", "--detach"]);
    let merge = project.repo.merge("change");
    let (event, summary) = (project.repo.around().join("event.json"), project.repo.around().join("summary.md"));
    std::fs::write(&event, r#"{"number": 7, "pull_request": {"base": {"ref": "main"}}}"#).expect("writable");
    std::fs::write(&summary, "# An earlier step\n").expect("writable");
    let text = |path: &Path| path.display().to_string();
    let checked = project.check_with(
        &[],
        &[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", "pull_request"),
            ("GITHUB_SHA", &merge),
            ("GITHUB_EVENT_PATH", &text(&event)),
            ("GITHUB_STEP_SUMMARY", &text(&summary)),
        ],
    );
    checked.ends(10, &["first parent of the merge commit", "::error title=PERF-001 core › search::"]);
    assert_eq!(checked.rows(), ["search:time regressed fail-regressed"]);
    let summary = std::fs::read_to_string(summary).expect("it is there");
    assert!(summary.starts_with("# An earlier step\n"), "{summary}");
    assert!(summary.contains("Tollgate: 1 regression"), "{summary}");
}

#[test]
fn every_problem_of_the_config_is_said_at_once() {
    let project = Project::new();
    project.commit("tollgate.toml", "[gate]\ntolerence = \"2 %\"\nmax-rounds = 3\n\n[suite.core]\nadapter = \"jsn\"\n");
    let checked = project.check(&[]);
    checked.ends(3, &["tolerence", "`tolerance`", "max-rounds", "jsn", "tollgate.toml at "]);
}

#[test]
fn a_glob_that_selects_nothing_never_passes() {
    let project = Project::new();
    project.commit("README.md", "words");
    project.check(&["--only", "core/nothing*"]).ends(4, &["No benchmark is called as --only says"]);
    project.check(&["--only", "nowhere/*"]).ends(4, &["No benchmark is called as --only says"]);
    project.check(&["--only", "core/[par"]).ends(2, &["--only: ", "hint: give a glob such as"]);
    let checked = project.check(&["--only", "core/parse", "--only", "core/w*"]);
    checked.ends(0, &["2 benchmarks expected, 2 measured, 2 compared"]);
}

#[test]
fn what_is_wrong_on_the_command_line_is_said_before_anything_is_measured() {
    let project = Project::new();
    project.commit("README.md", "words");
    for (arguments, parts) in [
        (vec!["--base", "no-such"], vec!["find the revision `no-such`", "is it spelled right?"]),
        (vec!["--head", "no-such"], vec!["find the revision `no-such`"]),
        (vec!["--base", "HEAD:tollgate.toml"], vec!["it is not a commit"]),
        (vec!["--time-limit", "nonsense"], vec!["--time-limit: ", "hint:"]),
        (vec!["--time-limit", "0 s"], vec!["--time-limit: "]),
        (vec!["--against", "nothing"], vec!["possible values"]),
        (vec!["--bas", "main"], vec!["--base"]),
    ] {
        let checked = project.check(&arguments);
        checked.ends(2, &parts);
        assert!(!project.path(".tollgate/journal.jsonl").exists(), "something was measured");
    }
    project.check(&["--config", "no-such.toml"]).ends(3, &["no-such.toml"]);
}

#[test]
fn a_base_branch_that_is_not_there_is_named() {
    let project = Project::with("[gate]\nbase = \"origin/release\"\n");
    project.check(&[]).ends(2, &["find the branch `origin/release`", "git fetch"]);
}

#[test]
fn a_subfolder_is_as_good_as_the_root() {
    let project = Project::new();
    project.commit("deep/er/README.md", "words");
    let output = project.repo.tollgate_in(&project.path("deep/er"), &["check"], &[]);
    ends(&output, 0, &["4 benchmarks expected, 4 measured, 4 compared"]);
    assert!(project.path(".tollgate/report/report.md").exists(), "reports lie at the root");
    // A folder that is named lies where the user is, like every path on a command line.
    let output = project.repo.tollgate_in(&project.path("deep/er"), &["check", "--out", "perf"], &[]);
    ends(&output, 0, &["deep/er/perf/{"]);
    assert!(project.path("deep/er/perf/report.md").exists());
    let output = project.repo.tollgate_in(project.repo.around(), &["-C", "repository", "check"], &[]);
    ends(&output, 0, &["4 compared"]);
}

#[test]
fn a_pull_request_cannot_name_its_own_base_in_ci() {
    let project = Project::new();
    project.change("benchmarks.txt", "search 300", "search 330");
    project.repo.git(&["branch", "mine"]);
    project.commit("tollgate.toml", format!("{CONFIG}[gate]\nbase = \"mine\"\n"));
    let event = project.repo.around().join("event.json");
    std::fs::write(&event, r#"{"pull_request": {"base": {"ref": "main"}}}"#).expect("writable");
    let event = event.display().to_string();
    let ci = [("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "pull_request"), ("GITHUB_EVENT_PATH", &event)];
    project.check_with(&[], &ci).ends(10, &["merge base of `main`"]);
}
