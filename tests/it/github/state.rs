//! What is on the server, and what it answers. Refuses to know how a thing is shown.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::REPOSITORY;
use super::shapes::{example, fill, needed, reference};

/// The most characters of a comment. The description does not say so.
const COMMENT_CHARS_MAX: usize = 65_536;

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// A job, by its own token.
    Actions,
    /// Another app, by its short name.
    App(&'static str),
    /// A user, by login.
    User(&'static str),
}

/// A comment.
#[derive(Clone, Debug)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) by: Who,
    pub(crate) body: String,
}

/// What was asked for.
pub(crate) struct Call<'a> {
    pub(crate) verb: &'a str,
    pub(crate) route: &'static str,
    pub(crate) places: &'a BTreeMap<String, String>,
    pub(crate) query: &'a [(String, String)],
    pub(crate) body: &'a Value,
    /// The address of the interface.
    pub(crate) address: &'a str,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Option<Value>,
    pub(crate) headers: Vec<(String, String)>,
}

/// What is on the server.
pub(crate) struct State {
    /// Whose token is used.
    pub(crate) token: Who,
    /// What the token may do, as a workflow says it.
    pub(crate) may: BTreeSet<&'static str>,
    /// All comments, oldest first.
    pub(crate) comments: Vec<Comment>,
    /// All check runs, oldest first.
    pub(crate) check_runs: Vec<Value>,
    /// Commit and status, oldest first.
    pub(crate) statuses: Vec<(String, Value)>,
    /// Number and tip of each pull request.
    pub(crate) pulls: BTreeMap<u64, String>,
    /// The labels of all pull requests.
    pub(crate) labels: Vec<String>,
    /// Who was asked for a review of them, oldest first; a team as `org/team`.
    pub(crate) asked: Vec<String>,
    /// Who was asked and is not any more, because somebody took the request back or reviewed for the team.
    pub(crate) asked_before: Vec<String>,
    /// Who has reviewed them.
    pub(crate) reviewed: Vec<&'static str>,
    /// Who has no access to the repository, and so cannot be asked.
    pub(crate) outsiders: Vec<&'static str>,
    /// Pull requests that were opened here, oldest first.
    pub(crate) proposed: Vec<Value>,
    /// Who may do what in the repository.
    pub(crate) permissions: BTreeMap<String, &'static str>,
    /// The files of the default branch.
    pub(crate) files: BTreeMap<String, String>,
    /// Where branches are, such as `heads/main`.
    pub(crate) refs: BTreeMap<String, String>,
    /// The runs that were started again.
    pub(crate) rerun: Vec<u64>,
    /// What another job writes in the same moment, just before our next comment.
    pub(crate) rival: Option<String>,
    /// One answer that is not as described: verb, end of the route, body.
    pub(crate) spoil: Option<(&'static str, &'static str, Value)>,
    ids: u64,
}

impl Answer {
    /// A thing.
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { status, body: Some(body), headers: Vec::new() }
    }

    /// A refusal.
    pub(crate) fn refused(status: u16, message: &str) -> Self {
        let body = json!({"message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string()});
        Self::json(status, body)
    }

    /// A wrong value of a field.
    pub(super) fn invalid(resource: &str, message: &str) -> Self {
        let errors = json!([{"resource": resource, "code": "unprocessable", "field": "data", "message": message}]);
        let body = json!({"message": "Validation Failed", "errors": errors, "documentation_url": "https://docs.github.com/rest"});
        Self::json(422, body)
    }
}

impl Call<'_> {
    /// What stands in a place of the route.
    pub(super) fn place(&self, name: &str) -> &str {
        &self.places[name]
    }

    pub(super) fn number(&self, name: &str) -> u64 {
        self.place(name).parse().unwrap_or(0)
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn text(&self, field: &str) -> String {
        self.body[field].as_str().unwrap_or_default().to_owned()
    }

    /// One page of a list, with a link to the next.
    pub(super) fn page(&self, mut all: Vec<Value>) -> Answer {
        let number =
            |name: &str, default: usize| self.query(name).and_then(|text| text.parse().ok()).unwrap_or(default);
        let (size, page) = (number("per_page", 30), number("page", 1));
        let more = all.len() > size * page;
        let rest = all.split_off((size * (page - 1)).min(all.len()));
        let mut answer = Answer::json(200, rest.into_iter().take(size).collect());
        if more {
            let path = self.route.replacen("/repos/{owner}/{repo}", "/repositories/1", 1);
            let path = self.places.iter().fold(path, |path, (name, value)| path.replace(&format!("{{{name}}}"), value));
            let link =
                |page: usize, rel: &str| format!("<{}{path}?per_page={size}&page={page}>; rel=\"{rel}\"", self.address);
            answer.headers.push(("link".to_owned(), format!("{}, {}", link(page + 1, "next"), link(99, "last"))));
        }
        answer
    }
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            token: Who::Actions,
            may: ["actions: write", "checks: write", "contents: write", "pull-requests: write", "statuses: write"]
                .into(),
            comments: Vec::new(),
            check_runs: Vec::new(),
            statuses: Vec::new(),
            pulls: BTreeMap::new(),
            labels: Vec::new(),
            asked: Vec::new(),
            asked_before: Vec::new(),
            reviewed: Vec::new(),
            outsiders: Vec::new(),
            proposed: Vec::new(),
            permissions: BTreeMap::new(),
            files: BTreeMap::new(),
            refs: BTreeMap::new(),
            rerun: Vec::new(),
            rival: None,
            spoil: None,
            ids: 1000,
        }
    }

    /// Somebody writes a comment.
    pub(crate) fn comment(&mut self, number: u64, by: Who, body: impl Into<String>) -> u64 {
        let id = self.id();
        self.comments.push(Comment { id, number, by, body: body.into() });
        id
    }

    /// What the comments of a pull request say that the token wrote.
    pub(crate) fn ours(&self, number: u64) -> Vec<&str> {
        let ours = self.comments.iter().filter(|comment| comment.number == number && comment.by == self.token);
        ours.map(|comment| comment.body.as_str()).collect()
    }

    fn id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// Does what is asked for.
    pub(super) fn answer(&mut self, call: &Call<'_>) -> Answer {
        if let Some((verb, route, body)) = &self.spoil
            && *verb == call.verb
            && call.route.ends_with(route)
        {
            return Answer::json(200, body.clone());
        }
        if let Some(needed) = needed(call)
            && !self.may.contains(needed)
        {
            let mut answer = Answer::refused(403, "Resource not accessible by integration");
            let header = needed.replace('-', "_").replace(": ", "=");
            answer.headers.push(("x-accepted-github-permissions".to_owned(), header));
            return answer;
        }
        match call.route.strip_prefix("/repos/{owner}/{repo}") {
            Some(_) if format!("{}/{}", call.place("owner"), call.place("repo")) != REPOSITORY => {
                Answer::refused(404, "Not Found")
            }
            Some(route) => self.in_repository(route, call),
            None => self.user(),
        }
    }

    /// Who the token is.
    fn user(&self) -> Answer {
        match &self.token {
            Who::User(login) => {
                let mut user = example("private-user-response-with-public-profile-information");
                user["login"] = json!(login);
                Answer::json(200, user)
            }
            Who::Actions | Who::App(_) => Answer::refused(403, "Resource not accessible by integration"),
        }
    }

    fn in_repository(&mut self, route: &str, call: &Call<'_>) -> Answer {
        match (call.verb, route) {
            ("GET", "/issues/{issue_number}/comments") => {
                let number = call.number("issue_number");
                call.page(self.comments.iter().filter(|one| one.number == number).map(Comment::shown).collect())
            }
            ("POST", "/issues/{issue_number}/comments") => self.write(None, call),
            ("PATCH", "/issues/comments/{comment_id}") => self.write(Some(call.number("comment_id")), call),
            ("GET", "/issues/comments/{comment_id}") => {
                let found = self.comments.iter().find(|one| one.id == call.number("comment_id"));
                found.map_or_else(|| Answer::refused(404, "Not Found"), |one| Answer::json(200, one.shown()))
            }
            ("POST", "/check-runs") => self.check_run(call),
            ("GET", "/check-runs/{check_run_id}") => {
                let found = self.check_runs.iter().find(|run| run["id"] == call.number("check_run_id"));
                found.map_or_else(|| Answer::refused(404, "Not Found"), |run| Answer::json(200, run.clone()))
            }
            ("PATCH", "/check-runs/{check_run_id}") => self.change_check_run(call),
            ("GET", "/commits/{ref}/check-runs") => {
                let fits = |run: &&Value| {
                    run["head_sha"] == call.place("ref")
                        && call.query("check_name").is_none_or(|name| run["name"] == name)
                };
                let found: Vec<&Value> = self.check_runs.iter().rev().filter(fits).collect();
                Answer::json(200, json!({"total_count": found.len(), "check_runs": found}))
            }
            ("POST", "/statuses/{sha}") => self.status(call),
            ("GET", "/commits/{ref}/statuses") => {
                let at = self.statuses.iter().rev().filter(|(commit, _)| commit == call.place("ref"));
                call.page(at.map(|(_, status)| status.clone()).collect())
            }
            ("POST", "/issues/{issue_number}/labels") => self.label(call),
            ("GET", "/issues/{issue_number}/events") => self.events(call),
            (_, route) if route.contains("/pulls") => self.requests(route, call),
            _ => self.around(route, call),
        }
    }

    /// Branches, files, runs, people.
    fn around(&mut self, route: &str, call: &Call<'_>) -> Answer {
        match (call.verb, route) {
            ("GET", "/collaborators/{username}/permission") => {
                let permission = self.permissions.get(call.place("username")).copied().unwrap_or("read");
                let mut answer = example("repository-collaborator-permission-response-if-user-has-admin-permissions");
                (answer["permission"], answer["role_name"]) = (json!(permission), json!(permission));
                Answer::json(200, answer)
            }
            ("POST", "/actions/runs/{run_id}/rerun-failed-jobs") => {
                self.rerun.push(call.number("run_id"));
                Answer::json(201, json!({}))
            }
            ("GET", "/git/ref/{ref}") => match self.refs.get(call.place("ref")) {
                Some(commit) => Answer::json(200, reference(call.place("ref"), commit)),
                None => Answer::refused(404, "Not Found"),
            },
            ("POST", "/git/refs") => {
                let name = call.text("ref").trim_start_matches("refs/").to_owned();
                if self.refs.contains_key(&name) {
                    return Answer::invalid("Reference", "Reference already exists");
                }
                self.refs.insert(name.clone(), call.text("sha"));
                Answer::json(201, reference(&name, &call.text("sha")))
            }
            ("GET", "/contents/{path}") => match self.files.get(call.place("path")) {
                Some(text) => {
                    let mut file = example("content-file-response-if-content-is-a-file");
                    (file["path"], file["size"]) = (json!(call.place("path")), json!(text.len()));
                    file["content"] = json!(STANDARD.encode(text));
                    Answer::json(200, file)
                }
                None => Answer::refused(404, "Not Found"),
            },
            (verb, route) => Answer::refused(501, &format!("this double does not answer {verb} {route}")),
        }
    }

    /// Writes a new comment, or edits one.
    fn write(&mut self, id: Option<u64>, call: &Call<'_>) -> Answer {
        let body = call.text("body");
        if body.chars().count() > COMMENT_CHARS_MAX {
            return Answer::invalid("IssueComment", "Body is too long (maximum is 65536 characters)");
        }
        let Some(id) = id else {
            let (by, number) = (self.token.clone(), call.number("issue_number"));
            if let Some(rival) = self.rival.take() {
                self.comment(number, by.clone(), rival);
            }
            self.comment(number, by, body);
            return Answer::json(201, self.comments.last().expect("it was written").shown());
        };
        // Who may write to the repository may edit what others wrote.
        match self.comments.iter_mut().find(|comment| comment.id == id) {
            Some(comment) => {
                comment.body = body;
                Answer::json(200, comment.shown())
            }
            None => Answer::refused(404, "Not Found"),
        }
    }

    fn check_run(&mut self, call: &Call<'_>) -> Answer {
        let mut run = example("check-run-example-of-completed-conclusion");
        run["id"] = json!(self.id());
        for field in ["name", "head_sha", "status", "conclusion", "external_id", "details_url"] {
            run[field] = call.body[field].clone();
        }
        run["output"]["annotations_count"] = json!(0);
        run["pull_requests"] = json!([]);
        fill(&mut run, &call.body["output"]);
        self.check_runs.push(run.clone());
        Answer::json(201, run)
    }

    fn change_check_run(&mut self, call: &Call<'_>) -> Answer {
        let Some(run) = self.check_runs.iter_mut().find(|run| run["id"] == call.number("check_run_id")) else {
            return Answer::refused(404, "Not Found");
        };
        fill(run, &call.body["output"]);
        Answer::json(200, run.clone())
    }

    fn status(&mut self, call: &Call<'_>) -> Answer {
        if call.text("description").chars().count() > 140 {
            return Answer::invalid("Status", "description is too long (maximum is 140 characters)");
        }
        let mut status = example("status");
        status["id"] = json!(self.id());
        for field in ["state", "description", "target_url", "context"] {
            status[field] = call.body[field].clone();
        }
        self.statuses.push((call.place("sha").to_owned(), status.clone()));
        Answer::json(201, status)
    }
}
