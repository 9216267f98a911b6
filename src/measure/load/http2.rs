//! HTTP/2 on one connection: one request at a time on each of as many handles as share it. Refuses to know how it was made.
#![expect(clippy::disallowed_methods, reason = "a reply has the times when it was asked for and when it was there")]

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper::header::{HeaderName, HeaderValue};
use hyper::rt::{Executor, ReadBufCursor};
use hyper::{Response, Uri};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

use super::exchange::{ExchangeError, Keep, Reply, Request};

/// The largest list of headers that is taken, in bytes.
const HEADERS_BYTES_MAX: u32 = 64 * 1024;
/// How much is read from a connection at once, in bytes.
const READ_BYTES: usize = 16 * 1024;

/// One connection, or a handle to it that sends one request at a time.
pub(super) struct Http2 {
    sender: SendRequest<Once>,
    wire: Arc<Wire>,
    scheme: &'static str,
    authority: String,
    /// Ends with the connection.
    alive: watch::Receiver<()>,
}

/// What all handles to a connection know of it: bytes that went over it and belong to no reply yet.
#[derive(Debug, Default)]
struct Wire {
    /// Whether a reply has come on it already.
    carried: AtomicBool,
    read: AtomicU64,
    written: AtomicU64,
}

impl Http2 {
    /// Begins HTTP/2 on a stream. Its own work runs as a task of the current runtime until it is dropped.
    pub(super) async fn open<S>(stream: S, scheme: &'static str, authority: String) -> Result<Self, ExchangeError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let wire = Arc::new(Wire::default());
        let io = Io { stream, wire: Arc::clone(&wire), buffer: vec![0; READ_BYTES].into_boxed_slice() };
        let (sender, connection) = Builder::new(Spawn)
            .max_header_list_size(HEADERS_BYTES_MAX)
            .handshake(io)
            .await
            .map_err(|error| ExchangeError::Connect(words(&error)))?;
        let (life, alive) = watch::channel(());
        drop(tokio::spawn(async move {
            // Its errors reach the requests that they end.
            drop(connection.await);
            drop(life);
        }));
        Ok(Self { sender, wire, scheme, authority, alive })
    }

    /// Another handle to the same connection; `None` where it is closed. Bytes count for the reply after which they are first looked at, so that the sums of
    /// all handles are right.
    pub(super) fn another(&self) -> Option<Self> {
        let alive = self.alive.has_changed().is_ok() && !self.sender.is_closed();
        alive.then(|| Self {
            sender: self.sender.clone(),
            wire: Arc::clone(&self.wire),
            scheme: self.scheme,
            authority: self.authority.clone(),
            alive: self.alive.clone(),
        })
    }

    /// Comes to an end when the connection does.
    pub(super) async fn closed(&mut self) {
        while self.alive.changed().await.is_ok() {}
    }

    /// Sends a request and reads its reply to the end. A body of more than `bytes_max` bytes is an error.
    pub(super) async fn exchange(
        &mut self,
        request: &Request,
        keep: Keep,
        bytes_max: u64,
    ) -> Result<Reply, ExchangeError> {
        let message = self.message(request)?;
        let response = match self.sender.try_send_request(message).await {
            Ok(response) => response,
            Err(mut error) => {
                // A request that comes back was never sent.
                let unsent = error.take_message().is_some();
                let stale = unsent && self.wire.carried.load(Ordering::Relaxed);
                return Err(if stale { ExchangeError::Stale } else { ExchangeError::Broken(words(error.error())) });
            }
        };
        let (status, headers) = (response.status().as_u16(), kept_headers(&response, keep));
        let (body, body_bytes) = read_body(response.into_body(), keep, bytes_max).await?;
        self.wire.carried.store(true, Ordering::Relaxed);
        Ok(Reply {
            status,
            headers,
            body,
            done: Instant::now(),
            bytes_in: self.wire.read.swap(0, Ordering::Relaxed),
            body_bytes,
            bytes_out: self.wire.written.swap(0, Ordering::Relaxed),
            reusable: !self.sender.is_closed(),
        })
    }

    fn message(&self, request: &Request) -> Result<hyper::Request<Once>, ExchangeError> {
        let unusable =
            |error: hyper::http::Error| ExchangeError::Protocol(format!("the request cannot be sent: {error}"));
        let uri =
            Uri::builder().scheme(self.scheme).authority(self.authority.as_str()).path_and_query(request.path.as_str());
        let mut message = hyper::Request::new(Once(Some(Bytes::copy_from_slice(&request.body))));
        *message.uri_mut() = uri.build().map_err(unusable)?;
        *message.method_mut() = request.method.parse().map_err(|error| unusable(hyper::http::Error::from(error)))?;
        for (name, value) in &request.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| unusable(error.into()))?;
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|error| unusable(error.into()))?;
            message.headers_mut().append(name, value);
        }
        Ok(message)
    }
}

fn kept_headers(response: &Response<Incoming>, keep: Keep) -> Vec<(String, Vec<u8>)> {
    let header = |(name, value): (&HeaderName, &HeaderValue)| (name.as_str().to_owned(), value.as_bytes().to_vec());
    if keep.headers { response.headers().iter().map(header).collect() } else { Vec::new() }
}

async fn read_body(mut body: Incoming, keep: Keep, bytes_max: u64) -> Result<(Vec<u8>, u64), ExchangeError> {
    let (mut kept, mut bytes) = (Vec::new(), 0_u64);
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|error| ExchangeError::Broken(words(&error)))?;
        let Some(data) = frame.data_ref() else { continue };
        bytes = bytes.saturating_add(data.len() as u64);
        if bytes > bytes_max {
            return Err(ExchangeError::Protocol(format!("the body has more than {bytes_max} bytes")));
        }
        if keep.body {
            kept.extend_from_slice(data);
        }
    }
    Ok((kept, bytes))
}

/// An error of hyper's with its causes, which alone say what happened.
fn words(error: &hyper::Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}

/// A body of one piece.
#[derive(Debug)]
struct Once(Option<Bytes>);

impl Body for Once {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.get_mut().0.take().filter(|body| !body.is_empty()).map(|body| Ok(Frame::data(body))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |body| body.len() as u64))
    }
}

/// Runs what hyper wants to run beside us.
#[derive(Clone, Copy, Debug)]
struct Spawn;

impl<F: Future<Output: Send> + Send + 'static> Executor<F> for Spawn {
    fn execute(&self, future: F) {
        drop(tokio::spawn(future));
    }
}

/// A stream as hyper takes it, with its bytes counted.
struct Io<S> {
    stream: S,
    wire: Arc<Wire>,
    buffer: Box<[u8]>,
}

impl<S: AsyncRead + Unpin> hyper::rt::Read for Io<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let io = self.get_mut();
        let most = cursor.remaining().min(io.buffer.len());
        let mut buffer = ReadBuf::new(io.buffer.get_mut(..most).unwrap_or_default());
        ready!(Pin::new(&mut io.stream).poll_read(context, &mut buffer))?;
        io.wire.read.fetch_add(buffer.filled().len() as u64, Ordering::Relaxed);
        cursor.put_slice(buffer.filled());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> hyper::rt::Write for Io<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let io = self.get_mut();
        let written = ready!(Pin::new(&mut io.stream).poll_write(context, bytes))?;
        io.wire.written.fetch_add(written as u64, Ordering::Relaxed);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let io = self.get_mut();
        let written = ready!(Pin::new(&mut io.stream).poll_write_vectored(context, bytes))?;
        io.wire.written.fetch_add(written as u64, Ordering::Relaxed);
        Poll::Ready(Ok(written))
    }
}
