//! One child process with its whole tree: how long it ran, what it used, what it wrote. Refuses to know what the output means.
//!
//! A child's peak of memory starts with its parent's: between `fork` and `exec` it is a copy of the parent, and the kernel keeps the larger
//! number. So a measured program is never started by Tollgate itself, which may have read large files, but by a small fresh process
//! (`tollgate __child`) that also takes the time, next to the program.
#![expect(clippy::disallowed_methods, reason = "runs programs, and limits how long they take")]

pub(super) mod child;
pub(super) mod output;
mod shown;
pub(super) mod tree;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::surroundings::Surroundings;
use child::{Ended, Measured};
use output::Output;
use tree::Tree;

pub use child::child;
pub use shown::shown;

/// How often a wait looks at the user's wish to stop. Each look costs a few microseconds of one core.
const LOOK: Duration = Duration::from_millis(50);
/// How long a process may take to end when it is asked to, before it is made to.
const GRACE: Duration = Duration::from_secs(2);
/// How long to wait for the rest of the output when the process group is gone: a daemon that left the group may hold the pipe for ever.
const DRAIN: Duration = Duration::from_secs(2);

/// A process to run.
#[derive(Clone, Debug)]
pub struct ProcessSpec {
    /// Program and arguments; never empty, never given to a shell.
    pub command: Vec<String>,
    /// Where it runs.
    pub directory: PathBuf,
    /// Variables set beside the inherited environment.
    pub environment: BTreeMap<String, String>,
    /// The longest it may take.
    pub timeout: Duration,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// Its exit status; `None` where a signal ended it.
    pub status: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Wall-clock time in seconds.
    pub wall_s: f64,
    /// CPU time in user mode of it and its awaited children, in seconds.
    pub user_s: f64,
    /// CPU time in the kernel, in seconds.
    pub system_s: f64,
    /// Peak resident memory of the largest process of its tree, in bytes. Not less than the few MiB of the process that started it.
    pub peak_rss_bytes: u64,
    /// The first bytes of its standard output, at most 64 MiB.
    pub stdout: Vec<u8>,
    /// How many bytes of standard output it wrote.
    pub stdout_bytes: u64,
    /// The last lines of its output, both streams: at most 40 lines and 8 KiB, control characters replaced.
    pub tail: String,
}

/// Why a process gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The user wants to stop; the process tree is gone.
    #[error("stopped")]
    Stopped,
    /// There is no such program.
    #[error("run `{command}` (`{program}` not found)")]
    NotFound {
        /// The command line, as it may be shown.
        command: String,
        /// The program.
        program: String,
    },
    /// The program is there and cannot be run.
    #[error("run `{command}` (`{program}` is not executable)")]
    NotExecutable {
        /// The command line, as it may be shown.
        command: String,
        /// The program.
        program: String,
    },
    /// It ended in another way than it should.
    #[error("run `{command}` ({status})")]
    Failed {
        /// The command line, as it may be shown.
        command: String,
        /// How it ended: `exit status 3`, `ended by signal 9`.
        status: String,
        /// The last lines of its output.
        tail: String,
    },
    /// It did not end in time; its process tree is gone.
    #[error("run `{command}` (no end within {limit_s} s)")]
    TimedOut {
        /// The command line, as it may be shown.
        command: String,
        /// The limit in seconds.
        limit_s: u64,
        /// The last lines of its output.
        tail: String,
    },
    /// The system could not start it.
    #[error("start `{command}` in {directory}")]
    Start {
        /// The command line, as it may be shown.
        command: String,
        /// Where it should have run.
        directory: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The process that starts the program ended without saying how the program ended.
    #[error("learn how `{command}` ended")]
    Report {
        /// The command line, as it may be shown.
        command: String,
        /// The last lines of its output.
        tail: String,
        /// Why not.
        source: io::Error,
    },
}

impl ProcessError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Stopped => None,
            Self::NotFound { program, .. } => {
                Some(format!("install `{program}`, or correct `run` or `build` of the suite in tollgate.toml"))
            }
            Self::NotExecutable { program, .. } => {
                Some(format!("make `{program}` executable and commit that, or start it by its interpreter"))
            }
            Self::Failed { command, .. } => Some(format!("run `{command}` by hand until it ends well")),
            Self::TimedOut { .. } => Some("raise `timeout` of the suite, or let it do less".to_owned()),
            Self::Start { directory, .. } => {
                Some(format!("check that {} is a folder and that more processes may be started", directory.display()))
            }
            Self::Report { .. } => {
                Some("something ended the process from outside: check the memory of the machine".to_owned())
            }
        }
    }

    /// The last lines of the process's output; empty where it wrote nothing or never ran.
    pub fn tail(&self) -> &str {
        match self {
            Self::Failed { tail, .. } | Self::TimedOut { tail, .. } | Self::Report { tail, .. } => tail,
            Self::Stopped | Self::NotFound { .. } | Self::NotExecutable { .. } | Self::Start { .. } => "",
        }
    }
}

/// Runs a process to its end, whatever its exit status. When this returns, every process of its group is gone.
pub fn run(spec: &ProcessSpec, surroundings: &Surroundings) -> Result<Finished, ProcessError> {
    if surroundings.stop.is_set() {
        return Err(ProcessError::Stopped);
    }
    let start_error =
        |source| ProcessError::Start { command: shown(&spec.command), directory: spec.directory.clone(), source };
    let report = tempfile::NamedTempFile::new().map_err(start_error)?;
    let mut options = Vec::new();
    if !surroundings.delay.is_zero() {
        options.extend(["--delay-ns".to_owned(), surroundings.delay.as_nanos().to_string()]);
    }
    let small = small(spec, &options, report.path(), surroundings);
    let started = Instant::now();
    let (mut tree, stdout, stderr) = Tree::start(small).map_err(start_error)?;
    let output = Output::drain(stdout, stderr);
    let outcome = wait(&mut tree, &output, started, spec, surroundings);
    tree.end();
    output.wait(DRAIN);
    outcome.map_err(|interrupted| match interrupted {
        Interrupted::Stopped => ProcessError::Stopped,
        Interrupted::TimedOut => ProcessError::TimedOut {
            command: shown(&spec.command),
            limit_s: whole_seconds(spec.timeout),
            tail: output.tail(),
        },
    })?;
    let ended = Ended::<Measured>::read(report.path()).map_err(|source| ProcessError::Report {
        command: shown(&spec.command),
        tail: output.tail(),
        source,
    })?;
    finished(ended, output, spec)
}

/// The small process that starts a program, with its streams as pipes: it ends with its tree when its standard input is closed.
pub(super) fn small(spec: &ProcessSpec, options: &[String], report: &Path, surroundings: &Surroundings) -> Command {
    let mut small = Command::new(&surroundings.tollgate);
    small.arg("__child").arg("--report").arg(report).args(options);
    small.arg("--").args(&spec.command);
    small.env_clear().envs(&surroundings.environment).envs(&spec.environment).current_dir(&spec.directory);
    small.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    small
}

/// Runs a process that must exit with status 0.
pub fn run_to_success(spec: &ProcessSpec, surroundings: &Surroundings) -> Result<Finished, ProcessError> {
    run(spec, surroundings)?.expect_status(0, &spec.command)
}

impl Finished {
    /// Itself, if it ended with this exit status.
    pub fn expect_status(self, status: i32, command: &[String]) -> Result<Self, ProcessError> {
        if self.status == Some(status) {
            return Ok(self);
        }
        let how = how(self.status, self.signal);
        let status = if self.status.is_some() && status != 0 { format!("{how} instead of {status}") } else { how };
        Err(ProcessError::Failed { command: shown(command), status, tail: self.tail })
    }
}

/// How a process ended, in words.
pub(super) fn how(status: Option<i32>, signal: Option<i32>) -> String {
    match (status, signal) {
        (Some(status), _) => format!("exit status {status}"),
        (None, Some(signal)) => format!("ended by signal {signal}"),
        (None, None) => "ended without an exit status".to_owned(),
    }
}

/// Why a wait ended before the process did.
enum Interrupted {
    Stopped,
    TimedOut,
}

/// Waits for the first process of the tree; where it must not go on, asks the whole tree to end and gives it a little time.
fn wait(
    tree: &mut Tree,
    output: &Output,
    started: Instant,
    spec: &ProcessSpec,
    surroundings: &Surroundings,
) -> Result<(), Interrupted> {
    let interrupted = loop {
        let left = spec.timeout.saturating_sub(started.elapsed());
        if tree.ended_within(left.min(LOOK)) {
            return Ok(());
        }
        if surroundings.stop.is_set() {
            break Interrupted::Stopped;
        }
        if started.elapsed() >= spec.timeout {
            break Interrupted::TimedOut;
        }
    };
    tree.ask_to_end();
    // The tree has ended when nobody holds the pipes any more; what closed them and lives on is ended without further ado.
    output.wait(GRACE);
    Err(interrupted)
}

/// A limit for people, in seconds, rounded up: half a second is not "0 s".
pub(super) fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// What the report and the output say together.
fn finished(ended: Ended<Measured>, output: Output, spec: &ProcessSpec) -> Result<Finished, ProcessError> {
    let command = shown(&spec.command);
    let program = shown(spec.command.get(..1).unwrap_or_default());
    let Measured { status, signal, wall_s, user_s, system_s, peak_rss_bytes } = match ended {
        Ended::Exited(measured) => measured,
        Ended::NotFound => return Err(ProcessError::NotFound { command, program }),
        Ended::NotExecutable => return Err(ProcessError::NotExecutable { command, program }),
        Ended::NotStarted { message } => {
            let source = io::Error::other(message);
            return Err(ProcessError::Start { command, directory: spec.directory.clone(), source });
        }
    };
    let tail = output.tail();
    let (stdout, stdout_bytes) = output.into_stdout();
    Ok(Finished { status, signal, wall_s, user_s, system_s, peak_rss_bytes, stdout, stdout_bytes, tail })
}
