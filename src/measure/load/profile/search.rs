//! The search for the highest level that a service holds: by half as much again until a step breaks, then by halving the distance. A pure function of what the
//! steps gave, so that the drive that asks for the next step and the reading of the result cannot disagree.

use std::time::Duration;

use crate::config::scenario::{Flow, Level, Limits, Load, Profile};
use crate::measure::load::record::Stretch;
use crate::measure::load::schedule::{Planned, Stages};

pub use super::held::{Broke, Held, held, late};
use super::{at, value};

/// By how much a step is above the last as long as nothing broke.
const GROWTH: f64 = 1.5;
/// The search ends where the lowest level that broke is this much above the highest that held.
const NEAR: f64 = 1.05;
/// Where the first step breaks, no level is tried below this share of it.
const LOWEST_SHARE: f64 = 1.0 / 16.0;
/// A step takes as long as so many requests take, for a 99th percentile of 20 values beyond it.
const REQUESTS_MIN: f64 = 2000.0;
/// But no more than so many times as long as it was asked to.
const LONGER_MAX: f64 = 4.0;
/// So often a level is tried that the generator was late for.
const VOID_MAX: u32 = 3;
/// A level has broken where it did so twice: once may be a neighbour on the machine.
const BROKEN_MAX: u32 = 2;
/// The most steps, whatever they give.
const STEPS_MAX: u32 = 100;

/// The search, as far as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    from: Level,
    to: f64,
    step: Duration,
    limits: Limits,
    /// The warm-up, until it has been.
    warm_up: Option<Duration>,
    /// Requests for each start of a flow, on average.
    requests_per_start: f64,
    /// The level that is being tried, and how often it broke and was void.
    trying: Option<f64>,
    broken: u32,
    void: u32,
    steps: u32,
    /// The highest level that held.
    low: Option<f64>,
    /// The lowest that broke, and why.
    high: Option<(f64, Broke)>,
    /// Whether the generator could not make a level.
    late: bool,
}

/// What a search found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// The highest level that held, in the unit of the profile; 0 where none did.
    pub level: f64,
    /// What ended it there.
    pub end: End,
}

/// What ended a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The next level broke.
    Broke(Broke),
    /// The highest level that may be tried held.
    Ceiling,
    /// The generator could not make the next level: the service may hold more.
    GeneratorLate,
}

impl Search {
    /// The search of a stress test; `None` for any other load.
    pub fn of(load: &Load) -> Option<Self> {
        let Profile::Stress { from, to, step, limits } = &load.profile else {
            return None;
        };
        Some(Self {
            from: *from,
            to: to.max(value(*from)),
            step: *step,
            limits: *limits,
            warm_up: Some(load.warm_up).filter(|warm_up| *warm_up > Duration::ZERO),
            requests_per_start: requests_per_start(&load.flows),
            trying: None,
            broken: 0,
            void: 0,
            steps: 0,
            low: None,
            high: None,
            late: false,
        })
    }

    /// What these stretches found; `None` where they are not the whole of a search.
    pub fn found(load: &Load, stretches: &[Stretch]) -> Option<Found> {
        let mut search = Self { warm_up: None, ..Self::of(load)? };
        for stretch in stretches {
            search.level()?;
            search.trying = Some(value(stretch.level));
            search.learn(stretch);
        }
        if search.level().is_some() {
            return None;
        }
        match (search.low, search.high) {
            (low, _) if search.late => low.map(|level| Found { level, end: End::GeneratorLate }),
            (low, Some((_, why))) => Some(Found { level: low.unwrap_or(0.0), end: End::Broke(why) }),
            (low, None) => low.map(|level| Found { level, end: End::Ceiling }),
        }
    }

    /// Takes in what the level that is tried gave.
    fn learn(&mut self, stretch: &Stretch) {
        let Some(level) = self.trying else { return };
        let verdict = held(stretch, &self.limits);
        match verdict {
            Held::Yes => self.low = Some(level),
            Held::Void => self.void += 1,
            Held::No { why, perhaps_disturbed } => {
                self.broken += 1;
                if !perhaps_disturbed || self.broken == BROKEN_MAX {
                    self.high = Some((level, why));
                }
            }
        }
        self.late = self.void == VOID_MAX;
        let again = match verdict {
            Held::Yes => false,
            Held::Void => !self.late,
            Held::No { .. } => self.high.is_none_or(|(high, _)| level < high),
        };
        if !again {
            (self.trying, self.broken, self.void) = (None, 0, 0);
        }
    }

    /// The level to try; `None` where the search is over.
    fn level(&self) -> Option<f64> {
        if self.late || self.steps >= STEPS_MAX {
            return None;
        }
        let from = value(self.from);
        self.trying.or_else(|| match (self.low, self.high) {
            (None, None) => Some(from),
            (Some(low), None) => (low < self.to).then(|| self.whole(low * GROWTH).min(self.to)),
            (None, Some((high, _))) => {
                let next = self.whole(high / GROWTH);
                (next < high && next >= from * LOWEST_SHARE).then_some(next)
            }
            (Some(low), Some((high, _))) => {
                let next = self.whole((low * high).sqrt());
                (high > low * NEAR && next > low && next < high).then_some(next)
            }
        })
    }

    /// Whole users, and rates of three digits: who reads them compares them.
    fn whole(&self, level: f64) -> f64 {
        match self.from {
            Level::Users(_) => level.round(),
            Level::Rate(_) => {
                let digit = 10_f64.powf(level.log10().floor() - 2.0);
                let rounded = (level / digit).round() * digit;
                if rounded.is_finite() && rounded > 0.0 { rounded } else { level }
            }
        }
    }

    /// How long a step of a level takes.
    fn duration(&self, level: f64) -> Duration {
        let step = self.step.as_secs_f64();
        let enough = match self.from {
            Level::Rate(_) => REQUESTS_MIN / (level * self.requests_per_start),
            Level::Users(_) => 0.0,
        };
        Duration::try_from_secs_f64(enough.clamp(step, LONGER_MAX * step)).unwrap_or(self.step)
    }
}

impl Stages for Search {
    fn next(&mut self, last: Option<&Stretch>) -> Option<Planned> {
        if let Some(duration) = self.warm_up.take() {
            return Some(Planned { from: self.from, to: value(self.from), duration, counts: false });
        }
        if let Some(stretch) = last {
            self.learn(stretch);
        }
        let level = self.level()?;
        self.trying = Some(level);
        self.steps += 1;
        Some(Planned { from: at(self.from, level), to: level, duration: self.duration(level), counts: true })
    }

    fn total(&self) -> Option<Duration> {
        None
    }

    fn waits(&self) -> bool {
        true
    }
}

/// The levels that a search tries as long as nothing breaks, `None` where the load is none. They are the same in every run.
pub fn ladder(load: &Load) -> Vec<f64> {
    let Some(mut search) = Search::of(load) else { return Vec::new() };
    let mut levels = Vec::new();
    while let Some(level) = search.level().filter(|_| levels.len() < STEPS_MAX as usize) {
        levels.push(level);
        search.low = Some(level);
    }
    levels
}

/// Requests for each start of a flow, on average over the weights; at least 1.
pub fn requests_per_start(flows: &[Flow]) -> f64 {
    let weights: f64 = flows.iter().map(|flow| f64::from(flow.weight)).sum();
    let requests: f64 = flows.iter().map(|flow| f64::from(flow.weight) * flow.steps.len() as f64).sum();
    if weights > 0.0 { (requests / weights).max(1.0) } else { 1.0 }
}
