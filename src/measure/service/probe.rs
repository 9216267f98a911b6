//! Asks a service whether it answers: a connection, or one `GET`. Bounded in time and bytes; refuses to be a client of anything else.
#![expect(clippy::disallowed_methods, reason = "asks within a time")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// The most that is read of an answer.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// The least time that the system takes as a limit.
const TIME_MIN: Duration = Duration::from_millis(1);

/// Where a port of this machine is.
pub(super) fn address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// Ports that nobody uses now, all different. Somebody may take one before the service does.
pub(super) fn free_ports(count: u32) -> std::io::Result<Vec<u16>> {
    let held: Vec<TcpListener> = (0..count).map(|_| TcpListener::bind(address(0))).collect::<Result<_, _>>()?;
    held.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}

/// Whether somebody listens on a port.
pub(super) fn is_taken(port: u16) -> bool {
    TcpListener::bind(address(port)).is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse)
}

/// Whether a port takes a connection; why not, in words.
pub(super) fn connects(port: u16, within: Duration) -> Result<(), String> {
    connect(port, within).map(drop)
}

/// The status of the answer to `GET path`; why there is none, in words.
pub(super) fn status(port: u16, path: &str, within: Duration) -> Result<u16, String> {
    let until = Instant::now() + within;
    let mut stream = connect(port, within)?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {}\r\nuser-agent: tollgate\r\naccept: */*\r\nconnection: close\r\n\r\n",
        address(port)
    );
    let left = || until.saturating_duration_since(Instant::now()).max(TIME_MIN);
    let failed = |error: std::io::Error| format!("no answer to `GET {path}`: {error}");
    stream.set_write_timeout(Some(left())).and_then(|()| stream.write_all(request.as_bytes())).map_err(failed)?;
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    // To its end, so that the service does not meet a closed connection; its first line is enough all the same.
    while answer.len() < ANSWER_BYTES_MAX && Instant::now() < until {
        match stream.set_read_timeout(Some(left())).and_then(|()| stream.read(&mut piece)) {
            Ok(0) => break,
            Ok(length) => answer.extend_from_slice(piece.get(..length).unwrap_or_default()),
            Err(_) if first_line(&answer).is_some() => break,
            Err(error) => return Err(failed(error)),
        }
    }
    first_line(&answer).ok_or_else(|| format!("no answer to `GET {path}` that is HTTP/1.1"))
}

fn connect(port: u16, within: Duration) -> Result<TcpStream, String> {
    let address = address(port);
    TcpStream::connect_timeout(&address, within.max(TIME_MIN))
        .map_err(|error| format!("no connection to {address}: {error}"))
}

/// The status in the first line of an answer, once the line is whole.
fn first_line(answer: &[u8]) -> Option<u16> {
    let end = answer.iter().position(|byte| *byte == b'\n')?;
    let line = std::str::from_utf8(answer.get(..end)?).ok()?;
    let status = line.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.trim_end();
    (status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit())).then(|| status.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_read_from_a_whole_first_line_only() {
        assert_eq!(first_line(b"HTTP/1.1 204 No Content\r\n"), Some(204));
        assert_eq!(first_line(b"HTTP/1.0 200\r\n"), Some(200));
        for odd in [
            &b"HTTP/1.1 20"[..],
            b"HTTP/1.1 20\r\n",
            b"SSH-2.0-x\r\n",
            b"\xff\xff\n",
            b"HTTP/1.1\n",
            b"HTTP/1.1 +20 x\n",
        ] {
            assert_eq!(first_line(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn ports_are_free_and_different_and_a_taken_one_is_seen() {
        let ports = free_ports(8).unwrap();
        let different: std::collections::BTreeSet<_> = ports.iter().collect();
        assert_eq!(different.len(), 8);
        let listener = TcpListener::bind(address(0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(is_taken(port) && connects(port, Duration::from_secs(5)).is_ok());
        drop(listener);
        assert!(!is_taken(port));
    }

    #[test]
    fn a_service_that_says_nothing_or_too_much_is_left_in_time() {
        let listener = TcpListener::bind(address(0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let quiet = status(port, "/", Duration::from_millis(100)).unwrap_err();
        assert!(quiet.starts_with("no answer to `GET /`: "), "{quiet}");
        let writer = std::thread::spawn(move || {
            let (_quiet, _) = listener.accept().unwrap();
            let (mut stream, _) = listener.accept().unwrap();
            while stream.write_all(&[b'x'; 4096]).is_ok() {}
        });
        let loud = status(port, "/", Duration::from_secs(10)).unwrap_err();
        assert_eq!(loud, "no answer to `GET /` that is HTTP/1.1");
        writer.join().unwrap();
    }
}
