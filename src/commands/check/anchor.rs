//! What the anchor's release has stored, so that slow drift can be counted from it. Whatever is missing is said once and fails nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::baseline::{self, BaselineFile};
use crate::model::judgement::Notice;
use crate::model::{Anchor, Conditions, Environment, MetricId, Name, StoredMetric};
use crate::plan::Plan;
use crate::report::escape::terminal;

use super::sources::{Sources, baselines};

/// The anchor of base's policy with the runs that are comparable on `here`, and what must be said where there are none. The anchor is a name
/// in the config of base, so that a change cannot move it.
pub(crate) fn read(sources: &Sources, plan: &Plan, here: &Environment) -> (Option<Anchor>, Vec<Notice>) {
    let Some(name) = &sources.config.policy.gate.anchor else { return (None, Vec::new()) };
    let shown = terminal(name);
    let note = |text: String| (None, vec![Notice::Note(text)]);
    let revision = match sources.repository.revision(name) {
        Ok(revision) => revision,
        Err(error) => {
            return note(format!(
                "Drift is not judged: the anchor {shown} of the config is not in this clone ({error}). Fetch it \
                 (git fetch --tags), or correct anchor in [gate]."
            ));
        }
    };
    let files = match baselines(&sources.repository, &revision) {
        Ok(files) => files,
        Err(failure) => {
            let first = failure.message.lines().next().unwrap_or_default().to_owned();
            return note(format!("Drift is not judged: the baselines of {shown} cannot be read: {first}."));
        }
    };
    let suites: BTreeSet<&Name> = plan.suites.iter().map(|suite| &suite.name).collect();
    let loads = plan.loads();
    let then = comparable(&files, &suites, here, &loads);
    if then.is_empty() {
        let what = if files.is_empty() { "no baselines" } else { "no baselines of this kind of machine and load" };
        return note(format!(
            "Drift is not judged: {shown} has {what}. tollgate check --base {shown} measures it directly; \
             tollgate baseline update, committed before a release is tagged, gives the next one some."
        ));
    }
    let now = comparable(&sources.baselines, &suites, here, &loads);
    (Some(Anchor { name: name.clone(), then, now }), Vec::new())
}

/// The comparable runs of the suites.
fn comparable(
    files: &[BaselineFile],
    suites: &BTreeSet<&Name>,
    here: &Environment,
    loads: &BTreeMap<Name, Conditions>,
) -> BTreeMap<MetricId, StoredMetric> {
    let of = |suite: &Name| files.iter().filter(|file| file.suite == *suite).cloned().collect::<Vec<_>>();
    let all = suites.iter().flat_map(|suite| baseline::comparable(&of(suite), here, loads));
    all.filter_map(|(id, stored)| Some((id, stored.ok()?))).collect()
}
