//! Counts of rare events, such as errors of requests: what their rate may be, and whether it rose. Refuses to know what failed.

use super::distribution::{beta_cumulative, beta_quantile, poisson_cumulative, poisson_upper_tail};

/// Events among trials, or over an exposure such as seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Events {
    /// How many were seen.
    pub count: u32,
    /// How much they were looked for, above 0 and finite, in the same unit on both sides of a comparison.
    pub exposure: f64,
}

/// The least rate that `alpha` does not rule out, in [0, 1], for `count` of `trials`. Clopper & Pearson 1934: exact, one-sided.
///
/// 0 for no event. `alpha` in (0, 1). `None` for no trial, more events than trials or an `alpha` out of range.
pub fn proportion_lower(count: u32, trials: u32, alpha: f64) -> Option<f64> {
    let (count, missed) =
        (f64::from(count), f64::from(trials.checked_sub(count).filter(|_| is_level(alpha) && trials > 0)?));
    Some(if count > 0.0 { beta_quantile(alpha, count, missed + 1.0) } else { 0.0 })
}

/// The largest rate that `alpha` does not rule out, in [0, 1]; 1 when every trial was an event. None of n trials gives about 3/n at 5 %.
///
/// See [`proportion_lower`].
pub fn proportion_upper(count: u32, trials: u32, alpha: f64) -> Option<f64> {
    let missed = trials.checked_sub(count)?;
    proportion_lower(missed, trials, alpha).map(|lower| 1.0 - lower)
}

/// The least mean of a count that `alpha` does not rule out, at least 0, where `count` events were seen. Garwood 1936: exact, one-sided.
///
/// 0 for no event; NaN unless `alpha` is in (0, 1).
pub fn count_lower(count: u32, alpha: f64) -> f64 {
    match count.checked_sub(1) {
        _ if !is_level(alpha) => f64::NAN,
        None => 0.0,
        Some(fewer) => mean_where(count, |mean| poisson_upper_tail(fewer, mean) <= alpha),
    }
}

/// The largest mean of a count that `alpha` does not rule out, finite. About 3 for no event at 5 %. See [`count_lower`].
pub fn count_upper(count: u32, alpha: f64) -> f64 {
    if is_level(alpha) { mean_where(count, |mean| poisson_cumulative(count, mean) >= alpha) } else { f64::NAN }
}

/// The largest mean of which `holds` is true, which is true of all smaller ones.
fn mean_where(count: u32, holds: impl Fn(f64) -> bool) -> f64 {
    let count = f64::from(count);
    let (mut low, mut high) = (0.0, count + 40.0 * (count + 400.0).sqrt());
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if holds(middle) { low = middle } else { high = middle }
    }
    low
}

/// Base's and head's events, compared by the ratio of their rates, head / base.
///
/// Given how many events there were in all, head's share of them is binomial, whatever the rate: exact for Poisson counts, and for trials
/// with a small probability (Przyborowski & Wilenski 1940). It assumes that events come one by one; where they come in bursts
/// ([`dispersion`] above 1.2) compare windows instead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateRatio {
    base: Events,
    head: Events,
}

impl RateRatio {
    /// `None` unless both exposures are above 0 and finite.
    pub fn new(base: Events, head: Events) -> Option<Self> {
        let usable = |events: Events| events.exposure > 0.0 && events.exposure.is_finite();
        (usable(base) && usable(head)).then_some(Self { base, head })
    }

    /// The ratio, at least 0 and finite, with half an event added to each side so that it exists without events.
    pub fn estimate(&self) -> f64 {
        (f64::from(self.head.count) + 0.5) / (f64::from(self.base.count) + 0.5) * self.exposure_ratio()
    }

    /// The one-sided p-value of "the ratio is at most `ratio`", against "more", in [0, 1]. 1 when head has no event. `ratio` above 0, or NaN.
    pub fn p_value_greater(&self, ratio: f64) -> f64 {
        if ratio.is_nan() || ratio <= 0.0 {
            return f64::NAN;
        }
        if self.head.count == 0 {
            return 1.0;
        }
        // head's share of the events when the ratio is as claimed: ρ E_h ÷ (ρ E_h + E_b), written so that nothing overflows.
        let share = 1.0 / (1.0 + self.exposure_ratio() / ratio);
        beta_cumulative(f64::from(self.head.count), f64::from(self.base.count) + 1.0, share)
    }

    /// The largest ratio that `alpha` rules out from below, at least 0. 0 when head has no event; NaN unless `alpha` is in (0, 1).
    pub fn lower_bound(&self, alpha: f64) -> f64 {
        odds_lower(self.head.count, self.base.count, alpha) * self.exposure_ratio()
    }

    /// The smallest ratio that `alpha` rules out from above. ∞ when base has no event; NaN unless `alpha` is in (0, 1).
    pub fn upper_bound(&self, alpha: f64) -> f64 {
        1.0 / odds_lower(self.base.count, self.head.count, alpha) * self.exposure_ratio()
    }

    fn exposure_ratio(&self) -> f64 {
        self.base.exposure / self.head.exposure
    }
}

/// One window of time: `count` events of `trials`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How many events, at most `trials`.
    pub count: u32,
    /// Out of how many, above 0.
    pub trials: u32,
}

/// How much more the counts of windows vary than independent events would: Pearson's χ² ÷ (W − 1). `McCullagh` & Nelder 1989.
///
/// At least 0, about 1 for independent events. Above 1.2 events share their fate, and [`RateRatio`] would raise false alarms.
/// `None` for fewer than two windows, an impossible one, or no event or nothing but events in all.
pub fn dispersion(windows: &[Window]) -> Option<f64> {
    if windows.len() < 2 || windows.iter().any(|window| window.trials == 0 || window.count > window.trials) {
        return None;
    }
    let count: f64 = windows.iter().map(|window| f64::from(window.count)).sum();
    let rate = count / windows.iter().map(|window| f64::from(window.trials)).sum::<f64>();
    if rate <= 0.0 || rate >= 1.0 {
        return None;
    }
    let excess = |window: &Window| {
        let expected = f64::from(window.trials) * rate;
        (f64::from(window.count) - expected).powi(2) / (expected * (1.0 - rate))
    };
    Some(windows.iter().map(excess).sum::<f64>() / (windows.len() - 1) as f64)
}

/// The least odds of `count` events against `other` ones that `alpha` does not rule out.
fn odds_lower(count: u32, other: u32, alpha: f64) -> f64 {
    if !is_level(alpha) {
        return f64::NAN;
    }
    if count == 0 {
        return 0.0;
    }
    let share = beta_quantile(alpha, f64::from(count), f64::from(other) + 1.0);
    share / (1.0 - share)
}

fn is_level(alpha: f64) -> bool {
    alpha > 0.0 && alpha < 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::fixture::{assert_close, assert_close_ratio, cases};
    use proptest::prelude::*;

    #[derive(serde::Deserialize)]
    struct Case {
        base: (u32, u32),
        head: (u32, u32),
        alpha: f64,
        ratio: f64,
        proportion: (f64, f64),
        p_value: f64,
        lower: f64,
        upper: Option<f64>,
        dispersion: Option<f64>,
    }

    fn ratio(base: (u32, u32), head: (u32, u32)) -> RateRatio {
        let events = |(count, trials): (u32, u32)| Events { count, exposure: f64::from(trials) };
        RateRatio::new(events(base), events(head)).unwrap()
    }

    #[test]
    fn rates_agree_with_the_reference() {
        for case in cases::<Case>(include_str!("../../tests/fixtures/stats/rates.json")) {
            let (count, trials) = case.head;
            assert_close(proportion_lower(count, trials, case.alpha).unwrap(), case.proportion.0, 1e-9);
            assert_close(proportion_upper(count, trials, case.alpha).unwrap(), case.proportion.1, 1e-9);
            let both = ratio(case.base, case.head);
            assert_close_ratio(both.p_value_greater(case.ratio), case.p_value, 1e-8);
            assert_close(both.lower_bound(case.alpha), case.lower, 1e-8);
            assert_close(both.upper_bound(case.alpha), case.upper.unwrap_or(f64::INFINITY), 1e-8);
            let windows = [case.base, case.head].map(|(count, trials)| Window { count, trials });
            assert_eq!(dispersion(&windows).is_some(), case.dispersion.is_some());
            assert_close(dispersion(&windows).unwrap_or(0.0), case.dispersion.unwrap_or(0.0), 1e-10);
        }
    }

    #[test]
    fn the_published_values_are_met() {
        assert_close(proportion_lower(3, 1000, 0.025).unwrap(), 0.000_619_1, 1e-7);
        assert_close(proportion_upper(3, 1000, 0.025).unwrap(), 0.008_742_0, 1e-7);
        assert_close(proportion_upper(0, 1000, 0.05).unwrap(), 0.002_991_2, 1e-7);
        assert_close(ratio((5, 1), (15, 1)).p_value_greater(1.0), 0.020_694_7, 1e-7);
        assert_close(ratio((5, 1), (15, 1)).lower_bound(0.05), 1.194_99, 1e-5);
        assert_close(ratio((0, 10), (0, 20)).estimate(), 0.5, 1e-15);
    }

    #[derive(serde::Deserialize)]
    struct Counted {
        count: u32,
        alpha: f64,
        lower: f64,
        upper: f64,
    }

    #[test]
    fn bounds_of_a_count_agree_with_the_reference() {
        for case in cases::<Counted>(include_str!("../../tests/fixtures/stats/count_bounds.json")) {
            assert_close(count_lower(case.count, case.alpha), case.lower, 1e-9);
            assert_close(count_upper(case.count, case.alpha), case.upper, 1e-9);
        }
        assert!(count_lower(3, 0.0).is_nan() && count_upper(3, 1.0).is_nan());
    }

    #[test]
    fn impossible_counts_have_no_rate() {
        assert_eq!(proportion_lower(1, 0, 0.05), None);
        assert_eq!(proportion_lower(2, 1, 0.05), None);
        assert_eq!(proportion_upper(2, 1, 0.05), None);
        assert_eq!(proportion_upper(0, 1, 1.0), None);
        assert_eq!(RateRatio::new(Events { count: 1, exposure: 0.0 }, Events { count: 1, exposure: 1.0 }), None);
        assert!(ratio((1, 1), (1, 1)).p_value_greater(0.0).is_nan());
        assert!(ratio((1, 1), (1, 1)).lower_bound(0.0).is_nan());
        assert_eq!(dispersion(&[Window { count: 1, trials: 2 }]), None);
        assert_eq!(dispersion(&[Window { count: 3, trials: 2 }; 2]), None);
        assert_eq!(dispersion(&[Window { count: 0, trials: 2 }; 2]), None);
    }

    proptest! {
        #[test]
        fn a_ratio_is_ruled_out_exactly_below_its_bound(base in 0..200_u32, head in 1..200_u32, alpha in 0.001..0.4_f64) {
            let both = ratio((base, 1000), (head, 700));
            let lower = both.lower_bound(alpha);
            prop_assert!(both.p_value_greater(lower * 0.999) < alpha && alpha < both.p_value_greater(lower * 1.001));
            prop_assert!(lower < both.upper_bound(alpha));
        }

        #[test]
        fn swapping_the_arms_inverts_the_bounds(base in 1..200_u32, head in 1..200_u32, alpha in 0.001..0.4_f64) {
            let (one, other) = (ratio((base, 1000), (head, 700)), ratio((head, 700), (base, 1000)));
            assert_close(one.lower_bound(alpha) * other.upper_bound(alpha), 1.0, 1e-12);
        }
    }
}
