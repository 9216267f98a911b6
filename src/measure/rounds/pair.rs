//! One round of one part: its arms in the coin's order, and of benchmarks whose processes differ too much several short processes of each.

use std::collections::{BTreeMap, BTreeSet};

use crate::measure::bench::{Parsed, Reading};
use crate::measure::journal::Record;
use crate::measure::process::ProcessError;
use crate::measure::suite::{Only, PartError};
use crate::model::machine::MachineTime;
use crate::model::{Arm, BenchmarkId, MetricId, Name, Sample, Trouble};

use super::{Conduct, Event, PartId, Runner, Tracked, trouble};

/// What runs in as many processes of each arm.
struct Group {
    processes: u32,
    /// `None` for everything.
    only: Option<BTreeSet<Name>>,
}

/// Runs one part in its arms, `first` of them first; `None` where the user stopped it. `split` says which benchmarks run in several processes.
pub(super) fn run(
    runner: &mut dyn Runner,
    part: &Tracked,
    only: Option<&BTreeSet<Name>>,
    (order, split): ([Arm; 2], &BTreeMap<BenchmarkId, u32>),
    conduct: &Conduct<'_>,
) -> Option<Record> {
    let mut arms: BTreeMap<Arm, Result<Parsed, Trouble>> = BTreeMap::new();
    let mut seconds: BTreeMap<Arm, f64> = BTreeMap::new();
    let mut machine: BTreeMap<Arm, MachineTime> = BTreeMap::new();
    for Group { processes, only } in groups(part, only, split) {
        let mut gathered: BTreeMap<Arm, Vec<Parsed>> = BTreeMap::new();
        for turn in 0..processes {
            // The arms take turns at being first: the coin still turns the sign of the whole round, and what drifts within it cancels.
            let [first, second] = order;
            let order = if turn % 2 == 0 { [first, second] } else { [second, first] };
            for arm in order.into_iter().filter(|arm| part.arms.contains(arm)) {
                if conduct.stop.is_set() {
                    return None;
                }
                if matches!(arms.get(&arm), Some(Err(_))) {
                    continue;
                }
                let (began, look) = ((conduct.elapsed)(), runner.machine());
                match runner.run(&part.id, arm, only.as_ref().map_or(Only::All, Only::These), processes) {
                    Ok(parsed) => gathered.entry(arm).or_default().push(parsed),
                    Err(PartError::Process(ProcessError::Stopped)) => return None,
                    Err(error) => drop(arms.insert(arm, Err(trouble(arm, &error)))),
                }
                *seconds.entry(arm).or_default() += (conduct.elapsed)().saturating_sub(began).as_secs_f64();
                if let Some((look, later)) = look.zip(runner.machine()) {
                    *machine.entry(arm).or_default() += look.until(&later);
                }
            }
        }
        for (arm, processes) in gathered {
            if let Ok(parsed) = arms.entry(arm).or_insert_with(|| Ok(Parsed::default())) {
                let Parsed { readings, unparsed, notes, exhibits } = together(processes);
                parsed.readings.extend(readings);
                parsed.unparsed.extend(unparsed);
                parsed.notes.extend(notes);
                parsed.exhibits.extend(exhibits);
            }
        }
    }
    for arm in seconds.keys() {
        (conduct.watch)(&Event::Ran { part: &part.id, arm: *arm });
    }
    Some(Record { arms, seconds, machine })
}

/// Everything in one process, but what is split: that in as many processes as it is split into.
fn groups(part: &Tracked, only: Option<&BTreeSet<Name>>, split: &BTreeMap<BenchmarkId, u32>) -> Vec<Group> {
    let Some(wanted) = only else { return vec![Group { processes: 1, only: None }] };
    let mut groups: BTreeMap<u32, BTreeSet<Name>> = BTreeMap::new();
    for name in wanted {
        groups.entry(processes(&part.id, name, split)).or_default().insert(name.clone());
    }
    groups.into_iter().map(|(processes, names)| Group { processes, only: Some(names) }).collect()
}

fn processes(part: &PartId, name: &Name, split: &BTreeMap<BenchmarkId, u32>) -> u32 {
    let id = BenchmarkId { suite: part.suite.clone(), benchmark: name.clone() };
    split.get(&id).copied().unwrap_or(1)
}

/// What several processes gave, as one round's. A metric that one of them did not give is left out: it has no round.
fn together(mut processes: Vec<Parsed>) -> Parsed {
    if processes.len() == 1 {
        return processes.remove(0);
    }
    let count = processes.len();
    let (mut unparsed, mut notes): (Vec<String>, Vec<String>) = Default::default();
    let mut readings: BTreeMap<MetricId, (Reading, Vec<Vec<f64>>)> = BTreeMap::new();
    for process in processes {
        let new: Vec<String> = process.unparsed.into_iter().filter(|text| !unparsed.contains(text)).collect();
        unparsed.extend(new);
        let new: Vec<String> = process.notes.into_iter().filter(|note| !notes.contains(note)).collect();
        notes.extend(new);
        for reading in process.readings {
            let values = reading.sample.values().to_vec();
            readings.entry(reading.metric.id.clone()).or_insert_with(|| (reading, Vec::new())).1.push(values);
        }
    }
    let whole = readings.into_values().filter(|(_, values)| values.len() == count);
    let readings =
        whole.filter_map(|(reading, values)| Some(Reading { sample: Sample::processes(values).ok()?, ..reading }));
    // What has exhibits cannot be split.
    Parsed { readings: readings.collect(), unparsed, notes, exhibits: Vec::new() }
}
