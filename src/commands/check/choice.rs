//! Whether stored runs are good enough to stand in for base, suite by suite, decided before anything is measured. Refuses to measure.
//!
//! Rounds of base beside head carry a promise that needs no assumption; stored runs do not. So they stand in for base only where they lose
//! nothing: for exact metrics; and for times where the run-level rank alone keeps the gate's rate, every metric could show what must not slip
//! through, and the runs are recent. That is a quiet machine of one's own, not a shared runner.

use std::collections::{BTreeMap, BTreeSet};

use crate::baseline::{self, BaselineFile};
use crate::config::{Policy, Severity};
use crate::judge::{Sight, sights};
use crate::model::verdict::Incomparable;
use crate::model::{Determinism, Environment, MetricId, Name, StoredMetric, Why};
use crate::report::number::{percent, plural};
use crate::stats::conformal::runs_needed;

/// Older runs are of a machine that may have changed since: seconds in 30 days.
const RECENT_S: i64 = 30 * 24 * 3600;

/// The suites that stored runs decide, and why a suite that has stored times is one of them or is not.
#[derive(Debug, Default)]
pub(super) struct Choice {
    pub(super) by_stored: BTreeSet<Name>,
    pub(super) why: BTreeMap<Name, String>,
}

type Comparable = BTreeMap<MetricId, Result<StoredMetric, Incomparable>>;

/// Chooses. `here` is asked only where there are stored times.
pub(super) fn make(
    files: &[BaselineFile],
    suites: &BTreeSet<Name>,
    policy: &Policy,
    here: impl FnOnce() -> Environment,
    now_s: i64,
) -> Choice {
    let mut choice = Choice::default();
    let mut timed: Vec<(&Name, Vec<BaselineFile>)> = Vec::new();
    for suite in suites {
        let own: Vec<BaselineFile> = files.iter().filter(|file| file.suite == *suite).cloned().collect();
        let mut stored = own.iter().flat_map(|file| &file.runs).flat_map(|run| run.series.values()).peekable();
        if stored.peek().is_none() {
            continue;
        }
        if stored.all(|series| series.metric.determinism == Determinism::Exact) {
            // One stored run is as good as measuring base again.
            choice.by_stored.insert(suite.clone());
        } else {
            timed.push((suite, own));
        }
    }
    if timed.is_empty() {
        return choice;
    }
    let here = here();
    let timed: Vec<(&Name, Comparable)> =
        timed.into_iter().map(|(suite, files)| (suite, baseline::comparable(&files, &here))).collect();
    // What one suite could show depends on how many metrics share the rate, so the suites are looked at together.
    let together = timed.iter().flat_map(|(_, stored)| stored).filter_map(|(id, one)| Some((id, one.as_ref().ok()?)));
    let sights = sights(&together.map(|(id, stored)| (id.clone(), stored.clone())).collect(), policy);
    for (suite, stored) in timed {
        let (good, why) = match against(&stored, &sights, policy, now_s) {
            Some(why) => (false, why),
            None => (true, "they could show what must not slip through, at the gate's false-alarm rate".to_owned()),
        };
        choice.why.insert(suite.clone(), why);
        if good {
            choice.by_stored.insert(suite.clone());
        }
    }
    choice
}

/// What speaks against the stored runs of a suite.
fn against(stored: &Comparable, sights: &BTreeMap<MetricId, Sight>, policy: &Policy, now_s: i64) -> Option<String> {
    if stored.values().any(Result::is_err) {
        return Some("some of them come from another kind of machine".to_owned());
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
    let needed = runs_needed(policy.gate.false_alarm_rate);
    if let Some(fewest) = fewest.filter(|fewest| *fewest < needed) {
        return Some(format!(
            "they are {fewest}, and it takes {needed} to keep a false-alarm rate of {} whatever the noise",
            percent(policy.gate.false_alarm_rate)
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
