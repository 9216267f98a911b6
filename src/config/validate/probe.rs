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
        let databases = databases.into_iter().filter_map(|(kind, database)| self.database(kind, database.as_ref()?));
        Probes {
            databases: databases.collect(),
            prometheus: service.prometheus.as_ref().and_then(|prometheus| self.prometheus(prometheus)),
        }
    }
}
