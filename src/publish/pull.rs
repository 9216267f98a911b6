//! The pull request that a run of another workflow was for: by what GitHub says of the run, never by what the run says of itself.

use serde::Deserialize;

use crate::ci::EndedRun;

use super::route::segment;
use super::{ApiError, GitHub};

/// An open pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// The tip of its own branch.
    pub head_sha: String,
    /// The branch that it goes to.
    pub base_branch: String,
    /// What GitHub merged both to, for tests; made anew when the base moves.
    pub merge_sha: Option<String>,
}

/// What a search for a pull request came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sought {
    /// It is this one.
    Found(Pull),
    /// There is none any more, or never was one; why, as a sentence.
    Nothing(String),
    /// There are several, and nothing tells which one is meant; why, as a sentence.
    Several(String),
}

/// A pull request as the interface gives it.
#[derive(Deserialize)]
struct Wire {
    number: u64,
    head: Tip,
    base: Branch,
    #[serde(default)]
    merge_commit_sha: Option<String>,
}

#[derive(Deserialize)]
struct Tip {
    sha: String,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(rename = "ref")]
    name: String,
}

/// The open pull request whose head is what the run was for. The run's own list of pull requests is empty for forks, and a fork's commits are not
/// found by their ids; its branch is.
pub fn of_run(github: &GitHub, run: &EndedRun) -> Result<Sought, ApiError> {
    if run.event_name != "pull_request" {
        return Ok(Sought::Nothing("the run was not started by a pull request".to_owned()));
    }
    let Some(owner) = &run.head_owner else {
        return Ok(Sought::Nothing("the repository that the change came from is gone".to_owned()));
    };
    let head = format!("{}:{}", segment(owner), segment(&run.head_branch));
    let all: Vec<Wire> = github.get_all(&github.route(&format!("pulls?state=open&head={head}")))?;
    let mut fitting: Vec<Wire> = all.into_iter().filter(|pull| pull.head.sha == run.head_sha).collect();
    let head: String = run.head_sha.chars().take(9).collect();
    Ok(match (fitting.pop(), fitting.len()) {
        (None, _) => {
            Sought::Nothing(format!("no open pull request is at {head}: it was closed, or newer commits were pushed"))
        }
        (Some(pull), 0) => Sought::Found(Pull {
            number: pull.number,
            head_sha: pull.head.sha,
            base_branch: pull.base.name,
            merge_sha: pull.merge_commit_sha,
        }),
        (Some(_), others) => Sought::Several(format!(
            "{} open pull requests are at {head}, and the event does not say which one was measured",
            others + 1
        )),
    })
}
