//! The uncommitted work as a revision: what a commit of everything that is not ignored would hold. Leaves the user's index and files as they are.
//!
//! The work of submodules is not taken along, only the commit that each is at.
#![expect(clippy::disallowed_methods, reason = "copies the index and looks at the sizes of untracked files")]

use std::fs::File;
use std::path::{Path, PathBuf};

use git2::{Oid, Signature, Time};

use crate::model::Revision;

use super::revision::{full_id, revision_of};
use super::{GitError, Repository};

/// The most bytes of untracked files that are taken along. More of them is a data set or a build folder that nobody ignored.
pub(super) const UNTRACKED_BYTES_MAX: u64 = 1 << 30;

impl Repository {
    /// HEAD with the uncommitted work: staged, unstaged, and untracked files that are not ignored. Clean work is HEAD itself.
    pub fn working_tree(&self) -> Result<Revision, GitError> {
        let head = self.head_commit()?;
        let index = self.copy_of_index()?;
        let untracked = self.untracked()?;
        self.git(&self.root).index(&index.path).words(&["add", "--update"]).run()?;
        if !untracked.is_empty() {
            let add = ["update-index", "--add", "--remove", "-z", "--stdin"];
            self.git(&self.root).index(&index.path).words(&add).input(&untracked).run()?;
        }
        let written = self.git(&self.root).index(&index.path).words(&["write-tree"]).run()?;
        let mut revision = revision_of(&head, "`HEAD`".to_owned());
        let tree = String::from_utf8_lossy(&written).trim().to_owned();
        if tree != revision.tree {
            revision = Revision { tree, label: "`HEAD` with uncommitted work".to_owned(), dirty: true, ..revision };
        }
        Ok(revision)
    }

    /// The commit to check out for a revision: its own, or for uncommitted work one that no branch knows. The same work gives the same commit.
    pub(super) fn commit_to_check_out(&self, revision: &Revision) -> Result<Oid, GitError> {
        let commit = self.commit(&revision.commit)?;
        if commit.tree_id().to_string() == revision.tree {
            return Ok(commit.id());
        }
        full_id(&revision.tree)
            .and_then(|tree| {
                let tree = self.inner.find_tree(tree)?;
                let author = Signature::new("Tollgate", "tollgate@localhost", &Time::new(revision.committed_at_s, 0))?;
                self.inner.commit(None, &author, &author, "Uncommitted work", &tree, &[&commit])
            })
            .map_err(|source| GitError::Object { what: "write the uncommitted work as a commit".to_owned(), source })
    }

    /// A copy of the user's index, which git may change. It keeps the time of the original: git reads a file again when it is not older than
    /// the index, and would take a younger copy's word for files that changed in the same instant.
    fn copy_of_index(&self) -> Result<CopyOfIndex, GitError> {
        let place = self.state_folder()?;
        let state = |path: &Path| {
            let path = path.to_path_buf();
            move |source| GitError::State { path, source }
        };
        let folder = tempfile::Builder::new().prefix("index-").tempdir_in(&place).map_err(state(&place))?;
        let copy = CopyOfIndex { path: folder.path().join("index"), _folder: folder };
        let original = self.inner.path().join("index");
        if original.exists() {
            std::fs::copy(&original, &copy.path).map_err(state(&original))?;
            let time =
                std::fs::metadata(&original).and_then(|metadata| metadata.modified()).map_err(state(&original))?;
            let opened = File::options().write(true).open(&copy.path);
            opened.and_then(|copy| copy.set_modified(time)).map_err(state(&copy.path))?;
        }
        Ok(copy)
    }

    /// The untracked files that are not ignored, each ended by a zero byte. Repositories within the work tree are not part of it.
    fn untracked(&self) -> Result<Vec<u8>, GitError> {
        let listed = self.git(&self.root).words(&["ls-files", "--others", "--exclude-standard", "-z"]).run()?;
        let (mut kept, mut bytes, mut biggest) = (Vec::with_capacity(listed.len()), 0_u64, (0, String::new()));
        for path in listed.split(|byte| *byte == 0).filter(|path| !path.is_empty() && !path.ends_with(b"/")) {
            kept.extend_from_slice(path);
            kept.push(0);
            let shown = String::from_utf8_lossy(path);
            // A file that went away meanwhile weighs nothing, and git leaves it out.
            let size = std::fs::symlink_metadata(self.root.join(&*shown)).map_or(0, |metadata| metadata.len());
            bytes = bytes.saturating_add(size);
            if size > biggest.0 {
                biggest = (size, shown.into_owned());
            }
        }
        if bytes > UNTRACKED_BYTES_MAX {
            return Err(GitError::TooMuchUntracked { bytes, biggest: biggest.1 });
        }
        Ok(kept)
    }
}

/// An index of our own, gone when dropped.
struct CopyOfIndex {
    path: PathBuf,
    _folder: tempfile::TempDir,
}
