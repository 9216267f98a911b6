//! What was seen beside the numbers. Also a line of the journal is made of these.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::measure::evidence::bounded::{AtMost, Text};
use crate::model::exhibit::{self, EXHIBIT_BYTES_MAX};
use crate::model::{self, BenchmarkId};

use super::sample::{Name, name, sane};

/// The most tables and columns of one statement.
const NAMES_MAX: usize = 50;
/// The longest name of a database, in characters.
const DATABASE_MAX: usize = 200;

/// A statement, or a plan.
type Long = Text<EXHIBIT_BYTES_MAX>;

/// Something that was seen in one arm.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::measure) enum Exhibit {
    /// A statement of a database.
    Statement(Statement),
}

/// A statement that a request ran.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::measure) struct Statement {
    suite: Name,
    benchmark: Name,
    database: Text<DATABASE_MAX>,
    text: Long,
    calls: f64,
    rows: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rows_examined: Option<f64>,
    /// The mean time of one call.
    seconds: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plan: Option<Long>,
    scans: AtMost<Scan, NAMES_MAX>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    index: Option<IndexAdvice>,
}

/// A table that is read from one end to the other.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Scan {
    table: Name,
    columns: AtMost<Name, NAMES_MAX>,
    rows: f64,
}

/// An index that may help.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct IndexAdvice {
    create: Long,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    would_be_used: Option<bool>,
}

impl Exhibit {
    /// How many bytes it has, about.
    pub(in crate::measure) fn bytes(exhibit: &model::Exhibit) -> usize {
        let model::Exhibit::Statement(statement) = exhibit;
        statement.text.len() + statement.plan.as_ref().map_or(0, String::len)
    }
}

/// A number as JSON can say it.
fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}

impl From<&model::Exhibit> for Exhibit {
    fn from(exhibit: &model::Exhibit) -> Self {
        let model::Exhibit::Statement(seen) = exhibit;
        let short = |name: &model::Name| Name::cut(name.as_str());
        let scan = |scan: &exhibit::Scan| Scan {
            table: short(&scan.table),
            columns: AtMost(scan.columns.iter().take(NAMES_MAX).map(short).collect()),
            rows: finite(scan.rows),
        };
        Self::Statement(Statement {
            suite: short(&seen.benchmark.suite),
            benchmark: short(&seen.benchmark.benchmark),
            database: Text::cut(&seen.database),
            text: Text::cut(&seen.text),
            calls: finite(seen.calls),
            rows: finite(seen.rows),
            rows_examined: seen.rows_examined.map(finite),
            seconds: finite(seen.seconds),
            plan: seen.plan.as_deref().map(Text::cut),
            scans: AtMost(seen.scans.iter().take(NAMES_MAX).map(scan).collect()),
            index: seen
                .index
                .as_ref()
                .map(|index| IndexAdvice { create: Text::cut(&index.create), would_be_used: index.would_be_used }),
        })
    }
}

impl TryFrom<Exhibit> for model::Exhibit {
    type Error = String;

    fn try_from(exhibit: Exhibit) -> Result<Self, String> {
        let Exhibit::Statement(seen) = exhibit;
        let scan = |scan: Scan| {
            let columns = scan.columns.0.into_iter().map(name).collect::<Result<_, _>>()?;
            Ok::<_, String>(exhibit::Scan { table: name(scan.table)?, columns, rows: sane(scan.rows)? })
        };
        Ok(Self::Statement(exhibit::Statement {
            benchmark: BenchmarkId { suite: name(seen.suite)?, benchmark: name(seen.benchmark)? },
            database: seen.database.into_string(),
            text: seen.text.into_string(),
            calls: sane(seen.calls)?,
            rows: sane(seen.rows)?,
            rows_examined: seen.rows_examined.map(sane).transpose()?,
            seconds: sane(seen.seconds)?,
            plan: seen.plan.map(Long::into_string),
            scans: seen.scans.0.into_iter().map(scan).collect::<Result<_, _>>()?,
            index: seen.index.map(|index| exhibit::IndexAdvice {
                create: index.create.into_string(),
                would_be_used: index.would_be_used,
            }),
        }))
    }
}
