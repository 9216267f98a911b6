//! Baselines on disk: read, and replaced whole or not at all.
#![expect(clippy::disallowed_methods, reason = "the one place that reads and writes baselines on disk")]

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::model::{Name, StoredRun};

use super::error::{BaselineError, visible};
use super::file::{BaselineFile, by_class};
use super::layout;
use super::wire::{self, BYTES_MAX};

/// Whether to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Save {
    /// Write.
    Really,
    /// Only say what would be written.
    DryRun,
}

/// A file that was found, and what it holds.
pub type Found = (PathBuf, Result<BaselineFile, BaselineError>);

/// Every baseline below `folder`, sorted by path, read or not. A folder that does not exist holds none. A file that lies where Tollgate would
/// not look for it is an error of that file: it would never be compared with.
pub fn load_all(folder: &Path) -> Result<Vec<Found>, BaselineError> {
    let mut found = Vec::new();
    for class in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
        let files = entries(&class)?;
        for path in files.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "json")) {
            let file = load(folder, &path);
            found.push((path, file));
        }
    }
    Ok(found)
}

/// Adds runs of one suite to the stored ones, keeps the newest `keep` (at least 1) in each file, and returns the files written. Exact metrics go
/// to [`layout::ANY`], all others to the class of the run's environment. Everything is read and checked before the first file is written.
pub fn accept(folder: &Path, suite: &Name, runs: Vec<StoredRun>, keep: u32) -> Result<Vec<PathBuf>, BaselineError> {
    let mut changed = Vec::new();
    for (class, runs) in by_class(suite, runs)? {
        let path = folder.join(layout::path(&class, suite));
        let mut file = match path.try_exists() {
            Ok(false) => BaselineFile::new(suite.clone(), class),
            Ok(true) => load(folder, &path)?,
            Err(source) => return Err(BaselineError::Read { path, source }),
        };
        for run in runs {
            file.add(run);
        }
        file.retain(keep);
        changed.push((path, wire::render(&file)?));
    }
    changed.into_iter().map(|(path, bytes)| replace(&path, &bytes).map(|()| path)).collect()
}

/// Drops all but the newest `keep` (at least 1) runs of every file. Returns the files that lose runs, and how many. Nothing is written unless every
/// file can be read.
pub fn prune(folder: &Path, keep: u32, save_it: Save) -> Result<Vec<(PathBuf, usize)>, BaselineError> {
    let mut changed = Vec::new();
    for (path, file) in load_all(folder)? {
        let mut file = file?;
        let dropped = file.retain(keep);
        if dropped > 0 {
            changed.push((path, dropped, file));
        }
    }
    if save_it == Save::Really {
        for (_, _, file) in &changed {
            save(folder, file)?;
        }
    }
    Ok(changed.into_iter().map(|(path, dropped, _)| (path, dropped)).collect())
}

/// Writes one file to its place below `folder` and returns that place. On any error the old file is as it was.
pub fn save(folder: &Path, file: &BaselineFile) -> Result<PathBuf, BaselineError> {
    let path = folder.join(layout::path(&file.class, &file.suite));
    replace(&path, &wire::render(file)?)?;
    Ok(path)
}

/// Reads one file and checks that it lies in its place.
fn load(folder: &Path, path: &Path) -> Result<BaselineFile, BaselineError> {
    let origin = path.display().to_string();
    let mut bytes = Vec::new();
    // One byte more than allowed, so that a larger file is seen to be larger without being read.
    File::open(path)
        .and_then(|file| file.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes))
        .map_err(|source| BaselineError::Read { path: path.to_owned(), source })?;
    let file = wire::parse(&bytes, &origin)?;
    let place = folder.join(layout::path(&file.class, &file.suite));
    if place == path {
        return Ok(file);
    }
    let problem = format!("it belongs to `{}`", visible(&place.display().to_string()));
    Err(BaselineError::Invalid { origin: visible(&origin), problems: vec![problem] })
}

/// The entries of a folder, sorted; none where it does not exist.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, BaselineError> {
    let read = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>();
    match read() {
        Ok(mut paths) => {
            paths.sort();
            Ok(paths)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(BaselineError::Read { path: folder.to_owned(), source }),
    }
}

/// Puts `bytes` in the place of `path`: a full disk or a lost process leaves the old file, never half of the new one.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), BaselineError> {
    write_atomically(path, bytes).map_err(|source| BaselineError::Write { path: path.to_owned(), source })
}

/// Writes a temporary file beside `path`, flushes it to the disk, and renames it.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    // A temporary file is private by default; this one becomes a file of the repository, so the user's umask decides.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.prefix(".tollgate-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // The rename itself lives in the folder. Windows cannot open one as a file.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}
