//! Whose processes differ from each other by more than their samples tell, so that shorter processes, and more of them, say more in the same
//! time. Refuses to know what a process costs.

use std::collections::BTreeMap;

use crate::config::Policy;
use crate::model::judgement::Warning;
use crate::model::sample::Statistic;
use crate::model::{BenchmarkId, Kind, Metric, Ratio, Run, Sample, Series};
use crate::stats::variance_components::{Components, components};

use super::family::{Family, Test, settings};
use super::pair::Scale;
use super::procedure::{self, Member, STAGE_ROUNDS};

/// A process is cut into so many pieces, one after the other, each as long as the shortest process that a round may have.
pub const PIECES: usize = 8;

/// Benchmarks that stage 1 neither settled nor will see settled soon, as noisy as they are, and whose noise lies between processes: with the
/// variances of the logarithms, `between` processes and `within` one, from piece to piece. A function of stage 1 alone.
///
/// Only noisy times that were measured as lists of values can be split. A piece stands for a shorter process: the smallest of few samples is
/// noisier than that of many, most of all on a busy machine.
pub fn scattered(base: &Run, head: &Run, policy: &Policy) -> BTreeMap<BenchmarkId, Components> {
    let family = Family::new(base, head, policy);
    let blocking = family.entries.iter().filter_map(|(id, entry)| match &entry.test {
        Test::Blocking(member) => Some(((id, entry), member.clone())),
        Test::Exact | Test::Advisory(_) | Test::Reported(_) => None,
    });
    let (ids, members): (Vec<_>, Vec<Member>) = blocking.unzip();
    let noisy = procedure::too_noisy(&members, &settings(policy));
    let mut found: BTreeMap<BenchmarkId, Components> = BTreeMap::new();
    for ((id, entry), _) in ids.into_iter().zip(noisy).filter(|(_, noisy)| *noisy) {
        let both = base.series.get(id).zip(head.series.get(id));
        let apart =
            both.filter(|_| entry.pairs.scale == Scale::LogRatio).and_then(|(base, head)| both_arms(base, head));
        let Some(apart) = apart.filter(dominates) else { continue };
        let known = found.entry(id.benchmark.clone()).or_insert(apart);
        if apart.between > known.between {
            *known = apart;
        }
    }
    found
}

/// Whether processes differ by more than the pieces of one: then even processes as short as a piece are worth more than the time they take
/// from each other.
pub fn dominates(apart: &Components) -> bool {
    apart.between > apart.within
}

/// The variances of both arms together, each around its own middle, from the logarithms of the numbers of the pieces of each process.
pub fn of_arms(base: &[Vec<f64>], head: &[Vec<f64>]) -> Option<Components> {
    let (base, head) = (components(base)?, components(head)?);
    Some(Components {
        between: f64::midpoint(base.between, head.between),
        within: f64::midpoint(base.within, head.within),
        rounds: f64::midpoint(base.rounds, head.rounds),
    })
}

/// What the report says where rounds were split: how many processes they had, and what the processes of stage 1 differed by.
pub(super) fn warning(base: &Series, head: &Series) -> Option<Warning> {
    let several = head.rounds.values().filter_map(|sample| match sample {
        Sample::Processes(processes) => u32::try_from(processes.values().count()).ok(),
        Sample::Values(_) | Sample::Quantile { .. } | Sample::Count(_) | Sample::Track(_) => None,
    });
    let (processes, apart) = (several.max()?, both_arms(base, head)?);
    Some(Warning::ShortProcesses { processes, apart: Ratio(apart.between.sqrt().exp_m1()) })
}

fn both_arms(base: &Series, head: &Series) -> Option<Components> {
    of_arms(&pieces(base)?, &pieces(head)?)
}

/// The logarithms of the numbers of the pieces of each process of stage 1; `None` where a process has too few values.
fn pieces(series: &Series) -> Option<Vec<Vec<f64>>> {
    let Metric { kind: Kind::Time, .. } = series.metric else { return None };
    let rounds = series.rounds.range(..STAGE_ROUNDS);
    rounds.map(|(_, sample)| pieces_of(sample, series.metric.statistic())).collect()
}

fn pieces_of(sample: &Sample, statistic: Statistic) -> Option<Vec<f64>> {
    let length = sample.values().len() / PIECES;
    let number = |piece: &[f64]| Some(Sample::new(piece.to_vec()).ok()?.statistic(statistic)).filter(|n| *n > 0.0);
    if length == 0 {
        None
    } else {
        sample.values().chunks_exact(length).take(PIECES).map(|p| Some(number(p)?.ln())).collect()
    }
}
