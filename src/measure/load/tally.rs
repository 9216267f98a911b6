//! Counting while load runs: each request once, in little memory, into what [`Recorded`] holds in the end. No clock: each moment is an argument.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::config::scenario::Level;
use crate::model::Name;
use crate::model::sample::{Histogram, Recordable, Recorder};

use super::record::{ErrorKind, Recorded, Snapshot, StepRecord, Stretch, TargetRecord};
use super::windows::Windows;

/// One request that ended.
pub(super) struct Ended {
    /// The stage that it belongs to.
    pub(super) stage: usize,
    /// Its step, as an index into the names.
    pub(super) step: usize,
    /// Its target.
    pub(super) target: usize,
    /// When it was meant to be sent.
    pub(super) intended: Instant,
    /// When it was sent.
    pub(super) sent: Instant,
    /// When its reply was there, or it failed.
    pub(super) done: Instant,
    /// How it failed.
    pub(super) failed: Option<ErrorKind>,
    /// Bytes read.
    pub(super) bytes_in: u64,
    /// Bytes written.
    pub(super) bytes_out: u64,
}

/// What a stage was, for its [`Stretch`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    /// The level at its end.
    pub(super) level: Level,
    /// How long it took.
    pub(super) duration: Duration,
    /// How much of that the generator slept through, where users wait for replies and no arrival says so.
    pub(super) lost: Duration,
}

/// Everything that is counted. Stages are numbered from the beginning of a [batch](Self::settle).
pub(super) struct Tally {
    names: Vec<Name>,
    targets: Vec<TargetTally>,
    stages: Vec<StageTally>,
    windows: Windows,
    stretches: Vec<Stretch>,
    ended: u64,
    errors: [u64; 4],
    recent: Recorder,
    lag_max: Duration,
}

#[derive(Default)]
struct StageTally {
    counts: bool,
    intended: u64,
    dropped: u64,
    late: u64,
    in_flight_max: u64,
    open: u64,
    open_at_end: u64,
    steps: Vec<StepTally>,
}

#[derive(Clone, Default)]
struct StepTally {
    response: Recorder,
    service: Recorder,
    lag: Recorder,
    ended: u64,
    errors: [u64; 4],
    statuses: Vec<(u16, u64)>,
    bytes_in: u64,
    bytes_out: u64,
}

struct TargetTally {
    name: String,
    response: Recorder,
    ended: u64,
    failed: u64,
}

impl Tally {
    /// A count of these steps and targets.
    pub(super) fn new(names: Vec<Name>, targets: Vec<String>) -> Self {
        let target = |name| TargetTally { name, response: Recorder::default(), ended: 0, failed: 0 };
        Self {
            names,
            targets: targets.into_iter().map(target).collect(),
            stages: Vec::new(),
            windows: Windows::default(),
            stretches: Vec::new(),
            ended: 0,
            errors: [0; 4],
            recent: Recorder::default(),
            lag_max: Duration::ZERO,
        }
    }

    /// Begins the next stage of the batch at this moment.
    pub(super) fn begin(&mut self, counts: bool, now: Instant) {
        let steps = if counts { vec![StepTally::default(); self.names.len()] } else { Vec::new() };
        self.stages.push(StageTally { counts, steps, ..StageTally::default() });
        if counts {
            self.windows.begin(now);
        }
    }

    /// A request that is to be sent now.
    pub(super) fn intended(&mut self, stage: usize) {
        self.stages[stage].intended += 1;
        self.stages[stage].open += 1;
    }

    /// A request that the generator was late with.
    pub(super) fn late(&mut self, stage: usize) {
        self.stages[stage].late += 1;
    }

    /// A request that will never be sent.
    pub(super) fn dropped(&mut self, stage: usize) {
        self.stages[stage].dropped += 1;
        self.stages[stage].open -= 1;
    }

    /// A request was sent: so many are on their way.
    pub(super) fn sent(&mut self, stage: usize, in_flight: u64) {
        let most = &mut self.stages[stage].in_flight_max;
        *most = (*most).max(in_flight);
    }

    /// A reply of this status, whatever the request comes to.
    pub(super) fn replied(&mut self, stage: usize, step: usize, status: u16) {
        let Some(step) = self.stages[stage].steps.get_mut(step) else { return };
        match step.statuses.iter_mut().find(|(known, _)| *known == status) {
            Some((_, times)) => *times += 1,
            None => step.statuses.push((status, 1)),
        }
    }

    /// A request that ended, however.
    pub(super) fn ended(&mut self, ended: &Ended) {
        let response = Recordable::from(ended.done.saturating_duration_since(ended.intended));
        let lag = ended.sent.saturating_duration_since(ended.intended);
        self.ended += 1;
        self.recent.record(response);
        self.lag_max = self.lag_max.max(lag);
        if let Some(kind) = ended.failed {
            self.errors[kind as usize] += 1;
        }
        let stage = &mut self.stages[ended.stage];
        stage.open -= 1;
        let Some(step) = stage.steps.get_mut(ended.step) else { return };
        step.response.record(response);
        step.service.record(ended.done.saturating_duration_since(ended.sent));
        step.lag.record(lag);
        step.ended += 1;
        step.bytes_in += ended.bytes_in;
        step.bytes_out += ended.bytes_out;
        if let Some(kind) = ended.failed {
            step.errors[kind as usize] += 1;
        }
        self.windows.ended(ended.done, response, ended.failed);
        // One target's are those of all steps.
        let several = self.targets.len() > 1;
        let target = &mut self.targets[ended.target];
        if several {
            target.response.record(response);
        }
        target.ended += 1;
        target.failed += u64::from(ended.failed.is_some());
    }

    /// Whether every request that was due has ended or was dropped.
    pub(super) fn is_settled(&self) -> bool {
        self.stages.iter().all(|stage| stage.open == 0)
    }

    /// Says what a stage leaves open at its end.
    pub(super) fn end(&mut self, stage: usize) {
        self.stages[stage].open_at_end = self.stages[stage].open;
    }

    /// The end of a batch: no reply to any of its stages will come. Makes a stretch of each stage that counts; `courses` are those of the stages.
    pub(super) fn settle(&mut self, courses: &[Course]) {
        for (stage, course) in self.stages.drain(..).zip(courses).filter(|(stage, _)| stage.counts) {
            self.stretches.push(stage.stretch(&self.names, course));
        }
    }

    /// The last stretch that there is.
    pub(super) fn last(&self) -> Option<&Stretch> {
        self.stretches.last()
    }

    /// Fills in what has been counted since the last snapshot, and forgets that.
    pub(super) fn snapshot(&mut self, snapshot: &mut Snapshot) {
        snapshot.ended = self.ended;
        snapshot.errors = by_kind(self.errors);
        snapshot.recent = self.recent.histogram();
        snapshot.lag_max = std::mem::take(&mut self.lag_max);
        self.recent.clear();
    }

    /// Everything that counted.
    pub(super) fn finish(self) -> Recorded {
        let (window, windows) = self.windows.finish();
        let alone = self.targets.len() == 1;
        let steps = self.stretches.iter().flat_map(|stretch| stretch.steps.values());
        let mut all = Histogram::default();
        for step in steps.filter(|_| alone) {
            all.merge(&step.response).expect("fewer than 2⁵³ requests");
        }
        let target = |target: TargetTally| TargetRecord {
            name: target.name,
            response: if alone { all.clone() } else { target.response.histogram() },
            ended: target.ended,
            failed: target.failed,
        };
        let targets = self.targets.into_iter().map(target).collect();
        Recorded { stretches: self.stretches, windows, window, targets, ..Recorded::default() }
    }
}

impl StageTally {
    fn stretch(&self, names: &[Name], course: &Course) -> Stretch {
        let seconds = course.duration.as_secs_f64();
        // Where users wait, what they would have sent meanwhile.
        let asleep = if seconds > 0.0 { course.lost.as_secs_f64() / seconds } else { 0.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the count")]
        let unsent = (asleep * self.intended as f64).round() as u64;
        Stretch {
            level: course.level,
            seconds,
            intended: self.intended,
            dropped: self.dropped,
            late: (self.late + unsent).min(self.intended),
            in_flight_max: self.in_flight_max,
            open_at_end: self.open_at_end,
            steps: names.iter().cloned().zip(self.steps.iter().map(StepTally::record)).collect(),
        }
    }
}

impl StepTally {
    fn record(&self) -> StepRecord {
        StepRecord {
            response: self.response.histogram(),
            service: self.service.histogram(),
            lag: self.lag.histogram(),
            ended: self.ended,
            errors: by_kind(self.errors),
            statuses: self.statuses.iter().copied().collect(),
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
        }
    }
}

fn by_kind(errors: [u64; 4]) -> BTreeMap<ErrorKind, u64> {
    ErrorKind::ALL.into_iter().map(|kind| (kind, errors[kind as usize])).filter(|(_, times)| *times > 0).collect()
}
