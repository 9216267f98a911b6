//! A server inside the test: a thread a connection, and what each request is answered with is a function.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is sent, and whether the connection is closed then.
pub(super) type Answer = (&'static [u8], bool);

pub(super) const OK: Answer = (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nHello", false);
pub(super) const OK_AND_CLOSED: Answer = (OK.0, true);
pub(super) const FAILED: Answer =
    (b"HTTP/1.1 500 Oh\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", false);
pub(super) const NOT_HTTP: Answer = (b"SSH-2.0-server\r\n\r\n", true);

/// It ends with the test: its threads wait for connections that nobody makes.
pub(super) struct Server {
    pub(super) port: u16,
    count: Arc<AtomicU64>,
}

impl Server {
    /// `answer` gets the number of the request, counted from 0, and what it was.
    pub(super) fn start(answer: impl Fn(u64, &str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, count, answer) = (listener.local_addr().unwrap().port(), Arc::default(), Arc::new(answer));
        let server = Self { port, count: Arc::clone(&count) };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, count) = (Arc::clone(&answer), Arc::clone(&count));
                std::thread::spawn(move || talk(stream, &*answer, &count));
            }
        });
        server
    }

    /// How many requests there were.
    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }
}

fn talk(mut stream: TcpStream, answer: &dyn Fn(u64, &str) -> Answer, count: &AtomicU64) {
    stream.set_nodelay(true).unwrap();
    let (mut buffer, mut filled) = (vec![0; 16 * 1024], 0);
    // A client that goes away is no event.
    while let Ok(read @ 1..) = stream.read(&mut buffer[filled..]) {
        filled += read;
        if !buffer[..filled].ends_with(b"\r\n\r\n") {
            continue;
        }
        let asked = String::from_utf8_lossy(&buffer[..filled]).into_owned();
        filled = 0;
        let (reply, closes) = answer(count.fetch_add(1, Ordering::SeqCst), &asked);
        if stream.write_all(reply).is_err() || closes {
            return;
        }
    }
}
