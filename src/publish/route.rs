//! Addresses and routes of GitHub's interface. Pure: what a server or an event names is checked here before anything is sent there.

/// Why an address or a repository cannot be talked to, if it cannot: the token must go to a GitHub server alone, and unread.
pub(super) fn check(api_url: &str, repository: &str) -> Result<(), &'static str> {
    let (host, secret) = match (api_url.strip_prefix("https://"), api_url.strip_prefix("http://")) {
        (Some(rest), _) => (rest, true),
        (None, Some(rest)) => (rest, false),
        (None, None) => return Err("the address does not start with https://"),
    };
    if host.is_empty() || !api_url.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/[]".contains(&byte)) {
        return Err("the address is none");
    }
    let host = host.split('/').next().unwrap_or_default();
    let name = if host.starts_with('[') { host } else { host.rsplit_once(':').map_or(host, |(name, _)| name) };
    let here = name == "localhost" || name.starts_with("127.") || name.starts_with("[::1]");
    if name.is_empty() {
        return Err("the address is none");
    }
    if !secret && !here {
        return Err("the token would be sent unencrypted: the address must start with https://");
    }
    let part = |text: &str| {
        !text.is_empty()
            && !text.bytes().all(|byte| byte == b'.')
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    match repository.split_once('/') {
        Some((owner, name)) if part(owner) && part(name) => Ok(()),
        _ => Err("the repository is not `owner/name`"),
    }
}

/// Foreign text as one part of a route: nothing in it ends the part.
pub fn segment(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) || (byte == b'.' && text.bytes().any(|b| b != b'.')) {
            out.push(char::from(byte));
        } else {
            let _infallible = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The route of the next page, by a `link` header; an error where it lies on another server, which must not get the token.
pub(super) fn next_page(link: &str, api_url: &str) -> Result<Option<String>, &'static str> {
    let next = link.split(',').find_map(|entry| {
        let (target, rest) = entry.trim().strip_prefix('<')?.split_once('>')?;
        rest.split(';').any(|parameter| parameter.trim() == "rel=\"next\"").then_some(target)
    });
    let Some(next) = next else { return Ok(None) };
    if next.starts_with('/') && !next.starts_with("//") {
        return Ok(Some(next.to_owned()));
    }
    let path = api_url.find("://").and_then(|at| api_url.get(at + 3..)?.find('/').map(|slash| at + 3 + slash));
    let origin = api_url.get(..path.unwrap_or(api_url.len())).unwrap_or(api_url);
    match next.strip_prefix(origin) {
        Some(route) if route.starts_with('/') => Ok(Some(route.to_owned())),
        _ => Err("its next page lies on another server"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_to_a_server_that_nobody_listens_to_on_the_way() {
        for good in [
            "https://api.github.com",
            "https://ghe.example:8443/api/v3",
            "http://127.0.0.1:4000",
            "http://[::1]:9/api/v3",
        ] {
            assert_eq!(check(good, "ada/engine.rs"), Ok(()), "{good}");
        }
        for bad in [
            "",
            "api.github.com",
            "http://ghe.example/api/v3",
            "https://",
            "https://:80",
            "https:///x",
            "https://a@b",
            "ftp://x",
            "https://a b",
            "https://a?x#y",
            "http://127.evil@x",
        ] {
            assert!(check(bad, "ada/engine").is_err(), "{bad}");
        }
        for bad in
            ["", "engine", "ada/", "/engine", "ada/../x", "../x", "ada/..", "ada/a b", "ada/engine/issues", "ada/e?x"]
        {
            assert!(check("https://api.github.com", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn foreign_text_stays_one_part_of_a_route() {
        assert_eq!(segment("tollgate/waive-7"), "tollgate%2Fwaive-7");
        assert_eq!(segment("../a?b#c d%é"), "..%2Fa%3Fb%23c%20d%25%C3%A9");
        assert_eq!(segment(".."), "%2E%2E");
        assert_eq!(segment("file.toml"), "file.toml");
    }

    #[test]
    fn pages_are_followed_on_the_same_server_only() {
        let link = r#"<https://api.github.com/repositories/1/issues/7/comments?per_page=100&page=1>; rel="prev", <https://api.github.com/repositories/1/issues/7/comments?per_page=100&page=3>; rel="next""#;
        let next = "/repositories/1/issues/7/comments?per_page=100&page=3";
        assert_eq!(next_page(link, "https://api.github.com"), Ok(Some(next.to_owned())));
        let ghes = r#"<https://ghe.example/api/v3/x?page=2>; rel="next""#;
        assert_eq!(next_page(ghes, "https://ghe.example/api/v3"), Ok(Some("/api/v3/x?page=2".to_owned())));
        assert_eq!(next_page(r#"<https://a.example/x?page=1>; rel="first""#, "https://a.example"), Ok(None));
        for evil in [
            "https://evil.example/x",
            "https://api.github.com.evil.example/x",
            "http://api.github.com/x",
            "//evil.example/x",
            "https://api.github.com@evil.example/",
        ] {
            let link = format!("<{evil}>; rel=\"next\"");
            assert!(next_page(&link, "https://api.github.com").is_err(), "{evil}");
        }
        for odd in ["", ",", "<", "<>; rel=\"next\"x", "a; rel=\"next\""] {
            assert_eq!(next_page(odd, "https://api.github.com"), Ok(None), "{odd}");
        }
    }
}
