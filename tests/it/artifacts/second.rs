//! A repository as the second stage sees it, and evidence that nobody measured.
#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tollgate::commands::evidence::{Asked, Judged, judge_artifact};
use tollgate::commands::{Context, Failure};
use tollgate::measure::stop::Stop;
use tollgate::model::Judgement;

use crate::harness::TestRepo;

/// The tip of the pull request's branch; no clone has it.
pub(super) const HEAD: &str = "ffffffffffffffffffffffffffffffffffffffff";

/// A suite of the policy.
pub(super) const SUITE: &str = "[suite.core]\nadapter = \"json\"\nrun = [\"sh\", \"bench.sh\"]\n";

/// What a job may have measured: a suite, a benchmark, and its time at base and head in milliseconds; 0 for nothing.
pub(super) type Measured<'a> = (&'a str, &'a str, u32, u32);

/// A repository whose default branch has a policy, and a clone that has nothing else.
#[derive(Debug)]
pub(super) struct Second {
    pub(super) repo: TestRepo,
    pub(super) clone: PathBuf,
}

impl Second {
    /// With this policy on `main`.
    pub(super) fn with(config: &str) -> Self {
        let repo = TestRepo::new();
        repo.write("tollgate.toml", config);
        repo.commit("A policy");
        repo.push();
        Self::of(repo)
    }

    /// A clone of what was pushed.
    pub(super) fn of(repo: TestRepo) -> Self {
        let clone = repo.around().join("second");
        let (remote, place) = (repo.remote().display().to_string(), clone.display().to_string());
        repo.git_in(repo.around(), &["clone", "--quiet", &remote, &place]);
        Self { repo, clone }
    }

    /// The clone gets what was pushed since.
    pub(super) fn fetch(&self) {
        self.repo.git_in(&self.clone, &["pull", "--quiet"]);
    }

    /// The tip of the base branch.
    pub(super) fn tip(&self) -> String {
        self.repo.git_in(&self.clone, &["rev-parse", "refs/remotes/origin/main"])
    }

    /// Judges what lies at a path.
    pub(super) fn judge_at(&self, path: &Path) -> Result<Judged, Failure> {
        let merge_sha = Some("e".repeat(40));
        let asked = Asked { base_branch: "main".to_owned(), head_sha: HEAD.to_owned(), merge_sha };
        let context = Context {
            directory: self.clone.clone(),
            environment: BTreeMap::new(),
            tollgate: PathBuf::from(env!("CARGO_BIN_EXE_tollgate")),
            quiet: true,
            interactive: false,
            now_s: 1_770_000_000,
            stop: Stop::new(),
        };
        judge_artifact(path, &asked, &context)
    }

    /// Judges bytes.
    pub(super) fn judge_bytes(&self, bytes: &[u8]) -> Judged {
        let path = self.repo.around().join("artifact");
        std::fs::write(&path, bytes).unwrap_or_else(|error| panic!("{error}"));
        self.judge_at(&path).unwrap_or_else(|failure| panic!("{failure}"))
    }

    /// The judgement of evidence that must not be refused.
    #[track_caller]
    pub(super) fn judged(&self, evidence: &Value) -> Judgement {
        let Judged { mut jobs, refused } = self.judge_bytes(evidence.to_string().as_bytes());
        assert!(refused.is_none(), "{refused:?}");
        jobs.pop().expect("there is one").1
    }

    /// Evidence of the rounds after which the gate first convicts, with half a percent of noise.
    pub(super) fn evidence(&self, measured: &[Measured<'_>]) -> Value {
        let noise = |at: u32| 1.0 + f64::from(at * 7919 % 11) / 1000.0 - 0.005;
        let arm = |of: fn(&Measured<'_>) -> u32, shift: u32| -> Vec<Value> {
            let there = measured.iter().enumerate().filter(|(_, one)| of(one) > 0);
            let series = there.map(|(at, one)| {
                let value = |round: u32| {
                    let seed = round * 31 + shift + u32::try_from(at).unwrap_or(0) * 101;
                    json!([round, {"values": [f64::from(of(one)) / 1000.0 * noise(seed)]}])
                };
                let metric = json!({
                    "suite": one.0, "benchmark": one.1, "metric": "time", "unit": "s", "better": "lower", "kind": "time",
                    "determinism": "noisy", "role": "gated",
                });
                json!({"metric": metric, "rounds": (0..26).map(value).collect::<Vec<_>>()})
            });
            series.collect()
        };
        let mut suites: Vec<&str> = measured.iter().map(|one| one.0).collect();
        suites.dedup();
        json!({
            "schema": 1, "tollgate": "0.1.0", "seed": 7,
            "base": revision(&self.tip(), "merge base of `main`"), "head": revision(HEAD, "`HEAD`"),
            "environment": {
                "cpu_model": "EPYC", "cores": 4, "memory_bytes": 17_179_869_184_u64, "os": "Debian", "kernel": "6.1",
                "hypervisor": "kvm", "toolchain": "rustc 1.95.0",
            },
            "suites": suites.iter().map(|name| json!({"name": name, "facts": []})).collect::<Vec<_>>(),
            "rounds_run": 26, "rounds_max": 120, "patient": false, "time_limit_s": 600, "ended": "complete", "elapsed_s": 60,
            "base_series": arm(|one| one.2, 0), "head_series": arm(|one| one.3, 17),
            "order": [], "identical": [], "troubles": [],
        })
    }
}

fn revision(commit: &str, label: &str) -> Value {
    json!({
        "commit": commit, "tree": "a".repeat(40), "label": label, "title": "A change", "committed_at_s": 1_769_000_000,
        "dirty": false,
    })
}

/// The rows that are not unchanged, as `suite/benchmark verdict outcome`.
pub(super) fn rows(judgement: &Judgement) -> Vec<String> {
    let rows = judgement.rows.iter().filter(|row| format!("{:?}", row.verdict) != "Unchanged");
    rows.map(|row| format!("{} {:?} {:?}", row.metric.id.benchmark, row.verdict, row.outcome)).collect()
}
