//! Where a load goes, as people write it: `http://host:port` or `unix:/path`. Refuses to know whether anything is there.

use std::fmt;
use std::path::PathBuf;

use super::problem::quoted;
use super::scenario::Origin;

/// The longest address that is read, in bytes.
const TEXT_BYTES_MAX: usize = 1024;

/// What every address looks like.
const FORMS: &str = "write it as in `http://127.0.0.1:8080`, `https://shop.example` or `unix:/run/web.sock`";

/// Why a text is not an address, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct OriginError {
    message: String,
    hint: &'static str,
}

impl OriginError {
    /// What to write instead.
    pub fn hint(&self) -> &'static str {
        self.hint
    }
}

impl Origin {
    /// Reads `http://host:port`, `https://host:port` or `unix:/path`. Without a port it is 80 or 443; an IPv6 address is in brackets. There is no
    /// user, path or query in it.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let refused = |what: &str, hint| OriginError { message: format!("{} {what}", quoted(text)), hint };
        if text.len() > TEXT_BYTES_MAX || text.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return Err(refused("is not an address", FORMS));
        }
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.starts_with('/') && path.len() > 1 {
                Ok(Self::Unix(PathBuf::from(path)))
            } else {
                Err(refused("is not an address", "write the whole path of the socket, as in `unix:/run/web.sock`"))
            };
        }
        let (tls, rest) = match (text.strip_prefix("http://"), text.strip_prefix("https://")) {
            (Some(rest), _) => (false, rest),
            (None, Some(rest)) => (true, rest),
            (None, None) => return Err(refused("is not an address", FORMS)),
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if !matches!(path, "" | "/") {
            return Err(refused("is more than an address", "the request's own `path` has its path and query"));
        }
        if authority.contains('@') {
            return Err(refused("holds a user", "`basic = { user = \"…\", password-variable = \"…\" }` says who asks"));
        }
        let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, rest)) => (host, Some(rest.strip_prefix(':').unwrap_or_default())),
            None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
        };
        let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let address = authority.starts_with('[') && host.parse::<std::net::Ipv6Addr>().is_ok();
        if host.is_empty() || !(address || host.chars().all(of_name)) {
            return Err(refused("has no host that can be asked for", FORMS));
        }
        let port = match port {
            None if tls => 443,
            None => 80,
            Some(port) => match port.parse() {
                Ok(port) if port > 0 && !text.contains(":+") => port,
                Ok(_) | Err(_) => return Err(refused("has no port from 1 to 65535", FORMS)),
            },
        };
        Ok(Self::Tcp { tls, host: host.to_owned(), port })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp { tls, host, port } => {
                let scheme = if *tls { "https" } else { "http" };
                let (open, close) = if host.contains(':') { ("[", "]") } else { ("", "") };
                write!(f, "{scheme}://{open}{host}{close}:{port}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let read = Origin::parse(text);
        let shown = read.map_or_else(|error| format!("{error} / {}", error.hint), |origin| origin.to_string());
        assert!(shown.starts_with(expected), "{text}: {shown}");
    }

    #[test]
    fn an_address_has_a_scheme_a_host_and_a_port_or_is_a_socket() {
        check("http://127.0.0.1:8080", "http://127.0.0.1:8080");
        check("http://localhost/", "http://localhost:80");
        check("https://shop.example", "https://shop.example:443");
        check("http://[::1]:81", "http://[::1]:81");
        check("unix:/run/web.sock", "unix:/run/web.sock");
    }

    #[test]
    fn everything_else_is_refused_with_what_to_write() {
        check("localhost:8080", "`localhost:8080` is not an address / write it as in");
        check(
            "http://h:8080/items?x=1",
            "`http://h:8080/items?x=1` is more than an address / the request's own `path`",
        );
        check("http://a:b@h", "`http://a:b@h` holds a user / `basic");
        check("http://h:0", "`http://h:0` has no port");
        check("http://h:99999", "`http://h:99999` has no port");
        check("http://h:+80", "`http://h:+80` has no port");
        check("http://", "`http://` has no host");
        check("http://ho st", "`http://ho st` is not an address");
        check("http://[::g]:1", "`http://[::g]:1` has no host");
        check("unix:run/web.sock", "`unix:run/web.sock` is not an address / write the whole path");
    }
}
