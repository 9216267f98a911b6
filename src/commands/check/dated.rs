//! What must be said of the stored runs that head is judged by: old, odd, from elsewhere, or of a level that is gone. Fails nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::commands::baseline::history::OLD_DAYS;
use crate::judge::history::{Levels, outliers};
use crate::model::judgement::Notice;
use crate::model::verdict::Incomparable;
use crate::model::{MetricId, StoredMetric};
use crate::report::escape::terminal;
use crate::report::number::plural;

use super::sources::Sources;

const DAY_S: i64 = 86_400;

/// The notices, by base's policy.
pub(crate) fn notices(
    sources: &Sources,
    stored: &BTreeMap<MetricId, Result<StoredMetric, Incomparable>>,
    levels: &Levels,
    now_s: i64,
) -> Vec<Notice> {
    let policy = &sources.config.policy;
    let stored: BTreeMap<MetricId, StoredMetric> =
        stored.iter().filter_map(|(id, stored)| Some((id.clone(), stored.as_ref().ok()?.clone()))).collect();
    let mut notices = Vec::new();
    let mut say = |text: String| notices.push(Notice::Note(text));
    let newest = stored.values().filter_map(|stored| stored.runs.iter().map(|run| run.taken_at_s).max()).min();
    if let Some(days) = newest.map(|newest| now_s.saturating_sub(newest) / DAY_S).filter(|days| *days > OLD_DAYS) {
        let age = plural(usize::try_from(days).unwrap_or(0), "day");
        say(format!("The newest stored run of a metric is {age} old: tollgate baseline update accepts new ones."));
    }
    let cut = stored.iter().filter_map(|(id, stored)| {
        let tolerance_ratio = policy.resolve(&stored.metric).thresholds.tolerance_ratio;
        let counting = levels.current(stored, tolerance_ratio).len();
        (counting < stored.runs.len()).then(|| (stored.runs.len() - counting, id))
    });
    let cut: Vec<(usize, &MetricId)> = cut.collect();
    if let Some((runs, id)) = cut.iter().max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(a.1))) {
        say(format!(
            "The level of {} has changed: the stored runs before that do not count ({} of {}). \
             tollgate baseline history shows where.",
            plural(cut.len(), "metric"),
            plural(*runs, "run"),
            terminal(&id.to_string())
        ));
    }
    for outlier in outliers(&stored, levels, policy).iter().take(3) {
        say(format!(
            "The stored run of {} lies far outside of the others in {} ({}).",
            short(&outlier.commit),
            plural(outlier.metrics, "metric"),
            terminal(&outlier.worst.to_string())
        ));
    }
    let commits: BTreeSet<&str> =
        stored.values().flat_map(|stored| &stored.runs).map(|run| run.commit.as_str()).collect();
    let strays: Vec<String> = commits
        .into_iter()
        .filter(|commit| sources.repository.is_ancestor(commit, &sources.base.commit) == Some(false))
        .map(short)
        .collect();
    if let Some(first) = strays.first() {
        let many = plural(strays.len(), "commit");
        say(format!(
            "Stored runs come from {many} that base does not contain ({first}): they measured another program."
        ));
    }
    notices
}

fn short(commit: &str) -> String {
    terminal(&commit.chars().take(9).collect::<String>())
}
