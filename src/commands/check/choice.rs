//! Whether stored runs are good enough to stand in for base, suite by suite, decided before anything is measured. Refuses to measure.
//!
//! Rounds of base beside head carry a promise that needs no assumption; stored runs do not. So they stand in for base only where they lose
//! nothing: for exact metrics; and for times where the run-level rank alone keeps what stored runs have of the gate's rate, every metric could
//! show what must not slip through, and the runs are recent. That is a quiet machine of one's own, not a shared runner.
//!
//! What stored runs have depends on who shares the rate, and so on the choice itself: nearly all of it where they decide every suite, a tenth
//! beside suites that are measured in pairs. So the first is hoped for, and where a suite disappoints the others are asked again, by the second.

use std::collections::{BTreeMap, BTreeSet};

use crate::baseline::{self, BaselineFile};
use crate::config::{Policy, Severity};
use crate::judge::{Sight, sights};
use crate::model::verdict::Incomparable;
use crate::model::{
    Conditions, Determinism, Environment, MetricId, Name, Shares, StoredMetric, StoredRun, TestFamily, Why,
};
use crate::report::number::{percent, plural};
use crate::stats::conformal::runs_needed;

/// Older runs are of a machine that may have changed since: seconds in 30 days.
const RECENT_S: i64 = 30 * 24 * 3600;

/// The suites that stored runs decide, and why a suite that has stored times is one of them or is not.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    pub(crate) by_stored: BTreeSet<Name>,
    pub(crate) why: BTreeMap<Name, String>,
}

type Comparable = BTreeMap<MetricId, Result<StoredMetric, Incomparable>>;
type Timed<'a> = Vec<(&'a Name, Comparable)>;

/// Chooses. `loads` are those of scenarios, as head is measured. `shares` says how the rate is shared where stored runs decide these suites; `here` is
/// asked only where there are stored times.
pub(crate) fn make(
    files: &[BaselineFile],
    suites: &BTreeSet<Name>,
    loads: &BTreeMap<Name, Conditions>,
    policy: &Policy,
    shares: impl Fn(&BTreeSet<Name>) -> Shares,
    here: impl FnOnce() -> Environment,
    now_s: i64,
) -> Choice {
    let mut exact = BTreeSet::new();
    let mut timed: Vec<(&Name, Vec<BaselineFile>)> = Vec::new();
    for suite in suites {
        let own: Vec<BaselineFile> = files.iter().filter(|file| file.suite == *suite).cloned().collect();
        let mut stored = own.iter().flat_map(|file| &file.runs).flat_map(|run| run.series.values()).peekable();
        if stored.peek().is_none() {
            continue;
        }
        let load =
            |run: &StoredRun| run.conditions.as_ref().zip(loads.get(suite)).is_none_or(|(stored, load)| stored == load);
        let of_this_load = own.iter().flat_map(|file| &file.runs).any(load);
        if of_this_load && stored.all(|series| series.metric.determinism == Determinism::Exact) {
            // One stored run is as good as measuring base again.
            exact.insert(suite.clone());
        } else {
            timed.push((suite, own));
        }
    }
    if timed.is_empty() {
        return Choice { by_stored: exact, why: BTreeMap::new() };
    }
    let here = here();
    let timed: Timed =
        timed.into_iter().map(|(suite, files)| (suite, baseline::comparable(&files, &here, loads))).collect();
    let all = exact.iter().chain(timed.iter().map(|(suite, _)| *suite)).cloned().collect();
    let hoped = shares(&all);
    let choice = by_shares(&exact, &timed, policy, &hoped, now_s);
    // Who is measured in pairs after all has most of the rate.
    let beside = shares(&choice.by_stored);
    if beside == hoped {
        return choice;
    }
    let beside = beside.among(beside.families().chain([TestFamily::Stored]));
    by_shares(&exact, &timed, policy, &beside, now_s)
}

/// Chooses where the rate is shared like this.
fn by_shares(exact: &BTreeSet<Name>, timed: &Timed<'_>, policy: &Policy, shares: &Shares, now_s: i64) -> Choice {
    let mut choice = Choice { by_stored: exact.clone(), why: BTreeMap::new() };
    let mut policy = policy.clone();
    policy.gate.shares = shares.clone();
    let policy = &policy;
    // What one suite could show depends on how many metrics share the rate, so the suites are looked at together.
    let together = timed.iter().flat_map(|(_, stored)| stored).filter_map(|(id, one)| Some((id, one.as_ref().ok()?)));
    let sights = sights(&together.map(|(id, stored)| (id.clone(), stored.clone())).collect(), policy);
    for (suite, stored) in timed {
        let (good, why) = match against(stored, &sights, policy, now_s) {
            Some(why) => (false, why),
            None => {
                (true, "they could show what must not slip through, at their share of the false-alarm rate".to_owned())
            }
        };
        choice.why.insert((*suite).clone(), why);
        if good {
            choice.by_stored.insert((*suite).clone());
        }
    }
    choice
}

/// What speaks against the stored runs of a suite.
fn against(stored: &Comparable, sights: &BTreeMap<MetricId, Sight>, policy: &Policy, now_s: i64) -> Option<String> {
    match stored.values().find_map(|one| one.as_ref().err()) {
        Some(Incomparable::StoredConditions(_)) => return Some("some of them are of another load".to_owned()),
        Some(_) => return Some("some of them come from another kind of machine".to_owned()),
        None => {}
    }
    let times: Vec<(&MetricId, &StoredMetric)> = stored
        .iter()
        .filter_map(|(id, one)| Some((id, one.as_ref().ok()?)))
        .filter(|(_, one)| one.metric.determinism == Determinism::Noisy)
        .filter(|(_, one)| policy.resolve(&one.metric).severity == Severity::Blocking)
        .collect();
    if times.is_empty() {
        return Some("none of its stored times blocks".to_owned());
    }
    if times.iter().flat_map(|(_, one)| &one.runs).any(|run| run.why == Why::Import) {
        return Some("some of them are imports, of one process each".to_owned());
    }
    let blind = times.iter().any(|(id, _)| !sights.contains_key(id));
    let sights = times.iter().filter_map(|(id, _)| sights.get(id));
    let worst = sights.clone().filter(|sight| sight.detectable_ratio > sight.must_detect_ratio);
    let worst = worst.max_by(|a, b| a.detectable_ratio.total_cmp(&b.detectable_ratio));
    if let Some(Sight { runs, detectable_ratio, .. }) = worst {
        let shown = percent((detectable_ratio * 1000.0).round() / 1000.0);
        return Some(format!("{} could only show +{shown}", plural(*runs as usize, "stored run")));
    }
    let fewest = sights.map(|sight| sight.runs as usize).min();
    let share = policy.gate.shares.of(TestFamily::Stored);
    let needed = runs_needed(share);
    if let Some(fewest) = fewest.filter(|fewest| *fewest < needed) {
        return Some(format!(
            "they are {fewest}, and it takes {needed} to keep their share of the false-alarm rate, {}, whatever the noise",
            percent(share)
        ));
    }
    if blind {
        return Some("some of their values are 0, so that there is no ratio".to_owned());
    }
    let newest = times.iter().filter_map(|(_, one)| one.runs.first()).map(|run| run.taken_at_s).min();
    newest
        .filter(|newest| now_s.saturating_sub(*newest) > RECENT_S)
        .map(|_| "the newest of them is more than 30 days old".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::measure::scripted::time;
    use crate::model::{Metric, Revision, StoredSeries};

    const DAY_S: i64 = 24 * 3600;

    fn here() -> Environment {
        let [cpu_model, os, kernel, hypervisor, toolchain] =
            ["x", "Debian", "6.1", "none", "rustc 1"].map(str::to_owned);
        Environment { cpu_model, cores: 2, memory_bytes: 1, os, kernel, hypervisor, image: None, toolchain }
    }

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    /// Runs of the suite `core`, half a percent apart, the newest taken on day 100.
    fn file(runs: u32, metric: &Metric, why: Why) -> BaselineFile {
        let mut file = BaselineFile::new(name("core"), here().class());
        for run in 0..runs {
            let [commit, tree, label, title, tollgate] = ["c", "t", "main", "", "1"].map(str::to_owned);
            let series =
                StoredSeries { metric: metric.clone(), statistics: vec![1.0 + 0.002 * f64::from(run * 7 % 5)] };
            file.add(StoredRun {
                revision: Revision { commit, tree, label, title, committed_at_s: 0, dirty: false },
                environment: here(),
                taken_at_s: 100 * DAY_S - i64::from(runs - 1 - run),
                tollgate,
                why,
                conditions: None,
                series: BTreeMap::from([(metric.id.clone(), series)]),
            });
        }
        file
    }

    fn all_to_stored() -> Shares {
        Shares::new(0.05, [TestFamily::Stored])
    }

    /// Whether stored runs of the suite are taken on that day, and why.
    fn chosen(file: &BaselineFile, here: Environment, day: i64) -> (bool, Option<String>) {
        let policy = Config::parse("[gate]\nfalse-alarm-rate = '5 %'", "tollgate.toml").unwrap().policy;
        let suites = BTreeSet::from([name("core"), name("other")]);
        let choice = make(
            std::slice::from_ref(file),
            &suites,
            &BTreeMap::new(),
            &policy,
            |_| all_to_stored(),
            || here,
            day * DAY_S,
        );
        assert!(!choice.by_stored.contains(&name("other")) && !choice.why.contains_key(&name("other")));
        (choice.by_stored.contains(&name("core")), choice.why.get(&name("core")).cloned())
    }

    #[track_caller]
    fn refused(file: &BaselineFile, here: Environment, day: i64, because: &str) {
        let (taken, why) = chosen(file, here, day);
        assert!(!taken && why.as_ref().is_some_and(|why| why.contains(because)), "{why:?}");
    }

    #[test]
    fn enough_recent_steady_runs_of_this_machine_are_taken_and_no_others() {
        let metric = time(&name("core"), &name("a"));
        let good = file(19, &metric, Why::Update);
        assert!(chosen(&good, here(), 101).0);
        refused(&file(2, &metric, Why::Update), here(), 101, "2 stored runs could only show +");
        refused(&file(18, &metric, Why::Update), here(), 101, "they are 18, and it takes 19 to keep");
        refused(&good, here(), 131, "more than 30 days old");
        refused(&file(19, &metric, Why::Import), here(), 101, "imports");
        refused(&good, Environment { cores: 4, ..here() }, 101, "another kind of machine");
    }

    #[test]
    fn values_of_zero_and_metrics_that_do_not_block_are_no_reason_to_leave_base_out() {
        let metric = time(&name("core"), &name("a"));
        let mut zero = file(19, &metric, Why::Update);
        zero.runs[3].series.values_mut().for_each(|series| series.statistics = vec![0.0]);
        refused(&zero, here(), 101, "some of their values are 0");
        let informative = Metric { role: crate::model::Role::Informative, ..metric };
        refused(&file(19, &informative, Why::Update), here(), 101, "none of its stored times blocks");
    }

    #[test]
    fn beside_a_suite_in_pairs_it_takes_ten_times_as_many_runs() {
        let policy = Config::parse("[gate]\nfalse-alarm-rate = '50 %'", "tollgate.toml").unwrap().policy;
        let suites = BTreeSet::from([name("core"), name("other")]);
        let chosen = |runs: u32, together: bool| {
            let shares = |by_stored: &BTreeSet<Name>| {
                let alone = together || by_stored.contains(&name("other"));
                let pairs = (!alone).then_some(TestFamily::Pairs);
                let stored = (!by_stored.is_empty()).then_some(TestFamily::Stored);
                Shares::new(0.5, pairs.into_iter().chain(stored))
            };
            let file = file(runs, &time(&name("core"), &name("a")), Why::Update);
            let choice = make(&[file], &suites, &BTreeMap::new(), &policy, shares, here, 101 * DAY_S);
            (choice.by_stored.contains(&name("core")), choice.why[&name("core")].clone())
        };
        assert!(chosen(10, true).0, "a rank among ten runs reaches 50 %");
        let (taken, why) = chosen(18, false);
        assert!(!taken && why.contains("they are 18, and it takes 19 to keep their share"), "{why}");
        assert!(why.contains("of the false-alarm rate, 5 %"), "{why}");
        assert!(chosen(19, false).0);
    }

    #[test]
    fn a_suite_that_disappoints_takes_the_others_along() {
        let policy = Config::parse("[gate]\nfalse-alarm-rate = '5 %'", "tollgate.toml").unwrap().policy;
        let suites = BTreeSet::from([name("core"), name("other")]);
        let shares = |by_stored: &BTreeSet<Name>| {
            let pairs = (by_stored.len() < 2).then_some(TestFamily::Pairs);
            Shares::new(0.05, pairs.into_iter().chain([TestFamily::Stored]))
        };
        let chosen = |others: u32| {
            let mut other = file(others, &time(&name("other"), &name("b")), Why::Update);
            other.suite = name("other");
            let core = file(19, &time(&name("core"), &name("a")), Why::Update);
            make(&[core, other], &suites, &BTreeMap::new(), &policy, shares, here, 101 * DAY_S)
        };
        assert_eq!(chosen(19).by_stored, suites);
        let alone = chosen(18);
        assert!(alone.by_stored.is_empty(), "{alone:?}");
        assert!(alone.why[&name("core")].contains("it takes 199 to keep their share"), "{alone:?}");
    }

    #[test]
    fn one_run_of_exact_metrics_is_enough_and_the_machine_is_not_asked() {
        let metric = Metric { determinism: Determinism::Exact, ..time(&name("core"), &name("a")) };
        let policy = Config::parse("", "tollgate.toml").unwrap().policy;
        let never = || -> Environment { unreachable!("exact metrics are the same on every machine") };
        let suites = BTreeSet::from([name("core")]);
        let choice =
            make(&[file(1, &metric, Why::Update)], &suites, &BTreeMap::new(), &policy, |_| all_to_stored(), never, 0);
        assert_eq!((choice.by_stored.len(), choice.why.len()), (1, 0));
    }

    #[test]
    fn runs_of_another_load_are_no_reason_to_leave_base_out_whatever_was_stored() {
        let time = time(&name("core"), &name("a"));
        let exact = Metric { determinism: Determinism::Exact, ..time.clone() };
        let policy = Config::parse("[gate]\nfalse-alarm-rate = '5 %'", "tollgate.toml").unwrap().policy;
        let load = |rate: &str| Conditions::new([("level".to_owned(), rate.to_owned())]);
        for (runs, metric) in [(19, time), (1, exact)] {
            let mut file = file(runs, &metric, Why::Update);
            let suites = BTreeSet::from([name("core")]);
            let mut chosen = |stored: Option<&str>| {
                file.runs.iter_mut().for_each(|run| run.conditions = stored.map(load));
                let loads = BTreeMap::from([(name("core"), load("200/s"))]);
                let files = std::slice::from_ref(&file);
                let choice = make(files, &suites, &loads, &policy, |_| all_to_stored(), here, 101 * DAY_S);
                (choice.by_stored == suites, choice.why.get(&name("core")).cloned().unwrap_or_default())
            };
            assert!(chosen(Some("200/s")).0 && chosen(None).0);
            assert_eq!(chosen(Some("100/s")), (false, "some of them are of another load".to_owned()));
        }
    }
}
