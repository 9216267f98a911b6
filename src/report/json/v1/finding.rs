//! A finding in schema 1, with both conversions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model;
use crate::model::finding::{self, FINDINGS_MAX, RuleId};
use crate::model::words::Part as ModelPart;
use crate::report::json::JsonError;
use crate::report::words;

use super::mirror::{Certainty, Language, Severity};
use super::{MetricId, Unit};

/// The most parts of a sentence, and the most rows and lines of a finding, that are read.
const PARTS_MAX: usize = 1_000;

/// Why rows are worse, and what to do about it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Finding {
    /// `PERF-001`, as the report numbers it. Written, never read.
    #[serde(default)]
    number: String,
    /// The rule that found it: `docs/findings.md` has a section for each.
    rule: String,
    severity: Severity,
    certainty: Certainty,
    /// What happened, as the sentence that every report has. Written, never read.
    #[serde(default)]
    message: String,
    /// The row that it is named by.
    row: MetricId,
    /// The other failing rows that it explains.
    others: Vec<MetricId>,
    what: Words,
    impact: Words,
    location: Option<Location>,
    /// What was seen, a line each.
    evidence: Vec<Words>,
    /// Why it is so, as far as can be told.
    cause: Words,
    /// What to try.
    advice: Words,
    /// What can be pasted for that.
    paste: Option<Paste>,
    plans: Option<Plans>,
    owner: Option<String>,
    /// Labels that its severity asks for.
    #[serde(default)]
    labels: Vec<String>,
    /// Who is asked to review.
    #[serde(default)]
    reviewers: Vec<String>,
    /// Who else is to be told.
    #[serde(default)]
    address: Option<String>,
}

/// A sentence in parts.
type Words = Vec<Part>;

/// One part of a sentence.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Part {
    /// Words of Tollgate's own.
    Say(String),
    /// A text from outside, or a literal.
    Name(String),
    /// A value in its base unit.
    Number(f64, Unit),
    /// A share or a change, as a fraction.
    Ratio(f64),
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Location {
    Query { text: String },
    Endpoint { name: String },
    Backend { name: String },
    Source { path: String, line: Option<u32> },
}

/// What can be pasted.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Paste {
    language: Language,
    text: String,
}

/// How a statement is carried out, in words of the database.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Plans {
    statement: String,
    base: Option<String>,
    head: Option<String>,
}

/// The findings, each with the number that the report gives it.
pub(super) fn written(findings: Vec<model::Finding>, numbers: &[String]) -> Vec<Finding> {
    let numbers = numbers.iter().cloned().chain(std::iter::repeat(String::new()));
    findings.into_iter().zip(numbers).map(|(found, number)| Finding { number, ..found.into() }).collect()
}

/// The findings of a file.
pub(super) fn read(findings: Vec<Finding>) -> Result<Vec<model::Finding>, JsonError> {
    if findings.len() > FINDINGS_MAX {
        return Err(JsonError::Invalid { what: format!("more than {FINDINGS_MAX} findings") });
    }
    findings.into_iter().map(TryInto::try_into).collect()
}

impl From<model::Finding> for Finding {
    fn from(value: model::Finding) -> Self {
        let message = words::plain(&value.what);
        let finding::Escalation { labels, reviewers, address } = value.escalation;
        Self {
            number: String::new(),
            rule: value.rule.to_string(),
            severity: value.severity.into(),
            certainty: value.certainty.into(),
            message,
            row: value.row.into(),
            others: value.others.into_iter().map(Into::into).collect(),
            what: parts(&value.what),
            impact: parts(&value.impact),
            location: value.location.map(Into::into),
            evidence: value.evidence.iter().map(parts).collect(),
            cause: parts(&value.cause),
            advice: parts(&value.advice),
            paste: value.paste.map(|paste| Paste { language: paste.language.into(), text: paste.text }),
            plans: value.plans.map(|finding::Plans { statement, base, head }| Plans { statement, base, head }),
            owner: value.owner,
            labels,
            reviewers,
            address,
        }
    }
}

impl TryFrom<Finding> for model::Finding {
    type Error = JsonError;

    fn try_from(value: Finding) -> Result<Self, JsonError> {
        let invalid = |what: String| JsonError::Invalid { what };
        let longest = [&value.what, &value.impact, &value.cause, &value.advice].map(Vec::len).into_iter();
        let longest =
            longest.chain(value.evidence.iter().map(Vec::len)).chain([value.others.len(), value.evidence.len()]);
        if longest.max().is_some_and(|most| most > PARTS_MAX) {
            return Err(invalid(format!("a finding with a list of more than {PARTS_MAX}")));
        }
        Ok(Self {
            rule: RuleId::new(&value.rule).map_err(|error| invalid(error.to_string()))?,
            severity: value.severity.into(),
            certainty: value.certainty.into(),
            row: value.row.try_into()?,
            others: value.others.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
            what: sentence(value.what)?,
            impact: sentence(value.impact)?,
            location: value.location.map(Into::into),
            evidence: value.evidence.into_iter().map(sentence).collect::<Result<_, _>>()?,
            cause: sentence(value.cause)?,
            advice: sentence(value.advice)?,
            paste: value.paste.map(|paste| finding::Paste { language: paste.language.into(), text: paste.text }),
            plans: value.plans.map(|Plans { statement, base, head }| finding::Plans { statement, base, head }),
            owner: value.owner,
            escalation: finding::Escalation {
                labels: value.labels,
                reviewers: value.reviewers,
                address: value.address,
            },
        })
    }
}

/// A sentence as it is written.
fn parts(words: &model::Words) -> Words {
    let part = |part: &ModelPart| match part {
        ModelPart::Say(text) => Part::Say(text.clone()),
        ModelPart::Name(text) => Part::Name(text.clone()),
        ModelPart::Number(number) => Part::Number(number.value, number.unit.clone().into()),
        ModelPart::Ratio(ratio) => Part::Ratio(*ratio),
    };
    words.parts().iter().map(part).collect()
}

/// A sentence as the model has it.
fn sentence(parts: Words) -> Result<model::Words, JsonError> {
    parts.into_iter().try_fold(model::Words::default(), |words, part| {
        Ok(match part {
            Part::Say(text) => words.say(text),
            Part::Name(text) => words.name(text),
            Part::Number(value, unit) => words.number(value, &unit.try_into()?),
            Part::Ratio(ratio) => words.ratio(ratio),
        })
    })
}

impl From<finding::Location> for Location {
    fn from(value: finding::Location) -> Self {
        match value {
            finding::Location::Query(text) => Self::Query { text },
            finding::Location::Endpoint(name) => Self::Endpoint { name },
            finding::Location::Backend(name) => Self::Backend { name },
            finding::Location::Source { path, line } => Self::Source { path, line },
        }
    }
}

impl From<Location> for finding::Location {
    fn from(value: Location) -> Self {
        match value {
            Location::Query { text } => Self::Query(text),
            Location::Endpoint { name } => Self::Endpoint(name),
            Location::Backend { name } => Self::Backend(name),
            Location::Source { path, line } => Self::Source { path, line },
        }
    }
}
