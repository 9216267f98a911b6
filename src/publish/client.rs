//! GitHub's REST interface as few verbs, with our own small structs for what they answer.
//!
//! octocrab gives the connection, authentication, TLS and redirects. Its models refuse real answers that lack a field nobody needs, it edits a
//! comment by a verb that GitHub does not document, and its retries send a POST four times at once; so none of these is used.

use std::fmt;
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use octocrab::Octocrab;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::{Builder, Runtime};

/// The largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 32 << 20;

/// How long one request may take.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);

/// A secret that is never printed.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// A token, unless it is empty.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Where the interface is, and the repository that is meant.
#[derive(Clone, Debug)]
pub struct Server {
    /// The address of the interface, as `GITHUB_API_URL` gives it: `https://api.github.com`, `https://HOST/api/v3`.
    pub api_url: String,
    /// The repository: `owner/name`.
    pub repository: String,
}

/// Why GitHub did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The connection cannot be set up: an address that is none, no roots of trust.
    #[error("set up a connection to {api_url}: {why}")]
    NotSetUp {
        /// The address.
        api_url: String,
        /// Why.
        why: String,
    },
    /// No answer came.
    #[error("{request}: no answer ({why})")]
    Unanswered {
        /// The verb and the route.
        request: String,
        /// Why.
        why: String,
    },
    /// The answer is a refusal.
    #[error("{request}: {status} {message}")]
    Refused {
        /// The verb and the route.
        request: String,
        /// The HTTP status.
        status: u16,
        /// What GitHub says about it; foreign text.
        message: String,
    },
    /// The answer is not what it should be.
    #[error("{request}: an answer that cannot be understood ({why})")]
    Malformed {
        /// The verb and the route.
        request: String,
        /// Why.
        why: String,
    },
}

/// A repository on a GitHub server.
pub struct GitHub {
    runtime: Runtime,
    crab: Octocrab,
    repository: String,
}

impl fmt::Debug for GitHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHub").field("repository", &self.repository).finish_non_exhaustive()
    }
}

impl GitHub {
    /// Gets ready to talk; nothing is sent yet.
    pub fn connect(server: &Server, token: &Token) -> Result<Self, ApiError> {
        let not_set_up = |why: String| ApiError::NotSetUp { api_url: server.api_url.clone(), why };
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(|error| not_set_up(error.to_string()))?;
        let crab = runtime.block_on(async {
            Octocrab::builder()
                .base_uri(server.api_url.as_str())?
                .personal_token(token.0.clone())
                .set_connect_timeout(Some(Duration::from_secs(10)))
                .set_read_timeout(Some(REQUEST_TIME_MAX))
                .build()
        });
        let crab = crab.map_err(|error| not_set_up(error.to_string()))?;
        Ok(Self { runtime, crab, repository: server.repository.clone() })
    }

    /// The route of something in this repository: `issues/7/comments` becomes `/repos/owner/name/issues/7/comments`.
    pub fn route(&self, rest: &str) -> String {
        format!("/repos/{}/{rest}", self.repository)
    }

    /// Who owns the repository.
    pub fn owner(&self) -> &str {
        self.repository.split('/').next().unwrap_or_default()
    }

    /// Reads one thing.
    pub fn get<T: DeserializeOwned>(&self, route: &str) -> Result<T, ApiError> {
        self.send("GET", route, None::<&()>)
    }

    /// Changes a thing; may be sent again, for it comes to the same.
    pub fn patch<B: Serialize + ?Sized, T: DeserializeOwned>(&self, route: &str, body: &B) -> Result<T, ApiError> {
        self.send("PATCH", route, Some(body))
    }

    /// Makes a new thing. After an answer that may hide a success `landed` looks whether it is there, before anything is sent again.
    pub fn post<B: Serialize + ?Sized, T: DeserializeOwned>(
        &self,
        route: &str,
        body: &B,
        landed: &dyn Fn(&Self) -> Result<Option<T>, ApiError>,
    ) -> Result<T, ApiError> {
        let _ = landed;
        self.send("POST", route, Some(body))
    }

    /// Sends one request and reads its answer.
    fn send<B: Serialize + ?Sized, T: DeserializeOwned>(
        &self,
        verb: &str,
        route: &str,
        body: Option<&B>,
    ) -> Result<T, ApiError> {
        let request = format!("{verb} {route}");
        let unanswered = |why: String| ApiError::Unanswered { request: request.clone(), why };
        self.runtime.block_on(async {
            let answer = tokio::time::timeout(REQUEST_TIME_MAX, async {
                match verb {
                    "PATCH" => self.crab._patch(route, body).await,
                    "POST" => self.crab._post(route, body).await,
                    _ => self.crab._get(route).await,
                }
            });
            let answer = answer.await.map_err(|_| unanswered("too slow".to_owned()))?;
            let answer = answer.map_err(|error| unanswered(error.to_string()))?;
            let status = answer.status();
            let read = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
            let bytes = read.map_err(|error| unanswered(error.to_string()))?.to_bytes();
            if !status.is_success() {
                let message = String::from_utf8_lossy(&bytes).chars().take(500).collect();
                return Err(ApiError::Refused { request: request.clone(), status: status.as_u16(), message });
            }
            serde_json::from_slice(&bytes)
                .map_err(|error| ApiError::Malformed { request: request.clone(), why: error.to_string() })
        })
    }
}
