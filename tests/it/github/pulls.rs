//! Pull requests on the server: those that are there, and those that are opened.

use serde_json::{Value, json};

use super::shapes::{listed, pull};
use super::state::{Answer, Call, State};

impl State {
    /// Reads, opens and edits pull requests.
    pub(super) fn requests(&mut self, route: &str, call: &Call<'_>) -> Answer {
        match (call.verb, route) {
            ("GET", "/pulls/{pull_number}") => match self.pulls.get(&call.number("pull_number")) {
                Some(tip) => Answer::json(200, pull(call.number("pull_number"), tip)),
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
