//! Pairs the rounds of base and head of one metric. Refuses to drop a round by its value: only where one arm has none.

use crate::model::judgement::Side;
use crate::model::{Change, Direction, Sample, Series};

use crate::stats::summary::median;

use super::counts::{Counts, pooled_rate};
use super::procedure::STAGE_ROUNDS;

/// The log-ratio of one round, or the difference where a value is 0, with the sign turned so that *more is worse*.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Difference {
    /// The round.
    pub(super) round: u32,
    /// How much worse head was.
    pub(super) worse: f64,
}

/// How differences are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// Natural logarithm of head / base.
    LogRatio,
    /// head − base: some value is 0, so that no ratio exists.
    Absolute,
    /// head − base of growths, which may be 0 or below it. Thresholds are fractions of base's level over the time of a round.
    Growth,
    /// head − base of rates of events, of which single rounds may have none. Thresholds are fractions of base's rate.
    Rates,
}

/// One metric's rounds in pairs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pairs {
    /// One for each round that both arms have, in the order of rounds.
    pub(super) differences: Vec<Difference>,
    /// How they are written.
    pub(super) scale: Scale,
    /// Rounds that only one arm has.
    pub(super) lost: u32,
    /// Base's values of the paired rounds.
    pub(super) base: Side,
    /// Head's values of the paired rounds.
    pub(super) head: Side,
    /// The events of the paired rounds, where the metric is a count.
    pub(super) counts: Option<Counts>,
    direction: Direction,
    /// What fractions of growths and rates are taken of: base's, as stage 1 saw it.
    reference: f64,
}

impl Pairs {
    /// Pairs the rounds; `None` where no round has both arms.
    pub(super) fn new(base_series: &Series, head_series: &Series, direction: Direction) -> Option<Self> {
        let (base, head) = (base_series.statistics(), head_series.statistics());
        let both: Vec<(u32, f64, f64)> =
            base.iter().filter_map(|(round, b)| head.get(round).map(|h| (*round, *b, *h))).collect();
        let paired = u32::try_from(both.len()).unwrap_or(u32::MAX);
        let rounds = base.keys().chain(head.keys()).collect::<std::collections::BTreeSet<_>>().len();
        let counts = Counts::of(base_series, head_series, direction);
        let reference = reference(base_series);
        let scale = match reference {
            Some((scale, _)) => scale,
            None if both.iter().all(|(_, b, h)| *b > 0.0 && *h > 0.0) => Scale::LogRatio,
            None => Scale::Absolute,
        };
        let differences = both
            .iter()
            .map(|(round, b, h)| {
                let grown = if scale == Scale::LogRatio { (h / b).ln() } else { h - b };
                Difference { round: *round, worse: signed(grown, direction) }
            })
            .collect();
        let side_of = |series: &Series, values: Vec<f64>| {
            let side = side(values)?;
            // Rounds of a rare event are mostly 0; all of them together have a rate.
            let of_both =
                series.rounds.iter().filter(|(round, _)| base.contains_key(round) && head.contains_key(round));
            let value = pooled_rate(of_both.map(|(_, sample)| sample)).unwrap_or(side.value);
            Some(Side { value, ..side })
        };
        Some(Self {
            differences,
            scale,
            lost: u32::try_from(rounds).unwrap_or(u32::MAX) - paired,
            base: side_of(base_series, both.iter().map(|(_, b, _)| *b).collect())?,
            head: side_of(head_series, both.iter().map(|(_, _, h)| *h).collect())?,
            counts,
            direction,
            reference: reference.map_or(0.0, |(_, of)| of),
        })
    }

    /// The differences of the rounds from `from` (included) to `to` (excluded).
    pub(super) fn between(&self, from: u32, to: u32) -> Vec<f64> {
        self.differences.iter().filter(|d| (from..to).contains(&d.round)).map(|d| d.worse).collect()
    }

    /// What the floor is held against: base's median over the rounds before `end`; over all of them where there is none. Of growths base's
    /// level over the time of a round, of rates base's rate, both as stage 1 saw them.
    pub(super) fn base_before(&self, end: u32) -> f64 {
        match self.scale {
            Scale::Growth | Scale::Rates => return self.reference,
            Scale::LogRatio | Scale::Absolute => {}
        }
        let first = self.differences.iter().zip(&self.base.statistics).filter(|(d, _)| d.round < end);
        median(&first.map(|(_, value)| *value).collect::<Vec<f64>>()).unwrap_or(self.base.value)
    }

    /// The metric's better direction.
    pub(super) fn direction(&self) -> Direction {
        self.direction
    }

    /// Whether neither arm spread over its rounds.
    pub(super) fn exact(&self) -> bool {
        let same = |side: &Side| side.statistics.windows(2).all(|pair| pair[0].total_cmp(&pair[1]).is_eq());
        same(&self.base) && same(&self.head)
    }

    /// How far `worse_ratio` (a fraction for the worse) lies on this scale: what a difference is compared with. Where single rounds are 0,
    /// such as the CPU time of a short process, it is that fraction of base's middle value; `None` where that is 0 too and no ratio exists.
    pub(super) fn threshold(&self, worse_ratio: f64) -> Option<f64> {
        match self.scale {
            Scale::LogRatio => Some(log_threshold(worse_ratio, self.direction)),
            Scale::Absolute => (self.base.value > 0.0).then_some(worse_ratio * self.base.value),
            Scale::Growth | Scale::Rates => (self.reference > 0.0).then_some(worse_ratio * self.reference),
        }
    }

    /// A difference as a change of head against base: head / base − 1, or head − base where base's middle value is 0.
    pub(super) fn change(&self, worse: f64) -> Change {
        let grown = signed(worse, self.direction);
        match self.scale {
            Scale::LogRatio => Change::Relative(grown.exp_m1()),
            Scale::Absolute | Scale::Rates if self.base.value > 0.0 => {
                Change::Relative((grown / self.base.value).max(-1.0))
            }
            Scale::Absolute | Scale::Rates | Scale::Growth => Change::Absolute(grown),
        }
    }
}

/// How a metric without useful ratios is compared, and what of base, in the rounds of stage 1, its fractions are taken of: of counts the rate of
/// all events, of tracks the growth that would add the whole level in the time of a round. `None` for everything else.
fn reference(base: &Series) -> Option<(Scale, f64)> {
    let first = || base.rounds.range(..STAGE_ROUNDS).map(|(_, sample)| sample);
    if base.rounds.values().all(|sample| sample.track().is_some()) {
        let levels: Vec<f64> =
            first().filter_map(Sample::track).map(crate::model::sample::Track::level_over_span).collect();
        return Some((Scale::Growth, median(&levels).unwrap_or(0.0)));
    }
    let counted = base.rounds.values().all(|sample| sample.count().is_some());
    counted.then(|| (Scale::Rates, pooled_rate(first()).unwrap_or(0.0)))
}

/// A fraction for the worse on the log scale: `ln(1 + r)` where lower is better; where higher is better a loss of r is `−ln(1 − r)`.
pub(super) fn log_threshold(worse_ratio: f64, direction: Direction) -> f64 {
    match direction {
        Direction::LowerIsBetter => worse_ratio.ln_1p(),
        Direction::HigherIsBetter => -(-worse_ratio.min(0.99)).ln_1p(),
    }
}

/// Turns a growth into a worsening, or back.
pub(super) fn signed(grown: f64, direction: Direction) -> f64 {
    match direction {
        Direction::LowerIsBetter => grown,
        Direction::HigherIsBetter => -grown,
    }
}

/// The values of one side; `None` where there are none.
pub(super) fn side(statistics: Vec<f64>) -> Option<Side> {
    Some(Side { value: median(&statistics)?, statistics })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(base: &[f64], head: &[f64]) -> Pairs {
        let rounds = 0..;
        let differences = rounds.zip(base.iter().zip(head)).map(|(round, (b, h))| Difference { round, worse: h - b });
        Pairs {
            differences: differences.collect(),
            scale: Scale::Absolute,
            lost: 0,
            base: side(base.to_vec()).unwrap(),
            head: side(head.to_vec()).unwrap(),
            counts: None,
            direction: Direction::LowerIsBetter,
            reference: 0.0,
        }
    }

    #[test]
    fn rounds_that_are_now_and_then_zero_are_measured_by_the_middle_of_base() {
        let some = pairs(&[0.0, 4.0, 4.0, 4.0, 8.0], &[4.0, 4.0, 4.0, 0.0, 8.0]);
        assert_eq!(some.threshold(0.5), Some(2.0));
        assert_eq!(some.change(1.0), Change::Relative(0.25));
        let none = pairs(&[0.0, 0.0, 4.0], &[4.0, 4.0, 4.0]);
        assert_eq!(none.threshold(0.5), None);
        assert_eq!(none.change(4.0), Change::Absolute(4.0));
    }
}
