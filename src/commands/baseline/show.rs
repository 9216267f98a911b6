//! `tollgate baseline list` and `show`: what is stored.

use serde_json::{Value, json};

use crate::baseline::BaselineFile;
use crate::baseline::summary::{Summary, summaries};
use crate::cli::{BaselineListArgs, BaselineShowArgs};
use crate::commands::{Code, Context, Failure};
use crate::model::{StoredRun, Why};
use crate::report::escape::terminal;
use crate::report::number::{plural, quantity};
use crate::stats::summary::median;

use super::history::sparkline;
use super::place::{in_work_tree, machine, repository, unreadable};
use super::text::{day, percent, table, time};

const NOT_SHOWN: &str = "nothing shown";
/// What setting up a run (checkout, build, start) is taken to cost, in rounds.
const SETUP_ROUNDS: f64 = 10.0;

/// Lists suites and classes. What can be read is listed although another file cannot.
pub(super) fn list(args: &BaselineListArgs, context: &Context) -> Result<Code, Failure> {
    let repository = repository(context, NOT_SHOWN)?;
    let stored = in_work_tree(repository.root(), NOT_SHOWN)?;
    if args.json {
        let files: Vec<Value> = stored.files.iter().map(|(path, file)| listed_json(path, file)).collect();
        context.print(&format!("{:#}\n", json!({ "schema": 1, "baselines": files })));
    } else if stored.files.is_empty() && stored.errors.is_empty() {
        context.print("No baselines yet. `tollgate baseline update` measures and stores them.\n");
    } else {
        let header = ["suite", "class", "newest", "commit", "runs", "metrics"].map(str::to_owned).to_vec();
        let rows = stored.files.iter().map(|(_, file)| listed(file));
        context.print(&table(&[vec![header], rows.collect()].concat(), 4));
    }
    if stored.errors.is_empty() { Ok(Code::Pass) } else { Err(unreadable("not all shown", &stored.errors)) }
}

fn listed(file: &BaselineFile) -> Vec<String> {
    let newest = file.runs.first();
    vec![
        terminal(file.suite.as_str()),
        terminal(&file.class),
        newest.map_or_else(String::new, |run| day(run.taken_at_s)),
        newest.map_or_else(String::new, |run| terminal(&run.revision.short())),
        file.runs.len().to_string(),
        file.metrics().len().to_string(),
    ]
}

fn listed_json(path: &str, file: &BaselineFile) -> Value {
    json!({
        "suite": file.suite.as_str(),
        "class": file.class,
        "path": path,
        "runs": file.runs.len(),
        "metrics": file.metrics().len(),
        "newest": file.runs.first().map(run_json),
    })
}

/// Shows the runs and metrics of a suite.
pub(super) fn show(args: &BaselineShowArgs, context: &Context) -> Result<Code, Failure> {
    let repository = repository(context, NOT_SHOWN)?;
    let class = args.class.clone().unwrap_or_else(|| machine(context, repository.root()).class());
    let files = in_work_tree(repository.root(), NOT_SHOWN)?.of(&args.suite, &class, NOT_SHOWN)?;
    if args.json {
        let files: Vec<Value> = files.iter().map(shown_json).collect();
        context.print(&format!("{:#}\n", json!({ "schema": 1, "baselines": files })));
    } else {
        let texts: Vec<String> = files.iter().map(shown).collect();
        context.print(&texts.join("\n"));
    }
    Ok(Code::Pass)
}

fn shown(file: &BaselineFile) -> String {
    let mut runs = vec![["taken", "commit", "tollgate", "why", "title"].map(str::to_owned).to_vec()];
    runs.extend(file.runs.iter().map(|run| {
        let revision = &run.revision;
        vec![
            day(run.taken_at_s),
            terminal(&revision.short()),
            terminal(&run.tollgate),
            why(run.why).to_owned(),
            terminal(&revision.title),
        ]
    }));
    let mut metrics = vec![["metric", "median", "spread", "runs", "history"].map(str::to_owned).to_vec()];
    let summaries = summaries(file);
    metrics.extend(summaries.iter().map(|(id, summary)| {
        vec![
            terminal(&id.to_string()),
            quantity(summary.median, &summary.metric.unit),
            summary.spread_ratio.map_or_else(|| "–".to_owned(), percent),
            summary.runs.to_string(),
            sparkline(
                &file.runs.iter().rev().filter_map(|run| median(&run.series.get(id)?.statistics)).collect::<Vec<_>>(),
            ),
        ]
    }));
    format!(
        "{}, {}: {}\n\n{}\n{}{}",
        terminal(file.suite.as_str()),
        terminal(&file.class),
        plural(file.runs.len(), "run"),
        table(&runs, 5),
        table(&metrics, 1),
        sources_of_spread(summaries.values())
    )
}

/// Whether more rounds or more runs would make the stored values surer; empty where it cannot be said.
fn sources_of_spread<'a>(summaries: impl Iterator<Item = &'a Summary>) -> String {
    let shares: Vec<f64> = summaries.filter_map(|summary| summary.components?.between_share()).collect();
    let Some(share) = median(&shares) else { return String::new() };
    let advice = if share >= 0.5 {
        "more rounds in a run would not help, more runs do"
    } else {
        "rounds that measure longer would help; runs hardly differ more than their rounds explain"
    };
    format!(
        "\nOf the variance of a run's mean, {} lies between runs (median of {}): {advice}.\n",
        percent(share),
        plural(shares.len(), "metric")
    )
}

fn shown_json(file: &BaselineFile) -> Value {
    let metrics = summaries(file).into_iter().map(|(id, summary)| {
        json!({
            "benchmark": id.benchmark.benchmark.as_str(),
            "metric": id.metric.as_str(),
            "unit": summary.metric.unit.symbol(),
            "median": summary.median,
            "spread_ratio": summary.spread_ratio,
            "runs": summary.runs,
            "between_runs_sd_ratio": summary.components.map(|found| found.between.sqrt()),
            "between_rounds_sd_ratio": summary.components.map(|found| found.within.sqrt()),
            "best_rounds": summary.components.and_then(|found| found.best_rounds(SETUP_ROUNDS)),
        })
    });
    json!({
        "suite": file.suite.as_str(),
        "class": file.class,
        "runs": file.runs.iter().map(run_json).collect::<Vec<_>>(),
        "metrics": metrics.collect::<Vec<_>>(),
    })
}

fn run_json(run: &StoredRun) -> Value {
    json!({
        "commit": run.revision.commit,
        "title": run.revision.title,
        "committed_at": time(run.revision.committed_at_s),
        "taken_at": time(run.taken_at_s),
        "tollgate": run.tollgate,
        "why": why(run.why),
    })
}

fn why(why: Why) -> &'static str {
    match why {
        Why::Update => "update",
        Why::Import => "import",
    }
}
