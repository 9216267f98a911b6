//! Why GitHub did not do what was asked, and what the user can do about it. No secret is ever in it.

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
    /// No answer came, or not all of it.
    #[error("{request}: no answer ({why})")]
    Unanswered {
        /// The verb and the route.
        request: String,
        /// Why.
        why: String,
    },
    /// The time that all requests have together is over.
    #[error("{request}: not sent, the time for talking to GitHub is over")]
    OutOfTime {
        /// The verb and the route.
        request: String,
    },
    /// The answer is a refusal.
    #[error("{request}: {status} {message}")]
    Refused {
        /// The verb and the route.
        request: String,
        /// The HTTP status.
        status: u16,
        /// What GitHub says about it; foreign text, at most 500 characters.
        message: String,
        /// What kind of refusal it is.
        refusal: Refusal,
        /// The permissions of which one would have been needed, as GitHub names them: `issues=write; pull_requests=write`. Foreign text.
        needed: Option<String>,
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

/// What kind of refusal an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The token is unknown or has expired.
    Credentials,
    /// The token may not do this. GitHub also says "not found" of what a token may not see.
    NotAllowed,
    /// It is not there, or the token may not see it.
    NotFound,
    /// It is not as the request takes it to be.
    Conflict,
    /// The request is wrong.
    Invalid,
    /// Too much was asked in a short time.
    Limited,
    /// It is at another address now.
    Moved,
    /// Trouble on GitHub's side.
    Trouble,
}

impl Refusal {
    /// The kind of a refusal by its HTTP status; `limited` where it is a limit on how much may be asked.
    pub(super) fn of(status: u16, limited: bool) -> Self {
        match status {
            _ if limited => Self::Limited,
            401 => Self::Credentials,
            403 | 451 => Self::NotAllowed,
            404 | 410 => Self::NotFound,
            409 => Self::Conflict,
            300..400 => Self::Moved,
            400..500 => Self::Invalid,
            _ => Self::Trouble,
        }
    }
}

impl ApiError {
    /// The HTTP status, where there was an answer that is a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::NotSetUp { .. } | Self::Unanswered { .. } | Self::OutOfTime { .. } | Self::Malformed { .. } => None,
        }
    }

    /// What kind of refusal it is, where it is one.
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(*refusal),
            Self::NotSetUp { .. } | Self::Unanswered { .. } | Self::OutOfTime { .. } | Self::Malformed { .. } => None,
        }
    }

    /// Whether the token lacks a permission: what a pull request from a fork always meets, and no trouble.
    pub fn lacks_permission(&self) -> bool {
        matches!(self.refusal(), Some(Refusal::NotAllowed | Refusal::NotFound))
    }

    /// What the user can do.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotSetUp { .. } => {
                "GITHUB_API_URL must be the address of a GitHub server, such as `https://api.github.com`, and GITHUB_REPOSITORY `owner/name`"
            }
            Self::Unanswered { .. } | Self::OutOfTime { .. } => {
                "GitHub may have trouble, see https://www.githubstatus.com; run the job again, or give it more time"
            }
            Self::Malformed { .. } => "is GITHUB_API_URL the address of a GitHub server, or of something before it?",
            Self::Refused { refusal, needed, .. } => match refusal {
                Refusal::Credentials => {
                    "the token is wrong or has expired: give the step `GITHUB_TOKEN: ${{ github.token }}`"
                }
                Refusal::NotAllowed | Refusal::NotFound => return Some(permission(needed.as_deref())),
                Refusal::Conflict => "something else changed it at the same time: run the job again",
                Refusal::Invalid => {
                    "GitHub does not take this; that is a bug in Tollgate, please report it with this message"
                }
                Refusal::Limited => "the token has used up its requests for now: run the job again later",
                Refusal::Moved => "was the repository renamed? GITHUB_REPOSITORY must be its name of today",
                Refusal::Trouble => "GitHub has trouble, see https://www.githubstatus.com; run the job again",
            },
        };
        Some(hint.to_owned())
    }
}

/// What to do about a missing permission, in words of a workflow where GitHub says which one it is.
fn permission(needed: Option<&str>) -> String {
    let known = ["actions", "checks", "contents", "issues", "pull_requests", "statuses"];
    let one = needed.and_then(|text| {
        let parts = text.split([';', ',']).filter_map(|part| part.trim().split_once('='));
        let mut parts: Vec<_> =
            parts.filter(|(name, level)| known.contains(name) && ["read", "write"].contains(level)).collect();
        // A pull request's comments may be written with either right; the narrower one is named.
        parts.sort_by_key(|(name, _)| *name != "pull_requests");
        parts.first().map(|(name, level)| format!("{}: {level}", name.replace('_', "-")))
    });
    match one {
        Some(line) => format!("the token lacks a permission: add `{line}` to `permissions:` of the job"),
        None => {
            "the token lacks a permission, or what it asks for is not there: see `permissions:` of the job".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, needed: Option<&str>) -> ApiError {
        ApiError::Refused {
            request: "POST /x".to_owned(),
            status,
            message: "no".to_owned(),
            refusal: Refusal::of(status, false),
            needed: needed.map(str::to_owned),
        }
    }

    #[test]
    fn every_refusal_says_what_to_do() {
        for status in [301, 401, 403, 404, 409, 422, 500, 502] {
            assert!(refused(status, None).hint().is_some_and(|hint| hint.len() > 20), "{status}");
        }
        assert_eq!(Refusal::of(403, true), Refusal::Limited);
        assert!(refused(403, None).lacks_permission() && !refused(401, None).lacks_permission());
    }

    #[test]
    fn a_missing_permission_is_named_as_a_workflow_names_it() {
        let hint = refused(403, Some("issues=write; pull_requests=write")).hint().unwrap();
        assert_eq!(hint, "the token lacks a permission: add `pull-requests: write` to `permissions:` of the job");
        let foreign = refused(403, Some("evil`=write; \u{1b}[31m=x")).hint().unwrap();
        assert!(!foreign.contains("evil") && !foreign.contains('\u{1b}'));
    }
}
