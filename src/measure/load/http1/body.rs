//! Where the body of a reply ends (RFC 9112, section 6.3), whatever pieces it comes in. Bytes in, no I/O.

use httparse::Header;

use crate::measure::load::exchange::ExchangeError;

/// The most bytes of a chunk's size with its extensions, and of all trailers.
const LINE_MAX: u32 = 16 * 1024;

/// What of a body is still to come.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Body {
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked(Chunks),
    /// Everything until the connection is closed.
    UntilClosed,
}

impl Default for Body {
    fn default() -> Self {
        Self::Length(0)
    }
}

/// What was taken of a piece.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    /// Bytes of the piece: all of them, or those until the end of the body.
    pub(super) taken: usize,
    /// Those of them that are the body's own.
    pub(super) body_bytes: usize,
    /// Whether the body has ended.
    pub(super) ended: bool,
}

impl Body {
    /// The body of the reply with this status and these headers; `head_only` where its request asked for no body.
    pub(super) fn of(head_only: bool, status: u16, headers: &[Header<'_>]) -> Result<Self, ExchangeError> {
        let (mut length, mut chunked, mut coded) = (None, false, false);
        for header in headers {
            if header.name.eq_ignore_ascii_case("content-length") {
                let value = std::str::from_utf8(header.value).ok().map(str::trim);
                let digits = value.filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()));
                let bytes: u64 = digits
                    .and_then(|value| value.parse().ok())
                    .ok_or_else(|| ExchangeError::Protocol("a content-length that is no number".to_owned()))?;
                if length.is_some_and(|other| other != bytes) {
                    return Err(ExchangeError::Protocol("two different content-lengths".to_owned()));
                }
                length = Some(bytes);
            } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
                coded = true;
                // The last coding is the outer one.
                let last = header.value.rsplit(|byte| *byte == b',').next().unwrap_or_default();
                chunked = last.trim_ascii().eq_ignore_ascii_case(b"chunked");
            }
        }
        if head_only || (100..200).contains(&status) || status == 204 || status == 304 {
            return Ok(Self::Length(0));
        }
        Ok(match (chunked, coded, length) {
            (true, _, _) => Self::Chunked(Chunks::default()),
            (false, false, Some(bytes)) => Self::Length(bytes),
            (false, true, _) | (false, false, None) => Self::UntilClosed,
        })
    }

    /// How long it is at least, as far as that is known.
    pub(super) fn announced(&self) -> u64 {
        match self {
            Self::Length(bytes) => *bytes,
            Self::Chunked(_) | Self::UntilClosed => 0,
        }
    }

    /// Takes the next piece, which may be empty; `keep` gets what is the body's own.
    pub(super) fn take(&mut self, piece: &[u8], mut keep: Option<&mut Vec<u8>>) -> Result<Part, ExchangeError> {
        let mut own = |bytes: &[u8]| {
            if let Some(kept) = keep.as_deref_mut() {
                kept.extend_from_slice(bytes);
            }
        };
        match self {
            Self::Length(left) => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(piece.len());
                *left -= taken as u64;
                own(&piece[..taken]);
                Ok(Part { taken, body_bytes: taken, ended: *left == 0 })
            }
            Self::UntilClosed => {
                own(piece);
                Ok(Part { taken: piece.len(), body_bytes: piece.len(), ended: false })
            }
            Self::Chunked(chunks) => chunks.take(piece, &mut own),
        }
    }
}

/// Where in a chunked body the next byte is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Chunks {
    at: At,
    /// Bytes since the last data.
    line: u32,
}

#[derive(Clone, Debug, PartialEq)]
enum At {
    /// In the size, which has this many digits.
    Size { size: u64, digits: u32 },
    /// Behind the size: extensions, until the end of the line.
    Extension { size: u64 },
    /// In the data, so much of which is to come.
    Data { left: u64 },
    /// Behind the data: an end of line.
    DataEnd,
    /// In the trailers, on a line with so many bytes.
    Trailer { bytes: u32 },
}

impl Default for At {
    fn default() -> Self {
        Self::Size { size: 0, digits: 0 }
    }
}

impl Chunks {
    fn take(&mut self, piece: &[u8], own: &mut impl FnMut(&[u8])) -> Result<Part, ExchangeError> {
        let (mut at, mut body_bytes) = (0, 0);
        while at < piece.len() {
            if let At::Data { left } = &mut self.at {
                let length = usize::try_from(*left).unwrap_or(usize::MAX).min(piece.len() - at);
                own(&piece[at..at + length]);
                *left -= length as u64;
                at += length;
                body_bytes += length;
                if *left == 0 {
                    (self.at, self.line) = (At::DataEnd, 0);
                }
                continue;
            }
            let byte = piece[at];
            at += 1;
            self.line += 1;
            if self.line > LINE_MAX {
                return Err(ExchangeError::Protocol("a chunk's line or trailers without an end".to_owned()));
            }
            if self.step(byte)? {
                return Ok(Part { taken: at, body_bytes, ended: true });
            }
        }
        Ok(Part { taken: at, body_bytes, ended: false })
    }

    /// Takes one byte that is not data. Whether it was the last of the body.
    fn step(&mut self, byte: u8) -> Result<bool, ExchangeError> {
        let wrong = || ExchangeError::Protocol("a chunk that cannot be read".to_owned());
        self.at = match (&self.at, byte) {
            (At::Size { size, digits }, _) if byte.is_ascii_hexdigit() && *digits < 15 => {
                let digit = char::from(byte).to_digit(16).ok_or_else(wrong)?;
                At::Size { size: size * 16 + u64::from(digit), digits: digits + 1 }
            }
            (At::Size { size, digits: 1.. } | At::Extension { size }, b'\n') => match size {
                0 => At::Trailer { bytes: 0 },
                _ => At::Data { left: *size },
            },
            (At::Size { size, digits: 1.. }, b';' | b' ' | b'\t' | b'\r') | (At::Extension { size }, _) => {
                At::Extension { size: *size }
            }
            (At::DataEnd, b'\r') => At::DataEnd,
            (At::DataEnd, b'\n') => At::default(),
            (At::Trailer { bytes: 0 }, b'\n') => return Ok(true),
            (At::Trailer { .. }, b'\n') => At::Trailer { bytes: 0 },
            (At::Trailer { bytes }, b'\r') => At::Trailer { bytes: *bytes },
            (At::Trailer { bytes }, _) => At::Trailer { bytes: bytes + 1 },
            (At::Size { .. } | At::DataEnd | At::Data { .. }, _) => return Err(wrong()),
        };
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers<'a>(pairs: &'a [(&'a str, &'a str)]) -> Vec<Header<'a>> {
        pairs.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect()
    }

    fn body(method: &str, status: u16, pairs: &[(&str, &str)]) -> Result<Body, String> {
        Body::of(method == "HEAD", status, &headers(pairs)).map_err(|error| error.to_string())
    }

    #[test]
    fn status_method_and_headers_say_where_a_body_ends() {
        let chunked = || Ok(Body::Chunked(Chunks::default()));
        assert_eq!(body("GET", 200, &[("Content-Length", "13")]), Ok(Body::Length(13)));
        assert_eq!(body("GET", 200, &[("Transfer-Encoding", "gzip, Chunked")]), chunked());
        assert_eq!(body("GET", 200, &[("content-length", "13"), ("transfer-encoding", "chunked")]), chunked());
        assert_eq!(body("GET", 200, &[("transfer-encoding", "gzip")]), Ok(Body::UntilClosed));
        assert_eq!(body("GET", 200, &[]), Ok(Body::UntilClosed));
        for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304), ("GET", 103)] {
            assert_eq!(body(method, status, &[("content-length", "13")]), Ok(Body::Length(0)), "{method} {status}");
        }
        assert_eq!(body("GET", 200, &[("content-length", "5"), ("content-length", "5")]), Ok(Body::Length(5)));
        for wrong in [
            &[("content-length", "5"), ("content-length", "6")][..],
            &[("content-length", "+5")],
            &[("content-length", "")],
        ] {
            assert!(body("GET", 200, wrong).is_err(), "{wrong:?}");
        }
    }

    /// Feeds the whole in pieces of `size`; gives the body and how much was taken, or the error.
    fn fed(whole: &[u8], size: usize) -> Result<(Vec<u8>, usize, bool), String> {
        let (mut body, mut kept, mut taken) = (Body::Chunked(Chunks::default()), Vec::new(), 0);
        let mut bytes = 0;
        for piece in whole.chunks(size) {
            let part = body.take(piece, Some(&mut kept)).map_err(|error| error.to_string())?;
            taken += part.taken;
            bytes += part.body_bytes;
            if part.ended {
                assert_eq!(bytes, kept.len());
                return Ok((kept, taken, true));
            }
            assert_eq!(part.taken, piece.len());
        }
        Ok((kept, taken, false))
    }

    #[test]
    fn chunks_are_the_same_in_whatever_pieces_they_come() {
        let whole = b"4\r\nWiki\r\n6;name=value\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\nEtag: x\r\n\r\nHTTP";
        for size in 1..=whole.len() {
            let (kept, taken, ended) = fed(whole, size).expect("chunks");
            assert_eq!((kept.as_slice(), ended), (&b"Wikipedia in \r\n\r\nchunks."[..], true), "{size}");
            assert_eq!(taken, whole.len() - 4, "{size}");
        }
        assert_eq!(fed(&whole[..20], 7).map(|(_, _, ended)| ended), Ok(false));
    }

    #[test]
    fn what_is_no_chunk_is_an_error_and_so_is_a_line_without_an_end() {
        for wrong in [&b"x\r\n"[..], b"\r\n", b"4\r\nWikiX", b"fffffffffffffffff\r\n", b"-1\r\n"] {
            assert!(fed(wrong, 3).is_err(), "{}", String::from_utf8_lossy(wrong));
        }
        let mut endless = b"4;".to_vec();
        endless.extend(vec![b'a'; 20_000]);
        assert!(fed(&endless, 1000).is_err());
        let mut trailers = b"0\r\n".to_vec();
        trailers.extend(b"a: b\r\n".repeat(5_000));
        assert!(fed(&trailers, 1000).is_err());
    }
}
