//! `tollgate report`: shows a saved judgement in any format. Refuses to judge again: it ends with 0 whatever the verdict was.
#![expect(clippy::disallowed_methods, reason = "reads the saved judgement")]

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::baseline::store::write_atomically;
use crate::cli::{Format, ReportArgs};
use crate::model::Judgement;
use crate::report::{annotations, html, json, junit, markdown, terminal};

use super::output::{JUDGEMENT, REPORTS};
use super::{Code, Context, Failure};

/// Why a saved judgement could not be shown.
#[derive(Debug, thiserror::Error)]
enum ReportError {
    /// The judgement cannot be read.
    #[error("read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The file is no judgement that this version knows.
    #[error("understand {path}")]
    Judgement {
        /// The file.
        path: PathBuf,
        #[source]
        source: json::JsonError,
    },
    /// The report cannot be written.
    #[error("write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl ReportError {
    /// What the user can do.
    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => Some(
                "`tollgate check` writes it; or name the file: `tollgate report path/to/judgement.json`".to_owned(),
            ),
            Self::Judgement { source, .. } => source.hint(),
            Self::Write { .. } => Some("the folder must be writable".to_owned()),
            Self::Read { .. } => None,
        }
    }

    /// A wrong or unreadable file is the command line's fault; a disk that cannot be written to is the machine's.
    fn code(&self) -> Code {
        match self {
            Self::Read { .. } | Self::Judgement { .. } => Code::Usage,
            Self::Write { .. } => Code::Internal,
        }
    }
}

/// Shows a saved judgement.
pub(super) fn run(args: &ReportArgs, context: &Context) -> Result<Code, Failure> {
    show(args, context)
        .map(|()| Code::Pass)
        .map_err(|error| Failure::new(error.code(), "no report", &error, error.hint()))
}

/// Reads, renders, then writes or prints.
fn show(args: &ReportArgs, context: &Context) -> Result<(), ReportError> {
    let path = match &args.judgement {
        Some(named) => context.directory.join(named),
        None => root(context).join(REPORTS).join(JUDGEMENT),
    };
    let judgement = load(&path)?;
    let text = render(&judgement, args.format);
    match &args.output {
        None => {
            context.print(&text);
            Ok(())
        }
        Some(output) => {
            let path = context.directory.join(output);
            let text = anstream::adapter::strip_str(&text).to_string();
            write_atomically(&path, text.as_bytes()).map_err(|source| ReportError::Write { path, source })
        }
    }
}

/// A saved judgement, for other commands.
pub(super) fn saved(path: &Path) -> Result<Judgement, Failure> {
    load(path).map_err(|error| Failure::new(error.code(), "no report", &error, error.hint()))
}

/// The root of the repository; outside of one the folder itself, into which the reports may have been copied.
pub(super) fn root(context: &Context) -> PathBuf {
    context.repository().map_or_else(|_| context.directory.clone(), |repository| repository.root().to_owned())
}

/// A saved judgement; no more of a file is read than may be one.
fn load(path: &Path) -> Result<Judgement, ReportError> {
    let mut bytes = Vec::new();
    let most = json::SIZE_MAX as u64 + 1;
    File::open(path)
        .and_then(|file| file.take(most).read_to_end(&mut bytes))
        .map_err(|source| ReportError::Read { path: path.to_owned(), source })?;
    json::from_json(&bytes).map_err(|source| ReportError::Judgement { path: path.to_owned(), source })
}

/// The report in one format.
fn render(judgement: &Judgement, format: Format) -> String {
    match format {
        Format::Terminal => terminal::render(judgement),
        Format::Markdown => markdown::render(judgement, markdown::LIMIT),
        Format::Html => html::render(judgement),
        Format::Json => json::to_json(judgement),
        Format::Junit => junit::render(judgement),
        Format::Annotations => annotations::render(judgement),
    }
}
