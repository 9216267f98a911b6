//! Load tools on the command line.

use clap::ValueEnum;

/// Load tools whose results can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LoadTool {
    /// k6: `--out json`, or a summary
    K6,
    /// Gatling: text `simulation.log` up to 3.12, or assertions as JUnit XML
    Gatling,
    /// JMeter: JTL as CSV
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
