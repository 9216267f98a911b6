//! Where the spread of repeated measurements comes from: from run to run, or from round to round within a run. Refuses to know what a run costs.
//!
//! The model is that of one-way random effects: a value is a mean, plus an effect of its run, plus an effect of its round. It is what tells
//! whether more rounds or more runs make a mean surer. Kalibera & Jones 2013; the moments of unequal groups as in Searle 1971.

use super::summary::{mean, variance};

/// The two sources of spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Components {
    /// The variance between runs, at least 0, in the square of the values' unit: what no number of rounds takes away.
    pub between: f64,
    /// The variance between the rounds of a run, at least 0.
    pub within: f64,
    /// How many rounds a run has: their mean where runs have equally many, a little less where they have not. At least 1.
    pub rounds: f64,
}

/// Splits the variance of `runs`, each with its rounds: at least two runs that are not empty, and one with two rounds, all finite; else `None`.
///
/// between = (MSB − MSW) ÷ n0, cut at 0, with the mean squares MSB between and MSW within runs and n0 = (Σn − Σn² ÷ Σn) ÷ (N − 1).
pub fn components(runs: &[Vec<f64>]) -> Option<Components> {
    let runs: Vec<&Vec<f64>> = runs.iter().filter(|rounds| !rounds.is_empty()).collect();
    let counts: Vec<f64> = runs.iter().map(|rounds| rounds.len() as f64).collect();
    let (all, groups) = (counts.iter().sum::<f64>(), runs.len() as f64);
    if runs.len() < 2 || all <= groups {
        return None;
    }
    let grand = runs.iter().flat_map(|rounds| rounds.iter()).sum::<f64>() / all;
    let means = runs.iter().zip(&counts).filter_map(|(rounds, count)| Some(count * (mean(rounds)? - grand).powi(2)));
    let mean_square_between = means.sum::<f64>() / (groups - 1.0);
    let squares = runs.iter().zip(&counts).map(|(rounds, count)| (count - 1.0) * variance(rounds).unwrap_or(0.0));
    let within = squares.sum::<f64>() / (all - groups);
    let rounds = (all - counts.iter().map(|count| count * count).sum::<f64>() / all) / (groups - 1.0);
    let between = ((mean_square_between - within) / rounds).max(0.0);
    (between.is_finite() && within.is_finite()).then_some(Components { between, within, rounds })
}

impl Components {
    /// Which part of the variance of a run's mean lies between runs, in [0, 1]: near 1, more rounds do not help. `None` where nothing spreads.
    pub fn between_share(&self) -> Option<f64> {
        let all = self.between + self.within / self.rounds;
        (all > 0.0).then(|| self.between / all)
    }

    /// The rounds of each run, at least 1, that make the mean surest for what it costs, where setting up a run costs as much as `setup_rounds`
    /// rounds: √(setup × within ÷ between), rounded up. `None` where runs do not differ, so that one run with all rounds is best.
    pub fn best_rounds(&self, setup_rounds: f64) -> Option<f64> {
        (self.between > 0.0).then(|| (setup_rounds * self.within / self.between).sqrt().ceil().max(1.0))
    }

    /// Into how many shorter runs the time of one run is best split, 1 to `most`, where setting up a run costs `setup_share` of that time:
    /// √(between ÷ (within ÷ rounds) ÷ setup), rounded down. With k runs the variance of the mean is between ÷ k + within ÷ rounds, and the cost
    /// 1 + k × setup: this k makes their product least. It is the same optimum as that of [`Self::best_rounds`], seen from a fixed time.
    ///
    /// No more than `1 + 1 ÷ setup` of them, so that all of them together take at most about twice what one did. A share that is not above 0
    /// counts as none at all; NaN gives 1.
    pub fn best_split(&self, setup_share: f64, most: u32) -> u32 {
        if setup_share.is_nan() || self.between <= 0.0 {
            return 1;
        }
        let setup_share = setup_share.max(f64::MIN_POSITIVE);
        let best = (self.between / (self.within / self.rounds) / setup_share).sqrt();
        let best = best.min(1.0 + 1.0 / setup_share);
        (1..=most).rev().find(|runs| f64::from(*runs) <= best).unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::fixture::{assert_close, cases};
    use proptest::prelude::*;

    #[derive(serde::Deserialize)]
    struct Case {
        runs: Vec<Vec<f64>>,
        between: f64,
        within: f64,
        rounds: f64,
        setup_rounds: f64,
        best_rounds: Option<f64>,
    }

    #[test]
    fn components_agree_with_the_reference() {
        for case in cases::<Case>(include_str!("../../tests/fixtures/stats/variance_components.json")) {
            let found = components(&case.runs).unwrap();
            assert_close(found.between, case.between, 1e-9);
            assert_close(found.within, case.within, 1e-9);
            assert_close(found.rounds, case.rounds, 1e-12);
            assert_eq!(found.best_rounds(case.setup_rounds), case.best_rounds);
        }
    }

    #[test]
    fn what_has_one_level_only_has_no_components() {
        assert_eq!(components(&[]), None);
        assert_eq!(components(&[vec![1.0, 2.0]]), None);
        assert_eq!(components(&[vec![1.0], vec![2.0]]), None);
        assert_eq!(components(&[vec![1.0, 2.0], vec![]]), None);
        assert_eq!(components(&[vec![1.0, f64::NAN], vec![1.0]]), None);
        assert_eq!(components(&[vec![1.0, 1.0], vec![1.0, 1.0]]).unwrap().between_share(), None);
    }

    #[test]
    fn the_best_split_has_the_least_variance_for_its_cost() {
        for (between, within, setup_share) in [(1.0, 0.5, 0.02), (9.0, 4.0, 0.1), (0.2, 1.0, 0.01), (1.0, 1e-9, 0.2)] {
            let components = Components { between, within, rounds: 2.0 };
            let worth = |runs: u32| (between / f64::from(runs) + within / 2.0) * (1.0 + f64::from(runs) * setup_share);
            let affordable = (1..=20).filter(|runs| f64::from(*runs) <= 1.0 + 1.0 / setup_share);
            let best = affordable.min_by(|a, b| worth(*a).total_cmp(&worth(*b))).unwrap();
            let found = components.best_split(setup_share, 20);
            assert!(best.abs_diff(found) <= 1 && found <= best.max(1), "{components:?} {setup_share}: {found}, {best}");
        }
    }

    #[test]
    fn what_does_not_differ_or_costs_too_much_is_not_split() {
        let components = |between, within| Components { between, within, rounds: 2.0 };
        assert_eq!(components(0.0, 1.0).best_split(0.01, 8), 1);
        assert_eq!(components(1.0, 1.0).best_split(f64::NAN, 8), 1);
        assert_eq!(components(1.0, 0.0).best_split(f64::INFINITY, 8), 1);
        assert_eq!(components(1.0, 1e-6).best_split(2.0, 8), 1, "each process costs more than it measures");
        assert_eq!(components(1.0, 1e-6).best_split(0.5, 8), 3, "no more than twice the time");
        assert_eq!(components(1.0, 0.0).best_split(0.0, 8), 8);
    }

    /// Simulated: a round of k runs, each with its share of the time, scatters as the formula says.
    #[test]
    fn splitting_takes_the_spread_between_runs_down_by_the_root() {
        let mut state = 1_u64;
        let mut normal = || -> f64 {
            let mut uniform = || {
                state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
                (state >> 33) as f64 / f64::from(1_u32 << 31)
            };
            (0..12).map(|_| uniform()).sum::<f64>() - 6.0
        };
        for runs in [1_u32, 2, 5, 8] {
            let rounds: Vec<f64> = (0..4000)
                .map(|_| {
                    let one =
                        |_| 3.0 * normal() + (0..40 / runs).map(|_| 2.0 * normal()).sum::<f64>() / f64::from(40 / runs);
                    (0..runs).map(one).sum::<f64>() / f64::from(runs)
                })
                .collect();
            let expected = 9.0 / f64::from(runs) + 4.0 / 40.0;
            assert!((variance(&rounds).unwrap() / expected - 1.0).abs() < 0.08, "{runs}");
        }
    }

    proptest! {
        #[test]
        fn runs_that_are_moved_apart_spread_between_and_not_within(
            runs in prop::collection::vec(prop::collection::vec(-1.0..1.0_f64, 4), 2..8), apart in 2.0..9.0_f64,
        ) {
            let near = components(&runs).unwrap();
            let moved: Vec<Vec<f64>> = (0..).zip(&runs)
                .map(|(run, rounds)| rounds.iter().map(|value| value + 2.0 * apart * f64::from(run)).collect()).collect();
            let far = components(&moved).unwrap();
            assert_close(far.within, near.within, 1e-9);
            prop_assert!(far.between > near.between);
            prop_assert!(far.between_share().unwrap() <= 1.0);
        }
    }
}
