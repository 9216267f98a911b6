//! The probe of PostgreSQL: statements by request from `pg_stat_statements`, what connections and tables did, and how statements are carried out. It reads
//! only, in a connection of its own, and resets nothing.
#![expect(clippy::disallowed_methods, reason = "waits until counters are still")]

mod access;
mod activity;
mod explain;
mod link;
mod plan;
mod statements;
mod tls;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::probe::Database;
use crate::measure::bench::metric::Benchmark;
use crate::model::Name;

use super::sql::{Walked, folded};
use super::{Probe, ProbeError, Probed, Seen};
use access::Access;
use activity::{Activity, Totals};
use link::{Link, Trouble};
use statements::{Look, Walks};

/// How often connections are looked at while load runs.
const EVERY: Duration = Duration::from_millis(200);
/// Counters that stay the same for so long are complete: a service may commit after it has replied.
const STILL: Duration = Duration::from_millis(10);
/// So many times they may still change.
const STILL_LOOKS_MAX: u32 = 20;
/// Counts of tables may come so much later than the connection that did it ended, in version 15 and later, and before.
const TABLES_LATE: [Duration; 2] = [Duration::from_millis(150), Duration::from_millis(600)];
/// So many times they are looked at.
const TABLES_LOOKS_MAX: u32 = 5;

/// A probe of PostgreSQL.
pub(super) struct Postgres {
    link: Link,
    access: Access,
    walks: u32,
    activity: Activity,
    /// Totals when what counts began.
    begun: Option<Totals>,
    before: Option<Look>,
    walked: Walks,
    /// Whether counters were lost during a walk.
    lost: bool,
    /// The first question that got no answer; none is asked after it.
    trouble: Option<String>,
}

impl Postgres {
    /// Connects and looks whether everything is there that will be asked for.
    pub(super) fn open(database: &Database, url: &str) -> Result<Self, ProbeError> {
        let link = Link::open(url, database.timeout)?;
        let access = access::check(&link, database)?;
        Ok(Self {
            link,
            access,
            walks: database.walks,
            activity: Activity::default(),
            begun: None,
            before: None,
            walked: Walks::new(),
            lost: false,
            trouble: None,
        })
    }

    /// What the database answers; nothing once it did not.
    fn ask<T>(&mut self, question: impl FnOnce(&Link, &Access) -> Result<T, Trouble>) -> Option<T> {
        if self.trouble.is_some() {
            return None;
        }
        match question(&self.link, &self.access) {
            Ok(answer) => Some(answer),
            Err(trouble) => {
                self.trouble = Some(trouble.words);
                None
            }
        }
    }

    /// The counters once nothing is counted any more.
    fn still(&mut self) -> Option<Look> {
        let mut look = self.ask(statements::look)?;
        for _ in 0..STILL_LOOKS_MAX {
            std::thread::sleep(STILL);
            let next = self.ask(statements::look)?;
            let is_still = next.calls() == look.calls();
            look = next;
            if is_still {
                break;
            }
        }
        Some(look)
    }

    /// What was counted for tables since the beginning, once the service's connections have told all.
    fn totals(&mut self) -> Option<Totals> {
        let late = TABLES_LATE[usize::from(!self.access.is_prompt)];
        let mut totals = self.ask(|link, _| Totals::ask(link))?;
        for _ in 0..TABLES_LOOKS_MAX {
            std::thread::sleep(late);
            let next = self.ask(|link, _| Totals::ask(link))?;
            if next == totals {
                break;
            }
            totals = next;
        }
        Some(totals)
    }

    fn whole(&mut self, seen: &Seen, probed: &mut Probed) {
        let mut benchmark = Benchmark::new(&seen.suite, seen.whole.as_str());
        self.activity.metrics(&mut benchmark, &self.access);
        if let (Some(before), Some(after)) = (self.begun.take(), self.totals()) {
            // Each flow was walked once without being told of.
            let told = self.walked.len() as u64;
            let walked = told + told / u64::from(self.walks.max(1));
            let requests = if seen.requests == 0 { 0 } else { seen.requests + walked };
            after.metrics(&before, requests, &mut benchmark);
            if after.deadlocked(&before) {
                probed.notes.push("the database ended transactions of the load because of deadlocks".to_owned());
            }
        }
        probed.readings.extend(benchmark.readings());
    }

    fn statements(&mut self, seen: &Seen) -> Option<Probed> {
        let walks = std::mem::take(&mut self.walked);
        let ids = || walks.iter().flat_map(|(_, raw)| raw.keys());
        let texts = self.ask(|link, access| statements::texts(link, access, ids()))?;
        let mut walked = Walked::default();
        for (step, raw) in &walks {
            walked.add(step, statements::by_text(raw, &texts));
        }
        let given = texts.values().map(|text| (folded(text), text.clone()));
        let chosen = explain::chosen(&walked.worth_explaining(), given);
        let all = self.ask(|link, access| explain::explain(link, access, &chosen));
        let denied = all.as_ref().is_some_and(|all| all.denied);
        let explained = all.map_or_else(BTreeMap::new, |all| all.explained);
        let mut probed = walked.probed(seen, &self.access.database, &explained);
        if denied {
            let note = "plans of some statements are not shown: the probe's role may not do what they do";
            probed.notes.push(format!("{note}; `GRANT pg_read_all_data` to it shows those that read"));
        }
        Some(probed)
    }
}

impl Probe for Postgres {
    fn every(&self) -> Option<Duration> {
        Some(EVERY)
    }

    fn begin(&mut self) {
        self.begun = self.ask(|link, _| Totals::ask(link));
    }

    fn look(&mut self) {
        let mut activity = std::mem::take(&mut self.activity);
        self.ask(|link, access| activity.look(link, access));
        self.activity = activity;
    }

    fn end(&mut self) {}

    fn walks(&self) -> u32 {
        self.walks
    }

    fn before_step(&mut self) {
        self.before = self.still();
    }

    fn after_step(&mut self, step: &Name) {
        let (Some(before), Some(after)) = (self.before.take(), self.still()) else { return };
        match after.since(&before) {
            Some(raw) => self.walked.push((step.clone(), raw)),
            None => self.lost = true,
        }
    }

    fn finish(&mut self, seen: &Seen) -> Probed {
        let mut probed = Probed::default();
        self.whole(seen, &mut probed);
        if self.lost {
            self.walked.clear();
            let lost = "statements are not counted: pg_stat_statements was reset or dropped some while they were";
            let advice = "reset nothing during a check, and raise `pg_stat_statements.max`";
            probed.missing.push(format!("{lost}; {advice}"));
        } else if let Some(statements) = self.statements(seen) {
            probed.readings.extend(statements.readings);
            probed.exhibits = statements.exhibits;
            probed.notes.extend(statements.notes);
        }
        if let Some(trouble) = &self.trouble {
            probed.missing.push(format!("PostgreSQL could not be asked: {trouble}"));
        }
        probed
    }
}
