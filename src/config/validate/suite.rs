//! Suites and their adapters' options. Refuses to know how they are run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use crate::config::at::At;
use crate::config::problem::{nearest, quoted};
use crate::config::suite::CommandLine;
use crate::config::wire::{self, CommandLines};
use crate::config::{Adapter, CommandOptions, CriterionOptions, JsonOptions, ResultSource, Suite};
use crate::config::{human, placeholder};
use crate::model::Name;

use super::Reader;
use super::gate::direction;

const TIMEOUT: Duration = Duration::from_mins(10);
/// Where Cargo looks for benches, in any package below.
const CARGO_BENCHES: &str = "**/benches/**";
const WARM_UP_S: f64 = 0.05;
const MEASUREMENT_S: f64 = 0.2;
const SAMPLE_SIZE: u32 = 50;
const WARM_UP_RUNS: u32 = 1;
const RUNS: u32 = 3;
/// The longest name of a suite: it becomes the name of a baseline's file.
const SUITE_NAME_CHARS_MAX: usize = 64;
/// What stands for the arm's own target folder of Cargo in every command line.
const TARGET: &str = "target";
/// What stands for the file that a program should write.
const OUTPUT: &str = "output";
/// The most benchmarks that one suite's parameters may span.
const COMBINATIONS_MAX: usize = 1000;

impl Reader<'_, '_> {
    pub(super) fn suites(&mut self, suites: BTreeMap<At<String>, wire::Suite>) -> Vec<Suite> {
        suites.into_iter().filter_map(|(name, suite)| self.suite(&name, &suite)).collect()
    }

    fn suite(&mut self, name: &At<String>, suite: &wire::Suite) -> Option<Suite> {
        let name_read = self.part_name(name, "suite");
        let adapter = match suite.adapter {
            wire::Adapter::Criterion => Some(Adapter::Criterion(self.criterion(suite))),
            wire::Adapter::Command => self.command(suite).map(Adapter::Command),
            wire::Adapter::Json => self.json(suite).map(Adapter::Json),
        };
        let directory = suite.directory.as_ref().and_then(|path| self.path(path));
        let environment = self.environment(&suite.environment);
        let build = suite.build.as_ref().map_or(Vec::new(), |build| self.build(build));
        let filter = suite.filter.as_ref().filter(|glob| self.glob(glob)).map(|glob| glob.value.clone());
        let timeout = self.human(suite.timeout.as_ref(), human::duration).unwrap_or(TIMEOUT);
        let sources = suite.sources.iter().filter(|glob| self.glob(glob) && self.path(glob).is_some());
        let mut sources: Vec<String> = sources.map(|glob| glob.value.clone()).collect();
        if suite.sources.is_empty() && suite.adapter == wire::Adapter::Criterion {
            sources.push(CARGO_BENCHES.to_owned());
        }
        let directory = directory.unwrap_or_else(|| PathBuf::from("."));
        Some(Suite { name: name_read?, adapter: adapter?, directory, environment, build, filter, timeout, sources })
    }

    /// The name becomes a part of file names and of `suite/benchmark`.
    pub(super) fn part_name(&mut self, name: &At<String>, what: &str) -> Option<Name> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let text = &name.value;
        if text.len() <= SUITE_NAME_CHARS_MAX
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(plain)
        {
            return Name::new(text.as_str()).ok();
        }
        let help =
            format!("a letter or digit, then up to {} of letters, digits, `-`, `_`, `.`", SUITE_NAME_CHARS_MAX - 1);
        self.problems.add(&name.span, format!("{} is not a name for a {what}", quoted(text)), Some(help));
        None
    }

    fn criterion(&mut self, suite: &wire::Suite) -> CriterionOptions {
        let seconds = |read: Option<Duration>, default: f64| read.map_or(default, |read| read.as_secs_f64());
        CriterionOptions {
            package: suite.package.as_ref().and_then(|package| self.cargo_name(package)),
            benches: suite.benches.iter().filter_map(|bench| self.cargo_name(bench)).collect(),
            features: suite.features.iter().filter_map(|feature| self.cargo_name(feature)).collect(),
            warm_up_s: seconds(self.human(suite.warm_up.as_ref(), human::duration), WARM_UP_S),
            measurement_s: seconds(self.human(suite.measurement.as_ref(), human::duration), MEASUREMENT_S),
            sample_size: suite.sample_size.unwrap_or(SAMPLE_SIZE),
        }
    }

    fn command(&mut self, suite: &wire::Suite) -> Option<CommandOptions> {
        let parameters = self.parameters(&suite.parameters);
        let own = suite.parameters.keys().map(|name| name.value.as_str());
        let names: BTreeSet<&str> = own.chain([TARGET]).collect();
        let run = self.run(suite.run.as_ref()?, &names);
        for name in suite.parameters.keys() {
            if name.value == TARGET {
                let message = "`{target}` already stands for Cargo's target folder".to_owned();
                self.problems.add(&name.span, message, Some("give the parameter another name".to_owned()));
            }
            let used =
                |argument: &String| placeholder::names(argument).is_ok_and(|all| all.contains(&name.value.as_str()));
            if run.as_ref().is_some_and(|run| !run.iter().any(used)) {
                let message = format!("`run` has no `{{{}}}`, so that all its values would run the same", name.value);
                self.problems.add(&name.span, message, None);
            }
        }
        let prepare = suite.prepare.as_ref().and_then(|line| self.run(line, &names));
        Some(CommandOptions {
            run: run?,
            prepare,
            warm_up_runs: suite.warm_up_runs.unwrap_or(WARM_UP_RUNS),
            runs: suite.runs.unwrap_or(RUNS),
            parameters,
            expect_status: suite.expect_status.unwrap_or(0),
        })
    }

    fn json(&mut self, suite: &wire::Suite) -> Option<JsonOptions> {
        let run = self.run(suite.run.as_ref()?, &BTreeSet::from([OUTPUT, TARGET]));
        let has_output = |argument: &String| placeholder::names(argument).is_ok_and(|names| names.contains(&OUTPUT));
        let output = run.as_ref().is_some_and(|run| run.iter().any(has_output));
        let results = match &suite.results {
            None if output => ResultSource::OutputArgument,
            None => ResultSource::Stdout,
            Some(results) if output => {
                let help = "leave `results` out, or take `{output}` out of `run`".to_owned();
                self.problems.add(&results.span, "`run` already says `{output}`", Some(help));
                ResultSource::OutputArgument
            }
            Some(results) if results.value == "stdout" => ResultSource::Stdout,
            Some(results) => ResultSource::File(self.path(results)?),
        };
        let better = suite.better.iter().map(|(unit, better)| (unit.value.clone(), direction(*better))).collect();
        Some(JsonOptions { run: run?, results, better })
    }

    fn parameters(&mut self, parameters: &BTreeMap<At<String>, At<Vec<At<String>>>>) -> BTreeMap<String, Vec<String>> {
        let mut combinations = 1_usize;
        for (name, values) in parameters {
            let mut seen = BTreeSet::new();
            if values.value.is_empty() {
                self.problems.add(&values.span, format!("{} has no values", quoted(&name.value)), None);
            }
            for value in &values.value {
                if !seen.insert(&value.value) {
                    let message = format!("{} has the value {} twice", quoted(&name.value), quoted(&value.value));
                    self.problems.add(&value.span, message, None);
                }
            }
            combinations = combinations.saturating_mul(values.value.len());
            if combinations > COMBINATIONS_MAX {
                let message = format!("the parameters have more than {COMBINATIONS_MAX} combinations");
                self.problems.add(&values.span, message, None);
                break;
            }
        }
        let texts = |values: &At<Vec<At<String>>>| values.value.iter().map(|value| value.value.clone()).collect();
        parameters.iter().map(|(name, values)| (name.value.clone(), texts(values))).collect()
    }

    /// A command line whose placeholders are all known.
    pub(super) fn run(&mut self, line: &At<Vec<At<String>>>, known: &BTreeSet<&str>) -> Option<CommandLine> {
        if line.value.first().is_none_or(|program| program.value.trim().is_empty()) {
            let help = Some("the program first, then its arguments, such as `[\"make\", \"bench\"]`".to_owned());
            self.problems.add(&line.span, "an empty command", help);
            return None;
        }
        let mut sound = true;
        for argument in &line.value {
            sound &= self.argument(argument, known);
        }
        sound.then(|| line.value.iter().map(|argument| argument.value.clone()).collect())
    }

    pub(super) fn argument(&mut self, argument: &At<String>, known: &BTreeSet<&str>) -> bool {
        let (message, help) = match placeholder::names(&argument.value) {
            Err(error) => {
                let help = "literal braces are written `{{` and `}}`".to_owned();
                (format!("{error} in {}", quoted(&argument.value)), Some(help))
            }
            Ok(_) if argument.value.contains('\0') => ("an argument holds a NUL character".to_owned(), None),
            Ok(names) => match names.iter().find(|name| !known.contains(**name)) {
                Some(name) => return self.unknown(argument, name, known),
                None => return true,
            },
        };
        self.problems.add(&argument.span, message, help);
        false
    }

    fn unknown(&mut self, argument: &At<String>, name: &str, known: &BTreeSet<&str>) -> bool {
        let help = match nearest(name, known.iter().copied()) {
            Some(known) => format!("did you mean `{{{known}}}`? literal braces are written `{{{{` and `}}}}`"),
            None => format!("literal braces are written `{{{{{name}}}}}`"),
        };
        let message = format!("{} stands for nothing: it is not a parameter", quoted(&format!("{{{name}}}")));
        self.problems.add(&argument.span, message, Some(help));
        false
    }

    pub(super) fn build(&mut self, build: &At<CommandLines>) -> Vec<CommandLine> {
        let lines = match &build.value {
            CommandLines::One(line) => std::slice::from_ref(line),
            CommandLines::Many(lines) => lines,
        };
        if lines.iter().any(|line| line.first().is_none_or(|program| program.trim().is_empty())) {
            self.problems.add(&build.span, "an empty command in `build`", None);
        }
        if lines.iter().flatten().any(|argument| argument.contains('\0')) {
            self.problems.add(&build.span, "an argument holds a NUL character", None);
        }
        lines.to_vec()
    }

    pub(super) fn environment(&mut self, environment: &BTreeMap<At<String>, At<String>>) -> BTreeMap<String, String> {
        for (name, value) in environment {
            if name.value.is_empty() || name.value.contains(['=', '\0']) {
                let message = format!("{} is not a name for a variable", quoted(&name.value));
                self.problems.add(&name.span, message, None);
            }
            if value.value.contains('\0') {
                self.problems.add(&value.span, "a variable holds a NUL character", None);
            }
        }
        environment.iter().map(|(name, value)| (name.value.clone(), value.value.clone())).collect()
    }

    /// A name that Cargo gets as the value of an option: it cannot be an option itself.
    fn cargo_name(&mut self, name: &At<String>) -> Option<String> {
        if name.value.starts_with('-') {
            self.problems.add(&name.span, format!("{} is an option, a name is needed", quoted(&name.value)), None);
            return None;
        }
        self.text(name, "a name")
    }

    /// A path below the root, written with `/`.
    pub(super) fn path(&mut self, path: &At<String>) -> Option<PathBuf> {
        let text = self.text(path, "a path")?;
        let inside = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        let drive = text.get(1..2) == Some(":");
        let help = if text.contains('\\') {
            "write `/` between folders, on every system"
        } else if drive || !Path::new(&text).components().all(inside) {
            "write it relative to the root of the repository, without `..`"
        } else {
            return Some(PathBuf::from(text));
        };
        self.problems.add(&path.span, format!("{} leaves the repository", quoted(&text)), Some(help.to_owned()));
        None
    }
}
