//! A started process with everything that it starts: waits for the first, ends them all. Refuses to know why.
//!
//! On Unix a process group, so that Ctrl-C on a terminal reaches Tollgate alone, which then ends the group in order; on Windows a job object.

use std::io;
use std::process::{ChildStderr, ChildStdout, Command};
use std::time::Duration;

/// A process and all that it started. Ended at the latest when dropped.
pub(in crate::measure) struct Tree(platform::Tree);

impl Tree {
    /// Whether processes can be asked to end.
    pub(in crate::measure) const CAN_BE_ASKED: bool = cfg!(unix);

    /// Starts a process whose streams are pipes.
    pub(in crate::measure) fn start(command: Command) -> io::Result<(Self, ChildStdout, ChildStderr)> {
        let (tree, stdout, stderr) = platform::Tree::start(command)?;
        let both = stdout.zip(stderr).ok_or_else(|| io::Error::other("the output is not a pipe"));
        let tree = Self(tree);
        both.map(|(stdout, stderr)| (tree, stdout, stderr))
    }

    /// Whether the first process ended within this time; waits for it without using the CPU.
    pub(in crate::measure) fn ended_within(&mut self, time: Duration) -> bool {
        self.0.ended_within(time)
    }

    /// The number of the first process.
    pub(in crate::measure) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Closes the standard input of the first process: one that follows its parent then ends itself and all that it started.
    pub(in crate::measure) fn let_go(&mut self) {
        self.0.let_go();
    }

    /// Asks every process to end. On Windows there is no asking, so nothing happens until [`Tree::end`].
    pub(in crate::measure) fn ask_to_end(&self) {
        self.0.ask_to_end();
    }

    /// Ends every process that is still there, and waits for the first.
    pub(in crate::measure) fn end(&mut self) {
        self.0.end();
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(unix)]
mod platform {
    use std::io;
    use std::os::unix::process::CommandExt;
    use std::process::{Child, ChildStderr, ChildStdout, Command};
    use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
    use std::time::Duration;

    use rustix::io::Errno;
    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

    pub(super) struct Tree {
        child: Child,
        ended: Receiver<()>,
        reaped: bool,
    }

    impl Tree {
        pub(super) fn start(mut command: Command) -> io::Result<(Self, Option<ChildStdout>, Option<ChildStderr>)> {
            let mut child = command.process_group(0).spawn()?;
            let pid = Pid::from_child(&child);
            let (sender, ended) = channel::<()>();
            // Waits without reaping: as long as the first process is a zombie, nobody else gets the number of its group.
            std::thread::spawn(move || {
                let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
                while waitid(WaitId::Pid(pid), options).is_err_and(|errno| errno == Errno::INTR) {}
                drop(sender);
            });
            let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
            Ok((Self { child, ended, reaped: false }, stdout, stderr))
        }

        pub(super) fn ended_within(&mut self, time: Duration) -> bool {
            self.ended.recv_timeout(time) == Err(RecvTimeoutError::Disconnected)
        }

        pub(super) fn id(&self) -> u32 {
            self.child.id()
        }

        pub(super) fn let_go(&mut self) {
            drop(self.child.stdin.take());
        }

        pub(super) fn ask_to_end(&self) {
            self.signal(Signal::TERM);
        }

        pub(super) fn end(&mut self) {
            self.signal(Signal::KILL);
            self.reaped |= self.child.wait().is_ok();
        }

        fn signal(&self, signal: Signal) {
            if !self.reaped {
                let _gone = kill_process_group(Pid::from_child(&self.child), signal);
            }
        }
    }
}

#[cfg(not(unix))]
mod platform {
    use std::io;
    use std::process::{ChildStderr, ChildStdout, Command};
    use std::time::{Duration, Instant};

    use process_wrap::std::{ChildWrapper, CommandWrap, JobObject};

    /// How long to sleep between two looks, where the system offers no wait with a limit.
    const NAP: Duration = Duration::from_millis(10);

    pub(super) struct Tree(Box<dyn ChildWrapper>);

    impl Tree {
        pub(super) fn start(command: Command) -> io::Result<(Self, Option<ChildStdout>, Option<ChildStderr>)> {
            let mut child = CommandWrap::from(command).wrap(JobObject).spawn()?;
            let (stdout, stderr) = (child.stdout().take(), child.stderr().take());
            Ok((Self(child), stdout, stderr))
        }

        pub(super) fn ended_within(&mut self, time: Duration) -> bool {
            let until = Instant::now() + time;
            while matches!(self.0.try_wait(), Ok(None)) {
                if Instant::now() >= until {
                    return false;
                }
                std::thread::sleep(NAP);
            }
            true
        }

        pub(super) fn id(&self) -> u32 {
            self.0.id()
        }

        pub(super) fn let_go(&mut self) {
            drop(self.0.stdin().take());
        }

        pub(super) fn ask_to_end(&self) {}

        pub(super) fn end(&mut self) {
            let _gone = self.0.start_kill().and_then(|()| self.0.wait().map(drop));
        }
    }
}
