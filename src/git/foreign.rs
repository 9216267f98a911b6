//! A repository that belongs to another user, as in a container job, where the runner made the checkout. Refuses it unless the caller vouches for
//! it, or git's own `safe.directory` does.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::program::Git;
use super::{GitError, Repository, not_opened};

/// Opens the repository around `directory`, which the library has refused for its owner. `vouched` is the root for which the caller vouches.
///
/// The git program is asked what its config says, because it knows more forms of `safe.directory` than the library, and where else it may
/// stand. Then the library opens the folder `.git` by name, which is the way that asks for no owner. Turning its check off would hold for the
/// whole process, and needs unsafe code.
pub(super) fn open(directory: &Path, vouched: Option<&Path>) -> Result<Repository, GitError> {
    let found = git2::Repository::discover_path(directory, [] as [&OsStr; 0]);
    let folder = found.map_err(|source| not_opened(directory, source))?;
    let not_owned = |directory: &Path| GitError::NotOwned { directory: directory.to_path_buf() };
    // A linked worktree or a submodule has its folder elsewhere: it is for git's config to vouch for, by a rule that the library knows too.
    let root = plain_root(&folder).ok_or_else(|| not_owned(directory))?;
    let vouched = vouched.and_then(|path| path.canonicalize().ok()).is_some_and(|path| path == root);
    if !vouched && Git::within(&root).words(&["rev-parse", "--git-dir"]).run().is_err() {
        return Err(not_owned(&root));
    }
    let opened = || -> Result<git2::Repository, git2::Error> {
        let inner = git2::Repository::open_bare(&folder)?;
        inner.set_workdir(&root, false)?;
        // Asked for its side effect: only now the library reads where a shallow clone ends.
        inner.is_shallow();
        Ok(inner)
    };
    let inner = opened().map_err(|source| not_opened(&root, source))?;
    Ok(Repository { inner, root, vouched })
}

/// The work tree that the folder `.git` lies in, as a real path.
fn plain_root(folder: &Path) -> Option<PathBuf> {
    let folder = folder.canonicalize().ok()?;
    (folder.file_name() == Some(OsStr::new(".git"))).then(|| folder.parent().map(Path::to_path_buf))?
}
