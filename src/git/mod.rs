//! The repository: which revisions there are, what is in them, and how to put one into a folder. Refuses to know what is measured there.

mod base;
mod error;
mod foreign;
mod make;
mod missing;
mod program;
mod read;
mod revision;
mod snapshot;
mod state;
mod worktree;

use std::fmt;
use std::path::{Path, PathBuf};

pub use error::GitError;
pub use read::CHANGED_MAX;
pub use state::{Kept, Lock};

use program::Git;

/// A repository with a work tree; may itself be a linked worktree or a submodule.
pub struct Repository {
    inner: git2::Repository,
    root: PathBuf,
    /// Whether the git program has to be told that this repository may be used although it is another user's.
    vouched: bool,
}

impl Repository {
    /// The repository that `directory` lies in.
    pub fn discover(directory: &Path) -> Result<Self, GitError> {
        Self::discover_vouched(directory, None)
    }

    /// The same, where the caller vouches for the repository whose root is `vouched`, whoever owns it.
    pub fn discover_vouched(directory: &Path, vouched: Option<&Path>) -> Result<Self, GitError> {
        let inner = match git2::Repository::discover(directory) {
            Ok(inner) => inner,
            Err(error) if error.code() == git2::ErrorCode::Owner => return foreign::open(directory, vouched),
            Err(source) => return Err(not_opened(directory, source)),
        };
        let Some(root) = inner.workdir().map(Path::to_path_buf) else {
            return Err(GitError::Bare { path: inner.path().to_path_buf() });
        };
        Ok(Self { inner, root, vouched: false })
    }

    /// The root of the work tree.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The git program in a folder of this repository.
    fn git(&self, directory: &Path) -> Git<'static> {
        let git = Git::within(directory);
        if self.vouched { git.trusting(&self.root) } else { git }
    }
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository").field("root", &self.root).finish_non_exhaustive()
    }
}

/// What the library cannot read because objects are left at the remote.
const PARTIAL_CLONE: &str = "a partial clone, whose objects are partly at the remote,";

/// Why a repository does not open. Formats are told by the message: the library has no code for them.
fn not_opened(directory: &Path, source: git2::Error) -> GitError {
    let directory = directory.to_path_buf();
    let message = source.message().to_lowercase();
    let format = [
        ("objectformat", "the object format SHA-256"),
        ("object format", "the object format SHA-256"),
        ("refstorage", "a ref storage other than files (reftable)"),
        ("partialclone", PARTIAL_CLONE),
        ("relativeworktrees", "worktrees with relative paths"),
    ];
    match source.code() {
        git2::ErrorCode::NotFound => GitError::NotARepository { directory },
        git2::ErrorCode::Owner => GitError::NotOwned { directory },
        _ => match format.iter().find(|(word, _)| message.contains(word)) {
            Some((_, format)) => GitError::Unsupported { directory, format: (*format).to_owned() },
            None => GitError::Open { directory, source },
        },
    }
}
