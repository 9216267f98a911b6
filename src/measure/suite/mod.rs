//! Suites that can be run: each adapter prepares its parts once (build, list) and then runs each part in a fresh process, once a round.

pub mod command;
pub mod criterion;
pub mod external;
pub mod json;
pub mod scenario;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use globset::{Glob, GlobMatcher};

use crate::config::suite::CommandLine;
use crate::config::{Adapter, Suite};
use crate::model::Name;

use super::bench::Parsed;
use super::probe::ProbeError;
use super::process::{self, ProcessError, ProcessSpec};
use super::proof::Runs;
use super::service::ServiceError;
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

/// Whether the service of a scenario has to be built: several scenarios may share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// It has.
    Needed,
    /// It was, in this arm.
    Done,
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

    /// Whether it can leave out benchmarks that nobody wants.
    fn selects(&self) -> bool {
        self.expected().is_some()
    }

    /// Whether it may run against itself, twice more a round: not what takes seconds to start and to measure.
    fn may_be_canary(&self) -> bool {
        true
    }

    /// What it runs, for the proof that both arms run the same; `None` where that cannot be said.
    fn runs(&self, place: &Place) -> Option<Runs>;

    /// How many seconds it measures one benchmark, warming up included, where it can be told to measure for a shorter time.
    fn measuring_s(&self) -> Option<f64> {
        None
    }

    /// Runs it once in a fresh process, as one of so many that share the time of one. Where it cannot be shortened, their number is 1.
    fn run(
        &self,
        only: Only<'_>,
        processes: u32,
        place: &Place,
        surroundings: &Surroundings,
    ) -> Result<Parsed, PartError>;
}

/// Why a part gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// The process could not be run, failed, ran too long or was stopped.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The service under load is of no use.
    #[error(transparent)]
    Service(ServiceError),
    /// What is to be read beside the load cannot be.
    #[error(transparent)]
    Probe(#[from] ProbeError),
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
            Self::Service(error) => error.hint(),
            Self::Probe(error) => Some(error.hint.clone()),
            Self::Unreadable { command, .. } => Some(format!("run `{command}` by hand and look at what it leaves")),
            Self::Prepare { hint, .. } => Some(hint.clone()),
        }
    }

    /// The last lines of a program's output; empty where none ran.
    pub fn tail(&self) -> &str {
        match self {
            Self::Process(error) => error.tail(),
            Self::Service(error) => error.tail(),
            Self::Probe(_) => "",
            Self::Unreadable { tail, .. } | Self::Prepare { tail, .. } => tail,
        }
    }
}

impl From<ServiceError> for PartError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Stopped => Self::Process(ProcessError::Stopped),
            error => Self::Service(error),
        }
    }
}

/// Builds one suite of one arm and lists its parts. `root` is the arm's checkout.
pub fn prepare(
    suite: &Suite,
    service: Build,
    place: &Place,
    surroundings: &Surroundings,
) -> Result<Vec<Box<dyn Part>>, PartError> {
    match &suite.adapter {
        Adapter::Criterion(options) => criterion::prepare(suite, options, place, surroundings),
        Adapter::Command(options) => command::prepare(suite, options, place, surroundings),
        Adapter::Json(options) => json::prepare(suite, options, place, surroundings),
        Adapter::Scenario(scenario) => scenario::prepare(suite, scenario, service, place, surroundings),
    }
}

/// The folder in which a suite's commands run.
pub fn directory(suite: &Suite, root: &Path) -> PathBuf {
    root.join(&suite.directory)
}

/// A process of a suite in its folder, with its variables. Nothing in it tells the arms apart but the paths of the place: a variable more, or one
/// that is longer, moves the stack, and that alone changes times.
fn spec(suite: &Suite, command: CommandLine, place: &Place) -> ProcessSpec {
    let mut environment = suite.environment.clone();
    environment.insert("CARGO_TARGET_DIR".to_owned(), place.target.to_string_lossy().into_owned());
    ProcessSpec { command, directory: directory(suite, &place.root), environment, timeout: suite.timeout }
}

/// The longest that one build command may take.
const BUILD_LIMIT: Duration = Duration::from_hours(1);

/// Builds one arm of a suite.
fn build(suite: &Suite, place: &Place, surroundings: &Surroundings) -> Result<(), PartError> {
    for command in &suite.build {
        let spec = ProcessSpec { timeout: BUILD_LIMIT, ..spec(suite, command.clone(), place) };
        process::run_to_success(&spec, surroundings)?;
    }
    Ok(())
}

/// What decides which benchmarks of a suite count; all where there is no filter. `*` also matches `/`.
fn matcher(suite: &Suite) -> Result<Option<GlobMatcher>, PartError> {
    let glob = suite.filter.as_deref().map(Glob::new).transpose();
    glob.map(|glob| glob.map(|glob| glob.compile_matcher())).map_err(|error| unusable(suite, error.to_string()))
}

/// The arm's target folder as `{target}` stands for it, so that a built program can be named without Cargo between it and the clock.
fn target<'a>(suite: &Suite, place: &'a Place) -> Result<&'a str, PartError> {
    let message = || format!("the path {} is not UTF-8", place.target.display());
    place.target.to_str().ok_or_else(|| unusable(suite, message()))
}

fn unusable(suite: &Suite, message: String) -> PartError {
    PartError::Prepare {
        what: format!("the suite `{}`", suite.name),
        message,
        hint: format!("correct `[suite.{}]` in tollgate.toml", suite.name),
        tail: String::new(),
    }
}
