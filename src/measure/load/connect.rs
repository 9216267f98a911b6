//! Connections to the targets of a load.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::exchange::{ExchangeError, Keep, Reply, Request};
use super::http1::{Http1, Reuse};

/// Makes connections to targets.
pub(super) struct Connector {
    pub(super) places: Vec<Place>,
    pub(super) reuse: Reuse,
}

/// Where a target is.
pub(super) struct Place {
    /// Host and port as requests name them.
    pub(super) authority: String,
    /// What its name was resolved to.
    pub(super) addresses: Vec<SocketAddr>,
}

/// A connection that requests can be sent on.
pub(super) enum Connection {
    /// One request at a time.
    Http1(Http1<Stream>),
}

/// The bytes below a connection.
pub(super) enum Stream {
    /// Plain TCP.
    Tcp(TcpStream),
}

impl Connector {
    /// A new connection to the target with this index.
    pub(super) async fn open(&self, target: usize) -> Result<Connection, ExchangeError> {
        let place = &self.places[target];
        let stream = TcpStream::connect(place.addresses.as_slice()).await.map_err(|error| connect(&error))?;
        stream.set_nodelay(true).map_err(|error| connect(&error))?;
        Ok(Connection::Http1(Http1::new(Stream::Tcp(stream), &place.authority, self.reuse)))
    }

    /// Whether each request has a connection of its own.
    pub(super) fn once(&self) -> bool {
        self.reuse == Reuse::Once
    }
}

impl Connection {
    /// Sends a request and reads its reply to the end.
    pub(super) async fn exchange(
        &mut self,
        request: &Request,
        keep: Keep,
        limit_bytes: u64,
    ) -> Result<Reply, ExchangeError> {
        match self {
            Self::Http1(connection) => connection.exchange(request, keep, limit_bytes).await,
        }
    }

    /// Comes to an end when the server closes the connection while it is idle.
    pub(super) async fn closed(&mut self) {
        match self {
            Self::Http1(connection) => connection.closed().await,
        }
    }
}

fn connect(error: &io::Error) -> ExchangeError {
    ExchangeError::Connect(error.to_string())
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
