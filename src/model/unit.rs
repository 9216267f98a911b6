//! Units at the borders, base units inside: everything is held in seconds, bytes, counts or ratios, and scaled only where it is shown.

use std::fmt;

use super::name::Name;

/// The base unit of a metric's values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// A number of things: instructions, allocations, queries.
    Count,
    /// A fraction: `0.05` is 5 %.
    Ratio,
    /// Things per second.
    PerSecond,
    /// Bytes per second.
    BytesPerSecond,
    /// A unit that Tollgate does not know and never scales.
    Other(Name),
}

/// A value with its unit, in base units.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    /// The value in `unit`; finite.
    pub value: f64,
    /// The base unit.
    pub unit: Unit,
}

/// Why a text is not a [`Quantity`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// No number at the start.
    #[error("`{text}` does not start with a number")]
    NoNumber {
        /// The text.
        text: String,
    },
    /// The number is infinite or out of range.
    #[error("`{text}` is out of range")]
    OutOfRange {
        /// The text.
        text: String,
    },
    /// The unit is not one that a config may use.
    #[error("`{unit}` is not a unit")]
    UnknownUnit {
        /// The unit as written.
        unit: String,
    },
}

/// Every unit that a person may write: symbol, base unit, how many base units one of it is.
const SYMBOLS: &[(&str, Unit, f64)] = &[
    ("ns", Unit::Seconds, 1e-9),
    ("us", Unit::Seconds, 1e-6),
    ("µs", Unit::Seconds, 1e-6), // U+00B5 MICRO SIGN
    ("μs", Unit::Seconds, 1e-6), // U+03BC GREEK SMALL LETTER MU
    ("ms", Unit::Seconds, 1e-3),
    ("s", Unit::Seconds, 1.0),
    ("min", Unit::Seconds, 60.0),
    ("h", Unit::Seconds, 3600.0),
    ("B", Unit::Bytes, 1.0),
    ("kB", Unit::Bytes, 1e3),
    ("MB", Unit::Bytes, 1e6),
    ("GB", Unit::Bytes, 1e9),
    ("KiB", Unit::Bytes, 1024.0),
    ("MiB", Unit::Bytes, 1_048_576.0),
    ("GiB", Unit::Bytes, 1_073_741_824.0),
    ("%", Unit::Ratio, 0.01),
    ("ratio", Unit::Ratio, 1.0),
    ("", Unit::Count, 1.0),
    ("count", Unit::Count, 1.0),
    ("k", Unit::Count, 1e3),
    ("M", Unit::Count, 1e6),
    ("/s", Unit::PerSecond, 1.0),
    ("k/s", Unit::PerSecond, 1e3),
    ("M/s", Unit::PerSecond, 1e6),
    ("B/s", Unit::BytesPerSecond, 1.0),
    ("KiB/s", Unit::BytesPerSecond, 1024.0),
    ("MiB/s", Unit::BytesPerSecond, 1_048_576.0),
    ("GiB/s", Unit::BytesPerSecond, 1_073_741_824.0),
];

impl Unit {
    /// The base unit and scale of a written symbol; `None` for one that Tollgate does not know.
    pub fn parse(symbol: &str) -> Option<(Self, f64)> {
        SYMBOLS.iter().find(|(known, ..)| *known == symbol.trim()).map(|(_, unit, scale)| (unit.clone(), *scale))
    }

    /// The symbols that a person may write, for messages; without the empty one.
    pub fn symbols() -> impl Iterator<Item = &'static str> {
        SYMBOLS.iter().map(|(symbol, ..)| *symbol).filter(|symbol| !symbol.is_empty())
    }

    /// The base unit's own symbol, as it is stored: `s`, `B`, `count`, `ratio`, `/s`, `B/s`, or the foreign name.
    pub fn symbol(&self) -> &str {
        match self {
            Self::Seconds => "s",
            Self::Bytes => "B",
            Self::Count => "count",
            Self::Ratio => "ratio",
            Self::PerSecond => "/s",
            Self::BytesPerSecond => "B/s",
            Self::Other(name) => name.as_str(),
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

impl Quantity {
    /// Reads a human quantity such as `120 ms`, `64 MiB`, `5 %`, `1.5s` or `3`. A space before the unit is optional.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let trimmed = text.trim();
        let end = trimmed
            .char_indices()
            .find(|(at, c)| !(c.is_ascii_digit() || *c == '.' || *c == '_' || (*at == 0 && (*c == '-' || *c == '+'))))
            .map_or(trimmed.len(), |(at, _)| at);
        let (number, symbol) = trimmed.split_at(end);
        let value: f64 =
            number.replace('_', "").parse().map_err(|_| QuantityError::NoNumber { text: text.to_owned() })?;
        let (unit, scale) =
            Unit::parse(symbol).ok_or_else(|| QuantityError::UnknownUnit { unit: symbol.trim().to_owned() })?;
        let value = value * scale;
        if !value.is_finite() {
            return Err(QuantityError::OutOfRange { text: text.to_owned() });
        }
        Ok(Self { value, unit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn human_quantities_become_base_units() {
        let read = |text: &str| Quantity::parse(text).map(|q| (q.value, q.unit.symbol().to_owned()));
        assert_eq!(read("120 ms"), Ok((0.12, "s".to_owned())));
        assert_eq!(read("64MiB"), Ok((67_108_864.0, "B".to_owned())));
        assert_eq!(read(" 5 % "), Ok((0.05, "ratio".to_owned())));
        assert_eq!(read("1_000"), Ok((1000.0, "count".to_owned())));
        assert_eq!(read("-3 s"), Ok((-3.0, "s".to_owned())));
        assert_eq!(read("5 parsecs"), Err(QuantityError::UnknownUnit { unit: "parsecs".to_owned() }));
        assert_eq!(read("ms"), Err(QuantityError::NoNumber { text: "ms".to_owned() }));
    }
}
