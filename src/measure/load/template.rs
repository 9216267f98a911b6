//! A text with named values in it, parsed once and filled for each request. Refuses to know where values come from.

use std::fmt::Write as _;

use crate::config::placeholder::{self, Piece};

/// Where a value comes from, by its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A column of the flow's data file.
    Column(usize),
    /// What an earlier step took out of its reply.
    Extracted(usize),
}

/// Whoever has the values.
pub(super) trait Values {
    /// The value now; `None` where there is none yet.
    fn value(&self, source: Source) -> Option<&str>;
}

/// What a value is made safe for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// Nothing: it goes in as it is.
    Plain,
    /// A part of a path, of a query or of a form: all but letters, digits and `-._~` are percent-encoded, `/` among them.
    Percent,
    /// A header: control characters, line breaks before all, are refused.
    Header,
    /// The inside of a JSON string.
    Json,
}

/// A parsed text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    parts: Vec<Part>,
}

/// A run of text, or a value.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Value { name: String, source: Source },
}

impl Template {
    /// A text without values, braces and all.
    pub(super) fn plain(text: String) -> Self {
        Self { parts: vec![Part::Text(text)] }
    }

    /// Reads a text. `{name}` is a value that `source` knows, `{{` and `}}` are single braces; anything else is an error, in words.
    pub(super) fn parse(text: &str, source: &dyn Fn(&str) -> Option<Source>) -> Result<Self, String> {
        let pieces = placeholder::pieces(text)
            .map_err(|error| format!("{error}: single braces are written `{{{{` and `}}}}`"))?;
        let mut parts = Vec::new();
        for piece in pieces {
            match (piece, parts.last_mut()) {
                (Piece::Text(""), _) => {}
                (Piece::Text(text), Some(Part::Text(last))) => last.push_str(text),
                (Piece::Text(text), _) => parts.push(Part::Text(text.to_owned())),
                (Piece::Name(name), _) => {
                    let source = source(name).ok_or_else(|| {
                        format!("`{{{name}}}` is neither a column of the data file nor taken out of an earlier step")
                    })?;
                    parts.push(Part::Value { name: name.to_owned(), source });
                }
            }
        }
        Ok(Self { parts })
    }

    /// The same, with its own text percent-encoded where no path could hold a character.
    #[must_use]
    pub(super) fn with_encoded_text(self) -> Self {
        let parts = self.parts.into_iter().map(|part| match part {
            Part::Text(text) => Part::Text(escaped(&text, is_path)),
            value @ Part::Value { .. } => value,
        });
        Self { parts: parts.collect() }
    }

    /// The text, where no value is in it.
    pub(super) fn fixed(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether it begins with a value.
    pub(super) fn leads_with_value(&self) -> bool {
        matches!(self.parts.first(), Some(Part::Value { .. }))
    }

    /// The text with every value in its place; an error, in words, where one is missing or cannot be made safe. `first` is for a value that the
    /// text begins with.
    pub(super) fn fill(&self, values: &dyn Values, first: Escape, escape: Escape) -> Result<String, String> {
        let mut filled = String::new();
        for (index, part) in self.parts.iter().enumerate() {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Value { name, source } => {
                    let value = values.value(*source).ok_or_else(|| format!("`{{{name}}}` has no value"))?;
                    let escape = if index == 0 { first } else { escape };
                    push(&mut filled, value, escape).map_err(|error| format!("the value of `{{{name}}}` {error}"))?;
                }
            }
        }
        Ok(filled)
    }
}

fn push(filled: &mut String, value: &str, escape: Escape) -> Result<(), &'static str> {
    match escape {
        Escape::Percent => filled.push_str(&escaped(value, is_unreserved)),
        Escape::Header if !is_header_value(value) => return Err("holds a control character, which no header may"),
        Escape::Plain | Escape::Header => filled.push_str(value),
        Escape::Json => {
            let quoted = serde_json::Value::from(value).to_string();
            filled.push_str(quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default());
        }
    }
    Ok(())
}

/// Whether a header may have this value: no control character but the tab, so no line break.
pub(super) fn is_header_value(value: &str) -> bool {
    value.chars().all(|c| c == '\t' || !c.is_control())
}

/// A path as it may be sent: what no path could hold is percent-encoded, the rest left as it is.
pub(super) fn encoded_path(path: &str) -> String {
    escaped(path, is_path)
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn is_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%[]".contains(&byte)
}

fn escaped(text: &str, kept: fn(u8) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if kept(byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _: Result<(), std::fmt::Error> = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Two<'a>(Option<&'a str>, Option<&'a str>);

    impl Values for Two<'_> {
        fn value(&self, source: Source) -> Option<&str> {
            match source {
                Source::Column(_) => self.0,
                Source::Extracted(_) => self.1,
            }
        }
    }

    fn source(name: &str) -> Option<Source> {
        match name {
            "row" => Some(Source::Column(0)),
            "id" => Some(Source::Extracted(0)),
            _ => None,
        }
    }

    fn filled(text: &str, row: &str, escape: Escape) -> Result<String, String> {
        Template::parse(text, &source)?.fill(&Two(Some(row), None), escape, escape)
    }

    #[test]
    fn values_stand_where_their_names_stood() {
        assert_eq!(filled("/a/{row}?x={{{row}}}", "b", Escape::Plain), Ok("/a/b?x={b}".to_owned()));
        assert_eq!(filled("", "b", Escape::Plain), Ok(String::new()));
        assert_eq!(
            Template::parse("a{{b}}", &source).map(|t| t.fixed().map(str::to_owned)),
            Ok(Some("a{b}".to_owned()))
        );
    }

    #[test]
    fn a_value_cannot_leave_its_place() {
        assert_eq!(
            filled("/a/{row}", "../b c?d=e&f#ä", Escape::Percent),
            Ok("/a/..%2Fb%20c%3Fd%3De%26f%23%C3%A4".to_owned())
        );
        assert_eq!(filled(r#"{{"a":"{row}"}}"#, "\"},{\"\n\\", Escape::Json), Ok(r#"{"a":"\"},{\"\n\\"}"#.to_owned()));
        let broken = "the value of `{row}` holds a control character, which no header may";
        assert_eq!(filled("{row}", "a\r\nx-evil: 1", Escape::Header), Err(broken.to_owned()));
    }

    #[test]
    fn what_is_missing_is_said_by_name() {
        let unknown = "`{rov}` is neither a column of the data file nor taken out of an earlier step";
        assert_eq!(filled("{rov}", "", Escape::Plain), Err(unknown.to_owned()));
        assert_eq!(filled("{id}", "", Escape::Plain), Err("`{id}` has no value".to_owned()));
        assert!(filled("{", "", Escape::Plain).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_a_template_or_an_error_in_words(text in ".*", row in ".*") {
            let path = Template::parse(&text, &source).map(Template::with_encoded_text);
            let filled = path.and_then(|path| path.fill(&Two(Some(&row), Some(&row)), Escape::Percent, Escape::Percent));
            prop_assert!(filled.is_err() || filled.is_ok_and(|path| path.bytes().all(|byte| byte.is_ascii_graphic())));
        }

        #[test]
        fn a_json_body_stays_json(row in ".*") {
            let body = filled(r#"{{"a":["{row}"]}}"#, &row, Escape::Json).unwrap();
            let read: serde_json::Value = serde_json::from_str(&body).unwrap();
            prop_assert_eq!(read, serde_json::json!({ "a": [row] }));
        }

        #[test]
        fn a_header_never_holds_a_line_break(row in "(.|\r|\n|\u{0}){0,20}") {
            if let Ok(header) = filled("a {row}", &row, Escape::Header) {
                prop_assert!(!header.contains(['\r', '\n', '\0']));
            }
        }
    }
}
