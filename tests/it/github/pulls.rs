//! Pull requests on the server: those that are there, and those that are opened.

use serde_json::{Value, json};

use super::shapes::{example, listed, pull};
use super::state::{Answer, Call, State};

/// Somebody cannot be asked for a review. The description has no words for it.
fn nobody() -> Answer {
    Answer { status: 422, body: None, headers: Vec::new() }
}

fn team() -> Value {
    let mut team = example("pull-request")["requested_teams"][0].clone();
    // The example lacks it, and the description requires it.
    team["type"] = json!("organization");
    team
}

/// A copy of an example with another name.
fn with(one: &Value, field: &str, name: &str) -> Value {
    let mut one = one.clone();
    one[field] = json!(name);
    one
}

impl State {
    /// Reads, opens and edits pull requests.
    pub(super) fn requests(&mut self, route: &str, call: &Call<'_>) -> Answer {
        match (call.verb, route) {
            ("GET", "/pulls/{pull_number}") => match self.pulls.get(&call.number("pull_number")) {
                Some(tip) => Answer::json(200, self.shown(pull(call.number("pull_number"), tip))),
                None => Answer::refused(404, "Not Found"),
            },
            ("GET", "/commits/{commit_sha}/pulls") => {
                let of = self.pulls.iter().filter(|(_, tip)| *tip == call.place("commit_sha"));
                call.page(of.map(|(number, tip)| listed(*number, tip)).collect())
            }
            ("GET", "/pulls") if call.query("base").is_some() => {
                let asked = (call.query("head"), call.query("base"));
                let fits = |one: &&Value| (one["head"]["label"].as_str(), one["base"]["ref"].as_str()) == asked;
                let simple = |one: &Value| {
                    let mut shown = listed(one["number"].as_u64().unwrap_or(0), "");
                    for (part, name) in [("head", "ref"), ("base", "ref")] {
                        shown[part][name] = one[part][name].clone();
                    }
                    shown
                };
                call.page(self.proposed.iter().filter(fits).map(simple).collect())
            }
            ("POST", "/pulls") => self.propose(call),
            ("POST", "/pulls/{pull_number}/requested_reviewers") => self.ask(call),
            ("GET", "/pulls/{pull_number}/reviews") => {
                let by = |login: &&str| {
                    let mut review = example("pull-request-review-items")[0].clone();
                    review["user"]["login"] = json!(login);
                    review
                };
                call.page(self.reviewed.iter().map(by).collect())
            }
            ("PATCH", "/pulls/{pull_number}") => {
                let number = call.number("pull_number");
                match self.proposed.iter_mut().find(|one| one["number"] == number) {
                    Some(one) => {
                        (one["title"], one["body"]) = (json!(call.text("title")), json!(call.text("body")));
                        Answer::json(200, one.clone())
                    }
                    None => Answer::refused(404, "Not Found"),
                }
            }
            ("GET", "/pulls") => call.page(self.pulls.iter().map(|(number, tip)| listed(*number, tip)).collect()),
            (verb, route) => Answer::refused(501, &format!("this double does not answer {verb} {route}")),
        }
    }

    /// A pull request with its labels, and with who was asked to review it.
    fn shown(&self, mut pull: Value) -> Value {
        let (teams, users): (Vec<&String>, Vec<&String>) = self.asked.iter().partition(|name| name.contains('/'));
        pull["labels"] = self.labels();
        pull["requested_reviewers"] = users.iter().map(|name| with(&pull["user"], "login", name)).collect();
        let slug = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
        pull["requested_teams"] = teams.iter().map(|name| with(&team(), "slug", &slug(name))).collect();
        pull
    }

    /// Who was asked, as events.
    pub(super) fn events(&self, call: &Call<'_>) -> Answer {
        let shown = pull(1, "");
        let event = |name: &String| {
            let mut event = example("issue-event-for-issue-items")[0].clone();
            event.as_object_mut().expect("it is one").remove("label");
            event["event"] = json!("review_requested");
            event["review_requester"] = event["actor"].clone();
            match name.rsplit_once('/') {
                Some((_, slug)) => event["requested_team"] = with(&team(), "slug", slug),
                None => event["requested_reviewer"] = with(&shown["user"], "login", name),
            }
            event
        };
        call.page(self.asked_before.iter().chain(&self.asked).map(event).collect())
    }

    fn labels(&self) -> Value {
        self.labels.iter().map(|name| with(&example("label-items")[0], "name", name)).collect()
    }

    /// Puts labels. One that is there already stays.
    pub(super) fn label(&mut self, call: &Call<'_>) -> Answer {
        for name in call.body["labels"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !self.labels.iter().any(|own| own == name) {
                self.labels.push(name.to_owned());
            }
        }
        Answer::json(200, self.labels())
    }

    /// Asks for reviews: of all who are named, or of nobody.
    fn ask(&mut self, call: &Call<'_>) -> Answer {
        let named = |field: &str| -> Vec<String> {
            let names = call.body[field].as_array().into_iter().flatten().filter_map(Value::as_str);
            names.map(str::to_owned).collect()
        };
        let (users, teams) = (named("reviewers"), named("team_reviewers"));
        let number = call.number("pull_number");
        let Some(tip) = self.pulls.get(&number) else { return Answer::refused(404, "Not Found") };
        let shown = pull(number, tip);
        if users.iter().any(|name| shown["user"]["login"] == **name) {
            return nobody();
        }
        if users.iter().chain(&teams).any(|name| self.outsiders.contains(&name.as_str())) {
            return nobody();
        }
        self.asked.extend(users);
        self.asked.extend(teams.iter().map(|team| format!("{}/{team}", call.place("owner"))));
        Answer::json(201, listed(number, &self.pulls[&number]))
    }

    /// Opens a pull request.
    fn propose(&mut self, call: &Call<'_>) -> Answer {
        let label = format!("{}:{}", call.place("owner"), call.text("head"));
        let same = |one: &Value| one["head"]["label"] == label && one["base"]["ref"] == call.text("base");
        if self.proposed.iter().any(same) {
            return Answer::invalid("PullRequest", &format!("A pull request already exists for {label}."));
        }
        let mut made = pull(100 + self.proposed.len() as u64, "");
        (made["title"], made["body"]) = (json!(call.text("title")), json!(call.text("body")));
        (made["head"]["label"], made["head"]["ref"]) = (json!(label), json!(call.text("head")));
        made["base"]["ref"] = json!(call.text("base"));
        self.proposed.push(made.clone());
        Answer::json(201, made)
    }
}
