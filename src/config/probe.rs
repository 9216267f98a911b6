//! Probes: readers of something beside latency while a scenario runs. Refuses to know how they read.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::model::{Direction, Name, Unit};

use super::expression::Expression;

/// What is read beside a service, apart from its processes, which are always watched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Probes {
    /// Its metrics endpoint.
    pub prometheus: Option<Prometheus>,
    /// The databases that it uses, at most one of a kind.
    pub databases: Vec<Database>,
}

/// A metrics endpoint in the text format of Prometheus or of OpenMetrics, asked of every instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Prometheus {
    /// The path of the endpoint.
    pub path: String,
    /// How often it is asked.
    pub every: Duration,
    /// What becomes a metric, by the name of that metric.
    pub metrics: BTreeMap<Name, NamedMetric>,
}

/// One metric from a metrics endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedMetric {
    /// What is calculated, such as `cache_hits_total / (cache_hits_total + cache_misses_total)`.
    pub expression: Expression,
    /// The base unit of its value.
    pub unit: Unit,
    /// How many base units one of what the expression gives is: 0.001 for milliseconds.
    pub scale: f64,
    /// Which direction is better.
    pub direction: Direction,
    /// Whether a regression blocks.
    pub gated: bool,
}

/// A database that a service uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Which.
    pub kind: DatabaseKind,
    /// How the probe reaches it.
    pub url: DatabaseUrl,
    /// The role of the service, where it is not the probe's own: the statements of that role are looked at.
    pub role: Option<String>,
    /// The longest that one query of the probe may take.
    pub timeout: Duration,
    /// How often each flow is walked alone after the load, to count its statements; 0 for not at all.
    pub walks: u32,
    /// Whether MySQL or MariaDB may have its slow log on while flows are walked, and its settings changed for the round.
    pub slow_log: bool,
}

/// How a probe reaches a database. Never shown: either may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// As written.
    Written(String),
    /// What this variable of the environment holds.
    Variable(String),
}

impl fmt::Debug for DatabaseUrl {
    /// Not what it holds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl")
    }
}

/// Kinds of databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DatabaseKind {
    /// PostgreSQL 14 or later.
    Postgres,
    /// `MySQL` 8 or later, MariaDB 10.5 or later.
    Mysql,
}

impl DatabaseKind {
    /// How an address of it begins, the usual form first.
    pub fn schemes(self) -> &'static [&'static str] {
        match self {
            Self::Postgres => &["postgres://", "postgresql://"],
            Self::Mysql => &["mysql://", "mariadb://"],
        }
    }
}
