//! Writes what a check measured beside its reports.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::baseline::store::write_atomically;
use crate::commands::check::evidence::Gathered;
use crate::commands::check::sources::Sources;
use crate::commands::output::unwritten;
use crate::commands::{Context, Failure};
use crate::measure::evidence::{self, BYTES_MAX, FILE, Fact, Limits, Measurement};
use crate::model::Name;
use crate::plan::Plan;

/// Writes the evidence into `folder`. What would be too large to be read is not written, and that is said: the verdict here stands without it.
pub(crate) fn write(
    sources: &Sources,
    plan: &Plan,
    gathered: &Gathered,
    folder: &Path,
    context: &Context,
) -> Result<(), Failure> {
    let text = evidence::to_json(&measurement(sources, plan, gathered));
    if text.len() > BYTES_MAX {
        context.say(&format!("{FILE} would be larger than {} MiB and is not written", BYTES_MAX >> 20));
        return Ok(());
    }
    let path = folder.join(FILE);
    write_atomically(&path, text.as_bytes()).map_err(|error| unwritten(&path, &error))
}

/// What was measured, without what was asked of it.
fn measurement(sources: &Sources, plan: &Plan, gathered: &Gathered) -> Measurement {
    let mut suites: BTreeMap<Name, BTreeSet<Fact>> =
        plan.suites.iter().map(|suite| (suite.name.clone(), BTreeSet::new())).collect();
    let changed = plan.suites.iter().filter(|suite| suite.changed).map(|suite| suite.name.clone()).collect();
    let facts = [
        (Fact::ByStored, &gathered.by_stored),
        (Fact::Changed, &changed),
        (Fact::SourcesChanged, &gathered.sources_changed),
        (Fact::BaseFailed, &gathered.session.base_failed),
        (Fact::OtherConditions, &plan.conditions().into_keys().collect()),
    ];
    for (fact, names) in facts {
        for name in names {
            suites.entry(name.clone()).or_default().insert(fact);
        }
    }
    Measurement {
        tollgate: env!("CARGO_PKG_VERSION").to_owned(),
        seed: plan.seed,
        base: sources.base.clone(),
        measured: gathered.session.measured.clone(),
        suites,
        limits: Limits { rounds_max: plan.rounds_max, patient: plan.patient, time_limit: plan.time_limit },
    }
}
