//! How the false-alarm rate of a run is parted among the families of tests that may turn it red. Refuses to know how a test is made.

use std::collections::BTreeSet;

/// What a family gets beside the main one, as a part of the whole rate.
///
/// The main family pays for it, and so little that 5,000 simulated pull requests do not show it (`METHODOLOGY.md`, *Who shares it*). The others
/// lose little by a small rate: bounds from Student's t get wider by about half, and where stored runs are too few for theirs the suite is
/// measured in pairs instead.
const SIDE_PART: f64 = 0.1;

/// Tests that share a part of the false-alarm rate of a run. The first of those that take part is the main one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TestFamily {
    /// Of metrics that rounds of base and head in pairs decide, against their tolerances.
    Pairs,
    /// Of noisy metrics that stored runs decide, against their tolerances.
    Stored,
    /// Of noisy values against the limits of their budgets.
    Budgets,
    /// Of what the change adds to metrics that have come too far since the anchor.
    Drift,
}

impl TestFamily {
    /// All of them, the main one first.
    pub const ALL: [Self; 4] = [Self::Pairs, Self::Stored, Self::Budgets, Self::Drift];

    /// What it tests, in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pairs => "rounds in pairs",
            Self::Stored => "stored runs",
            Self::Budgets => "budgets",
            Self::Drift => "drift",
        }
    }
}

/// The false-alarm rate of a run and which families of tests share it.
///
/// Whatever takes part is known before anything is measured, so that no data decide who gets how much. By Bonferroni's inequality the run keeps the
/// rate whatever the families have to do with one another, as long as each keeps its part.
#[derive(Clone, Debug, PartialEq)]
pub struct Shares {
    rate: f64,
    families: BTreeSet<TestFamily>,
}

impl Shares {
    /// Parts `rate`, in (0, 0.5], among these families. Each but the main one gets a tenth, the main one the rest; one alone gets all.
    pub fn new(rate: f64, families: impl IntoIterator<Item = TestFamily>) -> Self {
        Self { rate, families: families.into_iter().collect() }
    }

    /// The same rate among other families.
    #[must_use]
    pub fn among(&self, families: impl IntoIterator<Item = TestFamily>) -> Self {
        Self::new(self.rate, families)
    }

    /// The rate of the whole run, in (0, 0.5].
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// What one family gets of it, in [0, 0.5]: 0 where it takes no part. All together get the rate, and never more.
    pub fn of(&self, family: TestFamily) -> f64 {
        if !self.families.contains(&family) {
            0.0
        } else if self.families.first() == Some(&family) {
            let others = self.families.len() as f64 - 1.0;
            self.rate * (1.0 - SIDE_PART * others)
        } else {
            self.rate * SIDE_PART
        }
    }

    /// The families that take part, the main one first.
    pub fn families(&self) -> impl Iterator<Item = TestFamily> {
        self.families.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_parts_come_to_the_rate_and_never_to_more(rate in 1e-6..0.5_f64, which in 1_u8..16) {
            let families: Vec<TestFamily> =
                (0..4_u8).filter(|at| which >> at & 1 == 1).map(|at| TestFamily::ALL[usize::from(at)]).collect();
            let shares = Shares::new(rate, families.clone());
            let parts = TestFamily::ALL.map(|family| shares.of(family));
            let sum: f64 = parts.iter().sum();
            prop_assert!(sum <= rate * (1.0 + 1e-12) && sum >= rate * (1.0 - 1e-12), "{parts:?}");
            for (family, part) in TestFamily::ALL.into_iter().zip(parts) {
                prop_assert_eq!(part > 0.0, families.contains(&family));
            }
            // The main one never gets less than any other, and all of it alone.
            let main = shares.of(families[0]);
            prop_assert!(parts.iter().all(|part| *part <= main));
            prop_assert!(families.len() > 1 || main.total_cmp(&rate).is_eq());
        }
    }

    #[test]
    fn nobody_gets_anything_where_nobody_takes_part() {
        assert!(TestFamily::ALL.iter().all(|family| Shares::new(0.01, []).of(*family) <= 0.0));
    }
}
