//! The commands that put the machine and the gate itself to the test.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `calibrate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tollgate calibrate                           # 20 rounds of every suite against itself
  tollgate calibrate --only 'core/*' --rounds 40
  tollgate calibrate --write                   # appends the rules that it suggests to tollgate.toml
  tollgate calibrate --json > calibration.json

Both arms are the same program, so that every difference is noise. Ends with 8 if the gate calls it a regression all the same: this machine
cannot be trusted then. The numbers are kept in .tollgate/calibration.json.")]
pub struct CalibrateArgs {
    /// The revision to measure [default: the working tree with its uncommitted work]
    #[arg(long, value_name = "REV")]
    pub head: Option<String>,
    /// Rounds of every benchmark
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(5..=500))]
    pub rounds: u32,
    /// End measuring after this time, such as `5 min` [default: when the rounds are over, at most an hour]
    #[arg(long, value_name = "TIME")]
    pub time_limit: Option<String>,
    /// Only benchmarks whose `suite/benchmark` matches this glob; may be given more than once
    #[arg(long, value_name = "GLOB")]
    pub only: Vec<String>,
    /// Read policy and suites from this file instead of tollgate.toml
    #[arg(long, value_name = "FILE", conflicts_with = "write")]
    pub config: Option<PathBuf>,
    /// Seed of the coins that order the rounds [default: from the revision]
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Append the suggested rules to tollgate.toml; what is there stays as it is
    #[arg(long)]
    pub write: bool,
    /// Print all numbers as JSON instead of the table
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `selftest`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tollgate selftest                            # slows one benchmark of each suite down by 20 %
  tollgate selftest --only 'core/parse/*' --slowdown '10 %'
  tollgate selftest --json > selftest.json

Measures one revision against itself: that must pass. Then again with a slowdown put into head: that must be called a regression of about
its size. Ends with 0 only if both hold, and with 8 if the gate can no longer go red or goes red without a cause.")]
pub struct SelftestArgs {
    /// The revision to measure [default: the working tree with its uncommitted work]
    #[arg(long, value_name = "REV")]
    pub head: Option<String>,
    /// How much slower head is made
    #[arg(long, value_name = "SHARE", default_value = "20 %")]
    pub slowdown: String,
    /// Measure and slow down the benchmarks whose `suite/benchmark` matches this glob; may be given more than once [default: measure all,
    /// slow down the cheapest of each suite]
    #[arg(long, value_name = "GLOB")]
    pub only: Vec<String>,
    /// Read policy and suites from this file instead of tollgate.toml
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// End measuring after this time, in each of the two runs [default: the gate's]
    #[arg(long, value_name = "TIME")]
    pub time_limit: Option<String>,
    /// Seed of the coins that order the rounds [default: from the revision]
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Print the result as JSON instead of text
    #[arg(long)]
    pub json: bool,
}
