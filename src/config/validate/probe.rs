//! Probes of a service. Refuses to know how they read.

mod prometheus;

use crate::config::probe::Probes;
use crate::config::wire;

use super::Reader;

impl Reader<'_, '_> {
    /// What is read beside a service.
    pub(super) fn probes(&mut self, service: &wire::Service) -> Probes {
        Probes {
            prometheus: service.prometheus.as_ref().and_then(|prometheus| self.prometheus(prometheus)),
            ..Probes::default()
        }
    }
}
