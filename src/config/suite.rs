//! A suite: one benchmark command and the adapter that reads its results, or one scenario.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::{Conditions, Direction, Name};

use super::scenario::{Scenario, Target};
use super::service::Service;

/// A command line as a list of arguments, the program first; never empty and never given to a shell.
pub type CommandLine = Vec<String>;

/// One suite.
#[derive(Clone, Debug, PartialEq)]
pub struct Suite {
    /// Its name: the `<name>` of `[suite.<name>]`.
    pub name: Name,
    /// How it is run and read.
    pub adapter: Adapter,
    /// Where its commands run, relative to the root of the checkout, without `..`.
    pub directory: PathBuf,
    /// Variables set for its commands, beside the inherited environment.
    pub environment: BTreeMap<String, String>,
    /// Built once for each arm before the first round, in this order.
    pub build: Vec<CommandLine>,
    /// Only benchmarks whose name matches this glob.
    pub filter: Option<String>,
    /// The longest that one process of one round may take.
    pub timeout: Duration,
    /// Source files of the benchmarks, as globs relative to `directory`: where one differs between base and head, rows are marked.
    pub sources: Vec<String>,
}

impl Suite {
    /// The service that a scenario starts.
    pub fn service(&self) -> Option<&Service> {
        match &self.adapter {
            Adapter::Scenario(scenario) => match &scenario.target {
                Target::Service(service) => Some(service),
                Target::Addresses(_) => None,
            },
            Adapter::Criterion(_) | Adapter::Command(_) | Adapter::Json(_) => None,
        }
    }

    /// What builds it, in this order: its own commands, then those of the service that it starts.
    pub fn builds(&self) -> impl Iterator<Item = &CommandLine> {
        self.build.iter().chain(self.service().into_iter().flat_map(|service| &service.build))
    }

    /// The conditions of a scenario's load.
    pub fn load(&self) -> Option<Conditions> {
        match &self.adapter {
            Adapter::Scenario(scenario) => Some(scenario.conditions()),
            Adapter::Criterion(_) | Adapter::Command(_) | Adapter::Json(_) => None,
        }
    }

    /// Whether it is about something that runs already: then base and head are the same, and nothing of either is started.
    pub fn is_elsewhere(&self) -> bool {
        matches!(&self.adapter, Adapter::Scenario(scenario) if matches!(scenario.target, Target::Addresses(_)))
    }
}

/// How a suite is run and read.
#[derive(Clone, Debug, PartialEq)]
pub enum Adapter {
    /// Criterion benches of a Cargo package.
    Criterion(CriterionOptions),
    /// Any command line, timed from outside.
    Command(CommandOptions),
    /// A program that writes the open format.
    Json(JsonOptions),
    /// Load on a service: `[scenario.<name>]`.
    Scenario(Box<Scenario>),
}

/// Options of the `criterion` adapter.
#[derive(Clone, Debug, PartialEq)]
pub struct CriterionOptions {
    /// `--package` for Cargo.
    pub package: Option<String>,
    /// `--bench` for Cargo; empty means all benches of the package that speak criterion's command line.
    pub benches: Vec<String>,
    /// `--features` for Cargo.
    pub features: Vec<String>,
    /// Warm-up of each benchmark in each round, in seconds.
    pub warm_up_s: f64,
    /// Measurement of each benchmark in each round, in seconds.
    pub measurement_s: f64,
    /// Samples of each benchmark in each round, at least 10.
    pub sample_size: u32,
}

/// Options of the `command` adapter.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandOptions {
    /// The command. `{name}` stands for a parameter, `{target}` for the arm's own target folder of Cargo.
    pub run: CommandLine,
    /// Run before each measured run, not timed.
    pub prepare: Option<CommandLine>,
    /// Runs before the first measured one of a round, not counted.
    pub warm_up_runs: u32,
    /// Measured runs in each round, at least 1.
    pub runs: u32,
    /// Parameter lists: one benchmark for each combination.
    pub parameters: BTreeMap<String, Vec<String>>,
    /// The exit status that means success.
    pub expect_status: i32,
}

/// Options of the `json` adapter.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonOptions {
    /// The command. `{output}` stands for the path of the file that it should write, where `results` says so, `{target}` for the arm's own
    /// target folder of Cargo.
    pub run: CommandLine,
    /// Where it leaves its results.
    pub results: ResultSource,
    /// Unit symbol → better direction, for metrics whose file does not say.
    pub better: BTreeMap<String, Direction>,
}

/// Where a command leaves its results.
#[derive(Clone, Debug, PartialEq)]
pub enum ResultSource {
    /// On standard output.
    Stdout,
    /// In the file whose path is given as `{output}`.
    OutputArgument,
    /// In this file, relative to the suite's directory.
    File(PathBuf),
}
