//! That a job with rights and secrets does not build or run what a stranger wrote, whatever the workflow has checked out.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::checks::project::Project;
use crate::harness::Output;

/// Every command that runs the repository's code.
const RUNNING: [&[&str]; 5] =
    [&["check"], &["check", "--list"], &["calibrate"], &["selftest"], &["baseline", "update"]];

/// A project whose build and benchmark say that they were run.
fn project() -> (Project, PathBuf) {
    let project = Project::new();
    let ran = project.repo.around().join("ran");
    let bench = project.repo.read("bench.sh");
    let touch = format!("touch '{}'\n", ran.display());
    project.commit("bench.sh", format!("{touch}{bench}"));
    project.land();
    project.commit("README.md", "words");
    (project, ran)
}

/// A command in a job for this event at this commit.
fn job(project: &Project, command: &[&str], event_name: &str, sha: &str, event: &Value) -> Output {
    let path = project.repo.around().join("event.json");
    std::fs::write(&path, event.to_string()).expect("the folder is writable");
    project.repo.tollgate_with(
        command,
        &[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", event_name),
            ("GITHUB_SHA", sha),
            ("GITHUB_EVENT_PATH", &path.display().to_string()),
        ],
    )
}

#[track_caller]
fn refused(output: &Output, because: &str) {
    let text = format!("{}{}", output.stdout, output.stderr);
    assert_eq!((output.status, output.stdout.as_str()), (2, ""), "{text}");
    for part in ["refuse to run code on", because, "measure on `pull_request`", "`workflow_run`"] {
        assert!(text.contains(part), "{part:?} is not said:\n{text}");
    }
}

/// An ended run of this commit, in a repository of this name.
fn ended(head_sha: &str, repository: &str) -> Value {
    json!({
        "repository": {"full_name": "ada/engine", "default_branch": "main"},
        "workflow_run": {
            "run_number": 1, "run_attempt": 1, "id": 1, "event": "pull_request", "head_sha": head_sha,
            "head_branch": "change", "head_repository": {"full_name": repository, "owner": {"login": "x"}},
            "actor": {"login": "x"},
        },
    })
}

#[test]
fn pull_request_target_runs_nothing_at_all() {
    let (project, ran) = project();
    let event = json!({"number": 7, "pull_request": {"base": {"ref": "main"}}});
    for command in RUNNING {
        let output = job(&project, command, "pull_request_target", &project.repo.head(), &event);
        refused(&output, "`pull_request_target`");
        assert!(!ran.exists() && !project.path(".tollgate").exists(), "{command:?} did something");
    }
    // The same job on `pull_request` runs.
    let output = job(&project, &["check"], "pull_request", "", &event);
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(ran.exists());
}

#[test]
fn an_ended_run_of_a_fork_and_a_comment_do_not_let_its_code_run() {
    let (project, ran) = project();
    let (main, head) = (project.repo.git(&["rev-parse", "main"]), project.repo.head());
    let comment = json!({"issue": {"number": 7, "pull_request": {}}, "repository": {"default_branch": "main"}});
    for command in RUNNING {
        for (name, event) in [
            ("workflow_run", ended(&head, "mallory/engine")),
            ("workflow_run", json!(7)),
            ("issue_comment", comment.clone()),
        ] {
            let output = job(&project, command, name, &main, &event);
            refused(&output, "is not in its history");
        }
    }
    assert!(!ran.exists(), "a stranger's code was run");
    // Named as base it is run as well.
    project.repo.switch("main");
    let output = job(&project, &["check", "--base", "change"], "workflow_run", &main, &ended(&head, "mallory/engine"));
    refused(&output, "is not in its history");
    // Nor is it any better as a patch that lies in the work tree.
    project.repo.write("bench.sh", "echo owned");
    let output = job(&project, &["check"], "workflow_run", &main, &ended(&head, "mallory/engine"));
    refused(&output, "the uncommitted work on");
    assert!(!ran.exists(), "a stranger's code was run");
}

#[test]
fn code_of_this_repositorys_branches_runs_after_an_ended_run() {
    let (project, ran) = project();
    let (main, head) = (project.repo.git(&["rev-parse", "main"]), project.repo.head());
    let output = job(&project, &["check"], "workflow_run", &main, &ended(&head, "ada/engine"));
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(ran.exists());
    project.repo.switch("main");
    let output = job(&project, &["check"], "issue_comment", &main, &json!({}));
    assert_eq!(output.status, 0, "{}", output.stderr);
}
