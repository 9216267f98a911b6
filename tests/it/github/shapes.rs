//! What the interface shows: GitHub's own examples with what matters filled in.

use serde_json::{Value, json};

use super::REPOSITORY;
use super::description::Description;
use super::state::{Call, Comment, Who};

impl Comment {
    /// The comment as the interface shows it.
    pub(super) fn shown(&self) -> Value {
        let mut shown = example("issue-comment");
        let address = format!("https://api.github.com/repos/{REPOSITORY}/issues");
        (shown["id"], shown["body"]) = (json!(self.id), json!(self.body));
        shown["url"] = json!(format!("{address}/comments/{}", self.id));
        shown["issue_url"] = json!(format!("{address}/{}", self.number));
        let (login, kind) = match &self.by {
            Who::Actions => ("github-actions[bot]".to_owned(), "Bot"),
            Who::App(slug) => (format!("{slug}[bot]"), "Bot"),
            Who::User(login) => ((*login).to_owned(), "User"),
        };
        (shown["user"]["login"], shown["user"]["type"]) = (json!(login), json!(kind));
        shown["performed_via_github_app"] = match &self.by {
            Who::User(_) => Value::Null,
            Who::Actions | Who::App(_) => {
                let mut app = example("check-run-example-of-completed-conclusion")["app"].clone();
                app["slug"] = json!(login.trim_end_matches("[bot]"));
                app
            }
        };
        shown
    }
}

/// Adds an output to a check run: annotations are added to those that are there.
pub(super) fn fill(run: &mut Value, output: &Value) {
    for field in ["title", "summary", "text"] {
        run["output"][field] = output[field].clone();
    }
    let more = output["annotations"].as_array().map_or(0, Vec::len) as u64;
    run["output"]["annotations_count"] = json!(run["output"]["annotations_count"].as_u64().unwrap_or(0) + more);
}

/// A pull request by GitHub's example.
pub(super) fn pull(number: u64, tip: &str) -> Value {
    let mut pull = example("pull-request");
    (pull["number"], pull["head"]["sha"]) = (json!(number), json!(tip));
    // The one of the example lacks a field that the description requires.
    pull["requested_teams"] = json!([]);
    pull
}

/// The same in a list.
pub(super) fn listed(number: u64, tip: &str) -> Value {
    let mut pull = example("pull-request-simple-items")[0].clone();
    (pull["number"], pull["head"]["sha"], pull["requested_teams"]) = (json!(number), json!(tip), json!([]));
    pull["base"]["ref"] = json!("main");
    pull
}

pub(super) fn reference(name: &str, commit: &str) -> Value {
    let mut reference = example("git-ref");
    (reference["ref"], reference["object"]["sha"]) = (json!(format!("refs/{name}")), json!(commit));
    reference
}

pub(super) fn example(name: &str) -> Value {
    Description::github().example(name)
}

/// The permission that a call needs.
pub(super) fn needed(call: &Call<'_>) -> Option<&'static str> {
    if call.verb == "GET" {
        return None;
    }
    let of = [
        ("/comments", "pull-requests: write"),
        ("/pulls", "pull-requests: write"),
        ("/labels", "pull-requests: write"),
        ("/check-runs", "checks: write"),
        ("/statuses", "statuses: write"),
        ("/git/", "contents: write"),
        ("/contents/", "contents: write"),
        ("/actions/", "actions: write"),
    ];
    of.into_iter().find(|(part, _)| call.route.contains(part)).map(|(_, permission)| permission)
}
