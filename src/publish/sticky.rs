//! One comment on a pull request, found again and edited in place. Refuses to know what it says: it is found by its first line and its author.

use serde::Deserialize;
use serde_json::json;

use super::{ApiError, GitHub, Refusal};

/// Who the token speaks for, which is whose comments it may edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// A GitHub App, by its short name: `github-actions` for the token of a job.
    App(String),
    /// A user, by login.
    User(String),
}

/// A comment that is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its id. Later ones are greater.
    pub id: u64,
    /// What it says.
    pub body: String,
}

/// What becomes of an older comment when there is something new to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Older {
    /// It is edited.
    Edit,
    /// A new one is written, and the older one points to it.
    Replace,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// There was none.
    New(u64),
    /// It was edited.
    Edited(u64),
    /// It said the same already.
    Same(u64),
}

/// A comment as the interface gives it; foreign in every field.
#[derive(Deserialize)]
struct Wire {
    id: u64,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    user: Option<User>,
    #[serde(default)]
    performed_via_github_app: Option<App>,
}

/// An account; the one of an app is a `Bot`, and its login ends in `[bot]`, which no user's can.
#[derive(Deserialize)]
struct User {
    login: String,
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Deserialize)]
struct App {
    #[serde(default)]
    slug: Option<String>,
}

impl Wire {
    fn is_by(&self, author: &Author) -> bool {
        let Some(user) = &self.user else { return false };
        match author {
            Author::User(login) => user.login == *login,
            Author::App(slug) => {
                let via = self.performed_via_github_app.as_ref().and_then(|app| app.slug.as_ref());
                user.kind == "Bot" && (via == Some(slug) || user.login == format!("{slug}[bot]"))
            }
        }
    }
}

/// Who the token speaks for. The token of a job may not ask who it is; it speaks for `app`.
pub fn author(github: &GitHub, app: &str) -> Result<Author, ApiError> {
    match github.get::<User>("/user") {
        Ok(user) => Ok(Author::User(user.login)),
        Err(error) if matches!(error.refusal(), Some(Refusal::NotAllowed | Refusal::NotFound)) => {
            Ok(Author::App(app.to_owned()))
        }
        Err(error) => Err(error),
    }
}

/// A place for one comment.
#[derive(Clone, Copy, Debug)]
pub struct Sticky<'a> {
    /// Where.
    pub github: &'a GitHub,
    /// Whose comments count. Anybody can write the first line of ours.
    pub author: &'a Author,
    /// The number of the pull request.
    pub number: u64,
    /// The first line of the comment, which nothing else begins with.
    pub first_line: &'a str,
}

impl Sticky<'_> {
    /// The comments that are there, oldest first. Two jobs that end together may have written two.
    pub fn find(&self) -> Result<Vec<Found>, ApiError> {
        let all: Vec<Wire> = self.github.get_all(&self.github.route(&format!("issues/{}/comments", self.number)))?;
        let ours = all.into_iter().filter(|comment| comment.is_by(self.author));
        let mut found: Vec<Found> =
            ours.filter_map(|comment| Some(Found { id: comment.id, body: comment.body? })).collect();
        // GitHub may answer with other line ends than were sent.
        found.retain(|comment| comment.body.lines().next().map(str::trim_end) == Some(self.first_line));
        found.sort_by_key(|comment| comment.id);
        Ok(found)
    }

    /// Makes `body`, which begins with the first line, what the comment says. `found` is what [`Sticky::find`] gave.
    pub fn write(&self, found: &[Found], body: &str, older: Older) -> Result<Written, ApiError> {
        if let (Some((kept, others)), Older::Edit) = (found.split_first(), older) {
            let written = self.edit(kept, body)?;
            self.supersede(others, kept.id)?;
            return Ok(written);
        }
        let made = self.make(found, body)?;
        self.supersede(found, made)?;
        // Another job may have written one at the same time; both look, and both keep the older one.
        let now: Vec<Found> = self.find()?.into_iter().filter(|one| found.iter().all(|old| old.id != one.id)).collect();
        match now.split_first() {
            Some((kept, others)) if !others.is_empty() => {
                self.edit(kept, body)?;
                self.supersede(others, kept.id)?;
                Ok(Written::New(kept.id))
            }
            _ => Ok(Written::New(made)),
        }
    }

    /// Writes a new comment; its id. Whether it is there is looked up before it is sent a second time.
    fn make(&self, found: &[Found], body: &str) -> Result<u64, ApiError> {
        let landed = |_: &GitHub| {
            let now = self.find()?;
            Ok(now.into_iter().find(|one| found.iter().all(|old| old.id != one.id)).map(|one| Made { id: one.id }))
        };
        let route = self.github.route(&format!("issues/{}/comments", self.number));
        Ok(self.github.post::<_, Made>(&route, &json!({"body": body}), &landed)?.id)
    }

    /// Edits a comment, where it does not say the same already.
    fn edit(&self, comment: &Found, body: &str) -> Result<Written, ApiError> {
        if comment.body.lines().eq(body.lines()) {
            return Ok(Written::Same(comment.id));
        }
        let route = self.github.route(&format!("issues/comments/{}", comment.id));
        let _edited: Made = self.github.patch(&route, &json!({"body": body}))?;
        Ok(Written::Edited(comment.id))
    }

    /// Turns comments into one line that points to another one.
    fn supersede(&self, comments: &[Found], by: u64) -> Result<(), ApiError> {
        for comment in comments.iter().filter(|comment| comment.id != by) {
            let body = format!("Superseded by [a newer report](#issuecomment-{by}).");
            let route = self.github.route(&format!("issues/comments/{}", comment.id));
            let _edited: Made = self.github.patch(&route, &json!({"body": body}))?;
        }
        Ok(())
    }
}

/// What is read of a thing that was made or changed.
#[derive(Deserialize)]
struct Made {
    id: u64,
}
