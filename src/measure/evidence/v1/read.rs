//! Reads schema 1. Believes nothing but that the JSON has its shape: every number, name and cross-reference is checked here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::measure::evidence::{Limits, Measurement};
use crate::measure::rounds::Measured;
use crate::model::{self, Arm, BenchmarkId, Canary, CoverageProblem, Protocol, Run};

use super::sample::{Name, name};
use super::{Environment, Exhibits, File, Identical, Order, Problem, ROUNDS_MAX, Revision, Series, Trouble};

/// The longest time that is believed, in seconds: a year.
const SECONDS_MAX: u64 = 366 * 86_400;
/// The most samples of both revisions together.
const SAMPLES_MAX: usize = 2_000_000;

impl TryFrom<File> for Measurement {
    type Error = String;

    fn try_from(file: File) -> Result<Self, String> {
        let rounds_max = file.rounds_max;
        if file.rounds_run > rounds_max || rounds_max as usize > ROUNDS_MAX {
            return Err(format!("{} rounds of at most {rounds_max}", file.rounds_run));
        }
        let samples: usize = file
            .base_series
            .iter()
            .chain([&file.head_series])
            .flat_map(|all| &all.0)
            .map(|one| one.rounds.0.len())
            .sum();
        if samples > SAMPLES_MAX {
            return Err(format!("{samples} samples, more than {SAMPLES_MAX}"));
        }
        let base: model::Revision = file.base.try_into()?;
        let environment: model::Environment = file.environment.into();
        let of_base = file.base_series.map(|all| run(base.clone(), environment.clone(), all.0, file.rounds_run));
        let (mut of_base, mut of_head) =
            (of_base.transpose()?, run(file.head.try_into()?, environment, file.head_series.0, file.rounds_run)?);
        match &mut of_base {
            Some(of_base) => show(of_base, file.base_exhibits)?,
            None if !file.base_exhibits.0.is_empty() => {
                return Err("exhibits of a base that was not measured".to_owned());
            }
            None => {}
        }
        show(&mut of_head, file.head_exhibits)?;
        let measured = Measured {
            base: of_base,
            head: of_head,
            rounds_run: file.rounds_run,
            protocol: protocol(file.order.0, file.canary, file.identical.0, file.rounds_run)?,
            troubles: file.troubles.0.into_iter().map(CoverageProblem::try_from).collect::<Result<_, _>>()?,
            notes: Vec::new(),
            ended: file.ended.into(),
            elapsed: seconds(file.elapsed_s)?,
        };
        let mut suites = BTreeMap::new();
        for suite in file.suites.0 {
            let facts: BTreeSet<_> = suite.facts.0.into_iter().map(Into::into).collect();
            once(suites.insert(name(suite.name)?, facts), "a suite")?;
        }
        Ok(Self {
            tollgate: file.tollgate.into_string(),
            seed: file.seed,
            base,
            measured,
            suites,
            limits: Limits { rounds_max, patient: file.patient, time_limit: seconds(file.time_limit_s)? },
        })
    }
}

/// Lays what was seen beside the numbers of a run.
fn show(run: &mut Run, exhibits: Exhibits) -> Result<(), String> {
    for exhibit in exhibits.0 {
        run.show(exhibit.try_into()?);
    }
    Ok(())
}

/// Refuses what is there twice.
fn once<T>(earlier: Option<T>, what: &str) -> Result<(), String> {
    earlier.map_or(Ok(()), |_| Err(format!("{what} is there twice")))
}

fn seconds(seconds: u64) -> Result<Duration, String> {
    if seconds > SECONDS_MAX {
        return Err(format!("{seconds} seconds, more than a year"));
    }
    Ok(Duration::from_secs(seconds))
}

fn run(
    revision: model::Revision,
    environment: model::Environment,
    all: Vec<Series>,
    rounds_run: u32,
) -> Result<Run, String> {
    let mut run = Run::new(revision, environment);
    let mut before = BTreeMap::new();
    for series in all {
        let series = series.into_series(rounds_run, &mut before)?;
        once(run.series.insert(series.metric.id.clone(), series), "a metric")?;
    }
    Ok(run)
}

impl Series {
    /// The metric; `before` holds the last distribution of each round.
    fn into_series(self, rounds_run: u32, before: &mut BTreeMap<u32, model::Sample>) -> Result<model::Series, String> {
        let mut series = model::Series { metric: self.metric.try_into()?, rounds: BTreeMap::new() };
        for (round, sample) in self.rounds.0 {
            let sample = sample.into_sample(before.get(&round))?;
            if matches!(sample, model::Sample::Quantile { .. }) {
                before.insert(round, sample.clone());
            }
            once(series.rounds.insert(within(round, rounds_run)?, sample), "a round")?;
        }
        if series.rounds.is_empty() {
            return Err("a metric without a round".to_owned());
        }
        Ok(series)
    }
}

/// A round that was run.
fn within(round: u32, rounds_run: u32) -> Result<u32, String> {
    if round < rounds_run { Ok(round) } else { Err(format!("round {round} of {rounds_run}")) }
}

fn protocol(
    order: Vec<Order>,
    canary: Option<[Series; 2]>,
    identical: Vec<Identical>,
    rounds_run: u32,
) -> Result<Protocol, String> {
    let mut protocol = Protocol::default();
    for one in order {
        let id = BenchmarkId { suite: name(one.suite)?, benchmark: name(one.benchmark)? };
        let mut rounds = BTreeMap::new();
        for (arm, list) in [(Arm::Base, one.base_first), (Arm::Head, one.head_first)] {
            for round in list.0 {
                once(rounds.insert(within(round, rounds_run)?, arm), "a round")?;
            }
        }
        if let Some(cost_s) = one.round_s {
            if !(0.0..=SECONDS_MAX as f64).contains(&cost_s) {
                return Err(format!("a round of {cost_s:e} seconds"));
            }
            protocol.round_s.insert(id.clone(), cost_s);
        }
        if !rounds.is_empty() {
            once(protocol.first.insert(id, rounds), "a benchmark")?;
        }
    }
    if let Some([one, other]) = canary {
        let one = one.into_series(rounds_run, &mut BTreeMap::new())?;
        let other = other.into_series(rounds_run, &mut BTreeMap::new())?;
        if one.metric != other.metric {
            return Err("a canary of two metrics".to_owned());
        }
        protocol.canary = Some(Canary { one, other });
    }
    let identical: Result<BTreeSet<_>, String> = identical.into_iter().map(model::Identical::try_from).collect();
    protocol.identical = identical?.into_iter().collect();
    if protocol.identical.windows(2).any(|pair| pair[0].suite == pair[1].suite) {
        return Err("a suite is there twice".to_owned());
    }
    Ok(protocol)
}

impl TryFrom<Revision> for model::Revision {
    type Error = String;

    fn try_from(revision: Revision) -> Result<Self, String> {
        let id = |text: String| {
            let full = text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            if full { Ok(text) } else { Err("an id that is not forty hexadecimal digits".to_owned()) }
        };
        Ok(Self {
            commit: id(revision.commit.into_string())?,
            tree: id(revision.tree.into_string())?,
            label: revision.label.into_string(),
            title: revision.title.into_string(),
            committed_at_s: revision.committed_at_s,
            dirty: revision.dirty,
        })
    }
}

impl From<Environment> for model::Environment {
    fn from(environment: Environment) -> Self {
        Self {
            cpu_model: environment.cpu_model.into_string(),
            cores: environment.cores,
            memory_bytes: environment.memory_bytes,
            os: environment.os.into_string(),
            kernel: environment.kernel.into_string(),
            hypervisor: environment.hypervisor.into_string(),
            image: environment.image.map(super::Text::into_string),
            toolchain: environment.toolchain.into_string(),
        }
    }
}

impl TryFrom<Identical> for model::Identical {
    type Error = String;

    fn try_from(identical: Identical) -> Result<Self, String> {
        let benchmarks: BTreeSet<_> = identical.benchmarks.0.into_iter().map(name).collect::<Result<_, _>>()?;
        Ok(Self { suite: name(identical.suite)?, benchmarks: benchmarks.into_iter().collect() })
    }
}

impl TryFrom<Problem> for CoverageProblem {
    type Error = String;

    fn try_from(problem: Problem) -> Result<Self, String> {
        let suite = name(problem.suite)?;
        let benchmark = |text: Name| Ok::<_, String>(BenchmarkId { suite: suite.clone(), benchmark: name(text)? });
        let benchmark = problem.benchmark.map(benchmark).transpose()?;
        let trouble = match problem.trouble {
            Trouble::New => model::Trouble::New,
            Trouble::Missing => model::Trouble::Missing,
            Trouble::Renamed { to } => model::Trouble::Renamed { to: name(to)? },
            Trouble::Unparsed { text } => model::Trouble::Unparsed { text: text.into_string() },
            Trouble::Crashed { arm, message, tail } => {
                model::Trouble::Crashed { arm: arm.into(), message: message.into_string(), tail: tail.into_string() }
            }
            Trouble::TimedOut { arm, limit_s } => {
                model::Trouble::TimedOut { arm: arm.into(), limit_s: seconds(limit_s)?.as_secs() }
            }
            Trouble::BuildFailed { arm, message, tail } => model::Trouble::BuildFailed {
                arm: arm.into(),
                message: message.into_string(),
                tail: tail.into_string(),
            },
        };
        Ok(Self { suite, benchmark, trouble })
    }
}
