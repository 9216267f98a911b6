//! MySQL and MariaDB: the statements that a request runs, by digest, and the connections that load takes. Refuses to know what load is made.
//!
//! Counters are read before and after each request of a walk, never reset. Digests have no user: the service is told from others by its database.
#![expect(clippy::disallowed_methods, reason = "waits until the server has counted")]

mod counters;
mod fingerprint;
mod plan;
mod session;
mod slow_log;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::config::probe::Database;
use crate::model::{Direction, Kind, Name, Role, Unit, probe};

use super::sql::{Explained, Walked};
use super::{Probe, ProbeError, Probed, Seen};
use crate::measure::bench::Reading;
use crate::measure::bench::metric::{Benchmark, Shape};
use counters::{Growth, Snapshot, Sums};
use session::{Server, Session, Trouble, literal, quoted};
pub(in crate::measure) use slow_log::Settings;

/// How often connections are counted while load runs.
const LOOKS: Duration = Duration::from_millis(200);
/// A server counts a statement after it has answered it: it has when two looks so far apart are the same.
const SETTLING: Duration = Duration::from_millis(5);
/// After so many looks it has, or something else runs statements all the time.
const SETTLING_LOOKS: u32 = 20;
/// The oldest releases whose counters are known.
const MARIADB_MIN: (u32, u32) = (10, 5);
const MYSQL_MIN: (u32, u32) = (8, 0);

/// The probe.
pub(super) struct Mysql {
    session: Session,
    server: Server,
    database: Database,
    /// The service's name in the config.
    service: Name,
    /// Who the probe is to the server.
    user: String,
    connections_max: u64,
    looks: Looks,
    /// What had been counted before the request that is on its way, and how long the slow log was.
    before: Option<(Snapshot, Option<u64>)>,
    walked: Walked,
    /// All walks by text, and one statement of each text.
    sums: BTreeMap<String, Sums>,
    samples: BTreeMap<String, String>,
    missing: BTreeSet<String>,
    notes: BTreeSet<String>,
    /// Whether statements ran in other databases, in words.
    elsewhere: Option<String>,
}

/// What was seen while load ran.
#[derive(Clone, Copy, Debug, Default)]
struct Looks {
    count: u64,
    waits: u64,
    /// The most connections, of the role that is looked at and of all.
    connections: u64,
    connections_of_all: u64,
}

/// What has to be set before the service connects for the slow log to tell of its statements; puts it back when dropped.
pub(super) fn arm(database: &Database, url: &str) -> Result<Settings, ProbeError> {
    Settings::arm(url, database.timeout)
}

impl Mysql {
    /// Connects, and tries what it will read.
    pub(super) fn open(database: &Database, url: &str, service: &Name) -> Result<Self, ProbeError> {
        let mut session = Session::open(url, database.timeout).map_err(|trouble| trouble.connecting())?;
        let server = session.prepare().map_err(|trouble| trouble.connecting())?;
        let user = session.user();
        able(&mut session, &server)?;
        readable(&mut session, database.role.as_deref()).map_err(|trouble| {
            let hint = if trouble.is_right() {
                format!("run `GRANT SELECT ON performance_schema.* TO {user}`")
            } else {
                "check what the server says of it in its log".to_owned()
            };
            ProbeError {
                message: format!("the probe of {} cannot read what it counts: {}", server.name, trouble.words()),
                hint,
            }
        })?;
        let connections_max = session.one("SELECT @@GLOBAL.max_connections").unwrap_or(0);
        Ok(Self {
            session,
            server,
            database: database.clone(),
            service: service.clone(),
            user,
            connections_max,
            looks: Looks::default(),
            before: None,
            walked: Walked::default(),
            sums: BTreeMap::new(),
            samples: BTreeMap::new(),
            missing: BTreeSet::new(),
            notes: BTreeSet::new(),
            elsewhere: None,
        })
    }

    fn seen_connections(&mut self) -> Result<(), Trouble> {
        let (all, of_role, waiting) = connections(&mut self.session, self.database.role.as_deref())?;
        // The connection that keeps the settings of the slow log is none of the service's.
        let ours = u64::from(self.database.slow_log);
        let of_all = all.saturating_sub(ours);
        let rows: Vec<(String, u64)> = self.session.rows("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'")?;
        let waits = waiting + rows.first().map_or(0, |row| row.1);
        self.looks.count += 1;
        self.looks.waits += u64::from(waits > 0);
        self.looks.connections_of_all = self.looks.connections_of_all.max(of_all);
        let of_service = if self.database.role.is_some() { of_role } else { of_all };
        self.looks.connections = self.looks.connections.max(of_service);
        Ok(())
    }

    /// What has been counted when nothing is on its way any more.
    fn settled(&mut self) -> Result<Snapshot, Trouble> {
        let role = self.database.role.as_deref();
        let mut last = Snapshot::take(&mut self.session, role)?;
        for _ in 0..SETTLING_LOOKS {
            std::thread::sleep(SETTLING);
            let next = Snapshot::take(&mut self.session, role)?;
            if next.as_still_as(&last) {
                return Ok(next);
            }
            last = next;
        }
        Ok(last)
    }

    fn count_from_now(&mut self) -> Result<(), Trouble> {
        let snapshot = self.settled()?;
        let entries = if self.database.slow_log { Some(slow_log::start(&mut self.session)?) } else { None };
        self.before = Some((snapshot, entries));
        Ok(())
    }

    fn count(&mut self, step: &Name) -> Result<(), Trouble> {
        let Some((before, entries)) = self.before.take() else { return Ok(()) };
        let mut growth = self.settled()?.since(&before);
        if let Some(entries) = entries {
            let logged = slow_log::stop(&mut self.session, entries, self.database.role.as_deref())?;
            let calls: u64 = logged.statements.values().map(|sums| sums.calls).sum();
            // Digests count what other roles run; the log can tell.
            let expected = if self.database.role.is_some() { growth.unnamed.calls.max(1) } else { growth.calls() };
            if calls >= expected {
                growth = Growth { statements: logged.statements, unnamed: Sums::default(), ..growth };
                self.samples.extend(logged.samples);
            }
        }
        self.doubts(&growth);
        if growth.lost == 0 {
            for (text, sums) in &growth.statements {
                let all = self.sums.entry(text.clone()).or_default();
                *all = all.with(*sums);
            }
            self.walked.add(step, growth.pass());
        }
        Ok(())
    }

    /// What must be known of these counts.
    fn doubts(&mut self, growth: &Growth) {
        let name = &self.server.name;
        if growth.lost > 0 {
            self.missing.insert(format!(
                "the table of digests of {name} is full, so statements were not counted: restart the server with a larger \
                 `performance_schema_digests_size`, or run `TRUNCATE performance_schema.events_statements_summary_by_digest`"
            ));
        }
        if growth.unnamed.calls > 0 && self.database.slow_log {
            self.notes.insert(format!(
                "the slow log of {name} did not tell of all prepared statements: connections of the service that are older than the round keep their settings; \
                 those statements are counted as one"
            ));
        } else if growth.unnamed.calls > 0 {
            self.notes.insert(format!(
                "{name} does not tell prepared statements of the binary protocol apart: they are counted in `queries`, but as one statement, without text and plan; \
                 `slow-log = true` in `[service.{}.mysql]` shows them, or a driver that sends its statements as text",
                self.service
            ));
        }
        if growth.elsewhere > 0 {
            let told = "statements ran in other databases of";
            self.elsewhere = Some(format!("{told} {name} than that of the `url`; they are not counted"));
        }
    }

    fn failed(&mut self, what: &str, trouble: &Trouble) {
        self.missing.insert(format!("the probe of {} could not {what}: {}", self.server.name, trouble.words()));
    }

    /// The plans of statements, by text.
    fn explain(&mut self) -> BTreeMap<String, Explained> {
        let texts = self.walked.worth_explaining();
        let usable = self.session.run(&format!("USE {}", quoted(&self.session.database)));
        if !self.server.mariadb {
            self.sampled();
        }
        let mut all = BTreeMap::new();
        for text in texts {
            let sample = self.samples.get(&text).and_then(|sample| plan::explainable(sample));
            let Some(statement) = sample.or_else(|| plan::with_values(&text)) else { continue };
            let asked =
                usable.clone().and_then(|()| self.session.one::<String>(&format!("EXPLAIN FORMAT=JSON {statement}")));
            let sums = self.sums.get(&text).copied().unwrap_or_default();
            let reads = plan::reads_through(sums.examined_per_call(), sums.rows_per_call());
            let explained = match asked {
                Ok(json) => plan::explained(&statement, &json, reads),
                Err(trouble) if trouble.is_right() => {
                    let on = quoted(&self.session.database);
                    self.notes.insert(format!(
                        "plans of {} need `GRANT SELECT ON {on}.* TO {}`",
                        self.server.name, self.user
                    ));
                    None
                }
                // A statement without its values is not always one that can be planned.
                Err(_) => None,
            };
            let mut explained = explained.unwrap_or_default();
            explained.plan = with_odd(explained.plan, &sums);
            all.insert(text, explained);
        }
        all
    }

    /// MySQL keeps one statement of each digest.
    fn sampled(&mut self) {
        let database = literal(&self.session.database);
        let rows: Result<Vec<(Option<String>, Option<String>)>, _> = self.session.rows(&format!(
            "SELECT DIGEST_TEXT, QUERY_SAMPLE_TEXT FROM performance_schema.events_statements_summary_by_digest WHERE SCHEMA_NAME = {database}"
        ));
        for (text, sample) in rows.unwrap_or_default() {
            let (Some(text), Some(sample)) = (text, sample) else { continue };
            self.samples.entry(fingerprint::fingerprint(&text)).or_insert(sample);
        }
    }

    fn of_load(&self, seen: &Seen) -> Vec<Reading> {
        let mut whole = Benchmark::new(&seen.suite, seen.whole.as_str());
        let shape = |unit, kind| Shape(unit, kind, Direction::LowerIsBetter, Role::Informative);
        let looks = self.looks;
        if looks.count > 0 {
            whole.value(probe::DATABASE_CONNECTIONS, looks.connections as f64, shape(Unit::Count, Kind::Count));
            if self.connections_max > 0 {
                let used = looks.connections_of_all as f64 / self.connections_max as f64;
                whole.value(probe::DATABASE_CONNECTIONS_USED, used, shape(Unit::Ratio, Kind::Ratio));
            }
            whole.trials(probe::LOCK_WAITS, looks.waits, looks.count, Role::Informative);
        }
        whole.readings()
    }
}

/// Whether the server is one that counts statements, and does.
fn able(session: &mut Session, server: &Server) -> Result<(), ProbeError> {
    let (least, words) = if server.mariadb { (MARIADB_MIN, "MariaDB 10.5") } else { (MYSQL_MIN, "MySQL 8.0") };
    if server.release < least {
        let message = format!("{} is too old for its probe", server.name);
        return Err(ProbeError { message, hint: format!("use {words} or later, or take the probe out of the config") });
    }
    let on: u8 = session.one("SELECT @@GLOBAL.performance_schema").map_err(|trouble| trouble.connecting())?;
    if on == 0 {
        let message = format!("{} counts no statements: its performance_schema is off", server.name);
        let hint = "start the server with `performance_schema = ON` under `[mysqld]`; it cannot be turned on while it runs, and MariaDB has it off by default";
        return Err(ProbeError { message, hint: hint.to_owned() });
    }
    let consumers = "SELECT ENABLED FROM performance_schema.setup_consumers WHERE NAME = 'statements_digest'";
    if session.one::<String>(consumers).is_ok_and(|enabled| enabled != "YES") {
        let message = format!("{} counts no statements by digest", server.name);
        let hint = "run `UPDATE performance_schema.setup_consumers SET ENABLED = 'YES' WHERE NAME IN ('global_instrumentation', 'thread_instrumentation', 'statements_digest')`";
        return Err(ProbeError { message, hint: hint.to_owned() });
    }
    Ok(())
}

/// Reads once what will be read.
fn readable(session: &mut Session, role: Option<&str>) -> Result<(), Trouble> {
    Snapshot::take(session, role)?;
    connections(session, role).map(drop)
}

/// Connections to the server but this one, those of the role, and those that wait for a lock of a table.
fn connections(session: &mut Session, role: Option<&str>) -> Result<(u64, u64, u64), Trouble> {
    let role = literal(role.unwrap_or_default());
    let rows: Vec<(u64, Option<u64>, Option<u64>)> = session.rows(&format!(
        "SELECT COUNT(*), SUM(CASE WHEN PROCESSLIST_USER = {role} THEN 1 ELSE 0 END), \
         SUM(CASE WHEN PROCESSLIST_STATE LIKE 'Waiting for%lock%' THEN 1 ELSE 0 END) FROM performance_schema.threads \
         WHERE PROCESSLIST_ID IS NOT NULL AND PROCESSLIST_ID <> CONNECTION_ID() AND PROCESSLIST_COMMAND <> 'Daemon'"
    ))?;
    let (all, of_role, waiting) = rows.first().copied().unwrap_or_default();
    Ok((all, of_role.unwrap_or(0), waiting.unwrap_or(0)))
}

/// A plan with what the server counted of a statement beside it.
fn with_odd(plan: Option<String>, sums: &Sums) -> Option<String> {
    let what = ["joins without an index", "temporary tables on disk", "errors"];
    let odd = what.into_iter().zip(sums.odd).filter(|(_, count)| *count > 0);
    let lines = odd.map(|(what, count)| format!("{what}: {:.1} a call", count as f64 / sums.calls.max(1) as f64));
    let lines: Vec<String> = plan.into_iter().chain(lines).collect();
    Some(lines.join("\n")).filter(|text| !text.is_empty())
}

impl Probe for Mysql {
    fn every(&self) -> Option<Duration> {
        Some(LOOKS)
    }

    fn begin(&mut self) {
        self.looks = Looks::default();
    }

    fn look(&mut self) {
        if let Err(trouble) = self.seen_connections() {
            self.failed("count connections", &trouble);
        }
    }

    fn end(&mut self) {
        self.look();
    }

    fn walks(&self) -> u32 {
        self.database.walks
    }

    fn before_step(&mut self) {
        if let Err(trouble) = self.count_from_now() {
            self.failed("count statements", &trouble);
        }
    }

    fn after_step(&mut self, step: &Name) {
        if let Err(trouble) = self.count(step) {
            self.failed("count statements", &trouble);
        }
    }

    fn finish(&mut self, seen: &Seen) -> Probed {
        if self.sums.is_empty()
            && let Some(note) = self.elsewhere.take()
        {
            self.missing.insert(note);
        }
        self.notes.extend(self.elsewhere.take());
        let explained = self.explain();
        let mut probed = self.walked.probed(seen, &self.server.name, &explained);
        probed.readings.extend(self.of_load(seen));
        probed.missing.extend(std::mem::take(&mut self.missing));
        probed.notes.extend(std::mem::take(&mut self.notes));
        probed
    }
}
