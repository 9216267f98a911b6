//! `tollgate baseline diff`: what changed between the baselines of two revisions. Refuses to call a change of stored times a regression.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::baseline::summary::{Summary, summaries};
use crate::cli::BaselineDiffArgs;
use crate::commands::{Code, Context, Failure};
use crate::git::Repository;
use crate::model::{MetricId, Revision};
use crate::report::escape::{markdown, terminal};
use crate::report::number::{plural, quantity};

use super::place::{Stored, at_revision, git_failure, in_work_tree, repository};
use super::text::{change, markdown_table, table};

const NOT_SHOWN: &str = "nothing shown";
const CAVEAT: &str =
    "Medians of stored runs. A change of a time between runs on different days is a hint, not a verdict.";

/// A metric in an environment class.
type Key = (String, MetricId);

/// One metric on both sides, of which at least one has it.
struct Row {
    key: Key,
    before: Option<Summary>,
    after: Option<Summary>,
}

/// Both sides by name, and the rows.
struct Diff {
    from: String,
    to: String,
    rows: Vec<Row>,
}

/// Shows what changed between two revisions' baselines.
pub(super) fn diff(args: &BaselineDiffArgs, context: &Context) -> Result<Code, Failure> {
    let repository = repository(context, NOT_SHOWN)?;
    let at = |spec: &str| {
        let revision = repository.revision(spec).map_err(|error| git_failure(NOT_SHOWN, &error))?;
        Ok::<_, Failure>((revision.short(), at_revision(&repository, &revision, NOT_SHOWN)?))
    };
    let (from, before) = at(&args.from)?;
    let (to, after) = match &args.to {
        Some(to) => at(to)?,
        None => ("working tree".to_owned(), in_work_tree(repository.root(), NOT_SHOWN)?),
    };
    let diff = Diff { from, to, rows: rows(by_metric(before)?, by_metric(after)?) };
    context.print(&match (args.json, args.markdown) {
        (true, _) => format!("{:#}\n", diff.json()),
        (_, true) => diff.markdown(),
        _ => diff.text(),
    });
    Ok(Code::Pass)
}

/// What changed between two revisions' baselines, as Markdown for a pull request.
pub(super) fn table_between(repository: &Repository, from: &Revision, to: &Revision) -> Result<String, Failure> {
    let side = |revision: &Revision| by_metric(at_revision(repository, revision, NOT_SHOWN)?);
    let diff = Diff { from: from.short(), to: to.short(), rows: rows(side(from)?, side(to)?) };
    Ok(diff.markdown())
}

/// Every stored metric in a few numbers.
fn by_metric(stored: Stored) -> Result<BTreeMap<Key, Summary>, Failure> {
    let files = stored.all(NOT_SHOWN)?;
    let metrics = files
        .iter()
        .flat_map(|(_, file)| summaries(file).into_iter().map(|(id, summary)| ((file.class.clone(), id), summary)));
    Ok(metrics.collect())
}

/// Both sides joined, sorted by class and metric.
fn rows(mut before: BTreeMap<Key, Summary>, mut after: BTreeMap<Key, Summary>) -> Vec<Row> {
    let keys: BTreeSet<Key> = before.keys().chain(after.keys()).cloned().collect();
    keys.into_iter().map(|key| Row { before: before.remove(&key), after: after.remove(&key), key }).collect()
}

impl Row {
    /// after / before − 1; `None` where a side is missing, the units differ or before is 0.
    fn change_ratio(&self) -> Option<f64> {
        let (before, after) = (self.before.as_ref()?, self.after.as_ref()?);
        (before.metric.unit == after.metric.unit && before.median > 0.0).then(|| after.median / before.median - 1.0)
    }

    /// Whether both sides show the same number.
    fn is_same(&self) -> bool {
        let value = |side: &Option<Summary>| {
            side.as_ref().map(|summary| (summary.median.to_bits(), summary.metric.unit.clone()))
        };
        value(&self.before) == value(&self.after)
    }

    fn cells(&self) -> Vec<String> {
        let value = |side: &Option<Summary>| {
            side.as_ref().map_or_else(|| "–".to_owned(), |summary| quantity(summary.median, &summary.metric.unit))
        };
        let note = match (&self.before, &self.after) {
            (None, _) => "new".to_owned(),
            (_, None) => "gone".to_owned(),
            _ => self.change_ratio().map_or_else(|| "changed".to_owned(), change),
        };
        vec![terminal(&self.key.1.to_string()), terminal(&self.key.0), value(&self.before), value(&self.after), note]
    }

    fn json(&self) -> Value {
        let (class, id) = &self.key;
        let side = |side: &Option<Summary>| {
            side.as_ref()
                .map(|side| json!({ "median": side.median, "unit": side.metric.unit.symbol(), "runs": side.runs }))
        };
        json!({
            "suite": id.benchmark.suite.as_str(),
            "class": class,
            "benchmark": id.benchmark.benchmark.as_str(),
            "metric": id.metric.as_str(),
            "before": side(&self.before),
            "after": side(&self.after),
            "change_ratio": self.change_ratio(),
        })
    }
}

impl Diff {
    /// The header and the rows that differ.
    fn cells(&self) -> Vec<Vec<String>> {
        let header = vec!["metric", "class", self.from.as_str(), self.to.as_str(), "change"];
        let header = header.into_iter().map(terminal).collect();
        let differ = self.rows.iter().filter(|row| !row.is_same()).map(Row::cells);
        std::iter::once(header).chain(differ).collect()
    }

    fn same(&self) -> usize {
        self.rows.iter().filter(|row| row.is_same()).count()
    }

    fn text(&self) -> String {
        let (cells, same) = (self.cells(), plural(self.same(), "metric"));
        if cells.len() == 1 {
            return format!("No difference in {same} between {} and {}.\n", terminal(&self.from), terminal(&self.to));
        }
        format!("{}\nNo difference in {same}. {CAVEAT}\n", table(&cells, 2))
    }

    fn markdown(&self) -> String {
        let (cells, same) = (self.cells(), plural(self.same(), "metric"));
        if cells.len() == 1 {
            return format!("No difference in {same} between {} and {}.\n", markdown(&self.from), markdown(&self.to));
        }
        format!("{}\nNo difference in {same}. {CAVEAT}\n", markdown_table(&cells, 2))
    }

    fn json(&self) -> Value {
        json!({
            "schema": 1,
            "from": self.from,
            "to": self.to,
            "rows": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
        })
    }
}
