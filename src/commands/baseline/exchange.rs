//! `tollgate baseline import` and `export`: results of other tools in, the open format out.

use std::collections::BTreeMap;

use crate::baseline::{ANY, Taken, accept, stored_run};
use crate::cli::{BaselineExportArgs, BaselineImportArgs};
use crate::commands::check::sources::config_at;
use crate::commands::results::{better, not_understood, read_results};
use crate::commands::{Code, Context, Failure};
use crate::measure::bench::{Reading, json};
use crate::model::{MetricId, Run, Sample, Why};
use crate::report::escape::terminal;
use crate::report::number::plural;

use super::NOT_STORED;
use super::place::{failure, folder, from_root, git_failure, in_work_tree, machine, repository, suite_name};

const NOT_PRINTED: &str = "nothing printed";
/// How many runs a file keeps where the command line does not say.
const KEEP: u32 = 20;

/// Adds the results of another tool as one run of this revision on this machine.
pub(super) fn import(args: &BaselineImportArgs, context: &Context) -> Result<Code, Failure> {
    let suite = suite_name(&args.suite)?;
    let repository = repository(context, NOT_STORED)?;
    let head = repository.revision("HEAD").map_err(|error| git_failure(NOT_STORED, &error))?;
    // A config that cannot be read says nothing of directions; results that need it are then named as not understood.
    let better = config_at(&repository, &head).ok().flatten().map(|config| better(&config, &suite)).unwrap_or_default();
    let parsed = read_results(&args.from, &suite, &context.directory, (None, &better), NOT_STORED)?;
    let revision = head.short();
    let mut run = Run::new(head, machine(context, repository.root()));
    for Reading { metric, sample } in parsed.readings {
        run.insert(metric, 0, sample);
    }
    let taken = Taken { at_s: context.now_s, tollgate: env!("CARGO_PKG_VERSION").to_owned(), why: Why::Import };
    let run = stored_run(&run, taken);
    let metrics = plural(run.series.len(), "metric");
    let written = accept(&folder(&repository), &suite, vec![run], KEEP).map_err(|error| failure(NOT_STORED, &error))?;
    for path in written {
        let path = from_root(repository.root(), &path);
        context.print(&format!("{}\n", terminal(&path)));
    }
    let left_out = not_understood(&parsed.unparsed);
    if !left_out.is_empty() {
        context.print(&format!("Not understood, and not stored:\n  {}\n", left_out.join("\n  ")));
    }
    if !parsed.notes.is_empty() {
        context.print(&format!("What they do not say:\n  {}\n", not_understood(&parsed.notes).join("\n  ")));
    }
    context.say(&format!(
        "Stored {metrics} as one run of {}. One process says nothing about the spread between runs: only large changes of a time can be \
         told by it. Commit baselines/ to use it.",
        terminal(&revision)
    ));
    Ok(Code::Pass)
}

/// Prints the newest run of a suite, exact metrics included, in the open format.
pub(super) fn export(args: &BaselineExportArgs, context: &Context) -> Result<Code, Failure> {
    let repository = repository(context, NOT_PRINTED)?;
    let class = args.class.clone().unwrap_or_else(|| machine(context, repository.root()).class());
    let mut files = in_work_tree(repository.root(), NOT_PRINTED)?.of(&args.suite, &class, NOT_PRINTED)?;
    // The class's newest run says it, and `any` has what is left: the exact metrics.
    files.sort_by_key(|file| file.class == ANY);
    let mut readings: BTreeMap<MetricId, Reading> = BTreeMap::new();
    for (id, series) in files.iter().filter_map(|file| file.runs.first()).flat_map(|run| &run.series) {
        let sample =
            Sample::new(series.statistics.clone()).expect("a baseline holds 1 to 64 values that can be stored");
        readings.entry(id.clone()).or_insert(Reading { metric: series.metric.clone(), sample });
    }
    let readings: Vec<Reading> = readings.into_values().collect();
    context.print(&json::write(&readings));
    Ok(Code::Pass)
}
