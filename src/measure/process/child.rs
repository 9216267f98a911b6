//! The small process between Tollgate and a measured program: starts it, takes its time, says how it ended. Refuses to know its output.
#![expect(clippy::disallowed_methods, reason = "starts the measured program and takes its time")]

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wait4::Wait4;

use super::ProcessError;

/// How often a program that is busy is started, and the pause between.
const BUSY_ATTEMPTS_MAX: u32 = 50;
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// More than this is not a report.
const REPORT_BYTES_MAX: u64 = 64 << 10;
/// By how much a sleep may be too long.
const OVERSHOOT: Duration = Duration::from_micros(300);

/// How a program ended, as the small process writes it for the large one. Both are the same binary, so it has no version.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::measure) enum Ended<T> {
    /// It ran.
    Exited(T),
    /// There is no such program.
    NotFound,
    /// It may not be executed.
    NotExecutable,
    /// The system refused to start it.
    NotStarted {
        /// Why.
        message: String,
    },
}

/// What was seen of a program that ran; the fields of [`super::Finished`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Measured {
    pub(super) status: Option<i32>,
    pub(super) signal: Option<i32>,
    pub(super) wall_s: f64,
    pub(super) user_s: f64,
    pub(super) system_s: f64,
    pub(super) peak_rss_bytes: u64,
}

impl<T: Serialize + DeserializeOwned> Ended<T> {
    /// Reads a report; an empty file is the sign of a small process that was ended before it could write.
    pub(in crate::measure) fn read(path: &Path) -> io::Result<Self> {
        let mut bytes = Vec::new();
        fs::File::open(path)?.take(REPORT_BYTES_MAX).read_to_end(&mut bytes)?;
        serde_json::from_slice(&bytes).map_err(io::Error::from)
    }

    /// Writes it to `report`.
    pub(in crate::measure) fn write(&self, report: &Path, command: &[OsString]) -> Result<(), ProcessError> {
        let json = serde_json::to_vec(self).map_err(io::Error::from);
        json.and_then(|json| fs::write(report, json)).map_err(|source| ProcessError::Report {
            command: super::shown(&command.iter().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>()),
            tail: String::new(),
            source,
        })
    }

    /// Why a program could not be started.
    pub(in crate::measure) fn not_started(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound,
            io::ErrorKind::PermissionDenied => Self::NotExecutable,
            _ => Self::NotStarted { message: error.to_string() },
        }
    }
}

/// What the small process does that starts one measured child: starts it, waits for it, and then for the delay, writes how it ended to
/// `report`.
pub fn child(report: &Path, delay: Duration, command: &[OsString]) -> Result<(), ProcessError> {
    follow_parent(|| {});
    measure(command, delay).write(report, command)
}

/// Runs the program with our own standard output and error. The delay counts as time that the program took, and as nothing else of it.
fn measure(command: &[OsString], delay: Duration) -> Ended<Measured> {
    let (started, spawned) = start(command);
    let result = spawned.and_then(Wait4::wait4);
    wait(delay);
    let wall_s = started.elapsed().as_secs_f64();
    match result {
        Ok(used) => Ended::Exited(Measured {
            status: used.status.code(),
            signal: signal(used.status),
            wall_s,
            user_s: used.rusage.utime.as_secs_f64(),
            system_s: used.rusage.stime.as_secs_f64(),
            peak_rss_bytes: used.rusage.maxrss,
        }),
        Err(error) => Ended::not_started(&error),
    }
}

/// Starts a program without input, and when that was. One that was copied just now is busy as long as a process that was forked meanwhile still has it
/// open for writing.
pub(in crate::measure) fn start(command: &[OsString]) -> (Instant, io::Result<Child>) {
    let Some((program, arguments)) = command.split_first() else {
        return (Instant::now(), Err(io::ErrorKind::NotFound.into()));
    };
    let mut program = Command::new(program);
    program.args(arguments).stdin(Stdio::null());
    let (mut started, mut attempts) = (Instant::now(), 1);
    let mut spawned = program.spawn();
    while attempts < BUSY_ATTEMPTS_MAX
        && spawned.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::ExecutableFileBusy)
    {
        std::thread::sleep(BUSY_PAUSE);
        (started, attempts) = (Instant::now(), attempts + 1);
        spawned = program.spawn();
    }
    (started, spawned)
}

/// Waits for this long, and not much longer: a sleep alone overshoots by as much as a short program takes.
fn wait(delay: Duration) {
    let began = Instant::now();
    loop {
        match delay.saturating_sub(began.elapsed()) {
            Duration::ZERO => return,
            left if left > OVERSHOOT => std::thread::sleep(left.saturating_sub(OVERSHOOT)),
            _ => std::hint::spin_loop(),
        }
    }
}

#[cfg(unix)]
fn signal(status: std::process::ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_status: std::process::ExitStatus) -> Option<i32> {
    None
}

/// Ends the whole process group when the process that started us is gone, however it went: it holds the other end of our standard input and
/// never writes. Rejected: the parent's death signal of Linux, which would end this process and leave the measured one running.
/// Only in a group of our own, so that nobody's shell is ended. `first` is what is done before.
#[cfg(unix)]
pub(in crate::measure) fn follow_parent(first: fn()) {
    use rustix::process::{Signal, getpgrp, getpid, kill_current_process_group};
    if getpgrp() != getpid() {
        return;
    }
    std::thread::spawn(move || {
        let mut byte = [0];
        while io::stdin().read(&mut byte).is_ok_and(|length| length > 0) {}
        first();
        let _gone = kill_current_process_group(Signal::KILL);
    });
}

/// On Windows the job object ends with its last handle.
#[cfg(not(unix))]
pub(in crate::measure) fn follow_parent(_first: fn()) {}
