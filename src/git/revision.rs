//! A revision by its name. Refuses to guess: a name that says nothing is an error, never an option to a program.

use git2::{Commit, ErrorCode, Oid};

use crate::model::Revision;

use super::{GitError, Repository};

/// The longest name of a revision, in bytes. Branch names end at 255 on most file systems; the rest is for `~3^{commit}` and the like.
const SPEC_BYTES_MAX: usize = 1024;

/// The longest title that is kept, in characters.
const TITLE_CHARS_MAX: usize = 200;

impl Repository {
    /// The revision that a person names: a branch, a tag, a commit, or whatever else `git rev-parse` takes as one.
    pub fn revision(&self, spec: &str) -> Result<Revision, GitError> {
        if spec.len() > SPEC_BYTES_MAX {
            return Err(GitError::Unknown { spec: spec.chars().take(40).collect(), shallow: false });
        }
        let unknown = || GitError::Unknown { spec: spec.to_owned(), shallow: self.inner.is_shallow() };
        let object = self.inner.revparse_single(spec).map_err(|error| match error.code() {
            ErrorCode::UnbornBranch => GitError::Unborn,
            _ => unknown(),
        })?;
        // A tag whose commit is not in a shallow clone peels to nothing, and so does a tree; only the latter is the user's mistake.
        let commit = object.peel_to_commit().map_err(|error| match error.code() {
            ErrorCode::NotFound => unknown(),
            _ => GitError::NotACommit { spec: spec.to_owned() },
        })?;
        Ok(revision_of(&commit, format!("`{spec}`")))
    }

    /// Whether the commit with the full id `ancestor` is in the history of the commit that `of` names, itself included. `None` where either is
    /// not here, as in a shallow clone or after a squash.
    pub fn is_ancestor(&self, ancestor: &str, of: &str) -> Option<bool> {
        let ancestor = full_id(ancestor).ok().filter(|id| self.inner.find_commit(*id).is_ok())?;
        let of = self.inner.revparse_single(of).ok()?.peel_to_commit().ok()?.id();
        // What a shallow clone cuts off cannot be told from what was never there.
        let descends = self.inner.graph_descendant_of(of, ancestor).ok()?;
        if of == ancestor || descends { Some(true) } else { (!self.inner.is_shallow()).then_some(false) }
    }

    /// The commit that HEAD is at.
    pub(super) fn head_commit(&self) -> Result<Commit<'_>, GitError> {
        let head = self.inner.head().map_err(|source| match source.code() {
            ErrorCode::UnbornBranch | ErrorCode::NotFound => GitError::Unborn,
            _ => GitError::Object { what: "read HEAD".to_owned(), source },
        })?;
        head.peel_to_commit().map_err(|source| GitError::Object { what: "read the commit of HEAD".to_owned(), source })
    }

    /// The commit with a full id.
    pub(super) fn commit(&self, id: &str) -> Result<Commit<'_>, GitError> {
        let found = full_id(id).and_then(|id| self.inner.find_commit(id));
        found.map_err(|source| GitError::Object { what: format!("read the commit `{id}`"), source })
    }
}

/// An id that is written in full: forty hexadecimal digits. The library would fill a shorter one up with zeros.
pub(super) fn full_id(id: &str) -> Result<Oid, git2::Error> {
    if id.len() == 40 { Oid::from_str(id) } else { Err(git2::Error::from_str("not forty hexadecimal digits")) }
}

/// A commit as it was committed.
pub(super) fn revision_of(commit: &Commit<'_>, label: String) -> Revision {
    let message = String::from_utf8_lossy(commit.message_bytes());
    Revision {
        commit: commit.id().to_string(),
        tree: commit.tree_id().to_string(),
        label,
        title: message.trim_start().lines().next().unwrap_or_default().chars().take(TITLE_CHARS_MAX).collect(),
        committed_at_s: commit.time().seconds(),
        dirty: false,
    }
}
