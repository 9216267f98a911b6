//! Load tools on the command line.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::load::LoadArgs;

/// Load tools whose results can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LoadTool {
    /// k6: `--out json`, or a summary
    K6,
    /// Gatling: text `simulation.log` up to 3.12, or assertions as `JUnit` XML
    Gatling,
    /// `JMeter`: JTL as CSV
    Jmeter,
    /// Locust: `--json`, or the CSV files
    Locust,
    /// Vegeta: `encode -to json`, or `report -type=json`
    Vegeta,
    /// oha: `--output-format json`
    Oha,
    /// wrk, wrk2: what they print
    Wrk,
    /// h2load: `--log-file`, or what it prints
    H2load,
    /// autocannon: `--json`
    Autocannon,
}

/// Tools that a scenario can be exported for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportTool {
    /// A script for `k6 run`, and for k6-operator
    K6,
}

/// Arguments of `export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tollgate export k6 checkout > checkout.js
  k6 run -e TARGET=http://127.0.0.1:8080 --out json=result.ndjson checkout.js

Run the script at the root of the checkout: it opens data files and bodies relative to itself.")]
pub struct ExportArgs {
    /// The tool
    #[arg(value_enum)]
    pub tool: ExportTool,
    /// The scenario: the `<name>` of `[scenario.<name>]`
    pub scenario: String,
    /// Read the scenario from this file [default: tollgate.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tollgate run --shard 1/4 --out shard-1.json checkout --url http://shop.internal:8080   # on the first of four machines
  tollgate merge shard-1.json shard-2.json shard-3.json shard-4.json --out whole.json

The service runs already, and is the same for all parts.")]
pub struct RunArgs {
    /// Which part of how many: `1/4`
    #[arg(long, value_name = "PART")]
    pub shard: String,
    /// Where the result of this part goes
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// What is sent, as a whole.
    #[command(flatten)]
    pub load: LoadArgs,
}

/// Arguments of `merge`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tollgate merge shard-*.json --out whole.json
  tollgate compare before.json whole.json")]
pub struct MergeArgs {
    /// The results of all parts, in any order
    #[arg(required = true, value_name = "FILE")]
    pub parts: Vec<String>,
    /// Where the merged result goes
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}
