//! Counts of rounds, such as errors of requests: pooled where events come one by one, round by round where they come in bursts. Refuses to take
//! a ratio of what is mostly 0.

use crate::model::sample::{Count, Exposure};
use crate::model::{Direction, Series};
use crate::stats::excess::{RateDifference, dispersion_within};
use crate::stats::rates::{Events, count_lower, count_upper, proportion_lower, proportion_upper};
use crate::stats::student::mean_bounds;

/// Above this, counts of rounds vary more than events that come one by one, and are not pooled.
const DISPERSION_MAX: f64 = 1.2;
/// Fewer rounds than this do not show whether events come one by one, so that the rounds must speak for themselves.
const ROUNDS_MIN: usize = 8;

/// One round's events on both sides, turned so that a larger rate of `suspect` is worse.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Round {
    number: u32,
    reference: Events,
    suspect: Events,
}

/// The counts of a metric in the rounds that both arms have.
#[derive(Clone, Debug, PartialEq)]
pub struct Counts {
    rounds: Vec<Round>,
}

impl Counts {
    /// The counts of each round with its number: base, then head. Where more is better, what counts are the trials without the event, or
    /// with no trials to count, base against head instead of head against base. `None` where a number does not fit.
    pub fn new(rounds: impl Iterator<Item = (u32, Count, Count)>, direction: Direction) -> Option<Self> {
        let rounds = rounds.map(|(round, base, head)| {
            let (base_events, head_events) = (events(&base, direction)?, events(&head, direction)?);
            let swap = match (direction, base.exposure()) {
                (Direction::HigherIsBetter, Exposure::Amount(_)) => true,
                (Direction::HigherIsBetter, Exposure::Trials(_)) | (Direction::LowerIsBetter, _) => false,
            };
            let (reference, suspect) = if swap { (head_events, base_events) } else { (base_events, head_events) };
            Some(Round { number: round, reference, suspect })
        });
        Some(Self { rounds: rounds.collect::<Option<_>>()? })
    }

    /// The counts of both arms, where all rounds of both are counts.
    pub(super) fn of(base: &Series, head: &Series, direction: Direction) -> Option<Self> {
        let both = base.rounds.iter().filter_map(|(round, base)| Some((*round, base, head.rounds.get(round)?)));
        let counts: Option<Vec<(u32, Count, Count)>> =
            both.map(|(round, base, head)| Some((round, *base.count()?, *head.count()?))).collect();
        let same_kind = |count: &Count| matches!(count.exposure(), Exposure::Trials(_));
        let counts = counts.filter(|counts| {
            counts.iter().all(|(_, b, h)| same_kind(b) == same_kind(&counts[0].1) && same_kind(h) == same_kind(b))
        })?;
        Self::new(counts.into_iter(), direction)
    }

    /// All events of the rounds `from..to` as one, where they come one by one in all rounds before `to`; `None` where they come in bursts, or
    /// where there are too few rounds to know or too many events to pool.
    pub(super) fn pooled(&self, from: u32, to: u32) -> Option<RateDifference> {
        if self.bursty(to) || self.rounds.iter().filter(|round| round.number < to).count() < ROUNDS_MIN {
            return None;
        }
        let within = || self.rounds.iter().filter(|round| (from..to).contains(&round.number));
        RateDifference::new(sum(within().map(|round| round.reference))?, sum(within().map(|round| round.suspect))?)
    }

    /// Whether events of the rounds before `to` come in bursts.
    pub(super) fn bursty(&self, to: u32) -> bool {
        let side =
            |pick: fn(&Round) -> Events| self.rounds.iter().filter(|round| round.number < to).map(pick).collect();
        let sides: [Vec<Events>; 2] = [side(|round| round.reference), side(|round| round.suspect)];
        dispersion_within(&sides).is_some_and(|dispersion| dispersion > DISPERSION_MAX)
    }
}

/// One-sided bounds of the rate behind the counts of one arm's rounds, each at level `alpha`. Exact where events come one by one; where they
/// come in bursts never narrower than what the rounds' own rates say. `None` where not all samples are counts, or a number does not fit.
pub(super) fn bounds(series: &Series, alpha: f64) -> Option<(f64, f64)> {
    let counts: Vec<Count> = series.rounds.values().map(|sample| sample.count().copied()).collect::<Option<_>>()?;
    let all = total(counts.iter())?;
    let count = u32::try_from(all.events()).ok()?;
    let exact = match all.exposure() {
        Exposure::Trials(trials) => match u32::try_from(trials) {
            Ok(trials) => (proportion_lower(count, trials, alpha)?, proportion_upper(count, trials, alpha)?),
            Err(_) => (count_lower(count, alpha) / all.amount(), count_upper(count, alpha) / all.amount()),
        },
        Exposure::Amount(amount) => (count_lower(count, alpha) / amount, count_upper(count, alpha) / amount),
    };
    let rounds = counts.iter().map(|count| events(count, Direction::LowerIsBetter)).collect::<Option<Vec<_>>>()?;
    if dispersion_within(&[rounds]).is_none_or(|dispersion| dispersion <= DISPERSION_MAX) {
        return Some(exact);
    }
    let rates: Vec<f64> = counts.iter().map(Count::rate).collect();
    let (low, high) = mean_bounds(&rates, alpha);
    Some((low.min(exact.0).max(0.0), high.max(exact.1)))
}

/// All events of one arm's rounds in all of their exposure, as a rate; `None` where not all samples are counts.
pub(super) fn pooled_rate<'a>(samples: impl Iterator<Item = &'a crate::model::Sample>) -> Option<f64> {
    let counts: Vec<Count> = samples.map(|sample| sample.count().copied()).collect::<Option<_>>()?;
    total(counts.iter()).map(|all| all.rate())
}

/// Counts of a kind as one.
fn total<'a>(mut counts: impl Iterator<Item = &'a Count>) -> Option<Count> {
    let first = *counts.next()?;
    counts.try_fold(first, |all, count| all.plus(count))
}

/// What counts against a metric: the events, or where trials should have them, those that did not.
fn events(count: &Count, direction: Direction) -> Option<Events> {
    let events = match (direction, count.exposure()) {
        (Direction::HigherIsBetter, Exposure::Trials(trials)) => trials - count.events(),
        (Direction::HigherIsBetter, Exposure::Amount(_)) | (Direction::LowerIsBetter, _) => count.events(),
    };
    Some(Events { count: u32::try_from(events).ok()?, exposure: count.amount() })
}

fn sum(rounds: impl Iterator<Item = Events>) -> Option<Events> {
    rounds.into_iter().try_fold(Events { count: 0, exposure: 0.0 }, |all, one| {
        Some(Events { count: all.count.checked_add(one.count)?, exposure: all.exposure + one.exposure })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trials(events: u64, trials: u64) -> Count {
        Count::new(events, Exposure::Trials(trials)).unwrap()
    }

    fn amount(events: u64, amount: f64) -> Count {
        Count::new(events, Exposure::Amount(amount)).unwrap()
    }

    /// Ten rounds of these counts.
    fn rounds(base: Count, head: Count, direction: Direction) -> Counts {
        Counts::new((0..10).map(|round| (round, base, head)), direction).unwrap()
    }

    fn worse(base: Count, head: Count, direction: Direction) -> f64 {
        rounds(base, head, direction).pooled(0, 10).unwrap().p_value_greater(0.0)
    }

    #[test]
    fn more_errors_fewer_hits_and_less_done_in_the_same_time_are_all_worse() {
        for (base, head, direction) in [
            (trials(10, 1000), trials(30, 1000), Direction::LowerIsBetter),
            (trials(990, 1000), trials(970, 1000), Direction::HigherIsBetter),
            (amount(10, 2.0), amount(30, 2.0), Direction::LowerIsBetter),
            (amount(30, 2.0), amount(10, 2.0), Direction::HigherIsBetter),
        ] {
            assert!(worse(base, head, direction) < 1e-9, "{base:?} {head:?}");
            assert!(worse(head, base, direction) > 0.99, "{base:?} {head:?}");
        }
    }

    #[test]
    fn exposures_may_differ_between_the_arms() {
        assert!(worse(trials(10, 1000), trials(1, 100), Direction::LowerIsBetter) > 0.3);
        assert!(worse(trials(10, 1000), trials(10, 100), Direction::LowerIsBetter) < 1e-9);
    }

    #[test]
    fn bursts_and_few_rounds_are_not_pooled() {
        let burst = |round: u32| if round == 4 { trials(60, 1000) } else { trials(0, 1000) };
        let counts = Counts::new((0..10).map(|r| (r, trials(1, 1000), burst(r))), Direction::LowerIsBetter).unwrap();
        assert!(counts.bursty(10) && counts.pooled(0, 10).is_none());
        assert!(!counts.bursty(4));
        assert!(counts.pooled(0, 4).is_none(), "four rounds say nothing about bursts");
        assert!(!rounds(trials(0, 9), trials(0, 9), Direction::LowerIsBetter).bursty(10));
    }

    #[test]
    fn numbers_that_do_not_fit_are_left_to_the_rounds() {
        assert!(
            Counts::new(
                std::iter::once((0, trials(5_000_000_000, 6_000_000_000), trials(0, 1))),
                Direction::LowerIsBetter
            )
            .is_none()
        );
        let many = trials(100_000, 1_000_000);
        assert!(rounds(many, many, Direction::LowerIsBetter).pooled(0, 10).is_none());
    }
}
