//! What a command knows about the world: read once by `main`, passed down as arguments.
#![expect(clippy::disallowed_methods, reason = "reads the event of a CI job")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;

use crate::ci::{self, CiContext, EVENT_BYTES_MAX};
use crate::git::{GitError, Repository};
use crate::measure::stop::Stop;
use crate::report::escape::terminal;
use crate::report::log;

use super::error::Failure;

/// What a command knows about the world.
#[derive(Debug)]
pub struct Context {
    /// The folder that it works in.
    pub directory: PathBuf,
    /// The environment variables; those that are not Unicode are left out.
    pub environment: BTreeMap<String, String>,
    /// The Tollgate binary.
    pub tollgate: PathBuf,
    /// Whether to leave out progress.
    pub quiet: bool,
    /// Whether standard error is a terminal, so that progress may be drawn.
    pub interactive: bool,
    /// Now, in seconds since 1970-01-01 UTC.
    pub now_s: i64,
    /// Set when the user wants to stop.
    pub stop: Stop,
}

impl Context {
    /// What CI says about this run.
    pub(crate) fn ci(&self) -> CiContext {
        CiContext::from(&self.environment, self.event().as_deref())
    }

    /// The repository around the folder that the command works in. In GitHub Actions the one at the root of the workspace is trusted whoever
    /// owns it: the runner checked it out, and in a container job the runner is another user.
    pub(crate) fn repository(&self) -> Result<Repository, GitError> {
        Repository::discover_vouched(&self.directory, ci::workspace(&self.environment).as_deref())
    }

    /// Whether a runner of GitHub Actions reads what is written.
    fn read_by_runner(&self) -> bool {
        self.environment.get("GITHUB_ACTIONS").is_some_and(|value| value == "true")
    }

    /// The bytes of the event that started a CI job; bounded.
    fn event(&self) -> Option<Vec<u8>> {
        let file = File::open(ci::event_path(&self.environment)?).ok()?;
        let mut bytes = Vec::new();
        file.take(EVENT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    /// Writes a result to standard output. A reader that has gone away is not an error: `tollgate … | head` ends well.
    pub fn print(&self, text: &str) {
        let mut out = anstream::stdout().lock();
        let _gone = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Writes a report for people, with foreign names in it, to standard output. A runner is told to take nothing in it for a command.
    pub(crate) fn print_report(&self, text: &str) {
        if self.read_by_runner() {
            self.print(&log::unheard(text, &super::step::unguessable(&[text])));
        } else {
            self.print(text);
        }
    }

    /// Says what is going on, on standard error, unless asked to be quiet. No line of it is a command to a runner.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            self.complain(text);
        }
    }

    /// Says why a command failed: the consequence first, then the causes, then what to do. Names and paths in it are foreign text: each line
    /// is made harmless here, whoever made it.
    pub fn fail(&self, failure: &Failure) {
        let lines: Vec<String> = failure.to_string().lines().map(terminal).collect();
        self.complain(&lines.join("\n"));
    }

    /// Writes lines to standard error.
    fn complain(&self, text: &str) {
        let mut error = anstream::stderr().lock();
        let _gone = if self.read_by_runner() {
            let lines: Vec<String> = text.lines().map(log::no_command).collect();
            writeln!(error, "{}", lines.join("\n"))
        } else {
            writeln!(error, "{text}")
        };
    }
}
