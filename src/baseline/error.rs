//! What can be wrong with a stored baseline, and what to do about it.

use std::io;
use std::path::PathBuf;

/// Why a baseline cannot be read or written. Foreign text in it has no control characters, so that it can be shown on a terminal.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// The file or folder cannot be read.
    #[error("read `{}`", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be written; what it held before is still there.
    #[error("write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is larger than any baseline may be.
    #[error("read `{origin}` (more than {} MiB)", super::wire::BYTES_MAX >> 20)]
    TooLarge {
        /// Where it comes from.
        origin: String,
    },
    /// Git left its conflict markers in the file.
    #[error("read `{origin}`, line {line} (unresolved merge conflict)")]
    Conflict {
        /// Where it comes from.
        origin: String,
        /// The line of the first marker, counted from 1.
        line: usize,
    },
    /// The file is not JSON, or not a baseline.
    #[error("read `{origin}`, line {line} ({message})")]
    Malformed {
        /// Where it comes from.
        origin: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// The file was written by a newer Tollgate.
    #[error("read `{origin}` (schema {found}, newer than {}, the newest that this version knows)", super::wire::SCHEMA)]
    Newer {
        /// Where it comes from.
        origin: String,
        /// Its schema.
        found: u64,
    },
    /// The content is not what Tollgate wrote.
    #[error("read `{origin}` (its content does not fit its checksum)")]
    Checksum {
        /// Where it comes from.
        origin: String,
    },
    /// The file is well formed and says something that cannot be.
    #[error("read `{origin}` ({})", problems.join("; "))]
    Invalid {
        /// Where it comes from.
        origin: String,
        /// All that is wrong.
        problems: Vec<String>,
    },
    /// A run holds something that no baseline can keep; nothing was written.
    #[error("store the run ({problem})")]
    Unstorable {
        /// What.
        problem: String,
    },
}

impl BaselineError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Read { .. } => "check that it is a file and that you may read it",
            Self::Write { .. } => "check the free space and your permissions; the stored baseline is as it was",
            Self::TooLarge { .. } => "keep fewer runs: `tollgate baseline prune --keep 10`",
            Self::Conflict { .. } => {
                "take either side whole (`git checkout --ours` or `--theirs`), then run `tollgate baseline verify`"
            }
            Self::Malformed { .. } | Self::Checksum { .. } | Self::Invalid { .. } => {
                "baselines are not edited or reformatted by hand: take the file back from git (`git checkout <revision> -- <file>`), \
                 or delete it and run `tollgate baseline update`"
            }
            Self::Newer { .. } => "update Tollgate; the file was left as it is",
            Self::Unstorable { .. } => "leave that benchmark out, correct what it reports, or keep fewer runs",
        };
        Some(hint.to_owned())
    }
}

/// `text` in one line that a terminal shows as it is: control and direction characters as escapes, at most 200 characters.
pub(crate) fn visible(text: &str) -> String {
    text.chars()
        .take(200)
        .flat_map(|c| {
            let hidden = c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            let escape = hidden.then(|| c.escape_unicode());
            escape.into_iter().flatten().chain((!hidden).then_some(c))
        })
        .collect()
}
