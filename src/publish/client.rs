//! GitHub's REST interface as few verbs, with our own small structs for what they answer.
//!
//! octocrab gives the connection, authentication, TLS and redirects. Its models refuse real answers that lack a field nobody needs, it edits a
//! comment by a verb that GitHub does not document, and its retries send a POST four times at once; so none of these is used.
#![expect(clippy::disallowed_methods, reason = "the time that a server takes has to be taken by a clock")]

use std::cell::Cell;
use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http_body_util::{BodyExt, LengthLimitError, Limited};
use octocrab::Octocrab;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::{Builder, Runtime};

use super::error::{ApiError, Refusal};
use super::retry::{self, Class, Heard, Limits, Next};
use super::route::{self, next_page};
use super::server::{Patience, Pause, Server, Token};

/// The largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 32 << 20;
/// The most pages of a list that are read, of 100 entries each. GitHub takes 2,500 comments on a pull request.
const PAGES_MAX: usize = 100;
/// The most characters of a foreign message that are kept.
const MESSAGE_CHARS_MAX: usize = 500;

/// A repository on a GitHub server.
pub struct GitHub {
    runtime: Runtime,
    crab: Octocrab,
    server: Server,
    token: Token,
    patience: Patience,
    /// Time spent on requests and pauses.
    spent: Cell<Duration>,
}

impl fmt::Debug for GitHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHub").field("server", &self.server).finish_non_exhaustive()
    }
}

/// Looks whether something is there that may have been made.
pub type Landed<'a, T> = &'a dyn Fn(&GitHub) -> Result<Option<T>, ApiError>;

/// Reads a page of a list; the first text names the request.
type Read<'a, T> = &'a dyn Fn(&str, &Answer) -> Result<Vec<T>, ApiError>;

/// What came of a request that was not answered as hoped.
struct Failed {
    error: ApiError,
    heard: Heard,
}

/// How much of an answer is read, and for how long.
#[derive(Clone, Copy)]
struct Bounds {
    bytes: usize,
    time: Duration,
}

/// An answer that is no refusal.
struct Answer {
    /// `None` where there were more than may be.
    bytes: Option<Vec<u8>>,
    /// The `link` header.
    link: Option<String>,
}

impl GitHub {
    /// Gets ready to talk; nothing is sent yet.
    pub fn connect(server: &Server, token: &Token) -> Result<Self, ApiError> {
        Self::connect_with(server, token, Patience::default())
    }

    /// The same, with a say in how long a server is waited for.
    pub fn connect_with(server: &Server, token: &Token, patience: Patience) -> Result<Self, ApiError> {
        let not_set_up = |why: String| ApiError::NotSetUp { api_url: server.api_url.clone(), why };
        route::check(&server.api_url, &server.repository).map_err(|why| not_set_up(why.to_owned()))?;
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(|error| not_set_up(error.to_string()))?;
        let crab = runtime.block_on(async {
            let builder = Octocrab::builder()
                .base_uri(server.api_url.trim_end_matches('/'))?
                .personal_token(token.0.clone())
                .set_connect_timeout(Some(Duration::from_secs(10)))
                .set_read_timeout(Some(patience.answer));
            // octocrab sends its own name as well.
            let headers = [
                ("user-agent", concat!("tollgate/", env!("CARGO_PKG_VERSION"))),
                ("accept", "application/vnd.github+json"),
            ];
            let builder = headers.into_iter().fold(builder, |builder, (name, value)| {
                builder.add_header(name.parse().expect("a header's name"), value.to_owned())
            });
            builder.build()
        });
        let crab = crab.map_err(|error| not_set_up(causes(&error)))?;
        let (server, token) = (server.clone(), token.clone());
        Ok(Self { runtime, crab, server, token, patience, spent: Cell::default() })
    }

    /// The route of something in this repository: `issues/7/comments` becomes `/repos/owner/name/issues/7/comments`.
    /// Foreign text in it goes through [`route::segment`].
    pub fn route(&self, rest: &str) -> String {
        format!("/repos/{}/{rest}", self.server.repository)
    }

    /// Reads one thing.
    pub fn get<T: DeserializeOwned>(&self, route: &str) -> Result<T, ApiError> {
        understood(&request("GET", route), &self.repeat("GET", route, None::<&()>, self.usual())?)
    }

    /// Reads all pages of a list.
    pub fn get_all<T: DeserializeOwned>(&self, route: &str) -> Result<Vec<T>, ApiError> {
        self.pages(route, &|request, answer| understood(request, answer))
    }

    /// Reads all pages of a list that stands in a field of the answer: `artifacts`, `check_runs`.
    pub fn get_all_in<T: DeserializeOwned>(&self, route: &str, field: &str) -> Result<Vec<T>, ApiError> {
        self.pages(route, &|request, answer| {
            let mut page: serde_json::Value = understood(request, answer)?;
            let list = page.get_mut(field).map(serde_json::Value::take);
            let list = list.ok_or_else(|| malformed(request, format!("no field `{field}`")))?;
            serde_json::from_value(list).map_err(|error| malformed(request, error.to_string()))
        })
    }

    /// Changes a thing; may be sent again, for it comes to the same.
    pub fn patch<B: Serialize + ?Sized, T: DeserializeOwned>(&self, route: &str, body: &B) -> Result<T, ApiError> {
        understood(&request("PATCH", route), &self.repeat("PATCH", route, Some(body), self.usual())?)
    }

    /// Replaces a thing, or puts it where there was none; may be sent again, for it comes to the same.
    pub fn put<B: Serialize + ?Sized, T: DeserializeOwned>(&self, route: &str, body: &B) -> Result<T, ApiError> {
        understood(&request("PUT", route), &self.repeat("PUT", route, Some(body), self.usual())?)
    }

    /// Makes a new thing. After an answer that may hide a success `landed` looks whether it is there, before anything is sent again.
    pub fn post<B: Serialize + ?Sized, T: DeserializeOwned>(
        &self,
        route: &str,
        body: &B,
        landed: Landed<'_, T>,
    ) -> Result<T, ApiError> {
        self.anew("POST", route, body, landed)
    }

    /// Adds to a thing; twice would be too much, so it is as with [`GitHub::post`].
    pub fn patch_once<B: Serialize + ?Sized, T: DeserializeOwned>(
        &self,
        route: &str,
        body: &B,
        landed: Landed<'_, T>,
    ) -> Result<T, ApiError> {
        self.anew("PATCH", route, body, landed)
    }

    /// Reads a file of at most `most` bytes. A redirect is followed; to another server without the token.
    pub fn download(&self, route: &str, most: usize) -> Result<Vec<u8>, ApiError> {
        let bounds = Bounds { bytes: most, time: self.patience.total };
        Ok(self.repeat("GET", route, None::<&()>, bounds)?.bytes.unwrap_or_default())
    }

    /// Sends what must not be carried out twice.
    fn anew<B: Serialize + ?Sized, T: DeserializeOwned>(
        &self,
        verb: &str,
        route: &str,
        body: &B,
        landed: Landed<'_, T>,
    ) -> Result<T, ApiError> {
        let mut attempt = 1;
        loop {
            let Failed { error, heard } = match self.once(verb, route, Some(body), self.usual()) {
                // It was made, whatever its answer looks like; asking again would make a second one.
                Ok(answer) => match understood(&request(verb, route), &answer) {
                    Ok(made) => return Ok(made),
                    Err(error) => return landed(self)?.ok_or(error),
                },
                Err(failed) => *failed,
            };
            let Next::Wait(pause) = retry::next(Class::New, heard, attempt, self.left()) else {
                // The last try may have been carried out as well.
                let unsure = matches!(error, ApiError::Unanswered { .. }) || error.refusal() == Some(Refusal::Trouble);
                let made = if unsure { landed(self).ok().flatten() } else { None };
                return made.ok_or(error);
            };
            self.pause(pause);
            if let Some(made) = landed(self)? {
                return Ok(made);
            }
            attempt += 1;
        }
    }

    /// All pages of a list, from its first.
    fn pages<T>(&self, route: &str, read: Read<'_, T>) -> Result<Vec<T>, ApiError> {
        let mut all = Vec::new();
        let separator = if route.contains('?') { '&' } else { '?' };
        let mut page = format!("{route}{separator}per_page=100");
        for _ in 0..PAGES_MAX {
            let asked = request("GET", &page);
            let answer = self.repeat("GET", &page, None::<&()>, self.usual())?;
            all.extend(read(&asked, &answer)?);
            let next = answer.link.as_deref().map_or(Ok(None), |link| next_page(link, &self.server.api_url));
            match next.map_err(|why| malformed(&asked, why.to_owned()))? {
                Some(next) => page = next,
                None => return Ok(all),
            }
        }
        Err(malformed(&request("GET", route), format!("more than {PAGES_MAX} pages")))
    }

    /// Sends what comes to the same when it is sent twice, until there is an answer or no hope.
    fn repeat<B: Serialize + ?Sized>(
        &self,
        verb: &str,
        route: &str,
        body: Option<&B>,
        bounds: Bounds,
    ) -> Result<Answer, ApiError> {
        let mut attempt = 1;
        loop {
            let Failed { error, heard } = match self.once(verb, route, body, bounds) {
                Ok(answer) => return Ok(answer),
                Err(failed) => *failed,
            };
            match retry::next(Class::Repeatable, heard, attempt, self.left()) {
                Next::Wait(pause) => self.pause(pause),
                Next::GiveUp => return Err(error),
            }
            attempt += 1;
        }
    }

    /// Sends one request once.
    fn once<B: Serialize + ?Sized>(
        &self,
        verb: &str,
        route: &str,
        body: Option<&B>,
        bounds: Bounds,
    ) -> Result<Answer, Box<Failed>> {
        let request = request(verb, route);
        if self.left().is_zero() {
            return Err(failed(ApiError::OutOfTime { request }, Heard::Silence));
        }
        let began = Instant::now();
        let limit = bounds.time.min(self.left());
        let heard = self.runtime.block_on(async {
            // A timer belongs to the runtime, so it is made inside of it.
            tokio::time::timeout(limit, self.exchange(verb, route, body, bounds)).await
        });
        self.spent.set(self.spent.get() + began.elapsed());
        match heard {
            Err(_) => Err(format!("none within {} s", limit.as_secs_f32().ceil())),
            Ok(heard) => heard,
        }
        .map_err(|why| failed(ApiError::Unanswered { request: request.clone(), why: self.clean(&why) }, Heard::Silence))
        .and_then(|(status, limits, needed, answer)| {
            let heard = Heard::Answer { status, limits };
            match (200..300).contains(&status) {
                true if answer.bytes.is_some() => return Ok(answer),
                true => return Err(failed(malformed(&request, format!("more than {} bytes", bounds.bytes)), heard)),
                false => {}
            }
            let (message, limits) = spoken(answer.bytes.as_deref().unwrap_or_default(), limits);
            let refusal = Refusal::of(status, retry::is_limited(status, &limits));
            let message = self.clean(&message);
            Err(failed(
                ApiError::Refused { request, status, message, refusal, needed },
                Heard::Answer { status, limits },
            ))
        })
    }

    /// One request and all of its answer: the status, what it says about limits and permissions, the rest.
    async fn exchange<B: Serialize + ?Sized>(
        &self,
        verb: &str,
        route: &str,
        body: Option<&B>,
        bounds: Bounds,
    ) -> Result<(u16, Limits, Option<String>, Answer), String> {
        let answer = match verb {
            "PATCH" => self.crab._patch(route, body).await,
            "PUT" => self.crab._put(route, body).await,
            "POST" => self.crab._post(route, body).await,
            _ => self.crab._get(route).await,
        };
        let answer = answer.map_err(|error| causes(&error))?;
        let header = |name: &str| Some(answer.headers().get(name)?.to_str().ok()?.chars().take(4096).collect());
        let number = |name: &str| header(name).and_then(|text: String| text.trim().parse::<u64>().ok());
        let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let limits = Limits {
            retry_after_s: number("retry-after"),
            remaining: number("x-ratelimit-remaining"),
            reset_s: number("x-ratelimit-reset").map(|at_s| at_s.saturating_sub(now_s)),
            spoken_of: false,
        };
        let (status, needed, link) =
            (answer.status().as_u16(), header("x-accepted-github-permissions"), header("link"));
        let bytes = match Limited::new(answer.into_body(), bounds.bytes).collect().await {
            Ok(read) => Some(read.to_bytes().to_vec()),
            Err(error) if error.is::<LengthLimitError>() => None,
            Err(error) => return Err(causes(&*error)),
        };
        Ok((status, limits, needed, Answer { bytes, link }))
    }

    /// What an answer may take that is no file.
    fn usual(&self) -> Bounds {
        Bounds { bytes: ANSWER_BYTES_MAX, time: self.patience.answer }
    }

    /// The time that is left.
    fn left(&self) -> Duration {
        self.patience.total.saturating_sub(self.spent.get())
    }

    /// Lets time pass.
    fn pause(&self, pause: Duration) {
        if self.patience.pause == Pause::Wait {
            self.runtime.block_on(async { tokio::time::sleep(pause).await });
        }
        self.spent.set(self.spent.get() + pause);
    }

    /// A foreign text, short and without the token.
    fn clean(&self, text: &str) -> String {
        text.replace(&self.token.0, "***").chars().take(MESSAGE_CHARS_MAX).collect()
    }
}

/// What came of a request.
fn failed(error: ApiError, heard: Heard) -> Box<Failed> {
    Box::new(Failed { error, heard })
}

/// How a request is named in an error.
fn request(verb: &str, route: &str) -> String {
    format!("{verb} {route}")
}

/// An answer's bytes as what they should be. No bytes are `null`.
fn understood<T: DeserializeOwned>(request: &str, answer: &Answer) -> Result<T, ApiError> {
    let bytes = answer.bytes.as_deref().filter(|bytes| !bytes.is_empty()).unwrap_or(b"null");
    serde_json::from_slice(bytes).map_err(|error| malformed(request, error.to_string()))
}

/// An answer that is not what it should be.
fn malformed(request: &str, why: String) -> ApiError {
    ApiError::Malformed { request: request.to_owned(), why }
}

/// What a refusal says, and whether it speaks of a limit.
fn spoken(bytes: &[u8], limits: Limits) -> (String, Limits) {
    let said: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
    let text = said.as_ref().map_or_else(
        || String::from_utf8_lossy(bytes).into_owned(),
        |said| {
            let details = said.get("errors").map_or_else(String::new, |errors| format!(" {errors}"));
            format!("{}{details}", said.get("message").and_then(serde_json::Value::as_str).unwrap_or_default())
        },
    );
    let lower = text.to_ascii_lowercase();
    let spoken_of = ["rate limit", "abuse detection"].iter().any(|words| lower.contains(words));
    (text.chars().take(2 * MESSAGE_CHARS_MAX).collect(), Limits { spoken_of, ..limits })
}

/// An error with its causes.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let next_text = next.to_string();
        if !text.contains(&next_text) {
            text.push_str(": ");
            text.push_str(&next_text);
        }
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests;
