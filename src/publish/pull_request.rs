//! A pull request of our own: opened once for a branch, then kept up to date.

use serde::{Deserialize, Serialize};

use super::route::segment;
use super::{ApiError, GitHub};

/// What is to be merged, and what is said about it.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The branch to merge, in the same repository.
    pub branch: String,
    /// The branch to merge it into.
    pub into: String,
    /// One line.
    pub title: String,
    /// Markdown, at most 65,536 characters.
    pub body: String,
}

/// A pull request that is open now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its number.
    pub number: u64,
    /// Its page.
    pub url: String,
    /// Whether it was opened just now.
    pub new: bool,
}

/// What GitHub says of a pull request, as far as it matters.
#[derive(Debug, Deserialize)]
struct Pull {
    number: u64,
    html_url: String,
    head: Branch,
    base: Branch,
}

#[derive(Debug, Deserialize)]
struct Branch {
    #[serde(rename = "ref")]
    name: String,
}

/// Opens a pull request, or edits the open one of the same two branches.
pub fn propose(github: &GitHub, proposal: &Proposal) -> Result<Opened, ApiError> {
    #[derive(Serialize)]
    struct New<'a> {
        title: &'a str,
        head: &'a str,
        base: &'a str,
        body: &'a str,
    }
    #[derive(Serialize)]
    struct Edit<'a> {
        title: &'a str,
        body: &'a str,
    }
    let Proposal { branch, into, title, body } = proposal;
    if let Some(open) = find(github, proposal)? {
        let route = github.route(&format!("pulls/{}", open.number));
        let edited: Pull = github.patch(&route, &Edit { title, body })?;
        return Ok(Opened { number: edited.number, url: edited.html_url, new: false });
    }
    let new = New { title, head: branch, base: into, body };
    let made: Pull = github.post(&github.route("pulls"), &new, &|github| find(github, proposal))?;
    Ok(Opened { number: made.number, url: made.html_url, new: true })
}

/// The open pull request of these two branches.
fn find(github: &GitHub, proposal: &Proposal) -> Result<Option<Pull>, ApiError> {
    let head = segment(&format!("{}:{}", github.owner(), proposal.branch));
    let route = github.route(&format!("pulls?state=open&head={head}&base={}", segment(&proposal.into)));
    let fits = |pull: &Pull| pull.head.name == proposal.branch && pull.base.name == proposal.into;
    Ok(github.get::<Vec<Pull>>(&route)?.into_iter().find(fits))
}
