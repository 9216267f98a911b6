//! Is one rate of events above another by more than is allowed? Exact for events that come one by one, however few there are. Refuses to know what
//! failed, and to pool what comes in bursts.
//!
//! With an allowance the rate of the other side is a nuisance: no single conditional law holds, as it does for a ratio. So the allowance is
//! taken off first. Where head's rate is base's plus Δ, head's events are two streams: one at base's rate, and one of Δ × exposure expected
//! events, whose number B is Poisson. Whatever b is thought of, either B is above b, or head's other events number at least its events less
//! b, and given their sum with base's those are binomial (Przyborowski & Wilenski 1940). With b such that both doubts are at most p, the
//! whole is at most 2 p: Bonferroni over the two. Where no allowance is made nothing is split, and it is that conditional test.

use super::distribution::{beta_cumulative, poisson_cumulative, poisson_upper_tail};
use super::rates::Events;

/// The most events of a side that are pooled. Beyond, rounds tell as much, and need not come one by one.
pub const EVENTS_MAX: u32 = 10_000;
/// Halvings when a bound is searched: to a millionth of a millionth of where it may lie.
const HALVINGS: u32 = 40;

/// The events of two sides, compared by the difference of their rates, head − base.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateDifference {
    base: Events,
    head: Events,
}

impl RateDifference {
    /// `None` for an exposure that is not above 0 and finite, or more than [`EVENTS_MAX`] events on a side.
    pub fn new(base: Events, head: Events) -> Option<Self> {
        let usable =
            |events: Events| events.exposure > 0.0 && events.exposure.is_finite() && events.count <= EVENTS_MAX;
        (usable(base) && usable(head)).then_some(Self { base, head })
    }

    /// Head's rate less base's.
    pub fn estimate(&self) -> f64 {
        f64::from(self.head.count) / self.head.exposure - f64::from(self.base.count) / self.base.exposure
    }

    /// The same with the sides exchanged.
    #[must_use]
    pub fn mirrored(self) -> Self {
        Self { base: self.head, head: self.base }
    }

    /// The one-sided p-value of "head's rate is above base's by no more than `excess`", against "by more", in [0, 1]; never falls as `excess`
    /// rises. A negative `excess` asks whether base's rate is above head's by at least as much. NaN gives 1.
    pub fn p_value_greater(&self, excess: f64) -> f64 {
        if excess.is_nan() {
            return 1.0;
        }
        if excess < 0.0 {
            return self.mirrored().p_value_less(-excess);
        }
        let Some(expected) = expected(excess, self.head) else { return 1.0 };
        let remaining = |allowed: u32| {
            let own = self.head.count - allowed;
            at_least(own, own + self.base.count, self.share())
        };
        if expected <= 0.0 {
            return remaining(0);
        }
        // More allowed: less doubt that it was more, more doubt about the rest. The least of both is where they cross.
        let doubt = |allowed: u32| (poisson_upper_tail(allowed, expected), remaining(allowed));
        let crossing = first(self.head.count, |allowed| {
            let (more, rest) = doubt(allowed);
            rest >= more
        });
        least_of_both(doubt, crossing)
    }

    /// The one-sided p-value of "head's rate is above base's by no less than `excess`", against "by less", in [0, 1]; never rises with `excess`.
    pub fn p_value_less(&self, excess: f64) -> f64 {
        if excess.is_nan() {
            return 1.0;
        }
        if excess < 0.0 {
            return self.mirrored().p_value_greater(-excess);
        }
        let Some(expected) = expected(excess, self.head) else { return 0.0 };
        let remaining = |surely: u32| match self.head.count.checked_sub(surely) {
            Some(own) => at_least(self.base.count, own + self.base.count, 1.0 - self.share()),
            None => 0.0, // fewer events than the excess alone has
        };
        if expected <= 0.0 {
            return remaining(0);
        }
        let fewer = |surely: u32| surely.checked_sub(1).map_or(0.0, |below| poisson_cumulative(below, expected));
        let doubt = |surely: u32| (fewer(surely), remaining(surely));
        let crossing = first(self.head.count + 1, |surely| {
            let (fewer, rest) = doubt(surely);
            fewer >= rest
        });
        least_of_both(doubt, crossing)
    }

    /// The largest difference that `alpha`, in (0, 1), rules out from below: the true one is at least this, with probability 1 − `alpha`.
    pub fn lower_bound(&self, alpha: f64) -> f64 {
        -self.mirrored().upper_bound(alpha)
    }

    /// The smallest difference that `alpha` rules out from above. Finite.
    pub fn upper_bound(&self, alpha: f64) -> f64 {
        let reach = |events: Events| {
            let count = f64::from(events.count);
            (count + 40.0 * (count + 40.0).sqrt() - 2.0 * alpha.min(0.5).ln()) / events.exposure
        };
        let (mut low, mut high) = (-reach(self.base), reach(self.head));
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(low, high);
            if self.p_value_less(middle) <= alpha { high = middle } else { low = middle }
        }
        high
    }

    /// Head's share of all events where the rates are equal.
    fn share(&self) -> f64 {
        1.0 / (1.0 + self.base.exposure / self.head.exposure)
    }
}

/// How much more the counts of rounds vary than events that come one by one would: Pearson's χ² around each group's own rate ÷ its degrees of
/// freedom. About 1 for independent events, above 1.2 where they share their fate. Each group is one arm's rounds.
///
/// `None` where no group has an event and a second round.
pub fn dispersion_within(groups: &[Vec<Events>]) -> Option<f64> {
    let (mut chi_squared, mut freedom) = (0.0, 0.0);
    for group in groups {
        let count: f64 = group.iter().map(|events| f64::from(events.count)).sum();
        let rate = count / group.iter().map(|events| events.exposure).sum::<f64>();
        if group.len() < 2 || rate.is_nan() || rate <= 0.0 {
            continue;
        }
        let excess =
            |events: &Events| (f64::from(events.count) - rate * events.exposure).powi(2) / (rate * events.exposure);
        chi_squared += group.iter().map(excess).sum::<f64>();
        freedom += (group.len() - 1) as f64;
    }
    (freedom > 0.0).then(|| chi_squared / freedom)
}

/// How many events an excess over head's exposure makes; `None` beyond all that is counted.
fn expected(excess: f64, head: Events) -> Option<f64> {
    let expected = excess * head.exposure;
    (expected <= 100.0 * f64::from(EVENTS_MAX)).then_some(expected)
}

/// The probability of `count` or more of `trials`, each with probability `share`.
fn at_least(count: u32, trials: u32, share: f64) -> f64 {
    if count == 0 { 1.0 } else { beta_cumulative(f64::from(count), f64::from(trials - count) + 1.0, share) }
}

/// The first of 0…`last` of which `holds` is true, which stays true from there on; `last` where it never is.
fn first(last: u32, holds: impl Fn(u32) -> bool) -> u32 {
    let (mut low, mut high) = (0, last);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

/// Twice the smaller of the larger doubts on both sides of their crossing.
fn least_of_both(doubt: impl Fn(u32) -> (f64, f64), crossing: u32) -> f64 {
    let worst = |at: u32| {
        let (one, other) = doubt(at);
        one.max(other)
    };
    let before = crossing.checked_sub(1).map_or(1.0, worst);
    (2.0 * worst(crossing).min(before)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::fixture::{assert_close, assert_close_ratio, cases};
    use proptest::prelude::*;

    #[derive(serde::Deserialize)]
    struct Case {
        base: (u32, f64),
        head: (u32, f64),
        excess: f64,
        greater: f64,
        less: f64,
    }

    #[derive(serde::Deserialize)]
    struct Groups {
        groups: Vec<Vec<(u32, f64)>>,
        dispersion: Option<f64>,
    }

    fn events((count, exposure): (u32, f64)) -> Events {
        Events { count, exposure }
    }

    fn difference(base: (u32, f64), head: (u32, f64)) -> RateDifference {
        RateDifference::new(events(base), events(head)).unwrap()
    }

    #[test]
    fn the_test_of_an_excess_agrees_with_trying_every_split() {
        for case in cases::<Case>(include_str!("../../tests/fixtures/stats/excess.json")) {
            let both = difference(case.base, case.head);
            assert_close_ratio(both.p_value_greater(case.excess).max(1e-200), case.greater.max(1e-200), 1e-7);
            assert_close_ratio(both.p_value_less(case.excess).max(1e-200), case.less.max(1e-200), 1e-7);
        }
    }

    #[test]
    fn dispersion_within_groups_agrees_with_the_reference() {
        for case in cases::<Groups>(include_str!("../../tests/fixtures/stats/dispersion_within.json")) {
            let groups: Vec<Vec<Events>> =
                case.groups.into_iter().map(|group| group.into_iter().map(events).collect()).collect();
            let found = dispersion_within(&groups);
            assert_eq!(found.is_some(), case.dispersion.is_some());
            assert_close(found.unwrap_or(0.0), case.dispersion.unwrap_or(0.0), 1e-9);
        }
    }

    #[test]
    fn without_an_allowance_it_is_the_conditional_test() {
        assert_close(difference((5, 1.0), (15, 1.0)).p_value_greater(0.0), 0.020_694_7, 1e-7);
        assert_close(difference((15, 1.0), (5, 1.0)).p_value_less(0.0), 0.020_694_7, 1e-7);
        assert_close(difference((0, 7.0), (0, 9.0)).p_value_greater(0.0), 1.0, 0.0);
    }

    #[test]
    fn one_error_in_a_million_is_nothing_and_one_in_a_hundred_is_seen_at_once() {
        assert_close(difference((0, 1e6), (1, 1e6)).p_value_greater(1e-3), 1.0, 0.0);
        assert!(difference((0, 1e6), (1, 1e6)).p_value_less(1e-3) < 1e-100);
        assert!(difference((0, 1e4), (100, 1e4)).p_value_greater(1e-3) < 1e-8);
        // No error at all: at most the expected number that gives none.
        assert_close_ratio(difference((0, 1e3), (0, 5e3)).p_value_less(1e-3), 2.0 * (-5.0_f64).exp(), 1e-9);
    }

    #[test]
    fn what_cannot_be_compared_is_refused_and_nan_says_nothing() {
        for bad in [(0, 0.0), (0, f64::NAN), (0, f64::INFINITY), (0, -1.0), (EVENTS_MAX + 1, 1e9)] {
            assert_eq!(RateDifference::new(events(bad), events((0, 1.0))), None);
            assert_eq!(RateDifference::new(events((0, 1.0)), events(bad)), None);
        }
        let both = difference((3, 1.0), (3, 1.0));
        assert_close(both.p_value_greater(f64::NAN) + both.p_value_less(f64::NAN), 2.0, 0.0);
        assert_close(both.p_value_greater(f64::INFINITY), 1.0, 0.0);
        assert_close(both.p_value_less(f64::INFINITY), 0.0, 0.0);
        assert!(both.upper_bound(1e-9).is_finite() && both.lower_bound(1e-9).is_finite());
        assert_eq!(dispersion_within(&[]), None);
        assert_eq!(dispersion_within(&[vec![events((0, 1.0)); 9], vec![events((4, 1.0))]]), None);
    }

    proptest! {
        #[test]
        fn p_values_move_one_way_with_the_excess(base in 0..60_u32, head in 0..60_u32, one in 0.0..40.0_f64, two in 0.0..40.0_f64) {
            let both = difference((base, 1.0), (head, 1.3));
            let (small, large) = (one.min(two), one.max(two));
            prop_assert!(both.p_value_greater(small) <= both.p_value_greater(large) * (1.0 + 1e-9));
            prop_assert!(both.p_value_less(small) * (1.0 + 1e-9) >= both.p_value_less(large));
            prop_assert!(both.p_value_greater(small) + both.p_value_less(small) >= 1.0 - 1e-9);
        }

        #[test]
        fn the_unit_of_the_exposure_does_not_matter(base in 0..60_u32, head in 0..60_u32, excess in 0.0..20.0_f64) {
            let (one, other) = (difference((base, 2.0), (head, 1.0)), difference((base, 512.0), (head, 256.0)));
            assert_close(one.p_value_greater(excess), other.p_value_greater(excess / 256.0), 1e-9);
        }

        #[test]
        fn the_bounds_hold_the_estimate_and_mirror_each_other(base in 0..200_u32, head in 0..200_u32, alpha in 0.0001..0.4_f64) {
            let both = difference((base, 3.0), (head, 2.0));
            prop_assert!(both.lower_bound(alpha) <= both.estimate() && both.estimate() <= both.upper_bound(alpha));
            prop_assert!(both.p_value_less(both.upper_bound(alpha)) <= alpha);
            assert_close(both.lower_bound(alpha), -both.mirrored().upper_bound(alpha), 1e-12);
        }
    }
}
