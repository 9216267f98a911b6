//! What MySQL and MariaDB have counted of statements, and what came to it between two looks. No I/O but by the session that is given.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::exhibit::{EXHIBIT_BYTES_MAX, UNNAMED_STATEMENTS};

use super::super::sql::{Counted, Pass};
use super::fingerprint::fingerprint;
use super::session::{Session, Trouble, literal};

/// A picosecond, the unit of the server's timers, in seconds.
const PICOSECOND: f64 = 1e-12;
const EXECUTE: &str = "statement/com/Execute";

/// Sums of one statement, or of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) calls: u64,
    picoseconds: u64,
    rows: u64,
    examined: u64,
    /// Of the calls: tables joined without an index, temporary tables on disk, errors.
    pub(super) odd: [u64; 3],
}

/// What had been counted at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// By digest and text; those of the service's database alone.
    digests: BTreeMap<(String, String), Sums>,
    /// Calls of all statements that have a digest, of all databases.
    named: u64,
    /// Calls of other databases than the service's, of those that name one.
    elsewhere: u64,
    /// Calls that found no room for a digest.
    lost: u64,
    /// Calls of statements by kind of event, but for prepared ones.
    texts: u64,
    /// Prepared statements by the binary protocol, of the role that is looked at.
    executes: Sums,
    /// The same of all roles.
    executes_of_all: u64,
}

/// What came to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Growth {
    /// By text.
    pub(super) statements: BTreeMap<String, Sums>,
    /// Prepared statements that no digest was counted for.
    pub(super) unnamed: Sums,
    /// Calls that found no room for a digest.
    pub(super) lost: u64,
    /// Calls in other databases.
    pub(super) elsewhere: u64,
}

impl Sums {
    /// What is in both.
    pub(super) fn with(self, other: Self) -> Self {
        self.by(other, u64::saturating_add)
    }

    /// What came to `before`; nothing where the server has begun anew.
    fn since(self, before: Self) -> Self {
        self.by(before, u64::saturating_sub)
    }

    fn by(self, other: Self, how: fn(u64, u64) -> u64) -> Self {
        let mut odd = self.odd;
        for (mine, its) in odd.iter_mut().zip(other.odd) {
            *mine = how(*mine, its);
        }
        Self {
            calls: how(self.calls, other.calls),
            picoseconds: how(self.picoseconds, other.picoseconds),
            rows: how(self.rows, other.rows),
            examined: how(self.examined, other.examined),
            odd,
        }
    }

    /// As sums of a call that the slow log tells of.
    pub(super) fn call(seconds: f64, rows: u64, examined: u64) -> Self {
        let nanoseconds = Duration::try_from_secs_f64(seconds).map_or(0, |time| time.as_nanos());
        let picoseconds = u64::try_from(nanoseconds * 1000).unwrap_or(u64::MAX);
        Self { calls: 1, picoseconds, rows, examined, odd: [0; 3] }
    }

    /// Rows that it gave or changed, a call.
    pub(super) fn rows_per_call(&self) -> f64 {
        self.rows as f64 / self.calls.max(1) as f64
    }

    /// Rows that it looked at, a call.
    pub(super) fn examined_per_call(&self) -> f64 {
        self.examined as f64 / self.calls.max(1) as f64
    }

    fn counted(&self) -> Counted {
        Counted {
            calls: self.calls,
            rows: self.rows,
            rows_examined: Some(self.examined),
            seconds: self.picoseconds as f64 * PICOSECOND,
        }
    }
}

/// What a server says of executed prepared statements, column by column.
type Executed = (u64, u64, u64, u64, u64, u64, u64, u64);

impl Snapshot {
    /// Reads what has been counted; of prepared statements those of one role, where there is one.
    pub(super) fn take(session: &mut Session, role: Option<&str>) -> Result<Self, Trouble> {
        let mut snapshot = Self::default();
        snapshot.digests(session)?;
        snapshot.events(session, role)?;
        let lost: Vec<(String, u64)> = session.rows("SHOW GLOBAL STATUS LIKE 'Performance_schema_digest_lost'")?;
        snapshot.lost += lost.first().map_or(0, |row| row.1);
        Ok(snapshot)
    }

    fn digests(&mut self, session: &mut Session) -> Result<(), Trouble> {
        type Row = (Option<String>, Option<String>, u64, u64, u64, u64, u64, u64, u64, u64);
        let database = literal(&session.database);
        let rows: Vec<Row> = session.rows(&format!(
            "SELECT DIGEST, LEFT(DIGEST_TEXT, {EXHIBIT_BYTES_MAX}), COUNT_STAR, SUM_TIMER_WAIT, SUM_ROWS_SENT, SUM_ROWS_AFFECTED, SUM_ROWS_EXAMINED, \
             SUM_SELECT_FULL_JOIN, SUM_CREATED_TMP_DISK_TABLES, SUM_ERRORS \
             FROM performance_schema.events_statements_summary_by_digest WHERE SCHEMA_NAME = {database} OR DIGEST IS NULL"
        ))?;
        for (digest, text, calls, picoseconds, sent, affected, examined, joins, disk, errors) in rows {
            let rows = sent.saturating_add(affected);
            let sums = Sums { calls, picoseconds, rows, examined, odd: [joins, disk, errors] };
            match (digest, text) {
                (Some(digest), Some(text)) => drop(self.digests.insert((digest, text), sums)),
                // One row stands for all that found no room.
                (None, _) | (_, None) => self.lost += calls,
            }
        }
        let sums: Vec<(Option<u64>, Option<u64>)> = session.rows(&format!(
            "SELECT SUM(COUNT_STAR), SUM(CASE WHEN SCHEMA_NAME <> {database} THEN COUNT_STAR ELSE 0 END) \
             FROM performance_schema.events_statements_summary_by_digest"
        ))?;
        let (named, elsewhere) = sums.first().copied().unwrap_or_default();
        (self.named, self.elsewhere) = (named.unwrap_or(0), elsewhere.unwrap_or(0));
        Ok(())
    }

    fn events(&mut self, session: &mut Session, role: Option<&str>) -> Result<(), Trouble> {
        let sums: Vec<(Option<u64>, Option<u64>)> = session.rows(&format!(
            "SELECT SUM(CASE WHEN EVENT_NAME = '{EXECUTE}' THEN COUNT_STAR ELSE 0 END), \
             SUM(CASE WHEN EVENT_NAME LIKE 'statement/sql/%' AND EVENT_NAME <> 'statement/sql/error' THEN COUNT_STAR ELSE 0 END) \
             FROM performance_schema.events_statements_summary_global_by_event_name"
        ))?;
        let (executes, texts) = sums.first().copied().unwrap_or_default();
        (self.executes_of_all, self.texts) = (executes.unwrap_or(0), texts.unwrap_or(0));
        let of = match role {
            Some(role) => format!("user_by_event_name WHERE USER = {} AND", literal(role)),
            None => "global_by_event_name WHERE".to_owned(),
        };
        let rows: Vec<Executed> = session.rows(&format!(
            "SELECT COUNT_STAR, SUM_TIMER_WAIT, SUM_ROWS_SENT, SUM_ROWS_AFFECTED, SUM_ROWS_EXAMINED, SUM_SELECT_FULL_JOIN, SUM_CREATED_TMP_DISK_TABLES, \
             SUM_ERRORS FROM performance_schema.events_statements_summary_{of} EVENT_NAME = '{EXECUTE}'"
        ))?;
        for (calls, picoseconds, sent, affected, examined, joins, disk, errors) in rows {
            let rows = sent.saturating_add(affected);
            self.executes = Sums { calls, picoseconds, rows, examined, odd: [joins, disk, errors] };
        }
        Ok(())
    }

    /// Whether the service has run nothing between the two.
    pub(super) fn as_still_as(&self, other: &Self) -> bool {
        self.digests == other.digests && self.executes == other.executes
    }

    /// What came to it since `before`.
    pub(super) fn since(&self, before: &Self) -> Growth {
        let mut growth = Growth { lost: self.lost.saturating_sub(before.lost), ..Growth::default() };
        growth.elsewhere = self.elsewhere.saturating_sub(before.elsewhere);
        for (key, sums) in &self.digests {
            let sums = sums.since(before.digests.get(key).copied().unwrap_or_default());
            if sums.calls > 0 {
                let all = growth.statements.entry(fingerprint(&key.1)).or_default();
                *all = all.with(sums);
            }
        }
        // Some servers count prepared statements among the digests too, others do not: what no digest was counted for tells.
        let executes = self.executes_of_all.saturating_sub(before.executes_of_all);
        let events = self.texts.saturating_sub(before.texts) + executes;
        let named = self.named.saturating_sub(before.named);
        let unnamed = self.executes.since(before.executes);
        if executes > 0 && events.saturating_sub(named) * 2 >= executes {
            growth.unnamed = unnamed;
        }
        growth
    }
}

impl Growth {
    /// How many statements.
    pub(super) fn calls(&self) -> u64 {
        self.unnamed.calls + self.statements.values().map(|sums| sums.calls).sum::<u64>()
    }

    /// As one walk of one step.
    pub(super) fn pass(&self) -> Pass {
        let mut pass: Pass = self.statements.iter().map(|(text, sums)| (text.clone(), sums.counted())).collect();
        if self.unnamed.calls > 0 {
            pass.entry(UNNAMED_STATEMENTS.to_owned()).or_default().add(&self.unnamed.counted());
        }
        pass
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(calls: u64) -> Sums {
        Sums { calls, picoseconds: calls * 1_000_000_000, rows: calls, examined: 10 * calls, odd: [0; 3] }
    }

    /// A server that has counted so many texts, and so many prepared statements, in its digests or not.
    fn snapshot(texts: u64, executes: u64, digests_name_them: bool) -> Snapshot {
        let mut digests = BTreeMap::from([(("a".to_owned(), "SELECT ? ".to_owned()), sums(texts))]);
        if digests_name_them {
            digests.insert(("b".to_owned(), "SELECT `b` ".to_owned()), sums(executes));
        }
        let named = digests.values().map(|sums| sums.calls).sum();
        Snapshot { digests, named, texts, executes: sums(executes), executes_of_all: executes, ..Snapshot::default() }
    }

    #[test]
    fn prepared_statements_that_no_digest_names_are_counted_as_one() {
        let growth = snapshot(7, 40, false).since(&snapshot(5, 10, false));
        let pass = growth.pass();
        let calls = |text: &str| pass.get(text).map(|counted| (counted.calls, counted.rows_examined));
        assert_eq!(calls("SELECT ?"), Some((2, Some(20))));
        assert_eq!(calls(UNNAMED_STATEMENTS), Some((30, Some(300))));
        assert!((pass[UNNAMED_STATEMENTS].seconds - 0.03).abs() < 1e-9, "30 times 1 ms");
        assert_eq!(growth.calls(), 32);
    }

    #[test]
    fn prepared_statements_with_a_digest_are_not_counted_twice() {
        let growth = snapshot(7, 40, true).since(&snapshot(5, 10, true));
        assert_eq!(growth.pass().keys().collect::<Vec<_>>(), ["SELECT ?", "SELECT `b`"]);
        assert_eq!(growth.calls(), 32);
    }

    #[test]
    fn what_found_no_room_is_told_and_a_server_that_began_anew_gives_nothing() {
        let full = Snapshot { lost: 3, ..snapshot(5, 0, false) };
        assert_eq!(full.since(&snapshot(5, 0, false)).lost, 3);
        assert_eq!(snapshot(1, 0, false).since(&snapshot(5, 9, false)).calls(), 0);
    }
}
