//! How PostgreSQL carries statements out, and whether an index would help: asked with `EXPLAIN`, never `EXPLAIN ANALYZE`, so that nothing is run.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::error::SqlState;

use crate::measure::probe::sql::Explained;
use crate::model::Name;
use crate::model::exhibit::{IndexAdvice, Scan};

use super::access::Access;
use super::link::{Link, Text, Trouble};
use super::plan::{Filtered, Plan};

/// A table with fewer rows is rightly read as a whole.
const TABLE_ROWS_MIN: f64 = 10_000.0;
/// What a prepared statement of ours is called.
const PREPARED: &str = "tollgate_prepared";
/// The most parameters of a statement that is explained.
const PARAMETERS_MAX: usize = 1000;
/// How statements begin that have a plan.
const PLANNED: [&str; 5] = ["select", "insert", "update", "delete", "with"];

/// Rows of tables, by schema and name, as the database estimates them.
type Sizes = BTreeMap<(String, String), f64>;

/// What explaining came to.
#[derive(Debug, Default)]
pub(super) struct All {
    /// By the text of the exhibit.
    pub(super) explained: BTreeMap<String, Explained>,
    /// Whether some could not be explained because the probe may not read what they read.
    pub(super) denied: bool,
}

/// Explains statements: each by the text of its exhibit, and as the database gave it.
pub(super) fn explain(link: &Link, access: &Access, statements: &BTreeMap<String, String>) -> Result<All, Trouble> {
    let sizes = sizes(link)?;
    let mut all = All::default();
    for (text, statement) in statements.iter().filter(|(text, _)| has_plan(text)) {
        match planned(link, statement) {
            Ok(Some(plan)) => {
                let how = explained(link, access, statement, &plan, &sizes);
                all.explained.insert(text.clone(), how);
            }
            // A table that is gone, a parameter whose type cannot be told: no plan.
            Ok(None) => {}
            Err(trouble) => all.denied |= trouble.code == Some(SqlState::INSUFFICIENT_PRIVILEGE),
        }
    }
    Ok(all)
}

fn has_plan(text: &str) -> bool {
    let first = text.split(|c: char| !c.is_ascii_alphabetic()).find(|word| !word.is_empty()).unwrap_or_default();
    PLANNED.iter().any(|word| first.eq_ignore_ascii_case(word))
}

fn sizes(link: &Link) -> Result<Sizes, Trouble> {
    let rows = link.rows(
        "select n.nspname, c.relname, case when c.reltuples > 0 then c.reltuples else s.n_live_tup end from pg_class c join pg_namespace n on n.oid = c.relnamespace \
         left join pg_stat_all_tables s on s.relid = c.oid where c.relkind in ('r', 'p', 'm') order by 3 desc nulls last limit 10000",
    )?;
    let text = |at: usize, row: &tokio_postgres::SimpleQueryRow| row.get(at).unwrap_or_default().to_owned();
    Ok(rows.iter().map(|row| ((text(0, row), text(1, row)), text(2, row).parse().unwrap_or(0.0))).collect())
}

/// The plan of a statement for whatever its parameters may be.
fn planned(link: &Link, statement: &str) -> Result<Option<Plan>, Trouble> {
    link.one(&format!("prepare {PREPARED} as {statement}"), &[])?;
    let plan = generic(link);
    link.rows(&format!("deallocate {PREPARED}"))?;
    plan
}

fn generic(link: &Link) -> Result<Option<Plan>, Trouble> {
    let rows = link
        .rows(&format!("select cardinality(parameter_types) from pg_prepared_statements where name = '{PREPARED}'"))?;
    let count = rows.first().and_then(|row| row.get(0)?.parse::<usize>().ok()).unwrap_or(0);
    if count > PARAMETERS_MAX {
        return Ok(None);
    }
    let nulls = if count == 0 { String::new() } else { format!("({})", vec!["null"; count].join(", ")) };
    let rows = link.one(&format!("explain (verbose, format json) execute {PREPARED}{nulls}"), &[])?;
    let json = rows.first().and_then(|row| row.try_get::<_, Text>(0).ok());
    Ok(json.and_then(|Text(json)| Plan::read(&json)))
}

fn explained(link: &Link, access: &Access, statement: &str, plan: &Plan, sizes: &Sizes) -> Explained {
    let rows = |scan: &Filtered| sizes.get(&(scan.schema.clone(), scan.table.clone())).copied().unwrap_or(0.0);
    let large: Vec<&Filtered> = plan.scans.iter().filter(|scan| rows(scan) >= TABLE_ROWS_MIN).collect();
    let named = |scan: &&Filtered| {
        Some(Scan { table: Name::new(scan.table.clone()).ok()?, columns: scan.names(), rows: rows(scan) })
    };
    let create = large.iter().find_map(|scan| scan.index());
    let index =
        create.map(|create| IndexAdvice { would_be_used: would_be_used(link, access, statement, &create), create });
    Explained { plan: Some(plan.text.clone()), scans: large.iter().filter_map(named).collect(), index }
}

/// Whether the planner would use an index, where `hypopg` can say so. The index is there for this connection alone, and gone after.
fn would_be_used(link: &Link, access: &Access, statement: &str, create: &str) -> Option<bool> {
    let schema = access.hypopg.as_ref()?;
    let made = link.one(&format!("select indexname::text from {schema}.hypopg_create_index($1)"), &[&create]).ok();
    let name = made.as_ref().and_then(|rows| rows.first()?.try_get::<_, Text>(0).ok());
    // Prepared after it: a plan that was made before does not know of it.
    let plan = planned(link, statement).ok().flatten();
    link.rows(&format!("select {schema}.hypopg_reset()")).ok();
    let (Text(name), plan) = (name?, plan?);
    Some(plan.indexes.contains(&name))
}

/// Those that are worth explaining, by their folded text, with a text as the database gave it.
pub(super) fn chosen(
    worth: &BTreeSet<String>,
    given: impl Iterator<Item = (String, String)>,
) -> BTreeMap<String, String> {
    given.filter(|(text, _)| worth.contains(text)).collect()
}
