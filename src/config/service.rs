//! A service: the program under test of a scenario, how to build, start, await, watch and stop it. Refuses to know how that is done.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use crate::model::Name;

use super::probe::Probes;
use super::suite::CommandLine;

/// One service.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Its name: the `<name>` of `[service.<name>]`.
    pub name: Name,
    /// Built once for each arm before the first round, in this order.
    pub build: Vec<CommandLine>,
    /// What starts one instance. `{port}` stands for its port, `{instance}` for its number from 0, `{target}` for the arm's own target folder of Cargo,
    /// `{scratch}` for an empty folder of its own.
    pub start: CommandLine,
    /// Where its commands run, relative to the root of the checkout, without `..`.
    pub directory: PathBuf,
    /// Variables set for its commands, beside the inherited environment. The same placeholders as in `start`.
    pub environment: BTreeMap<String, String>,
    /// What shows that an instance can take requests.
    pub ready: Readiness,
    /// The longest that an instance may take until then.
    pub ready_within: Duration,
    /// A path that must answer with a status below 400 while the load runs, asked once a second; `None` for not asking.
    pub health: Option<String>,
    /// How long an instance may take to end when it is asked to, before its whole tree is made to.
    pub stop_within: Duration,
    /// How many instances run, 1 to 64. Requests go to them in turn.
    pub instances: u32,
    /// The cores that it may use, where the machine can be told; empty for all.
    pub cpus: BTreeSet<u32>,
    /// The most that all its instances may write to their output in one round, in bytes.
    pub log_bytes_max: u64,
    /// What is read beside it.
    pub probes: Probes,
}

/// What shows that a service can take requests.
#[derive(Clone, Debug, PartialEq)]
pub enum Readiness {
    /// `GET` of a path answers with this status.
    Http {
        /// The path.
        path: String,
        /// The status.
        status: u16,
    },
    /// Its port takes connections.
    Tcp,
    /// A line of its output holds this text.
    Log(String),
}
