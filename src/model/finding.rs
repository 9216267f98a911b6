//! Why rows are worse and what to do about it: one cause, the rows that it explains, its evidence. Refuses to decide whether anything blocks: the rows do that.

use std::fmt;

use super::name::MetricId;
use super::words::Words;

/// The most findings of a run.
pub const FINDINGS_MAX: usize = 200;
/// The longest name of a rule, in characters.
const RULE_LENGTH_MAX: usize = 64;

/// The documented name of the rule that found it: lower-case letters, digits and hyphens, such as `n-plus-one`. `docs/findings.md` has a section for each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleId(Box<str>);

/// The text is no name of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of a rule has 1 to {RULE_LENGTH_MAX} lower-case letters, digits and hyphens")]
pub struct RuleIdError;

impl RuleId {
    /// Takes `text` as the name of a rule.
    pub fn new(text: &str) -> Result<Self, RuleIdError> {
        let plain = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if plain && (1..=RULE_LENGTH_MAX).contains(&text.len()) { Ok(Self(text.into())) } else { Err(RuleIdError) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing blocks.
    Low,
    /// Something blocks, by little.
    Medium,
    /// A row became much worse, or a budget is missed.
    High,
    /// A row is beside its critical budget by far, or became several times worse.
    Critical,
}

impl Severity {
    /// All, the least first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// `low`, `medium`, `high` or `critical`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// How surely the cause is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// What was seen has no other explanation that is known.
    Sure,
    /// It fits what was seen, and so may others.
    Possible,
}

/// Where it is. All texts are foreign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A statement of a database.
    Query(String),
    /// A request of a scenario.
    Endpoint(String),
    /// One of several instances.
    Backend(String),
    /// A line of a file of the repository.
    Source {
        /// The file, relative to the repository.
        path: String,
        /// The line, counted from 1, where it is known.
        line: Option<u32>,
    },
}

/// In which language something can be pasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// For a database.
    Sql,
    /// For a shell.
    Shell,
}

/// What can be pasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paste {
    /// In which language.
    pub language: Language,
    /// The text. Foreign where it holds names.
    pub text: String,
}

/// How a statement is carried out in both arms, in words of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plans {
    /// The statement.
    pub statement: String,
    /// In base, where it has the statement and could be asked.
    pub base: Option<String>,
    /// In head.
    pub head: Option<String>,
}

/// Who is told, as the policy of base says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Escalation {
    /// Labels of the pull request.
    pub labels: Vec<String>,
    /// Who is asked to review it: `octocat`, `org/team`.
    pub reviewers: Vec<String>,
    /// Who else is to be told, as a text for people.
    pub address: Option<String>,
}

impl Escalation {
    /// Whether nobody is told.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One cause with everything that it explains.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule that found it.
    pub rule: RuleId,
    /// How bad it is.
    pub severity: Severity,
    /// How surely the cause is known.
    pub certainty: Certainty,
    /// The row that it is named by.
    pub row: MetricId,
    /// The other failing rows that it explains.
    pub others: Vec<MetricId>,
    /// What happened.
    pub what: Words,
    /// What it does to those who use the program.
    pub impact: Words,
    /// Where it is, if that is known.
    pub location: Option<Location>,
    /// What was seen, with numbers, a line each.
    pub evidence: Vec<Words>,
    /// Why it is so, as far as can be told.
    pub cause: Words,
    /// What to try.
    pub advice: Words,
    /// What can be pasted for that.
    pub paste: Option<Paste>,
    /// The plans of the statement, base's and head's.
    pub plans: Option<Plans>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Who is told.
    pub escalation: Escalation,
}

impl Finding {
    /// All rows that it explains, the one that it is named by first.
    pub fn rows(&self) -> impl Iterator<Item = &MetricId> {
        std::iter::once(&self.row).chain(&self.others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_rule_is_plain_and_short() {
        assert_eq!(RuleId::new("n-plus-one").unwrap().as_str(), "n-plus-one");
        for wrong in ["", "N+1", "a b", "<b>", &"x".repeat(65)] {
            assert_eq!(RuleId::new(wrong), Err(RuleIdError));
        }
    }
}
