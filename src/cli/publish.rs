//! The commands that talk to GitHub.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// When a comment is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CommentMode {
    /// One comment, edited in place by every run
    #[default]
    Always,
    /// The same, but edited only when the verdict or a failing metric differs from what it says
    OnChange,
    /// A new comment when the verdict changes, so that people are notified; else as on-change
    New,
    /// No comment
    Never,
}

/// Arguments of `publish`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tollgate publish                                    # the report of `tollgate check` in this job
  tollgate publish --escalate                         # and labels and reviewers of the findings, as the config names them
  tollgate publish linux/ macos/                      # several jobs of one commit, in one comment
  tollgate publish --from-artifact evidence.zip       # second stage for forks: judged again here, by base's policy

Needs a token in GITHUB_TOKEN with `pull-requests: write`, for a check run `checks: write`, for a status `statuses: write`.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct PublishArgs {
    /// Folders of reports, or saved judgements; the name of a folder names its job [default: .tollgate/report]
    pub reports: Vec<PathBuf>,
    /// Judge what an untrusted job measured: an evidence.json, the zip file or the folder that holds it, or a folder of such folders, one a job
    #[arg(long, value_name = "PATH", conflicts_with = "reports")]
    pub from_artifact: Option<PathBuf>,
    /// Which comment: two keys on one pull request are two comments
    #[arg(long, value_name = "NAME", default_value = "tollgate")]
    pub key: String,
    /// When a comment is written
    #[arg(long, value_enum, default_value = "always", value_name = "MODE")]
    pub comment: CommentMode,
    /// Also make a check run on the pull request's head
    #[arg(long)]
    pub check_run: bool,
    /// Also set a commit status on the pull request's head
    #[arg(long)]
    pub status: bool,
    /// Also put the labels on the pull request and ask for the reviews that `[escalate.<severity>]` names for the findings
    #[arg(long)]
    pub escalate: bool,
    /// Name in the comment the line that proposes a waiver: where `tollgate respond` answers comments
    #[arg(long)]
    pub commands: bool,
    /// Whose token it is, where it is that of a GitHub App of your own: its short name
    #[arg(long, value_name = "SLUG", default_value = "github-actions")]
    pub app: String,
    /// Give up after this time, such as `2 min`, which all requests and pauses have together
    #[arg(long, value_name = "TIME", default_value = "60 s")]
    pub time_limit: String,
    /// Print what would be published, and send nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `respond`.
#[derive(Debug, Args)]
#[command(after_help = "\
What may be written under a pull request, by those who may push to the repository:
  /tollgate rerun
  /tollgate waive HEAD-SHA SUITE/BENCHMARK:METRIC REASON
  /tollgate waive HEAD-SHA SUITE/BENCHMARK:METRIC +25% REASON

Run it in a workflow that is started by `issue_comment`. Needs a token in GITHUB_TOKEN with `pull-requests: write`, for `rerun`
`actions: write`, for `waive` `contents: write`; without the last a waiver is answered with the entry to add.")]
pub struct RespondArgs {
    /// The workflow whose failed jobs `/tollgate rerun` runs again: the name of its file
    #[arg(long, value_name = "FILE", default_value = "tollgate.yml")]
    pub workflow: String,
    /// Whose token it is, where it is that of a GitHub App of your own: its short name
    #[arg(long, value_name = "SLUG", default_value = "github-actions")]
    pub app: String,
    /// Print what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}
