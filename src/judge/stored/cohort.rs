//! The run-level rule: does this run stand out from the stored ones in any metric at all? Refuses to know tolerances other than as a shift.
//!
//! Runs can only be ranked by metrics that all of them have, and a benchmark that was added later is missing from older runs for a reason that
//! has nothing to do with its value. So metrics are ranked in *cohorts*: those that the same stored runs have. Within a cohort nothing is missing
//! and the promise of the rank holds; over several cohorts their probabilities add up.

use std::collections::BTreeMap;

use crate::model::{MetricId, StoredValues};
use crate::stats::conformal::{self, Standing, standing};
use crate::stats::prediction::Prior;
use crate::stats::summary::median;

use super::Case;

/// What keeps a metric that happened to be still in few runs from drowning the others: 1 % with three degrees of freedom.
pub(super) const SCORE_PRIOR: Prior = Prior { sd: 0.01, degrees_of_freedom: 3.0 };

/// Which stored run a value is from: when it was accepted, its commit, and which of several such.
pub(super) type RunKey = (i64, String, usize);

/// The one value of each stored run with the run it is from, in the order given.
pub(super) fn keyed(runs: &[StoredValues]) -> Vec<(f64, RunKey)> {
    let mut seen: BTreeMap<(i64, &str), usize> = BTreeMap::new();
    let mut keyed = Vec::new();
    for run in runs {
        let count = seen.entry((run.taken_at_s, run.commit.as_str())).or_insert(0);
        let key = (run.taken_at_s, run.commit.clone(), *count);
        keyed.extend(median(&run.statistics).map(|value| (value, key)));
        *count += 1;
    }
    keyed
}

/// Metrics that the same stored runs have, ranked together.
struct Cohort {
    blocking: bool,
    runs: usize,
    /// As it is, and as it would be if each metric were better by its tolerance; `None` where there are too few runs.
    worse: Option<[Standing; 2]>,
    better: Option<[Standing; 2]>,
    /// The score that stands out, from the stored runs alone.
    bar: Option<f64>,
}

/// All cohorts, and which of them a metric is in at which place.
pub(super) struct Cohorts {
    cohorts: Vec<Cohort>,
    places: BTreeMap<MetricId, (usize, usize)>,
}

impl Cohorts {
    pub(super) fn new(cases: &BTreeMap<MetricId, Case>) -> Self {
        let mut groups: BTreeMap<(bool, &[RunKey]), Vec<&MetricId>> = BTreeMap::new();
        for (id, case) in cases {
            groups.entry((case.blocking, &case.keys)).or_default().push(id);
        }
        let mut all = Self { cohorts: Vec::new(), places: BTreeMap::new() };
        for (at, members) in groups.into_values().enumerate() {
            all.places.extend(members.iter().enumerate().map(|(place, id)| ((*id).clone(), (at, place))));
            let cases: Vec<&Case> = members.into_iter().map(|id| &cases[id]).collect();
            all.cohorts.push(Cohort::new(&cases));
        }
        all
    }

    /// Whether head is worse in this metric than any run is in any metric of the cohort. A single stored run cannot say that it is not.
    pub(super) fn worse(&self, id: &MetricId) -> bool {
        self.stands_out(id, |cohort| &cohort.worse)
    }

    /// The same on the other side.
    pub(super) fn better(&self, id: &MetricId) -> bool {
        self.stands_out(id, |cohort| &cohort.better)
    }

    fn stands_out(&self, id: &MetricId, of: fn(&Cohort) -> &Option<[Standing; 2]>) -> bool {
        let Some((cohort, place)) = self.places.get(id) else { return false };
        let standings = of(&self.cohorts[*cohort]).as_ref();
        standings.is_none_or(|standings| standings.iter().all(|standing| standing.above(*place)))
    }

    /// The score that a metric has to pass, about, from the stored runs alone.
    pub(super) fn bar(&self, id: &MetricId) -> Option<f64> {
        self.cohorts[self.places.get(id)?.0].bar
    }

    /// How many metrics are ranked together with this one.
    pub(super) fn size(&self, id: &MetricId) -> usize {
        let own = self.places.get(id).map(|(cohort, _)| *cohort);
        self.places.values().filter(|(cohort, _)| Some(*cohort) == own).count()
    }

    /// The largest probability, in (0, 1], that a metric that blocks is called regressed in a run of unchanged code, if the runs are exchangeable.
    pub(super) fn false_alarm_rate(&self) -> f64 {
        let blocking = self.cohorts.iter().filter(|cohort| cohort.blocking);
        let level = |cohort: &Cohort| if cohort.runs < 2 { 1.0 } else { conformal::attainable_level(cohort.runs) };
        blocking.map(level).sum::<f64>().min(1.0)
    }
}

impl Cohort {
    /// `members` are never empty, and all have the same runs.
    fn new(members: &[&Case]) -> Self {
        let side = |sign: f64| {
            let history: Vec<Vec<f64>> =
                members.iter().map(|case| case.history.iter().map(|value| sign * value).collect()).collect();
            // By head as it is, a run of unchanged code stands out no more often than any other run. By head with its tolerances taken off, one
            // in which every metric is worse by just its tolerance does not either.
            let ranked = |allowed: f64| {
                let head: Option<Vec<f64>> =
                    members.iter().map(|case| Some(sign * case.head? - allowed * case.tolerance)).collect();
                standing(&history, &head?, SCORE_PRIOR).ok()
            };
            Some([ranked(0.0)?, ranked(1.0)?])
        };
        let history: Vec<Vec<f64>> = members.iter().map(|case| case.history.clone()).collect();
        Self {
            blocking: members[0].blocking,
            runs: members[0].history.len(),
            worse: side(1.0),
            better: side(-1.0),
            bar: conformal::bar(&history, SCORE_PRIOR),
        }
    }
}
