//! Who goes on to stage 2 and is too noisy for it: whose rounds, as noisy as in stage 1, would not be told at its first look.

use super::{Assessed, Decision, LOOKS, Member, Phase, STAGE_ROUNDS, Settings, UNCHANGED_LEVEL, assess, plan};

/// Which members, in their order. It depends on the rounds of stage 1 alone, so whatever is done about them before stage 2 is as good as agreed
/// upon beforehand, and the tests of stage 2 stay exact. Exchanging base and head changes nothing.
pub fn too_noisy(members: &[Member], settings: &Settings) -> Vec<bool> {
    if settings.rounds_max <= STAGE_ROUNDS {
        return vec![false; members.len()];
    }
    let assessed = assess(members, STAGE_ROUNDS, Phase::Measuring, settings);
    let suspects = assessed.iter().filter(|one| one.decision == Decision::Undecided).count();
    let level = settings.false_alarm_rate / suspects.max(1) as f64;
    let noisy = |(member, assessed): (&Member, &Assessed)| {
        let told = member.test(0, STAGE_ROUNDS).and_then(|test| {
            plan(level, 1.0 - UNCHANGED_LEVEL, test.noise_sd, member.tolerance)
                .rounds_needed(member.must_detect, LOOKS[0])
        });
        assessed.decision == Decision::Undecided && member.counts.is_none() && told.is_none()
    };
    members.iter().zip(&assessed).map(noisy).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: Settings = Settings { false_alarm_rate: 0.01, rounds_max: 120, patient: false };

    /// Twenty rounds that lie evenly within `spread` of 0.
    fn member(spread: f64) -> Member {
        let at = |round: u32| f64::from((round * 7) % 10) / 4.5 - 1.0;
        let differences = (0..20).map(|round| (round, spread * at(round))).collect();
        Member { differences, tolerance: 0.02, must_detect: 0.05, counts: None }
    }

    #[test]
    fn what_is_settled_or_soon_told_is_not_too_noisy() {
        let members = [0.0, 0.01, 0.04, 0.10, 0.30].map(member);
        assert_eq!(too_noisy(&members, &SETTINGS), [false, false, false, true, true]);
        assert_eq!(too_noisy(&[], &SETTINGS), [false; 0]);
        let no_second_stage = Settings { rounds_max: STAGE_ROUNDS, ..SETTINGS };
        assert_eq!(too_noisy(&members, &no_second_stage), [false; 5]);
    }

    #[test]
    fn only_the_rounds_of_stage_1_count() {
        let members = [0.01, 0.10, 0.30].map(member);
        let first = members.clone().map(|member| {
            let differences = member.differences.iter().copied().filter(|(round, _)| *round < STAGE_ROUNDS);
            Member { differences: differences.collect(), ..member }
        });
        assert_eq!(too_noisy(&members, &SETTINGS), too_noisy(&first, &SETTINGS));
    }

    #[test]
    fn exchanging_base_and_head_changes_nothing() {
        let shifted = |by: f64| {
            [0.05, 0.10, 0.15].map(member).map(|member| {
                let differences = member.differences.iter().map(|(round, difference)| (*round, difference + by));
                Member { differences: differences.collect(), ..member }
            })
        };
        let mirrored = |members: [Member; 3]| {
            members.map(|member| {
                let differences = member.differences.iter().map(|(round, difference)| (*round, -difference));
                Member { differences: differences.collect(), ..member }
            })
        };
        for by in [0.0, 0.03, 0.06] {
            assert_eq!(too_noisy(&shifted(by), &SETTINGS), too_noisy(&mirrored(shifted(by)), &SETTINGS), "{by}");
        }
    }
}
