//! What is asked of GitHub to answer a comment, and what is done there. Refuses to decide anything, and never fetches code of a pull request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::config::WAIVER_FILE;
use crate::publish::route::segment;
use crate::publish::{ApiError, GitHub, Refusal};

use super::decide::Run;
use super::proposal::Proposal;

/// A pull request, as it is now.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Pull {
    /// `open` or `closed`.
    pub(super) state: String,
    /// The tip of its own branch.
    pub(super) head: Tip,
    /// The branch that it goes to.
    pub(super) base: Target,
}

/// A commit that a branch points to.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Tip {
    /// The whole id.
    pub(super) sha: String,
}

/// A branch of this repository.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Target {
    /// Its name.
    #[serde(rename = "ref")]
    pub(super) name: String,
}

/// A comment, as it is now.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Written {
    /// What it says.
    #[serde(default)]
    pub(super) body: Option<String>,
    /// When it was written.
    pub(super) created_at: String,
}

/// A pull request of ours.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Opened {
    /// Its number.
    pub(super) number: u64,
}

/// What a reference points to.
#[derive(Deserialize)]
struct Reference {
    object: Tip,
}

/// A file of a commit.
#[derive(Deserialize)]
struct File {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    encoding: String,
    #[serde(default)]
    content: String,
}

/// What somebody may do in the repository: `admin`, `write`, `read`, `none`.
pub(super) fn permission(github: &GitHub, login: &str) -> Result<String, ApiError> {
    #[derive(Deserialize)]
    struct Answer {
        permission: String,
    }
    let route = github.route(&format!("collaborators/{}/permission", segment(login)));
    match there(github.get::<Answer>(&route))? {
        Some(answer) => Ok(answer.permission),
        None => Ok("none".to_owned()),
    }
}

/// The comment as it is now; `None` where it is gone.
pub(super) fn comment(github: &GitHub, id: u64) -> Result<Option<Written>, ApiError> {
    there(github.get(&github.route(&format!("issues/comments/{id}"))))
}

/// The pull request as it is now.
pub(super) fn pull(github: &GitHub, number: u64) -> Result<Pull, ApiError> {
    github.get(&github.route(&format!("pulls/{number}")))
}

/// The runs of a workflow for a commit of a pull request.
pub(super) fn runs(github: &GitHub, workflow: &str, head: &str) -> Result<Vec<Run>, ApiError> {
    let (workflow, head) = (segment(workflow), segment(head));
    let route = github.route(&format!("actions/workflows/{workflow}/runs?event=pull_request&head_sha={head}"));
    Ok(there(github.get_all_in(&route, "workflow_runs"))?.unwrap_or_default())
}

/// Runs the failed jobs of a run again.
pub(super) fn rerun(github: &GitHub, id: u64, attempt: u64) -> Result<(), ApiError> {
    let landed = |github: &GitHub| {
        let now: Run = github.get(&github.route(&format!("actions/runs/{id}")))?;
        Ok((now.attempt > attempt).then_some(Value::Null))
    };
    let route = github.route(&format!("actions/runs/{id}/rerun-failed-jobs"));
    github.post::<_, Value>(&route, &json!({}), &landed).map(drop)
}

/// The commit that a branch is at; `None` where there is no such branch.
pub(super) fn tip(github: &GitHub, branch: &str) -> Result<Option<String>, ApiError> {
    let route = github.route(&format!("git/ref/heads/{}", path(branch)));
    Ok(there(github.get::<Reference>(&route))?.map(|reference| reference.object.sha))
}

/// The waiver file of a commit; empty where there is none, `None` where it is no file that can be read.
pub(super) fn waivers(github: &GitHub, commit: &str) -> Result<Option<String>, ApiError> {
    let route = github.route(&format!("contents/{WAIVER_FILE}?ref={}", segment(commit)));
    let Some(file) = there(github.get::<File>(&route))? else { return Ok(Some(String::new())) };
    let squeezed: String = file.content.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(squeezed).ok().filter(|_| file.kind == "file" && file.encoding == "base64");
    Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
}

/// The pull request of a branch of this repository, open or not.
pub(super) fn opened(github: &GitHub, owner: &str, branch: &str) -> Result<Option<Opened>, ApiError> {
    let route = github.route(&format!("pulls?state=all&head={}:{}", segment(owner), segment(branch)));
    Ok(github.get::<Vec<Opened>>(&route)?.into_iter().next())
}

/// Makes a branch that is one commit ahead of `tip`: the waiver file with this text. The branch appears with the commit or not at all.
pub(super) fn branch(github: &GitHub, tip: &str, text: &str, proposal: &Proposal) -> Result<(), ApiError> {
    #[derive(Deserialize)]
    struct Commit {
        tree: Tip,
    }
    // A tree or a commit that nothing points to is thrown away by GitHub, so a second one does no harm.
    let again = |_: &GitHub| Ok(None);
    let before: Commit = github.get(&github.route(&format!("git/commits/{}", segment(tip))))?;
    let file = json!({"path": WAIVER_FILE, "mode": "100644", "type": "blob", "content": text});
    let tree = json!({"base_tree": before.tree.sha, "tree": [file]});
    let tree: Tip = github.post(&github.route("git/trees"), &tree, &again)?;
    let commit = json!({"message": proposal.title, "tree": tree.sha, "parents": [tip]});
    let commit: Tip = github.post(&github.route("git/commits"), &commit, &again)?;
    let reference = json!({"ref": format!("refs/heads/{}", proposal.branch), "sha": commit.sha});
    let landed = |github: &GitHub| {
        let route = github.route(&format!("git/ref/heads/{}", path(&proposal.branch)));
        there(github.get::<Reference>(&route))
    };
    github.post(&github.route("git/refs"), &reference, &landed).map(drop)
}

/// Opens the pull request of a branch.
pub(super) fn open(github: &GitHub, owner: &str, base: &str, proposal: &Proposal) -> Result<Opened, ApiError> {
    let Proposal { title, branch, body, .. } = proposal;
    let new = json!({"title": title, "head": branch, "base": base, "body": body});
    github.post(&github.route("pulls"), &new, &|github| opened(github, owner, branch))
}

/// Puts a sign under a comment. A second one of the same kind is the same.
pub(super) fn react(github: &GitHub, comment: u64, content: &str) -> Result<(), ApiError> {
    let route = github.route(&format!("issues/comments/{comment}/reactions"));
    github.post::<_, Value>(&route, &json!({"content": content}), &|_| Ok(None)).map(drop)
}

/// What is there; `None` where GitHub says that it is not.
fn there<T>(answer: Result<T, ApiError>) -> Result<Option<T>, ApiError> {
    match answer {
        Err(error) if error.refusal() == Some(Refusal::NotFound) => Ok(None),
        other => other.map(Some),
    }
}

/// A branch's name as parts of a route.
fn path(branch: &str) -> String {
    branch.split('/').map(segment).collect::<Vec<_>>().join("/")
}
