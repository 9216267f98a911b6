//! Criterion benches of a Cargo package: builds them, asks each for its list, and runs each as one part. Refuses to judge what they say.
//!
//! What criterion's command line cannot do: the order of the benchmarks inside one process is the order in which the program defines them, so
//! only the order of base and head is drawn in each round. And settings that a group makes for itself (`group.sample_size(…)`) win over the
//! suite's.
#![expect(clippy::disallowed_methods, reason = "lays out programs and result folders")]

mod cargo;
mod filter;
mod list;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::config::suite::CommandLine;
use crate::config::{CriterionOptions, Suite};
use crate::model::Name;

use super::super::bench::criterion_folder::{one_line, read_folder};
use super::super::bench::{Parsed, Reading};
use super::super::process::{ProcessSpec, run, run_to_success, shown};
use super::super::proof::Runs;
use super::super::surroundings::Surroundings;
use super::{BUILD_LIMIT, Only, Part, PartError, Place, matcher, spec};
use cargo::{Bench, Built};

/// Resamples of criterion's own analysis, whose estimates nobody reads here. With 2, the fewest that have a spread, its analysis
/// takes no time that could be measured; with its default of 100,000 it takes 0.1 s a benchmark, half as long as the measurement.
const RESAMPLES: &str = "2";

/// The fewest samples that criterion takes.
const SAMPLES_MIN: u32 = 10;
/// The shortest time of warming up or measuring of a process that is one of several: criterion takes none that is 0.
const SECONDS_MIN: f64 = 0.001;

/// One bench program, laid out to be run.
struct Program {
    key: String,
    binary: PathBuf,
    directory: PathBuf,
    environment: BTreeMap<String, String>,
    options: CriterionOptions,
    suite: Suite,
    names: BTreeSet<Name>,
    selection: Selection,
    /// What is wrong with the program's list; said in every round.
    doubts: Vec<String>,
    /// Other programs and libraries of the same build, which it may start or load.
    beside: Vec<PathBuf>,
}

/// How a program is run when all of its benchmarks are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Selection {
    /// Without a filter: every benchmark that it has is wanted.
    Everything,
    /// Only the names that it is expected to give.
    Expected,
}

/// Builds the suite's benches and lists them. The suite's own `build` commands run first; only where they do not say which benches they built
/// (`--message-format=json`), Cargo is asked to.
pub(super) fn prepare(
    suite: &Suite,
    options: &CriterionOptions,
    place: &Place,
    surroundings: &Surroundings,
) -> Result<Vec<Box<dyn Part>>, PartError> {
    let Built { benches, beside } = build(suite, options, place, surroundings)?;
    let mut programs: Vec<Program> = Vec::new();
    let mut others = Vec::new();
    for bench in &benches {
        let key = cargo::key(bench, &benches, &place.root);
        let mut program = Program { beside: beside.clone(), ..lay_out(bench, key, suite, options, place)? };
        if program.list(place, surroundings)? {
            programs.push(program);
        } else if options.benches.contains(&bench.name) {
            return Err(trouble::not_criterion(&bench.name));
        } else {
            others.push(bench.name.clone());
        }
    }
    choose(&mut programs, suite)?;
    programs.retain(|program| !program.names.is_empty());
    if programs.is_empty() {
        return Err(trouble::nothing_to_run(suite, options, &others));
    }
    Ok(programs.into_iter().map(|program| Box::new(program) as Box<dyn Part>).collect())
}

fn build(
    suite: &Suite,
    options: &CriterionOptions,
    place: &Place,
    surroundings: &Surroundings,
) -> Result<Built, PartError> {
    let run = |command: &CommandLine| {
        run_to_success(&ProcessSpec { timeout: BUILD_LIMIT, ..spec(suite, command.clone(), place) }, surroundings)
    };
    let mut built = Built::default();
    for command in &suite.build {
        built.extend(cargo::built(&run(command)?.stdout));
    }
    if built.benches.is_empty() {
        built.extend(cargo::built(&run(&cargo::build_command(options))?.stdout));
    }
    Ok(built)
}

/// Copies the program, so that it has a fresh inode in each arm and neither a later build nor the other arm's can change it. The path has the
/// same length in both arms wherever the target folders do.
fn lay_out(
    bench: &Bench,
    key: String,
    suite: &Suite,
    options: &CriterionOptions,
    place: &Place,
) -> Result<Program, PartError> {
    // Names become numbers: they may hold what no path can.
    let number =
        |text: &str| Sha256::digest(text).iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let own = format!("{:016x}-{:016x}", number(suite.name.as_str()), number(&key));
    let folder = place.target.join("tollgate").join(own);
    let binary = folder.join(format!("{}{}", bench.name, std::env::consts::EXE_SUFFIX));
    let copy = || -> io::Result<()> {
        fs::create_dir_all(&folder)?;
        match fs::remove_file(&binary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::copy(&bench.executable, &binary).map(|_bytes| ())
    };
    copy().map_err(|source| trouble::lay_out(&binary, &source))?;
    let directory = bench.manifest.parent().unwrap_or(&bench.manifest).to_owned();
    let mut environment = suite.environment.clone();
    environment.insert("CARGO_MANIFEST_DIR".to_owned(), directory.display().to_string());
    Ok(Program {
        key,
        binary,
        directory,
        environment,
        options: options.clone(),
        suite: suite.clone(),
        names: BTreeSet::new(),
        selection: Selection::Everything,
        doubts: Vec::new(),
        beside: Vec::new(),
    })
}

/// Applies the suite's filter, and leaves a name that two programs have to the first one: their results could not be told apart.
fn choose(programs: &mut [Program], suite: &Suite) -> Result<(), PartError> {
    let glob = matcher(suite)?;
    let mut owners: BTreeMap<Name, String> = BTreeMap::new();
    for program in programs {
        let listed = program.names.len();
        program.names.retain(|name| glob.as_ref().is_none_or(|glob| glob.is_match(name.as_str())));
        for name in std::mem::take(&mut program.names) {
            if let Some(owner) = owners.get(&name) {
                let double = format!("`{name}` of bench `{}` has the name of one of bench `{owner}`", program.key);
                program.doubts.push(one_line(&double));
            } else {
                owners.insert(name.clone(), program.key.clone());
                program.names.insert(name);
            }
        }
        if program.names.len() < listed {
            program.selection = Selection::Expected;
        }
    }
    Ok(())
}

fn empty(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => fs::create_dir_all(folder),
    }
}

impl Program {
    /// Lists its benchmarks; `false` where it has another harness, which neither knows criterion's options nor prints its list.
    fn list(&mut self, place: &Place, surroundings: &Surroundings) -> Result<bool, PartError> {
        let spec = self.spec(&place.scratch.join("list"), &["--list"], None);
        let finished = run(&spec, surroundings)?;
        if finished.status != Some(0) && finished.tail.contains("noplot") {
            return Ok(false);
        }
        let finished =
            finished.expect_status(0, &spec.command).map_err(|error| trouble::unlisted(&self.key, &error))?;
        let list = list::read(&finished.stdout);
        let spoken = !list.names.is_empty() || !list.beginnings.is_empty();
        self.names = list.names.into_iter().collect();
        if !list.beginnings.is_empty() {
            self.learn(&list.beginnings, place, surroundings)?;
        }
        Ok(spoken)
    }

    /// Learns the names that are too long for a list by running those benchmarks once, as shortly as criterion can.
    fn learn(&mut self, beginnings: &[String], place: &Place, surroundings: &Surroundings) -> Result<(), PartError> {
        let distinct: BTreeSet<_> = beginnings.iter().map(String::as_str).collect();
        let filters = filter::filters(distinct, filter::Part::Beginning);
        let arguments = ["--quick", "--measurement-time", "0.001", "--nresamples", RESAMPLES];
        let filters = filters.into_iter().map(Some).collect();
        let (readings, doubts) = self.measure(filters, &arguments, place, surroundings)?;
        let begins = |name: &str| beginnings.iter().any(|beginning| name.starts_with(beginning.as_str()));
        let names = readings.into_iter().map(|reading| reading.metric.id.benchmark.benchmark);
        let learnt: BTreeSet<Name> = names.filter(|name| begins(name.as_str())).collect();
        let unknown = beginnings.len().saturating_sub(learnt.difference(&self.names).count());
        if unknown > 0 {
            let text = format!("{unknown} benchmarks of `{}` with names beyond 100 bytes gave no result", self.key);
            self.doubts.push(text);
        }
        self.doubts.extend(doubts);
        self.names.extend(learnt);
        Ok(())
    }

    /// Runs it once for each filter and reads what it left.
    fn measure(
        &self,
        filters: Vec<Option<String>>,
        arguments: &[&str],
        place: &Place,
        surroundings: &Surroundings,
    ) -> Result<(Vec<Reading>, Vec<String>), PartError> {
        let (mut readings, mut unparsed) = (Vec::new(), Vec::new());
        for (index, filter) in filters.into_iter().enumerate() {
            // Each process gets an empty folder of its own: nothing is there to compare with, or to be taken for its result.
            let home = place.scratch.join(format!("criterion-{index:03}"));
            empty(&home).map_err(|source| trouble::lay_out(&home, &source))?;
            let spec = self.spec(&home, arguments, filter);
            let finished = run_to_success(&spec, surroundings)?;
            let parsed = read_folder(&home, "new", &self.suite.name).map_err(|error| PartError::Unreadable {
                command: shown(&spec.command),
                message: error.to_string(),
                tail: finished.tail,
            })?;
            readings.extend(parsed.readings);
            unparsed.extend(parsed.unparsed);
        }
        Ok((readings, unparsed))
    }

    fn spec(&self, home: &Path, arguments: &[&str], filter: Option<String>) -> ProcessSpec {
        let mut command = vec![self.binary.display().to_string(), "--bench".to_owned(), "--noplot".to_owned()];
        command.extend(arguments.iter().map(|&argument| argument.to_owned()));
        command.extend(filter);
        let mut environment = self.environment.clone();
        environment.insert("CRITERION_HOME".to_owned(), home.display().to_string());
        ProcessSpec { command, directory: self.directory.clone(), environment, timeout: self.suite.timeout }
    }

    /// The benchmarks to run; `None` where no filter is needed.
    fn wanted(&self, only: Only<'_>) -> Option<BTreeSet<Name>> {
        match (only, self.selection) {
            (Only::All, Selection::Everything) => None,
            (Only::All, Selection::Expected) => Some(self.names.clone()),
            (Only::These(names), _) => Some(self.names.intersection(names).cloned().collect()),
        }
    }
}

impl Part for Program {
    fn key(&self) -> &str {
        &self.key
    }

    fn expected(&self) -> Option<&BTreeSet<Name>> {
        Some(&self.names)
    }

    fn runs(&self, _place: &Place) -> Option<Runs> {
        let runs = Runs {
            commands: vec![vec![self.binary.display().to_string()]],
            directory: self.directory.clone(),
            values: self.suite.environment.values().cloned().collect(),
            beside: self.beside.clone(),
        };
        // What is wrong with its list must be said, and only a round says it.
        self.doubts.is_empty().then_some(runs)
    }

    fn measuring_s(&self) -> Option<f64> {
        Some(self.options.warm_up_s + self.options.measurement_s)
    }

    fn run(
        &self,
        only: Only<'_>,
        processes: u32,
        place: &Place,
        surroundings: &Surroundings,
    ) -> Result<Parsed, PartError> {
        let wanted = self.wanted(only);
        let filters = match &wanted {
            None => vec![None],
            Some(names) => {
                let names = names.iter().map(Name::as_str);
                filter::filters(names, filter::Part::Whole).into_iter().map(Some).collect()
            }
        };
        let CriterionOptions { warm_up_s, measurement_s, sample_size, .. } = &self.options;
        let share = |seconds: &f64| {
            if processes == 1 { *seconds } else { (seconds / f64::from(processes)).max(SECONDS_MIN) }.to_string()
        };
        let (warm_up, measurement) = (share(warm_up_s), share(measurement_s));
        let samples = (sample_size / processes).max(SAMPLES_MIN.min(*sample_size)).to_string();
        let arguments = [
            ["--warm-up-time", &warm_up],
            ["--measurement-time", &measurement],
            ["--sample-size", &samples],
            ["--nresamples", RESAMPLES],
        ];
        let (mut readings, mut unparsed) = self.measure(filters, arguments.as_flattened(), place, surroundings)?;
        if let Some(wanted) = &wanted {
            readings.retain(|reading| wanted.contains(&reading.metric.id.benchmark.benchmark));
        }
        let measured: BTreeSet<_> = readings.iter().map(|reading| &reading.metric.id.benchmark.benchmark).collect();
        let absent = wanted.as_ref().unwrap_or(&self.names).iter().filter(|name| !measured.contains(name));
        unparsed
            .extend(absent.map(|name| one_line(&format!("`{name}` is listed by `{}` and gave no result", self.key))));
        unparsed.extend(self.doubts.iter().cloned());
        readings.sort_by(|a, b| a.metric.id.cmp(&b.metric.id));
        Ok(Parsed { readings, unparsed, ..Parsed::default() })
    }
}
