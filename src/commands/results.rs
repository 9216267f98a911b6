//! Results that are already there: a criterion folder, `FOLDER:BASELINE`, a file of JSON, or what a load tool left. Refuses to judge them.
#![expect(clippy::disallowed_methods, reason = "reads the results that the command line names")]

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::config::scenario::LoadFormat;
use crate::config::{Adapter, Config};
use crate::measure::bench::criterion_folder::{self, FolderError};
use crate::measure::bench::{Parsed, json, load};
use crate::model::{Direction, Name};
use crate::report::escape::terminal;

use super::{Code, Failure};

/// What criterion calls the results of its latest run.
const LATEST: &str = "new";
/// The most lines about what was not understood that are shown.
const LINES_MAX: usize = 10;
/// The most files that are the parts of one result.
const PARTS_MAX: usize = 1_000;

/// What a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResultFormat {
    /// A folder of criterion's.
    Criterion,
    /// The open format, or a list that is read like it.
    Open,
    /// What a load tool left: a file, or a folder with one file for each part of a run.
    Load(LoadFormat),
}

/// Why results cannot be read.
#[derive(Debug, thiserror::Error)]
enum ResultsError {
    /// There is nothing at the path.
    #[error("find `{path}`")]
    Absent {
        /// What was named.
        path: String,
    },
    /// The file cannot be read.
    #[error("read `{path}`")]
    Read {
        /// The file.
        path: String,
        #[source]
        source: io::Error,
    },
    /// The folder cannot be read.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The file holds no results.
    #[error("understand `{path}`")]
    Json {
        /// The file.
        path: String,
        #[source]
        source: json::JsonError,
    },
    /// The file is not what a load tool leaves, or says too little.
    #[error("understand `{path}`")]
    Load {
        /// What was named.
        path: String,
        #[source]
        source: load::LoadError,
    },
    /// There is not one result.
    #[error("find a result in `{path}`{}", if lines.is_empty() { String::new() } else { format!(" ({lines})") })]
    Empty {
        /// What was named.
        path: String,
        /// What was not understood.
        lines: String,
    },
}

impl ResultsError {
    /// What to do about it.
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Absent { .. } => {
                "name a folder such as `target/criterion`, a saved baseline in it such as `target/criterion:main`, a file in the \
                 open format, or what a load tool left"
            }
            Self::Empty { .. } => {
                "a criterion folder holds `new` and what `cargo bench -- --save-baseline NAME` saved; a file is in the open format \
                 (docs/open-format.md) or what a load tool left; for a folder of such files name the tool: `--format k6`"
            }
            Self::Read { .. } => "check that it is a file and that you may read it",
            Self::Folder(error) => return error.hint(),
            Self::Json { source, .. } => return source.hint(),
            Self::Load { source, .. } => return source.hint(),
        };
        Some(hint.to_owned())
    }

    fn code(&self) -> Code {
        match self {
            Self::Absent { .. } => Code::Usage,
            Self::Empty { .. } => Code::NotCovered,
            Self::Read { .. } | Self::Folder(_) | Self::Json { .. } | Self::Load { .. } => Code::Broken,
        }
    }
}

/// Reads results as metrics of `suite`; relative paths start at `directory`. `better` says the better direction by unit symbol where a file
/// does not. Gives at least one reading; whoever asks shows what was not understood.
pub(super) fn read_results(
    from: &str,
    suite: &Name,
    directory: &Path,
    (format, better): (Option<LoadFormat>, &BTreeMap<String, Direction>),
    consequence: &'static str,
) -> Result<Parsed, Failure> {
    read(from, suite, directory, (format, better))
        .map_err(|error| Failure::new(error.code(), consequence, &error, error.hint()))
}

fn read(
    from: &str,
    suite: &Name,
    directory: &Path,
    (format, better): (Option<LoadFormat>, &BTreeMap<String, Direction>),
) -> Result<Parsed, ResultsError> {
    let path = || terminal(from);
    let (place, which) = place(from, directory).ok_or_else(|| ResultsError::Absent { path: path() })?;
    let unreadable = |source| ResultsError::Read { path: path(), source };
    let parsed = match format_of(&place, format).map_err(unreadable)? {
        ResultFormat::Criterion => criterion_folder::read_folder(&place, which, suite)?,
        ResultFormat::Open => {
            let bytes = bytes(&place).map_err(unreadable)?;
            json::parse(&bytes, suite, better).map_err(|source| ResultsError::Json { path: path(), source })?
        }
        ResultFormat::Load(format) => {
            let parts = parts(&place).map_err(unreadable)?;
            load::read(format, parts, suite).map_err(|source| ResultsError::Load { path: path(), source })?
        }
    };
    if parsed.readings.is_empty() {
        return Err(ResultsError::Empty { path: path(), lines: not_understood(&parsed.unparsed).join("; ") });
    }
    Ok(parsed)
}

/// What is there, where it can be read; the format that was asked for, where one was.
pub(super) fn known_format(from: &str, directory: &Path, asked: Option<LoadFormat>) -> Option<ResultFormat> {
    format_of(&place(from, directory)?.0, asked).ok()
}

/// A folder is criterion's unless a load tool is named; a file is known by its beginning.
fn format_of(place: &Path, asked: Option<LoadFormat>) -> io::Result<ResultFormat> {
    if let Some(format) = asked {
        return Ok(ResultFormat::Load(format));
    }
    if place.is_dir() {
        return Ok(ResultFormat::Criterion);
    }
    let mut head = Vec::new();
    std::fs::File::open(place)?.take(load::HEAD_BYTES as u64).read_to_end(&mut head)?;
    Ok(load::detect(&head).map_or(ResultFormat::Open, ResultFormat::Load))
}

/// A file, or all files of a folder in the order of their names.
fn parts(place: &Path) -> io::Result<Vec<Box<dyn BufRead>>> {
    let open = |file: &Path| -> io::Result<Box<dyn BufRead>> {
        Ok(Box::new(BufReader::with_capacity(load::HEAD_BYTES, std::fs::File::open(file)?)))
    };
    if !place.is_dir() {
        return Ok(vec![open(place)?]);
    }
    let entries = std::fs::read_dir(place)?.map(|entry| entry.map(|entry| entry.path()));
    let mut files: Vec<PathBuf> = entries.take(PARTS_MAX + 1).collect::<io::Result<_>>()?;
    files.retain(|file| file.is_file());
    files.sort();
    match files.len() {
        0 => Err(io::Error::other("there is no file in the folder")),
        1..=PARTS_MAX => files.iter().map(|file| open(file)).collect(),
        _ => Err(io::Error::other(format!("there are more than {PARTS_MAX} files in the folder"))),
    }
}

/// What the config says of the better direction in a suite's results.
pub(super) fn better(config: &Config, suite: &Name) -> BTreeMap<String, Direction> {
    let of = |adapter: &Adapter| match adapter {
        Adapter::Json(options) => Some(options.better.clone()),
        Adapter::Criterion(_) | Adapter::Command(_) | Adapter::Scenario(_) => None,
    };
    config.suites.iter().find(|one| one.name == *suite).and_then(|suite| of(&suite.adapter)).unwrap_or_default()
}

/// The path that is meant, and the baseline in it. What is there under its whole name is that; only then is a colon taken for a separator,
/// and never that of a drive or one before a folder.
fn place<'a>(from: &'a str, directory: &Path) -> Option<(PathBuf, &'a str)> {
    let whole = directory.join(from);
    if whole.exists() {
        return Some((whole, LATEST));
    }
    let (folder, name) = from.rsplit_once(':')?;
    let drive = cfg!(windows) && folder.len() == 1;
    let folder_path = directory.join(folder);
    let named = !drive && !folder.is_empty() && !name.is_empty() && !name.contains(['/', '\\']);
    (named && folder_path.is_dir()).then_some((folder_path, name))
}

/// The bytes of a file, one more than allowed where it is too large.
fn bytes(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(file)?.take(json::FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What was not understood, for a terminal: the first lines and how many more there are.
pub(super) fn not_understood(lines: &[String]) -> Vec<String> {
    let mut shown: Vec<String> = lines.iter().take(LINES_MAX).map(|line| terminal(line)).collect();
    if let Some(more) = lines.len().checked_sub(LINES_MAX).filter(|more| *more > 0) {
        shown.push(format!("and {more} more"));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_separates_a_baseline_only_where_the_whole_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("criterion")).unwrap();
        let of = |from: &'static str| place(from, folder.path()).map(|(path, which)| (path.exists(), which));
        assert_eq!(of("criterion"), Some((true, "new")));
        assert_eq!(of("criterion:main"), Some((true, "main")));
        assert_eq!([of("criterion:"), of("criterion:a/b"), of("nothing"), of("nothing:main"), of(":x")], [None; 5]);
        #[cfg(unix)]
        {
            std::fs::create_dir(folder.path().join("criterion:main")).unwrap();
            assert_eq!(of("criterion:main"), Some((true, "new")));
        }
    }
}
