//! A temporary repository with a remote, and the real binary in it. Knows nothing of the machine: no user's git config, no CI variables, fixed author and clock.
#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::cell::Cell;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The time of the first commit, in seconds since 1970-01-01 UTC (2026-01-01); every further commit is a minute later.
const FIRST_COMMIT_S: i64 = 1_767_225_600;

/// What is kept of the developer's environment: where programs and toolchains are, and what the platform cannot start a process without.
const KEPT: &[&str] =
    &["PATH", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "SystemRoot", "TEMP", "TMP", "PATHEXT"];

/// How a program ended and what it said.
#[derive(Debug)]
pub(crate) struct Output {
    /// Its exit status; `-1` where a signal ended it.
    pub(crate) status: i32,
    /// What it wrote to standard output.
    pub(crate) stdout: String,
    /// What it wrote to standard error.
    pub(crate) stderr: String,
}

/// A repository in a temporary folder, on branch `main`, with a bare remote `origin` beside it. Gone when dropped.
#[derive(Debug)]
pub(crate) struct TestRepo {
    place: TempDir,
    root: PathBuf,
    commits: Cell<i64>,
}

/// The service whose behaviour is known, `tests/served`. It is an example of the package, so that `cargo test` builds it.
#[track_caller]
pub(crate) fn served() -> String {
    let path = Path::new(env!("CARGO_BIN_EXE_tollgate")).with_file_name("examples").join("served");
    assert!(path.exists(), "{} is not built: run `cargo build --example served`", path.display());
    path.display().to_string()
}

impl TestRepo {
    /// An empty repository: no commit yet, nothing pushed.
    pub(crate) fn new() -> Self {
        let place = tempfile::Builder::new().prefix("tollgate-test-").tempdir().expect("a temporary folder");
        // macOS links its temporary folder: programs would report another path than the test holds.
        let place_path = place.path().canonicalize().expect("the temporary folder is there");
        std::fs::create_dir_all(place_path.join("home")).expect("the temporary folder is writable");
        let root = place_path.join("repository");
        std::fs::create_dir_all(&root).expect("the temporary folder is writable");
        let repo = Self { place, root, commits: Cell::new(0) };
        repo.git(&["init", "--quiet", "--bare", "--initial-branch=main", "../origin.git"]);
        repo.git(&["init", "--quiet", "--initial-branch=main", "."]);
        repo.git(&["remote", "add", "origin", &repo.remote().display().to_string()]);
        // For tests that call the library: it runs in the test's own process and sees the developer's config.
        repo.git(&["config", "core.autocrlf", "false"]);
        repo.git(&["config", "core.excludesFile", "/dev/null"]);
        repo
    }

    /// The root of the work tree.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder around the repository, where further clones and worktrees may go.
    pub(crate) fn around(&self) -> &Path {
        self.root.parent().expect("the repository lies in the temporary folder")
    }

    /// The bare remote.
    pub(crate) fn remote(&self) -> PathBuf {
        self.around().join("origin.git")
    }

    /// Writes a file of the work tree, and its folders.
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("the work tree is writable");
        std::fs::write(&path, text).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    }

    /// The text of a file of the work tree.
    pub(crate) fn read(&self, path: &str) -> String {
        let path = self.root.join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
    }

    /// Commits everything in the work tree that is not ignored; the id. An empty commit is a commit.
    pub(crate) fn commit(&self, title: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", title]);
        self.commits.set(self.commits.get() + 1);
        self.head()
    }

    /// The commit that is checked out.
    pub(crate) fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Makes a branch here and switches to it.
    pub(crate) fn branch(&self, name: &str) {
        self.git(&["switch", "--quiet", "--create", name]);
    }

    /// Switches to a branch that is there.
    pub(crate) fn switch(&self, name: &str) {
        self.git(&["switch", "--quiet", name]);
    }

    /// Merges a branch into the one that is checked out, always with a merge commit; its id.
    pub(crate) fn merge(&self, branch: &str) -> String {
        self.git(&["merge", "--quiet", "--no-ff", "--message", &format!("Merge {branch}"), branch]);
        self.commits.set(self.commits.get() + 1);
        self.head()
    }

    /// Pushes the branch that is checked out to `origin`, and tells the clone what the default branch is.
    pub(crate) fn push(&self) {
        self.git(&["push", "--quiet", "--set-upstream", "origin", "HEAD"]);
        self.git(&["remote", "set-head", "origin", "main"]);
    }

    /// Runs git in the work tree and requires success; its standard output without the last line end.
    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.root, arguments)
    }

    /// The same in another folder.
    #[track_caller]
    pub(crate) fn git_in(&self, directory: &Path, arguments: &[&str]) -> String {
        let output = self.run(self.command("git", directory).args(arguments));
        assert_eq!(output.status, 0, "git {arguments:?} failed:\n{}{}", output.stdout, output.stderr);
        output.stdout.trim_end().to_owned()
    }

    /// Runs the `tollgate` binary in the work tree, whatever its exit status.
    pub(crate) fn tollgate(&self, arguments: &[&str]) -> Output {
        self.tollgate_with(arguments, &[])
    }

    /// The same with further environment variables.
    pub(crate) fn tollgate_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        self.tollgate_in(&self.root, arguments, environment)
    }

    /// The same in another folder.
    pub(crate) fn tollgate_in(&self, directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = self.command(env!("CARGO_BIN_EXE_tollgate"), directory);
        self.run(command.args(arguments).envs(environment.iter().copied()))
    }

    /// A program with the scrubbed environment, ready for arguments: for tests that need more than the methods above.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>, directory: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(directory).env_clear().stdin(Stdio::null());
        for name in KEPT {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let real_home = std::env::home_dir().unwrap_or_default();
        for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            if std::env::var_os(name).is_none() {
                command.env(name, real_home.join(folder));
            }
        }
        let date = format!("{} +0000", FIRST_COMMIT_S + 60 * self.commits.get());
        command
            .env("HOME", self.around().join("home"))
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .envs([("GIT_AUTHOR_NAME", "Ada"), ("GIT_AUTHOR_EMAIL", "ada@example.org"), ("GIT_AUTHOR_DATE", &date)])
            .envs([("GIT_COMMITTER_NAME", "Ada"), ("GIT_COMMITTER_EMAIL", "ada@example.org")])
            .env("GIT_COMMITTER_DATE", &date);
        command
    }

    /// Runs a prepared program to its end.
    #[track_caller]
    pub(crate) fn run(&self, command: &mut Command) -> Output {
        let program = command.get_program().to_owned();
        let output = command.output().unwrap_or_else(|error| {
            panic!(
                "cannot run {} in {}: {error}; is it installed and in PATH?",
                program.display(),
                self.place.path().display()
            )
        });
        Output {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
