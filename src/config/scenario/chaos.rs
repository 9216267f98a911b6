//! What is done to a service on purpose while load runs. Refuses to know how it is done.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::config::human;

/// How it is written.
const GRAMMAR: &str = "write it as in `kill one at 10 s` or `kill one at 10 s, back after 5 s`";

/// One instance of several is killed, once in each round of both arms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chaos {
    /// When, since what counts began.
    pub at: Duration,
    /// How long after that it is started again; `None` for never.
    pub back_after: Option<Duration>,
}

/// Why a text is not a [`Chaos`], in words.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ChaosError {
    /// It is something else.
    #[error("`chaos` says nothing that can be done")]
    Grammar,
    /// One of its times is none.
    #[error(transparent)]
    Time(#[from] human::HumanError),
}

impl ChaosError {
    /// What to write instead.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Grammar => Some(GRAMMAR.to_owned()),
            Self::Time(error) => error.hint().or_else(|| Some(GRAMMAR.to_owned())),
        }
    }
}

impl FromStr for Chaos {
    type Err = ChaosError;

    fn from_str(text: &str) -> Result<Self, ChaosError> {
        let rest = text.trim().strip_prefix("kill one at ").ok_or(ChaosError::Grammar)?;
        let (at, back) = match rest.split_once(',') {
            Some((at, back)) => (at, Some(back.trim().strip_prefix("back after ").ok_or(ChaosError::Grammar)?)),
            None => (rest, None),
        };
        let back_after = back.map(|back| human::duration(back.trim())).transpose()?;
        Ok(Self { at: human::duration(at.trim())?, back_after })
    }
}

impl fmt::Display for Chaos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "kill one at {} s", self.at.as_secs_f64())?;
        match self.back_after {
            Some(back) => write!(f, ", back after {} s", back.as_secs_f64()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_is_read_with_and_without_a_return() {
        let read = |text: &str| text.parse::<Chaos>().map(|chaos| chaos.to_string()).map_err(|error| error.to_string());
        assert_eq!(read("kill one at 10 s"), Ok("kill one at 10 s".to_owned()));
        assert_eq!(read(" kill one at 1500ms,back after 1 min "), Ok("kill one at 1.5 s, back after 60 s".to_owned()));
        for text in ["", "kill two at 10 s", "kill one at 10 s, and again", "kill one at"] {
            assert_eq!(text.parse::<Chaos>(), Err(ChaosError::Grammar), "{text}");
        }
        assert_eq!(read("kill one at 10"), Err("`10` is a plain number, a time is needed".to_owned()));
        assert!(read("kill one at 10 s, back after 0 s").is_err());
    }
}
