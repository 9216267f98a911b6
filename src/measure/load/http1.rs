//! HTTP/1.1 on one connection: a request out, its reply in, with one buffer for each direction and no memory taken on the way. hyper's client
//! costs a quarter more of the generator's core, and would take that from the service under test on a small machine.
#![expect(clippy::disallowed_methods, reason = "what sends and receives says when")]

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::ops::Range;
use std::pin::Pin;
use std::time::Instant;

use httparse::{Header, ParserConfig, Response, Status};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::exchange::{ExchangeError, Keep, Reply, Request};

mod body;

use body::Body;

/// The largest head of a reply that is read, in bytes.
const HEAD_MAX: usize = 64 * 1024;
/// The most headers of a reply that are read.
const HEADERS_MAX: usize = 128;
/// The read buffer at first: most replies of services fit.
const BUFFER: usize = 8 * 1024;
/// The read buffer where long bodies come.
const BUFFER_LARGE: usize = 64 * 1024;
/// A longer body is written by itself and not copied behind its head.
const COPIED_MAX: usize = 16 * 1024;

/// Whether a connection takes more than one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reuse {
    /// As long as the server likes.
    Kept,
    /// It is closed after one.
    Once,
}

/// One connection.
pub(super) struct Http1<S> {
    stream: S,
    /// What follows the path in each request: the version, the host, and how the connection is kept.
    common: Vec<u8>,
    reuse: Reuse,
    written: Vec<u8>,
    buffer: Vec<u8>,
    /// Whether it has carried a request already.
    carried: bool,
    /// The last head, byte by byte: the next one often is the same, and says the same.
    known: Vec<u8>,
    said: Said,
}

/// What a head says of its reply.
#[derive(Clone, Debug, Default)]
struct Said {
    status: u16,
    body: Body,
    reusable: bool,
    /// Whether it answers a request that only asks for a head.
    head_only: bool,
}

/// A head that was read.
struct Head {
    said: Said,
    /// Its length, and that of those before it which only announce it.
    bytes: u64,
    /// What was read behind it already.
    rest: Range<usize>,
}

/// A body that was read.
struct Read {
    /// Bytes of it as they came, sizes of chunks among them.
    bytes: u64,
    body_bytes: u64,
    /// Whether the reply ended where it says, and nothing came behind it.
    exact: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Http1<S> {
    /// A connection that nothing was sent on yet. `authority` is host and port as requests name them.
    pub(super) fn new(stream: S, authority: &str, reuse: Reuse) -> Self {
        let close = if reuse == Reuse::Once { "connection: close\r\n" } else { "" };
        let common = format!(" HTTP/1.1\r\nhost: {authority}\r\n{close}").into_bytes();
        Self {
            stream,
            common,
            reuse,
            written: Vec::new(),
            buffer: vec![0; BUFFER],
            carried: false,
            known: Vec::new(),
            said: Said::default(),
        }
    }

    /// Sends a request and reads its reply to the end. After an error the connection is of no use any more.
    pub(super) async fn exchange(
        &mut self,
        request: &Request,
        keep: Keep,
        limit_bytes: u64,
    ) -> Result<Reply, ExchangeError> {
        self.render(request);
        let fresh = !std::mem::replace(&mut self.carried, true);
        let bytes_out = self.write(request).await.map_err(|error| lost(fresh, &error))?;
        let (mut headers, mut body) = (Vec::new(), Vec::new());
        let head = self.head(request, keep.headers.then_some(&mut headers), fresh).await?;
        let (status, head_bytes) = (head.said.status, head.bytes);
        let reusable = head.said.reusable && self.reuse == Reuse::Kept;
        let read = self.body(head, keep.body.then_some(&mut body), limit_bytes).await?;
        Ok(Reply {
            status,
            headers,
            body,
            done: Instant::now(),
            bytes_in: head_bytes + read.bytes,
            body_bytes: read.body_bytes,
            bytes_out,
            reusable: reusable && read.exact,
        })
    }

    /// Comes to an end when the server closes the connection, or sends something that nobody asked for, while it is idle.
    pub(super) async fn closed(&mut self) {
        let Self { stream, buffer, .. } = self;
        poll_fn(|context| {
            let mut read = ReadBuf::new(buffer);
            Pin::new(&mut *stream).poll_read(context, &mut read).map(drop)
        })
        .await;
    }

    /// Writes the head, and a short body, into the buffer.
    fn render(&mut self, request: &Request) {
        let out = &mut self.written;
        out.clear();
        for part in [request.method.as_bytes(), b" ", request.path.as_bytes(), &self.common] {
            out.extend_from_slice(part);
        }
        for (name, value) in &request.headers {
            for part in [name.as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                out.extend_from_slice(part);
            }
        }
        // Methods that define a body say its length even where there is none.
        if !request.body.is_empty() || matches!(request.method.as_str(), "POST" | "PUT" | "PATCH") {
            out.extend_from_slice(format!("content-length: {}\r\n", request.body.len()).as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        if request.body.len() <= COPIED_MAX {
            out.extend_from_slice(&request.body);
        }
    }

    async fn write(&mut self, request: &Request) -> io::Result<u64> {
        self.stream.write_all(&self.written).await?;
        let mut bytes = self.written.len();
        if request.body.len() > COPIED_MAX {
            self.stream.write_all(&request.body).await?;
            bytes += request.body.len();
        }
        self.stream.flush().await?;
        Ok(bytes as u64)
    }

    /// Reads the head of the reply, past those that only announce it.
    async fn head(
        &mut self,
        request: &Request,
        mut keep: Option<&mut Vec<(String, Vec<u8>)>>,
        fresh: bool,
    ) -> Result<Head, ExchangeError> {
        let (mut filled, mut bytes) = (0, 0);
        loop {
            if filled == self.buffer.len() {
                self.grow()?;
            }
            let read = self.stream.read(&mut self.buffer[filled..]).await;
            match read {
                Ok(0) if filled == 0 && bytes == 0 => return Err(lost(fresh, &ErrorKind::UnexpectedEof.into())),
                Ok(0) => return Err(ExchangeError::Broken("closed inside the head".to_owned())),
                Err(error) if filled == 0 && bytes == 0 => return Err(lost(fresh, &error)),
                Err(error) => return Err(ExchangeError::Broken(error.to_string())),
                Ok(read) => filled += read,
            }
            while let Some(length) = self.understand(filled, request, keep.as_deref_mut())? {
                bytes += length;
                if !(100..200).contains(&self.said.status) || self.said.status == 101 {
                    return Ok(Head { said: self.said.clone(), bytes: bytes as u64, rest: length..filled });
                }
                if bytes > HEAD_MAX {
                    return Err(too_long());
                }
                self.buffer.copy_within(length..filled, 0);
                filled -= length;
            }
        }
    }

    /// What the head at the start of the buffer says. Its length; `None` where more must be read.
    fn understand(
        &mut self,
        filled: usize,
        request: &Request,
        keep: Option<&mut Vec<(String, Vec<u8>)>>,
    ) -> Result<Option<usize>, ExchangeError> {
        let read = &self.buffer[..filled];
        let head_only = request.method == "HEAD";
        if keep.is_none() && !self.known.is_empty() && self.said.head_only == head_only && read.starts_with(&self.known)
        {
            return Ok(Some(self.known.len()));
        }
        let Some((length, said)) = parse(read, head_only, keep)? else { return Ok(None) };
        self.said = said;
        self.known.clear();
        self.known.extend_from_slice(&read[..length]);
        Ok(Some(length))
    }

    fn grow(&mut self) -> Result<(), ExchangeError> {
        if self.buffer.len() >= HEAD_MAX {
            return Err(too_long());
        }
        self.buffer.resize(HEAD_MAX.min(self.buffer.len() * 2), 0);
        Ok(())
    }

    /// Reads the body to its end.
    async fn body(
        &mut self,
        head: Head,
        mut keep: Option<&mut Vec<u8>>,
        limit_bytes: u64,
    ) -> Result<Read, ExchangeError> {
        let Head { said: Said { mut body, .. }, mut rest, .. } = head;
        if body.announced() > limit_bytes {
            return Err(too_large(limit_bytes));
        }
        if body.announced() > BUFFER_LARGE as u64 && self.buffer.len() < BUFFER_LARGE {
            self.buffer.resize(BUFFER_LARGE, 0);
        }
        let mut read = Read { bytes: 0, body_bytes: 0, exact: false };
        loop {
            let part = body.take(&self.buffer[rest.clone()], keep.as_deref_mut())?;
            read.bytes += part.taken as u64;
            read.body_bytes += part.body_bytes as u64;
            if read.body_bytes > limit_bytes {
                return Err(too_large(limit_bytes));
            }
            if part.ended {
                // More than the reply: whatever it is, no request asked for it.
                read.exact = rest.start + part.taken == rest.end;
                return Ok(read);
            }
            match self.stream.read(&mut self.buffer).await {
                Ok(0) if matches!(body, Body::UntilClosed) => return Ok(read),
                Ok(0) => return Err(ExchangeError::Broken("closed inside the body".to_owned())),
                Ok(length) => rest = 0..length,
                Err(error) => return Err(ExchangeError::Broken(error.to_string())),
            }
        }
    }
}

/// What the head at the start of `bytes` says, with its length; `None` where more must be read.
fn parse(
    bytes: &[u8],
    head_only: bool,
    keep: Option<&mut Vec<(String, Vec<u8>)>>,
) -> Result<Option<(usize, Said)>, ExchangeError> {
    let mut headers = [const { MaybeUninit::<Header<'_>>::uninit() }; HEADERS_MAX];
    let mut response = Response::new(&mut []);
    let parsed = ParserConfig::default().parse_response_with_uninit_headers(&mut response, bytes, &mut headers);
    let length = match parsed {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(error) => return Err(ExchangeError::Protocol(error.to_string())),
    };
    let status = response.code.expect("a complete head has a status");
    let connection = response.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("connection"));
    let words =
        || connection.clone().flat_map(|header| header.value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii));
    let is_kept = response.version == Some(1) || words().any(|word| word.eq_ignore_ascii_case(b"keep-alive"));
    let is_closed = words().any(|word| word.eq_ignore_ascii_case(b"close"));
    let body = Body::of(head_only, status, response.headers)?;
    if let Some(keep) = keep.filter(|_| status >= 200) {
        keep.extend(response.headers.iter().map(|header| (header.name.to_ascii_lowercase(), header.value.to_vec())));
    }
    // After a change of protocols the connection speaks another.
    let reusable = is_kept && !is_closed && status != 101;
    Ok(Some((length, Said { status, body, reusable, head_only })))
}

/// An error before the first byte of a reply: on a connection that had carried others, the server may have closed it while it was idle.
fn lost(fresh: bool, error: &io::Error) -> ExchangeError {
    match error.kind() {
        ErrorKind::UnexpectedEof
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::NotConnected
            if !fresh =>
        {
            ExchangeError::Stale
        }
        ErrorKind::UnexpectedEof => ExchangeError::Broken("closed without a reply".to_owned()),
        _ => ExchangeError::Broken(error.to_string()),
    }
}

fn too_long() -> ExchangeError {
    ExchangeError::Protocol(format!("a head of more than {HEAD_MAX} bytes"))
}

fn too_large(limit_bytes: u64) -> ExchangeError {
    ExchangeError::Protocol(format!("a body of more than {limit_bytes} bytes"))
}
