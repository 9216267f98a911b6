//! One step of a scenario made ready: headers, path, body, checks and credentials, all problems of it at once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::scenario::{Credentials, Step};

use super::body::ReadyBody;
use super::check::{Checks, ReadyExtract, cut};
use super::exchange::Keep;
use super::flow::{ReadyStep, Recipe, Sent};
use super::template::{Source, Template, is_header_value};
use super::work::Means;

/// Headers that are the connection's, or that HTTP/2 has no place for.
const CONNECTION_HEADERS: [&str; 8] =
    ["host", "content-length", "connection", "transfer-encoding", "keep-alive", "proxy-connection", "upgrade", "te"];

/// Makes a step ready. `name` is the index of its name; `last` says that no other step of its flow follows. The step is missing where there are problems.
pub(super) fn ready(
    step: &Step,
    name: usize,
    last: bool,
    source: &dyn Fn(&str) -> Option<Source>,
    means: &Means<'_>,
) -> (Option<ReadyStep>, Vec<String>) {
    let mut problems = Vec::new();
    let recipe = recipe(step, source, means).map_err(|more| problems.extend(more)).ok();
    let checks = Checks::new(&step.checks).map_err(|more| problems.extend(more)).ok();
    let mut extract = Vec::new();
    for (name, wanted) in &step.extract {
        match ReadyExtract::new(wanted) {
            Ok(ready) => extract.push((name.clone(), 0, ready)),
            Err(problem) => problems.push(format!("`{}`: {problem}", cut(name))),
        }
    }
    let (Some(recipe), Some(checks), true) = (recipe, checks, problems.is_empty()) else { return (None, problems) };
    let cookies = !last || step.redirects > 0;
    let looks = extract.iter().map(|(_, _, extract)| extract.keep()).chain([checks.keep()]);
    let headers = cookies || means.load.backend_header.is_some();
    let keep = looks.fold(Keep { headers, body: false }, |one, other| Keep {
        headers: one.headers || other.headers,
        body: one.body || other.body,
    });
    let ready = ReadyStep {
        name,
        think_time: step.think_time,
        timeout: step.timeout.unwrap_or(means.load.timeout),
        redirects: step.redirects,
        sent: recipe.fixed().map_or(Sent::Filled(recipe), Sent::Fixed),
        keep,
        checks,
        extract,
        cookies,
        own: means.own.clone(),
        now_unix_s: means.now_unix_s,
        failed: std::sync::Mutex::default(),
    };
    (Some(ready), problems)
}

fn recipe(step: &Step, source: &dyn Fn(&str) -> Option<Source>, means: &Means<'_>) -> Result<Recipe, Vec<String>> {
    let mut problems = Vec::new();
    let path = Template::parse(&step.path, source).map(Template::with_encoded_text);
    let path = path.map_err(|error| problems.push(format!("path: {error}"))).ok();
    if path.as_ref().is_some_and(|path| !path.leads_with_value()) && !step.path.starts_with('/') {
        problems.push(format!("the path `{}` does not begin with `/`", cut(&step.path)));
    }
    if !step.method.bytes().all(is_token) || step.method.is_empty() || step.method == "CONNECT" {
        problems.push(format!("`{}` is no method that can be sent", cut(&step.method)));
    }
    let own = step.headers.iter().map(|(name, value)| header(name, value, source));
    let credentials = step.credentials.iter().map(|credentials| authorization(credentials, means));
    let mut headers = Vec::new();
    for header in own.chain(credentials) {
        match header {
            Ok(header) => headers.push(header),
            Err(problem) => problems.push(problem),
        }
    }
    if headers.iter().filter(|(name, _)| name == "authorization").count() > 1 {
        problems.push("it says who asks more than once".to_owned());
    }
    let media_type = step.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let media_type = media_type.map(|(_, value)| value.as_str());
    let body = ReadyBody::new(&step.body, media_type, means.root, source).map_err(|more| problems.extend(more)).ok();
    if let Some(form) = body.as_ref().and_then(ReadyBody::media_type) {
        headers.push(("content-type".to_owned(), Template::plain(form)));
    }
    match (path, body) {
        (Some(path), Some(body)) if problems.is_empty() => {
            Ok(Recipe { method: step.method.clone(), path, headers, body })
        }
        _ => Err(problems),
    }
}

fn header(name: &str, value: &str, source: &dyn Fn(&str) -> Option<Source>) -> Result<(String, Template), String> {
    let lower = name.to_ascii_lowercase();
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(format!("`{}` is no name of a header", cut(name)));
    }
    if CONNECTION_HEADERS.contains(&lower.as_str()) {
        return Err(format!("the header `{lower}` belongs to the connection and cannot be set"));
    }
    if !is_header_value(value) {
        return Err(format!("the header `{}` holds a control character", cut(&lower)));
    }
    let value = Template::parse(value, source).map_err(|error| format!("header `{}`: {error}", cut(&lower)))?;
    Ok((lower, value))
}

/// The header of credentials. No error holds a secret.
fn authorization(credentials: &Credentials, means: &Means<'_>) -> Result<(String, Template), String> {
    let secret = |variable: &str| match means.environment.get(variable) {
        None => Err(format!("the variable `{}` of its credentials is not set", cut(variable))),
        Some(secret) if secret.is_empty() => {
            Err(format!("the variable `{}` of its credentials is empty", cut(variable)))
        }
        Some(secret) if secret.chars().any(char::is_control) => Err(format!(
            "the variable `{}` of its credentials holds a control character, perhaps a line break",
            cut(variable)
        )),
        Some(secret) => Ok(secret),
    };
    let value = match credentials {
        Credentials::Basic { user, .. } if user.contains(':') || user.chars().any(char::is_control) => {
            return Err(format!("`{}` is no user of basic authentication", cut(user)));
        }
        Credentials::Basic { user, password_variable } => {
            format!("Basic {}", STANDARD.encode(format!("{user}:{}", secret(password_variable)?)))
        }
        Credentials::Bearer { token_variable } => format!("Bearer {}", secret(token_variable)?),
    };
    Ok(("authorization".to_owned(), Template::plain(value)))
}

/// Whether a byte may stand in a method or in the name of a header (RFC 9110, 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
