//! Why a criterion suite cannot be prepared, in the words of the user. Pure.

use std::io;
use std::path::Path;

use crate::config::{CriterionOptions, Suite};

use super::super::super::process::{ProcessError, shown};
use super::super::PartError;
use super::cargo;

/// A program or folder could not be put where it is run.
pub(super) fn lay_out(path: &Path, source: &io::Error) -> PartError {
    PartError::Prepare {
        what: path.display().to_string(),
        message: source.to_string(),
        hint: "check the free space and the permissions of the folder".to_owned(),
        tail: String::new(),
    }
}

/// A bench that the suite names has another harness.
pub(super) fn not_criterion(bench: &str) -> PartError {
    PartError::Prepare {
        what: format!("bench `{bench}`"),
        message: "it does not speak criterion's command line, or has no benchmark".to_owned(),
        hint: format!(
            "give `[[bench]] name = \"{bench}\"` in Cargo.toml `harness = false` and its source `criterion_main!`, or take it out of `benches`"
        ),
        tail: String::new(),
    }
}

/// A bench failed while it listed its benchmarks. Not passed over: it may be a criterion bench that fails on both sides, and nobody would notice.
pub(super) fn unlisted(bench: &str, error: &ProcessError) -> PartError {
    PartError::Prepare {
        what: format!("bench `{bench}`"),
        message: error.to_string(),
        hint: "let it list its benchmarks, or name the criterion benches in `benches` of the suite if it is none"
            .to_owned(),
        tail: error.tail().to_owned(),
    }
}

/// No bench is left.
pub(super) fn nothing_to_run(suite: &Suite, options: &CriterionOptions, others: &[String]) -> PartError {
    let (message, hint) = match (&suite.filter, others) {
        (Some(filter), []) => (
            format!("no benchmark matches the filter `{filter}`"),
            "correct `filter` in tollgate.toml; `*` stands for any text",
        ),
        (_, []) => (
            "Cargo built no bench".to_owned(),
            "add a `[[bench]]` with `harness = false` to Cargo.toml, or set `package` to the package that has one",
        ),
        (_, others) => (
            format!("none of its benches has a criterion benchmark to run: {}", others.join(", ")),
            "give the `[[bench]]` in Cargo.toml `harness = false`",
        ),
    };
    PartError::Prepare {
        what: shown(&cargo::build_command(options)),
        message,
        hint: hint.to_owned(),
        tail: String::new(),
    }
}
