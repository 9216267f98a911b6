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
