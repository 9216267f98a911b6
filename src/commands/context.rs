//! What a command knows about the world: read once by `main`, passed down as arguments.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use crate::measure::stop::Stop;
use crate::report::escape::terminal;

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
    /// Writes a result to standard output. A reader that has gone away is not an error: `tollgate … | head` ends well.
    pub fn print(&self, text: &str) {
        let mut out = anstream::stdout().lock();
        let _gone = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Says what is going on, on standard error, unless asked to be quiet.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            let _gone = writeln!(anstream::stderr().lock(), "{text}");
        }
    }

    /// Says why a command failed: the consequence first, then the causes, then what to do. Names and paths in it are foreign text: each line
    /// is made harmless here, whoever made it.
    pub fn fail(&self, failure: &Failure) {
        let lines: Vec<String> = failure.to_string().lines().map(terminal).collect();
        let _gone = writeln!(anstream::stderr().lock(), "{}", lines.join("\n"));
    }
}
