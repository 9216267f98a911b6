//! Where baselines are read from: the working tree or a revision. Refuses to show them.

use std::path::{Path, PathBuf};

use crate::baseline::{ANY, BASELINE_FOLDER, BaselineError, BaselineFile, is_baseline, load_all, parse_at, wire};
use crate::commands::measuring::surroundings;
use crate::commands::{Code, Context, Failure};
use crate::git::{GitError, Repository};
use crate::measure::host;
use crate::model::{Environment, Name, Revision};
use crate::report::escape::terminal;

/// What was found: the files that can be read, and what is wrong with the others.
pub(super) struct Stored {
    /// The files, each with its path from the root of the repository, sorted by path.
    pub(super) files: Vec<(String, BaselineFile)>,
    /// What is wrong with the others.
    pub(super) errors: Vec<BaselineError>,
}

impl Stored {
    /// The files, or a failure that names everything that is wrong with any.
    pub(super) fn all(self, consequence: &'static str) -> Result<Vec<(String, BaselineFile)>, Failure> {
        if self.errors.is_empty() { Ok(self.files) } else { Err(unreadable(consequence, &self.errors)) }
    }

    /// The files of one suite in `class` and in `any`. Fails where there are none.
    pub(super) fn of(self, suite: &str, class: &str, consequence: &'static str) -> Result<Vec<BaselineFile>, Failure> {
        let files = self.all(consequence)?;
        let classes: Vec<String> = files
            .iter()
            .filter(|(_, file)| file.suite.as_str() == suite)
            .map(|(_, file)| format!("`{}`", terminal(&file.class)))
            .collect();
        let fits = |file: &BaselineFile| file.class == class || file.class == ANY;
        let wanted = |file: &BaselineFile| file.suite.as_str() == suite && fits(file);
        let found: Vec<BaselineFile> = files.into_iter().map(|(_, file)| file).filter(wanted).collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let (message, hint) = if classes.is_empty() {
            (
                format!("suite `{}` has no baseline", terminal(suite)),
                "`tollgate baseline list` shows what there is; `tollgate baseline update` measures".to_owned(),
            )
        } else {
            (
                format!("suite `{}` has no baseline of class `{}`", terminal(suite), terminal(class)),
                format!("it has {}; name one with `--class`", classes.join(", ")),
            )
        };
        Err(Failure { code: Code::Baseline, consequence, message, hint: Some(hint) })
    }
}

/// The repository around the folder that the command works in.
pub(super) fn repository(context: &Context, consequence: &'static str) -> Result<Repository, Failure> {
    context.repository().map_err(|error| git_failure(consequence, &error))
}

/// The folder of all baselines in the working tree.
pub(super) fn folder(repository: &Repository) -> PathBuf {
    repository.root().join(BASELINE_FOLDER)
}

/// The baselines of the working tree.
pub(super) fn in_work_tree(root: &Path, consequence: &'static str) -> Result<Stored, Failure> {
    let found = load_all(&root.join(BASELINE_FOLDER)).map_err(|error| failure(consequence, &error))?;
    let mut stored = Stored { files: Vec::new(), errors: Vec::new() };
    for (path, file) in found {
        let path = from_root(root, &path);
        match file {
            Ok(file) => stored.files.push((path, file)),
            Err(error) => stored.errors.push(error),
        }
    }
    Ok(stored)
}

/// A path from the root of the repository, with `/` on every system.
pub(super) fn from_root(root: &Path, path: &Path) -> String {
    let parts = path.strip_prefix(root).unwrap_or(path).components();
    parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The baselines of a revision, read from git and never from the working tree.
pub(super) fn at_revision(
    repository: &Repository,
    revision: &Revision,
    consequence: &'static str,
) -> Result<Stored, Failure> {
    let git = |error: GitError| git_failure(consequence, &error);
    let mut stored = Stored { files: Vec::new(), errors: Vec::new() };
    for path in repository.files(&revision.tree, BASELINE_FOLDER).map_err(git)? {
        if !is_baseline(&path) {
            continue;
        }
        let bytes = repository.blob(&revision.tree, &path, wire::BYTES_MAX as u64).map_err(git)?;
        match bytes.map(|bytes| parse_at(&bytes, &path, &format!("{}:{path}", revision.short()))) {
            Some(Ok(file)) => stored.files.push((path, file)),
            Some(Err(error)) => stored.errors.push(error),
            None => {}
        }
    }
    Ok(stored)
}

/// What this machine is. `root` is where the toolchain is asked for its version.
pub(super) fn machine(context: &Context, root: &Path) -> Environment {
    host::environment(&surroundings(context), root)
}

/// A suite's name from the command line.
pub(super) fn suite_name(text: &str) -> Result<Name, Failure> {
    Name::new(text).map_err(|error| Failure::usage(format!("`--suite`: {error}"), None))
}

/// A failure from one thing that is wrong.
pub(super) fn failure(consequence: &'static str, error: &BaselineError) -> Failure {
    Failure::new(code(error), consequence, error, error.hint())
}

/// A failure from everything that is wrong, with each hint once.
pub(super) fn unreadable(consequence: &'static str, errors: &[BaselineError]) -> Failure {
    let messages: Vec<String> = errors.iter().map(|error| failure(consequence, error).message).collect();
    let mut hints: Vec<String> = errors.iter().filter_map(BaselineError::hint).collect();
    hints.sort();
    hints.dedup();
    Failure { code: Code::Baseline, consequence, message: messages.join("\n  "), hint: Some(hints.join("\n        ")) }
}

/// A disk that cannot be written is the machine's failure, everything else the baseline's.
fn code(error: &BaselineError) -> Code {
    match error {
        BaselineError::Write { .. } => Code::Internal,
        _ => Code::Baseline,
    }
}

/// A failure of git.
pub(super) fn git_failure(consequence: &'static str, error: &GitError) -> Failure {
    Failure::new(Code::Usage, consequence, error, error.hint())
}
