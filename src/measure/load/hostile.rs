//! Test: whatever bytes a server sends, an exchange ends, in an error or in a reply within its limits.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use tokio::io::{AsyncWriteExt as _, DuplexStream, duplex};

use super::exchange::{ExchangeError, Keep, Reply, Request};
use super::http1::{Http1, Reuse};
use super::http2::Http2;

const LIMIT: u64 = 1000;

fn request(method: &str) -> Request {
    Request { method: method.to_owned(), path: "/".to_owned(), headers: Vec::new(), body: Vec::new() }
}

/// Sends `bytes` in two parts, and then the end, once the other side has asked.
async fn send(mut theirs: DuplexStream, bytes: &[u8], cut: usize) -> DuplexStream {
    for part in [&bytes[..cut.min(bytes.len())], &bytes[cut.min(bytes.len())..]] {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        // The other side may have seen enough.
        if theirs.write_all(part).await.is_err() {
            return theirs;
        }
    }
    theirs.shutdown().await.ok();
    theirs
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(Duration::from_mins(1), future).await.expect("an exchange ends") })
}

fn http1(bytes: &[u8], cut: usize, method: &str) -> Result<Reply, ExchangeError> {
    run(async {
        let (ours, theirs) = duplex(1 << 20);
        let mut connection = Http1::new(ours, "localhost", Reuse::Kept);
        let request = request(method);
        let exchange = connection.exchange(&request, Keep { headers: true, body: true }, LIMIT);
        tokio::join!(exchange, send(theirs, bytes, cut)).0
    })
}

fn http2(bytes: &[u8], cut: usize) -> Result<Reply, ExchangeError> {
    run(async {
        let (ours, mut theirs) = duplex(1 << 20);
        theirs.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
        let mut connection = Http2::open(ours, "http", "localhost".to_owned()).await?;
        let request = request("GET");
        let exchange = connection.exchange(&request, Keep { headers: true, body: true }, LIMIT);
        tokio::join!(exchange, send(theirs, bytes, cut)).0
    })
}

/// Pieces of replies, right and wrong ones.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let known: &[&[u8]] = &[
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.0 304 \r\n",
        b"HTTP/1.1 101 x\r\n",
        b"HTTP/1.1 999999 x\r\n",
        b"content-length: 3\r\n",
        b"content-length: 99999999999999999999\r\n",
        b"content-length: -1\r\n",
        b"Content-Length: 18446744073709551615\r\n",
        b"transfer-encoding: chunked\r\n",
        b"connection: close\r\n",
        b"\r\n",
        b"3\r\nabc\r\n",
        b"ffffffffffffffff\r\n",
        b"7fffffffffffffff;x=y\r\n",
        b"0\r\n",
        b"0\r\nx: y\r\n\r\n",
        b"abc",
    ];
    let known: Vec<Vec<u8>> = known.iter().map(|piece| piece.to_vec()).collect();
    let piece = prop_oneof![6 => proptest::sample::select(known), 1 => vec(any::<u8>(), 0..20)];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// Frames of HTTP/2 with any contents; now and then a right head or body.
fn frames() -> impl Strategy<Value = Vec<u8>> {
    let frame = |kind, flags, stream, body: Vec<u8>| {
        let length = u8::try_from(body.len()).unwrap();
        [vec![0, 0, length, kind, flags, 0, 0, 0, stream], body].concat()
    };
    let noise = (0_u8..12, any::<u8>(), 0_u8..3, vec(any::<u8>(), 0..40));
    let noise = noise.prop_map(move |(kind, flags, stream, body)| frame(kind, flags, stream, body));
    let head = any::<bool>().prop_map(move |ends| frame(1, 4 + u8::from(ends), 1, vec![0x88]));
    let body = any::<bool>().prop_map(move |ends| frame(0, u8::from(ends), 1, b"abc".to_vec()));
    vec(prop_oneof![2 => noise, 1 => head, 1 => body], 0..6).prop_map(|frames| frames.concat())
}

#[test]
fn the_pieces_can_make_a_whole_reply() {
    let reply =
        http1(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 30, "GET").unwrap();
    assert_eq!((reply.status, reply.body.as_slice(), reply.reusable), (200, b"abc".as_slice(), true));
    // A head of status 200, and a body that is the last frame.
    let reply = http2(b"\0\0\x01\x01\x04\0\0\0\x01\x88\0\0\x03\0\x01\0\0\0\x01abc", 20).unwrap();
    assert_eq!((reply.status, reply.body.as_slice()), (200, b"abc".as_slice()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn http1_survives_any_bytes(bytes in pieces(), cut in 0_usize..200, head in any::<bool>()) {
        if let Ok(reply) = http1(&bytes, cut, if head { "HEAD" } else { "GET" }) {
            prop_assert!(reply.body.len() as u64 == reply.body_bytes && reply.body_bytes <= LIMIT);
            prop_assert!(reply.bytes_in <= bytes.len() as u64);
        }
    }

    #[test]
    fn http1_survives_noise(bytes in vec(any::<u8>(), 0..300), cut in 0_usize..300) {
        prop_assert!(http1(&bytes, cut, "GET").is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn http2_survives_any_frames(bytes in frames(), cut in 0_usize..200) {
        if let Ok(reply) = http2(&bytes, cut) {
            prop_assert!(reply.body.len() as u64 == reply.body_bytes && reply.body_bytes <= LIMIT);
        }
    }

    #[test]
    fn http2_survives_noise(bytes in vec(any::<u8>(), 0..300), cut in 0_usize..300) {
        prop_assert!(http2(&bytes, cut).is_err());
    }
}
