//! The flows of a scenario as data for the script: templates cut into texts and names, so that the script fills them and never parses them.

use serde::Serialize;
use serde_json::Value;

use crate::config::placeholder::{Piece, pieces};
use crate::config::scenario::{self, Body, Check, Credentials, Extract, FormContent, FormPart, Load, Step};

#[derive(Serialize)]
pub(super) struct Flow<'a> {
    weight: u32,
    data: Option<String>,
    steps: Vec<Sent<'a>>,
}

#[derive(Serialize)]
struct Sent<'a> {
    name: &'a str,
    method: &'a str,
    path: Vec<Text<'a>>,
    headers: Vec<(&'a str, Vec<Text<'a>>)>,
    body: Content<'a>,
    credentials: Option<Who<'a>>,
    extract: Vec<Taken<'a>>,
    statuses: Vec<u16>,
    checks: Vec<Looked<'a>>,
    redirects: u32,
    think_s: [f64; 2],
    timeout_ms: u64,
}

/// A run of text, or the name of a value.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Text<'a> {
    Text(&'a str),
    Value(&'a str),
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Content<'a> {
    Empty,
    Text { template: Vec<Text<'a>>, escape: &'static str },
    File { path: String },
    Form { parts: Vec<Part<'a>> },
}

#[derive(Serialize)]
struct Part<'a> {
    name: &'a str,
    template: Vec<Text<'a>>,
    file: Option<Attached<'a>>,
}

#[derive(Serialize)]
struct Attached<'a> {
    path: String,
    name: String,
    #[serde(rename = "type")]
    media_type: &'a str,
}

#[derive(Serialize)]
struct Who<'a> {
    user: Option<&'a str>,
    variable: &'a str,
}

#[derive(Serialize)]
struct Taken<'a> {
    name: &'a str,
    kind: &'static str,
    of: &'a str,
    label: String,
}

#[derive(Serialize)]
struct Looked<'a> {
    kind: &'static str,
    of: &'a str,
    value: Option<Value>,
    label: String,
}

impl<'a> Flow<'a> {
    /// The flow; what k6 does otherwise is added to `notes`.
    pub(super) fn new(flow: &'a scenario::Flow, load: &Load, notes: &mut Vec<String>) -> Result<Self, String> {
        let steps = flow.steps.iter().map(|step| sent(step, load, notes)).collect::<Result<_, _>>()?;
        if flow.data.is_some() && load.flows.len() > 1 {
            notes.push(format!(
                "flow `{}` takes the record with the number of the start of any flow, not of its own",
                flow.name
            ));
        }
        Ok(Self {
            weight: flow.weight,
            data: flow.data.as_ref().map(|data| data.path.to_string_lossy().into_owned()),
            steps,
        })
    }
}

fn sent<'a>(step: &'a Step, load: &Load, notes: &mut Vec<String>) -> Result<Sent<'a>, String> {
    let name = step.name.as_str();
    let wrong = |error: String| format!("step `{name}`: {error}");
    let headers = step.headers.iter().map(|(name, value)| Ok((name.as_str(), template(value)?)));
    let media_type = step.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let body = body(&step.body, media_type.map(|(_, value)| value.as_str())).map_err(wrong)?;
    if matches!(&body, Content::Form { parts } if parts.iter().all(|part| part.file.is_none())) {
        notes.push(format!("step `{name}`: k6 sends a form without a file as application/x-www-form-urlencoded"));
    }
    if step.redirects > 0 {
        notes.push(format!("step `{name}`: k6 counts each redirect as a request of its own"));
    }
    if step.extract.values().any(|one| matches!(one, Extract::Regex(_))) {
        notes.push(format!("step `{name}`: its regular expression is read by JavaScript's rules"));
    }
    let (mut statuses, mut checks) = (Vec::new(), Vec::new());
    for check in &step.checks {
        match check {
            Check::Status(these) => statuses.extend_from_slice(these),
            Check::Header(of, value) => checks.push(looked("header", of, value.clone().map(Value::from))),
            Check::Contains(of) => checks.push(looked("contains", of, None)),
            Check::Json(of, value) => checks.push(looked("json", of, Some(value.clone()))),
        }
    }
    let timeout = step.timeout.unwrap_or(load.timeout);
    Ok(Sent {
        name,
        method: &step.method,
        path: template(&step.path).map_err(wrong)?,
        headers: headers.collect::<Result<_, String>>().map_err(wrong)?,
        body,
        credentials: step.credentials.as_ref().map(who),
        extract: step.extract.iter().map(|(name, extract)| taken(name, extract)).collect(),
        statuses,
        checks,
        redirects: step.redirects,
        think_s: [step.think_time.0, step.think_time.1].map(|time| time.as_secs_f64()),
        timeout_ms: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
    })
}

fn template(text: &str) -> Result<Vec<Text<'_>>, String> {
    let pieces = pieces(text).map_err(|error| format!("{error} in `{text}`"))?;
    let texts = pieces.into_iter().filter(|piece| !matches!(piece, Piece::Text("")));
    Ok(texts
        .map(|piece| match piece {
            Piece::Text(text) => Text::Text(text),
            Piece::Name(name) => Text::Value(name),
        })
        .collect())
}

fn body<'a>(body: &'a Body, media_type: Option<&str>) -> Result<Content<'a>, String> {
    Ok(match body {
        Body::Empty => Content::Empty,
        Body::Text(text) => Content::Text { template: template(text)?, escape: escape(media_type) },
        Body::File(path) => Content::File { path: path.to_string_lossy().into_owned() },
        Body::Multipart(parts) => Content::Form { parts: parts.iter().map(part).collect::<Result<_, String>>()? },
    })
}

/// What values are made safe for in a body of this media type: the same as where Tollgate sends it.
fn escape(media_type: Option<&str>) -> &'static str {
    let essence = media_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/x-www-form-urlencoded" => "percent",
        json if json == "application/json" || json.ends_with("+json") => "json",
        _ => "plain",
    }
}

fn part(part: &FormPart) -> Result<Part<'_>, String> {
    Ok(match &part.content {
        FormContent::Text(text) => Part { name: &part.name, template: template(text)?, file: None },
        FormContent::File { path, media_type } => {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let file = Attached { path: path.to_string_lossy().into_owned(), name, media_type };
            Part { name: &part.name, template: Vec::new(), file: Some(file) }
        }
    })
}

fn who(credentials: &Credentials) -> Who<'_> {
    match credentials {
        Credentials::Basic { user, password_variable } => Who { user: Some(user), variable: password_variable },
        Credentials::Bearer { token_variable } => Who { user: None, variable: token_variable },
    }
}

fn taken<'a>(name: &'a str, extract: &'a Extract) -> Taken<'a> {
    let (kind, of) = match extract {
        Extract::Json(of) => ("json", of),
        Extract::Header(of) => ("header", of),
        Extract::Regex(of) => ("regex", of),
    };
    Taken { name, kind, of, label: format!("{{{name}}} is there") }
}

fn looked<'a>(kind: &'static str, of: &'a str, value: Option<Value>) -> Looked<'a> {
    let label = match &value {
        Some(value) => format!("{kind} {of} is {value}"),
        None => format!("{kind} {of}"),
    };
    Looked { kind, of, value, label }
}
