//! A flow ready to be sent: what each step sends and what it makes of its reply. No I/O; redirects, times and connections are the driver's.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::body::ReadyBody;
use super::check::{Checks, Parsed, ReadyExtract, Unmet, header};
use super::cookies::Jar;
use super::data::Table;
use super::exchange::{Keep, Reply, Request};
use super::location::Own;
use super::record::ErrorKind;
use super::template::{Escape, Source, Template, Values};

/// The most different words that are kept about the failed replies of one step.
const WORDS_MAX: usize = 20;

/// A flow.
pub(super) struct ReadyFlow {
    /// Its part of all flows that are started.
    pub(super) weight: u32,
    /// What is sent, in this order.
    pub(super) steps: Vec<ReadyStep>,
    pub(super) table: Option<Arc<Table>>,
    /// How many starts there were.
    pub(super) started: AtomicUsize,
    /// How many values its steps take out of replies.
    pub(super) taken: usize,
}

impl ReadyFlow {
    /// What one start of it knows: the next record of its data file, in turn.
    pub(super) fn session(&self) -> Session {
        let record = self.table.as_ref().map(|table| {
            let started = self.started.fetch_add(1, Ordering::Relaxed);
            (Arc::clone(table), started % table.records())
        });
        Session { record, taken: vec![None; self.taken], cookies: Jar::default() }
    }
}

/// What one start of a flow knows: a record, values of replies, cookies.
pub(super) struct Session {
    record: Option<(Arc<Table>, usize)>,
    taken: Vec<Option<String>>,
    cookies: Jar,
}

impl Values for Session {
    fn value(&self, source: Source) -> Option<&str> {
        match source {
            Source::Column(column) => self.record.as_ref().and_then(|(table, record)| table.value(*record, column)),
            Source::Extracted(place) => self.taken.get(place)?.as_deref(),
        }
    }
}

/// A step.
pub(super) struct ReadyStep {
    /// The index of its name among the names of the work.
    pub(super) name: usize,
    /// The pause before it: drawn evenly between both.
    pub(super) think_time: (Duration, Duration),
    /// The longest that one request of it may take.
    pub(super) timeout: Duration,
    /// How many redirects are followed.
    pub(super) redirects: u32,
    pub(super) sent: Sent,
    pub(super) keep: Keep,
    pub(super) checks: Checks,
    /// Name, place and where it is.
    pub(super) extract: Vec<(String, usize, ReadyExtract)>,
    /// Whether a later request may need its cookies.
    pub(super) cookies: bool,
    pub(super) own: Arc<Own>,
    /// When the work was made ready, in seconds since 1970.
    pub(super) now_unix_s: i64,
    pub(super) failed: Mutex<BTreeMap<String, u64>>,
}

/// What a step sends.
pub(super) enum Sent {
    /// The same each time.
    Fixed(Request),
    /// Something that is filled with values.
    Filled(Recipe),
}

/// A request with values to fill in.
pub(super) struct Recipe {
    pub(super) method: String,
    pub(super) path: Template,
    pub(super) headers: Vec<(String, Template)>,
    pub(super) body: ReadyBody,
}

impl Recipe {
    /// The request, where no value is in it.
    pub(super) fn fixed(&self) -> Option<Request> {
        let header = |(name, value): &(String, Template)| Some((name.clone(), value.fixed()?.to_owned()));
        Some(Request {
            method: self.method.clone(),
            path: self.path.fixed()?.to_owned(),
            headers: self.headers.iter().map(header).collect::<Option<_>>()?,
            body: self.body.fixed()?,
        })
    }

    fn fill(&self, session: &Session, own: &Own) -> Result<Request, String> {
        let mut path = self.path.fill(session, Escape::Plain, Escape::Percent)?;
        if self.path.leads_with_value() {
            path = own.path("/", &path).ok_or_else(|| "the path leads to another server".to_owned())?;
        }
        let header = |(name, value): &(String, Template)| {
            let value = value.fill(session, Escape::Header, Escape::Header);
            value.map(|value| (name.clone(), value)).map_err(|error| format!("header `{name}`: {error}"))
        };
        let headers = self.headers.iter().map(header).collect::<Result<_, _>>()?;
        Ok(Request { method: self.method.clone(), path, headers, body: self.body.fill(session)? })
    }
}

impl ReadyStep {
    /// The request of this step. An error, in words, where a value is missing or cannot be sent; then nothing is sent and the step has failed as a
    /// check does.
    pub(super) fn request(&self, session: &Session) -> Result<Cow<'_, Request>, String> {
        let request = match &self.sent {
            Sent::Fixed(request) => Cow::Borrowed(request),
            Sent::Filled(recipe) => Cow::Owned(recipe.fill(session, &self.own).inspect_err(|words| self.note(words))?),
        };
        Ok(if session.cookies.is_empty() { request } else { Cow::Owned(with_cookies(request.into_owned(), session)) })
    }

    /// What of its replies is looked at.
    pub(super) fn keep(&self) -> Keep {
        self.keep
    }

    /// Takes over what a reply holds: cookies, values. An error where it is not as it must be.
    pub(super) fn receive(&self, session: &mut Session, reply: &Reply) -> Result<(), ErrorKind> {
        self.take_cookies(session, reply);
        self.read(session, reply).map_err(|unmet| {
            self.note(&unmet.words);
            unmet.kind
        })
    }

    /// The request that follows `request`, where the reply sends us on to one of the scenario's own addresses. How many are followed is up to the
    /// caller: at most `redirects`. Each goes to the same target.
    pub(super) fn redirect(&self, session: &mut Session, request: &Request, reply: &Reply) -> Option<Request> {
        if self.redirects == 0 {
            return None;
        }
        let path = self.own.path(&request.path, std::str::from_utf8(location(reply)?).ok()?)?;
        self.take_cookies(session, reply);
        let base = match &self.sent {
            Sent::Fixed(fixed) => fixed.clone(),
            Sent::Filled(recipe) => recipe.fill(session, &self.own).ok()?,
        };
        let mut next = Request { method: request.method.clone(), path, headers: base.headers, body: Vec::new() };
        // As browsers do (Fetch, 4.4): a form that was taken is not sent again, unless the server insists.
        let get = match (reply.status, request.method.as_str()) {
            (301 | 302, method) => method == "POST",
            (303, method) => method != "GET" && method != "HEAD",
            _ => false,
        };
        if get {
            "GET".clone_into(&mut next.method);
        }
        if get || request.body.is_empty() {
            next.headers.retain(|(name, _)| !name.starts_with("content-"));
        } else {
            next.body.clone_from(&request.body);
        }
        Some(if session.cookies.is_empty() { next } else { with_cookies(next, session) })
    }

    /// What failed in its replies, in words, and how often: the first [`WORDS_MAX`] different words.
    pub(super) fn failed(&self) -> BTreeMap<String, u64> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, words: &str) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = failed.get_mut(words) {
            *count += 1;
        } else if failed.len() < WORDS_MAX {
            failed.insert(words.to_owned(), 1);
        }
    }

    fn take_cookies(&self, session: &mut Session, reply: &Reply) {
        if self.cookies {
            for (_, value) in reply.headers.iter().filter(|(name, _)| name == "set-cookie") {
                session.cookies.set(value, self.now_unix_s);
            }
        }
    }

    fn read(&self, session: &mut Session, reply: &Reply) -> Result<(), Unmet> {
        if self.redirects > 0 && location(reply).is_some() && !self.checks.wants(reply.status) {
            let words = format!("redirected more than {} times, or to another server", self.redirects);
            return Err(Unmet { kind: ErrorKind::Status, words });
        }
        self.checks.status(reply)?;
        let parsed = Parsed::default();
        self.checks.others(reply, &parsed)?;
        for (name, place, extract) in &self.extract {
            let value = extract.take(name, reply, &parsed)?;
            if let Some(slot) = session.taken.get_mut(*place) {
                *slot = Some(value);
            }
        }
        Ok(())
    }
}

/// Where a redirect leads; `None` for any other reply.
fn location(reply: &Reply) -> Option<&[u8]> {
    matches!(reply.status, 301 | 302 | 303 | 307 | 308).then(|| header(reply, "location"))?
}

fn with_cookies(mut request: Request, session: &Session) -> Request {
    let own = request.headers.iter().find_map(|(name, value)| (name == "cookie").then_some(value.as_str()));
    let Some(value) = session.cookies.header(&request.path, own).map(Cow::into_owned) else { return request };
    request.headers.retain(|(name, _)| name != "cookie");
    request.headers.push(("cookie".to_owned(), value));
    request
}
