//! A sentence whose own words, foreign texts and numbers are kept apart, so that whoever shows it escapes the one and scales the other. Refuses to know how it is
//! shown.

use super::unit::{Quantity, Unit};

/// One part of a sentence.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Words of Tollgate's own.
    Say(String),
    /// A text from outside, or a literal: a name, a statement, a command.
    Name(String),
    /// A value, in its base unit.
    Number(Quantity),
    /// A share or a change, as a fraction: `0.05` is 5 %.
    Ratio(f64),
}

/// A sentence in parts, without a full stop.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct Words(Vec<Part>);

impl Words {
    /// A sentence that starts with words.
    pub fn new(text: impl Into<String>) -> Self {
        Self::default().say(text)
    }

    /// A sentence of these parts.
    pub fn of(parts: Vec<Part>) -> Self {
        Self(parts)
    }

    /// Goes on with words.
    pub fn say(mut self, text: impl Into<String>) -> Self {
        self.0.push(Part::Say(text.into()));
        self
    }

    /// Goes on with a text from outside.
    pub fn name(mut self, text: impl Into<String>) -> Self {
        self.0.push(Part::Name(text.into()));
        self
    }

    /// Goes on with a value in its base unit; one that is not finite is unknown.
    pub fn number(mut self, value: f64, unit: &Unit) -> Self {
        if !value.is_finite() {
            return self.say("unknown");
        }
        self.0.push(Part::Number(Quantity { value, unit: unit.clone() }));
        self
    }

    /// Goes on with a count.
    pub fn count(self, value: f64) -> Self {
        self.number(value, &Unit::Count)
    }

    /// Goes on with a share or a change, as a fraction; one that is not finite is unknown.
    pub fn ratio(mut self, ratio: f64) -> Self {
        if !ratio.is_finite() {
            return self.say("unknown");
        }
        self.0.push(Part::Ratio(ratio));
        self
    }

    /// Goes on with another sentence.
    pub fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The parts, in order.
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
