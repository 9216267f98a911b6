//! Labels of a pull request, and requests to review it. Refuses to know why, and never takes one back: people may have put it there.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{ApiError, GitHub};

/// What is wanted of a pull request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Labels.
    pub labels: Vec<String>,
    /// Who is to review it: `octocat`, or the team `org/team`.
    pub reviewers: Vec<String>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Asked {
    /// Labels that it did not have.
    pub labels: Vec<String>,
    /// Who was asked now.
    pub reviewers: Vec<String>,
    /// Who could not be asked, and why: somebody without access, a team of another organisation.
    pub refused: Vec<(String, ApiError)>,
}

/// A pull request, as far as it matters here.
#[derive(Deserialize)]
struct Pull {
    user: Option<User>,
    #[serde(default)]
    labels: Vec<Label>,
    #[serde(default)]
    requested_reviewers: Vec<User>,
    #[serde(default)]
    requested_teams: Vec<Team>,
}

#[derive(Deserialize)]
struct User {
    login: String,
}

#[derive(Deserialize)]
struct Label {
    name: String,
}

#[derive(Deserialize)]
struct Team {
    slug: String,
}

/// A review. That of a deleted user is nobody's.
#[derive(Deserialize)]
struct Review {
    user: Option<User>,
}

/// What was done to a pull request. A team is off the list of those who are asked as soon as one of its members has reviewed, but this says
/// that it was asked.
#[derive(Deserialize)]
struct Event {
    requested_reviewer: Option<User>,
    requested_team: Option<Team>,
}

/// Puts the labels that are missing, and asks those who were never asked before and have not reviewed. The author is not asked.
pub fn ask(github: &GitHub, number: u64, wanted: &Wanted) -> Result<Asked, ApiError> {
    let mut asked = Asked::default();
    if *wanted == Wanted::default() {
        return Ok(asked);
    }
    let route = github.route(&format!("pulls/{number}"));
    let pull: Pull = github.get(&route)?;
    asked.labels = wanted.labels.iter().filter(|label| !pull.has(label)).cloned().collect();
    if !asked.labels.is_empty() {
        let landed = |github: &GitHub| {
            let pull: Pull = github.get(&route)?;
            Ok(asked.labels.iter().all(|label| pull.has(label)).then_some(Value::Null))
        };
        let _all: Value = github.post(
            &github.route(&format!("issues/{number}/labels")),
            &json!({"labels": asked.labels}),
            &landed,
        )?;
    }
    let mut open: Vec<&String> = wanted.reviewers.iter().filter(|name| !pull.knows(name)).collect();
    if !open.is_empty() {
        let reviews: Vec<Review> = github.get_all(&format!("{route}/reviews"))?;
        let events: Vec<Event> = github.get_all(&github.route(&format!("issues/{number}/events")))?;
        let reviewed = |name: &str| reviews.iter().filter_map(|review| review.user.as_ref()).any(|user| user.is(name));
        open.retain(|name| !reviewed(name) && !events.iter().any(|event| event.is_about(name)));
    }
    // One at a time: GitHub refuses all of a request for one name in it.
    for name in open {
        match request(github, &route, name) {
            Ok(()) => asked.reviewers.push(name.clone()),
            // What bars a user bars all; a team may need more than users do.
            Err(error) if error.lacks_permission() && team(name).is_none() => return Err(error),
            Err(error @ ApiError::Refused { .. }) => asked.refused.push((name.clone(), error)),
            Err(error) => return Err(error),
        }
    }
    Ok(asked)
}

/// Asks one user or team.
fn request(github: &GitHub, route: &str, name: &str) -> Result<(), ApiError> {
    let body = match team(name) {
        Some(slug) => json!({"team_reviewers": [slug]}),
        None => json!({"reviewers": [name]}),
    };
    let landed = |github: &GitHub| {
        let pull: Pull = github.get(route)?;
        Ok(pull.knows(name).then_some(Value::Null))
    };
    let _pull: Value = github.post(&format!("{route}/requested_reviewers"), &body, &landed)?;
    Ok(())
}

/// The short name of a team.
fn team(name: &str) -> Option<&str> {
    name.split_once('/').map(|(_, slug)| slug)
}

impl Pull {
    fn has(&self, label: &str) -> bool {
        self.labels.iter().any(|own| own.name.eq_ignore_ascii_case(label))
    }

    /// Whether somebody is the author, or was asked.
    fn knows(&self, name: &str) -> bool {
        match team(name) {
            Some(slug) => self.requested_teams.iter().any(|team| team.slug.eq_ignore_ascii_case(slug)),
            None => self.user.iter().chain(&self.requested_reviewers).any(|user| user.is(name)),
        }
    }
}

impl Event {
    /// Whether this user or team was asked, or no longer.
    fn is_about(&self, name: &str) -> bool {
        match team(name) {
            Some(slug) => self.requested_team.as_ref().is_some_and(|team| team.slug.eq_ignore_ascii_case(slug)),
            None => self.requested_reviewer.as_ref().is_some_and(|user| user.is(name)),
        }
    }
}

impl User {
    fn is(&self, name: &str) -> bool {
        self.login.eq_ignore_ascii_case(name)
    }
}
