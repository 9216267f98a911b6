//! The folder `.tollgate/`, where Tollgate keeps what is not part of the repository, and who may use it. Refuses to know what lies in it.
#![expect(clippy::disallowed_methods, reason = "makes, locks and removes the folder")]

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::{GitError, Repository};

/// The folder's name, in the root of the work tree.
const FOLDER: &str = ".tollgate";

/// What its `.gitignore` says: nothing in here belongs to the repository, this file included.
const IGNORE_ALL: &str = "*\n";

/// The right to use the worktrees, until dropped. Ends with the process, however that ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Drop for Lock {
    /// Unlocks by word rather than by closing: a child that is just being started still has the file open.
    fn drop(&mut self) {
        let _gone_already = self.file.unlock();
    }
}

/// Something that Tollgate keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its path from the root of the work tree.
    pub path: PathBuf,
    /// The sum of its files' lengths, in bytes.
    pub bytes: u64,
}

impl Repository {
    /// `.tollgate/` in the root of the work tree, made where it is not there. Git ignores it. A link in its place is refused: whoever commits
    /// one could otherwise have files written and removed elsewhere.
    pub fn state_folder(&self) -> Result<PathBuf, GitError> {
        let folder = self.root.join(FOLDER);
        let failed = |source| GitError::State { path: folder.clone(), source };
        match fs::symlink_metadata(&folder) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err(GitError::NotOurs { path: folder }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => fs::create_dir(&folder).map_err(failed)?,
            Err(source) => return Err(failed(source)),
        }
        let ignore = folder.join(".gitignore");
        let plain = fs::symlink_metadata(&ignore).is_ok_and(|metadata| metadata.is_file());
        if !plain || fs::read(&ignore).map_err(failed)? != IGNORE_ALL.as_bytes() {
            let mut file = tempfile::NamedTempFile::new_in(&folder).map_err(failed)?;
            file.write_all(IGNORE_ALL.as_bytes()).map_err(failed)?;
            file.persist(&ignore).map_err(|error| failed(error.error))?;
        }
        Ok(folder)
    }

    /// The right to use the worktrees. Does not wait: two that measure at once would only disturb each other.
    pub fn lock(&self) -> Result<Lock, GitError> {
        let path = self.state_folder()?.join("lock");
        let failed = |source| GitError::State { path: path.clone(), source };
        if fs::symlink_metadata(&path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(GitError::NotOurs { path });
        }
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(GitError::Locked { path, holder: holder(&mut file) }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(failed)?;
        write!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Lock { file })
    }

    /// What is in `.tollgate/`, biggest first; nothing where the folder is not there.
    pub fn kept(&self) -> Result<Vec<Kept>, GitError> {
        let folder = self.root.join(FOLDER);
        if fs::symlink_metadata(&folder).is_ok_and(|metadata| !metadata.is_dir()) {
            return Err(GitError::NotOurs { path: folder });
        }
        let failed = |source| GitError::State { path: folder.clone(), source };
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries.collect::<Result<Vec<_>, _>>().map_err(failed)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(failed(source)),
        };
        let mut kept: Vec<_> = entries
            .iter()
            .map(|entry| Kept { path: Path::new(FOLDER).join(entry.file_name()), bytes: bytes_below(&entry.path()) })
            .collect();
        kept.sort_by(|one, other| (other.bytes, &one.path).cmp(&(one.bytes, &other.path)));
        Ok(kept)
    }

    /// Removes `.tollgate/` and the registrations of its worktrees.
    pub fn remove_state(&self, lock: Lock) -> Result<(), GitError> {
        let folder = self.state_folder()?;
        self.remove_worktrees(&folder)?;
        fs::remove_dir_all(&folder).map_err(|source| GitError::State { path: folder, source })?;
        drop(lock);
        Ok(())
    }
}

/// Who holds the lock, as far as the file says.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    // Windows does not let anyone read a locked file; the number is a courtesy.
    let _unread = file.take(20).read_to_string(&mut text);
    text.trim().parse::<u32>().map_or_else(|_| "another process".to_owned(), |id| format!("process {id}"))
}

/// The sum of the lengths of a file, or of all files below a folder. Links are not followed; what cannot be read counts as nothing.
fn bytes_below(path: &Path) -> u64 {
    walkdir::WalkDir::new(path)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .filter_map(|entry| entry.metadata().ok())
        .map(|metadata| metadata.len())
        .fold(0, u64::saturating_add)
}
