//! Profiles as stages: a list where all of them are known beforehand, a search where the next one depends on what the last one gave. Refuses to make load.

mod held;
pub mod search;

use std::time::Duration;

use crate::config::scenario::{Level, Load, Profile, Stage};

use super::record::{Snapshot, Stretch};
use super::schedule::{Planned, Stages};
use search::Search;

/// The stages of a load, the warm-up first.
pub fn stages(load: &Load) -> Box<dyn Stages + Send> {
    match Search::of(load) {
        Some(search) => Box::new(search),
        None => Box::new(List { stages: planned(load), at: 0 }),
    }
}

/// The stages that are known beforehand: none of a stress test.
pub(super) fn planned(load: &Load) -> Vec<Planned> {
    let held = |level: Level, duration: Duration| Planned { from: level, to: value(level), duration, counts: true };
    let (before, counting) = match &load.profile {
        Profile::Load { level, ramp, duration } => {
            let ramp = Planned { from: at(*level, 0.0), to: value(*level), duration: *ramp, counts: false };
            (vec![ramp], vec![held(*level, *duration)])
        }
        Profile::Soak { level, duration } => (Vec::new(), vec![held(*level, *duration)]),
        Profile::Spike { base, peak, durations: [before, top, after] } => {
            let peak = at(*base, *peak);
            (Vec::new(), vec![held(*base, *before), held(peak, *top), held(*base, *after)])
        }
        Profile::Custom(stages) => {
            let stage =
                |stage: &Stage| Planned { from: stage.from, to: stage.to, duration: stage.duration, counts: true };
            (Vec::new(), stages.iter().map(stage).collect())
        }
        Profile::Stress { .. } => (Vec::new(), Vec::new()),
    };
    let warm_up = counting.first().map(|first| Planned { counts: false, ..held(first.from, load.warm_up) });
    let all = before.into_iter().chain(warm_up).chain(counting);
    all.filter(|stage| stage.duration > Duration::ZERO).collect()
}

/// How long the stages before the first that counts take, where all are known beforehand.
fn before_counting(load: &Load) -> Duration {
    planned(load).iter().take_while(|stage| !stage.counts).map(|stage| stage.duration).sum()
}

/// How long after a snapshot, the first while load counts, an instance is to be killed; `None` where none is.
pub fn kill_in(load: &Load, snapshot: &Snapshot) -> Option<Duration> {
    let counted = snapshot.elapsed.saturating_sub(before_counting(load));
    Some(load.chaos?.at.saturating_sub(counted))
}

/// How large a level is, in its unit.
pub(super) fn value(level: Level) -> f64 {
    match level {
        Level::Rate(value) | Level::Users(value) => value,
    }
}

/// A level of this size in the unit of another.
pub(super) fn at(unit: Level, value: f64) -> Level {
    match unit {
        Level::Rate(_) => Level::Rate(value),
        Level::Users(_) => Level::Users(value),
    }
}

/// Stages that are known beforehand.
struct List {
    stages: Vec<Planned>,
    at: usize,
}

impl Stages for List {
    fn next(&mut self, _: Option<&Stretch>) -> Option<Planned> {
        self.at += 1;
        self.stages.get(self.at - 1).copied()
    }

    fn total(&self) -> Option<Duration> {
        Some(self.stages.iter().map(|stage| stage.duration).sum())
    }

    fn waits(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
