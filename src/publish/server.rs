//! Whom to talk to, with which secret, and how patiently.

use std::fmt;
use std::time::Duration;

/// A secret that is never printed.
#[derive(Clone)]
pub struct Token(pub(super) String);

impl Token {
    /// A token, unless it is empty or has characters that none has.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| Self(text.to_owned()))
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

/// How long a GitHub server is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For all requests and pauses together.
    pub total: Duration,
    /// For one answer.
    pub answer: Duration,
    /// What a pause between two tries is.
    pub pause: Pause,
}

/// What a pause between two tries is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Waiting.
    Wait,
    /// Nothing: it is counted as if it had been waited for. For tests.
    Skip,
}

impl Default for Patience {
    fn default() -> Self {
        Self { total: Duration::from_mins(1), answer: Duration::from_secs(15), pause: Pause::Wait }
    }
}
