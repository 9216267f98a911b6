//! Takes one file out of what another job uploaded. That job ran a stranger's code, so nothing here is believed: not a name, not a size, not a kind.
//! Nothing is unpacked onto the disk. Refuses to know what is in the file.
#![expect(clippy::disallowed_methods, reason = "reads the artifact")]

use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use crate::baseline::visible;

/// The most jobs whose artifacts lie in one folder.
const JOBS_MAX: usize = 64;
/// How a zip file begins.
const ZIP_BEGIN: &[u8] = b"PK";

/// Why an artifact is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// It cannot be read.
    #[error("read the artifact {path}")]
    Read {
        /// Where.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// More bytes than are taken, packed or unpacked.
    #[error("take the artifact: it has more than {} MiB{}", limit >> 20, if *unpacked { " unpacked" } else { "" })]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
        /// Whether it is that large only once it is unpacked.
        unpacked: bool,
    },
    /// Not the one file that is expected, or not only it.
    #[error("take the artifact: it must hold one file, `{wanted}`, and nothing else; {found}")]
    NotTheFile {
        /// The name of the file.
        wanted: String,
        /// What is there instead.
        found: String,
    },
    /// Begins like a zip file and is none, or one of a kind that is not taken.
    #[error("take the artifact: {what}")]
    NotAZip {
        /// What is wrong with it.
        what: String,
    },
}

impl ArtifactError {
    /// What the user can do.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read { .. } => "name what the step before downloaded".to_owned(),
            Self::TooLarge { .. } | Self::NotTheFile { .. } | Self::NotAZip { .. } => {
                "upload `.tollgate/report/evidence.json` alone, one artifact a job, as the workflow of `tollgate init` does".to_owned()
            }
        })
    }
}

/// The file `name` of each job, by the job's name, sorted: `path` is the file itself, a zip file with it, a folder with either of them, or a folder
/// of such folders, one a job. Only the last has more than one job, or a job with a name. Nothing else may be there. At most `most` bytes each.
pub fn read(path: &Path, name: &str, most: usize) -> Result<Vec<(String, Vec<u8>)>, ArtifactError> {
    if !fs::metadata(path).map_err(unread(path))?.is_dir() {
        return Ok(vec![(String::new(), one(path, name, most)?)]);
    }
    let inside = list(path)?;
    if inside.iter().any(|(_, is_file)| *is_file) {
        return Ok(vec![(String::new(), only(path, name, most)?)]);
    }
    let jobs: Result<Vec<_>, ArtifactError> =
        inside.into_iter().map(|(job, _)| Ok((job.clone(), only(&path.join(&job), name, most)?))).collect();
    let jobs = jobs?;
    if jobs.is_empty() { Err(not_the_file(name, "the folder is empty".to_owned())) } else { Ok(jobs) }
}

fn not_the_file(wanted: &str, found: String) -> ArtifactError {
    ArtifactError::NotTheFile { wanted: wanted.to_owned(), found }
}

fn unread(path: &Path) -> impl Fn(io::Error) -> ArtifactError {
    let path = visible(&path.display().to_string());
    move |source| ArtifactError::Read { path: path.clone(), source }
}

/// What a folder holds, sorted: names, and whether each is a plain file. Anything but files and folders, a link above all, is refused.
fn list(folder: &Path) -> Result<Vec<(String, bool)>, ArtifactError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(unread(folder))? {
        let entry = entry.map_err(unread(folder))?;
        let kind = entry.file_type().map_err(unread(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !(kind.is_file() || kind.is_dir()) {
            return Err(ArtifactError::NotAZip {
                what: format!("`{}` is neither a file nor a folder", visible(&name)),
            });
        }
        found.push((name, kind.is_file()));
        if found.len() > JOBS_MAX {
            return Err(ArtifactError::NotAZip { what: format!("more than {JOBS_MAX} entries in a folder") });
        }
    }
    found.sort();
    Ok(found)
}

/// The file of a folder that holds nothing else, there itself or in a zip file.
fn only(folder: &Path, name: &str, most: usize) -> Result<Vec<u8>, ArtifactError> {
    let fits = |entry: &str| entry == name || Path::new(entry).extension().is_some_and(|ending| ending == "zip");
    match list(folder)?.as_slice() {
        [(entry, true)] if fits(entry) => one(&folder.join(entry), name, most),
        entries => {
            let other = entries.iter().find(|(entry, is_file)| !is_file || entry != name);
            let found =
                other.map_or_else(|| "it is empty".to_owned(), |(entry, _)| format!("there is `{}`", visible(entry)));
            Err(not_the_file(name, found))
        }
    }
}

/// The file, or the one inside of the zip file.
fn one(path: &Path, name: &str, most: usize) -> Result<Vec<u8>, ArtifactError> {
    let bytes = bounded(path, most)?;
    if bytes.starts_with(ZIP_BEGIN) { unzip(bytes, name, most) } else { Ok(bytes) }
}

/// The bytes of a file.
fn bounded(path: &Path, most: usize) -> Result<Vec<u8>, ArtifactError> {
    let file = File::open(path).map_err(unread(path))?;
    up_to(file, most).map_err(unread(path))?.ok_or(ArtifactError::TooLarge { limit: most, unpacked: false })
}

/// Everything that comes; `None` where it is more than `most` bytes. Counts what comes, whatever a header says of it.
fn up_to(reader: impl Read, most: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    reader.take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= most).then_some(bytes))
}

/// The one file of a zip file.
fn unzip(bytes: Vec<u8>, name: &str, most: usize) -> Result<Vec<u8>, ArtifactError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| bad_zip(&error))?;
    let twice = archive.has_duplicate_names();
    let other = archive.file_names_raw().find(|entry| *entry != name.as_bytes()).map(String::from_utf8_lossy);
    if let Some(other) = other {
        return Err(not_the_file(name, format!("there is `{}`", visible(&other))));
    }
    if twice || archive.len() != 1 {
        let found = if twice { "there are two of it" } else { "it is empty" };
        return Err(not_the_file(name, found.to_owned()));
    }
    let file = archive.by_index(0).map_err(|error| bad_zip(&error))?;
    if file.is_symlink() || !file.is_file() {
        return Err(not_the_file(name, "it is a link or a folder".to_owned()));
    }
    let unpacked = up_to(file, most).map_err(|error| ArtifactError::NotAZip { what: visible(&error.to_string()) })?;
    unpacked.ok_or(ArtifactError::TooLarge { limit: most, unpacked: true })
}

fn bad_zip(error: &ZipError) -> ArtifactError {
    ArtifactError::NotAZip { what: visible(&error.to_string()) }
}
