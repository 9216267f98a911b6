//! What one drive of load gave, as plain values: the same for the terminal, the page and the JSON. Refuses to know who drove it.

use std::collections::BTreeMap;

use crate::config::scenario::Level;
use crate::model::load::{LATE_ARRIVALS, LATE_SHARE_MAX};
use crate::model::sample::{Histogram, Packed};
use crate::model::{BudgetLevel, Direction, Name, Unit};

/// Everything that one drive gave.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadResult {
    /// What it is called: the scenario's name, or what was asked for by hand.
    pub name: String,
    /// What was sent and how, as what it is called and what it was. Two results with different conditions cannot be compared.
    pub conditions: Vec<(String, String)>,
    /// When it started, in seconds since 1970-01-01 UTC.
    pub started_at_s: i64,
    /// How it ended.
    pub ended: Ended,
    /// What counts, in the order of time: one stage, or several of a stress test, a spike or custom stages.
    pub stages: Vec<Stage>,
    /// The same time in windows of equal length.
    pub windows: Vec<Window>,
    /// How long a window is, in seconds.
    pub window_s: f64,
    /// What each target took.
    pub places: Vec<Place>,
    /// What the service used, where Tollgate started it.
    pub usage: Vec<Point>,
    /// Every metric that a check would have judged.
    pub values: Vec<Value>,
    /// Connections that were made before the clock started.
    pub connections_opened: u64,
    /// Connections made again because the server had closed an idle one; not errors.
    pub reconnects: u64,
    /// What the generator used of its core, as a fraction.
    pub generator_cpu_ratio: f64,
}

/// How a drive ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// As planned.
    Complete,
    /// The user stopped it.
    Interrupted,
    /// The service failed, for this reason.
    Broken(String),
}

/// One stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// The level at its end.
    pub level: Level,
    /// How long it took.
    pub seconds: f64,
    /// Arrivals that were intended; in a closed model those that were sent.
    pub intended: u64,
    /// Arrivals that were never sent, because no connection was free.
    pub dropped: u64,
    /// Arrivals that the generator sent late.
    pub late: u64,
    /// The most requests that were on their way at once.
    pub in_flight_max: u64,
    /// Arrivals without a reply when it ended.
    pub open_at_end: u64,
    /// Each named request.
    pub steps: BTreeMap<Name, Step>,
}

/// What one named request gave. Times are in seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// From the intended send to the end of the reply.
    pub response: Histogram,
    /// From the send to the end of the reply.
    pub service: Histogram,
    /// From the intended send to the send.
    pub lag: Histogram,
    /// Requests that ended, failed ones among them.
    pub ended: u64,
    /// Failed ones by the word for how.
    pub errors: BTreeMap<String, u64>,
    /// Replies by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written.
    pub bytes_out: u64,
}

/// All steps in one window of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Window {
    /// Response times.
    pub response: Packed,
    /// Requests that ended in it.
    pub ended: u64,
    /// Those of them that failed.
    pub failed: u64,
}

/// What one target took.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// What it is called.
    pub name: String,
    /// Response times.
    pub response: Histogram,
    /// Requests that ended.
    pub ended: u64,
    /// Those of them that failed.
    pub failed: u64,
}

/// What the service used at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Seconds since what counts began; negative during the warm-up.
    pub at_s: f64,
    /// Anonymous resident memory.
    pub memory_bytes: u64,
    /// Open descriptors.
    pub descriptors: u64,
    /// Threads.
    pub threads: u64,
}

/// One metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Which request or stage.
    pub benchmark: String,
    /// Its name in a check.
    pub metric: String,
    /// Its unit.
    pub unit: Unit,
    /// Which direction is better.
    pub direction: Direction,
    /// What it came to.
    pub value: f64,
    /// The budget of the config, where it has one.
    pub limit: Option<Limit>,
}

/// What a budget says of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// The worst limit that is missed; else the critical, or tightest, one.
    pub limit: f64,
    /// How badly it is missed.
    pub level: BudgetLevel,
    /// Whether missing the critical limit is an error.
    pub blocks: bool,
}

/// What a result is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The service failed.
    Broken,
    /// Nothing was answered as it should be: there is no number to show.
    Nothing,
    /// The user stopped it; the numbers are those until then.
    Interrupted,
    /// The generator did not keep its time: the numbers say nothing of the service.
    Late,
    /// A critical budget is missed.
    OverBudget,
    /// The numbers stand.
    Sound,
}

impl LoadResult {
    /// What it is worth; the first that holds.
    pub fn standing(&self) -> Standing {
        let all = self.total();
        let over =
            |value: &Value| value.limit.is_some_and(|limit| limit.blocks && limit.level == BudgetLevel::Critical);
        match &self.ended {
            Ended::Broken(_) => Standing::Broken,
            Ended::Interrupted => Standing::Interrupted,
            Ended::Complete if all.ended == all.failed() => Standing::Nothing,
            Ended::Complete if self.late_ratio() > LATE_SHARE_MAX => Standing::Late,
            Ended::Complete if self.values.iter().any(over) => Standing::OverBudget,
            Ended::Complete => Standing::Sound,
        }
    }

    /// All steps of all stages as one.
    pub fn total(&self) -> Step {
        merged(self.stages.iter().flat_map(|stage| stage.steps.values()))
    }

    /// Each step over all stages.
    pub fn steps(&self) -> BTreeMap<&Name, Step> {
        let mut of: BTreeMap<&Name, Vec<&Step>> = BTreeMap::new();
        for (name, step) in self.stages.iter().flat_map(|stage| &stage.steps) {
            of.entry(name).or_default().push(step);
        }
        of.into_iter().map(|(name, steps)| (name, merged(steps.into_iter()))).collect()
    }

    /// How long what counts took.
    pub fn seconds_in_all(&self) -> f64 {
        self.stages.iter().map(|stage| stage.seconds).sum()
    }

    /// Arrivals of all stages: intended, late, never sent.
    pub fn arrivals(&self) -> (u64, u64, u64) {
        let sum = |of: fn(&Stage) -> u64| self.stages.iter().map(of).sum();
        (sum(|stage| stage.intended), sum(|stage| stage.late), sum(|stage| stage.dropped))
    }

    /// The share of arrivals that the generator itself sent late: the metric, which leaves out what a stress test repeated, or that of all stages.
    pub fn late_ratio(&self) -> f64 {
        if let Some(late) = self.values.iter().find(|value| value.metric == LATE_ARRIVALS) {
            return late.value;
        }
        let (intended, late, _) = self.arrivals();
        ratio(late, intended)
    }

    /// The value of a metric of one request, or of all.
    pub fn value(&self, benchmark: &str, metric: &str) -> Option<&Value> {
        self.values.iter().find(|value| value.benchmark == benchmark && value.metric == metric)
    }
}

impl Stage {
    /// All its steps as one.
    pub fn total(&self) -> Step {
        merged(self.steps.values())
    }
}

impl Step {
    /// Requests that failed.
    pub fn failed(&self) -> u64 {
        self.errors.values().sum()
    }

    /// The share of requests that failed; 0 without requests.
    pub fn failed_ratio(&self) -> f64 {
        ratio(self.failed(), self.ended)
    }
}

/// Several steps as one.
fn merged<'a>(steps: impl Iterator<Item = &'a Step>) -> Step {
    let mut all = Step::default();
    for step in steps {
        merge(&mut all.response, &step.response);
        merge(&mut all.service, &step.service);
        merge(&mut all.lag, &step.lag);
        all.ended += step.ended;
        all.bytes_in += step.bytes_in;
        all.bytes_out += step.bytes_out;
        for (kind, count) in &step.errors {
            *all.errors.entry(kind.clone()).or_default() += count;
        }
        for (status, count) in &step.statuses {
            *all.statuses.entry(*status).or_default() += count;
        }
    }
    all
}

/// Two steps as one; `None` where numbers no longer fit: those of several drives.
pub(super) fn added(one: &Step, other: &Step) -> Option<Step> {
    let mut all = one.clone();
    for (histogram, more) in
        [(&mut all.response, &other.response), (&mut all.service, &other.service), (&mut all.lag, &other.lag)]
    {
        histogram.merge(more).ok()?;
    }
    all.ended = all.ended.checked_add(other.ended)?;
    all.bytes_in = all.bytes_in.checked_add(other.bytes_in)?;
    all.bytes_out = all.bytes_out.checked_add(other.bytes_out)?;
    for (kind, count) in &other.errors {
        let known = all.errors.entry(kind.clone()).or_default();
        *known = known.checked_add(*count)?;
    }
    for (status, count) in &other.statuses {
        let known = all.statuses.entry(*status).or_default();
        *known = known.checked_add(*count)?;
    }
    Some(all)
}

/// Adds one distribution to another.
fn merge(all: &mut Histogram, one: &Histogram) {
    all.merge(one).expect("one drive has fewer requests than a histogram counts");
}

/// A share; 0 of nothing.
pub(super) fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
