//! The runner that starts real processes: every suite of every arm prepared once, then part by part on demand.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::config::Suite;
use crate::model::{Arm, BenchmarkId, CoverageProblem, Identical, Name, Trouble};

use super::bench::Parsed;
use super::handicap::Handicap;
use super::machine::{self, Look};
use super::process::ProcessError;
use super::proof::{self, Provable};
use super::rounds::{PartId, Runner};
use super::selection::Selection;
use super::suite::{self, Build, Only, Part, PartError, Place};
use super::surroundings::Surroundings;

/// Prepared parts of both arms.
pub struct Live<'a> {
    surroundings: &'a Surroundings,
    places: &'a BTreeMap<Arm, Place>,
    parts: BTreeMap<(PartId, Arm), Box<dyn Part>>,
    selection: Option<Selection>,
    /// What passed by proof, of suites of which the rest is measured.
    proved: BTreeSet<BenchmarkId>,
    handicap: Handicap,
    /// The services that are built in an arm: several scenarios may share one.
    built: BTreeSet<(Arm, Name)>,
}

/// What preparing came to beside the parts.
#[derive(Debug, Default)]
pub struct Prepared {
    /// Builds that failed.
    pub troubles: Vec<CoverageProblem>,
    /// Suites of which base could not be built.
    pub base_failed: BTreeSet<Name>,
}

impl<'a> Live<'a> {
    /// A runner without parts.
    pub fn new(surroundings: &'a Surroundings, places: &'a BTreeMap<Arm, Place>) -> Self {
        let (parts, proved) = (BTreeMap::new(), BTreeSet::new());
        let (handicap, built) = (Handicap::default(), BTreeSet::new());
        Self { surroundings, places, parts, selection: None, proved, handicap, built }
    }

    /// Builds one suite in one arm and keeps its parts. A failed build is trouble, not an error: the other suites go on. Only the user's
    /// wish to stop ends it.
    pub fn prepare(&mut self, suite: &Suite, arm: Arm, prepared: &mut Prepared) -> Result<(), ProcessError> {
        let service = suite.service().map(|service| (arm, service.name.clone()));
        let build = if service.as_ref().is_some_and(|service| self.built.contains(service)) {
            Build::Done
        } else {
            Build::Needed
        };
        let parts = match suite::prepare(suite, build, &self.places[&arm], self.surroundings) {
            Ok(parts) => {
                self.built.extend(service);
                parts
            }
            Err(PartError::Process(ProcessError::Stopped)) => return Err(ProcessError::Stopped),
            Err(error) => {
                let trouble = Trouble::BuildFailed { arm, message: message(&error), tail: error.tail().to_owned() };
                prepared.troubles.push(CoverageProblem { suite: suite.name.clone(), benchmark: None, trouble });
                if arm == Arm::Base {
                    prepared.base_failed.insert(suite.name.clone());
                }
                return Ok(());
            }
        };
        for part in parts {
            let id = PartId { suite: suite.name.clone(), key: part.key().to_owned() };
            self.parts.insert((id, arm), part);
        }
        Ok(())
    }

    /// Leaves out what the user does not ask for: whole parts where they list their benchmarks, the rest of the others' readings.
    pub fn select(&mut self, selection: &Selection) {
        self.parts.retain(|(id, _), part| {
            part.expected().is_none_or(|names| names.iter().any(|name| selection.matches(&benchmark(id, name))))
        });
        self.selection = Some(selection.clone());
    }

    /// Slows head down from here on.
    pub fn slow_down(&mut self, handicap: Handicap) {
        self.handicap = handicap;
    }

    /// How much longer the programs of a part have to take in an arm. A part that starts one program a benchmark is called like it.
    fn delay(&self, part: &PartId, arm: Arm) -> Duration {
        Name::new(part.key.as_str()).map_or(Duration::ZERO, |name| self.handicap.delay(arm, &benchmark(part, &name)))
    }

    /// Leaves out the suites that pass by proof, and gives them with their benchmarks: of each, both arms have the same parts, and each part runs
    /// the same program on the same input. Of a suite with budgets the benchmarks without one are left out, as far as it can list them.
    pub fn prove(&mut self, suite: &Suite, provable: &Provable) -> Option<Identical> {
        let of = |arm: Arm| -> BTreeMap<&PartId, &dyn Part> {
            let own = self.parts.iter().filter(|((id, of), _)| id.suite == suite.name && *of == arm);
            own.map(|((id, _), part)| (id, part.as_ref())).collect()
        };
        let (base, head) = (of(Arm::Base), of(Arm::Head));
        let listed = |part: &dyn Part| {
            // Where the user asks for some benchmarks and a part cannot list its own, it has to be run: it may have none of them.
            part.expected().is_some() || self.selection.as_ref().is_none_or(Selection::is_everything)
        };
        let alike = |(base, head): (&&dyn Part, &&dyn Part)| listed(*head) && base.expected() == head.expected();
        let same = provable.suites.contains(&suite.name)
            && base.keys().eq(head.keys())
            && base.values().zip(head.values()).all(alike)
            && self.same(suite, base.values(), head.values(), provable);
        let limited = provable.limits(&suite.name);
        if !same || (limited && head.values().any(|part| part.expected().is_none())) {
            return None;
        }
        let all =
            head.iter().flat_map(|(id, part)| part.expected().into_iter().flatten().map(|name| benchmark(id, name)));
        let asked = all.filter(|id| self.selection.as_ref().is_none_or(|chosen| chosen.matches(id)));
        let (measured, proved): (BTreeSet<BenchmarkId>, BTreeSet<BenchmarkId>) =
            asked.partition(|id| provable.limits_of(id));
        if limited && proved.is_empty() {
            return None;
        }
        self.parts.retain(|(id, _), part| {
            let mut names = part.expected().into_iter().flatten();
            id.suite != suite.name || names.any(|name| measured.contains(&benchmark(id, name)))
        });
        let benchmarks = proved.iter().map(|id| id.benchmark.clone()).collect();
        self.proved.extend(proved);
        Some(Identical { suite: suite.name.clone(), benchmarks })
    }

    /// Whether a benchmark is asked for and did not pass by proof.
    fn wants(&self, benchmark: &BenchmarkId) -> bool {
        self.selection.as_ref().is_none_or(|selection| selection.matches(benchmark)) && !self.proved.contains(benchmark)
    }

    /// Whether the parts of a suite run the same in both arms.
    fn same<'p>(
        &self,
        suite: &Suite,
        base: impl Iterator<Item = &'p &'p dyn Part>,
        head: impl Iterator<Item = &'p &'p dyn Part>,
        provable: &Provable,
    ) -> bool {
        let (Some(b_place), Some(h_place)) = (self.places.get(&Arm::Base), self.places.get(&Arm::Head)) else {
            return false;
        };
        let runs = |(base, head): (&&dyn Part, &&dyn Part)| base.runs(b_place).zip(head.runs(h_place));
        let Some(runs) = base.zip(head).map(runs).collect::<Option<Vec<_>>>() else { return false };
        let sides: Vec<_> = runs
            .iter()
            .map(|(b, h)| (proof::Side { runs: b, place: b_place }, proof::Side { runs: h, place: h_place }))
            .collect();
        proof::same(suite, &sides, &provable.difference)
    }

    /// The benchmarks of a part that are to be run; `None` where they cannot be listed, or all are.
    fn selected(&self, id: &PartId, part: &dyn Part) -> Option<BTreeSet<Name>> {
        let names = part.expected()?;
        let chosen: BTreeSet<Name> = names.iter().filter(|name| self.wants(&benchmark(id, name))).cloned().collect();
        (chosen.len() < names.len()).then_some(chosen)
    }
}

fn benchmark(part: &PartId, name: &Name) -> BenchmarkId {
    BenchmarkId { suite: part.suite.clone(), benchmark: name.clone() }
}

/// An error with its causes.
fn message(error: &PartError) -> String {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        message.push_str(": ");
        message.push_str(&next.to_string());
        cause = next.source();
    }
    message
}

impl Runner for Live<'_> {
    fn parts(&self) -> Vec<(PartId, BTreeSet<Arm>)> {
        let mut parts: BTreeMap<PartId, BTreeSet<Arm>> = BTreeMap::new();
        for (id, arm) in self.parts.keys() {
            parts.entry(id.clone()).or_default().insert(*arm);
        }
        parts.into_iter().collect()
    }

    fn selects(&self, part: &PartId) -> bool {
        let of = |arm| self.parts.get(&(part.clone(), arm));
        Arm::BOTH.into_iter().filter_map(of).all(|part| part.selects())
    }

    fn may_be_canary(&self, part: &PartId) -> bool {
        self.parts.get(&(part.clone(), Arm::Base)).is_some_and(|part| part.may_be_canary())
    }

    fn measuring_s(&self, part: &PartId) -> Option<f64> {
        let of = |arm| self.parts.get(&(part.clone(), arm)).and_then(|part| part.measuring_s());
        let [base, head] = Arm::BOTH.map(of);
        base.zip(head).map(|(base, head)| base.max(head))
    }

    fn machine(&self) -> Option<Look> {
        machine::look()
    }

    fn run(&mut self, part: &PartId, arm: Arm, only: Only<'_>, processes: u32) -> Result<Parsed, PartError> {
        let prepared = self.parts.get(&(part.clone(), arm)).expect("rounds run only the parts that were listed");
        let selected = self.selected(part, prepared.as_ref());
        let only = match (only, &selected) {
            (Only::All, Some(selected)) => Only::These(selected),
            (only, _) => only,
        };
        let surroundings = Surroundings { delay: self.delay(part, arm), ..self.surroundings.clone() };
        let mut parsed = prepared.run(only, processes, &self.places[&arm], &surroundings)?;
        parsed.readings.retain(|reading| self.wants(&reading.metric.id.benchmark));
        parsed.readings = parsed.readings.into_iter().map(|reading| self.handicap.apply(arm, reading)).collect();
        Ok(parsed)
    }
}
