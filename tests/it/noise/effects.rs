//! What should not matter and may: which of two identical files it is, and which of the two slots of a round. Refuses to know verdicts.

use tollgate::stats::signed_rank::{Cap, PairedDifferences};
use tollgate::stats::summary::mad_sd;

use super::record::{Record, Statistic};
use super::requests::{Pool, difference};
use super::{CONDITIONS, record};

/// A shift of the differences, as a ratio, and its two-sided p-value.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shift {
    ratio: f64,
    p_value: f64,
}

impl Shift {
    fn of(differences: &[f64]) -> Self {
        let test = PairedDifferences::new(differences, Cap::Third).expect("finite differences");
        let p_value = (2.0 * test.p_value_greater(0.0).min(test.p_value_less(0.0))).min(1.0);
        Self { ratio: test.estimate().exp_m1(), p_value }
    }
}

/// The robust spread of the differences of identical programs, by workload, as a fraction.
pub(super) fn spreads(pool: &Pool) -> Vec<f64> {
    let of_workload = |rounds: &Vec<(u32, f64)>| {
        let differences: Vec<f64> = rounds.iter().map(|(_, difference)| *difference).collect();
        mad_sd(&differences)
    };
    pool.same().iter().filter_map(of_workload).collect()
}

/// The second slot against the first, for each workload.
fn slots(record: &Record, condition: &str) -> Vec<Shift> {
    let rounds = record.rounds(condition, 0);
    let second = |round, workload| {
        let b_over_a = difference(round, workload, Statistic::Min, 1);
        if round.a_first() { b_over_a } else { -b_over_a }
    };
    let workloads = 0..record.names.len();
    workloads.map(|w| Shift::of(&rounds.iter().map(|round| second(round, w)).collect::<Vec<_>>())).collect()
}

/// File b against file a, for each workload: over all copies, and for each pair of copies.
fn files(record: &Record, condition: &str) -> (Vec<Shift>, Vec<Vec<Shift>>) {
    let pool = Pool::new(record, condition, Statistic::Min, 1);
    let values = |rounds: &[(u32, f64)]| rounds.iter().map(|(_, difference)| *difference).collect::<Vec<_>>();
    let same = pool.same();
    let all = same.iter().map(|rounds| Shift::of(&values(rounds))).collect();
    let by_copy = same.iter().map(|rounds| {
        rounds.chunk_by(|one, next| one.0 == next.0).map(|of_copy| Shift::of(&values(of_copy))).collect()
    });
    (all, by_copy.collect())
}

#[test]
fn neither_the_slot_nor_the_file_moves_a_time_by_its_tolerance() {
    let names = &record().names;
    let row = |condition: &str, what: &str, shifts: &[(&str, Shift)]| {
        let seen = shifts.iter().filter(|(_, shift)| shift.p_value <= 0.01).count();
        let largest = shifts.iter().max_by(|one, other| one.1.ratio.abs().total_cmp(&other.1.ratio.abs()));
        let (name, largest) = largest.expect("there are workloads");
        println!(
            "| {condition} | {what} | {seen} of {} (by luck {:.1}) | {:+.2} % ({name}, p = {:.1e}) |",
            shifts.len(),
            0.01 * shifts.len() as f64,
            100.0 * largest.ratio,
            largest.p_value
        );
    };
    let by_name = |shifts: Vec<Shift>| names.iter().map(String::as_str).zip(shifts).collect::<Vec<_>>();
    for condition in CONDITIONS {
        row(condition, "second slot against first", &by_name(slots(record(), condition)));
        let (all, by_copy) = files(record(), condition);
        row(condition, "file b against file a, all copies", &by_name(all));
        let each =
            names.iter().zip(by_copy).flat_map(|(name, of)| of.into_iter().map(move |shift| (name.as_str(), shift)));
        row(condition, "file b against file a, each pair of copies", &each.collect::<Vec<_>>());
    }
}
