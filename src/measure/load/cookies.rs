//! The cookies of one start of a flow. All requests go to the scenario's own addresses, so the domain of a cookie is not looked at, and neither is
//! `Secure`: a service that is tested without TLS sets such cookies as well.

use std::borrow::Cow;

use cookie::Cookie;

/// The most cookies that are kept; the oldest goes first.
const COOKIES_MAX: usize = 100;
/// The longest `Set-Cookie` that is read, in bytes; a longer one is left out.
const COOKIE_BYTES_MAX: usize = 4096;

/// Cookies by name and path, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Jar {
    kept: Vec<Kept>,
}

#[derive(Clone, Debug)]
struct Kept {
    name: String,
    value: String,
    path: String,
}

impl Jar {
    /// Takes over one `Set-Cookie`. What cannot be read is left out. One that has expired by `now_unix_s`, in seconds since 1970, or whose age is not
    /// above zero, is forgotten; how long others live is not looked at. One without a path goes to every request.
    pub(super) fn set(&mut self, header: &[u8], now_unix_s: i64) {
        let text = std::str::from_utf8(header).ok().filter(|text| text.len() <= COOKIE_BYTES_MAX);
        let Some(cookie) = text.and_then(|text| Cookie::parse(text).ok()) else { return };
        let plain = |text: &str| !text.chars().any(char::is_control);
        if !plain(cookie.name()) || !plain(cookie.value()) {
            return;
        }
        let path = cookie.path().filter(|path| path.starts_with('/')).unwrap_or("/");
        self.kept.retain(|kept| kept.name != cookie.name() || kept.path != path);
        let expires = cookie.expires_datetime().map(cookie::time::OffsetDateTime::unix_timestamp);
        let gone = match cookie.max_age() {
            Some(age) => age.whole_seconds() <= 0,
            None => expires.is_some_and(|at| at <= now_unix_s),
        };
        if gone {
            return;
        }
        if self.kept.len() == COOKIES_MAX {
            self.kept.remove(0);
        }
        // Quotes are a part of the value (RFC 6265, 5.2), so they are sent back.
        let (name, value) = (cookie.name().to_owned(), cookie.value().to_owned());
        self.kept.push(Kept { name, value, path: path.to_owned() });
    }

    /// The value of the header `cookie` for a request for `path`, joined to what the step itself says; `None` where there is nothing to send.
    pub(super) fn header<'a>(&self, path: &str, own: Option<&'a str>) -> Option<Cow<'a, str>> {
        let path = path.split('?').next().unwrap_or_default();
        let mut sent: Vec<&Kept> = self.kept.iter().filter(|kept| covers(&kept.path, path)).collect();
        if sent.is_empty() {
            return own.map(Cow::Borrowed);
        }
        // Longer paths first (RFC 6265, 5.4).
        sent.sort_by_key(|kept| std::cmp::Reverse(kept.path.len()));
        let pairs = sent.into_iter().map(|kept| format!("{}={}", kept.name, kept.value));
        Some(Cow::Owned(own.map(str::to_owned).into_iter().chain(pairs).collect::<Vec<_>>().join("; ")))
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}

/// Whether a cookie's path covers a request's (RFC 6265, 5.1.4).
fn covers(cookie: &str, path: &str) -> bool {
    path.strip_prefix(cookie).is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(set: &[&str], path: &str, expected: Option<&str>) {
        let mut jar = Jar::default();
        for header in set {
            jar.set(header.as_bytes(), 1_800_000_000);
        }
        assert_eq!(jar.header(path, None).as_deref(), expected);
    }

    #[test]
    fn a_cookie_is_sent_back_where_its_path_says() {
        check(&["a=1; Path=/; HttpOnly; Secure", "b=2; Path=/shop/"], "/shop/cart/x?y", Some("b=2; a=1"));
        check(&["a=1; Domain=example.org", "b=2; Path=/shop/"], "/shop", Some("a=1"));
        check(&["a=1; Path=/shop"], "/shopping", None);
        check(&["a=1; Path=nonsense"], "/shop/cart", Some("a=1"));
        check(&["a=\"x y\"; Path=/"], "/", Some("a=\"x y\""));
    }

    #[test]
    fn a_later_cookie_takes_the_place_of_an_earlier_one() {
        check(&["a=1; Path=/", "a=2; Path=/"], "/", Some("a=2"));
        check(&["a=1; Path=/", "a=; Path=/; Max-Age=0"], "/", None);
        check(&["a=1; Path=/", "a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], "/", None);
        check(&["a=1; Path=/; Expires=Fri, 01 Jan 2100 00:00:00 GMT"], "/", Some("a=1"));
    }

    #[test]
    fn cookies_are_bounded_and_cannot_break_a_header() {
        check(&["=1", "", ";", "a=\u{1}; Path=/", &format!("a={}; Path=/", "x".repeat(5000))], "/", None);
        let many: Vec<String> = (0..150).map(|n| format!("c{n}=1; Path=/")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let kept: Vec<String> = (50..150).map(|n| format!("c{n}=1")).collect();
        check(&many, "/", Some(&kept.join("; ")));
    }

    #[test]
    fn what_the_step_says_itself_comes_first() {
        let mut jar = Jar::default();
        assert_eq!(jar.header("/", Some("own=1")).as_deref(), Some("own=1"));
        jar.set(b"a=1", 0);
        assert_eq!(jar.header("/", Some("own=1")).as_deref(), Some("own=1; a=1"));
    }

    proptest! {
        #[test]
        fn any_header_is_a_cookie_or_nothing(header in proptest::collection::vec(any::<u8>(), 0..200), path in "/[a-z/]{0,10}") {
            let mut jar = Jar::default();
            jar.set(&header, 0);
            if let Some(sent) = jar.header(&path, None) {
                prop_assert!(!sent.chars().any(char::is_control));
            }
        }
    }
}
