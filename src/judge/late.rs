//! Rounds of a scenario in which the load generator was late. They say nothing about the service: a round is left out for both arms, whichever of
//! them it was, so that no arm loses its bad rounds alone; and where too many are left out, nothing is said at all.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::judgement::Warning;
use crate::model::load::{LATE_ARRIVALS, LATE_ARRIVALS_MIN, LATE_SHARE_MAX};
use crate::model::probe::{CONNECTIONS_LEFT, DESCRIPTORS_LEFT, THREADS_LEFT};
use crate::model::{Determinism, Doubt, Kind, Metric, MetricId, Name, Run, Series, Verdict};

use super::pair::side;
use super::rows::{LOST_SHARE_MAX, Said};

/// What is known of the generator's time in one suite.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Late {
    /// The rounds that are left out.
    rounds: BTreeSet<u32>,
    /// All rounds of which it is known.
    of: BTreeSet<u32>,
    /// The largest share of late arrivals in a round of either arm.
    worst_share: f64,
}

impl Late {
    /// Whether so many rounds are left out that the others are no fair choice.
    fn is_too_much(&self) -> bool {
        self.rounds.len() as f64 > LOST_SHARE_MAX * self.of.len() as f64
    }

    /// Whether it is too much now, and rounds in time may still outweigh it. Where most are late, those to come will be.
    fn may_pass(&self, rounds_max: u32) -> bool {
        let late = self.rounds.len();
        self.is_too_much() && 2 * late < self.of.len() && late as f64 <= LOST_SHARE_MAX * f64::from(rounds_max)
    }

    fn doubt(&self) -> Doubt {
        let count = |rounds: &BTreeSet<u32>| u32::try_from(rounds.len()).unwrap_or(u32::MAX);
        Doubt::GeneratorLate { rounds: count(&self.rounds), of: count(&self.of), worst_share: self.worst_share }
    }
}

/// Both arms without the rounds in which the generator was late.
pub(super) struct Timely<'a> {
    pub(super) base: Option<Cow<'a, Run>>,
    pub(super) head: Cow<'a, Run>,
    late: BTreeMap<Name, Late>,
}

impl<'a> Timely<'a> {
    /// Leaves late rounds out. Of a suite with too many, no round is left.
    pub(super) fn new(base: Option<&'a Run>, head: &'a Run) -> Self {
        let late = find(base.into_iter().chain([head]));
        Self { base: base.map(|base| without(base, &late)), head: without(head, &late), late }
    }

    /// What is left to say of a metric. Nothing is decided where the generator was late too often; what one side alone has is no matter of time.
    pub(super) fn temper(&self, said: Said, metric: &Metric, base: Option<&Run>, head: &Run) -> Said {
        let Some(late) =
            self.late.get(&metric.id.benchmark.suite).filter(|late| concerns(metric) && !late.rounds.is_empty())
        else {
            return said;
        };
        if !late.is_too_much() {
            let rounds = u32::try_from(late.rounds.len()).unwrap_or(u32::MAX);
            let warnings = said.warnings.into_iter().chain([Warning::RoundsLate { late: rounds }]).collect();
            return Said { warnings, ..said };
        }
        let has = |run: &Run| run.series.contains_key(&metric.id);
        let verdict = match said.verdict {
            Verdict::NotComparable(_) | Verdict::New => said.verdict,
            Verdict::Missing if !has(head) => Verdict::Missing,
            _ => Verdict::Inconclusive(late.doubt()),
        };
        // What was measured is shown all the same: it is how the user sees that it is no good.
        let shown = |run: &Run| side(run.series.get(&metric.id)?.statistics().into_values().collect());
        Said {
            verdict,
            base: said.base.or_else(|| base.and_then(shown)),
            head: said.head.or_else(|| shown(head)),
            effect: None,
            detectable_ratio: None,
            ..said
        }
    }

    /// Whether nothing may be decided about a metric, its budget among it.
    pub(super) fn condemns(&self, metric: &Metric) -> bool {
        concerns(metric) && self.late.get(&metric.id.benchmark.suite).is_some_and(Late::is_too_much)
    }

    /// Whether rounds to come may still let a metric be judged, of which nothing may be decided now.
    pub(super) fn may_pass(&self, metric: &Metric, rounds_max: u32) -> bool {
        concerns(metric) && self.late.get(&metric.id.benchmark.suite).is_some_and(|late| late.may_pass(rounds_max))
    }
}

/// Whether lateness of the generator bears on a metric: on all that vary, but not on the lateness itself, and not on what a service keeps: that
/// hangs on how many requests it had, and not on the millisecond at which each came.
fn concerns(metric: &Metric) -> bool {
    let left = [LATE_ARRIVALS, DESCRIPTORS_LEFT, THREADS_LEFT, CONNECTIONS_LEFT];
    let kept = metric.kind == Kind::Slope || left.contains(&metric.id.metric.as_str());
    metric.determinism == Determinism::Noisy && !kept
}

/// The rounds that say how late the generator was, by suite.
fn find<'r>(runs: impl Iterator<Item = &'r Run>) -> BTreeMap<Name, Late> {
    let told = |(id, _): &(&MetricId, &Series)| id.metric.as_str() == LATE_ARRIVALS;
    let mut found: BTreeMap<Name, Late> = BTreeMap::new();
    for (id, series) in runs.flat_map(|run| &run.series).filter(told) {
        let late = found.entry(id.benchmark.suite.clone()).or_default();
        for (round, share) in series.statistics() {
            late.of.insert(round);
            late.worst_share = late.worst_share.max(share);
            let few = series.rounds[&round].count().is_some_and(|count| count.events() < LATE_ARRIVALS_MIN);
            if share > LATE_SHARE_MAX && !few {
                late.rounds.insert(round);
            }
        }
    }
    found
}

/// A run without the late rounds of what they bear on.
fn without<'r>(run: &'r Run, late: &BTreeMap<Name, Late>) -> Cow<'r, Run> {
    if late.values().all(|late| late.rounds.is_empty()) {
        return Cow::Borrowed(run);
    }
    let mut run = run.clone();
    for (id, series) in &mut run.series {
        if let Some(late) = late.get(&id.benchmark.suite).filter(|_| concerns(&series.metric)) {
            series.rounds.retain(|round, _| !late.rounds.contains(round) && !late.is_too_much());
        }
    }
    Cow::Owned(run)
}
