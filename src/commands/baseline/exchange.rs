//! `tollgate baseline import` and `export`: results of other tools in, the open format out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::baseline::{Taken, accept, stored_run};
use crate::cli::{BaselineExportArgs, BaselineImportArgs};
use crate::commands::results::read_results;
use crate::commands::{Code, Context, Failure};
use crate::measure::bench::Reading;
use crate::model::{Direction, Name, Run, StoredRun, Why};

use super::place::{
    failure, folder, from_root, git_failure, in_work_tree, machine, machine_class, repository, suite_name,
};
use super::text::{plural, visible};

const NOT_STORED: &str = "nothing stored";
const NOT_PRINTED: &str = "nothing printed";
/// How many runs a file keeps where the command line does not say.
const KEEP: u32 = 20;

/// Adds the results of another tool as one run of this revision on this machine.
pub(super) fn import(args: &BaselineImportArgs, context: &Context) -> Result<Code, Failure> {
    let suite = suite_name(&args.suite)?;
    let repository = repository(context, NOT_STORED)?;
    let readings = read_results(&args.from, &suite, &context.directory)?;
    if readings.is_empty() {
        return Err(Failure {
            code: Code::NotCovered,
            consequence: NOT_STORED,
            message: format!("`{}` holds no results", visible(&args.from)),
            hint: Some("name a criterion folder such as `target/criterion`, or a file in the open format".to_owned()),
        });
    }
    let revision = repository.revision("HEAD").map_err(|error| git_failure(NOT_STORED, &error))?;
    let mut run = Run::new(revision, machine(context, repository.root())?);
    for mut reading in readings {
        reading.metric.id.benchmark.suite = suite.clone();
        insert(&mut run, reading)?;
    }
    let taken = Taken { at_s: context.now_s, tollgate: env!("CARGO_PKG_VERSION").to_owned(), why: Why::Import };
    let run = stored_run(&run, taken);
    let metrics = plural(run.series.len(), "metric");
    let written = accept(&folder(&repository), &suite, vec![run], KEEP).map_err(|error| failure(NOT_STORED, &error))?;
    for path in written {
        let path = from_root(repository.root(), &path);
        context.print(&format!("{}\n", visible(&path)));
    }
    context.say(&format!(
        "Stored {metrics} as one run of one process: it says nothing about the spread between runs. Commit baselines/ to use it."
    ));
    Ok(Code::Pass)
}

/// Adds one reading as the run's only round.
fn insert(run: &mut Run, reading: Reading) -> Result<(), Failure> {
    let shown = visible(&reading.metric.id.to_string());
    match run.insert(reading.metric, 0, reading.sample) {
        None => Ok(()),
        Some(_) => Err(Failure {
            code: Code::Baseline,
            consequence: NOT_STORED,
            message: format!("`{shown}` appears twice"),
            hint: Some("give each benchmark a name of its own".to_owned()),
        }),
    }
}

/// Prints the newest run of a suite, exact metrics included, in the open format.
pub(super) fn export(args: &BaselineExportArgs, context: &Context) -> Result<Code, Failure> {
    let repository = repository(context, NOT_PRINTED)?;
    let class = args.class.clone().or_else(|| machine_class(context, repository.root()));
    let mut files = in_work_tree(repository.root(), NOT_PRINTED)?.of(&args.suite, class.as_deref(), NOT_PRINTED)?;
    // A metric has one newest run: that of the class, else that of `any`, which `of` sorts behind it.
    let noisy = files.iter().filter(|file| file.class != crate::baseline::ANY).count();
    if noisy > 1 {
        let classes: Vec<String> = files.iter().map(|file| format!("`{}`", visible(&file.class))).collect();
        let hint = Some(format!("name one with `--class`: {}", classes.join(", ")));
        return Err(Failure::usage("the suite has baselines of several classes", hint));
    }
    files.sort_by_key(|file| file.class == crate::baseline::ANY);
    let newest: Vec<&StoredRun> = files.iter().filter_map(|file| file.runs.first()).collect();
    context.print(&format!("{:#}\n", open_format(&newest)));
    Ok(Code::Pass)
}

/// The metrics of `runs` in the open format; where two have one metric, the first counts.
fn open_format(runs: &[&StoredRun]) -> Value {
    let mut benchmarks: BTreeMap<&Name, BTreeMap<&Name, Value>> = BTreeMap::new();
    for (id, series) in runs.iter().flat_map(|run| &run.series) {
        let better = match series.metric.direction {
            Direction::LowerIsBetter => "lower",
            Direction::HigherIsBetter => "higher",
        };
        let metric = json!({
            "name": id.metric.as_str(),
            "unit": series.metric.unit.symbol(),
            "better": better,
            "samples": series.statistics,
        });
        benchmarks.entry(&id.benchmark.benchmark).or_default().entry(&id.metric).or_insert(metric);
    }
    let benchmarks = benchmarks
        .into_iter()
        .map(|(name, metrics)| json!({ "name": name.as_str(), "metrics": metrics.into_values().collect::<Vec<_>>() }));
    json!({ "schema": 1, "benchmarks": benchmarks.collect::<Vec<_>>() })
}
