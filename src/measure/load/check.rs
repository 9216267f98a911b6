//! What a reply must be like, and the values taken out of it. No I/O; linear in the size of the reply.

use std::cell::OnceCell;

use serde_json::Value;

use crate::config::scenario::{Check, Extract};

use super::data::text_of;
use super::exchange::{Keep, Reply};
use super::record::ErrorKind;

/// The longest value that is taken out of a reply, in bytes; a longer one is a failed check.
const VALUE_BYTES_MAX: usize = 64 * 1024;
/// The most memory that one compiled regular expression may take, in bytes.
const REGEX_BYTES_MAX: usize = 1024 * 1024;
/// The most characters that are shown of a value.
const SHOWN_CHARS_MAX: usize = 80;

/// Why a reply is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unmet {
    /// What kind of error it is.
    pub(super) kind: ErrorKind,
    /// What was not met, in words of bounded length, the same for every reply that fails in the same way.
    pub(super) words: String,
}

/// All checks of a step.
#[derive(Clone, Debug)]
pub(super) struct Checks {
    statuses: Option<Vec<u16>>,
    others: Vec<ReadyCheck>,
}

#[derive(Clone, Debug)]
enum ReadyCheck {
    Header(String, Option<String>),
    /// A text that the body must hold, and what searches it in linear time.
    Contains(String, regex::bytes::Regex),
    Json(String, Value),
}

/// Where a value is, ready to be looked up.
#[derive(Clone, Debug)]
pub(super) enum ReadyExtract {
    /// A JSON pointer into the body.
    Json(String),
    /// A header, in lower case.
    Header(String),
    /// The first group of this over the body.
    Regex(regex::bytes::Regex),
}

/// The body of a reply as JSON, parsed where somebody asks.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    json: OnceCell<Option<Value>>,
}

impl Parsed {
    fn json(&self, reply: &Reply) -> Option<&Value> {
        self.json.get_or_init(|| serde_json::from_slice(&reply.body).ok()).as_ref()
    }
}

impl Checks {
    /// Makes the checks of a step ready. Problems are in words.
    pub(super) fn new(checks: &[Check]) -> Result<Self, Vec<String>> {
        let (mut statuses, mut others, mut problems) = (None::<Vec<u16>>, Vec::new(), Vec::new());
        for check in checks {
            match check {
                Check::Status(these) => statuses.get_or_insert_default().extend(these),
                Check::Header(name, value) => others.push(ReadyCheck::Header(name.to_ascii_lowercase(), value.clone())),
                Check::Contains(text) => match regex(&regex::escape(text)) {
                    Ok(regex) => others.push(ReadyCheck::Contains(text.clone(), regex)),
                    Err(error) => problems.push(format!("the text of a check {error}")),
                },
                Check::Json(pointer, value) => {
                    problems.extend(bad_pointer(pointer));
                    others.push(ReadyCheck::Json(pointer.clone(), value.clone()));
                }
            }
        }
        if problems.is_empty() { Ok(Self { statuses, others }) } else { Err(problems) }
    }

    /// What of a reply they look at.
    pub(super) fn keep(&self) -> Keep {
        Keep {
            headers: self.others.iter().any(|check| matches!(check, ReadyCheck::Header(..))),
            body: self.others.iter().any(|check| !matches!(check, ReadyCheck::Header(..))),
        }
    }

    /// Whether the reply's status is as it must be: one of those that are checked for, else below 400.
    pub(super) fn status(&self, reply: &Reply) -> Result<(), Unmet> {
        let right = self.statuses.as_ref().map_or(reply.status < 400, |these| these.contains(&reply.status));
        let words = || format!("status {}", reply.status);
        if right { Ok(()) } else { Err(Unmet { kind: ErrorKind::Status, words: words() }) }
    }

    /// Whether a status is checked for by name.
    pub(super) fn wants(&self, status: u16) -> bool {
        self.statuses.as_ref().is_some_and(|these| these.contains(&status))
    }

    /// The first check but that of the status which the reply does not meet.
    pub(super) fn others(&self, reply: &Reply, parsed: &Parsed) -> Result<(), Unmet> {
        self.others.iter().try_for_each(|check| check.unmet(reply, parsed).map_or(Ok(()), |words| Err(unmet(words))))
    }
}

impl ReadyCheck {
    fn unmet(&self, reply: &Reply, parsed: &Parsed) -> Option<String> {
        match self {
            Self::Header(name, None) => header(reply, name).is_none().then(|| format!("no header `{}`", cut(name))),
            Self::Header(name, Some(value)) => {
                let right = values(reply, name).any(|found| found == value.as_bytes());
                (!right).then(|| format!("no header `{}: {}`", cut(name), cut(value)))
            }
            Self::Contains(text, regex) => {
                (!regex.is_match(&reply.body)).then(|| format!("`{}` is not in the body", cut(text)))
            }
            Self::Json(pointer, value) => {
                let Some(json) = parsed.json(reply) else { return Some("the body is not JSON".to_owned()) };
                let Some(found) = json.pointer(pointer) else {
                    return Some(format!("no `{}` in the body", cut(pointer)));
                };
                (!same(found, value)).then(|| format!("`{}` is not {}", cut(pointer), cut(&value.to_string())))
            }
        }
    }
}

impl ReadyExtract {
    /// Makes it ready. A problem is in words.
    pub(super) fn new(extract: &Extract) -> Result<Self, String> {
        match extract {
            Extract::Json(pointer) => bad_pointer(pointer).map_or_else(|| Ok(Self::Json(pointer.clone())), Err),
            Extract::Header(name) => Ok(Self::Header(name.to_ascii_lowercase())),
            Extract::Regex(pattern) => {
                let regex =
                    regex(pattern).map_err(|error| format!("the regular expression `{}` {error}", cut(pattern)))?;
                if regex.captures_len() < 2 {
                    return Err(format!("the regular expression `{}` has no group to take", cut(pattern)));
                }
                Ok(Self::Regex(regex))
            }
        }
    }

    /// What of a reply it looks at.
    pub(super) fn keep(&self) -> Keep {
        let header = matches!(self, Self::Header(_));
        Keep { headers: header, body: !header }
    }

    /// The value for `name`; that of JSON which is not a text is its JSON.
    pub(super) fn take(&self, name: &str, reply: &Reply, parsed: &Parsed) -> Result<String, Unmet> {
        let missing = || unmet(format!("nothing to take for `{}`", cut(name)));
        let value = match self {
            Self::Json(pointer) => {
                text_of(parsed.json(reply).and_then(|json| json.pointer(pointer)).ok_or_else(missing)?.clone())
            }
            Self::Header(header_name) => text(header(reply, header_name).ok_or_else(missing)?, name)?,
            Self::Regex(regex) => {
                let group = regex.captures(&reply.body).and_then(|groups| groups.get(1)).ok_or_else(missing)?;
                text(group.as_bytes(), name)?
            }
        };
        if value.len() > VALUE_BYTES_MAX {
            return Err(unmet(format!("more than {VALUE_BYTES_MAX} bytes to take for `{}`", cut(name))));
        }
        Ok(value)
    }
}

fn text(bytes: &[u8], name: &str) -> Result<String, Unmet> {
    let bytes = bytes.get(..=VALUE_BYTES_MAX).unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(unmet(format!("no text to take for `{}`", cut(name)))),
    }
}

fn unmet(words: String) -> Unmet {
    Unmet { kind: ErrorKind::Check, words }
}

fn values<'a>(reply: &'a Reply, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    reply.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_slice())
}

/// The first header of that name.
pub(super) fn header<'a>(reply: &'a Reply, name: &'a str) -> Option<&'a [u8]> {
    values(reply, name).next()
}

fn regex(pattern: &str) -> Result<regex::bytes::Regex, &'static str> {
    regex::bytes::RegexBuilder::new(pattern)
        .size_limit(REGEX_BYTES_MAX)
        .dfa_size_limit(REGEX_BYTES_MAX)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "is too large",
            _ => "cannot be read",
        })
}

fn bad_pointer(pointer: &str) -> Option<String> {
    let bad = !pointer.is_empty() && !pointer.starts_with('/');
    bad.then(|| format!("the JSON pointer `{}` does not begin with `/`", cut(pointer)))
}

/// Whether two JSON values are the same; numbers are by their value, so that `1` is `1.0`.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) if left.is_f64() || right.is_f64() => {
            left.as_f64().zip(right.as_f64()).is_some_and(|(left, right)| left.total_cmp(&right).is_eq())
        }
        _ => left == right,
    }
}

/// The beginning of a text for a message.
pub(super) fn cut(text: &str) -> String {
    let mut short: String =
        text.chars().take(SHOWN_CHARS_MAX).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use serde_json::json;

    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a reply has the time when it came")]
    fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
        let now = Instant::now();
        Reply {
            status,
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect(),
            body: body.into(),
            done: now,
            bytes_in: 0,
            body_bytes: 0,
            bytes_out: 0,
            reusable: true,
        }
    }

    fn check(checks: &[Check], reply: &Reply) -> String {
        let checks = match Checks::new(checks) {
            Ok(checks) => checks,
            Err(problems) => return problems.join("; "),
        };
        match checks.status(reply).and_then(|()| checks.others(reply, &Parsed::default())) {
            Ok(()) => "met".to_owned(),
            Err(unmet) => format!("{}: {}", unmet.kind.as_str(), unmet.words),
        }
    }

    fn take(extract: &Extract, reply: &Reply) -> String {
        let extract = match ReadyExtract::new(extract) {
            Ok(extract) => extract,
            Err(problem) => return problem,
        };
        extract.take("id", reply, &Parsed::default()).unwrap_or_else(|unmet| unmet.words)
    }

    #[test]
    fn without_a_check_of_the_status_400_and_more_is_an_error() {
        assert_eq!(check(&[], &reply(399, &[], "")), "met");
        assert_eq!(check(&[], &reply(400, &[], "")), "status: status 400");
        let one_of = [Check::Status(vec![404]), Check::Status(vec![200])];
        assert_eq!(check(&one_of, &reply(404, &[], "")), "met");
        assert_eq!(check(&one_of, &reply(201, &[], "")), "status: status 201");
    }

    #[test]
    fn each_check_says_what_was_not_met() {
        let good = reply(200, &[("x-a", "1"), ("x-a", "2")], r#"{"a": {"b": [1, "ä"]}}"#);
        let header = |value: Option<&str>| Check::Header("X-A".to_owned(), value.map(str::to_owned));
        assert_eq!(check(&[header(None), header(Some("2"))], &good), "met");
        assert_eq!(check(&[header(Some("3"))], &good), "check: no header `x-a: 3`");
        assert_eq!(check(&[header(None)], &reply(200, &[], "")), "check: no header `x-a`");
        assert_eq!(check(&[Check::Contains("[1, \"ä".to_owned())], &good), "met");
        assert_eq!(check(&[Check::Contains(".*".to_owned())], &good), "check: `.*` is not in the body");
        let json = |pointer: &str, value| Check::Json(pointer.to_owned(), value);
        assert_eq!(check(&[json("/a/b/0", json!(1.0)), json("/a/b", json!([1, "ä"]))], &good), "met");
        assert_eq!(check(&[json("/a/b/0", json!("1"))], &good), "check: `/a/b/0` is not \"1\"");
        assert_eq!(check(&[json("/a/c", json!(null))], &good), "check: no `/a/c` in the body");
        assert_eq!(check(&[json("/a", json!(1))], &reply(200, &[], "{")), "check: the body is not JSON");
        assert_eq!(check(&[json("a", json!(1))], &good), "the JSON pointer `a` does not begin with `/`");
    }

    #[test]
    fn values_are_taken_out_of_body_and_headers() {
        let good = reply(200, &[("location", "/a/7")], r#"{"id": 7, "name": "x\ny", "list": [1]}"#);
        assert_eq!(take(&Extract::Json("/id".to_owned()), &good), "7");
        assert_eq!(take(&Extract::Json("/name".to_owned()), &good), "x\ny");
        assert_eq!(take(&Extract::Json("/list".to_owned()), &good), "[1]");
        assert_eq!(take(&Extract::Header("Location".to_owned()), &good), "/a/7");
        assert_eq!(take(&Extract::Regex(r#""id": (\d+)"#.to_owned()), &good), "7");
        assert_eq!(take(&Extract::Regex("(?i)NAME(.)".to_owned()), &good), "\"");
        assert_eq!(take(&Extract::Regex("(x)?y".to_owned()), &reply(200, &[], "y")), "nothing to take for `id`");
        assert_eq!(take(&Extract::Json("/no".to_owned()), &good), "nothing to take for `id`");
        assert_eq!(take(&Extract::Regex("a".to_owned()), &good), "the regular expression `a` has no group to take");
        assert_eq!(take(&Extract::Regex("(".to_owned()), &good), "the regular expression `(` cannot be read");
        assert_eq!(
            take(&Extract::Regex(r"(\w{5000})".to_owned()), &good),
            r"the regular expression `(\w{5000})` is too large"
        );
    }

    #[test]
    fn what_a_reply_holds_is_bounded_and_its_words_as_well() {
        let long = reply(200, &[], &"x".repeat(VALUE_BYTES_MAX + 1));
        assert_eq!(take(&Extract::Regex("(x+)".to_owned()), &long), "more than 65536 bytes to take for `id`");
        let words = check(&[Check::Contains("y\n".repeat(1000))], &long);
        assert_eq!(words, format!("check: `{}…` is not in the body", "y\u{fffd}".repeat(40)));
        // Takes exponential time where groups are tried in turn.
        assert_eq!(take(&Extract::Regex("(x+x+)+y".to_owned()), &long), "nothing to take for `id`");
    }
}
