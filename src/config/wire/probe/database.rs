//! The grammar of `[service.<name>.postgres]` and `[service.<name>.mysql]`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::wire::At;

/// A database that a service uses. Its statements are counted by request, and what it says of itself while load runs is kept.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::config) struct Database {
    /// How it is reached: `postgres://user@host:port/database` or `mysql://…`, or `{ env = "DATABASE_URL" }` for what a variable holds. It is never shown.
    pub(in crate::config) url: At<DatabaseUrl>,
    /// The role of the service, whose statements are looked at. Default: those of all roles but what Tollgate itself asks.
    #[schemars(example = &"shop")]
    pub(in crate::config) role: Option<At<String>>,
    /// The longest that one query of Tollgate's may take. Default: 2 s.
    #[schemars(example = &"2 s")]
    pub(in crate::config) timeout: Option<At<String>>,
    /// How often each flow is walked alone after the load, to count its statements: 3 to 100, or 0 for not at all. Default: 5.
    #[schemars(range(min = 0, max = 100))]
    pub(in crate::config) walks: Option<At<u32>>,
    /// MySQL and MariaDB only: whether `long_query_time`, `log_output` and `slow_query_log` may be changed on the server for the time of a round, to tell prepared
    /// statements apart. Default: false.
    pub(in crate::config) slow_log: Option<At<bool>>,
}

/// How a database is reached.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::config) enum DatabaseUrl {
    /// As written.
    Written(String),
    /// What a variable holds.
    Variable(DatabaseVariable),
}

/// A variable that holds the address of a database.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct DatabaseVariable {
    /// The name of the variable: of those of the service, else of those that Tollgate was started with.
    #[schemars(example = &"DATABASE_URL")]
    pub(in crate::config) env: String,
}

impl std::fmt::Debug for DatabaseUrl {
    /// Nothing of it: it may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DatabaseUrl")
    }
}
