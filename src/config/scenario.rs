//! A scenario: one load test against a service. Refuses to know how load is made.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::Name;

mod conditions;
mod level;
mod shard;

pub use shard::Shard;

use super::service::Service;
use super::suite::CommandLine;

/// One scenario. Its name is that of the suite which holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// What the load goes to.
    pub target: Target,
    /// Who makes the load.
    pub engine: Engine,
}

/// What the load goes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// A service that Tollgate starts, fresh for each round of each arm.
    Service(Box<Service>),
    /// Something that runs already; then base and head are the same program and only budgets and stored runs can say anything.
    Addresses(Vec<Address>),
}

/// One address of a target.
#[derive(Clone, Debug, PartialEq)]
pub struct Address {
    /// Where it is.
    pub origin: Origin,
    /// Its part of the load beside the others', at least 1.
    pub weight: u32,
}

/// Scheme, host and port; or a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// `http://host:port`, or `https://host:port`.
    Tcp {
        /// Whether it is TLS.
        tls: bool,
        /// A name or an address, without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// `unix:/path/to/socket`: plain HTTP on it.
    Unix(PathBuf),
}

/// Who makes the load.
#[derive(Clone, Debug, PartialEq)]
pub enum Engine {
    /// Tollgate.
    Own(Box<Load>),
    /// Another tool, whose result is read.
    External(External),
}

/// Another tool that makes the load.
#[derive(Clone, Debug, PartialEq)]
pub struct External {
    /// Which format its result has.
    pub format: LoadFormat,
    /// Its command line. `{port}`, `{url}`, `{output}` and `{target}` stand for what the round gives.
    pub run: CommandLine,
    /// The longest that it may take.
    pub timeout: Duration,
}

/// Result formats of other load tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoadFormat {
    /// k6: `--out json`, `--summary-export`, `handleSummary` or the machine-readable summary.
    K6,
    /// Gatling: text simulation log up to 3.12, else its assertions.
    Gatling,
    /// `JMeter`: JTL as CSV.
    Jmeter,
    /// Locust: `--json`, or the CSV files.
    Locust,
    /// Vegeta: `report -type=json`, `encode -to json`.
    Vegeta,
    /// oha: `--output-format json`.
    Oha,
    /// wrk and wrk2: their text.
    Wrk,
    /// h2load: its text.
    H2load,
    /// autocannon: `--json`.
    Autocannon,
}

/// Load that Tollgate makes.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// How much of it, and when.
    pub profile: Profile,
    /// How arrivals of an open model are spread.
    pub arrivals: Arrivals,
    /// The seed of arrivals, of the choice among flows and of think times: the same in both arms.
    pub seed: u64,
    /// The start of the load that does not count.
    pub warm_up: Duration,
    /// What is sent; at least one flow.
    pub flows: Vec<Flow>,
    /// How connections are made and kept.
    pub connections: Connections,
    /// The longest that one request may take, from when it is sent.
    pub timeout: Duration,
    /// The largest body of a reply that is read, in bytes; a longer one is an error.
    pub reply_bytes_max: u64,
    /// The response time that satisfies, for Apdex; four times as much is tolerated.
    pub apdex: Duration,
}

/// How much load, and when.
#[derive(Clone, Debug, PartialEq)]
pub enum Profile {
    /// A constant level, after a ramp.
    Load {
        /// The level.
        level: Level,
        /// How long it takes from nothing to the level; part of neither warm-up nor duration.
        ramp: Duration,
        /// How long the level is kept and measured.
        duration: Duration,
    },
    /// Steps upwards until a limit breaks.
    Stress {
        /// The first step.
        from: Level,
        /// No step is higher; in the unit of `from`.
        to: f64,
        /// How long a step takes.
        step: Duration,
        /// What must hold.
        limits: Limits,
    },
    /// A jump, and back.
    Spike {
        /// Before and after.
        base: Level,
        /// At the top, in the unit of `base`.
        peak: f64,
        /// How long before, at the top, and after.
        durations: [Duration; 3],
    },
    /// A constant level for long: memory, descriptors and latency must not drift.
    Soak {
        /// The level.
        level: Level,
        /// How long.
        duration: Duration,
    },
    /// Stages as given.
    Custom(Vec<Stage>),
}

/// How much load at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Level {
    /// An open model: so many flows are started a second, whatever the replies do.
    Rate(f64),
    /// A closed model: so many users, each of whom waits for a reply before the next request.
    Users(f64),
}

/// One stage of a custom profile: the level goes in a straight line from one value to the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// The level at its start.
    pub from: Level,
    /// The level at its end, in the unit of `from`.
    pub to: f64,
    /// How long it takes.
    pub duration: Duration,
}

/// What must hold at a step of a stress test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The largest 99th percentile of the response time.
    pub p99: Duration,
    /// The largest share of requests that fail.
    pub errors: f64,
}

/// How arrivals of an open model are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrivals {
    /// At equal distances.
    Uniform,
    /// As independent users come: exponential distances.
    Poisson,
}

/// How connections are made and kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Connections {
    /// How many at most, and how many are opened before the clock starts. In a closed model it is the number of users: each has one of its own, or
    /// shares it with as many as it has streams.
    pub count: u32,
    /// How many requests at a time one of them carries, 1 to 256; more than 1 with HTTP/2 only.
    pub streams: u32,
    /// The protocol.
    pub protocol: Protocol,
    /// Whom to trust and who we are, for TLS.
    pub tls: Tls,
}

/// The protocol of the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1, connections kept.
    Http1,
    /// HTTP/1.1, a new connection for each request.
    Http1Close,
    /// HTTP/2: over TLS by its negotiation, else with prior knowledge.
    Http2,
}

/// Whom to trust and who we are. Files are relative to the root of the checkout.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tls {
    /// Certificates in PEM to trust instead of the system's.
    pub ca: Option<PathBuf>,
    /// Our own certificate and its key, in PEM.
    pub client: Option<(PathBuf, PathBuf)>,
    /// The name to ask for and to check, instead of the host.
    pub server_name: Option<String>,
}

/// One way of a user through the service.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Its name.
    pub name: Name,
    /// Its part of all flows that are started, at least 1.
    pub weight: u32,
    /// A file of values, one record for each start of the flow, in turn.
    pub data: Option<DataFile>,
    /// What is sent, in this order; at least one.
    pub steps: Vec<Step>,
}

/// A file of values for templates.
#[derive(Clone, Debug, PartialEq)]
pub struct DataFile {
    /// Where it is, relative to the root of the checkout. `.csv` with a header, or `.json` with a list of objects.
    pub path: PathBuf,
}

/// One named request.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The name of its metrics: a benchmark of the scenario.
    pub name: Name,
    /// The method, in capitals.
    pub method: String,
    /// Path and query. `{name}` stands for a value of the data file or of an earlier step.
    pub path: String,
    /// Headers, in this order; values are templates.
    pub headers: Vec<(String, String)>,
    /// What is sent as its body.
    pub body: Body,
    /// Who asks.
    pub credentials: Option<Credentials>,
    /// Values for later steps, by name.
    pub extract: BTreeMap<String, Extract>,
    /// What the reply must be like; a reply that is not is an error. Without a check of the status, one of 400 and more is an error.
    pub checks: Vec<Check>,
    /// How many redirects are followed, each a request of its own.
    pub redirects: u32,
    /// The pause before it: drawn evenly between both.
    pub think_time: (Duration, Duration),
    /// The longest that it may take, where it is not the scenario's.
    pub timeout: Option<Duration>,
}

impl Step {
    /// A `GET` of a path, with nothing else to it.
    pub fn get(name: Name, path: &str) -> Self {
        Self {
            name,
            method: "GET".to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Body::Empty,
            credentials: None,
            extract: BTreeMap::new(),
            checks: Vec::new(),
            redirects: 0,
            think_time: (Duration::ZERO, Duration::ZERO),
            timeout: None,
        }
    }
}

/// What is sent as a request's body.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Nothing.
    Empty,
    /// This template.
    Text(String),
    /// The bytes of a file, relative to the root of the checkout.
    File(PathBuf),
    /// `multipart/form-data`.
    Multipart(Vec<FormPart>),
}

/// One part of a form.
#[derive(Clone, Debug, PartialEq)]
pub struct FormPart {
    /// Its name.
    pub name: String,
    /// What it holds: a template, or a file with its media type.
    pub content: FormContent,
}

/// What a part of a form holds.
#[derive(Clone, Debug, PartialEq)]
pub enum FormContent {
    /// A template.
    Text(String),
    /// A file, relative to the root of the checkout.
    File {
        /// Where it is.
        path: PathBuf,
        /// Its media type.
        media_type: String,
    },
}

/// Who asks. Secrets come from variables of the environment and are never shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Credentials {
    /// Basic authentication.
    Basic {
        /// The user.
        user: String,
        /// The variable that holds the password.
        password_variable: String,
    },
    /// A bearer token.
    Bearer {
        /// The variable that holds the token.
        token_variable: String,
    },
}

/// Where in a reply a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Extract {
    /// A JSON pointer into the body.
    Json(String),
    /// A header.
    Header(String),
    /// The first group of a regular expression over the body.
    Regex(String),
}

/// What a reply must be like.
#[derive(Clone, Debug, PartialEq)]
pub enum Check {
    /// The status is one of these.
    Status(Vec<u16>),
    /// A header is there, with this value where one is given.
    Header(String, Option<String>),
    /// The body holds this text.
    Contains(String),
    /// The JSON pointer leads to this value.
    Json(String, serde_json::Value),
}
