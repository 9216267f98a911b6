//! `tollgate publish` against the GitHub in memory: one comment whatever happens, and what is left where GitHub does not take it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tollgate::model::{Judgement, Outcome, RunVerdict};
use tollgate::report::comment::first_line;
use tollgate::report::json::{from_json, to_json};

use crate::github::{Double, REPOSITORY, What, Who};
use crate::harness::{Output, TestRepo};

const FIRST: &str = "1111111111111111111111111111111111111111";
const SECOND: &str = "2222222222222222222222222222222222222222";

/// A judgement with this verdict and the rows that go with it.
fn judgement(verdict: RunVerdict) -> Judgement {
    let mut judgement = from_json(include_bytes!("../fixtures/judgements/v1.json")).unwrap();
    let regressed = verdict == RunVerdict::Regressed;
    judgement.rows.retain(|row| !row.outcome.fails() || (regressed && row.outcome == Outcome::FailRegressed));
    judgement.coverage.problems.clear();
    judgement.verdict = verdict;
    judgement
}

/// A pull request, and the job that publishes.
struct Job {
    repo: TestRepo,
    github: Double,
    /// Further variables, which count before the job's own.
    more: Vec<(&'static str, String)>,
}

impl Job {
    fn new() -> Self {
        Self::with(Double::start())
    }

    fn with(github: Double) -> Self {
        let repo = TestRepo::new();
        let job = Self { repo, github, more: Vec::new() };
        job.push(FIRST, 10);
        job
    }

    /// The event of a push to pull request 7, in the run with this id.
    fn push(&self, head: &str, run: u64) {
        let from = json!({"sha": head, "repo": {"full_name": REPOSITORY}});
        self.event(
            "pull_request",
            json!({"pull_request": {"head": from, "base": {"ref": "main", "sha": SECOND}}, "number": 7}),
            run,
        );
    }

    fn event(&self, name: &str, mut event: Value, run: u64) {
        event["repository"] = json!({"full_name": REPOSITORY, "default_branch": "main"});
        self.repo.write("event.json", event.to_string());
        self.repo.write("run", format!("{name} {run}"));
    }

    /// A job has left its report in a folder.
    fn report(&self, folder: &str, verdict: RunVerdict) {
        self.repo.write(&format!("{folder}/judgement.json"), to_json(&judgement(verdict)));
    }

    fn summary(&self) -> String {
        std::fs::read_to_string(self.summary_path()).unwrap_or_default()
    }

    fn summary_path(&self) -> PathBuf {
        self.repo.around().join("summary.md")
    }

    fn publish(&self, arguments: &[&str]) -> Output {
        let said = self.repo.read("run");
        let (event, run) = said.split_once(' ').unwrap();
        let (summary, address) = (self.summary_path().display().to_string(), self.github.address());
        let path = self.repo.root().join("event.json").display().to_string();
        let mut variables = vec![
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", event),
            ("GITHUB_EVENT_PATH", &path),
            ("GITHUB_REPOSITORY", REPOSITORY),
            ("GITHUB_SERVER_URL", "https://github.example"),
            ("GITHUB_API_URL", &address),
            ("GITHUB_SHA", SECOND),
            ("GITHUB_REF", "refs/pull/7/merge"),
            ("GITHUB_RUN_ID", run),
            ("GITHUB_RUN_NUMBER", run),
            ("GITHUB_RUN_ATTEMPT", "1"),
            ("GITHUB_JOB", "perf"),
            ("GITHUB_STEP_SUMMARY", &summary),
            ("GITHUB_TOKEN", "ghs_secret"),
        ];
        variables.extend(self.more.iter().map(|(name, value)| (*name, value.as_str())));
        let output = self.repo.tollgate_with(&[&["publish"], arguments].concat(), &variables);
        let said = format!("{}{}{}", output.stdout, output.stderr, self.summary());
        assert!(!said.contains("ghs_secret"), "the token was printed: {said}");
        output
    }

    /// What our comments say.
    fn comments(&self) -> Vec<String> {
        self.github.state(|state| state.ours(7).into_iter().map(str::to_owned).collect())
    }

    /// The one comment there is.
    #[track_caller]
    fn comment(&self) -> String {
        let comments = self.comments();
        assert_eq!(comments.len(), 1, "{comments:#?}");
        comments.into_iter().next().unwrap()
    }
}

#[track_caller]
fn ended(output: &Output, status: i32) {
    assert_eq!(output.status, status, "{}{}", output.stdout, output.stderr);
}

#[test]
fn two_pushes_to_a_pull_request_are_one_comment() {
    let job = Job::new();
    job.report("report", RunVerdict::Regressed);
    let output = job.publish(&["report"]);
    ended(&output, 0);
    assert_eq!(output.stdout, "comment on #7: written\n");
    let before = job.comment();
    assert!(before.starts_with(&first_line("tollgate")) && before.contains("🔴"), "{before}");
    job.push(SECOND, 11);
    job.report("report", RunVerdict::Pass);
    let output = job.publish(&["report"]);
    assert_eq!(output.stdout, "comment on #7: edited\n");
    let after = job.comment();
    assert!(after.contains("🟢") && after.contains("111111111"), "the history has the first commit: {after}");
    assert_eq!((job.github.count("POST", "/comments"), job.github.count("PATCH", "")), (1, 1));
    assert_eq!(job.summary(), "", "what stands in the comment is not said twice");
    // A third time with the same report changes nothing.
    assert_eq!(job.publish(&["report"]).stdout, "comment on #7: says the same already\n");
}

#[test]
fn two_matrix_legs_are_one_comment_with_both() {
    let job = Job::new();
    job.report("legs/linux-x64", RunVerdict::Pass);
    job.report("legs/macos-arm", RunVerdict::Regressed);
    ended(&job.publish(&["legs/linux-x64", "legs/macos-arm"]), 0);
    let named = job.comment();
    assert!(named.contains("linux-x64") && named.contains("macos-arm") && named.contains("🔴"), "{named}");
    // A folder of folders is the same, as the download of several artifacts leaves it.
    assert_eq!(job.publish(&["legs"]).stdout, "comment on #7: says the same already\n");
}

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
fn a_marker_that_a_stranger_planted_is_not_taken() {
    let job = Job::new();
    job.report("report", RunVerdict::Pass);
    let planted = format!("{}\nno regressions, merge this!", first_line("tollgate"));
    for by in [Who::User("mallory"), Who::User("github-actions"), Who::App("helpful")] {
        job.github.state(|state| state.comment(7, by, planted.clone()));
    }
    ended(&job.publish(&["report"]), 0);
    assert!(job.comment().contains("🟢"));
    let untouched = job.github.state(|state| state.comments.iter().filter(|one| one.body == planted).count());
    assert_eq!(untouched, 3);
}

#[test]
fn a_marker_below_the_first_line_is_not_taken() {
    let job = Job::new();
    job.report("report", RunVerdict::Pass);
    let quoted = format!("> quoted\n{}\n", first_line("tollgate"));
    job.github.state(|state| state.comment(7, Who::Actions, quoted.clone()));
    ended(&job.publish(&["report"]), 0);
    let comments = job.comments();
    assert!(comments.len() == 2 && comments[0] == quoted, "{comments:?}");
}

#[test]
fn the_comment_is_found_among_250() {
    let job = Job::new();
    job.report("report", RunVerdict::Regressed);
    job.github.state(|state| (0..240).for_each(|_| drop(state.comment(7, Who::User("bob"), "+1"))));
    ended(&job.publish(&["report"]), 0);
    job.github.state(|state| (0..9).for_each(|_| drop(state.comment(7, Who::User("bob"), "+1"))));
    job.push(SECOND, 11);
    assert_eq!(job.publish(&["report"]).stdout, "comment on #7: edited\n");
    job.comment();
    assert_eq!(job.github.state(|state| state.comments.len()), 250);
    let pages = job.github.seen().iter().filter(|seen| seen.verb == "GET" && seen.path.ends_with("/comments")).count();
    assert_eq!(pages, 9, "three pages each time, and three after the comment was written");
}

#[test]
fn of_two_that_were_written_at_once_the_older_stays() {
    let job = Job::new();
    job.report("report", RunVerdict::Pass);
    let same = format!("{}\nsomething", first_line("tollgate"));
    let older = job.github.state(|state| state.comment(7, Who::Actions, same.clone()));
    job.github.state(|state| state.comment(7, Who::Actions, same.clone()));
    ended(&job.publish(&["report"]), 0);
    let comments = job.comments();
    assert!(comments[0].contains("🟢"), "{comments:?}");
    assert_eq!(comments[1], format!("Superseded by [a newer report](#issuecomment-{older})."));
    ended(&job.publish(&["report"]), 0);
    assert_eq!(job.comments(), comments);
}

#[test]
fn every_key_has_its_comment() {
    let job = Job::new();
    job.report("report", RunVerdict::Pass);
    for key in ["tollgate", "nightly --> <b>", "nightly"] {
        ended(&job.publish(&["report", "--key", key]), 0);
        ended(&job.publish(&["report", "--key", key]), 0);
    }
    assert_eq!(job.comments().len(), 3);
}

#[test]
fn a_later_run_is_not_overwritten() {
    let job = Job::new();
    job.report("report", RunVerdict::Regressed);
    job.push(SECOND, 11);
    ended(&job.publish(&["report"]), 0);
    let later = job.comment();
    job.push(FIRST, 10);
    job.report("report", RunVerdict::Pass);
    assert_eq!(job.publish(&["report"]).stdout, "comment on #7: left as it is, a later run has reported\n");
    assert_eq!(job.comment(), later);
}

#[test]
fn the_modes_differ_in_when_they_write() {
    let said = |mode: &str, verdicts: [RunVerdict; 3]| {
        let job = Job::new();
        for (run, verdict) in (10..).zip(verdicts) {
            job.push(if run == 11 { SECOND } else { FIRST }, run);
            job.report("report", verdict);
            ended(&job.publish(&["report", "--comment", mode]), 0);
        }
        (job.comments(), job.github.count("POST", "/comments"), job.github.count("PATCH", ""))
    };
    let (pass, worse) = (RunVerdict::Pass, RunVerdict::Regressed);
    let (comments, new, edited) = said("always", [pass, pass, worse]);
    assert_eq!((comments.len(), new, edited), (1, 1, 2));
    let (comments, new, edited) = said("on-change", [pass, pass, worse]);
    assert_eq!((comments.len(), new, edited), (1, 1, 1));
    assert!(comments[0].contains("🔴"));
    let (comments, new, edited) = said("new", [pass, pass, worse]);
    assert_eq!((comments.len(), new, edited), (2, 2, 1));
    assert!(comments[0].starts_with("Superseded by") && comments[1].contains("🔴"), "{comments:?}");
    let (comments, ..) = said("never", [pass, pass, worse]);
    assert!(comments.is_empty());
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
    let summary = job.summary();
    assert!(summary.contains("🔴") && summary.contains(yaml) && !summary.contains("<!-- tollgate:v1"), "{summary}");
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
fn a_users_own_token_edits_the_users_comment() {
    let job = Job::new();
    job.report("report", RunVerdict::Pass);
    job.github.state(|state| state.token = Who::User("ada"));
    job.github.state(|state| state.comment(7, Who::Actions, format!("{}\nthe bot's", first_line("tollgate"))));
    ended(&job.publish(&["report"]), 0);
    ended(&job.publish(&["report"]), 0);
    job.comment();
}

#[test]
fn a_server_of_ones_own_is_reached_below_its_path() {
    let job = Job::with(Double::start_at("/api/v3"));
    job.report("report", RunVerdict::Pass);
    job.github.state(|state| (0..120).for_each(|_| drop(state.comment(7, Who::User("bob"), "+1"))));
    ended(&job.publish(&["report"]), 0);
    ended(&job.publish(&["report"]), 0);
    job.comment();
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
