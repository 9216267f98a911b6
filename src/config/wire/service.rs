//! The grammar of `[service.<name>]`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, CommandLines, Database, Prometheus};

/// A program that scenarios drive load at. It is built once for base and once for head, and started afresh for each round.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::config) struct Service {
    /// Built once for base and once for head before the first round: one command line, or a list of them.
    pub(in crate::config) build: Option<At<CommandLines>>,
    /// What starts one instance, the program first; no shell reads it. `{port}` stands for its port, `{instance}` for its number from 0,
    /// `{target}` for the target folder that Cargo builds into, `{scratch}` for an empty folder of its own.
    pub(in crate::config) start: At<Vec<At<String>>>,
    /// Where its commands run, relative to the root of the repository. Default: the root.
    #[schemars(example = &".")]
    pub(in crate::config) directory: Option<At<String>>,
    /// Variables set for its commands, with the same placeholders as `start`.
    #[serde(default)]
    pub(in crate::config) environment: BTreeMap<At<String>, At<String>>,
    /// What shows that it can take requests: a path that answers with 200, `tcp`, or a table. Default: tcp.
    #[schemars(example = &"/health")]
    pub(in crate::config) ready: Option<At<Ready>>,
    /// The longest that it may take until then. Default: 30 s.
    #[schemars(example = &"30 s")]
    pub(in crate::config) ready_within: Option<At<String>>,
    /// A path that must answer with a status below 400 while the load runs, asked once a second. Default: none.
    #[schemars(example = &"/health")]
    pub(in crate::config) health: Option<At<String>>,
    /// How long it may take to end when it is asked to, before its whole tree is killed. Default: 5 s.
    #[schemars(example = &"5 s")]
    pub(in crate::config) stop_within: Option<At<String>>,
    /// How many of it run side by side; requests go to them in turn. Default: 1.
    #[schemars(range(min = 1, max = 64))]
    pub(in crate::config) instances: Option<u32>,
    /// The cores that it may use, where the machine can be told. Default: all.
    #[serde(default)]
    #[schemars(inner(range(min = 0, max = 4095)))]
    pub(in crate::config) cpus: Vec<u32>,
    /// The most that it may write to its output in one round. Default: 64 MiB.
    #[schemars(example = &"64 MiB")]
    pub(in crate::config) log_limit: Option<At<String>>,
    /// The PostgreSQL database that it uses, 14 or later.
    pub(in crate::config) postgres: Option<Database>,
    /// The `MySQL` or MariaDB database that it uses: `MySQL` 8 or later, MariaDB 10.5 or later.
    pub(in crate::config) mysql: Option<Database>,
    /// Its metrics endpoint. Default: not read.
    pub(in crate::config) prometheus: Option<At<Prometheus>>,
}

/// What shows that a service can take requests.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::config) enum Ready {
    /// A path, or `tcp`.
    Short(String),
    /// What the short form cannot say.
    Table(ReadyTable),
}

/// A status that is not 200, or a line of the log.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::config) struct ReadyTable {
    /// A path that is asked.
    #[schemars(example = &"/health")]
    pub(in crate::config) path: Option<String>,
    /// The status that it must answer with. Default: 200.
    #[schemars(range(min = 100, max = 599))]
    pub(in crate::config) status: Option<u16>,
    /// A text that a line of its output must hold.
    #[schemars(example = &"listening on")]
    pub(in crate::config) log: Option<String>,
}
