//! The `git` program, for what the library cannot do: filters, worktrees, submodules. Never asks the user, never runs a hook, never through a shell.
#![expect(clippy::disallowed_methods, reason = "runs `git`")]

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use super::GitError;

/// Settings that hold whatever the user's are: no hooks, no work in the background, nothing that the library cannot read afterwards.
const SETTINGS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.splitIndex=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.detachedHead=false",
    "worktree.useRelativePaths=false",
    "submodule.recurse=false",
];

/// What git sets for its hooks and aliases, and what would lead it to another repository than the one that it is started in.
const LEADING_ASTRAY: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_CEILING_DIRECTORIES",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_LITERAL_PATHSPECS",
];

/// How much of git's complaints is kept, in characters.
const SAID_CHARS_MAX: usize = 2000;

/// A call of `git`, under construction.
#[derive(Debug)]
pub(super) struct Git<'a> {
    command: Command,
    words: Vec<String>,
    input: &'a [u8],
}

impl<'a> Git<'a> {
    /// `git` in a folder.
    pub(super) fn within(directory: &Path) -> Self {
        let mut command = Command::new("git");
        command.current_dir(directory).args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
        for name in LEADING_ASTRAY {
            command.env_remove(name);
        }
        // The library does not know of replaced objects; both have to see the same commits.
        command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_NO_REPLACE_OBJECTS", "1");
        Self { command, words: Vec::new(), input: &[] }
    }

    /// Lets git use a repository that is another user's. Said on the command line, so that it holds for this call and for what it starts, and
    /// nobody's config is changed.
    pub(super) fn trusting(mut self, root: &Path) -> Self {
        let mut setting = OsString::from("safe.directory=");
        setting.push(root);
        self.command.arg("-c").arg(setting);
        self
    }

    /// Never asks for credentials, and gives up on a server that is silent.
    pub(super) fn unattended(mut self) -> Self {
        let settings = ["credential.helper=", "core.askPass=", "http.lowSpeedLimit=1000", "http.lowSpeedTime=30"];
        self.command.args(settings.iter().flat_map(|setting| ["-c", setting]));
        self.command.env("GIT_ASKPASS", "").env("SSH_ASKPASS", "").env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes");
        self
    }

    /// Adds arguments that are spelled out in this program.
    pub(super) fn words(mut self, words: &[&str]) -> Self {
        self.command.args(words);
        self.words.extend(words.iter().map(|word| (*word).to_owned()));
        self
    }

    /// Adds an absolute path, which cannot be taken for an option.
    pub(super) fn path(mut self, path: &Path) -> Self {
        self.command.arg(path);
        self.words.push(path.display().to_string());
        self
    }

    /// Uses another index than the user's.
    pub(super) fn index(mut self, index: &Path) -> Self {
        self.command.env("GIT_INDEX_FILE", OsStr::new(index));
        self
    }

    /// Gives it something to read on its standard input.
    pub(super) fn input(mut self, input: &'a [u8]) -> Self {
        self.input = input;
        self
    }

    /// Runs it to its end, which must be a good one; what it wrote to standard output.
    pub(super) fn run(mut self) -> Result<Vec<u8>, GitError> {
        let start = |source| GitError::Start { source };
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().map_err(start)?;
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        let output = std::thread::scope(|scope| {
            // Git may write before it has read everything. If it ends early its status says why, so a broken pipe is no news.
            scope.spawn(move || drop(stdin.write_all(self.input)));
            child.wait_with_output()
        });
        let output = output.map_err(start)?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim();
        let first = said.char_indices().rev().nth(SAID_CHARS_MAX).map_or(0, |(at, _)| at);
        Err(GitError::Ended {
            command: self.words.join(" "),
            status: output.status.code().unwrap_or(-1),
            said: said.get(first..).unwrap_or_default().to_owned(),
        })
    }
}
