//! Connections to the addresses of a scenario: TCP, TLS or a Unix socket, with HTTP/1.1 or HTTP/2 on them. Names are looked up before the clock starts.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
#[cfg(unix)]
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use rustls::client::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::scenario::{Address, Connections, Origin, Protocol};

use super::exchange::{ExchangeError, Keep, Reply, Request};
use super::http1::{Http1, Reuse};
use super::http2::Http2;
use super::location::{authority, scheme, shown};
use super::tls;

/// What makes connections.
pub(super) struct Connector {
    targets: Vec<Target>,
    protocol: Protocol,
}

/// One address, ready to be dialled.
struct Target {
    dial: Dial,
    scheme: &'static str,
    authority: String,
}

enum Dial {
    Tcp {
        /// What the name stands for; never empty.
        addresses: Vec<SocketAddr>,
        /// The one that worked last.
        good: AtomicUsize,
        tls: Option<(TlsConnector, ServerName<'static>)>,
    },
    #[cfg(unix)]
    Unix(PathBuf),
}

/// A connection that requests can be sent on, one at a time; of HTTP/2, or one of its streams.
pub(super) enum Connection {
    /// HTTP/1.1.
    Http1(Http1<Stream>),
    /// HTTP/2.
    Http2(Http2),
}

/// Bytes both ways.
pub(super) enum Stream {
    /// Plain TCP.
    Tcp(TcpStream),
    /// TLS over TCP.
    Tls(Box<TlsStream<TcpStream>>),
    /// A Unix socket.
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Connector {
    /// Looks up every address. `config` is there where one of them is TLS. Problems are in words.
    pub(super) fn new(
        addresses: &[Address],
        connections: &Connections,
        config: Option<&Arc<ClientConfig>>,
    ) -> Result<Self, Vec<String>> {
        let name = connections.tls.server_name.as_deref();
        let (mut targets, mut problems) = (Vec::new(), Vec::new());
        for Address { origin, .. } in addresses {
            match dial(origin, name, config) {
                Ok(dial) => {
                    targets.push(Target { dial, scheme: scheme(origin), authority: authority(origin) });
                }
                Err(problem) => problems.push(format!("{}: {problem}", shown(origin))),
            }
        }
        if problems.is_empty() { Ok(Self { targets, protocol: connections.protocol }) } else { Err(problems) }
    }

    /// Whether each request has a connection of its own.
    pub(super) fn once(&self) -> bool {
        self.protocol == Protocol::Http1Close
    }

    /// Opens a connection to a target, by its place among the addresses. How long that may take is the caller's.
    pub(super) async fn open(&self, target: usize) -> Result<Connection, ExchangeError> {
        let unknown = || ExchangeError::Connect("no such address".to_owned());
        let target = self.targets.get(target).ok_or_else(unknown)?;
        let reuse = match self.protocol {
            Protocol::Http1 => Reuse::Kept,
            Protocol::Http1Close => Reuse::Once,
            Protocol::Http2 => {
                let stream = target.dial.http2().await?;
                return Http2::open(stream, target.scheme, target.authority.clone()).await.map(Connection::Http2);
            }
        };
        let stream = target.dial.stream().await?;
        Ok(Connection::Http1(Http1::new(stream, &target.authority, reuse)))
    }
}

impl Dial {
    async fn stream(&self) -> Result<Stream, ExchangeError> {
        match self {
            Self::Tcp { addresses, good, tls } => {
                let stream = tcp(addresses, good).await?;
                let Some((connector, name)) = tls else { return Ok(Stream::Tcp(stream)) };
                let stream = connector.connect(name.clone(), stream).await;
                let stream = stream.map_err(|error| ExchangeError::Connect(tls::trouble(&error)))?;
                Ok(Stream::Tls(Box::new(stream)))
            }
            #[cfg(unix)]
            Self::Unix(path) => {
                let stream = UnixStream::connect(path).await;
                Ok(Stream::Unix(stream.map_err(|error| ExchangeError::Connect(error.to_string()))?))
            }
        }
    }

    /// A stream on which the server has agreed to HTTP/2 where it could be asked.
    async fn http2(&self) -> Result<Stream, ExchangeError> {
        let stream = self.stream().await?;
        match &stream {
            Stream::Tls(tls) if tls.get_ref().1.alpn_protocol() != Some(tls::HTTP2) => {
                Err(ExchangeError::Connect(tls::NOT_OFFERED.to_owned()))
            }
            _ => Ok(stream),
        }
    }
}

async fn tcp(addresses: &[SocketAddr], good: &AtomicUsize) -> Result<TcpStream, ExchangeError> {
    let first = good.load(Ordering::Relaxed);
    let mut trouble = "no address".to_owned();
    for at in (0..addresses.len()).map(|step| (first + step) % addresses.len()) {
        let address = addresses[at];
        match TcpStream::connect(address).await.and_then(|stream| stream.set_nodelay(true).map(|()| stream)) {
            Ok(stream) => {
                good.store(at, Ordering::Relaxed);
                return Ok(stream);
            }
            Err(error) => trouble = format!("{address}: {error}"),
        }
    }
    Err(ExchangeError::Connect(trouble))
}

fn dial(origin: &Origin, name: Option<&str>, config: Option<&Arc<ClientConfig>>) -> Result<Dial, String> {
    match origin {
        Origin::Tcp { tls, host, port } => {
            let found = (host.as_str(), *port).to_socket_addrs();
            let addresses: Vec<SocketAddr> = found.map_err(|error| format!("no such host: {error}"))?.collect();
            if addresses.is_empty() {
                return Err("no such host".to_owned());
            }
            let tls = match config.filter(|_| *tls) {
                None => None,
                Some(config) => Some((TlsConnector::from(Arc::clone(config)), tls::server_name(name.unwrap_or(host))?)),
            };
            Ok(Dial::Tcp { addresses, good: AtomicUsize::new(0), tls })
        }
        #[cfg(unix)]
        Origin::Unix(path) => Ok(Dial::Unix(path.clone())),
        #[cfg(not(unix))]
        Origin::Unix(_) => Err("there are no Unix sockets on this system".to_owned()),
    }
}

impl Connection {
    /// Sends a request and reads its reply to the end. A body of more than `bytes_max` bytes is an error.
    pub(super) async fn exchange(
        &mut self,
        request: &Request,
        keep: Keep,
        bytes_max: u64,
    ) -> Result<Reply, ExchangeError> {
        match self {
            Self::Http1(connection) => connection.exchange(request, keep, bytes_max).await,
            Self::Http2(connection) => connection.exchange(request, keep, bytes_max).await,
        }
    }

    /// The same connection once more, for another request at the same time; `None` where it takes one at a time, or is closed.
    pub(super) fn another(&self) -> Option<Self> {
        match self {
            Self::Http1(_) => None,
            Self::Http2(connection) => connection.another().map(Self::Http2),
        }
    }

    /// Comes to an end when the server closes the connection while it is idle.
    pub(super) async fn closed(&mut self) {
        match self {
            Self::Http1(connection) => connection.closed().await,
            Self::Http2(connection) => connection.closed().await,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, bytes),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_write_vectored(context, bytes),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
            #[cfg(unix)]
            Self::Unix(stream) => stream.is_write_vectored(),
        }
    }
}
