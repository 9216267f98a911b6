//! The exit codes, and how an error is shown.

use std::fmt;

/// How Tollgate ends. The numbers are API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// Nothing blocks.
    Pass = 0,
    /// A bug in Tollgate, or the machine failed it (no space, no permission).
    Internal = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The config is wrong.
    Config = 3,
    /// Nothing, or less than there should be, was measured.
    NotCovered = 4,
    /// A baseline is unreadable, or not comparable where one is required.
    Baseline = 5,
    /// A build, benchmark, service or probe failed.
    Broken = 6,
    /// Publishing failed.
    Publishing = 7,
    /// The gate failed its test of itself: it can no longer go red, or goes red without a cause.
    Untrustworthy = 8,
    /// A metric regressed.
    Regressed = 10,
    /// A critical budget is missed.
    OverBudget = 11,
    /// Something that must be certain is not.
    Inconclusive = 12,
    /// The user stopped it.
    Interrupted = 130,
}

/// Why a command gave no result.
#[derive(Debug)]
pub struct Failure {
    /// How Tollgate ends.
    pub code: Code,
    /// What it means for the user: `no verdict`, `nothing written`.
    pub consequence: &'static str,
    /// What failed and why, the causes joined by colons. May be several lines.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure from an error and its causes.
    pub fn new(code: Code, consequence: &'static str, error: &dyn std::error::Error, hint: Option<String>) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(next) = cause {
            message.push_str(": ");
            message.push_str(&next.to_string());
            cause = next.source();
        }
        Self { code, consequence, message, hint }
    }

    /// A failure of the command line that clap cannot see.
    pub fn usage(message: impl Into<String>, hint: Option<String>) -> Self {
        Self { code: Code::Usage, consequence: "nothing done", message: message.into(), hint }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}: {}", self.consequence, self.message)?;
        match &self.hint {
            Some(hint) => writeln!(f, "  hint: {hint}"),
            None => Ok(()),
        }
    }
}
