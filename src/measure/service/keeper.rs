//! The small process around one instance of a service: starts it on its cores, keeps everything that it starts together, and ends with all of it.
//!
//! On Linux whatever loses its parent becomes the keeper's child, so that a daemon with a session of its own is ended too. Elsewhere such a daemon
//! gets away; Tollgate then finds its port taken.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::Child;

use serde::{Deserialize, Serialize};

use super::super::process::ProcessError;
use super::super::process::child::{Ended, follow_parent, start};

/// How an instance ended by itself.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exit {
    pub(super) status: Option<i32>,
    pub(super) signal: Option<i32>,
}

/// What the small process does that keeps one instance: starts it, waits for it, writes how it ended to `report`, and ends what it left.
pub fn keep(report: &Path, cpus: &[u32], command: &[OsString]) -> Result<(), ProcessError> {
    adopt();
    follow_parent(end_descendants);
    let ended = match pin(cpus) {
        Err(message) => Ended::NotStarted { message },
        Ok(()) => match start(command).1.and_then(|mut program| wait(&mut program)) {
            Ok(exit) => Ended::Exited(exit),
            Err(error) => Ended::not_started(&error),
        },
    };
    let written = ended.write(report, command);
    end_descendants();
    written
}

/// Waits for the program, and lets go of what else ends meanwhile: orphans of a long run would pile up.
#[cfg(unix)]
fn wait(program: &mut Child) -> io::Result<Exit> {
    use rustix::process::{Pid, WaitOptions, wait};
    let own = Pid::from_child(program);
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == own => {
                return Ok(Exit { status: status.exit_status(), signal: status.terminating_signal() });
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(not(unix))]
fn wait(program: &mut Child) -> io::Result<Exit> {
    program.wait().map(|status| Exit { status: status.code(), signal: None })
}

#[cfg(target_os = "linux")]
use linux::{adopt, end_descendants, pin};

#[cfg(target_os = "linux")]
mod linux {
    #![expect(clippy::disallowed_methods, reason = "gives ended processes the time to be gone")]

    use std::time::Duration;

    use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, wait};
    use rustix::thread::{CpuSet, sched_setaffinity};

    use super::super::usage::descendants;

    /// How often what is left is ended, and the pause between: something that forks faster than that gets away.
    const ATTEMPTS_MAX: u32 = 200;
    const PAUSE: Duration = Duration::from_millis(5);

    pub(super) fn adopt() {
        let _unsupported = set_child_subreaper(Some(getpid()));
    }

    /// Ends everything that was started from here, directly or not.
    pub(super) fn end_descendants() {
        for _ in 0..ATTEMPTS_MAX {
            let left = descendants(getpid().as_raw_nonzero().get().cast_unsigned());
            if left.is_empty() {
                return;
            }
            for pid in left.into_iter().filter_map(|pid| Pid::from_raw(pid.cast_signed())) {
                let _gone = kill_process(pid, Signal::KILL);
            }
            while wait(WaitOptions::NOHANG).is_ok_and(|ended| ended.is_some()) {}
            std::thread::sleep(PAUSE);
        }
    }

    /// Binds this process, and so what it starts, to these cores; to none in particular where none is named.
    pub(super) fn pin(cpus: &[u32]) -> Result<(), String> {
        if cpus.is_empty() {
            return Ok(());
        }
        let mut set = CpuSet::new();
        for cpu in cpus.iter().map(|cpu| *cpu as usize).filter(|cpu| *cpu < CpuSet::MAX_CPU) {
            set.set(cpu);
        }
        sched_setaffinity(None, &set).map_err(|error| {
            let cpus = cpus.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
            format!("it cannot run on core {cpus}: {error}")
        })
    }
}

/// Elsewhere the process group and the job object end what stays in them.
#[cfg(not(target_os = "linux"))]
fn adopt() {}

#[cfg(not(target_os = "linux"))]
fn end_descendants() {}

/// Other systems cannot be told.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "on Linux it may fail")]
fn pin(_cpus: &[u32]) -> Result<(), String> {
    Ok(())
}
