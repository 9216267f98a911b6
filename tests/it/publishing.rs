//! `tollgate publish` against the GitHub in memory: one comment whatever happens, and what is left where GitHub does not take it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod escalations;
mod one_comment;
mod surfaces;
mod troubles;

use std::path::PathBuf;

use serde_json::{Value, json};
use tollgate::model::{Judgement, Outcome, RunVerdict, Verdict};
use tollgate::report::json::{from_json, to_json};

use crate::github::{Double, REPOSITORY, Who};
use crate::harness::{Output, TestRepo};

const FIRST: &str = "1111111111111111111111111111111111111111";
const SECOND: &str = "2222222222222222222222222222222222222222";

/// A judgement with this verdict and the rows that go with it.
fn judgement(verdict: RunVerdict) -> Judgement {
    let mut judgement = from_json(include_bytes!("../fixtures/judgements/v1.json")).unwrap();
    let kept = if verdict == RunVerdict::Regressed { Outcome::FailRegressed } else { Outcome::Pass };
    judgement.rows.retain(|row| row.outcome == kept && !matches!(row.verdict, Verdict::Inconclusive(_)));
    judgement.coverage.problems.clear();
    judgement.notices.clear();
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

    /// Others write comments.
    fn chatter(&self, comments: usize) {
        self.github.state(|state| {
            for _ in 0..comments {
                state.comment(7, Who::User("bob"), "+1");
            }
        });
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
