//! What a rule says: a cause, before it is known which rows it takes with it.

use crate::model::finding::{Certainty, Language, Location, Paste, Plans};
use crate::model::{Row, Words};

use super::case::Moved;

/// What a rule found.
#[derive(Clone, Debug)]
pub(super) struct Found<'a> {
    /// The row that it is named by.
    pub(super) row: &'a Row,
    pub(super) certainty: Certainty,
    pub(super) what: Words,
    pub(super) location: Option<Location>,
    pub(super) evidence: Vec<Words>,
    pub(super) cause: Words,
    pub(super) advice: Words,
    pub(super) paste: Option<Paste>,
    pub(super) plans: Option<Plans>,
}

impl<'a> Found<'a> {
    /// A cause that has no other explanation.
    pub(super) fn sure(row: &'a Row, what: Words) -> Self {
        let nothing = Words::default;
        Self {
            row,
            certainty: Certainty::Sure,
            what,
            location: None,
            evidence: Vec::new(),
            cause: nothing(),
            advice: nothing(),
            paste: None,
            plans: None,
        }
    }

    /// A cause beside which there may be others.
    pub(super) fn possible(row: &'a Row, what: Words) -> Self {
        Self { certainty: Certainty::Possible, ..Self::sure(row, what) }
    }

    /// The same, surely only where this holds.
    pub(super) fn sure_if(self, sure: bool) -> Self {
        Self { certainty: if sure { self.certainty } else { Certainty::Possible }, ..self }
    }

    /// With this reason.
    pub(super) fn because(self, cause: Words) -> Self {
        Self { cause, ..self }
    }

    /// With this advice.
    pub(super) fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: Words::new(advice), ..self }
    }

    /// With this place.
    pub(super) fn at(self, location: Location) -> Self {
        Self { location: Some(location), ..self }
    }

    /// With one more line of evidence.
    pub(super) fn seen(mut self, line: Words) -> Self {
        self.evidence.push(line);
        self
    }

    /// With how these moved, where they did.
    pub(super) fn moved(mut self, all: impl IntoIterator<Item = Option<Moved<'a>>>) -> Self {
        self.evidence.extend(all.into_iter().flatten().map(line));
        self
    }

    /// With a statement of a database to paste.
    pub(super) fn paste(self, text: &str) -> Self {
        Self { paste: Some(Paste { language: Language::Sql, text: text.to_owned() }), ..self }
    }
}

/// `queries` of `shop/list` went from 3 to 23.
pub(super) fn line(moved: Moved<'_>) -> Words {
    let unit = &moved.row.metric.unit;
    let id = &moved.row.metric.id;
    let said = Words::default().name(id.metric.as_str()).say(" of ").name(id.benchmark.to_string());
    said.say(" went from ").number(moved.base, unit).say(" to ").number(moved.head, unit)
}
