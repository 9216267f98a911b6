//! Names of suites, benchmarks and metrics. They come from outside and may hold any character; whoever shows one escapes it.

use std::fmt;

/// The longest name that is accepted, in characters.
pub const NAME_LENGTH_MAX: usize = 512;

/// A name from outside: 1 to [`NAME_LENGTH_MAX`] characters, any but NUL. Hostile text until it is escaped by the sink that shows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Box<str>);

/// Why a text is not a [`Name`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The text has no characters.
    #[error("the name is empty")]
    Empty,
    /// The text has more than [`NAME_LENGTH_MAX`] characters.
    #[error("the name has {length} characters, more than {NAME_LENGTH_MAX}")]
    TooLong {
        /// How many characters it has.
        length: usize,
    },
    /// The text holds a NUL character, which no command line can carry.
    #[error("the name holds a NUL character")]
    Nul,
}

impl Name {
    /// Takes `text` as a name, as it is.
    pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
        let text = text.into();
        let length = text.chars().count();
        if length == 0 {
            return Err(NameError::Empty);
        }
        if length > NAME_LENGTH_MAX {
            return Err(NameError::TooLong { length });
        }
        if text.contains('\0') {
            return Err(NameError::Nul);
        }
        Ok(Self(text.into_boxed_str()))
    }

    /// The text, unescaped.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One benchmark of one suite. Shown as `suite/benchmark`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BenchmarkId {
    /// The suite's name in the config.
    pub suite: Name,
    /// The benchmark's full name as its harness gives it.
    pub benchmark: Name,
}

impl fmt::Display for BenchmarkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.suite, self.benchmark)
    }
}

/// One metric of one benchmark. Shown as `suite/benchmark:metric`, which is also how the command line and waivers name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricId {
    /// The benchmark.
    pub benchmark: BenchmarkId,
    /// The metric's name, such as `time` or `peak-rss`.
    pub metric: Name,
}

impl fmt::Display for MetricId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.benchmark, self.metric)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_hostile_characters_but_not_emptiness_length_or_nul() {
        assert_eq!(Name::new("a|b\n@c\u{1b}[0m").unwrap().as_str(), "a|b\n@c\u{1b}[0m");
        assert_eq!(Name::new(""), Err(NameError::Empty));
        assert_eq!(Name::new("x".repeat(513)), Err(NameError::TooLong { length: 513 }));
        assert_eq!(Name::new("a\0b"), Err(NameError::Nul));
    }
}
