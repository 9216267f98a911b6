//! What a service used, at which time, and what of that is while its load counts. Refuses to look.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::measure::load::record::{Amount, Left, SocketState, Usage, UsagePoint};

use super::usage::{Metered, Used};

/// The most points that are kept, an hour of them; then every second one goes, and from then on half as many come.
const POINTS_MAX: usize = 36_000;
/// The same of what is metered, which comes a tenth as often.
const METERED_MAX: usize = 3_600;
/// So many connections a second of which nobody can say whose they are still leave it said that the service opened none.
const UNKNOWN_A_SECOND_MAX: f64 = 1.0;

/// Values in the order of time, thinned out where there are too many.
#[derive(Debug)]
pub(super) struct Thinned<T> {
    values: Vec<(Instant, T)>,
    max: usize,
    /// One look in so many is kept.
    every: u64,
    looks: u64,
}

/// The course of one service from when it was ready.
#[derive(Debug)]
pub(super) struct Course {
    began: Instant,
    pub(super) used: Thinned<Used>,
    pub(super) metered: Thinned<Metered>,
    pub(super) counts_from: Option<Instant>,
    pub(super) ended: Option<Instant>,
    pub(super) proportional_bytes: Option<u64>,
    /// What it still held when it had rested.
    pub(super) rested: Option<Left>,
}

impl<T> Thinned<T> {
    fn new(max: usize) -> Self {
        Self { values: Vec::new(), max, every: 1, looks: 0 }
    }

    /// Takes one more.
    pub(super) fn take(&mut self, value: T, now: Instant) {
        if self.looks.is_multiple_of(self.every) {
            self.mark(value, now);
        }
        self.looks += 1;
        if self.values.len() >= self.max {
            let mut keep = false;
            self.values.retain(|_| {
                keep = !keep;
                keep
            });
            self.every *= 2;
        }
    }

    /// Takes one that must not be thinned out.
    pub(super) fn mark(&mut self, value: T, now: Instant) {
        let place = self.values.partition_point(|(at, _)| *at <= now);
        self.values.insert(place, (now, value));
    }

    /// The first at this time or after it.
    fn at_or_after(&self, time: Instant) -> Option<&T> {
        Some(&self.values.get(self.values.partition_point(|(at, _)| *at < time))?.1)
    }

    /// The last before this time and the first from it on; the outermost one twice where there is only one.
    fn around(&self, time: Instant) -> Option<[&(Instant, T); 2]> {
        let after = self.values.partition_point(|(at, _)| *at < time);
        let (before, after) = (self.values.get(after.wrapping_sub(1)), self.values.get(after));
        Some([before.or(after)?, after.or(before)?])
    }
}

impl Course {
    pub(super) fn new(began: Instant) -> Self {
        Self {
            began,
            used: Thinned::new(POINTS_MAX),
            metered: Thinned::new(METERED_MAX),
            counts_from: None,
            ended: None,
            proportional_bytes: None,
            rested: None,
        }
    }

    /// All of it; `opened` says how many connections of its own, and of nobody knows whom, came after one look and up to another.
    pub(super) fn usage(&self, opened: impl Fn(u32, u32) -> (u64, u64)) -> Usage {
        let zero = self.counts_from.unwrap_or(self.began);
        let until = self.ended;
        let seen = self.used.values.iter().take_while(|(at, _)| until.is_none_or(|until| *at <= until));
        let points = seen.map(|(at, used)| UsagePoint {
            seconds: since(zero, *at),
            anonymous_bytes: used.anonymous_bytes,
            resident_bytes: used.resident_bytes,
            descriptors: used.descriptors,
            threads: used.threads,
            not_accepted: used.not_accepted,
        });
        let counted = self.counts_from.zip(self.ended).filter(|(from, to)| from < to);
        let mut amounts = counted.map(|(from, to)| self.amounts(from, to)).unwrap_or_default();
        amounts
            .extend(counted.and_then(|(from, to)| self.opened(from, to, opened)).map(|count| (Amount::Opened, count)));
        Usage {
            points: points.collect(),
            amounts,
            counted_s: counted.map(|(from, to)| since(from, to)),
            sockets: counted.map(|(from, to)| self.sockets(from, to)).unwrap_or_default(),
            proportional_bytes: self.proportional_bytes,
            limits: self.metered.values.last().map(|(_, metered)| metered.limits).unwrap_or_default(),
            left: self.rested.and_then(|rested| self.left(&rested)),
        }
    }

    /// What was added between two times.
    fn amounts(&self, from: Instant, to: Instant) -> BTreeMap<Amount, f64> {
        let (before, after) = (self.amounts_at(from), self.amounts_at(to));
        after.into_iter().filter_map(|(amount, value)| Some((amount, value - before.get(&amount)?))).collect()
    }

    /// What had been added at a time between two looks.
    fn amounts_at(&self, time: Instant) -> BTreeMap<Amount, f64> {
        let Some([(before_at, before), (after_at, after)]) = self.metered.around(time) else { return BTreeMap::new() };
        let (into, whole) = (since(*before_at, time), since(*before_at, *after_at));
        let share = if whole > 0.0 { (into / whole).clamp(0.0, 1.0) } else { 0.0 };
        let at = |(amount, value): (&Amount, &f64)| {
            let before = before.amounts.get(amount)?;
            Some((*amount, before + (value - before) * share))
        };
        after.amounts.iter().filter_map(at).collect()
    }

    /// Connections that the service opened; `None` where those of others may be its own.
    fn opened(&self, from: Instant, to: Instant, opened: impl Fn(u32, u32) -> (u64, u64)) -> Option<f64> {
        let (first, [_, (_, last)]) = (self.metered.at_or_after(from)?, self.metered.around(to)?);
        first.connections.and(last.connections)?;
        let (its, unknown) = opened(first.look, last.look);
        (its > 0 || unknown as f64 <= UNKNOWN_A_SECOND_MAX * since(from, to)).then_some(its as f64)
    }

    /// The most sockets by state.
    fn sockets(&self, from: Instant, to: Instant) -> BTreeMap<SocketState, u64> {
        let mut most = BTreeMap::new();
        let seen = self.metered.values.iter().filter(|(at, _)| (from..=to).contains(at));
        for (state, count) in seen.flat_map(|(_, metered)| &metered.by_state) {
            let most = most.entry(*state).or_insert(0);
            *most = (*count).max(*most);
        }
        most
    }

    /// What of what it holds is beyond what it held before the load, or opened for itself until the warm-up was over: a pool that is filled at the first request is no
    /// leak. What our own connections took of that does not count.
    pub(super) fn left(&self, holds: &Left) -> Option<Left> {
        let before = held(&self.used.values.first()?.1, self.metered.values.first().map(|(_, metered)| metered));
        let warm = self.counts_from.and_then(|from| {
            let metered = self.metered.at_or_after(from);
            let accepted = metered?.connections?.1;
            let held = held(self.used.at_or_after(from)?, metered);
            let without = |count: u64| count.saturating_sub(accepted);
            Some(Left {
                descriptors: without(held.descriptors),
                threads: without(held.threads),
                connections: held.connections.map(without),
            })
        });
        let warm = warm.unwrap_or_default();
        let beyond = |holds: u64, before: u64, warm: u64| holds.saturating_sub(before.max(warm));
        Some(Left {
            descriptors: beyond(holds.descriptors, before.descriptors, warm.descriptors),
            threads: beyond(holds.threads, before.threads, warm.threads),
            connections: holds
                .connections
                .zip(before.connections)
                .map(|(holds, before)| beyond(holds, before, warm.connections.unwrap_or(0))),
        })
    }
}

/// What a service holds that it has to give back.
pub(super) fn held(used: &Used, metered: Option<&Metered>) -> Left {
    let connections = metered.and_then(|metered| metered.connections).map(|(all, _)| all);
    Left { descriptors: used.descriptors, threads: used.threads, connections }
}

/// Seconds from one time to another, negative where that is earlier.
fn since(zero: Instant, time: Instant) -> f64 {
    match time.checked_duration_since(zero) {
        Some(since) => since.as_secs_f64(),
        None => -zero.duration_since(time).as_secs_f64(),
    }
}

#[cfg(test)]
mod tests;
