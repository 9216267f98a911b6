//! All samples of one revision on one machine.

use std::collections::BTreeMap;

use super::environment::Environment;
use super::exhibit::Exhibit;
use super::metric::Metric;
use super::name::{BenchmarkId, MetricId};
use super::revision::Revision;
use super::sample::Sample;

/// Which of the two revisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arm {
    /// The revision that is compared with.
    Base,
    /// The revision that is judged.
    Head,
}

impl Arm {
    /// Both, base first.
    pub const BOTH: [Self; 2] = [Self::Base, Self::Head];

    /// `base` or `head`: four letters each, so that the two arms' paths are of the same length.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Head => "head",
        }
    }
}

/// All samples of one metric at one revision, by round. A round is missing where its process failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What was measured.
    pub metric: Metric,
    /// The samples by round number, counted from 0.
    pub rounds: BTreeMap<u32, Sample>,
}

impl Series {
    /// The one number of each round, in the order of rounds ([`Metric::statistic`]).
    pub fn statistics(&self) -> BTreeMap<u32, f64> {
        let statistic = self.metric.statistic();
        self.rounds.iter().map(|(round, sample)| (*round, sample.statistic(statistic))).collect()
    }
}

/// The most exhibits of a run. Further ones are left out: a program may run ever new statements.
pub const RUN_EXHIBITS_MAX: usize = 1_000;

/// All samples of one revision on one machine, with its environment.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// What was measured.
    pub revision: Revision,
    /// Where it was measured.
    pub environment: Environment,
    /// The samples of each metric.
    pub series: BTreeMap<MetricId, Series>,
    /// What was seen beside them: of each the last round's, by what it belongs to and its text.
    pub exhibits: BTreeMap<(BenchmarkId, String), Exhibit>,
}

impl Run {
    /// A run without samples yet.
    pub fn new(revision: Revision, environment: Environment) -> Self {
        Self { revision, environment, series: BTreeMap::new(), exhibits: BTreeMap::new() }
    }

    /// Adds one round's sample. A metric's description is that of its first sample; a second sample of the same round is appended by the
    /// caller before it comes here, so that nothing is overwritten in silence: the old one is returned.
    pub fn insert(&mut self, metric: Metric, round: u32, sample: Sample) -> Option<Sample> {
        let id = metric.id.clone();
        self.series.entry(id).or_insert_with(|| Series { metric, rounds: BTreeMap::new() }).rounds.insert(round, sample)
    }
    /// Takes in what was seen in a round, in place of what was seen of the same before.
    pub fn show(&mut self, exhibit: Exhibit) {
        let (benchmark, text) = exhibit.key();
        let key = (benchmark.clone(), text.to_owned());
        if self.exhibits.len() < RUN_EXHIBITS_MAX || self.exhibits.contains_key(&key) {
            self.exhibits.insert(key, exhibit);
        }
    }
}
