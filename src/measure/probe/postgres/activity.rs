//! What PostgreSQL says of itself while load runs: connections, waits, and what tables were read.

use std::collections::BTreeMap;

use tokio_postgres::SimpleQueryRow;

use crate::measure::bench::metric::{Benchmark, Shape};
use crate::model::{Direction, Kind, Role, Unit, probe};

use super::access::Access;
use super::link::{Link, Trouble};
use super::statements::MARK;

/// A transaction that does nothing for so long is idle: any is for a moment between two statements.
const IDLE: &str = "100 milliseconds";

/// What was seen of connections in all looks.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Activity {
    looks: u64,
    connections_max: u64,
    used_max: u64,
    lock_waits: u64,
    idle: u64,
}

/// What is counted for tables and for the database as a whole, since ever.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Totals {
    /// Rows that sequential scans read, by table.
    scanned: BTreeMap<String, u64>,
    temporary_bytes: u64,
    deadlocks: u64,
}

impl Activity {
    /// Looks once more.
    pub(super) fn look(&mut self, link: &Link, access: &Access) -> Result<(), Trouble> {
        let of_role = access.role.as_ref().map_or(String::new(), |role| format!("and usesysid = {role}"));
        let rows = link.rows(&format!(
            "select count(*) filter (where own), count(*), \
             count(*) filter (where own and wait_event_type = 'Lock'), \
             count(*) filter (where own and state like 'idle in transaction%' and state_change < now() - interval '{IDLE}') \
             from (select *, datname = current_database() {of_role} as own from pg_stat_activity \
             where backend_type = 'client backend' and application_name <> 'tollgate') {MARK}"
        ))?;
        let Some(row) = rows.first() else { return Ok(()) };
        let number = |at| number(row, at);
        self.looks += 1;
        self.connections_max = self.connections_max.max(number(0));
        self.used_max = self.used_max.max(number(1));
        self.lock_waits += u64::from(number(2) > 0);
        self.idle += u64::from(number(3) > 0);
        Ok(())
    }

    /// Its metrics. Nothing where nobody looked.
    pub(super) fn metrics(&self, benchmark: &mut Benchmark, access: &Access) {
        if self.looks == 0 {
            return;
        }
        let informs = |unit, kind| Shape(unit, kind, Direction::LowerIsBetter, Role::Informative);
        benchmark.value(probe::DATABASE_CONNECTIONS, self.connections_max as f64, informs(Unit::Count, Kind::Count));
        let used = self.used_max as f64 / access.connections_max;
        benchmark.value(probe::DATABASE_CONNECTIONS_USED, used, informs(Unit::Ratio, Kind::Ratio));
        let shares = [(probe::LOCK_WAITS, self.lock_waits), (probe::IDLE_IN_TRANSACTION, self.idle)];
        for (name, seen) in shares {
            benchmark.value(name, seen as f64 / self.looks as f64, informs(Unit::Ratio, Kind::Ratio));
        }
    }
}

impl Totals {
    /// Asks for them.
    pub(super) fn ask(link: &Link) -> Result<Self, Trouble> {
        let tables =
            link.rows(&format!("select relid, seq_tup_read from pg_stat_user_tables {MARK} where seq_tup_read > 0"))?;
        let whole = link.rows(&format!(
            "select temp_bytes, deadlocks from pg_stat_database {MARK} where datname = current_database()"
        ))?;
        let of = |at: usize| whole.first().map_or(0, |row| number(row, at));
        Ok(Self {
            scanned: tables.iter().map(|row| (row.get(0).unwrap_or_default().to_owned(), number(row, 1))).collect(),
            temporary_bytes: of(0),
            deadlocks: of(1),
        })
    }

    /// The metrics of what was added since `before`, for each of so many requests. Nothing where there were none.
    pub(super) fn metrics(&self, before: &Self, requests: u64, benchmark: &mut Benchmark) {
        if requests == 0 {
            return;
        }
        let grown = |(table, now): (&String, &u64)| now.saturating_sub(before.scanned.get(table).copied().unwrap_or(0));
        let scanned: u64 = self.scanned.iter().map(grown).sum();
        let temporary = self.temporary_bytes.saturating_sub(before.temporary_bytes);
        let mut each = |name, total: u64, unit, kind| {
            let shape = Shape(unit, kind, Direction::LowerIsBetter, Role::Informative);
            benchmark.value(name, total as f64 / requests as f64, shape);
        };
        each(probe::ROWS_SCANNED, scanned, Unit::Count, Kind::Count);
        each(probe::TEMPORARY_BYTES, temporary, Unit::Bytes, Kind::Bytes);
    }

    /// Whether there were deadlocks since `before`.
    pub(super) fn deadlocked(&self, before: &Self) -> bool {
        self.deadlocks > before.deadlocks
    }
}

fn number(row: &SimpleQueryRow, at: usize) -> u64 {
    row.get(at).and_then(|text| text.parse().ok()).unwrap_or(0)
}
