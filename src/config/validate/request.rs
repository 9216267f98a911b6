//! Requests: method, path, headers, body, who asks, and what must come back. Refuses to know in which flow they are.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use crate::config::at::At;
use crate::config::problem::{nearest, quoted};
use crate::config::scenario::{Body, Check, Credentials, Extract, FormContent, FormPart};
use crate::config::wire::{self, FormField, OneOrMany, Statuses};
use crate::config::{placeholder, problem};

use super::Reader;
use super::flow::Known;

/// The longest path, header or text that is looked for, in bytes.
const TEXT_BYTES_MAX: usize = 8192;
/// The longest regular expression, in bytes.
const REGEX_BYTES_MAX: usize = 1000;
/// The longest name of a value or of a variable, in bytes.
const NAME_BYTES_MAX: usize = 128;
/// Headers that hold a secret, and are refused here.
const SECRET: [&str; 2] = ["authorization", "proxy-authorization"];
/// Headers that follow from the connection and the body.
const OWN: [&str; 8] =
    ["connection", "content-length", "host", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"];
/// How TOML's dates come out where JSON is read.
const DATE: &str = "$__toml_private_datetime";

impl Reader<'_, '_> {
    pub(super) fn method(&mut self, method: &At<String>) -> Option<String> {
        const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
        let text = &method.value;
        let plain = !text.is_empty() && text.len() <= 32 && text.chars().all(|c| c.is_ascii_uppercase() || c == '-');
        if plain && text != "CONNECT" {
            return Some(text.clone());
        }
        let help = problem::did_you_mean(text, METHODS);
        self.problems.add(&method.span, format!("{} is not a method", quoted(text)), help);
        None
    }

    /// A path without templates: that of a readiness or a health check.
    pub(super) fn plain_path(&mut self, path: &At<String>) -> Option<String> {
        self.sound_path(path, &['/']).then(|| path.value.clone())
    }

    /// Path and query of a request, with templates.
    pub(super) fn request_path(&mut self, path: &At<String>, known: &Known) -> Option<String> {
        // A whole path may come from an earlier reply: `{next}`.
        let sound = self.sound_path(path, &['/', '{']);
        (self.template(&path.value, &path.span, known) && sound).then(|| path.value.clone())
    }

    fn sound_path(&mut self, path: &At<String>, begins: &[char]) -> bool {
        let text = &path.value;
        let help = if !text.starts_with(begins) {
            "it begins with `/`; the host stands in `url`"
        } else if text.contains('#') {
            "leave the part from `#` on out: it is never sent"
        } else if text.contains(|c: char| c.is_control() || c.is_whitespace() || !c.is_ascii()) {
            "write spaces and letters other than a to z as in `%20`"
        } else if text.len() > TEXT_BYTES_MAX {
            "it is longer than 8 KiB"
        } else {
            return true;
        };
        self.problems.add(&path.span, format!("{} is not a path", quoted(text)), Some(help.to_owned()));
        false
    }

    /// Whether every `{name}` stands for something.
    fn template(&mut self, text: &str, span: &Range<usize>, known: &Known) -> bool {
        let names = match placeholder::names(text) {
            Ok(names) => names,
            Err(error) => {
                let help =
                    "literal braces are written `{{` and `}}`; a body of JSON is better written as `json = { … }`";
                self.problems.add(span, format!("{error} in {}", quoted(text)), Some(help.to_owned()));
                return false;
            }
        };
        let strange = |name: &&&str| !known.data && !known.extracted.contains(**name);
        let Some(name) = names.iter().find(strange) else { return true };
        let help = match nearest(name, known.extracted.iter().map(String::as_str)) {
            Some(known) => format!("did you mean `{{{known}}}`?"),
            None => "a value comes from the flow's `data`, or from `extract` of an earlier step; literal braces are written `{{` and `}}`".to_owned(),
        };
        self.problems.add(span, format!("{} stands for nothing", quoted(&format!("{{{name}}}"))), Some(help));
        false
    }

    pub(super) fn headers(
        &mut self,
        headers: &BTreeMap<At<String>, At<String>>,
        known: &Known,
    ) -> Vec<(String, String)> {
        for (name, value) in headers {
            self.header_name(name);
            let lower = name.value.to_ascii_lowercase();
            if SECRET.contains(&lower.as_str()) {
                let help = "secrets stay out of this file: `bearer-variable = \"WEB_TOKEN\"` or `basic = { user = \"…\", password-variable = \"…\" }` name the variable that holds one";
                self.problems.add(
                    &name.span,
                    format!("{} is no header to write here", quoted(&name.value)),
                    Some(help.to_owned()),
                );
            } else if OWN.contains(&lower.as_str()) {
                let message = format!("{} follows from the connection and the body", quoted(&name.value));
                self.problems.add(&name.span, message, Some("leave it out".to_owned()));
            }
            if value.value.contains(|c: char| c.is_control()) || value.value.len() > TEXT_BYTES_MAX {
                self.problems.add(&value.span, "a header's value holds a control character or more than 8 KiB", None);
            }
            self.template(&value.value, &value.span, known);
        }
        headers.iter().map(|(name, value)| (name.value.clone(), value.value.clone())).collect()
    }

    fn header_name(&mut self, name: &At<String>) -> bool {
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        let sound = !name.value.is_empty() && name.value.len() <= NAME_BYTES_MAX && name.value.chars().all(token);
        if !sound {
            self.problems.add(&name.span, format!("{} is not the name of a header", quoted(&name.value)), None);
        }
        sound
    }

    /// The body; one of JSON brings its header along.
    pub(super) fn body(
        &mut self,
        step: &wire::Step,
        headers: &mut Vec<(String, String)>,
        known: &Known,
    ) -> Option<Body> {
        let spans = [
            ("body", step.body.as_ref().map(|at| &at.span)),
            ("json", step.json.as_ref().map(|at| &at.span)),
            ("file", step.file.as_ref().map(|at| &at.span)),
            ("form", step.form.keys().next().map(|at| &at.span)),
        ];
        let set: Vec<(&str, &Range<usize>)> = spans.into_iter().filter_map(|(key, span)| Some((key, span?))).collect();
        if let [(first, _), (key, span), ..] = set.as_slice() {
            let help = format!("keep one of `{first}` and `{key}`");
            self.problems.add(span, format!("`{key}` is a second body"), Some(help));
            return None;
        }
        if let Some(text) = &step.body {
            return self.template(&text.value, &text.span, known).then(|| Body::Text(text.value.clone()));
        }
        if let Some(json) = &step.json {
            if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                headers.push(("content-type".to_owned(), "application/json".to_owned()));
            }
            let text = self.is_json(json).then(|| json_template(&json.value))?;
            return self.template(&text, &json.span, known).then_some(Body::Text(text));
        }
        if let Some(file) = &step.file {
            return self.path(file).map(Body::File);
        }
        if step.form.is_empty() {
            return Some(Body::Empty);
        }
        if let Some(name) = step.headers.keys().find(|name| name.value.eq_ignore_ascii_case("content-type")) {
            self.problems.add(&name.span, "a form makes its own `content-type`", Some("leave it out".to_owned()));
        }
        let parts: Vec<Option<FormPart>> =
            step.form.iter().map(|(name, field)| self.form_part(name, field, known)).collect();
        parts.into_iter().collect::<Option<_>>().map(Body::Multipart)
    }

    fn form_part(&mut self, name: &At<String>, field: &At<FormField>, known: &Known) -> Option<FormPart> {
        let unfit = |text: &str| text.is_empty() || text.contains(|c: char| c.is_control() || c == '"');
        if unfit(&name.value) {
            self.problems.add(&name.span, format!("{} is not the name of a part", quoted(&name.value)), None);
            return None;
        }
        let content = match &field.value {
            FormField::Text(text) => {
                self.template(text, &field.span, known).then(|| FormContent::Text(text.clone()))?
            }
            FormField::File(file) => {
                let media_type = file.media_type.as_deref().unwrap_or("application/octet-stream");
                if unfit(media_type) || !media_type.contains('/') {
                    let help = Some("such as `image/jpeg`".to_owned());
                    self.problems.add(&field.span, format!("{} is not a media type", quoted(media_type)), help);
                }
                let path = self.file(&file.file, &field.span)?;
                FormContent::File { path, media_type: media_type.to_owned() }
            }
        };
        Some(FormPart { name: name.value.clone(), content })
    }

    /// Whether a value of TOML is one of JSON.
    fn is_json(&mut self, value: &At<Value>) -> bool {
        let sound = is_json(&value.value);
        if !sound {
            let help = Some("JSON has no dates, no infinity and no NaN: write a text".to_owned());
            self.problems.add(&value.span, "not a value that JSON has", help);
        }
        sound
    }

    pub(super) fn credentials(
        &mut self,
        basic: Option<&At<wire::Basic>>,
        bearer: Option<&At<String>>,
    ) -> Option<Credentials> {
        match (basic, bearer) {
            (Some(basic), None) => {
                let variable = self.variable(&basic.value.password_variable);
                let user = &basic.value.user;
                if user.value.contains(|c: char| c.is_control() || c == ':') {
                    self.problems.add(&user.span, "a user of basic authentication holds no `:`", None);
                }
                Some(Credentials::Basic { user: user.value.clone(), password_variable: variable? })
            }
            (None, bearer) => Some(Credentials::Bearer { token_variable: self.variable(bearer?)? }),
            (Some(_), Some(bearer)) => {
                let help = Some("keep one of `basic` and `bearer-variable`".to_owned());
                self.problems.add(&bearer.span, "two ways to say who asks", help);
                None
            }
        }
    }

    /// The name of a variable. What is not one may be a secret, and is not repeated.
    pub(super) fn variable(&mut self, name: &At<String>) -> Option<String> {
        if is_identifier(&name.value, '_') {
            return Some(name.value.clone());
        }
        let help = "letters, digits and `_`, such as `WEB_TOKEN`; the secret itself stays out of this file".to_owned();
        self.problems.add(&name.span, "this is not the name of a variable", Some(help));
        None
    }

    pub(super) fn extracts(&mut self, extracts: &BTreeMap<At<String>, At<wire::Extract>>) -> BTreeMap<String, Extract> {
        let mut read = BTreeMap::new();
        for (name, from) in extracts {
            if !is_identifier(&name.value, '-') {
                let help = Some("letters, digits, `-` and `_`, not a digit first".to_owned());
                self.problems.add(&name.span, format!("{} is not a name for a value", quoted(&name.value)), help);
            }
            read.extend(self.extract(from).map(|from| (name.value.clone(), from)));
        }
        read
    }

    fn extract(&mut self, At { value, span }: &At<wire::Extract>) -> Option<Extract> {
        match (&value.json, &value.header, &value.regex) {
            (Some(pointer), None, None) => self.pointer(pointer).then(|| Extract::Json(pointer.value.clone())),
            (None, Some(name), None) => self.header_name(name).then(|| Extract::Header(name.value.clone())),
            (None, None, Some(regex)) => {
                if regex.value.len() <= REGEX_BYTES_MAX && regex.value.contains('(') {
                    return Some(Extract::Regex(regex.value.clone()));
                }
                let help =
                    format!("at most {REGEX_BYTES_MAX} bytes, with the value in `(…)`, as in `token=([a-z0-9]+)`");
                self.problems.add(&regex.span, format!("{} finds no value", quoted(&regex.value)), Some(help));
                None
            }
            _ => {
                let help = "exactly one of `json`, `header` and `regex`".to_owned();
                self.problems.add(span, "a value comes from one place", Some(help));
                None
            }
        }
    }

    fn pointer(&mut self, pointer: &At<String>) -> bool {
        let sound =
            (pointer.value.is_empty() || pointer.value.starts_with('/')) && pointer.value.len() <= TEXT_BYTES_MAX;
        if !sound {
            let help = Some("such as `/items/0/id`; an empty one is the whole body".to_owned());
            self.problems.add(&pointer.span, format!("{} is not a JSON pointer", quoted(&pointer.value)), help);
        }
        sound
    }

    pub(super) fn checks(&mut self, At { value: check, span }: &At<wire::Check>) -> Option<Vec<Check>> {
        let mut checks = Vec::new();
        let mut sound = true;
        if let Some(status) = &check.status {
            let all = match &status.value {
                Statuses::One(status) => vec![*status],
                Statuses::Many(all) => all.clone(),
            };
            sound &= !all.is_empty();
            checks.push(Check::Status(all));
        }
        for (name, value) in &check.headers {
            sound &= self.header_name(name);
            checks.push(Check::Header(name.value.clone(), (value.value != "*").then(|| value.value.clone())));
        }
        if let Some(texts) = &check.contains {
            let texts = match &texts.value {
                OneOrMany::One(text) => std::slice::from_ref(text),
                OneOrMany::Many(texts) => texts,
            };
            sound &= texts.iter().all(|text| !text.is_empty() && text.len() <= TEXT_BYTES_MAX);
            checks.extend(texts.iter().cloned().map(Check::Contains));
        }
        for (pointer, value) in &check.json {
            sound &= self.pointer(pointer) && self.is_json(value);
            checks.push(Check::Json(pointer.value.clone(), value.value.clone()));
        }
        if checks.is_empty() || !sound {
            let help = "set `status`, `headers`, `contains` or `json` to something, or leave `check` out".to_owned();
            self.problems.add(span, "a check of nothing", Some(help));
            return None;
        }
        Some(checks)
    }
}

/// A letter first, then letters, digits and one more.
fn is_identifier(text: &str, also: char) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == also;
    text.len() <= NAME_BYTES_MAX
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(plain)
}

fn is_json(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(items) => items.iter().all(is_json),
        Value::Object(table) => !table.contains_key(DATE) && table.values().all(is_json),
    }
}

/// JSON as a template: its own braces are doubled, those in its texts are the template's.
fn json_template(value: &Value) -> String {
    let text = |text: &str| Value::from(text).to_string();
    match value {
        Value::Object(table) => {
            let entries: Vec<String> =
                table.iter().map(|(key, value)| format!("{}:{}", text(key), json_template(value))).collect();
            format!("{{{{{}}}}}", entries.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(json_template).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}
