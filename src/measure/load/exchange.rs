//! One request and its reply, whatever the protocol carries them.

use std::fmt;
use std::time::Instant;

/// A request as it is sent. Built once where nothing in it varies.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// Path and query, starting with `/`.
    pub path: String,
    /// Headers, names in lower case; without `host`, `content-length` and `connection`, which belong to the connection.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl fmt::Debug for Request {
    /// Everything but what may be secret: the values of headers, and the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        write!(f, "{} {} {names:?} {} bytes", self.method, self.path, self.body.len())
    }
}

/// What of a reply somebody wants to look at. Nothing else is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// The headers.
    pub headers: bool,
    /// The body.
    pub body: bool,
}

/// A reply, read to its end.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its headers, names in lower case; empty where nobody keeps them.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Its body; empty where nobody keeps it.
    pub body: Vec<u8>,
    /// When the last byte of the reply was there.
    pub done: Instant,
    /// Bytes read, headers included.
    pub bytes_in: u64,
    /// Bytes of the body, whether kept or not.
    pub body_bytes: u64,
    /// Bytes written.
    pub bytes_out: u64,
    /// Whether the connection can take another request.
    pub reusable: bool,
}

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// No connection could be made, with the reason.
    #[error("connect: {0}")]
    Connect(String),
    /// The connection was closed before the first byte of a reply, on a connection that had carried others: the server may have closed it while it was idle. The
    /// request is sent once more on a new connection.
    #[error("the idle connection was closed")]
    Stale,
    /// The reply broke off, or the connection was reset.
    #[error("the reply broke off: {0}")]
    Broken(String),
    /// Not within the time.
    #[error("no reply in time")]
    Timeout,
    /// Not HTTP, or more of it than is read.
    #[error("not a reply that can be read: {0}")]
    Protocol(String),
}

impl ExchangeError {
    /// What happened, for who knows already that no connection could be made.
    pub fn reason(&self) -> String {
        match self {
            Self::Connect(reason) => reason.clone(),
            Self::Stale | Self::Broken(_) | Self::Timeout | Self::Protocol(_) => self.to_string(),
        }
    }
}
