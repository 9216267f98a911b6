//! Before measuring: how many rounds a decision takes, and what change that many can show. Refuses to know the budget of time.
//!
//! Approximations, for planning and for print; the tests themselves stay exact. In simulations of 12 to 40 rounds the power at the
//! detectable effect was 67 to 78 % where 80 % was asked for.

use super::distribution::student_t_quantile;
use super::signed_rank::Cap;

/// What is asked of a paired comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// One-sided level of one test, in (0, 1), with all corrections for other tests already in.
    pub alpha: f64,
    /// The probability, in (0, 1), that a change as large as the effect in question is found.
    pub power: f64,
    /// The cap of the test.
    pub cap: Cap,
    /// Standard deviation of the differences of rounds, at least 0, as [`super::summary::mad_sd`] gives it; in their unit.
    pub noise_sd: f64,
    /// The change that is tested against, ln(1 + δ), in the unit of the differences.
    pub margin: f64,
}

impl Plan {
    /// The least change that `rounds` rounds find with the asked power, in the unit of the differences.
    ///
    /// margin + (t at 1 − α + t at the power) × κ × sd ÷ √R, with R − 1 degrees of freedom and κ the loss of ranks against a mean on normal
    /// noise: √(π/3) for Wilcoxon, √(π/2) for signs (Lehmann 1975), 1.10 from simulation for [`Cap::Third`]. `None` where so few rounds can
    /// never reject (2^-R > α, or a single round), or an argument is out of its range.
    pub fn detectable_effect(&self, rounds: u32) -> Option<f64> {
        if rounds < 2 || 0.5_f64.powf(f64::from(rounds)) > self.alpha {
            return None;
        }
        let degrees_of_freedom = f64::from(rounds - 1);
        let reach =
            student_t_quantile(self.power, degrees_of_freedom) - student_t_quantile(self.alpha, degrees_of_freedom);
        let effect = self.margin + reach * rank_loss(self.cap) * self.noise_sd / f64::from(rounds).sqrt();
        effect.is_finite().then_some(effect)
    }

    /// The least number of rounds whose [`Self::detectable_effect`] is `target` or less; `None` where that takes more than `rounds_max`.
    pub fn rounds_needed(&self, target: f64, rounds_max: u32) -> Option<u32> {
        let enough = |rounds: u32| self.detectable_effect(rounds).is_some_and(|effect| effect <= target);
        if self.alpha >= 0.5 || self.power < 0.5 {
            return (1..=rounds_max).find(|rounds| enough(*rounds));
        }
        // Both quantiles shrink with more rounds, so that each round sharpens the test: halve the range until one is left.
        let (mut too_few, mut some) = (0, rounds_max);
        if !enough(some) {
            return None;
        }
        while some - too_few > 1 {
            let middle = too_few + (some - too_few) / 2;
            if enough(middle) { some = middle } else { too_few = middle }
        }
        Some(some)
    }
}

/// The least rounds with which one of `family` tests, each looked at `looks` times, can reject at all: ⌈log2(family × looks ÷ α)⌉, at least 1.
///
/// `alpha`, in (0, 1), is for the whole family: the least p-value of R rounds is 2^-R, and Bonferroni gives each look α ÷ (family × looks).
/// `None` where `alpha` is outside of (0, 1). A family or looks of 0 count as 1.
pub fn rounds_min(family: u32, looks: u32, alpha: f64) -> Option<u32> {
    if !(alpha > 0.0 && alpha < 1.0) {
        return None;
    }
    let tests = f64::from(family.max(1)) * f64::from(looks.max(1));
    // Compared rather than taken from a logarithm, whose rounding could be off by a round at powers of two.
    (1..=1100).find(|rounds| tests * 0.5_f64.powf(f64::from(*rounds)) <= alpha)
}

/// How much noisier the estimate of a rank test is than a mean, on normal noise.
fn rank_loss(cap: Cap) -> f64 {
    match cap {
        Cap::Third => 1.10,
        Cap::Uncapped => (std::f64::consts::PI / 3.0).sqrt(),
        Cap::Sign => std::f64::consts::FRAC_PI_2.sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::fixture::{assert_close, cases};

    #[derive(serde::Deserialize)]
    struct Case {
        cap: String,
        noise_sd: f64,
        alpha: f64,
        power: f64,
        margin: f64,
        target: f64,
        rounds: u32,
        detectable: Option<f64>,
        needed_of_500: Option<u32>,
        family: u32,
        looks: u32,
        rounds_min: u32,
    }

    #[test]
    fn plans_agree_with_the_reference() {
        for case in cases::<Case>(include_str!("../../tests/fixtures/stats/planning.json")) {
            let cap = match case.cap.as_str() {
                "third" => Cap::Third,
                "sign" => Cap::Sign,
                _ => Cap::Uncapped,
            };
            let plan = Plan { alpha: case.alpha, power: case.power, cap, noise_sd: case.noise_sd, margin: case.margin };
            let effect = plan.detectable_effect(case.rounds);
            assert_eq!(effect.is_some(), case.detectable.is_some());
            assert_close(effect.unwrap_or(0.0), case.detectable.unwrap_or(0.0), 1e-9);
            assert_eq!(plan.rounds_needed(case.target, 500), case.needed_of_500);
            assert_eq!(rounds_min(case.family, case.looks, case.alpha), Some(case.rounds_min));
        }
    }

    #[test]
    fn a_hundred_metrics_at_one_percent_take_fourteen_rounds() {
        assert_eq!(rounds_min(100, 1, 0.01), Some(14));
        assert_eq!(rounds_min(5, 4, 0.01), Some(11));
        assert_eq!(rounds_min(0, 0, 0.5), Some(1));
        assert_eq!(rounds_min(1, 1, 0.25), Some(2));
    }

    #[test]
    fn what_cannot_be_planned_has_no_answer() {
        let plan = Plan { alpha: 0.01, power: 0.8, cap: Cap::Third, noise_sd: 0.05, margin: 0.02 };
        assert_eq!(plan.detectable_effect(0), None);
        assert_eq!(plan.detectable_effect(6), None);
        assert_eq!(plan.rounds_needed(0.02, 500), None);
        assert_eq!(plan.rounds_needed(0.05, 5), None);
        assert_eq!(Plan { noise_sd: f64::NAN, ..plan }.detectable_effect(20), None);
        assert_eq!(Plan { power: 2.0, ..plan }.detectable_effect(20), None);
        assert_eq!(rounds_min(1, 1, 0.0), None);
        assert_eq!(rounds_min(1, 1, f64::NAN), None);
    }
}
