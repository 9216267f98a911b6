//! The grammar of `[scenario.<name>]`. A scenario with one request writes it right into the table; one with more has flows.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde_json::Value;

use super::flow::{Basic, Check, Flow, FormField};
use super::kinds::{Variant, split};
use super::{At, OneOrMany};

/// One load test. All keys of all profiles: the schema is split by profile, so that the walk over the file refuses the others' keys.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(transform = split_by_profile)]
pub(in crate::config) struct Scenario {
    /// The service that the load goes to: the `<name>` of a `[service.<name>]`.
    #[schemars(example = &"web")]
    pub(in crate::config) service: Option<At<String>>,
    /// What the load goes to where it runs already: `http://host:port`, `https://host:port` or `unix:/path`.
    #[schemars(example = &"http://127.0.0.1:8080")]
    pub(in crate::config) url: Option<At<String>>,
    /// Several of these, each with its weight.
    #[serde(default)]
    pub(in crate::config) targets: Vec<At<TargetTable>>,

    /// How the load goes over time. Default: load.
    pub(in crate::config) profile: Option<Profile>,
    /// The level as an open model: so many flows are started a second, whatever the replies do. Of stress the first step, of spike before
    /// and after.
    #[schemars(example = &"200/s")]
    pub(in crate::config) rate: Option<At<String>>,
    /// The level as a closed model: so many users, each of whom waits for a reply before the next request.
    #[schemars(range(min = 1, max = 10_000))]
    pub(in crate::config) users: Option<At<u32>>,
    /// How long the level is kept and measured. Default: 10 s, of a soak 10 min.
    #[schemars(example = &"10 s")]
    pub(in crate::config) duration: Option<At<String>>,
    /// How long it takes from nothing to the level. Default: 0 s.
    #[schemars(example = &"5 s")]
    pub(in crate::config) ramp: Option<At<String>>,
    /// The highest step. Default: 20 times the first.
    #[schemars(example = &"2000/s")]
    pub(in crate::config) max: Option<At<Amount>>,
    /// How long each step takes. Default: 5 s.
    #[schemars(example = &"5 s")]
    pub(in crate::config) step: Option<At<String>>,
    /// The largest 99th percentile of the response time that a step may have. Default: 500 ms.
    #[schemars(example = &"500 ms")]
    pub(in crate::config) limit_p99: Option<At<String>>,
    /// The largest share of failed requests that a step may have. Default: 1 %.
    #[schemars(example = &"1 %")]
    pub(in crate::config) limit_errors: Option<At<String>>,
    /// The level at the top. Default: 5 times the level before.
    #[schemars(example = &"1000/s")]
    pub(in crate::config) peak: Option<At<Amount>>,
    /// How long the level is kept before the jump. Default: 5 s.
    #[schemars(example = &"5 s")]
    pub(in crate::config) before: Option<At<String>>,
    /// How long the peak is kept. Default: 5 s.
    #[schemars(example = &"5 s")]
    pub(in crate::config) at_peak: Option<At<String>>,
    /// How long the level is kept after it. Default: 15 s.
    #[schemars(example = &"15 s")]
    pub(in crate::config) after: Option<At<String>>,
    /// The stages in their order.
    #[serde(default)]
    pub(in crate::config) stage: Vec<At<Stage>>,

    /// The start of the load that does not count. Default: 2 s.
    #[schemars(example = &"2 s")]
    pub(in crate::config) warm_up: Option<At<String>>,
    /// How starts of an open model are spread. Default: uniform.
    pub(in crate::config) arrivals: Option<Arrivals>,
    /// The seed of everything that is drawn, the same in base and head. Default: 1.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub(in crate::config) seed: Option<u64>,
    /// The pause before each request of a flow: a time, or the least and the most. Default: 0 s.
    #[schemars(example = &"1 s")]
    pub(in crate::config) think_time: Option<At<OneOrMany>>,
    /// How many connections at most, opened before the clock starts. Default: 64; as many as users of a closed model.
    #[schemars(range(min = 1, max = 10_000))]
    pub(in crate::config) connections: Option<At<u32>>,
    /// The protocol. Default: http1.
    pub(in crate::config) protocol: Option<Protocol>,
    /// How many requests at a time one connection carries, with `http2`. Default: 1.
    #[schemars(range(min = 1, max = 256))]
    pub(in crate::config) streams: Option<At<u32>>,
    /// Whom to trust and who we are, for `https`.
    pub(in crate::config) tls: Option<At<Tls>>,
    /// The longest that one request may take, default 10 s; of another engine, that one run of it may take, default 10 min.
    #[schemars(example = &"10 s")]
    pub(in crate::config) timeout: Option<At<String>>,
    /// The largest body of a reply; a longer one is an error. Default: 16 MiB.
    #[schemars(example = &"16 MiB")]
    pub(in crate::config) max_reply: Option<At<String>>,
    /// The response time that satisfies, for Apdex; four times as much is tolerated. Default: 500 ms.
    #[schemars(example = &"500 ms")]
    pub(in crate::config) apdex: Option<At<String>>,
    /// What users do, where it is more than one request.
    #[serde(default)]
    pub(in crate::config) flow: Vec<At<Flow>>,

    /// The method of the one request. Default: GET.
    #[schemars(example = &"GET")]
    pub(in crate::config) method: Option<At<String>>,
    /// The path and query of the one request. Default: `/`.
    #[schemars(example = &"/items?page=1")]
    pub(in crate::config) path: Option<At<String>>,
    /// Headers of the one request.
    #[serde(default)]
    pub(in crate::config) headers: BTreeMap<At<String>, At<String>>,
    /// Its body as a text.
    pub(in crate::config) body: Option<At<String>>,
    /// Its body as JSON.
    pub(in crate::config) json: Option<At<Value>>,
    /// Its body from a file.
    #[schemars(example = &"bench/order.bin")]
    pub(in crate::config) file: Option<At<String>>,
    /// Its body as a form with parts.
    #[serde(default)]
    pub(in crate::config) form: BTreeMap<At<String>, At<FormField>>,
    /// Basic authentication.
    pub(in crate::config) basic: Option<At<Basic>>,
    /// The variable that holds a bearer token.
    #[schemars(example = &"WEB_TOKEN")]
    pub(in crate::config) bearer_variable: Option<At<String>>,
    /// What the reply must be like. Default: a status below 400.
    pub(in crate::config) check: Option<At<Check>>,
    /// How many redirects are followed. Default: 0.
    #[schemars(range(min = 0, max = 20))]
    pub(in crate::config) redirects: Option<At<u32>>,
    /// A file of values for `{name}`, one record for each request in turn: `.csv` with a header, or `.json` with a list of tables.
    #[schemars(example = &"bench/users.csv")]
    pub(in crate::config) data: Option<At<String>>,

    /// The tool that makes the load and whose result is read.
    pub(in crate::config) engine: Option<LoadFormat>,
    /// Its command line, the program first; no shell reads it. `{output}` stands for the file to write, `{url}` and `{port}` for what the load goes
    /// to, `{target}` for the target folder that Cargo builds into.
    pub(in crate::config) run: Option<At<Vec<At<String>>>>,
    /// Where it runs, relative to the root of the repository. Default: the root.
    #[schemars(example = &".")]
    pub(in crate::config) directory: Option<At<String>>,
    /// Variables set for it.
    #[serde(default)]
    pub(in crate::config) environment: BTreeMap<At<String>, At<String>>,
}

/// One of several addresses.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::config) struct TargetTable {
    /// Where it is.
    #[schemars(example = &"http://127.0.0.1:8080")]
    pub(in crate::config) url: At<String>,
    /// Its part of the load beside the others'. Default: 1.
    #[schemars(range(min = 1, max = 1000))]
    pub(in crate::config) weight: Option<u32>,
}

/// How the load goes over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum Profile {
    /// A constant level.
    Load,
    /// Steps upwards until a limit breaks.
    Stress,
    /// A jump, and back.
    Spike,
    /// A constant level for long, and nothing may drift.
    Soak,
    /// Stages as given.
    Custom,
}

/// A level: a rate such as `"200/s"`, or a number of users.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::config) enum Amount {
    /// A rate.
    Rate(String),
    /// Users.
    Users(#[schemars(range(min = 0, max = 10_000))] u32),
}

/// One stage: the level goes in a straight line from one value to the other.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::config) struct Stage {
    /// The level at its start. Default: the end of the stage before, of the first its own end.
    #[schemars(example = &"0/s")]
    pub(in crate::config) from: Option<At<Amount>>,
    /// The level at its end: a rate such as `200/s`, or a number of users.
    #[schemars(example = &"200/s")]
    pub(in crate::config) to: At<Amount>,
    /// How long it takes.
    #[schemars(example = &"10 s")]
    pub(in crate::config) duration: At<String>,
}

/// How starts of an open model are spread.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum Arrivals {
    /// At equal distances.
    Uniform,
    /// As independent users come.
    Poisson,
}

/// The protocol of the load.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum Protocol {
    /// HTTP/1.1, connections kept.
    Http1,
    /// HTTP/1.1, a new connection for each request.
    Http1Close,
    /// HTTP/2: over TLS by its negotiation, else with prior knowledge.
    Http2,
}

/// Whom to trust and who we are. Files are in PEM and relative to the root of the repository.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::config) struct Tls {
    /// Certificates to trust instead of the system's.
    #[schemars(example = &"tests/ca.pem")]
    pub(in crate::config) ca: Option<At<String>>,
    /// Our own certificate.
    #[schemars(example = &"tests/client.pem")]
    pub(in crate::config) certificate: Option<At<String>>,
    /// Its key.
    #[schemars(example = &"tests/client.key")]
    pub(in crate::config) key: Option<At<String>>,
    /// The name to ask for and to check, instead of the host.
    #[schemars(example = &"shop.example")]
    pub(in crate::config) server_name: Option<At<String>>,
}

/// A tool that makes load, by the format of its result.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum LoadFormat {
    /// k6: JSON output or a summary.
    K6,
    /// Gatling: the simulation log.
    Gatling,
    /// `JMeter`: JTL as CSV.
    Jmeter,
    /// Locust: JSON or CSV.
    Locust,
    /// Vegeta: JSON.
    Vegeta,
    /// oha: JSON.
    Oha,
    /// wrk and wrk2: their text.
    Wrk,
    /// h2load: its text.
    H2load,
    /// autocannon: JSON.
    Autocannon,
}

/// Where the load goes.
const TARGET: &[&str] = &["service", "url", "targets"];
/// The keys of all load that Tollgate makes.
const OWN: &[&str] = &[
    "warm-up",
    "arrivals",
    "seed",
    "think-time",
    "connections",
    "protocol",
    "streams",
    "tls",
    "timeout",
    "max-reply",
    "apdex",
    "flow",
    "method",
    "path",
    "headers",
    "body",
    "json",
    "file",
    "form",
    "basic",
    "bearer-variable",
    "check",
    "redirects",
    "data",
];

/// One object with the keys of all profiles → one object for each profile, and one for other engines.
fn split_by_profile(schema: &mut Schema) {
    let profile = |name, title, keys| Variant {
        tag: ("profile", Some(name)),
        title,
        shared: vec![TARGET, OWN],
        keys,
        required: &["profile"],
    };
    let variants = [
        Variant { required: &[], ..profile("load", "a constant level", &["rate", "users", "duration", "ramp"]) },
        profile("stress", "steps until it breaks", &["rate", "users", "max", "step", "limit-p99", "limit-errors"]),
        profile("spike", "a jump and back", &["rate", "users", "peak", "before", "at-peak", "after"]),
        profile("soak", "a constant level for long", &["rate", "users", "duration"]),
        Variant { required: &["profile", "stage"], ..profile("custom", "stages as given", &["stage"]) },
        Variant {
            tag: ("engine", None),
            title: "load of another tool",
            shared: vec![TARGET],
            keys: &["engine", "run", "directory", "environment", "timeout"],
            required: &["engine", "run"],
        },
    ];
    split(schema, &variants);
}
