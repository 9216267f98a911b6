//! Where the scenario's addresses are, as a server sees them, and where a reply sends us. Requests never leave those addresses.

use crate::config::scenario::{Address, Origin};

use super::template::encoded_path;

/// What a Unix socket is called in `host`.
const UNIX_HOST: &str = "localhost";

/// The scheme of an address, `http` or `https`.
pub(super) fn scheme(origin: &Origin) -> &'static str {
    match origin {
        Origin::Tcp { tls: true, .. } => "https",
        Origin::Tcp { tls: false, .. } | Origin::Unix(_) => "http",
    }
}

/// What `host` says for an address: the port only where it is not the scheme's own, IPv6 in brackets.
pub(super) fn authority(origin: &Origin) -> String {
    match origin {
        Origin::Unix(_) => UNIX_HOST.to_owned(),
        Origin::Tcp { tls, host, port } => {
            let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
            if *port == own_port(*tls) { host } else { format!("{host}:{port}") }
        }
    }
}

/// An address as it is shown.
pub(super) fn shown(origin: &Origin) -> String {
    match origin {
        Origin::Tcp { .. } => format!("{}://{}", scheme(origin), authority(origin)),
        Origin::Unix(path) => format!("unix:{}", path.display()),
    }
}

fn own_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

/// The addresses of a scenario as they stand in a `location`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Own(Vec<(&'static str, String)>);

impl Own {
    /// Those of these addresses.
    pub(super) fn new(addresses: &[Address]) -> Self {
        let known = |address: &Address| (scheme(&address.origin), authority(&address.origin).to_ascii_lowercase());
        Self(addresses.iter().map(known).collect())
    }

    /// The path and query that `location` means in a reply to a request for `path` (RFC 3986, 5.2); `None` where it leads to another server.
    pub(super) fn path(&self, path: &str, location: &str) -> Option<String> {
        let location = location.trim().split('#').next().unwrap_or_default();
        let path = path.split('#').next().unwrap_or_default();
        let (folder, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let target = if let Some((scheme, rest)) = location.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) {
            self.inside(&|own| own.eq_ignore_ascii_case(scheme), rest)?
        } else if let Some(rest) = location.strip_prefix("//") {
            self.inside(&|_| true, rest)?
        } else if location.split(['/', '?']).next().is_some_and(|start| start.contains(':')) {
            return None;
        } else if location.starts_with('/') {
            location.to_owned()
        } else if location.is_empty() {
            query.map_or_else(|| folder.to_owned(), |query| format!("{folder}?{query}"))
        } else if location.starts_with('?') {
            format!("{folder}{location}")
        } else {
            format!("{}/{location}", folder.rsplit_once('/').map_or("", |(folder, _)| folder))
        };
        Some(encoded_path(&without_dots(&target)))
    }

    /// The path behind an authority, where that is one of ours.
    fn inside(&self, scheme: &dyn Fn(&str) -> bool, rest: &str) -> Option<String> {
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let known = |(own, host): &(&'static str, String)| {
            let default = format!("{host}:{}", own_port(*own == "https"));
            scheme(own) && (host.eq_ignore_ascii_case(authority) || default.eq_ignore_ascii_case(authority))
        };
        self.0.iter().any(known).then(|| if path.starts_with('/') { path.to_owned() } else { format!("/{path}") })
    }
}

fn is_scheme(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// A path without `.` and `..` (RFC 3986, 5.2.4). Never leaves the root.
fn without_dots(target: &str) -> String {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            other => {
                kept.push(other);
                continue;
            }
        }
        if last {
            kept.push("");
        }
    }
    let path = format!("/{}", kept.join("/"));
    query.map_or(path.clone(), |query| format!("{path}?{query}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn own() -> Own {
        let tcp =
            |tls, host: &str, port| Address { origin: Origin::Tcp { tls, host: host.to_owned(), port }, weight: 1 };
        Own::new(&[tcp(false, "127.0.0.1", 8080), tcp(true, "Example.org", 443), tcp(false, "::1", 80)])
    }

    fn check(location: &str, expected: Option<&str>) {
        assert_eq!(own().path("/a/b?c=d", location).as_deref(), expected, "{location}");
    }

    #[test]
    fn a_location_is_read_from_where_the_request_went() {
        check("/x?y=1#z", Some("/x?y=1"));
        check("x", Some("/a/x"));
        check("../x/./y", Some("/x/y"));
        check("../../../..", Some("/"));
        check("?q", Some("/a/b?q"));
        check("", Some("/a/b?c=d"));
        check("/a b", Some("/a%20b"));
        check("x?u=http://other/", Some("/a/x?u=http://other/"));
    }

    #[test]
    fn an_absolute_location_is_followed_to_our_own_addresses_only() {
        check("http://127.0.0.1:8080/x", Some("/x"));
        check("HTTP://127.0.0.1:8080?x", Some("/?x"));
        check("https://example.org:443/x", Some("/x"));
        check("//example.org/x", Some("/x"));
        check("http://[::1]/x", Some("/x"));
        check("http://127.0.0.1/x", None);
        check("http://127.0.0.1:8080@evil.org/x", None);
        check("https://127.0.0.1:8080/x", None);
        check("https://example.org.evil.org/", None);
        check("//evil.org/x", None);
        check("javascript:alert(1)", None);
    }

    proptest! {
        #[test]
        fn any_location_is_a_path_that_can_be_sent_or_nothing(location in ".{0,30}", path in "/[a-z/.?%]{0,10}") {
            if let Some(path) = own().path(&path, &location) {
                prop_assert!(path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic()), "{path}");
            }
        }
    }
}
