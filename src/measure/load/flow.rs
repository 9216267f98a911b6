//! A user's way through a service, ready to be sent: requests and what their replies must be like.

use std::borrow::Cow;
use std::time::Duration;

use crate::config::scenario::{Check, Step};

use super::exchange::{Keep, Reply, Request};
use super::record::ErrorKind;

/// A flow with everything in it that can be prepared.
pub(super) struct ReadyFlow {
    /// Its part of all flows that are started.
    pub(super) weight: u32,
    /// Its steps, at least one.
    pub(super) steps: Vec<ReadyStep>,
}

/// What one start of a flow remembers from step to step.
#[derive(Debug, Default)]
pub(super) struct Session {}

/// A step with everything in it that can be prepared.
pub(super) struct ReadyStep {
    /// The index of its name among the names of the work.
    pub(super) name: usize,
    /// The pause before it: drawn evenly between both.
    pub(super) think_time: (Duration, Duration),
    /// The longest that it may take.
    pub(super) timeout: Duration,
    /// How many redirects are followed.
    pub(super) redirects: u32,
    request: Request,
    statuses: Option<Vec<u16>>,
}

impl ReadyFlow {
    /// The session of the start with this number.
    pub(super) fn session(&self, _number: u64) -> Session {
        Session {}
    }
}

impl ReadyStep {
    /// A step that sends the same request each time.
    pub(super) fn new(step: &Step, name: usize, timeout: Duration) -> Self {
        let statuses = step.checks.iter().find_map(|check| match check {
            Check::Status(statuses) => Some(statuses.clone()),
            Check::Header(..) | Check::Contains(_) | Check::Json(..) => None,
        });
        let request = Request {
            method: step.method.clone(),
            path: step.path.clone(),
            headers: step.headers.clone(),
            body: Vec::new(),
        };
        let timeout = step.timeout.unwrap_or(timeout);
        Self { name, think_time: step.think_time, timeout, redirects: step.redirects, request, statuses }
    }

    /// The request for this session.
    pub(super) fn request(&self, _session: &Session) -> Result<Cow<'_, Request>, String> {
        Ok(Cow::Borrowed(&self.request))
    }

    /// What of its reply it looks at.
    pub(super) fn keep(&self) -> Keep {
        Keep::default()
    }

    /// Where a reply sends the user on, on the same target.
    pub(super) fn redirect(&self, _reply: &Reply) -> Option<Request> {
        None
    }

    /// Checks a reply and keeps of it what later steps need.
    pub(super) fn receive(&self, _session: &mut Session, reply: &Reply) -> Result<(), ErrorKind> {
        let right = match &self.statuses {
            Some(statuses) => statuses.contains(&reply.status),
            None => reply.status < 400,
        };
        if right { Ok(()) } else { Err(ErrorKind::Status) }
    }
}
