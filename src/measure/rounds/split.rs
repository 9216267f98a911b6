//! Into how many short processes a round's process is split, once stage 1 has shown whose processes differ and what a process costs.

use std::collections::BTreeMap;

use crate::model::{BenchmarkId, Run};
use crate::stats::variance_components::Components;

use super::course::Course;
use super::{Runner, Tracked};

/// The most processes of an arm in one round: more would leave criterion fewer than ten samples that are long enough to be measured.
const PROCESSES_MAX: u32 = 8;
/// Starting a process costs at least this much, whatever was seen of it.
const SETUP_S_MIN: f64 = 1e-3;

/// Whose processes differ by more than their samples, from the rounds so far: what the judge answers.
pub type Scattered<'a> = dyn Fn(&Run, &Run) -> BTreeMap<BenchmarkId, Components> + 'a;

/// When rounds become rounds of several short processes, and of which benchmarks.
pub struct Splitting<'a> {
    /// The rounds after which it is decided, once and for all.
    pub after: u32,
    /// For which benchmarks, with the variances between their processes and within them.
    pub scattered: &'a Scattered<'a>,
}

/// The number of processes of each benchmark that has more than one.
///
/// What a process costs beside measuring is what the part took in the rounds so far beyond its benchmarks' time of measuring. A part that cannot
/// be shortened, or one of both arms that cannot, keeps its one process.
pub(super) fn processes(
    runner: &dyn Runner,
    parts: &[Tracked],
    course: &Course,
    scattered: BTreeMap<BenchmarkId, Components>,
) -> BTreeMap<BenchmarkId, u32> {
    let split = scattered.into_iter().filter_map(|(id, apart)| {
        // Where two parts give a benchmark, the later one counts.
        let part = parts.iter().rfind(|part| part.benchmarks.contains(&id))?;
        let measuring_s = runner.measuring_s(&part.id).filter(|seconds| *seconds > 0.0)?;
        let beside_s = part.benchmarks.len() as f64 * (course.usual_s(&id)? - measuring_s);
        let processes = apart.best_split(beside_s.max(SETUP_S_MIN) / measuring_s, PROCESSES_MAX);
        (processes > 1).then_some((id, processes))
    });
    split.collect()
}
