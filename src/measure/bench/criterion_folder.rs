//! Criterion's result folder: finds the benchmarks and hands their files to the parser. Refuses to take a name from a path.
#![expect(clippy::disallowed_methods, reason = "reads result folders")]

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::model::{MetricId, Name};

use super::criterion::{self, FILE_BYTES_MAX, Files, Values};
use super::{BENCHMARKS_MAX, Parsed, Reading};

/// How deep below the folder is looked. Criterion itself goes four folders deep: group, function, value, `new`.
const DEPTH_MAX: usize = 8;
/// The most files and folders that are looked at.
const ENTRIES_MAX: usize = 100_000;
/// The longest line about what was not understood, in characters.
const LINE_LENGTH_MAX: usize = 300;

/// Why a folder was not read.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It is not there, or not readable.
    #[error("read the criterion folder {path}")]
    Open {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: walkdir::Error,
    },
    /// It holds more than a criterion folder does.
    #[error("read the criterion folder {path} (more than {most} {what})")]
    TooMany {
        /// Which.
        path: PathBuf,
        /// Of what.
        what: &'static str,
        /// The limit.
        most: usize,
    },
}

impl FolderError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Open { .. } => Some("name the folder that criterion writes, usually target/criterion".to_owned()),
            Self::TooMany { .. } => {
                Some("delete criterion's folder, or name a smaller one below it, and measure again".to_owned())
            }
        }
    }
}

/// Reads every benchmark below `dir` that has results named `which`: `new` for the latest ones, else the name of a saved baseline.
/// Links are not followed. Of two benchmarks of the same name the first by path counts, and the other is reported as not understood.
pub fn read_folder(dir: &Path, which: &str, suite: &Name) -> Result<Parsed, FolderError> {
    let mut found: BTreeMap<MetricId, (Reading, String)> = BTreeMap::new();
    let mut unparsed = Vec::new();
    let walk = WalkDir::new(dir).max_depth(DEPTH_MAX).follow_links(false).sort_by_file_name();
    for (count, entry) in walk.into_iter().enumerate() {
        too_many(dir, "files and folders", count, ENTRIES_MAX)?;
        too_many(dir, "benchmarks", found.len(), BENCHMARKS_MAX)?;
        let place = match results_place(which, entry) {
            Ok(Some(place)) => place,
            Ok(None) => continue,
            Err(source) if source.depth() == 0 => {
                return Err(FolderError::Open { path: dir.to_owned(), source });
            }
            Err(source) => {
                unparsed.push(one_line(&source.to_string()));
                continue;
            }
        };
        let shown = place.strip_prefix(dir).unwrap_or(&place).display().to_string();
        match read_results(&place, suite) {
            Ok(None) => {}
            Ok(Some(reading)) => match found.entry(reading.metric.id.clone()) {
                Entry::Vacant(vacant) => {
                    vacant.insert((reading, shown));
                }
                Entry::Occupied(first) => {
                    let (name, first) = (&first.key().benchmark.benchmark, &first.get().1);
                    unparsed.push(one_line(&format!("{shown}: `{name}` is also the name of {first}")));
                }
            },
            Err(message) => unparsed.push(one_line(&format!("{shown}: {message}"))),
        }
    }
    Ok(Parsed { readings: found.into_values().map(|(reading, _)| reading).collect(), unparsed, ..Parsed::default() })
}

fn too_many(dir: &Path, what: &'static str, count: usize, most: usize) -> Result<(), FolderError> {
    if count > most { Err(FolderError::TooMany { path: dir.to_owned(), what, most }) } else { Ok(()) }
}

/// The entry's path, where it is a folder that may hold results of that name.
fn results_place(which: &str, entry: Result<DirEntry, walkdir::Error>) -> Result<Option<PathBuf>, walkdir::Error> {
    let entry = entry?;
    let wanted = entry.file_type().is_dir() && entry.file_name() == which;
    Ok(wanted.then(|| entry.into_path()))
}

/// Reads the files of one benchmark. `None` where there are none, as in the folder of a group that happens to be called `new`.
fn read_results(place: &Path, suite: &Name) -> Result<Option<Reading>, String> {
    let benchmark = read_file(place, "benchmark.json")?;
    let sample = read_file(place, "sample.json")?;
    let estimates = if sample.is_none() { read_file(place, "estimates.json")? } else { None };
    let (benchmark, values) = match (&benchmark, &sample, &estimates) {
        (None, None, None) => return Ok(None),
        (None, ..) => return Err("no `benchmark.json`; the benchmark did not end well".to_owned()),
        (Some(_), None, None) => return Err("neither `sample.json` nor `estimates.json`".to_owned()),
        (Some(benchmark), Some(sample), _) => (benchmark, Values::Sample(sample)),
        (Some(benchmark), None, Some(estimates)) => (benchmark, Values::Estimates(estimates)),
    };
    criterion::parse(Files { benchmark, values }, suite).map(Some).map_err(|error| error.to_string())
}

/// The bytes of a file; `None` where it is not there. A link, a pipe or a device is refused unopened, an overlong file is read in part: the
/// parser then says how long it is at least.
fn read_file(place: &Path, name: &str) -> Result<Option<Vec<u8>>, String> {
    let path = place.join(name);
    let read = || -> io::Result<Vec<u8>> {
        let length = fs::symlink_metadata(&path).and_then(|metadata| {
            if metadata.is_file() { Ok(metadata.len()) } else { Err(io::Error::other("not a regular file")) }
        })?;
        let most = FILE_BYTES_MAX as u64 + 1;
        let mut bytes = Vec::with_capacity(usize::try_from(length.min(most)).unwrap_or(0) + 1);
        File::open(&path)?.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("`{name}`: {error}")),
    }
}

/// One line of bounded length for [`Parsed::unparsed`].
pub(in crate::measure) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LINE_LENGTH_MAX).collect()
}
