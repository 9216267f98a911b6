//! Writes schema 1.

use std::collections::BTreeMap;

use crate::measure::evidence::bounded::{AtMost, Text};
use crate::measure::evidence::{Limits, Measurement};
use crate::model::{self, Arm, BenchmarkId, CoverageProblem, Protocol, Run};

use super::exhibit::Exhibit;
use super::sample::{Name, Sample};
use super::{
    EXHIBITS_BYTES_MAX, Environment, Exhibits, File, Identical, Order, Problem, Revision, SCHEMA, Series, Suite,
    Trouble,
};

impl From<&Measurement> for File {
    fn from(measurement: &Measurement) -> Self {
        let measured = &measurement.measured;
        let Limits { rounds_max, patient, time_limit } = measurement.limits;
        let Protocol { canary, identical, .. } = &measured.protocol;
        Self {
            schema: SCHEMA,
            tollgate: Text::cut(&measurement.tollgate),
            seed: measurement.seed,
            base: (&measurement.base).into(),
            head: (&measured.head.revision).into(),
            environment: (&measured.head.environment).into(),
            suites: AtMost(
                measurement
                    .suites
                    .iter()
                    .map(|(name, facts)| Suite {
                        name: short(name),
                        facts: AtMost(facts.iter().map(|fact| (*fact).into()).collect()),
                    })
                    .collect(),
            ),
            rounds_run: measured.rounds_run,
            rounds_max,
            patient,
            time_limit_s: time_limit.as_secs(),
            ended: measured.ended.into(),
            elapsed_s: measured.elapsed.as_secs(),
            base_series: measured.base.as_ref().map(series),
            head_series: series(&measured.head),
            order: order(&measured.protocol),
            canary: canary
                .as_ref()
                .map(|canary| [&canary.one, &canary.other].map(|one| Series::new(one, &mut BTreeMap::new()))),
            identical: AtMost(identical.iter().map(Identical::from).collect()),
            troubles: AtMost(measured.troubles.iter().take(super::TROUBLES_MAX).map(Problem::from).collect()),
            base_exhibits: measured.base.as_ref().map_or_else(super::nothing, exhibits),
            head_exhibits: exhibits(&measured.head),
        }
    }
}

/// What was seen in an arm, as far as there is room.
fn exhibits(run: &Run) -> Exhibits {
    let mut bytes = 0;
    let fits = |exhibit: &&model::Exhibit| {
        bytes += Exhibit::bytes(exhibit);
        bytes <= EXHIBITS_BYTES_MAX
    };
    AtMost(run.exhibits.values().take_while(fits).map(Exhibit::from).collect())
}

fn short(name: &model::Name) -> Name {
    Name::cut(name.as_str())
}

/// The metrics of a run, in their order.
fn series<const MAX: usize>(run: &Run) -> AtMost<Series, MAX> {
    let mut before = BTreeMap::new();
    AtMost(run.series.values().map(|series| Series::new(series, &mut before)).collect())
}

/// The last distribution of each round that was written.
type Before<'a> = BTreeMap<u32, &'a model::Sample>;

impl Series {
    fn new<'a>(series: &'a model::Series, before: &mut Before<'a>) -> Self {
        let statistic = series.metric.statistic();
        let rounds = series.rounds.iter().map(|(round, sample)| {
            let wire = match sample {
                model::Sample::Values(_) => Sample::Values(AtMost(vec![sample.statistic(statistic)])),
                model::Sample::Processes(processes) => Sample::Processes(AtMost(
                    processes.numbers(statistic).into_iter().map(|n| AtMost(vec![n])).collect(),
                )),
                model::Sample::Quantile { .. } => Sample::new(sample, before.insert(*round, sample)),
                model::Sample::Count(_) | model::Sample::Track(_) => Sample::new(sample, None),
            };
            (*round, wire)
        });
        Self { rounds: AtMost(rounds.collect()), metric: (&series.metric).into() }
    }
}

/// The order of the arms, and the cost of a round.
fn order<const MAX: usize>(protocol: &Protocol) -> AtMost<Order, MAX> {
    let mut all: BTreeMap<&BenchmarkId, Order> = BTreeMap::new();
    for id in protocol.first.keys().chain(protocol.round_s.keys()) {
        let first = |wanted: Arm| {
            let rounds = protocol.first.get(id).into_iter().flatten();
            AtMost(rounds.filter(|(_, arm)| **arm == wanted).map(|(round, _)| *round).collect())
        };
        all.entry(id).or_insert_with(|| Order {
            suite: short(&id.suite),
            benchmark: short(&id.benchmark),
            base_first: first(Arm::Base),
            head_first: first(Arm::Head),
            round_s: protocol.round_s.get(id).copied(),
        });
    }
    AtMost(all.into_values().collect())
}

impl From<&model::Revision> for Revision {
    fn from(revision: &model::Revision) -> Self {
        Self {
            commit: Text::cut(&revision.commit),
            tree: Text::cut(&revision.tree),
            label: Text::cut(&revision.label),
            title: Text::cut(&revision.title),
            committed_at_s: revision.committed_at_s,
            dirty: revision.dirty,
        }
    }
}

impl From<&model::Environment> for Environment {
    fn from(environment: &model::Environment) -> Self {
        Self {
            cpu_model: Text::cut(&environment.cpu_model),
            cores: environment.cores,
            memory_bytes: environment.memory_bytes,
            os: Text::cut(&environment.os),
            kernel: Text::cut(&environment.kernel),
            hypervisor: Text::cut(&environment.hypervisor),
            image: environment.image.as_deref().map(Text::cut),
            toolchain: Text::cut(&environment.toolchain),
        }
    }
}

impl From<&model::Identical> for Identical {
    fn from(identical: &model::Identical) -> Self {
        Self { suite: short(&identical.suite), benchmarks: AtMost(identical.benchmarks.iter().map(short).collect()) }
    }
}

impl From<&CoverageProblem> for Problem {
    fn from(problem: &CoverageProblem) -> Self {
        let text = |text: &String| Text::cut(text);
        Self {
            suite: short(&problem.suite),
            benchmark: problem.benchmark.as_ref().map(|id| short(&id.benchmark)),
            trouble: match &problem.trouble {
                model::Trouble::New => Trouble::New,
                model::Trouble::Missing => Trouble::Missing,
                model::Trouble::Renamed { to } => Trouble::Renamed { to: short(to) },
                model::Trouble::Unparsed { text } => Trouble::Unparsed { text: Text::cut(text) },
                model::Trouble::Crashed { arm, message, tail } => {
                    Trouble::Crashed { arm: (*arm).into(), message: text(message), tail: text(tail) }
                }
                model::Trouble::TimedOut { arm, limit_s } => {
                    Trouble::TimedOut { arm: (*arm).into(), limit_s: *limit_s }
                }
                model::Trouble::BuildFailed { arm, message, tail } => {
                    Trouble::BuildFailed { arm: (*arm).into(), message: text(message), tail: text(tail) }
                }
            },
        }
    }
}
