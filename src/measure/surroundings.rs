//! What every process needs to know about its surroundings.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::stop::Stop;

/// What every process needs to know about its surroundings.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The Tollgate binary, which starts each measured child from a small process of its own (see [`super::process`]).
    pub tollgate: PathBuf,
    /// The inherited environment.
    pub environment: BTreeMap<String, String>,
    /// Set when the user wants to stop.
    pub stop: Stop,
    /// How much longer than it does by itself each started program takes; nothing but where the gate tests itself.
    pub delay: Duration,
}
