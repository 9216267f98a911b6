//! Probes of a service. Refuses to know how they read.

use crate::config::probe::Probes;
use crate::config::wire;

use super::Reader;

impl Reader<'_, '_> {
    /// What is read beside a service.
    pub(super) fn probes(&mut self, _service: &wire::Service) -> Probes {
        Probes::default()
    }
}
