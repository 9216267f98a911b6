//! Commits that no work tree ever held, and the way to a branch at a remote and back. Never forces: what somebody else pushed stays.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use git2::build::TreeUpdateBuilder;
use git2::{FileMode, Reference, Signature, Time};

use crate::model::Revision;

use super::program::Git;
use super::revision::{full_id, revision_of};
use super::{GitError, Repository};

/// Where fetched branches are kept: no name of the user's, and nothing that `git branch` shows.
const FETCHED: &str = "refs/tollgate/fetched";

/// A branch at the remote `origin`, and what opens the door to it.
#[derive(Clone, Debug)]
pub struct RemoteBranch {
    name: String,
}

/// The right to read and push over HTTPS. Never printed, never part of a command line.
#[derive(Clone)]
pub struct Credential {
    /// The server: `https://github.com`.
    server: String,
    token: String,
}

/// What became of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The branch is at the commit now.
    Landed,
    /// Somebody else was first; fetch and build the commit anew.
    Raced,
    /// The remote does not let anyone push like this, in its own words.
    Refused(String),
}

impl RemoteBranch {
    /// A branch by its name without `refs/heads/`; `None` where git knows no such names.
    pub fn new(name: &str) -> Option<Self> {
        Reference::is_valid_name(&format!("refs/heads/{name}")).then(|| Self { name: name.to_owned() })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn there(&self) -> String {
        format!("refs/heads/{}", self.name)
    }

    fn here(&self) -> String {
        format!("{FETCHED}/{}", self.name)
    }
}

impl Credential {
    /// A token for a server, unless it is empty. A server whose address is not `https://` gets none.
    pub fn new(server: &str, token: &str) -> Option<Self> {
        let usable = server.starts_with("https://") && !token.is_empty() && !token.contains(['\n', '\r']);
        usable.then(|| Self { server: server.trim_end_matches('/').to_owned(), token: token.to_owned() })
    }

    /// The setting that makes git send it to this server and to no other.
    fn setting(&self) -> (String, String) {
        let basic = STANDARD.encode(format!("x-access-token:{}", self.token));
        (format!("http.{}/.extraheader", self.server), format!("AUTHORIZATION: basic {basic}"))
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Repository {
    /// The name of the branch that is checked out; `None` where HEAD is detached.
    pub fn branch_name(&self) -> Option<String> {
        let head = self.inner.head().ok()?;
        (head.is_branch()).then(|| head.shorthand().ok().map(str::to_owned)).flatten()
    }

    /// Fetches a branch of `origin`; `None` where it has no such branch.
    pub fn fetch(&self, branch: &RemoteBranch, credential: Option<&Credential>) -> Result<Option<Revision>, GitError> {
        let listed =
            self.remote_git(credential)?.words(&["ls-remote", "--heads", "origin"]).argument(&branch.there()).run()?;
        if listed.is_empty() {
            return Ok(None);
        }
        let refspec = format!("+{}:{}", branch.there(), branch.here());
        let fetch = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "origin"];
        self.remote_git(credential)?.words(&fetch).argument(&refspec).run()?;
        let tip = self.inner.find_reference(&branch.here()).and_then(|found| found.peel_to_commit());
        let tip =
            tip.map_err(|source| GitError::Object { what: format!("read the branch `{}`", branch.name), source })?;
        Ok(Some(revision_of(&tip, format!("`{}`", branch.name))))
    }

    /// A commit with the tree of `on`, in which `files` (paths from the root, and their bytes) are replaced or added. On no branch yet.
    pub fn commit_files(
        &self,
        on: &Revision,
        parents: &[&Revision],
        files: &[(String, Vec<u8>)],
        message: &str,
        now_s: i64,
    ) -> Result<Revision, GitError> {
        let commit = || -> Result<Revision, git2::Error> {
            let mut update = TreeUpdateBuilder::new();
            for (path, bytes) in files {
                update.upsert(path.as_str(), self.inner.blob(bytes)?, FileMode::Blob);
            }
            let below = self.inner.find_tree(full_id(&on.tree)?)?;
            let tree = self.inner.find_tree(update.create_updated(&self.inner, &below)?)?;
            let author = Signature::new("Tollgate", "tollgate@localhost", &Time::new(now_s, 0))?;
            let parents = parents
                .iter()
                .map(|parent| self.inner.find_commit(full_id(&parent.commit)?))
                .collect::<Result<Vec<_>, _>>()?;
            let parents: Vec<_> = parents.iter().collect();
            let id = self.inner.commit(None, &author, &author, message, &tree, &parents)?;
            Ok(revision_of(&self.inner.find_commit(id)?, "the new commit".to_owned()))
        };
        commit().map_err(|source| GitError::Object { what: "write a commit of the new files".to_owned(), source })
    }

    /// Pushes a commit to a branch of `origin` that is behind it, or is not there yet.
    pub fn push(
        &self,
        commit: &Revision,
        branch: &RemoteBranch,
        credential: Option<&Credential>,
    ) -> Result<Pushed, GitError> {
        let refspec = format!("{}:{}", commit.commit, branch.there());
        let push = ["push", "--porcelain", "--no-verify", "--no-follow-tags", "origin"];
        match self.remote_git(credential)?.words(&push).argument(&refspec).run() {
            Ok(_) => Ok(Pushed::Landed),
            Err(GitError::Ended { said, .. }) if is_race(&said) => Ok(Pushed::Raced),
            Err(GitError::Ended { said, .. }) if said.contains("[remote rejected]") => Ok(Pushed::Refused(said)),
            Err(error) => Err(error),
        }
    }

    /// Git, with the right to use the remote. Where the checkout has left its own right in the settings, a second one would be refused.
    fn remote_git(&self, credential: Option<&Credential>) -> Result<Git<'static>, GitError> {
        let git = Git::within(&self.root);
        let Some(credential) = credential else { return Ok(git) };
        let asked = ["config", "--get-urlmatch", "http.extraheader"];
        let known = Git::within(&self.root).words(&asked).argument(&credential.server).run();
        match known {
            Ok(header) if !header.is_empty() => Ok(git),
            Ok(_) | Err(GitError::Ended { .. }) => Ok(git.setting(&credential.setting())),
            Err(error) => Err(error),
        }
    }
}

/// Whether a push lost to another one. Git has no status of its own for it.
fn is_race(said: &str) -> bool {
    let refused_here = said.contains("[rejected]");
    let lost_there = ["cannot lock ref", "failed to update ref", "incorrect old value", "reference already exists"];
    refused_here || (said.contains("[remote rejected]") && lost_there.iter().any(|words| said.contains(words)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_has_a_name_that_git_knows() {
        for name in ["main", "release/2.4", "tollgate/baselines/main", "-x", "ünïcode"] {
            assert_eq!(RemoteBranch::new(name).expect(name).name(), name);
        }
        for name in ["", "a b", "a..b", "a:b", "x.lock", "a/", "/a", "a\nb", "a~1", "@{u}"] {
            assert!(RemoteBranch::new(name).is_none(), "{name}");
        }
    }

    #[test]
    fn a_token_goes_to_its_server_alone_and_is_never_shown() {
        let credential = Credential::new("https://git.example/", "s3cret").unwrap();
        let (name, value) = credential.setting();
        assert_eq!(name, "http.https://git.example/.extraheader");
        assert_eq!(value, "AUTHORIZATION: basic eC1hY2Nlc3MtdG9rZW46czNjcmV0");
        assert!(!format!("{credential:?}").contains("s3cret"));
        for (server, token) in
            [("http://git.example", "x"), ("https://git.example", ""), ("https://git.example", "a\nb")]
        {
            assert!(Credential::new(server, token).is_none());
        }
    }

    #[test]
    fn a_lost_race_is_told_from_a_closed_branch() {
        assert!(is_race("!\tabc:refs/heads/b\t[rejected] (fetch first)"));
        assert!(is_race("! [remote rejected] abc -> b (cannot lock ref 'refs/heads/b': is at 1 but expected 2)"));
        assert!(!is_race("! [remote rejected] abc -> b (protected branch hook declined)"));
        assert!(!is_race("fatal: could not read from remote repository"));
    }
}
