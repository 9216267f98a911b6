//! The slow log as a way to see statements that the digests do not name: on only where a config allows it, and put back whatever happens.
//!
//! A connection takes its limit and whether it is logged from the settings when it is made. So both are set before the service starts, with an output that writes
//! nothing; only a walk has the log written to its table.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::ProbeError;
use super::counters::Sums;
use super::fingerprint::fingerprint;
use super::session::{Session, Trouble};
use crate::model::exhibit::EXHIBIT_BYTES_MAX;

/// The most statements of one step that are read.
const ENTRIES_MAX: u32 = 20_000;

/// Settings of a server that are put back when this is dropped.
pub(in crate::measure) struct Settings {
    session: Session,
    /// As SQL sets them.
    before: Vec<String>,
}

/// What the slow log said of one step.
#[derive(Debug, Default)]
pub(super) struct Logged {
    /// By text.
    pub(super) statements: BTreeMap<String, Sums>,
    /// One statement of each text, as it ran.
    pub(super) samples: BTreeMap<String, String>,
}

impl Settings {
    /// Has connections that are made from now on tell of every statement, and nothing written yet.
    pub(super) fn arm(url: &str, limit: Duration) -> Result<Self, ProbeError> {
        let mut session = Session::open(url, limit).map_err(|trouble| trouble.connecting())?;
        let refused = |session: &mut Session, trouble: &Trouble| {
            let user = session.user();
            ProbeError {
                message: format!("`slow-log = true`, but the slow log cannot be used: {}", trouble.words()),
                hint: format!(
                    "run `GRANT SUPER ON *.* TO {user}` (MySQL: `GRANT SYSTEM_VARIABLES_ADMIN ON *.* TO {user}`) and \
                     `GRANT SELECT ON mysql.slow_log TO {user}`, or take `slow-log` out"
                ),
            }
        };
        if let Err(trouble) = session.one::<u64>("SELECT COUNT(*) FROM mysql.slow_log") {
            return Err(refused(&mut session, &trouble));
        }
        let values: Vec<(f64, String, u8)> = session
            .rows("SELECT @@GLOBAL.long_query_time, @@GLOBAL.log_output, @@GLOBAL.slow_query_log")
            .map_err(|trouble| refused(&mut session, &trouble))?;
        let Some((seconds, output, on)) = values.into_iter().next() else {
            return Err(refused(&mut session, &Trouble::Driver("no settings".to_owned())));
        };
        let known: Vec<&str> = output.split(',').filter(|one| ["FILE", "TABLE", "NONE"].contains(one)).collect();
        let before = vec![
            format!("SET GLOBAL slow_query_log = {on}"),
            format!("SET GLOBAL long_query_time = {seconds}"),
            format!("SET GLOBAL log_output = '{}'", if known.is_empty() { "NONE".to_owned() } else { known.join(",") }),
        ];
        let mut settings = Self { session, before };
        for setting in ["log_output = 'NONE'", "long_query_time = 0", "slow_query_log = 1"] {
            if let Err(trouble) = settings.session.run(&format!("SET GLOBAL {setting}")) {
                return Err(refused(&mut settings.session, &trouble));
            }
        }
        Ok(settings)
    }
}

impl Drop for Settings {
    fn drop(&mut self) {
        for setting in std::mem::take(&mut self.before) {
            // Where the server is gone, so are its settings.
            let _gone = self.session.run(&setting);
        }
    }
}

/// Has the log written from now on; how many entries it holds.
pub(super) fn start(session: &mut Session) -> Result<u64, Trouble> {
    session.run("SET GLOBAL log_output = 'TABLE'")?;
    session.one("SELECT COUNT(*) FROM mysql.slow_log")
}

/// Ends the writing; what came after so many entries, of this role where there is one, and of the service's database.
pub(super) fn stop(session: &mut Session, entries: u64, role: Option<&str>) -> Result<Logged, Trouble> {
    session.run("SET GLOBAL log_output = 'NONE'")?;
    // The table has no index and keeps the order in which it was written.
    let rows: Vec<(String, String, f64, u64, u64, Vec<u8>)> = session.rows(&format!(
        "SELECT user_host, db, TIME_TO_SEC(TIME(LEFT(query_time, 8))) + MICROSECOND(query_time) / 1e6, rows_sent, rows_examined, \
         LEFT(sql_text, {EXHIBIT_BYTES_MAX}) FROM (SELECT * FROM mysql.slow_log LIMIT {ENTRIES_MAX} OFFSET {entries}) AS told WHERE thread_id <> CONNECTION_ID()"
    ))?;
    let mut logged = Logged::default();
    for (who, database, seconds, sent, examined, text) in rows {
        // `shop[shop] @ localhost [127.0.0.1]`
        let user = who.split('[').next().unwrap_or_default();
        if role.is_some_and(|role| role != user) || database != session.database {
            continue;
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        let form = fingerprint(&text);
        let all = logged.statements.entry(form.clone()).or_default();
        *all = all.with(Sums::call(seconds, sent, examined));
        logged.samples.entry(form).or_insert(text);
    }
    Ok(logged)
}
