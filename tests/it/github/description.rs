//! GitHub's own description of its interface, cut down to the routes that are used, and what of a request or an answer goes against it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::npm;

/// The routes that Tollgate may use, below `/repos/{owner}/{repo}` but for the first.
const ROUTES: &[&str] = &[
    "/user",
    "/repos/{owner}/{repo}/actions/runs/{run_id}",
    "/repos/{owner}/{repo}/actions/runs",
    "/repos/{owner}/{repo}/actions/runs/{run_id}/artifacts",
    "/repos/{owner}/{repo}/actions/runs/{run_id}/rerun-failed-jobs",
    "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs",
    "/repos/{owner}/{repo}/check-runs",
    "/repos/{owner}/{repo}/check-runs/{check_run_id}",
    "/repos/{owner}/{repo}/collaborators/{username}/permission",
    "/repos/{owner}/{repo}/commits/{commit_sha}/pulls",
    "/repos/{owner}/{repo}/commits/{ref}/check-runs",
    "/repos/{owner}/{repo}/commits/{ref}/statuses",
    "/repos/{owner}/{repo}/contents/{path}",
    "/repos/{owner}/{repo}/git/ref/{ref}",
    "/repos/{owner}/{repo}/git/commits",
    "/repos/{owner}/{repo}/git/commits/{commit_sha}",
    "/repos/{owner}/{repo}/git/refs",
    "/repos/{owner}/{repo}/git/trees",
    "/repos/{owner}/{repo}/issues/comments/{comment_id}",
    "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
    "/repos/{owner}/{repo}/issues/{issue_number}/comments",
    "/repos/{owner}/{repo}/issues/{issue_number}/events",
    "/repos/{owner}/{repo}/issues/{issue_number}/labels",
    "/repos/{owner}/{repo}/pulls",
    "/repos/{owner}/{repo}/pulls/{pull_number}",
    "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers",
    "/repos/{owner}/{repo}/pulls/{pull_number}/reviews",
    "/repos/{owner}/{repo}/statuses/{sha}",
];

/// Refusals that any route may answer with; the description lists few of them.
const REFUSALS: &[u16] = &[401, 403, 404, 408, 409, 410, 422, 429, 500, 502, 503, 504];

/// The description of one verb on one route.
pub(crate) struct Operation {
    /// The route with its places: `/repos/{owner}/{repo}/pulls`.
    pub(crate) route: &'static str,
    verb: String,
    described: Value,
}

/// What is described, with everything that it refers to.
pub(crate) struct Description {
    paths: BTreeMap<&'static str, Map<String, Value>>,
    components: Value,
    validators: Mutex<BTreeMap<String, Arc<Validator>>>,
}

impl Description {
    /// GitHub's. Read once in a process: it has 13 MB.
    pub(crate) fn github() -> &'static Self {
        static READ: OnceLock<Description> = OnceLock::new();
        READ.get_or_init(|| {
            let file = npm::package(npm::OPENAPI).join("generated/api.github.com.json");
            let text = std::fs::read_to_string(file).expect("the package has it");
            let mut all: Value = serde_json::from_str(&text).expect("it is JSON");
            let mut paths = BTreeMap::new();
            for route in ROUTES {
                let described = all["paths"][route].as_object().expect("GitHub has the route").clone();
                paths.insert(*route, described);
            }
            let mut components = json!({});
            for described in paths.values() {
                for verb in described.values() {
                    keep(verb, &all["components"], &mut components);
                }
            }
            all.take();
            let schemas = components["schemas"].as_object_mut().expect("schemas are referred to");
            schemas.values_mut().for_each(as_json_schema);
            Self { paths, components, validators: Mutex::default() }
        })
    }

    /// Which operation a request asks for, with what stands in the route's places.
    pub(crate) fn find(&self, verb: &str, path: &str) -> Option<(Operation, BTreeMap<String, String>)> {
        let mut best: Option<(usize, &'static str, BTreeMap<String, String>)> = None;
        for route in self.paths.keys() {
            if let Some(places) = places(route, path) {
                let fixed = route.split('/').filter(|part| !part.starts_with('{')).count();
                if best.as_ref().is_none_or(|(other, ..)| fixed > *other) {
                    best = Some((fixed, route, places));
                }
            }
        }
        let (_, route, places) = best?;
        let verb = verb.to_ascii_lowercase();
        let described = self.paths[route].get(&verb)?.clone();
        Some((Operation { route, verb, described }, places))
    }

    /// The example that GitHub gives of a schema.
    pub(crate) fn example(&self, name: &str) -> Value {
        self.components["examples"][name]["value"].clone()
    }

    /// What of a request goes against the description.
    pub(crate) fn request(
        &self,
        operation: &Operation,
        query: &[(String, String)],
        body: Option<&Value>,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        let parameters = operation.described["parameters"].as_array().into_iter().flatten();
        let parameters: Vec<&Value> = parameters.map(|one| self.resolved(one)).collect();
        for (name, value) in query {
            match parameters.iter().find(|one| one["in"] == "query" && one["name"] == *name) {
                None => wrong.push(format!("there is no parameter `{name}`")),
                Some(one) if one["schema"]["type"] == "integer" && value.parse::<i64>().is_err() => {
                    wrong.push(format!("`{name}={value}` is no integer"));
                }
                Some(_) => {}
            }
            // The description says so in words only.
            if name == "per_page" && value.parse::<u32>().is_ok_and(|pages| pages > 100) {
                wrong.push(format!("per_page={value} is more than 100"));
            }
        }
        let described = &operation.described["requestBody"];
        let schema = &described["content"]["application/json"]["schema"];
        match body {
            None if described["required"] == true => wrong.push("the body is missing".to_owned()),
            None => {}
            Some(_) if schema.is_null() => wrong.push("there is a body, and none is described".to_owned()),
            Some(body) => {
                wrong.extend(self.against(&format!("{} {} body", operation.verb, operation.route), schema, body));
                let known = schema["properties"].as_object();
                for name in body.as_object().into_iter().flat_map(Map::keys) {
                    if known.is_some_and(|known| !known.contains_key(name)) {
                        wrong.push(format!("the body has `{name}`, which is not described"));
                    }
                }
            }
        }
        wrong
    }

    /// What of an answer goes against the description.
    pub(crate) fn answer(&self, operation: &Operation, status: u16, body: Option<&Value>) -> Vec<String> {
        let described = self.resolved(&operation.described["responses"][status.to_string()]).clone();
        let schema = match (&described["content"]["application/json"]["schema"], described.is_null()) {
            (_, true) if REFUSALS.contains(&status) => json!({"$ref": "#/components/schemas/basic-error"}),
            (_, true) => return vec![format!("{status} is not described")],
            (schema, false) => schema.clone(),
        };
        match (schema.is_null(), body) {
            (true, None) => Vec::new(),
            (true, Some(_)) => vec![format!("{status} has a body, and none is described")],
            (false, None) => vec![format!("{status} has no body")],
            (false, Some(body)) => {
                self.against(&format!("{} {} {status}", operation.verb, operation.route), &schema, body)
            }
        }
    }

    /// What of a value goes against a schema, whose validator is kept under a name.
    fn against(&self, name: &str, schema: &Value, value: &Value) -> Vec<String> {
        let made = self.validators.lock().expect("no test panics in it").get(name).cloned();
        let validator = made.unwrap_or_else(|| {
            let mut schema = schema.clone();
            as_json_schema(&mut schema);
            let whole = json!({"allOf": [schema], "components": self.components});
            let validator = Arc::new(jsonschema::validator_for(&whole).expect("a schema of GitHub's"));
            self.validators.lock().expect("no test panics in it").insert(name.to_owned(), validator.clone());
            validator
        });
        validator
            .iter_errors(value)
            .map(|error| format!("{}: {}", error.instance_path(), short(&error.to_string())))
            .collect()
    }

    /// What a reference leads to.
    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => self.resolved(&self.components[part(reference, 2)][part(reference, 3)]),
            None => value,
        }
    }
}

/// One part of `#/components/KIND/NAME`.
fn part(reference: &str, number: usize) -> &str {
    reference.split('/').nth(number).expect("a reference to a component")
}

fn short(text: &str) -> String {
    let length = text.chars().count();
    let start: String = text.chars().take(200).collect();
    let end: String = text.chars().skip(length.saturating_sub(200).max(200)).collect();
    if end.is_empty() { start } else { format!("{start} … {end}") }
}

/// Copies what a value refers to, and what that refers to.
fn keep(value: &Value, from: &Value, to: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                let (kind, name) = (part(reference, 2), part(reference, 3));
                if to[kind].get(name).is_none() {
                    to[kind][name] = from[kind][name].clone();
                    keep(&from[kind][name], from, to);
                }
            }
            fields.values().for_each(|field| keep(field, from, to));
        }
        Value::Array(items) => items.iter().for_each(|item| keep(item, from, to)),
        _ => {}
    }
}

/// The description writes `nullable` where JSON Schema has a type more.
fn as_json_schema(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("example");
            fields.values_mut().for_each(as_json_schema);
            if fields.get("nullable") == Some(&Value::Bool(true)) {
                fields.remove("nullable");
                if let Some(Value::Array(values)) = fields.get_mut("enum") {
                    values.push(Value::Null);
                }
                let whole = Value::Object(std::mem::take(fields));
                fields.insert("anyOf".to_owned(), json!([{"type": "null"}, whole]));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(as_json_schema),
        _ => {}
    }
}

/// What stands in the places of a route, where the path is one of it. The last place of these two holds slashes.
fn places(route: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let open = route.ends_with("/contents/{path}") || route.ends_with("/git/ref/{ref}");
    let (mut parts, mut found) = (path.split('/').peekable(), BTreeMap::new());
    let route: Vec<&str> = route.split('/').collect();
    for (at, part) in route.iter().enumerate() {
        let mut own = parts.next()?.to_owned();
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => {
                if open && at + 1 == route.len() {
                    own = [own].into_iter().chain(parts.by_ref().map(str::to_owned)).collect::<Vec<_>>().join("/");
                }
                found.insert(name.to_owned(), own);
            }
            None if own == *part => {}
            None => return None,
        }
    }
    parts.next().is_none().then_some(found)
}
