//! What a result of a load tool says, request by request or as a summary, and the metrics that it comes to. Refuses to know the tool.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::measure::load::record::ErrorKind;
use crate::model::load::{ALL_REQUESTS, BYTES_IN, BYTES_OUT, ERRORS, LATE_ARRIVALS, LATENCY, THROUGHPUT};
use crate::model::sample::{Count, Exposure, Histogram, Summary};
use crate::model::{BenchmarkId, Determinism, Direction, Kind, Metric, MetricId, Name, Role, Sample, Unit};

use super::super::{Parsed, Reading};
use super::{LoadError, REQUESTS_MAX};

/// The most lines about what was not understood; a result that is another thing has one for each of its lines.
const UNPARSED_MAX: usize = 20;
/// The longest line that says what was not understood, in characters.
const LINE_CHARS_MAX: usize = 240;
/// A 99th percentile decides where 20 values lie beyond it, as in a scenario of our own.
const P99_REQUESTS_MIN: u64 = 2_000;
/// No believable time, in seconds: a thousand years.
const SECONDS_MAX: f64 = 3e10;

/// All that the parts of one result say.
#[derive(Default)]
pub(super) struct Tally {
    steps: BTreeMap<String, Step>,
    /// What the tool itself says of all requests.
    whole: Option<Step>,
    /// Arrivals that were never sent, and those that were.
    arrivals: (u64, u64),
    /// Checks that failed, of all; where the tool does not say which request they belong to.
    checks: (u64, u64),
    /// From the first to the last thing that happened, in seconds of the tool's clock.
    span: Option<(f64, f64)>,
    notes: BTreeSet<String>,
    unparsed: Vec<String>,
    refused: usize,
}

/// What is said of one named request, or of all.
#[derive(Default)]
pub(super) struct Step {
    /// Response times.
    pub(super) times: Times,
    /// Requests that ended, failed ones among them.
    pub(super) ended: u64,
    /// Those that failed.
    pub(super) failed: u64,
    /// Failed ones by how, as far as the tool says it.
    pub(super) kinds: BTreeMap<ErrorKind, u64>,
    /// Bytes read, where the tool says it.
    pub(super) bytes_in: Option<u64>,
    /// Bytes written, where the tool says it.
    pub(super) bytes_out: Option<u64>,
    /// Seconds that these requests took from the first to the last, where that is not the whole run.
    pub(super) seconds: Option<f64>,
    /// Replies a second that were right, where the tool says it and nothing else does.
    pub(super) throughput: Option<f64>,
}

/// Response times in seconds.
pub(super) enum Times {
    /// Each of them.
    Raw(Histogram),
    /// Only these numbers of them.
    Said(BTreeMap<Summary, f64>),
}

/// One request.
#[derive(Clone, Copy, Default)]
pub(super) struct Request {
    /// When it ended, in seconds of any clock; `None` where that is not known.
    pub(super) end_s: Option<f64>,
    /// How long it took, in seconds.
    pub(super) seconds: f64,
    /// How it failed, where it did.
    pub(super) failure: Option<ErrorKind>,
    /// Bytes read, where the tool says it.
    pub(super) bytes_in: Option<u64>,
    /// Bytes written, where the tool says it.
    pub(super) bytes_out: Option<u64>,
}

impl Default for Times {
    fn default() -> Self {
        Self::Raw(Histogram::default())
    }
}

impl Tally {
    /// Whether nothing was understood.
    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.whole.is_none()
    }

    /// Adds one request of this name.
    pub(super) fn request(&mut self, name: &str, request: &Request) -> Result<(), LoadError> {
        if !(0.0..=SECONDS_MAX).contains(&request.seconds) {
            self.refuse(&format!("`{name}`: {} s is not a time", request.seconds));
            return Ok(());
        }
        if let Some(end_s) = request.end_s.filter(|end_s| end_s.is_finite()) {
            self.seen(end_s - request.seconds);
            self.seen(end_s);
        }
        self.step(name)?.add(request);
        Ok(())
    }

    /// What is known of this name.
    pub(super) fn step(&mut self, name: &str) -> Result<&mut Step, LoadError> {
        // Looked up first: a name is only copied when it is new.
        if !self.steps.contains_key(name) {
            if self.steps.len() >= REQUESTS_MAX {
                return Err(LoadError::TooMany);
            }
            self.steps.insert(name.to_owned(), Step::default());
        }
        Ok(self.steps.entry(name.to_owned()).or_default())
    }

    /// Takes what a tool says of all requests together.
    pub(super) fn all(&mut self, step: Step) {
        self.whole = Some(step);
    }

    /// Takes the tool's word for how long the whole run took.
    pub(super) fn lasted(&mut self, seconds: f64) {
        if seconds > 0.0 && seconds <= SECONDS_MAX {
            self.span = Some((0.0, seconds));
        }
    }

    /// Something happened at this time.
    pub(super) fn seen(&mut self, at_s: f64) {
        let (first, last) = self.span.unwrap_or((at_s, at_s));
        self.span = Some((first.min(at_s), last.max(at_s)));
    }

    /// Adds arrivals that were never sent, and such as were.
    pub(super) fn arrivals(&mut self, dropped: u64, sent: u64) {
        self.arrivals = (self.arrivals.0.saturating_add(dropped), self.arrivals.1.saturating_add(sent));
    }

    /// Adds checks that failed, of so many.
    pub(super) fn checks(&mut self, failed: u64, all: u64) {
        self.checks = (self.checks.0.saturating_add(failed), self.checks.1.saturating_add(all));
    }

    /// Notes what this result cannot say, as a sentence.
    pub(super) fn note(&mut self, sentence: impl Into<String>) {
        self.notes.insert(one_line(&sentence.into()));
    }

    /// Notes something that was not understood.
    pub(super) fn refuse(&mut self, text: &str) {
        self.refused = self.refused.saturating_add(1);
        if self.unparsed.len() < UNPARSED_MAX {
            self.unparsed.push(one_line(text));
        }
    }

    /// The metrics that it comes to.
    pub(super) fn into_parsed(mut self, suite: &Name) -> Parsed {
        if self.whole.is_none() && self.steps.len() > 1 {
            self.whole = together(self.steps.values());
        }
        let mut writer = Writer { suite, readings: BTreeMap::new(), notes: BTreeSet::new(), unparsed: Vec::new() };
        let lasted = self.span.map(|(first, last)| last - first).filter(|seconds| *seconds > 0.0);
        for (name, step) in &self.steps {
            writer.step(name, step, (lasted, Role::Gated));
        }
        // What the tool says of all requests is what it says of the only one, once more.
        let only = self.steps.iter().next().filter(|_| self.steps.len() == 1);
        let whole = self.whole.as_ref().filter(|whole| only.is_none_or(|(_, step)| step.ended != whole.ended));
        if let Some(whole) = whole {
            // What its parts decide, the whole only shows.
            let role = if self.steps.is_empty() { Role::Gated } else { Role::Informative };
            writer.step(ALL_REQUESTS, whole, (lasted, role));
        }
        let of_all = only.filter(|_| whole.is_none()).map_or(ALL_REQUESTS, |(name, _)| name).to_owned();
        let (dropped, sent) = self.arrivals;
        writer.count(&of_all, LATE_ARRIVALS, (dropped, dropped.saturating_add(sent)), Role::Informative);
        writer.count(&of_all, &format!("{ERRORS}-{}", ErrorKind::Check.as_str()), self.checks, Role::Gated);
        self.unparsed.extend(writer.unparsed);
        if self.refused > UNPARSED_MAX {
            self.unparsed.push(format!("and {} more", self.refused - UNPARSED_MAX));
        }
        self.notes.extend(writer.notes);
        Parsed {
            readings: writer.readings.into_values().collect(),
            unparsed: self.unparsed,
            notes: self.notes.into_iter().collect(),
            exhibits: Vec::new(),
        }
    }
}

impl Step {
    /// A summary in seconds. What is not a time above 0 is left out.
    pub(super) fn said(times: impl IntoIterator<Item = (Summary, Option<f64>)>) -> Self {
        let times = times.into_iter().filter_map(|(summary, value)| Some((summary, value?)));
        Self { times: Times::Said(times.collect()), ..Self::default() }
    }

    fn add(&mut self, request: &Request) {
        if let Times::Raw(histogram) = &mut self.times {
            // A believable time is one that a histogram takes, and 2⁵³ of them are not read in a lifetime.
            histogram.record(request.seconds, 1).ok();
        }
        self.ended = self.ended.saturating_add(1);
        if let Some(kind) = request.failure {
            self.fail(kind, 1);
        }
        self.bytes_in = sum(self.bytes_in, request.bytes_in);
        self.bytes_out = sum(self.bytes_out, request.bytes_out);
    }

    /// Adds so many failures of this kind.
    pub(super) fn fail(&mut self, kind: ErrorKind, times: u64) {
        let of_kind = self.kinds.entry(kind).or_default();
        *of_kind = of_kind.saturating_add(times);
        self.failed = self.failed.saturating_add(times);
    }

    /// Records so many response times of one size, in seconds; how many requests ended is said apart.
    pub(super) fn record(&mut self, seconds: f64, times: u64) -> Result<(), String> {
        match &mut self.times {
            Times::Raw(histogram) if seconds <= SECONDS_MAX => {
                histogram.record(seconds, times).map_err(|error| error.to_string())
            }
            Times::Raw(_) | Times::Said(_) => Err(format!("{seconds} s is not a time")),
        }
    }
}

/// All steps as one, where each has its raw data.
fn together<'a>(steps: impl Iterator<Item = &'a Step>) -> Option<Step> {
    let mut all = Step::default();
    let mut histogram = Histogram::default();
    for step in steps {
        let Times::Raw(times) = &step.times else { return None };
        histogram.merge(times).ok()?;
        all.ended = all.ended.saturating_add(step.ended);
        all.failed = all.failed.saturating_add(step.failed);
        for (kind, times) in &step.kinds {
            *all.kinds.entry(*kind).or_default() += times;
        }
        all.bytes_in = sum(all.bytes_in, step.bytes_in);
        all.bytes_out = sum(all.bytes_out, step.bytes_out);
    }
    all.times = Times::Raw(histogram);
    Some(all)
}

fn sum(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.saturating_add(other)),
        (one, other) => one.or(other),
    }
}

/// One line that can be shown, shortened.
fn one_line(text: &str) -> String {
    text.chars().take(LINE_CHARS_MAX).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Readings so far.
struct Writer<'a> {
    suite: &'a Name,
    readings: BTreeMap<MetricId, Reading>,
    notes: BTreeSet<String>,
    unparsed: Vec<String>,
}

impl Writer<'_> {
    /// The metrics of one named request. `lasted` is how long the whole run took, in seconds; `of_times` is what its times are for.
    fn step(&mut self, name: &str, step: &Step, (lasted, of_times): (Option<f64>, Role)) {
        let role = |summary| match summary {
            Summary::P50 | Summary::P95 => of_times,
            Summary::P99 if step.ended >= P99_REQUESTS_MIN => of_times,
            Summary::P99 | Summary::P75 | Summary::P90 | Summary::P999 | Summary::Mean | Summary::Max => {
                Role::Informative
            }
        };
        match &step.times {
            Times::Raw(histogram) => self.distribution(name, histogram, &role),
            Times::Said(said) => self.summaries(name, said, &role),
        }
        self.count(name, ERRORS, (step.failed, step.ended), Role::Gated);
        for (kind, times) in &step.kinds {
            self.count(name, &format!("{ERRORS}-{}", kind.as_str()), (*times, step.ended), Role::Informative);
        }
        let seconds = step.seconds.filter(|seconds| *seconds > 0.0).or(lasted);
        let a_second = |amount: u64| seconds.map(|seconds| amount as f64 / seconds);
        let right = step.ended.saturating_sub(step.failed);
        let throughput = step.throughput.or_else(|| a_second(right)).filter(|_| step.ended > 0);
        self.rate(name, THROUGHPUT, throughput, (Unit::PerSecond, Role::Gated));
        let bytes = (Unit::BytesPerSecond, Role::Informative);
        self.rate(name, BYTES_IN, step.bytes_in.and_then(a_second), bytes.clone());
        self.rate(name, BYTES_OUT, step.bytes_out.and_then(a_second), bytes);
    }

    fn distribution(&mut self, name: &str, histogram: &Histogram, role: &dyn Fn(Summary) -> Role) {
        let shared = Arc::new(histogram.clone());
        for summary in Summary::ALL {
            match histogram.summary(summary) {
                Some(value) if value > 0.0 => {
                    self.take(name, &latency(summary), (Unit::Seconds, Kind::Time, role(summary)), || {
                        Sample::quantile(Arc::clone(&shared), summary).ok()
                    });
                }
                Some(_) => self.too_small(name, summary),
                None => {}
            }
        }
    }

    fn summaries(&mut self, name: &str, said: &BTreeMap<Summary, f64>, role: &dyn Fn(Summary) -> Role) {
        for (summary, value) in said {
            if *value > 0.0 && *value <= SECONDS_MAX {
                self.take(name, &latency(*summary), (Unit::Seconds, Kind::Time, role(*summary)), || {
                    Sample::new(vec![*value]).ok()
                });
            } else {
                self.too_small(name, *summary);
            }
        }
    }

    /// A time of 0 is none: the tool rounds to more than the service takes.
    fn too_small(&mut self, name: &str, summary: Summary) {
        self.notes
            .insert(one_line(&format!("`{}` of `{name}` is left out: the result rounds it to 0", latency(summary))));
    }

    /// Events of trials; nothing where nothing was tried.
    fn count(&mut self, name: &str, metric: &str, (events, trials): (u64, u64), role: Role) {
        let count = Count::new(events.min(trials), Exposure::Trials(trials)).ok();
        if let Some(count) = count {
            self.take(name, metric, (Unit::Ratio, Kind::Ratio, role), || Some(count.into()));
        }
    }

    fn rate(&mut self, name: &str, metric: &str, value: Option<f64>, (unit, role): (Unit, Role)) {
        if let Some(value) = value.filter(|value| value.is_finite() && *value >= 0.0) {
            self.take(name, metric, (unit, Kind::Rate, role), || Sample::new(vec![value]).ok());
        }
    }

    fn take(
        &mut self,
        benchmark: &str,
        metric: &str,
        (unit, kind, role): (Unit, Kind, Role),
        sample: impl FnOnce() -> Option<Sample>,
    ) {
        let (benchmark, metric) = match (Name::new(benchmark), Name::new(metric)) {
            (Ok(benchmark), Ok(metric)) => (benchmark, metric),
            (Err(error), _) | (_, Err(error)) => {
                let line = one_line(&format!("`{benchmark}`: {error}"));
                if self.unparsed.last() != Some(&line) {
                    self.unparsed.push(line);
                }
                return;
            }
        };
        let id = MetricId { benchmark: BenchmarkId { suite: self.suite.clone(), benchmark }, metric };
        let higher = id.metric.as_str() == THROUGHPUT;
        let direction = if higher { Direction::HigherIsBetter } else { Direction::LowerIsBetter };
        let metric = Metric { id, unit, direction, kind, determinism: Determinism::Noisy, role, work: None };
        if let (Entry::Vacant(vacant), Some(sample)) = (self.readings.entry(metric.id.clone()), sample()) {
            vacant.insert(Reading { metric, sample });
        }
    }
}

fn latency(summary: Summary) -> String {
    format!("{LATENCY}-{}", summary.as_str())
}
