//! Why git gave nothing, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use super::snapshot::UNTRACKED_BYTES_MAX;

/// Why git gave nothing. Paths, names and git's own words are foreign text.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each field is what the message puts in its place")]
pub enum GitError {
    /// No repository here.
    #[error("find a git repository in {} or above it", directory.display())]
    NotARepository { directory: PathBuf },
    /// A repository without a work tree.
    #[error("use the repository {}: it is bare, so there is nothing to measure in it", path.display())]
    Bare { path: PathBuf },
    /// The repository uses a format that the library behind this module cannot read.
    #[error("read the repository in {}: {format} is not supported", directory.display())]
    Unsupported { directory: PathBuf, format: String },
    /// The repository belongs to another user.
    #[error("use the repository in {}: it belongs to another user", directory.display())]
    NotOwned { directory: PathBuf },
    /// The repository could not be opened.
    #[error("open the repository in {}", directory.display())]
    Open { directory: PathBuf, source: git2::Error },
    /// HEAD has no commit yet.
    #[error("find a commit: nothing is committed yet")]
    Unborn,
    /// No such revision.
    #[error("find the revision `{spec}`")]
    Unknown { spec: String, shallow: bool },
    /// A revision that is not a commit.
    #[error("use `{spec}` as a revision: it is not a commit")]
    NotACommit { spec: String },
    /// No such branch.
    #[error("find the branch `{name}`, here or at `origin`")]
    UnknownBranch { name: String, shallow: bool },
    /// None of the usual default branches.
    #[error("find the default branch: none of {tried} is here")]
    NoDefaultBranch { tried: String, shallow: bool },
    /// The first commit is head.
    #[error("find a base: `{commit}` is the first commit")]
    NoParent { commit: String },
    /// The clone is too shallow.
    #[error("find {what}: this clone is shallow and ends before it")]
    Shallow {
        what: String,
        depth: u32,
        /// The commit that is missing, where its id is known.
        missing: Option<String>,
    },
    /// No common ancestor.
    #[error("find a merge base: `{one}` and `{other}` have no common commit")]
    Unrelated { one: String, other: String },
    /// An object could not be read or written.
    #[error("{what}")]
    Object { what: String, source: git2::Error },
    /// A file in the repository is bigger than allowed.
    #[error("read `{path}`: it has {bytes} bytes, and at most {limit} are read")]
    TooLarge { path: String, bytes: u64, limit: u64 },
    /// Too many files or folders within folders.
    #[error("list `{folder}`: more than {limit} files, or folders too deep")]
    TooMany { folder: String, limit: usize },
    /// A folder, link or submodule where a file is wanted.
    #[error("read `{path}`: it is not a file")]
    NotAFile { path: String },
    /// Untracked files are too big to take along.
    #[error("take untracked files along: they have {bytes} bytes, most of them in `{biggest}`")]
    TooMuchUntracked { bytes: u64, biggest: String },
    /// The git program is not there.
    #[error("start `git`")]
    Start { source: io::Error },
    /// The git program failed.
    #[error("run `git {command}`: status {status}: {said}")]
    Ended { command: String, status: i32, said: String },
    /// A file of Tollgate's own state.
    #[error("use {}", path.display())]
    State { path: PathBuf, source: io::Error },
    /// The place of Tollgate's state is taken by something else.
    #[error("use {}: it is not a folder of Tollgate's", path.display())]
    NotOurs { path: PathBuf },
    /// Another Tollgate is at work.
    #[error("lock {}: {holder} is at work in this repository", path.display())]
    Locked { path: PathBuf, holder: String },
}

impl GitError {
    /// What to do about it; `None` where it is not in the user's hands.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotARepository { .. } => "change to a git repository, or name one with `-C DIR`".to_owned(),
            Self::Bare { .. } => "clone it, and run Tollgate in the clone".to_owned(),
            Self::Unsupported { format, .. } if format == super::PARTIAL_CLONE => "clone it without `--filter`; in \
                 GitHub Actions leave `filter` and `sparse-checkout` out of actions/checkout, which make one"
                .to_owned(),
            Self::Unsupported { .. } => "Tollgate reads repositories with SHA-1 ids and refs in files; \
                 `git clone` with `GIT_DEFAULT_REF_FORMAT=files` makes one from a repository with reftable"
                .to_owned(),
            Self::NotOwned { directory } => {
                format!("if you trust it: git config --global --add safe.directory {}", quoted(directory))
            }
            Self::Unborn => "commit something first".to_owned(),
            Self::Unknown { shallow: false, .. } | Self::UnknownBranch { shallow: false, .. } => {
                "is it spelled right? If it is only at the remote: git fetch origin".to_owned()
            }
            Self::Unknown { shallow: true, .. }
            | Self::UnknownBranch { shallow: true, .. }
            | Self::NoDefaultBranch { shallow: true, .. } => {
                format!("this clone is shallow: {}", fetch_depth(0))
            }
            Self::NotACommit { .. } => "name a branch, a tag or a commit".to_owned(),
            Self::NoDefaultBranch { shallow: false, .. } | Self::NoParent { .. } | Self::Unrelated { .. } => {
                "name the revision to compare with: `--base REVISION`".to_owned()
            }
            Self::Shallow { depth, .. } => fetch_depth(*depth),
            Self::TooLarge { .. } | Self::NotAFile { .. } => "replace it with a smaller, plain file".to_owned(),
            Self::TooMuchUntracked { .. } => format!(
                "add what does not belong to the program to .gitignore, or commit it; at most {} GiB are taken along",
                UNTRACKED_BYTES_MAX >> 30
            ),
            Self::Start { .. } => "install git, and see that it is in PATH".to_owned(),
            Self::NotOurs { .. } => "move it away; Tollgate makes the folder itself".to_owned(),
            Self::Locked { .. } => "wait for it to end, or stop it".to_owned(),
            Self::State { .. } => "check the permissions and the free space of .tollgate/".to_owned(),
            Self::Open { .. } | Self::Object { .. } | Self::TooMany { .. } | Self::Ended { .. } => return None,
        };
        Some(hint)
    }
}

/// A path as one word of a shell.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
    if path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// How to get enough history; 0 is all of it, as in the workflow's own words.
fn fetch_depth(depth: u32) -> String {
    let fetch = match depth {
        0 => "git fetch --unshallow".to_owned(),
        depth => format!("git fetch --depth={depth}"),
    };
    format!("in GitHub Actions set `fetch-depth: {depth}` on actions/checkout; elsewhere run `{fetch}`")
}
