//! Probes of a service. Refuses to know how they read.

mod database;
mod prometheus;

use crate::config::probe::{DatabaseKind, Probes};
use crate::config::wire;

use super::Reader;

impl Reader<'_, '_> {
    /// What is read beside a service.
    pub(super) fn probes(&mut self, service: &wire::Service) -> Probes {
        let databases = [(DatabaseKind::Postgres, &service.postgres), (DatabaseKind::Mysql, &service.mysql)];
        let read = |(kind, database): (_, &Option<_>)| self.database(kind, database.as_ref()?);
        let databases = databases.into_iter().filter_map(read).collect();
        if let (Some(_), Some(mysql)) = (&service.postgres, &service.mysql) {
            let help = "its statements are counted by request, and those of two could not be told apart".to_owned();
            self.problems.add(&mysql.url.span, "one database of a service is looked at, not two", Some(help));
        }
        Probes { databases, prometheus: service.prometheus.as_ref().and_then(|prometheus| self.prometheus(prometheus)) }
    }
}
