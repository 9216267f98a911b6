//! `load`: one scenario by hand.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

const AFTER: &str = "\
Examples:
  tollgate load checkout                                    # a scenario of tollgate.toml: builds and starts its service
  tollgate load checkout --rate 500/s --duration '30 s'     # the same at another level
  tollgate load --url http://127.0.0.1:8080/items           # 50 requests a second for 10 s
  tollgate load --url http://127.0.0.1:8080 --users 64      # as fast as 64 users get replies
  tollgate load --url http://127.0.0.1:8080 --profile stress --rate 100/s --max 5000/s
  tollgate load --url unix:/run/web.sock:/items --json=before.json --html before.html
  tollgate compare before.json after.json                   # two such results

Latency counts from when a request was meant to be sent, so that a service that stalls cannot hide it.

Exit codes: 0 done; 2 wrong options; 3 wrong config; 6 the service failed, or no request succeeded; 11 a critical budget of the config is missed;
12 the generator was late, so that the numbers say nothing about the service; 130 stopped by Ctrl-C, after the numbers so far.";

/// How a level goes over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LoadProfile {
    /// A constant level
    Load,
    /// Steps upwards until a limit breaks
    Stress,
    /// A jump, and back
    Spike,
    /// A constant level for long
    Soak,
}

/// The protocol of the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LoadProtocol {
    /// HTTP/1.1, connections kept
    Http1,
    /// HTTP/1.1, a new connection for each request
    Http1Close,
    /// HTTP/2: over TLS by its negotiation, else with prior knowledge
    Http2,
}

/// Arguments of `load`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct LoadArgs {
    /// The scenario of tollgate.toml; not needed with --url
    #[arg(value_name = "SCENARIO", required_unless_present = "url")]
    pub scenario: Option<String>,
    /// Send to what runs already: `http://host:port/path`, `https://…`, or `unix:/path/to/socket:/path`; with a scenario, its requests, without a path
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// How much, and when.
    #[command(flatten)]
    pub level: LoadLevel,
    /// What is sent with --url alone.
    #[command(flatten)]
    pub request: LoadRequest,
    /// How many connections at most, opened before the clock starts [default: 64; as many as users]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub connections: Option<u32>,
    /// The protocol [default: http1]
    #[arg(long, value_enum, value_name = "WHICH")]
    pub protocol: Option<LoadProtocol>,
    /// The longest that one request may take [default: 10 s]
    #[arg(long, value_name = "TIME")]
    pub timeout: Option<String>,
    /// The response time that satisfies, for Apdex; four times as much is tolerated [default: 500 ms]
    #[arg(long, value_name = "TIME")]
    pub apdex: Option<String>,
    /// Seed of everything that is drawn [default: 1]
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Read the scenario and its budgets from this file instead of the working tree's tollgate.toml
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the result as JSON instead of the tables; with =FILE write it there and print the tables too
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-")]
    pub json: Option<PathBuf>,
    /// Write the result as one page
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Plain lines instead of the live picture
    #[arg(long)]
    pub no_live: bool,
}

/// How much load, and when.
#[derive(Debug, Default, Args)]
pub struct LoadLevel {
    /// Start so many requests a second, whatever the replies do: `200/s` [default: 50/s]
    #[arg(long, value_name = "RATE", conflicts_with = "users")]
    pub rate: Option<String>,
    /// So many users, each of whom waits for a reply before the next request
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub users: Option<u32>,
    /// How the level goes over time [default: load]
    #[arg(long, value_enum, value_name = "WHICH")]
    pub profile: Option<LoadProfile>,
    /// How long the level is kept [default: 10 s; of soak 10 min]
    #[arg(long, value_name = "TIME")]
    pub duration: Option<String>,
    /// The start of the load that does not count [default: 2 s]
    #[arg(long, value_name = "TIME")]
    pub warm_up: Option<String>,
    /// How long it takes from nothing to the level [default: 0 s]
    #[arg(long, value_name = "TIME")]
    pub ramp: Option<String>,
    /// Start requests as independent users come, not at equal distances
    #[arg(long)]
    pub poisson: bool,
    /// Of stress: the highest step, as a rate or users [default: 20 times the first]
    #[arg(long, value_name = "LEVEL")]
    pub max: Option<String>,
    /// Of stress: how long each step takes [default: 5 s]
    #[arg(long, value_name = "TIME")]
    pub step: Option<String>,
    /// Of stress: the largest 99th percentile of the response time [default: 500 ms]
    #[arg(long, value_name = "TIME")]
    pub limit_p99: Option<String>,
    /// Of stress: the largest share of failed requests [default: 1 %]
    #[arg(long, value_name = "SHARE")]
    pub limit_errors: Option<String>,
    /// Of spike: the level at the top [default: 5 times the level before]
    #[arg(long, value_name = "LEVEL")]
    pub peak: Option<String>,
    /// Of spike: how long before the jump [default: 5 s]
    #[arg(long, value_name = "TIME")]
    pub before: Option<String>,
    /// Of spike: how long at the top [default: 5 s]
    #[arg(long, value_name = "TIME")]
    pub at_peak: Option<String>,
    /// Of spike: how long after it [default: 15 s]
    #[arg(long, value_name = "TIME")]
    pub after: Option<String>,
}

/// What is sent with --url alone.
#[derive(Debug, Default, Args)]
pub struct LoadRequest {
    /// The method [default: GET; POST with a body]
    #[arg(short = 'X', long, value_name = "METHOD", conflicts_with = "scenario")]
    pub method: Option<String>,
    /// A header, `Name: value`; may be given more than once
    #[arg(short = 'H', long, value_name = "HEADER", conflicts_with = "scenario")]
    pub header: Vec<String>,
    /// The body as a text
    #[arg(short = 'd', long, value_name = "TEXT", conflicts_with_all = ["scenario", "body_file"])]
    pub body: Option<String>,
    /// The body from a file
    #[arg(long, value_name = "FILE", conflicts_with = "scenario")]
    pub body_file: Option<PathBuf>,
}
