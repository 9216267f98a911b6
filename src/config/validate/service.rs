//! Services: how they are started, awaited and stopped. Refuses to know what they serve.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use crate::config::at::At;
use crate::config::human;
use crate::config::service::{Readiness, Service};
use crate::config::wire::{self, Ready};

use super::Reader;

const READY_WITHIN: Duration = Duration::from_secs(30);
const STOP_WITHIN: Duration = Duration::from_secs(5);
const LOG_BYTES_MAX: u64 = 64 << 20;
/// The longest text that is looked for in a log, in bytes.
const LOG_TEXT_BYTES_MAX: usize = 1024;
/// What stands for something in a service's command and variables.
const PLACEHOLDERS: [&str; 4] = ["port", "instance", "target", "scratch"];

impl Reader<'_, '_> {
    /// The services by name, those that could not be read too.
    pub(super) fn services(
        &mut self,
        services: &BTreeMap<At<String>, wire::Service>,
    ) -> BTreeMap<String, Option<Service>> {
        services.iter().map(|(name, service)| (name.value.clone(), self.service(name, service))).collect()
    }

    fn service(&mut self, name: &At<String>, service: &wire::Service) -> Option<Service> {
        let known = BTreeSet::from(PLACEHOLDERS);
        let name = self.part_name(name, "service");
        let start = self.run(&service.start, &known);
        let directory = service.directory.as_ref().and_then(|path| self.path(path));
        for value in service.environment.values() {
            self.argument(value, &known);
        }
        let environment = self.environment(&service.environment);
        let build = service.build.as_ref().map_or(Vec::new(), |build| self.build(build));
        let ready = service.ready.as_ref().map_or(Some(Readiness::Tcp), |ready| self.ready(ready));
        let health = service.health.as_ref().map(|path| self.plain_path(path));
        Some(Service {
            build,
            directory: directory.unwrap_or_else(|| PathBuf::from(".")),
            environment,
            ready_within: self.human(service.ready_within.as_ref(), human::duration).unwrap_or(READY_WITHIN),
            stop_within: self.human(service.stop_within.as_ref(), human::duration).unwrap_or(STOP_WITHIN),
            instances: service.instances.unwrap_or(1),
            cpus: service.cpus.iter().copied().collect(),
            log_bytes_max: self.human(service.log_limit.as_ref(), human::limit_bytes).unwrap_or(LOG_BYTES_MAX),
            probes: self.probes(service),
            name: name?,
            start: start?,
            ready: ready?,
            health: match health {
                Some(path) => Some(path?),
                None => None,
            },
        })
    }

    fn ready(&mut self, ready: &At<Ready>) -> Option<Readiness> {
        let at = |text: &String| At { value: text.clone(), span: ready.span.clone() };
        match &ready.value {
            Ready::Short(text) if text == "tcp" => Some(Readiness::Tcp),
            Ready::Short(text) if text.starts_with('/') => {
                Some(Readiness::Http { path: self.plain_path(&at(text))?, status: 200 })
            }
            Ready::Short(_) => {
                let help =
                    "a path such as `/health`, `tcp`, or a table such as `{ log = \"listening on\" }`".to_owned();
                self.problems.add(&ready.span, "`ready` says nothing that can be waited for", Some(help));
                None
            }
            Ready::Table(table) => match (&table.path, &table.log, table.status) {
                (Some(path), None, status) => {
                    Some(Readiness::Http { path: self.plain_path(&at(path))?, status: status.unwrap_or(200) })
                }
                (None, Some(log), None) if !log.is_empty() && log.len() <= LOG_TEXT_BYTES_MAX => {
                    Some(Readiness::Log(log.clone()))
                }
                (_, log, _) => {
                    let help =
                        format!("`path`, with a `status` or not; or `log`, a text of 1 to {LOG_TEXT_BYTES_MAX} bytes");
                    let both = log.is_some() && (table.path.is_some() || table.status.is_some());
                    let message = if both { "`ready` has two conditions" } else { "`ready` has no condition" };
                    self.problems.add(&ready.span, message, Some(help));
                    None
                }
            },
        }
    }
}
