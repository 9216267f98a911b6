//! Reads schema 1: everything that is wrong at once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{self, BenchmarkId, Conditions, MetricId, Name, Quantity, StoredRun, StoredSeries, Unit};

use super::super::super::error::visible;
use super::super::super::file::{BaselineFile, STATISTICS_MAX, is_storable};
use super::{File, Header, Metric, Run};

/// The most problems that are listed.
const PROBLEMS_MAX: usize = 20;

/// The most conditions of a load that a run may have: no config comes to as many.
const CONDITIONS_MAX: usize = 10_000;
/// The longest name or value of one, in bytes.
const CONDITION_MAX: usize = 1024;

/// What was found wrong while a file is read.
struct Problems(Vec<String>);

impl Problems {
    fn add(&mut self, problem: String) {
        if self.0.len() < PROBLEMS_MAX {
            self.0.push(problem);
        }
    }

    fn name(&mut self, what: &str, text: String) -> Option<Name> {
        Name::new(text).map_err(|error| self.add(format!("{what}: {error}"))).ok()
    }

    fn id(&mut self, suite: &Name, benchmark: String, metric: String) -> Option<MetricId> {
        let (benchmark, metric) = (self.name("a benchmark", benchmark), self.name("a metric", metric));
        Some(MetricId { benchmark: BenchmarkId { suite: suite.clone(), benchmark: benchmark? }, metric: metric? })
    }

    fn unit(&mut self, symbol: String) -> Option<Unit> {
        let base = [Unit::Seconds, Unit::Bytes, Unit::Count, Unit::Ratio, Unit::PerSecond, Unit::BytesPerSecond];
        match base.into_iter().find(|unit| unit.symbol() == symbol) {
            Some(unit) => Some(unit),
            None => self.name("a unit", symbol).map(Unit::Other),
        }
    }

    fn conditions(&mut self, all: BTreeMap<String, String>) -> Conditions {
        if all.len() > CONDITIONS_MAX {
            self.add(format!("a run has {} conditions, not at most {CONDITIONS_MAX}", all.len()));
        }
        if let Some(long) = all.iter().flat_map(|(name, value)| [name, value]).find(|text| text.len() > CONDITION_MAX) {
            self.add(format!("`{}` has more than {CONDITION_MAX} bytes", visible(long)));
        }
        Conditions::new(all)
    }

    fn time(&mut self, text: &str) -> i64 {
        let Ok(time) = text.parse::<Timestamp>() else {
            self.add(format!("`{}` is not a time", visible(text)));
            return 0;
        };
        time.as_second()
    }
}

impl File {
    /// The file as the model has it, or all that is wrong with it.
    pub(in super::super) fn into_domain(self) -> Result<BaselineFile, Vec<String>> {
        let mut problems = Problems(Vec::new());
        let Some(suite) = problems.name("the suite", self.suite) else { return Err(problems.0) };
        let mut metrics = BTreeMap::new();
        for metric in self.metrics {
            if let Some(metric) = metric.into_domain(&suite, &mut problems)
                && let Some(twice) = metrics.insert(metric.id.clone(), metric)
            {
                problems.add(format!("`{}` is described twice", visible(&twice.id.to_string())));
            }
        }
        let mut unused: BTreeSet<MetricId> = metrics.keys().cloned().collect();
        let mut runs = Vec::new();
        for run in self.runs {
            let run = run.into_domain(&suite, &metrics, &mut problems);
            unused.retain(|id| !run.series.contains_key(id));
            runs.push(run);
        }
        for id in unused {
            problems.add(format!("`{}` is described and has no values", visible(&id.to_string())));
        }
        if self.class.is_empty() {
            problems.add("the class is empty".to_owned());
        }
        if problems.0.is_empty() { Ok(BaselineFile { suite, class: self.class, runs }) } else { Err(problems.0) }
    }
}

impl Metric {
    fn into_domain(self, suite: &Name, problems: &mut Problems) -> Option<model::Metric> {
        let id = problems.id(suite, self.benchmark, self.metric)?;
        let unit = problems.unit(self.unit)?;
        let work = match self.work {
            Some(work) if is_storable(work.value) => {
                problems.unit(work.unit).map(|unit| Quantity { value: work.value, unit })
            }
            Some(_) => {
                problems.add(format!("the work of `{}` is not between 0 and 1e100", visible(&id.to_string())));
                None
            }
            None => None,
        };
        let (direction, kind) = (self.better.into(), self.kind.into());
        let (determinism, role) = (self.determinism.into(), self.role.into());
        Some(model::Metric { id, unit, direction, kind, determinism, role, work })
    }
}

impl Run {
    fn into_domain(
        self,
        suite: &Name,
        metrics: &BTreeMap<MetricId, model::Metric>,
        problems: &mut Problems,
    ) -> StoredRun {
        let mut series = BTreeMap::new();
        for one in self.series {
            let Some(id) = problems.id(suite, one.benchmark, one.metric) else { continue };
            let shown = visible(&id.to_string());
            if one.values.is_empty() || one.values.len() > STATISTICS_MAX {
                problems.add(format!("`{shown}` has {} values, not 1 to {STATISTICS_MAX}", one.values.len()));
            }
            let Some(metric) = metrics.get(&id).cloned() else {
                problems.add(format!("`{shown}` has values and no description"));
                continue;
            };
            let statistics = one.values.into_iter().map(|value| value.0).collect();
            if series.insert(id, StoredSeries { metric, statistics }).is_some() {
                problems.add(format!("`{shown}` appears twice in one run"));
            }
        }
        self.header.into_domain(series, problems)
    }
}

impl Header {
    fn into_domain(self, series: BTreeMap<MetricId, StoredSeries>, problems: &mut Problems) -> StoredRun {
        let (committed_at_s, taken_at_s) = (problems.time(&self.committed_at), problems.time(&self.taken_at));
        let environment = self.environment;
        StoredRun {
            revision: model::Revision {
                commit: self.commit,
                tree: self.tree,
                label: self.label,
                title: self.title,
                committed_at_s,
                dirty: self.dirty,
            },
            environment: model::Environment {
                cpu_model: environment.cpu_model,
                cores: environment.cores,
                memory_bytes: environment.memory_bytes,
                os: environment.os,
                kernel: environment.kernel,
                hypervisor: environment.hypervisor,
                image: environment.image,
                toolchain: environment.toolchain,
            },
            taken_at_s,
            tollgate: self.tollgate,
            why: self.why.into(),
            conditions: self.conditions.map(|conditions| problems.conditions(conditions)),
            series,
        }
    }
}
