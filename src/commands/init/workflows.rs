//! The workflows that `init` writes. Refuses to ask: what they need to know is marked to be filled in.

use crate::cli::Extra;

/// What a reader fills in, in every workflow.
pub(super) const PLACEHOLDER: &str = "OWNER/tollgate@0000000000000000000000000000000000000000";

/// A workflow: its file, what it does in a few words, and its text.
pub(super) struct Workflow {
    pub(super) file: &'static str,
    pub(super) about: &'static str,
    pub(super) text: &'static str,
}

const CHECK: Workflow = Workflow {
    file: ".github/workflows/tollgate.yml",
    about: "judges every pull request and merge group, and comments",
    text: include_str!("../../../templates/workflow.yml"),
};

const COMMENT: Workflow = Workflow {
    file: ".github/workflows/tollgate-comment.yml",
    about: "comments on pull requests from forks, without running their code",
    text: include_str!("../../../templates/comment.yml"),
};

const BASELINES: Workflow = Workflow {
    file: ".github/workflows/tollgate-baselines.yml",
    about: "measures the default and release branches, and opens a pull request with new baselines",
    text: include_str!("../../../templates/baselines.yml"),
};

const COMMANDS: Workflow = Workflow {
    file: ".github/workflows/tollgate-commands.yml",
    about: "answers `/tollgate` commands in comments of those who may push",
    text: include_str!("../../../templates/commands.yml"),
};

const SELFTEST: Workflow = Workflow {
    file: ".github/workflows/tollgate-selftest.yml",
    about: "proves once a week that the gate can still go red",
    text: include_str!("../../../templates/selftest.yml"),
};

/// The gate and the comment for forks, always; the others where they are wanted.
pub(super) fn wanted(extras: &[Extra]) -> Vec<Workflow> {
    let of = |extra, workflow| extras.contains(&extra).then_some(workflow);
    let more = [of(Extra::Baselines, BASELINES), of(Extra::Commands, COMMANDS), of(Extra::Selftest, SELFTEST)];
    [CHECK, COMMENT].into_iter().chain(more.into_iter().flatten()).collect()
}
