//! Why a service is of no use, in words that name it. Refuses to know how it is run.

/// Why a service is of no use. `service` names it as it is shown: `` `web` ``, or `` `web` (instance 1) ``.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// The user wants to stop; nothing of it is left.
    #[error("stopped")]
    Stopped,
    /// It could not be started at all.
    #[error("start service {service} ({why})")]
    Start {
        /// Which.
        service: String,
        /// Why not.
        why: String,
        /// What to do about it.
        hint: String,
    },
    /// It ended before it was ready.
    #[error("start service {service} ({status} before it was ready)")]
    EndedEarly {
        /// Which.
        service: String,
        /// How it ended: `exit status 3`.
        status: String,
        /// The last lines of its output.
        tail: String,
    },
    /// It was not ready in time.
    #[error("start service {service} (not ready within {limit_s} s: {last})")]
    NotReady {
        /// Which.
        service: String,
        /// The limit in seconds.
        limit_s: u64,
        /// What was seen last.
        last: String,
        /// The last lines of its output.
        tail: String,
    },
    /// It ended while it should have run.
    #[error("keep service {service} running ({status} under load)")]
    Died {
        /// Which.
        service: String,
        /// How it ended: `ended by signal 9`.
        status: String,
        /// The last lines of its output.
        tail: String,
    },
    /// It did not answer its health check.
    #[error("keep service {service} healthy ({times} checks in a row failed: {last})")]
    Unhealthy {
        /// Which.
        service: String,
        /// How often.
        times: u32,
        /// What the last check said.
        last: String,
        /// The last lines of its output.
        tail: String,
    },
    /// It wrote more than it may.
    #[error("keep service {service} within its log (more than {limit_bytes} bytes of output)")]
    Log {
        /// Which.
        service: String,
        /// The limit.
        limit_bytes: u64,
        /// The last lines of its output.
        tail: String,
    },
    /// Something of it is still there after everything was ended.
    #[error("stop service {service} ({left})")]
    Left {
        /// Which.
        service: String,
        /// What is left: `port 4000 is still taken by sh (pid 7)`.
        left: String,
        /// The last lines of its output.
        tail: String,
    },
}

impl ServiceError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Stopped => return None,
            Self::Start { hint, .. } => hint,
            Self::EndedEarly { .. } => {
                "run `start` of the service by hand, with a port for `{port}`: it has to stay in the foreground"
            }
            Self::NotReady { .. } => {
                "check that the service listens on 127.0.0.1 and `{port}` and what `ready` asks for, or raise `ready-within`"
            }
            Self::Died { .. } => {
                "see its last lines; a signal 9 that nobody sent is the machine that ran out of memory"
            }
            Self::Unhealthy { .. } => "check what `health` asks for, or lower the load",
            Self::Log { .. } => "let it log less under load, or raise `log-limit` of the service",
            Self::Left { .. } => {
                "start the service without anything that leaves its process group, such as `setsid` or a daemon"
            }
        };
        Some(hint.to_owned())
    }

    /// The last lines of its output; empty where it wrote nothing or never ran.
    pub fn tail(&self) -> &str {
        match self {
            Self::EndedEarly { tail, .. }
            | Self::NotReady { tail, .. }
            | Self::Died { tail, .. }
            | Self::Unhealthy { tail, .. }
            | Self::Log { tail, .. }
            | Self::Left { tail, .. } => tail,
            Self::Stopped | Self::Start { .. } => "",
        }
    }
}
