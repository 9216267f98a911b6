//! Levels and how long a profile takes. Refuses to know how load is made.

use std::fmt;
use std::time::Duration;

use super::{Level, Load, Profile};

impl Level {
    /// Its number: starts a second, or users.
    pub fn value(self) -> f64 {
        match self {
            Self::Rate(value) | Self::Users(value) => value,
        }
    }

    /// Another number of the same unit.
    #[must_use]
    pub fn with(self, value: f64) -> Self {
        match self {
            Self::Rate(_) => Self::Rate(value),
            Self::Users(_) => Self::Users(value),
        }
    }

    /// Whether both are rates, or both are users.
    pub fn is_like(self, other: Self) -> bool {
        matches!((self, other), (Self::Rate(_), Self::Rate(_)) | (Self::Users(_), Self::Users(_)))
    }

    /// What it is called in a sentence.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Rate(_) => "a rate",
            Self::Users(_) => "a number of users",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate(rate) => write!(f, "{rate}/s"),
            Self::Users(users) => write!(f, "{users} user{}", if *users > 1.0 { "s" } else { "" }),
        }
    }
}

impl Profile {
    /// Its name in the config.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Load { .. } => "load",
            Self::Stress { .. } => "stress",
            Self::Spike { .. } => "spike",
            Self::Soak { .. } => "soak",
            Self::Custom(_) => "custom",
        }
    }

    /// The level that it begins with, and so the model of all of it.
    pub fn first(&self) -> Option<Level> {
        match self {
            Self::Load { level, .. } | Self::Soak { level, .. } => Some(*level),
            Self::Stress { from, .. } => Some(*from),
            Self::Spike { base, .. } => Some(*base),
            Self::Custom(stages) => stages.first().map(|stage| stage.from),
        }
    }

    /// The highest level that it may reach.
    pub fn highest(&self) -> f64 {
        match self {
            Self::Load { level, .. } | Self::Soak { level, .. } => level.value(),
            Self::Stress { to, .. } => *to,
            Self::Spike { base, peak, .. } => peak.max(base.value()),
            Self::Custom(stages) => stages.iter().map(|stage| stage.to.max(stage.from.value())).fold(0.0, f64::max),
        }
    }

    /// How long it takes, where that is known before it runs: a stress test ends when a limit breaks.
    pub fn duration(&self) -> Option<Duration> {
        match self {
            Self::Load { ramp, duration, .. } => Some(*ramp + *duration),
            Self::Soak { duration, .. } => Some(*duration),
            Self::Stress { .. } => None,
            Self::Spike { durations, .. } => Some(durations.iter().sum()),
            Self::Custom(stages) => Some(stages.iter().map(|stage| stage.duration).sum()),
        }
    }
}

impl Load {
    /// How long one round of one arm makes load, warm-up included, where that is known before it runs.
    pub fn duration(&self) -> Option<Duration> {
        self.profile.duration().map(|duration| self.warm_up + duration)
    }

    /// How many named requests there are.
    pub fn steps(&self) -> usize {
        self.flows.iter().map(|flow| flow.steps.len()).sum()
    }
}
