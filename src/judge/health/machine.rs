//! Which rounds ran while the machine was disturbed. Refuses to leave one out: which rounds are left out would be a choice, and pairs need none.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::machine::{Disturbance, DisturbedRounds, MachineTime};
use crate::model::{Arm, Name, Ratio};

/// Shorter than this, in seconds of all cores, nothing is told: the system counts in hundredths, and two of them are then 2 %.
const CORES_S_MIN: f64 = 1.0;
/// The host may take this share of the cores' time: no more than the tolerance of a time that nobody set.
const STOLEN_SHARE_MAX: f64 = 0.02;
/// Others may use this share of the cores more than in the quiet rounds of the suite. A database that a service asks is one of the others, in all rounds alike.
const OTHERS_SHARE_MAX: f64 = 0.10;
/// Quiet are the rounds at and below this quantile.
const QUIET_QUANTILE: f64 = 0.25;
/// Some task may wait for memory for this share of the time: a page that is read back now and then is no pressure.
const MEMORY_SHARE_MAX: f64 = 0.05;

/// The disturbed rounds of each suite that has any, by suite.
pub(in crate::judge) fn disturbed(
    machine: &BTreeMap<Name, BTreeMap<u32, BTreeMap<Arm, MachineTime>>>,
) -> Vec<DisturbedRounds> {
    machine.iter().filter_map(|(suite, rounds)| of_suite(suite, rounds)).collect()
}

fn of_suite(suite: &Name, rounds: &BTreeMap<u32, BTreeMap<Arm, MachineTime>>) -> Option<DisturbedRounds> {
    let long = |time: &&MachineTime| time.cores_s >= CORES_S_MIN;
    let told: BTreeMap<u32, Vec<&MachineTime>> = rounds
        .iter()
        .map(|(round, arms)| (*round, arms.values().filter(long).collect::<Vec<_>>()))
        .filter(|(_, arms)| !arms.is_empty())
        .collect();
    let quiet = quiet(told.values().flatten().map(|time| time.others_s / time.cores_s).collect());
    let mut disturbed: BTreeMap<Disturbance, (BTreeSet<u32>, MachineTime)> = BTreeMap::new();
    for (round, arms) in &told {
        for time in arms {
            for cause in causes(time, quiet) {
                let (rounds, all) = disturbed.entry(cause).or_default();
                rounds.insert(*round);
                *all += **time;
            }
        }
    }
    let rounds: BTreeSet<u32> = disturbed.values().flat_map(|(rounds, _)| rounds).copied().collect();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let share = |(cause, (rounds, all)): (&Disturbance, &(BTreeSet<u32>, MachineTime))| {
        let share = match cause {
            Disturbance::Stolen => all.stolen_s / all.cores_s,
            Disturbance::Others => all.others_s / all.cores_s,
            Disturbance::Memory => all.memory_s / all.wall_s,
            Disturbance::Throttled => rounds.len() as f64 / told.len() as f64,
        };
        (*cause, Ratio(share))
    };
    (!rounds.is_empty()).then(|| DisturbedRounds {
        suite: suite.clone(),
        rounds: number(rounds.len()),
        of: number(told.len()),
        causes: disturbed.iter().map(share).collect(),
    })
}

/// What disturbed one arm of a round.
fn causes(time: &MachineTime, quiet: f64) -> impl Iterator<Item = Disturbance> {
    [
        (Disturbance::Stolen, time.stolen_s > STOLEN_SHARE_MAX * time.cores_s),
        (Disturbance::Others, time.others_s > (quiet + OTHERS_SHARE_MAX) * time.cores_s),
        (Disturbance::Memory, time.wall_s > 0.0 && time.memory_s > MEMORY_SHARE_MAX * time.wall_s),
        (Disturbance::Throttled, time.throttled > 0),
    ]
    .into_iter()
    .filter_map(|(cause, is)| is.then_some(cause))
}

/// The share of the cores that others use in quiet rounds.
fn quiet(mut shares: Vec<f64>) -> f64 {
    shares.sort_unstable_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
    let at = (QUIET_QUANTILE * shares.len().saturating_sub(1) as f64) as usize;
    shares.get(at).copied().unwrap_or(0.0)
}
