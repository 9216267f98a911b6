//! Suites that can be run: each adapter prepares its parts once (build, list) and then runs each part in a fresh process, once a round.

pub mod command;
pub mod criterion;
pub mod json;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::config::{Adapter, Suite};
use crate::model::Name;

use super::bench::Parsed;
use super::process::ProcessError;
use super::surroundings::Surroundings;

/// Where one arm lives.
#[derive(Clone, Debug)]
pub struct Place {
    /// The root of its checkout.
    pub root: PathBuf,
    /// Its own target folder, kept between runs.
    pub target: PathBuf,
    /// An empty folder that its processes may fill; emptied before each part of each round.
    pub scratch: PathBuf,
}

/// Which benchmarks of a part to run.
#[derive(Clone, Copy, Debug)]
pub enum Only<'a> {
    /// All of them.
    All,
    /// These; a part that cannot select runs all of them.
    These(&'a BTreeSet<Name>),
}

/// One part of a prepared suite: what runs as one process in a round.
pub trait Part: Send {
    /// Its key: the same for the same part of the other arm. Shown in progress.
    fn key(&self) -> &str;

    /// The benchmarks that it will give, where they can be listed without running them.
    fn expected(&self) -> Option<&BTreeSet<Name>>;

    /// Runs it once in a fresh process.
    fn run(&self, only: Only<'_>, place: &Place, surroundings: &Surroundings) -> Result<Parsed, PartError>;
}

/// Why a part gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// The process could not be run, failed, ran too long or was stopped.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// It ended well and left nothing that could be read.
    #[error("read the results of `{command}` ({message})")]
    Unreadable {
        /// The command.
        command: String,
        /// What is wrong with them.
        message: String,
        /// The last lines of its output.
        tail: String,
    },
    /// There is nothing to run, or it cannot be laid out.
    #[error("prepare {what} ({message})")]
    Prepare {
        /// What.
        what: String,
        /// Why not.
        message: String,
        /// What to do about it.
        hint: String,
        /// The last lines of a program's output, where one ran.
        tail: String,
    },
}

impl PartError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Process(error) => error.hint(),
            Self::Unreadable { command, .. } => Some(format!("run `{command}` by hand and look at what it leaves")),
            Self::Prepare { hint, .. } => Some(hint.clone()),
        }
    }

    /// The last lines of a program's output; empty where none ran.
    pub fn tail(&self) -> &str {
        match self {
            Self::Process(error) => error.tail(),
            Self::Unreadable { tail, .. } | Self::Prepare { tail, .. } => tail,
        }
    }
}

/// Builds one suite of one arm and lists its parts. `root` is the arm's checkout.
pub fn prepare(suite: &Suite, place: &Place, surroundings: &Surroundings) -> Result<Vec<Box<dyn Part>>, PartError> {
    match &suite.adapter {
        Adapter::Criterion(options) => criterion::prepare(suite, options, place, surroundings),
        Adapter::Command(options) => command::prepare(suite, options, place, surroundings),
        Adapter::Json(options) => json::prepare(suite, options, place, surroundings),
    }
}

/// The folder in which a suite's commands run.
pub fn directory(suite: &Suite, root: &Path) -> PathBuf {
    root.join(&suite.directory)
}
