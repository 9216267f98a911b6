//! The grammar of who is told of findings.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::at::At;

/// Who is told of findings, by their severity. A finding is told to those of the highest severity named here that it reaches.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::config) struct Escalate {
    /// Of any finding.
    pub(in crate::config) low: Option<Told>,
    /// Of those by which something blocks.
    pub(in crate::config) medium: Option<Told>,
    /// Of those by which something became half as slow again, or broke its budget.
    pub(in crate::config) high: Option<Told>,
    /// Of those by which something became five times as slow, or fails.
    pub(in crate::config) critical: Option<Told>,
}

/// Who is told. Owners in a CODEOWNERS file of base are asked to review, too.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::config) struct Told {
    /// Labels for the pull request.
    #[serde(default)]
    #[schemars(example = &["performance"])]
    pub(in crate::config) labels: Vec<At<String>>,
    /// Who is asked to review: `octocat`, or `org/team`.
    #[serde(default)]
    #[schemars(example = &["octocat"])]
    pub(in crate::config) reviewers: Vec<At<String>>,
    /// Who else is to be told, as a text for people.
    #[schemars(example = &"performance@example.com")]
    pub(in crate::config) address: Option<At<String>>,
}
