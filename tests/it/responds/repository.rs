//! As much of a repository on GitHub as commands in comments need, in memory, on loopback. Every request is held against GitHub's own description.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::github;

/// The head of the pull request.
pub(crate) const HEAD: &str = "77be01d377be01d377be01d377be01d377be01d3";
/// Another one, after a push.
pub(crate) const MOVED: &str = "0123456ab0123456ab0123456ab0123456ab0123";
/// The tip of the base branch.
const BASE: &str = "9a41c02b9a41c02b9a41c02b9a41c02b9a41c02b";

/// What is there, and what was asked for.
pub(crate) struct State {
    pub(crate) permission: String,
    pub(crate) body: String,
    /// What the comment says by now, where that is something else.
    pub(crate) body_now: Option<String>,
    pub(crate) head: String,
    pub(crate) branches: BTreeMap<String, String>,
    /// The waiver file of a commit.
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) trees: BTreeMap<String, String>,
    pub(crate) pulls: Vec<Value>,
    pub(crate) comments: Vec<String>,
    pub(crate) reactions: Vec<String>,
    pub(crate) reruns: Vec<u64>,
    pub(crate) attempt: u64,
    pub(crate) requests: Vec<String>,
    /// What of them goes against the description.
    pub(crate) wrong: Vec<String>,
    /// Requests that are refused, with which status.
    pub(crate) refused: BTreeMap<String, u16>,
    /// Requests that are carried out once and then answered with 502.
    pub(crate) bad_gateway_after: BTreeSet<String>,
}

/// The server.
pub(crate) struct Double {
    _runtime: Runtime,
    server: MockServer,
    state: Arc<Mutex<State>>,
}

impl Double {
    pub(crate) fn start() -> Self {
        let waivers =
            "# Ours.\n[[waiver]]\nid = \"core/old:time\"\nceiling = \"+5 %\"\nuntil = \"2027-01-31\"\nreason = \"x\"\n";
        let state = State {
            permission: "write".to_owned(),
            body: String::new(),
            body_now: None,
            head: HEAD.to_owned(),
            branches: BTreeMap::from([("main".to_owned(), BASE.to_owned())]),
            files: BTreeMap::from([(BASE.to_owned(), waivers.to_owned())]),
            trees: BTreeMap::new(),
            pulls: Vec::new(),
            comments: Vec::new(),
            reactions: Vec::new(),
            reruns: Vec::new(),
            attempt: 1,
            requests: Vec::new(),
            wrong: Vec::new(),
            refused: BTreeMap::new(),
            bad_gateway_after: BTreeSet::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let server = runtime.block_on(MockServer::start());
        let mock = Mock::given(any()).respond_with(Answers(state.clone()));
        runtime.block_on(mock.mount(&server));
        Self { _runtime: runtime, server, state }
    }

    pub(crate) fn url(&self) -> String {
        self.server.uri()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        let wrong = std::mem::take(&mut self.state().wrong);
        if !std::thread::panicking() {
            assert!(wrong.is_empty(), "against GitHub's own description:\n{}", wrong.join("\n"));
        }
    }
}

struct Answers(Arc<Mutex<State>>);

impl Respond for Answers {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let name = format!("{} {}", request.method, request.url.path());
        state.requests.push(name.clone());
        state.wrong.extend(github::against_description(request).into_iter().map(|wrong| format!("{name}: {wrong}")));
        let message = |status: u16| (status, json!({"message": "Resource not accessible by integration"}));
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let query: BTreeMap<String, String> = request.url.query_pairs().into_owned().collect();
        let (status, answer) = match state.refused.get(&name) {
            Some(status) => message(*status),
            None => match answer(&mut state, &name, &query, &body) {
                _ if state.bad_gateway_after.remove(&name) => (502, json!({"message": "Bad Gateway"})),
                Some(answer) => (if request.method == "POST" { 201 } else { 200 }, answer),
                None => (404, json!({"message": "Not Found"})),
            },
        };
        let needed = if name.contains("/git/") { "contents=write" } else { "actions=write" };
        let template = ResponseTemplate::new(status).set_body_json(answer);
        if status == 403 { template.insert_header("x-accepted-github-permissions", needed) } else { template }
    }
}

/// Whether a request's route is this one, with what follows it.
fn after<'a>(name: &'a str, route: &str) -> Option<&'a str> {
    name.strip_prefix(route)
}

/// What is answered; `None` where there is no such thing.
fn answer(state: &mut State, name: &str, query: &BTreeMap<String, String>, body: &Value) -> Option<Value> {
    let (verb, path) = name.split_once(' ')?;
    let route = path.strip_prefix("/repos/ada/engine/")?;
    let comment = |(at, text): (usize, &String)| {
        let user = json!({"login": "github-actions[bot]", "type": "Bot"});
        json!({"id": 500 + at, "body": text, "user": user, "performed_via_github_app": {"slug": "github-actions"}})
    };
    match (verb, route) {
        ("GET", "collaborators/ada/permission") => Some(json!({"permission": state.permission})),
        ("GET", "issues/comments/12") => {
            let text = state.body_now.as_ref().unwrap_or(&state.body);
            Some(json!({"id": 12, "body": text, "created_at": "2026-11-21T12:00:00Z"}))
        }
        ("GET", "issues/7/comments") => Some(state.comments.iter().enumerate().map(comment).collect()),
        ("POST", "issues/7/comments") => {
            state.comments.push(body["body"].as_str()?.to_owned());
            state.comments.iter().enumerate().next_back().map(comment)
        }
        ("PATCH", route) if route.starts_with("issues/comments/50") => {
            let at: usize = after(route, "issues/comments/50")?.parse().ok()?;
            body["body"].as_str()?.clone_into(state.comments.get_mut(at)?);
            Some(json!({"id": 500 + at}))
        }
        ("POST", "issues/comments/12/reactions") => {
            let sign = body["content"].as_str()?.to_owned();
            if !state.reactions.contains(&sign) {
                state.reactions.push(sign);
            }
            Some(json!({"id": 1}))
        }
        ("GET", "pulls/7") => Some(json!({"state": "open", "head": {"sha": state.head}, "base": {"ref": "main"}})),
        (_, route) if route.starts_with("actions/") => actions(state, verb, route, query),
        (_, route) => contents(state, verb, route, query, body),
    }
}

/// Runs of workflows.
fn actions(state: &mut State, verb: &str, route: &str, query: &BTreeMap<String, String>) -> Option<Value> {
    let run = |id: u64, number: u64, attempt: u64| {
        let started = if attempt > 1 { "2026-11-21T12:00:30Z" } else { "2026-11-21T11:00:00Z" };
        json!({
            "id": id, "run_number": number, "run_attempt": attempt, "head_sha": HEAD, "status": "completed",
            "conclusion": "failure", "run_started_at": started, "html_url": format!("https://github.example/runs/{id}"),
        })
    };
    match (verb, route) {
        ("GET", "actions/workflows/tollgate.yml/runs") if query.get("head_sha").map(String::as_str) == Some(HEAD) => {
            Some(json!({"total_count": 2, "workflow_runs": [run(9001, 41, 1), run(9002, 42, state.attempt)]}))
        }
        ("GET", "actions/runs/9002") => Some(run(9002, 42, state.attempt)),
        ("POST", "actions/runs/9002/rerun-failed-jobs") => {
            state.reruns.push(9002);
            state.attempt += 1;
            Some(json!({}))
        }
        _ => None,
    }
}

/// Branches, files and pull requests.
fn contents(
    state: &mut State,
    verb: &str,
    route: &str,
    query: &BTreeMap<String, String>,
    body: &Value,
) -> Option<Value> {
    match (verb, route) {
        ("GET", route) if route.starts_with("git/ref/heads/") => {
            let tip = state.branches.get(after(route, "git/ref/heads/")?)?;
            Some(json!({"ref": "x", "object": {"sha": tip}}))
        }
        ("GET", "contents/tollgate-waivers.toml") => {
            let text = STANDARD.encode(state.files.get(query.get("ref")?)?);
            let (start, end) = text.split_at(text.len() / 2);
            Some(json!({"type": "file", "encoding": "base64", "content": format!("{start}\n{end}\n")}))
        }
        ("GET", route) if route.starts_with("git/commits/") => {
            Some(json!({"sha": after(route, "git/commits/")?, "tree": {"sha": "1".repeat(40)}}))
        }
        ("POST", "git/trees") => {
            let sha = format!("{:040x}", 0x1000 + state.trees.len());
            assert_eq!((&body["base_tree"], &body["tree"][0]["mode"]), (&json!("1".repeat(40)), &json!("100644")));
            state.trees.insert(sha.clone(), body["tree"][0]["content"].as_str()?.to_owned());
            Some(json!({"sha": sha}))
        }
        ("POST", "git/commits") => {
            let sha = format!("{:040x}", 0x2000 + state.files.len());
            assert_eq!(body["parents"], json!([BASE]));
            let text = state.trees.get(body["tree"].as_str()?)?.clone();
            state.files.insert(sha.clone(), text);
            Some(json!({"sha": sha}))
        }
        ("POST", "git/refs") => {
            let branch = body["ref"].as_str()?.strip_prefix("refs/heads/")?.to_owned();
            assert!(!state.branches.contains_key(&branch), "GitHub would say that it exists");
            state.branches.insert(branch, body["sha"].as_str()?.to_owned());
            Some(json!({"ref": body["ref"], "object": {"sha": body["sha"]}}))
        }
        ("GET", "pulls") => {
            let head = query.get("head")?.strip_prefix("ada:")?;
            let found = state.pulls.iter().filter(|pull| pull["head"] == head);
            Some(found.cloned().collect())
        }
        ("POST", "pulls") => {
            let mut pull = body.clone();
            pull["number"] = json!(101 + state.pulls.len());
            state.pulls.push(pull.clone());
            Some(pull)
        }
        _ => None,
    }
}
