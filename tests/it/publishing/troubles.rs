//! Permissions that are missing, servers that fail, and what the user did not give.

use std::time::Duration;

use serde_json::json;
use tollgate::model::RunVerdict;
use tollgate::report::json::to_json;

use crate::github::What;
use crate::harness::TestRepo;

use super::{FIRST, Job, ended, judgement};

#[test]
fn a_job_that_left_no_report_is_no_silence() {
    let job = Job::new();
    job.report("legs/linux", RunVerdict::Pass);
    job.repo.write("legs/macos/notes.txt", "crashed");
    let output = job.publish(&["legs"]);
    ended(&output, 2);
    assert!(output.stderr.contains("macos"), "{}", output.stderr);
    assert!(job.comments().is_empty());
}

#[test]
fn a_comment_that_landed_without_an_answer_is_not_written_again() {
    for lost in [What::DoneAndLost(502), What::DoneAndClosed, What::DoneAndLost(504)] {
        let job = Job::new();
        job.report("report", RunVerdict::Pass);
        job.github.trouble("POST", "/comments", 1, lost.clone());
        ended(&job.publish(&["report"]), 0);
        job.comment();
        assert_eq!(job.github.count("POST", "/comments"), 1, "{lost:?}");
    }
}

#[test]
fn a_comment_that_did_not_land_is_written_again() {
    for refused in [What::Refused(502, "Bad Gateway", &[]), What::Refused(429, "Too many", &[("retry-after", "1")])] {
        let job = Job::new();
        job.report("report", RunVerdict::Pass);
        job.github.trouble("POST", "/comments", 1, refused.clone());
        ended(&job.publish(&["report"]), 0);
        job.comment();
        assert_eq!(job.github.count("POST", "/comments"), 2, "{refused:?}");
    }
}

#[test]
fn a_missing_permission_moves_the_report_and_is_no_failure() {
    let job = Job::new();
    job.report("report", RunVerdict::Regressed);
    job.github.state(|state| state.may.clear());
    let output = job.publish(&["report", "--check-run", "--status"]);
    ended(&output, 0);
    let yaml = "permissions:\n  contents: read\n  checks: write\n  pull-requests: write\n  statuses: write\n";
    assert!(output.stdout.contains(yaml), "{}", output.stdout);
    assert!(output.stdout.contains("403 Resource not accessible by integration"), "{}", output.stdout);
    let refused = job.github.seen().into_iter().filter(|seen| seen.verb == "POST");
    assert_eq!(refused.map(|seen| seen.status).collect::<Vec<_>>(), [403; 3], "nothing is tried twice");
    let summary = job.summary();
    assert!(summary.contains("🔴") && summary.contains(yaml) && !summary.contains("<!-- tollgate:v1"), "{summary}");
}

#[test]
fn what_a_token_may_not_see_is_not_found_and_no_failure() {
    let job = Job::new();
    job.report("report", RunVerdict::Regressed);
    job.github.trouble("GET", "/comments", 9, What::Refused(404, "Not Found", &[]));
    let output = job.publish(&["report"]);
    ended(&output, 0);
    assert!(output.stdout.contains("404 Not Found") && job.summary().contains("🔴"), "{}", output.stdout);
}

#[test]
fn a_comment_that_is_too_long_after_all_is_written_with_less_in_it() {
    let job = Job::new();
    job.report("report", RunVerdict::Regressed);
    let long = What::Refused(422, "Body is too long (maximum is 65536 characters)", &[]);
    job.github.trouble("POST", "/comments", 2, long);
    ended(&job.publish(&["report"]), 0);
    assert!(job.comment().contains("🔴"));
    assert_eq!(job.github.count("POST", "/comments"), 3);
}

#[test]
fn a_fork_may_only_read_and_that_is_no_failure() {
    let mut job = Job::new();
    job.report("report", RunVerdict::Regressed);
    let fork = json!({"sha": FIRST, "repo": {"full_name": "mallory/engine"}});
    job.event("pull_request", json!({"pull_request": {"head": fork}, "number": 7}), 10);
    job.github.state(|state| state.may.clear());
    for token in ["ghs_secret", ""] {
        job.more = vec![("GITHUB_TOKEN", token.to_owned())];
        let output = job.publish(&["report"]);
        ended(&output, 0);
        assert!(output.stdout.contains("`workflow_run`"), "{}", output.stdout);
        assert!(!output.stdout.contains("permissions:"), "no permission helps there: {}", output.stdout);
    }
    assert_eq!(job.summary().matches("🔴 Tollgate").count(), 2);
}

#[test]
fn what_is_no_matter_of_permission_is_a_failure_of_publishing() {
    for (what, expected) in [
        (What::Refused(401, "Bad credentials", &[]), "GITHUB_TOKEN"),
        (What::Refused(500, "oh", &[]), "githubstatus"),
        (What::Refused(403, "You have exceeded a secondary rate limit", &[]), "run the job again later"),
        (What::Refused(429, "slow", &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "9999999999")]), "later"),
        (What::Refused(409, "conflict", &[]), "run the job again"),
        (What::Refused(422, "wrong", &[]), "a bug in Tollgate"),
        (What::Slow(Duration::from_secs(30)), "no answer"),
    ] {
        let job = Job::new();
        job.report("report", RunVerdict::Regressed);
        job.github.trouble("GET", "/comments", 99, what.clone());
        let output = job.publish(&["report", "--time-limit", "2 s", "--status"]);
        ended(&output, 7);
        assert!(output.stderr.starts_with("error: not published: the comment: GET /repos/"), "{}", output.stderr);
        assert!(output.stderr.contains(expected), "{what:?}: {}", output.stderr);
        assert!(job.summary().contains("🔴"), "the report is shown all the same");
        if !matches!(what, What::Slow(_)) {
            assert_eq!(job.github.state(|state| state.statuses.len()), 1, "the status does not need the comment");
        }
    }
}

#[test]
fn a_report_is_not_believed_where_a_stranger_may_have_written_it() {
    let job = Job::new();
    job.report("report", RunVerdict::Pass);
    job.event("pull_request_target", json!({"number": 7}), 10);
    let output = job.publish(&["report"]);
    ended(&output, 2);
    assert!(output.stderr.contains("--from-artifact"), "{}", output.stderr);
    assert!(job.github.seen().is_empty());
}

#[test]
fn outside_of_actions_there_is_a_hint_and_a_dry_run() {
    let repo = TestRepo::new();
    repo.write("report/judgement.json", to_json(&judgement(RunVerdict::Pass)));
    let output = repo.tollgate(&["publish", "report"]);
    ended(&output, 2);
    assert!(output.stderr.contains("tollgate publish --dry-run"), "{}", output.stderr);
    let output = repo.tollgate(&["publish", "report", "--dry-run"]);
    ended(&output, 0);
    assert!(output.stdout.contains("🟢"), "{}", output.stdout);
}

#[test]
fn without_a_token_the_line_to_add_is_named() {
    let mut job = Job::new();
    job.report("report", RunVerdict::Pass);
    job.more = vec![("GITHUB_TOKEN", String::new())];
    let output = job.publish(&["report"]);
    ended(&output, 2);
    assert!(output.stderr.contains("GITHUB_TOKEN: \"${{ github.token }}\""), "{}", output.stderr);
}
