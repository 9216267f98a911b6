//! The command line of `baseline`.

use clap::{Args, Subcommand};

/// The subcommands of `baseline`.
#[derive(Debug, Subcommand)]
pub enum BaselineCommand {
    /// Measure this revision and add the runs to the stored baselines
    Update(BaselineUpdateArgs),
    /// Push new runs to a branch of their own and open a pull request with what they change
    Propose(BaselineProposeArgs),
    /// Show the stored runs of a suite
    Show(BaselineShowArgs),
    /// Show where the levels of stored metrics changed, and which runs are old or odd
    History(BaselineHistoryArgs),
    /// List suites and environment classes that have baselines
    List(BaselineListArgs),
    /// Show what changed between two revisions' baselines
    Diff(BaselineDiffArgs),
    /// Drop all but the newest runs
    Prune(BaselinePruneArgs),
    /// Check every baseline against its schema and its checksum
    Verify(BaselineListArgs),
    /// Add a run from a criterion folder
    Import(BaselineImportArgs),
    /// Print a stored run in the open format
    Export(BaselineExportArgs),
}

/// Arguments of `baseline update`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tollgate baseline update --runs 10    # ten separate runs: enough for times to be judged by them
  tollgate baseline update --suite core")]
pub struct BaselineUpdateArgs {
    /// How many separate runs to measure and store
    #[arg(long, default_value_t = 1, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=20))]
    pub runs: u32,
    /// Only these suites; may be given more than once
    #[arg(long, value_name = "NAME")]
    pub suite: Vec<String>,
    /// Measure although there is uncommitted work
    #[arg(long)]
    pub allow_dirty: bool,
    /// How many runs to keep in each file
    #[arg(long, default_value_t = 20, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub keep: u32,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `baseline propose`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tollgate baseline update --runs 10 && tollgate baseline propose
  tollgate baseline propose --push-only --branch baselines/linux   # no pull request: for writers on many machines
  tollgate baseline propose --dry-run                              # what would be proposed

Takes the runs in the working tree's baselines/ that HEAD does not have. What others pushed to the branch in the meantime stays: runs are
joined, and nothing is ever forced. Needs a token in GITHUB_TOKEN with `contents: write` and `pull-requests: write`. Never pushes to the
branch that the runs are for.")]
pub struct BaselineProposeArgs {
    /// The branch that the runs are for [default: the one that is checked out]
    #[arg(long, value_name = "BRANCH")]
    pub into: Option<String>,
    /// The branch to push to [default: tollgate/baselines/BRANCH]
    #[arg(long, value_name = "BRANCH")]
    pub branch: Option<String>,
    /// How many runs to keep in each file
    #[arg(long, default_value_t = 20, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub keep: u32,
    /// Push, and open no pull request
    #[arg(long)]
    pub push_only: bool,
    /// Only say what would be proposed
    #[arg(long)]
    pub dry_run: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `baseline show`.
#[derive(Debug, Args)]
pub struct BaselineShowArgs {
    /// The suite
    pub suite: String,
    /// The environment class [default: this machine's]
    #[arg(long, value_name = "CLASS")]
    pub class: Option<String>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `baseline history`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tollgate baseline history                          # every suite and class\n  tollgate baseline history core --metric '*parse*'  # some metrics of the suite on this kind of machine"
)]
pub struct BaselineHistoryArgs {
    /// The suite [default: every suite in every class]
    pub suite: Option<String>,
    /// Only metrics that match this glob over `suite/benchmark:metric`; `*` also matches `/`
    #[arg(long, value_name = "GLOB", default_value = "*")]
    pub metric: String,
    /// The environment class of the suite [default: this machine's]
    #[arg(long, value_name = "CLASS", requires = "suite")]
    pub class: Option<String>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `baseline list` and `baseline verify`.
#[derive(Debug, Args)]
pub struct BaselineListArgs {
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `baseline diff`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tollgate baseline diff                       # the last commit's baselines against the working tree's\n  tollgate baseline diff main HEAD --markdown  # for a pull request"
)]
pub struct BaselineDiffArgs {
    /// The older revision
    #[arg(default_value = "HEAD")]
    pub from: String,
    /// The newer revision [default: the working tree]
    pub to: Option<String>,
    /// Print a Markdown table
    #[arg(long)]
    pub markdown: bool,
    /// Print as JSON
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
}

/// Arguments of `baseline prune`.
#[derive(Debug, Args)]
pub struct BaselinePruneArgs {
    /// How many runs to keep in each file
    #[arg(long, default_value_t = 20, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub keep: u32,
    /// Only say what would be dropped
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `baseline import`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tollgate baseline import --suite core target/criterion\n  tollgate baseline import --suite core target/criterion:main"
)]
pub struct BaselineImportArgs {
    /// The suite to add to
    #[arg(long, value_name = "NAME")]
    pub suite: String,
    /// A criterion folder, `FOLDER:BASELINE`, or a file in the open format
    pub from: String,
}

/// Arguments of `baseline export`.
#[derive(Debug, Args)]
pub struct BaselineExportArgs {
    /// The suite
    pub suite: String,
    /// The environment class [default: this machine's]
    #[arg(long, value_name = "CLASS")]
    pub class: Option<String>,
}
