//! The command line: types and help, nothing else.

mod baseline;
mod load;
mod publish;
mod tools;
mod trust;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use baseline::{
    BaselineCommand, BaselineDiffArgs, BaselineExportArgs, BaselineHistoryArgs, BaselineImportArgs, BaselineListArgs,
    BaselineProposeArgs, BaselinePruneArgs, BaselineShowArgs, BaselineUpdateArgs,
};

pub use load::{LoadArgs, LoadLevel, LoadProfile, LoadProtocol, LoadRequest};
pub use publish::{CommentMode, PublishArgs, RespondArgs};
pub use tools::{ExportArgs, ExportTool, LoadTool};
pub use trust::{CalibrateArgs, SelftestArgs};

const EXIT_CODES: &str = "\
Exit codes:
   0  pass
   1  internal error
   2  usage
   3  config
   4  nothing, or less than there should be, was measured
   5  baseline unreadable, or not comparable where one is required
   6  a build, benchmark, service or probe failed
   7  publishing failed
   8  the gate failed its test of itself: `tollgate selftest`, `tollgate calibrate`
  10  regression
  11  over budget
  12  inconclusive, where the policy says fail
 130  interrupted; `tollgate check --resume` goes on";

/// A performance gate for pull requests.
///
/// Measures base and head side by side in interleaved rounds, judges every metric by a test that states its error rates, enforces budgets,
/// and reports.
#[derive(Debug, Parser)]
#[command(name = "tollgate", version, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub struct Cli {
    /// Run as if started in this folder
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: When,
    /// Say less: no progress, only results and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// When to do something that depends on the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// Where the output is a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The subcommands, in the order in which a user meets them.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the gate at work on a small embedded repository
    Demo(DemoArgs),
    /// Write a commented tollgate.toml and workflows for this repository
    Init(InitArgs),
    /// Measure base and head, judge, report: the gate
    Check(CheckArgs),
    /// Send one scenario by hand, or requests to an address, with live numbers
    Load(Box<LoadArgs>),
    /// Compare two results that are already there, such as two criterion folders
    Compare(CompareArgs),
    /// Write a scenario for another load tool
    Export(ExportArgs),
    /// Measure, show and keep baselines
    #[command(subcommand)]
    Baseline(BaselineCommand),
    /// Measure one revision against itself: what this machine can show of your suites
    Calibrate(CalibrateArgs),
    /// Prove that the gate can still go red: unchanged code passes, and a slowdown put in on purpose does not
    Selftest(SelftestArgs),
    /// Write a reviewed exception for one metric
    Waive(WaiveArgs),
    /// Render a saved judgement again
    Report(ReportArgs),
    /// Put reports on the pull request: one comment, a check run, a commit status
    Publish(PublishArgs),
    /// Do what a comment on a pull request asks for: run failed jobs again, propose a waiver
    Respond(RespondArgs),
    /// Print the JSON schema of the config or of a stored format
    Schema(SchemaArgs),
    /// Remove what Tollgate keeps under .tollgate/
    Clean(CleanArgs),
    /// Print shell completions
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
    /// Start one measured child (internal)
    #[command(name = "__child", hide = true)]
    Child(ChildArgs),
    /// The program that the demo measures (internal)
    #[command(name = "__demo-program", hide = true)]
    DemoProgram(DemoProgramArgs),
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tollgate demo\n  tollgate demo --into tour   # put the repository where you can find it"
)]
pub struct DemoArgs {
    /// Where to put the repository [default: a new temporary folder]
    #[arg(long, value_name = "DIR")]
    pub into: Option<PathBuf>,
    /// Print the judgement as JSON instead of the report
    #[arg(long)]
    pub json: bool,
}

/// A workflow that not everybody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Extra {
    /// Measures the default and release branches, and opens a pull request with new baselines
    Baselines,
    /// Answers `/tollgate` commands in comments of those who may push
    Commands,
    /// Proves once a week that the gate can still go red
    Selftest,
}

/// Arguments of `init`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tollgate init
  tollgate init --with selftest,commands   # two workflows more
  tollgate init --print                    # only show what would be written")]
pub struct InitArgs {
    /// Print the files instead of writing them
    #[arg(long)]
    pub print: bool,
    /// Replace files that are already there
    #[arg(long)]
    pub force: bool,
    /// Write these workflows too, beside those that judge pull requests and comment on them
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',', conflicts_with = "no_workflow")]
    pub with: Vec<Extra>,
    /// Do not write a workflow
    #[arg(long)]
    pub no_workflow: bool,
}

/// What head is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AgainstArg {
    /// Stored baselines where they can carry a verdict, else base measured here
    Auto,
    /// Base, measured here in pairs
    Base,
    /// Stored baselines alone: head alone is measured, in half the time
    Baseline,
}

/// Arguments of `check`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  tollgate check                               # this branch and its uncommitted work against the merge base
  tollgate check --base v1.4.0                 # against a release
  tollgate check --only 'core/parse/*'         # some benchmarks
  tollgate check --against baseline            # against the stored baselines, head alone
  tollgate check --list                        # what would be run; nothing is measured
  tollgate check --resume                      # go on after Ctrl-C
  tollgate check --json > judgement.json       # for machines")]
pub struct CheckArgs {
    /// The revision to compare with [default: the merge base with the default branch; on a merge commit in CI its first parent]
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// The revision to judge [default: the working tree with its uncommitted work]
    #[arg(long, value_name = "REV")]
    pub head: Option<String>,
    /// What to compare with [default: what the config says]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub against: Option<AgainstArg>,
    /// Only benchmarks whose `suite/benchmark` matches this glob; may be given more than once
    #[arg(long, value_name = "GLOB")]
    pub only: Vec<String>,
    /// Read policy and suites from this file instead of the base revision's tollgate.toml
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// End measuring after this time, such as `5 min`
    #[arg(long, value_name = "TIME")]
    pub time_limit: Option<String>,
    /// The most rounds of one metric, 10 to 500; what cannot be told is measured that long [default: what the config says,
    /// and only as long as it looks suspicious]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(10..=500))]
    pub max_rounds: Option<u32>,
    /// Seed of the coins that order the rounds [default: from head's commit]
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Go on with the rounds of an interrupted check of the same base and head
    #[arg(long)]
    pub resume: bool,
    /// Print what would be run, and stop
    #[arg(long)]
    pub list: bool,
    /// Where the reports go [default: .tollgate/report at the root of the repository]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print the judgement as JSON instead of the report
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `compare`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tollgate compare old/target/criterion target/criterion
  tollgate compare target/criterion:main target/criterion   # a criterion baseline saved as `main` against `new`
  tollgate compare before.json after.json                   # the open format, or what `tollgate load --json` wrote
  tollgate compare before.ndjson after.ndjson               # of a load tool: k6, JMeter, Locust and others
  tollgate compare --format k6 pods-before/ pods-after/     # one file of each pod: parts of one run

One result a side says nothing about the spread between processes: small differences are reported as inconclusive.")]
pub struct CompareArgs {
    /// The result to compare with: a criterion folder, `FOLDER:BASELINE`, a file in the open format, a result of `tollgate load`, or what a load tool left
    pub base: String,
    /// The result to judge
    pub head: String,
    /// The load tool that left both results [default: what their beginnings say]; a folder then holds the parts of one run
    #[arg(long, value_enum, value_name = "TOOL")]
    pub format: Option<LoadTool>,
    /// Read the policy from this file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the reports go; without it they are not written
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print the judgement as JSON instead of the report
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `waive`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tollgate waive 'core/parse/large:time' --ceiling '+10 %' --until 2027-01-31 --reason 'validation, see #412'
  tollgate waive 'cli/index:peak-rss' --ceiling '96 MiB' --until 2027-01-31 --reason 'new index' --owner @alice

The entry counts once it is on the base branch: a pull request cannot waive its own regression.")]
pub struct WaiveArgs {
    /// The metric as the report names it: `suite/benchmark:metric`
    pub id: String,
    /// How far it may go: a change such as `+10 %`, or a value such as `96 MiB`
    #[arg(long, value_name = "LIMIT")]
    pub ceiling: String,
    /// The last day on which it counts, as YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    pub until: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Who answers for it
    #[arg(long, value_name = "NAME")]
    pub owner: Option<String>,
}

/// The formats of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for a terminal
    Terminal,
    /// Markdown for a pull request
    Markdown,
    /// One self-contained page
    Html,
    /// The judgement itself, versioned
    Json,
    /// `JUnit` XML
    Junit,
    /// GitHub annotations
    Annotations,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tollgate report\n  tollgate report --format markdown --output comment.md judgement.json"
)]
pub struct ReportArgs {
    /// The saved judgement [default: .tollgate/report/judgement.json at the root of the repository]
    pub judgement: Option<PathBuf>,
    /// The format
    #[arg(long, value_enum, default_value = "terminal")]
    pub format: Format,
    /// The file to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// What to print the schema of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// tollgate.toml
    Config,
    /// tollgate-waivers.toml
    Waivers,
    /// The saved judgement
    Judgement,
    /// A stored baseline
    Baseline,
    /// What a check measured, for a second judge
    Evidence,
    /// The open format of the `json` adapter
    Results,
    /// What `calibrate --json` prints
    Calibration,
    /// What `selftest --json` prints
    Selftest,
    /// What `load --json` prints
    Load,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Of what
    #[arg(value_enum, default_value = "config")]
    pub of: SchemaOf,
}

/// Arguments of `clean`.
#[derive(Debug, Args)]
pub struct CleanArgs {
    /// Only say what would be removed
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// Arguments of the process that starts one measured child.
#[derive(Debug, Args)]
pub struct ChildArgs {
    /// Where to write how the child ended
    #[arg(long)]
    pub report: PathBuf,
    /// How much longer than it does by itself the program takes, in nanoseconds
    #[arg(long, default_value_t = 0)]
    pub delay_ns: u64,
    /// Whether it is a service: what it starts is kept together, and ends with it
    #[arg(long)]
    pub service: bool,
    /// The cores that a service may use, all where none is named
    #[arg(long, value_delimiter = ',')]
    pub cpus: Vec<u32>,
    /// The command
    #[arg(last = true, required = true)]
    pub command: Vec<std::ffi::OsString>,
}

/// Arguments of the program that the demo measures.
#[derive(Debug, Args)]
pub struct DemoProgramArgs {
    /// What to do: `kernels` or `index`
    pub work: String,
    /// The file that says how much of it
    pub spec: PathBuf,
}
