//! Waking at a given moment. Timers of the runtime count whole milliseconds, which would add up to one to every response time; the system's own do not.
#![expect(clippy::disallowed_methods, reason = "what waits for the clock reads it")]

use std::cell::Cell;
use std::io;
use std::time::Instant;

/// Something that wakes one waiter at a moment.
pub(super) struct Alarm {
    timer: Timer,
    /// When it will wake; `None` once it has.
    set: Cell<Option<Instant>>,
}

impl Alarm {
    /// An alarm of this thread's runtime.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { timer: Timer::new()?, set: Cell::new(None) })
    }

    /// Wakes the waiter by `at` at the latest: the earliest of all that were asked for since it last woke.
    pub(super) fn by(&self, at: Instant) -> io::Result<()> {
        if self.set.get().is_some_and(|set| set <= at) {
            return Ok(());
        }
        self.set.set(Some(at));
        self.timer.set(at)
    }

    /// Waits for it. It may wake too early.
    pub(super) async fn wait(&self) -> io::Result<()> {
        let waited = match self.set.get() {
            Some(at) if at > Instant::now() => self.timer.wait().await,
            _ => {
                // Due already. Those who were woken by it get their turn first all the same.
                tokio::task::yield_now().await;
                Ok(())
            }
        };
        self.set.set(None);
        waited
    }
}

#[cfg(target_os = "linux")]
use linux::Timer;

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::num::NonZeroU64;
    use std::os::fd::OwnedFd;
    use std::time::{Duration, Instant};

    use rustix::thread::set_current_timer_slack;
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
    };
    use tokio::io::unix::AsyncFd;

    /// A timer of the kernel's, in nanoseconds.
    pub(super) struct Timer(AsyncFd<OwnedFd>);

    impl Timer {
        pub(super) fn new() -> io::Result<Self> {
            // By default the kernel may wake a thread 50 µs late, to wake it with others. Where it refuses, the lag of the sends shows that.
            let _refused = set_current_timer_slack(NonZeroU64::new(1));
            let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
            #[expect(
                deprecated,
                reason = "it is only unsound for types that give another descriptor each time; its successor is unsafe to call"
            )]
            let timer = AsyncFd::new(timer)?;
            Ok(Self(timer))
        }

        pub(super) fn set(&self, at: Instant) -> io::Result<()> {
            // Nothing would switch it off.
            let after = at.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1));
            let it_value = Timespec::try_from(after).map_err(io::Error::other)?;
            let it_interval = Timespec { tv_sec: 0, tv_nsec: 0 };
            timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &Itimerspec { it_interval, it_value })?;
            Ok(())
        }

        pub(super) async fn wait(&self) -> io::Result<()> {
            // It need not be read: setting it again makes it ready anew.
            self.0.readable().await?.clear_ready();
            Ok(())
        }
    }

    impl Drop for Timer {
        fn drop(&mut self) {
            // Processes that this thread starts later inherit it, and services are to run as they do elsewhere.
            let _refused = set_current_timer_slack(None);
        }
    }
}

#[cfg(not(target_os = "linux"))]
use elsewhere::Timer;

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::cell::Cell;
    use std::io;
    use std::time::{Duration, Instant};

    use tokio::sync::Notify;

    /// How late the runtime's timer may be.
    const COARSE: Duration = Duration::from_millis(2);

    /// The runtime's timer, and turning in circles for the rest.
    pub(super) struct Timer {
        at: Cell<Option<Instant>>,
        changed: Notify,
    }

    impl Timer {
        pub(super) fn new() -> io::Result<Self> {
            Ok(Self { at: Cell::new(None), changed: Notify::new() })
        }

        pub(super) fn set(&self, at: Instant) -> io::Result<()> {
            self.at.set(Some(at));
            self.changed.notify_one();
            Ok(())
        }

        pub(super) async fn wait(&self) -> io::Result<()> {
            while let Some(at) = self.at.get() {
                let now = Instant::now();
                if now >= at {
                    self.at.set(None);
                } else if at - now > COARSE {
                    let coarse = tokio::time::sleep_until((at - COARSE).into());
                    tokio::select! {
                        () = coarse => {}
                        () = self.changed.notified() => {}
                    }
                } else {
                    tokio::task::yield_now().await;
                }
            }
            Ok(())
        }
    }
}
