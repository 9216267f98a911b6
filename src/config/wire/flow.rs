//! The grammar of `[[scenario.<name>.flow]]` and its steps: what is sent, and what must come back.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{At, OneOrMany};

/// One way of a user through the service.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::config) struct Flow {
    /// Its name. Default: `flow` and its number.
    #[schemars(example = &"buy")]
    pub(in crate::config) name: Option<At<String>>,
    /// Its part of all flows that are started. Default: 1.
    #[schemars(range(min = 1, max = 1000))]
    pub(in crate::config) weight: Option<u32>,
    /// A file of values for `{name}`, one record for each start in turn: `.csv` with a header, or `.json` with a list of tables.
    #[schemars(example = &"bench/users.csv")]
    pub(in crate::config) data: Option<At<String>>,
    /// What is sent, in this order.
    pub(in crate::config) step: Vec<At<Step>>,
}

/// One named request. In path, headers and body, `{name}` stands for a value of the data file or of an earlier step; literal braces are written
/// `{{` and `}}`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::config) struct Step {
    /// The name of its metrics. Default: method and path.
    #[schemars(example = &"list items")]
    pub(in crate::config) name: Option<At<String>>,
    /// The method. Default: GET.
    #[schemars(example = &"POST")]
    pub(in crate::config) method: Option<At<String>>,
    /// Path and query. Default: `/`.
    #[schemars(example = &"/items/{id}")]
    pub(in crate::config) path: Option<At<String>>,
    /// Headers.
    #[serde(default)]
    pub(in crate::config) headers: BTreeMap<At<String>, At<String>>,
    /// The body as a text.
    pub(in crate::config) body: Option<At<String>>,
    /// The body as JSON; texts in it may hold `{name}`.
    pub(in crate::config) json: Option<At<Value>>,
    /// The body from a file, relative to the root of the repository.
    #[schemars(example = &"bench/order.bin")]
    pub(in crate::config) file: Option<At<String>>,
    /// The body as a form with parts.
    #[serde(default)]
    pub(in crate::config) form: BTreeMap<At<String>, At<FormField>>,
    /// Basic authentication.
    pub(in crate::config) basic: Option<At<Basic>>,
    /// The variable that holds a bearer token.
    #[schemars(example = &"WEB_TOKEN")]
    pub(in crate::config) bearer_variable: Option<At<String>>,
    /// Values of the reply for later steps, by name.
    #[serde(default)]
    pub(in crate::config) extract: BTreeMap<At<String>, At<Extract>>,
    /// What the reply must be like. Default: a status below 400.
    pub(in crate::config) check: Option<At<Check>>,
    /// How many redirects are followed. Default: 0.
    #[schemars(range(min = 0, max = 20))]
    pub(in crate::config) redirects: Option<At<u32>>,
    /// The pause before it: a time, or the least and the most. Default: the scenario's.
    #[schemars(example = &"1 s")]
    pub(in crate::config) think_time: Option<At<OneOrMany>>,
    /// The longest that it may take. Default: the scenario's.
    #[schemars(example = &"10 s")]
    pub(in crate::config) timeout: Option<At<String>>,
}

/// One part of a form.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::config) enum FormField {
    /// A text.
    Text(String),
    /// A file.
    File(FormFile),
}

/// A file in a form.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::config) struct FormFile {
    /// The file, relative to the root of the repository.
    #[schemars(example = &"bench/photo.jpg")]
    pub(in crate::config) file: String,
    /// Its media type. Default: application/octet-stream.
    #[schemars(example = &"image/jpeg")]
    pub(in crate::config) media_type: Option<String>,
}

/// Basic authentication. The password is never in this file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::config) struct Basic {
    /// The user.
    #[schemars(example = &"alice")]
    pub(in crate::config) user: At<String>,
    /// The variable that holds the password.
    #[schemars(example = &"WEB_PASSWORD")]
    pub(in crate::config) password_variable: At<String>,
}

/// Where in a reply a value is: one of the three.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::config) struct Extract {
    /// A JSON pointer into the body.
    #[schemars(example = &"/items/0/id")]
    pub(in crate::config) json: Option<At<String>>,
    /// The name of a header.
    #[schemars(example = &"location")]
    pub(in crate::config) header: Option<At<String>>,
    /// A regular expression over the body; its first group is the value.
    #[schemars(example = &"token=([a-z0-9]+)")]
    pub(in crate::config) regex: Option<At<String>>,
}

/// What a reply must be like; all of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::config) struct Check {
    /// The status, or several of which it is one.
    pub(in crate::config) status: Option<At<Statuses>>,
    /// Headers with their values; `*` for any.
    #[serde(default)]
    pub(in crate::config) headers: BTreeMap<At<String>, At<String>>,
    /// A text, or several, that the body holds.
    #[schemars(example = &"welcome")]
    pub(in crate::config) contains: Option<At<OneOrMany>>,
    /// JSON pointers into the body with the values that are there.
    #[serde(default)]
    pub(in crate::config) json: BTreeMap<At<String>, At<Value>>,
}

/// One status or several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::config) enum Statuses {
    /// One.
    One(#[schemars(range(min = 100, max = 599))] u16),
    /// Several.
    Many(#[schemars(inner(range(min = 100, max = 599)))] Vec<u16>),
}
