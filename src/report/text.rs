//! A sentence as pieces of prose and pieces of code, so that each sink can mark and escape names its own way. Refuses to know any sink.

use std::fmt::{self, Write};

use serde::Serialize;

/// One piece of a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Piece {
    /// Whether it is a literal: a name, a command, a revision.
    code: bool,
    /// The text, unescaped.
    text: String,
}

/// A sentence as pieces; unescaped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Text(Vec<Piece>);

impl Text {
    /// A text that starts with prose.
    pub(super) fn prose(text: impl Into<String>) -> Self {
        Self::default().say(text)
    }

    /// A text that starts with a literal.
    pub(super) fn literal(text: impl Into<String>) -> Self {
        Self::default().code(text)
    }

    /// Goes on with prose.
    pub(super) fn say(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            self.0.push(Piece { code: false, text });
        }
        self
    }

    /// Goes on with a literal.
    pub(super) fn code(mut self, text: impl Into<String>) -> Self {
        self.0.push(Piece { code: true, text: text.into() });
        self
    }

    /// Goes on with another text.
    pub(super) fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Literals as one list: `a`, `b` and 3 more.
    pub(super) fn list(mut self, names: &[String], most: usize) -> Self {
        let shown = names.len().min(most);
        for (at, name) in names.iter().take(most).enumerate() {
            let last = at + 1 == names.len() && at > 0;
            self = self
                .say(if at == 0 {
                    ""
                } else if last {
                    " and "
                } else {
                    ", "
                })
                .code(name);
        }
        match names.len() - shown {
            0 => self,
            rest => self.say(format!(" and {} more", super::number::count(rest))),
        }
    }

    /// Whether there is nothing to say.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text in one line, literals between backticks unless they have some of their own, each piece passed through `escape`.
    pub(super) fn line(&self, escape: impl Fn(&str) -> String) -> String {
        let mut line = String::new();
        for piece in &self.0 {
            let text = escape(&piece.text);
            if piece.code && !text.contains('`') {
                line.push('`');
                line.push_str(&text);
                line.push('`');
            } else {
                line.push_str(&text);
            }
        }
        line
    }
}

/// Adds formatted text to a text.
pub(super) fn append(out: &mut String, text: fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a String takes any text");
}
