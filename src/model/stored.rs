//! Accepted runs as a baseline keeps them: the one number of each round instead of every raw value.

use std::collections::BTreeMap;

use super::conditions::Conditions;
use super::environment::Environment;
use super::metric::Metric;
use super::name::MetricId;
use super::revision::Revision;

/// Why a run was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// `baseline update` measured it.
    Update,
    /// `baseline import` read it from another tool's results: one process, so it says nothing about the spread between processes.
    Import,
}

/// One metric of an accepted run.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSeries {
    /// What was measured.
    pub metric: Metric,
    /// The one number of each round, in order: 1 to 64, finite, none negative.
    pub statistics: Vec<f64>,
}

/// An accepted run of one suite.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRun {
    /// What was measured.
    pub revision: Revision,
    /// Where.
    pub environment: Environment,
    /// When, in seconds since 1970-01-01 UTC.
    pub taken_at_s: i64,
    /// Tollgate's version.
    pub tollgate: String,
    /// Why it was accepted.
    pub why: Why,
    /// The load under which it was measured; `None` where it is no load, or nothing is known of it.
    pub conditions: Option<Conditions>,
    /// Its metrics.
    pub series: BTreeMap<MetricId, StoredSeries>,
}

/// The stored runs of one metric that are comparable here, the newest accepted first.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredMetric {
    /// What was measured; the facts of the newest run.
    pub metric: Metric,
    /// The comparable runs, at least one.
    pub runs: Vec<StoredValues>,
}

/// One metric in one stored run.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredValues {
    /// The one number of each round; never empty.
    pub statistics: Vec<f64>,
    /// When the run was accepted, in seconds since 1970-01-01 UTC.
    pub taken_at_s: i64,
    /// Why it was accepted: an import is one process.
    pub why: Why,
    /// The commit that was measured.
    pub commit: String,
}

/// What a release has stored, against which slow drift adds up.
#[derive(Clone, Debug, PartialEq)]
pub struct Anchor {
    /// The release, as the config names it. Foreign text.
    pub name: String,
    /// The runs that the release's own tree holds and that are comparable here.
    pub then: BTreeMap<MetricId, StoredMetric>,
    /// Those that base's tree holds.
    pub now: BTreeMap<MetricId, StoredMetric>,
}
