//! Check runs, statuses, and what is only shown.

use serde_json::json;
use tollgate::model::RunVerdict;
use tollgate::report::comment::first_line;
use tollgate::report::json::to_json;

use crate::github::What;

use super::{FIRST, Job, SECOND, ended, judgement};

#[test]
fn a_check_run_and_a_status_stand_at_the_head_of_the_pull_request() {
    let job = Job::new();
    job.report("report", RunVerdict::Regressed);
    job.github.trouble("POST", "/check-runs", 1, What::DoneAndLost(502));
    let output = job.publish(&["report", "--check-run", "--status", "--comment", "never"]);
    ended(&output, 0);
    let (runs, statuses) = job.github.state(|state| (state.check_runs.clone(), state.statuses.clone()));
    assert_eq!((runs.len(), statuses.len()), (1, 1));
    assert_eq!((&runs[0]["head_sha"], &runs[0]["conclusion"]), (&json!(FIRST), &json!("failure")));
    assert!(runs[0]["output"]["annotations_count"].as_u64() >= Some(1));
    assert_eq!((statuses[0].0.as_str(), &statuses[0].1["state"]), (FIRST, &json!("failure")));
    assert_eq!(statuses[0].1["context"], "tollgate");
}

#[test]
fn a_hundred_annotations_go_in_two_requests_and_land_once() {
    let job = Job::new();
    let mut judgement = judgement(RunVerdict::Regressed);
    let row = judgement.rows.iter().find(|row| row.outcome.fails()).unwrap().clone();
    judgement.rows = vec![row; 130];
    job.repo.write("report/judgement.json", to_json(&judgement));
    job.github.trouble("PATCH", "", 1, What::DoneAndLost(502));
    ended(&job.publish(&["report", "--check-run", "--comment", "never"]), 0);
    let runs = job.github.state(|state| state.check_runs.clone());
    assert_eq!(runs[0]["output"]["annotations_count"], 100);
}

#[test]
fn a_push_has_no_comment_and_may_have_a_status() {
    let job = Job::new();
    job.report("report", RunVerdict::Pass);
    for event in ["push", "merge_group", "schedule", "workflow_dispatch"] {
        job.event(event, json!({}), 10);
        let output = job.publish(&["report"]);
        ended(&output, 0);
        assert_eq!(output.stdout, format!("nothing to publish: a `{event}` run has no pull request\n"));
        ended(&job.publish(&["report", "--status"]), 0);
    }
    assert!(job.comments().is_empty());
    let commits = job.github.state(|state| state.statuses.iter().map(|(commit, _)| commit.clone()).collect::<Vec<_>>());
    assert_eq!(commits, [SECOND; 4]);
}

#[test]
fn an_event_that_does_not_know_the_commit_is_asked_about() {
    let job = Job::new();
    job.report("report", RunVerdict::Pass);
    job.github.state(|state| state.pulls.insert(7, SECOND.to_owned()));
    job.event("pull_request", json!({"number": 7}), 10);
    ended(&job.publish(&["report", "--status"]), 0);
    assert_eq!(job.github.state(|state| state.statuses[0].0.clone()), SECOND);
}

#[test]
fn a_dry_run_sends_nothing() {
    let job = Job::new();
    job.report("report", RunVerdict::Regressed);
    let output = job.publish(&["report", "--dry-run", "--check-run", "--status"]);
    ended(&output, 0);
    for part in [first_line("tollgate").as_str(), "comment on #7", "check run: Failure", "commit status: Failure"] {
        assert!(output.stdout.contains(part), "{part}: {}", output.stdout);
    }
    assert!(job.github.seen().is_empty());
}
