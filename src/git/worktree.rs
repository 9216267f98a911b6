//! A revision's files in a folder of their own. Files that did not change keep their times, so that a build there is an incremental one.
#![expect(clippy::disallowed_methods, reason = "removes folders that are no worktree")]

use std::io;
use std::path::{Path, PathBuf};

use git2::WorktreePruneOptions;

use crate::model::Revision;

use super::{GitError, Repository};

impl Repository {
    /// Puts a revision's files at `place`, a folder below [`Self::state_folder`]. A worktree that is there is taken over: changed files are
    /// rewritten, files that do not belong to the revision go, ignored ones (build output) stay. Anything else that is there is removed.
    /// The caller holds the [`super::Lock`].
    pub fn checkout(&self, revision: &Revision, place: &Path) -> Result<(), GitError> {
        let place = self.own_place(place)?;
        let commit = self.commit_to_check_out(revision)?.to_string();
        // Whatever spoils a worktree (a killed git, a full disk) is healed by a fresh one.
        if !(self.is_worktree(&place) && self.rewrite(&place, &commit).is_ok()) {
            self.remove_worktrees(&place)?;
            remove(&place)?;
            // Given twice, for a registration that is left from a git that was killed: it is locked.
            let add = ["worktree", "add", "--quiet", "--detach", "--force", "--force"];
            self.git(&self.root).words(&add).path(&place).words(&[&commit]).run()?;
        }
        if place.join(".gitmodules").exists() {
            let update = ["submodule", "--quiet", "update", "--init", "--recursive", "--force"];
            self.git(&place).words(&update).run()?;
        }
        Ok(())
    }

    /// Removes this repository's worktrees at or below a folder, and their registrations, also where their files are gone already.
    pub fn remove_worktrees(&self, under: &Path) -> Result<(), GitError> {
        let under = under.canonicalize().unwrap_or_else(|_| under.to_path_buf());
        let failed = |source| GitError::Object { what: format!("remove the worktrees in {}", under.display()), source };
        for name in &self.inner.worktrees().map_err(failed)? {
            let Ok(Some(name)) = name else { continue };
            let worktree = self.inner.find_worktree(name).map_err(failed)?;
            let path = worktree.path().canonicalize().unwrap_or_else(|_| worktree.path().to_path_buf());
            if path.starts_with(&under) {
                remove(&path)?;
                worktree
                    .prune(Some(WorktreePruneOptions::new().valid(true).locked(true).working_tree(false)))
                    .map_err(failed)?;
            }
        }
        Ok(())
    }

    /// The place as a real path, its parent folders made. It must lie in our own folder even after links: what is there may be removed.
    fn own_place(&self, place: &Path) -> Result<PathBuf, GitError> {
        let failed = |source| GitError::State { path: place.to_path_buf(), source };
        let state = self.state_folder()?.canonicalize().map_err(failed)?;
        let (Some(parent), Some(name)) = (place.parent(), place.file_name()) else {
            return Err(GitError::NotOurs { path: place.to_path_buf() });
        };
        std::fs::create_dir_all(parent).map_err(failed)?;
        let parent = parent.canonicalize().map_err(failed)?;
        if parent.starts_with(&state) { Ok(parent.join(name)) } else { Err(GitError::NotOurs { path: parent }) }
    }

    /// Turns a worktree into a commit's files.
    fn rewrite(&self, place: &Path, commit: &str) -> Result<(), GitError> {
        self.git(place).words(&["checkout", "--quiet", "--detach", "--force", commit]).run()?;
        // Twice, for what is left of a submodule that the commit does not have. Not -x: ignored files are build output.
        self.git(place).words(&["clean", "--quiet", "-d", "--force", "--force"]).run()?;
        Ok(())
    }

    /// Whether a worktree of this very repository is at `place`.
    fn is_worktree(&self, place: &Path) -> bool {
        let Ok(there) = git2::Repository::open(place) else { return false };
        let same = |one: &Path, other: &Path| {
            one.canonicalize().ok().is_some_and(|one| other.canonicalize().ok() == Some(one))
        };
        there.is_worktree()
            && same(there.commondir(), self.inner.commondir())
            && there.workdir().is_some_and(|root| same(root, place))
    }
}

/// Removes whatever is at a path; nothing is fine too. A link goes, what it leads to stays.
fn remove(path: &Path) -> Result<(), GitError> {
    let removed = match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(GitError::State { path: path.to_path_buf(), source: error })
        }
        _ => Ok(()),
    }
}
