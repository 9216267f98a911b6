//! `tollgate publish --from-artifact` by the real binary, against the GitHub in memory.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::json;
use tollgate::report::comment::{first_line, read};

use super::second::{HEAD, SUITE, Second};
use super::zips::zip;
use crate::github::{Double, REPOSITORY};
use crate::harness::Output;

/// The second stage, after a run of the first.
struct Stage {
    second: Second,
    github: Double,
    /// What started the first, and its attempt.
    ended: (&'static str, u64, u64),
}

impl Stage {
    fn new() -> Self {
        let github = Double::start();
        github.state(|state| drop(state.pulls.insert(7, HEAD.to_owned())));
        Self { second: Second::with(SUITE), github, ended: ("pull_request", 40, 1) }
    }

    /// Downloads evidence, as the workflow does.
    fn download(&self, bytes: &[u8]) {
        std::fs::write(self.second.clone.join("evidence.zip"), bytes).unwrap();
    }

    fn measured(&self, head_ms: u32) {
        let evidence = self.second.evidence(&[("core", "a", 100, head_ms)]).to_string();
        self.download(&zip(&[("evidence.json", evidence.as_bytes())]));
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_as(
            "workflow_run",
            &[&["publish", "--from-artifact", "evidence.zip"], arguments].concat(),
            "ghs_secret",
        )
    }

    fn run_as(&self, event_name: &str, arguments: &[&str], token: &str) -> Output {
        let (started_by, id, attempt) = self.ended;
        let event = json!({
            "repository": {"full_name": REPOSITORY, "default_branch": "main"},
            "workflow_run": {
                "id": id, "run_number": id, "run_attempt": attempt, "event": started_by, "head_sha": HEAD,
                "head_branch": "patch/1", "html_url": "https://github.example/ada/engine/actions/runs/40",
                "head_repository": {"full_name": "stranger/engine", "owner": {"login": "stranger"}}, "pull_requests": [],
            },
        });
        let path = self.second.repo.around().join("event.json");
        std::fs::write(&path, event.to_string()).unwrap();
        let (address, path) = (self.github.address(), path.display().to_string());
        let variables = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", event_name),
            ("GITHUB_EVENT_PATH", &path),
            ("GITHUB_REPOSITORY", REPOSITORY),
            ("GITHUB_SERVER_URL", "https://github.example"),
            ("GITHUB_API_URL", &address),
            ("GITHUB_RUN_ID", "99"),
            ("GITHUB_RUN_NUMBER", "99"),
            ("GITHUB_RUN_ATTEMPT", "1"),
            ("GITHUB_TOKEN", token),
        ];
        self.second.repo.tollgate_in(&self.second.clone, arguments, &variables)
    }

    fn comments(&self) -> Vec<String> {
        self.github.state(|state| state.ours(7).into_iter().map(str::to_owned).collect())
    }
}

#[track_caller]
fn ends(output: &Output, code: i32, parts: &[&str]) {
    let all = format!("{}{}", output.stdout, output.stderr);
    assert_eq!(output.status, code, "{all}");
    for part in parts {
        assert!(all.contains(part), "{part:?} is not said: {all}");
    }
}

#[test]
fn a_regression_of_a_fork_is_a_comment_a_check_run_and_a_status_and_the_step_ends_well() {
    let stage = Stage::new();
    stage.measured(120);
    ends(&stage.run(&["--check-run", "--status"]), 0, &["1 regression", "comment on #7: written"]);
    let comment = stage.comments().pop().unwrap();
    assert!(comment.starts_with(&first_line("tollgate")), "{comment}");
    assert!(comment.contains("untrusted numbers") && comment.contains("1 regression"), "{comment}");
    assert!(comment.contains("actions/runs/40") && !comment.contains("actions/runs/99"), "{comment}");
    assert_eq!(read(&comment).unwrap().run.unwrap().id, 40, "the run that measured counts");
    stage.github.state(|state| {
        assert_eq!(
            (&state.check_runs[0]["head_sha"], &state.check_runs[0]["conclusion"]),
            (&json!(HEAD), &json!("failure"))
        );
        assert_eq!((state.statuses[0].0.as_str(), &state.statuses[0].1["state"]), (HEAD, &json!("failure")));
    });
}

#[test]
fn what_is_refused_is_said_on_the_pull_request_and_the_step_fails() {
    let stage = Stage::new();
    stage.download(&zip(&[("../evidence.json", b"{}")]));
    ends(
        &stage.run(&["--status"]),
        4,
        &["error: no verdict: take the artifact: it must hold one file, `evidence.json`"],
    );
    let comment = stage.comments().pop().unwrap();
    assert!(comment.contains("What was measured is refused") && comment.contains("nothing was measured"), "{comment}");
    stage.github.state(|state| assert_ne!(state.statuses[0].1["state"], "success"));
}

#[test]
fn an_older_attempt_is_silent_once_a_later_one_has_reported() {
    let mut stage = Stage::new();
    stage.ended = ("pull_request", 40, 2);
    stage.measured(100);
    ends(&stage.run(&[]), 0, &["comment on #7: written"]);
    stage.ended = ("pull_request", 40, 1);
    stage.measured(120);
    ends(&stage.run(&["--status"]), 0, &["nothing to publish: a later run has reported on #7"]);
    assert!(!stage.comments()[0].contains("1 regression"));
    assert_eq!(stage.github.state(|state| state.statuses.len()), 0);
    stage.ended = ("pull_request", 41, 1);
    ends(&stage.run(&[]), 0, &["comment on #7: edited"]);
    assert_eq!(stage.comments().len(), 1);
}

#[test]
fn without_one_open_pull_request_at_this_head_nothing_is_published() {
    let mut stage = Stage::new();
    stage.measured(120);
    stage.ended.0 = "push";
    ends(&stage.run(&[]), 0, &["nothing to publish: the run was not started by a pull request"]);
    stage.ended.0 = "pull_request";
    stage.github.state(|state| drop(state.pulls.insert(7, "1".repeat(40))));
    ends(&stage.run(&[]), 0, &["nothing to publish: no open pull request is at fffffffff"]);
    stage.github.state(|state| state.pulls.extend([(7, HEAD.to_owned()), (8, HEAD.to_owned())]));
    ends(&stage.run(&[]), 7, &["2 open pull requests are at fffffffff"]);
    assert_eq!(stage.comments(), Vec::<String>::new());
    assert_eq!(stage.github.seen().iter().filter(|seen| seen.verb != "GET").count(), 0);
}

#[test]
fn it_needs_the_event_and_a_token_and_a_dry_run_sends_nothing() {
    let stage = Stage::new();
    stage.measured(120);
    let arguments = ["publish", "--from-artifact", "evidence.zip"];
    ends(&stage.run_as("push", &arguments, "x"), 2, &["--from-artifact is for a `workflow_run` job"]);
    ends(&stage.run_as("workflow_run", &arguments, ""), 2, &["GITHUB_TOKEN is not set"]);
    ends(&stage.run(&["--dry-run", "--status"]), 0, &["would be published", "untrusted numbers"]);
    assert_eq!(stage.github.seen().iter().filter(|seen| seen.verb != "GET").count(), 0);
}

#[test]
fn evidence_is_never_a_baseline() {
    let stage = Stage::new();
    let evidence = stage.second.evidence(&[("core", "a", 100, 100)]).to_string();
    std::fs::write(stage.second.clone.join("evidence.json"), &evidence).unwrap();
    let import = ["baseline", "import", "--suite", "core", "evidence.json"];
    let output = stage.second.repo.tollgate_in(&stage.second.clone, &import, &[]);
    assert_ne!(output.status, 0, "{}", output.stdout);
    assert!(!stage.second.clone.join("baselines").exists(), "{}", output.stderr);
    for event in ["workflow_run", "pull_request_target"] {
        ends(&stage.run_as(event, &import, "x"), 2, &["nothing stored: a pull request started this", event]);
    }
    std::fs::remove_file(stage.second.clone.join("evidence.json")).unwrap();
    // Refused even earlier: it would run code.
    for event in ["workflow_run", "pull_request_target"] {
        ends(&stage.run_as(event, &["baseline", "update"], "x"), 2, &["refuse to run code", event]);
    }
    assert!(!stage.second.clone.join("baselines").exists());
}
