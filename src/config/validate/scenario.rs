//! Scenarios: where the load goes and who makes it. Refuses to know how it is made.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use crate::config::at::At;
use crate::config::problem::{did_you_mean, quoted};
use crate::config::scenario::{
    Address, Arrivals, Connections, Engine, External, Level, Load, LoadFormat, Origin, Protocol, Scenario, Target, Tls,
};
use crate::config::service::Service;
use crate::config::wire;
use crate::config::{Adapter, Suite, human};

use super::Reader;
use super::selector::check_repeated;

const WARM_UP: Duration = Duration::from_secs(2);
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest run of another engine.
const ENGINE_TIMEOUT: Duration = Duration::from_mins(10);
const APDEX: Duration = Duration::from_millis(500);
const SEED: u64 = 1;
const CONNECTIONS: u32 = 64;
/// The most requests on their way at once: each takes some KiB.
const REQUESTS_AT_ONCE_MAX: u64 = 20_000;
const REPLY_BYTES_MAX: u64 = 16 << 20;
const TARGETS_MAX: usize = 64;

impl Reader<'_, '_> {
    pub(super) fn scenarios(
        &mut self,
        scenarios: BTreeMap<At<String>, wire::Scenario>,
        services: &BTreeMap<String, Option<Service>>,
    ) -> Vec<Suite> {
        scenarios.into_iter().filter_map(|(name, scenario)| self.scenario(&name, scenario, services)).collect()
    }

    fn scenario(
        &mut self,
        name: &At<String>,
        mut wire: wire::Scenario,
        services: &BTreeMap<String, Option<Service>>,
    ) -> Option<Suite> {
        let read_name = self.part_name(name, "scenario");
        let target = self.target(name, &wire, services);
        let directory = wire.directory.as_ref().map_or(Some(PathBuf::from(".")), |path| self.path(path));
        let environment = self.environment(&wire.environment);
        let (engine, timeout) = match wire.engine {
            Some(format) => {
                let timeout = self.human(wire.timeout.as_ref(), human::duration).unwrap_or(ENGINE_TIMEOUT);
                (self.external(format, &wire, timeout).map(Engine::External), timeout)
            }
            None => {
                (self.load(name, &mut wire, target.as_ref()).map(|load| Engine::Own(Box::new(load))), ENGINE_TIMEOUT)
            }
        };
        let scenario = Scenario { target: target?, engine: engine? };
        Some(Suite {
            name: read_name?,
            adapter: Adapter::Scenario(Box::new(scenario)),
            directory: directory?,
            environment,
            build: Vec::new(),
            filter: None,
            timeout,
            sources: Vec::new(),
        })
    }

    fn target(
        &mut self,
        name: &At<String>,
        wire: &wire::Scenario,
        services: &BTreeMap<String, Option<Service>>,
    ) -> Option<Target> {
        let several = wire.targets.first().map(|first| &first.span);
        let spans = [wire.service.as_ref().map(|at| &at.span), wire.url.as_ref().map(|at| &at.span), several];
        let set: Vec<_> = spans.into_iter().flatten().collect();
        let help = "one of `service`, `url` and `targets` says where the load goes".to_owned();
        if let [_, second, ..] = set.as_slice() {
            self.problems.add(second, "a second place for the load to go to", Some(help));
            return None;
        }
        if let Some(service) = &wire.service {
            let Some(found) = services.get(&service.value) else {
                let known = services.keys().map(String::as_str);
                let help = did_you_mean(&service.value, known)
                    .unwrap_or_else(|| format!("add `[service.{}]` with its `start`", service.value));
                let message = format!("no service is called {}", quoted(&service.value));
                self.problems.add(&service.span, message, Some(help));
                return None;
            };
            return found.clone().map(Box::new).map(Target::Service);
        }
        if set.is_empty() && wire.engine.is_none() {
            let message = format!("{} lacks `service` or `url`", quoted(&format!("[scenario.{}]", name.value)));
            self.problems.add(&name.span, message, Some(help));
            return None;
        }
        let one = wire.url.as_ref().map(|url| (url, 1));
        let several = wire.targets.iter().map(|target| (&target.value.url, target.value.weight.unwrap_or(1)));
        let all: Vec<(&At<String>, u32)> = one.into_iter().chain(several).collect();
        if all.len() > TARGETS_MAX {
            self.problems.add(&name.span, format!("{} targets are more than {TARGETS_MAX}", all.len()), None);
        }
        check_repeated(all.iter().map(|(url, _)| (quoted(&url.value), &url.span)), self.problems);
        let read: Vec<Option<Address>> = all.iter().map(|(url, weight)| self.address(url, *weight)).collect();
        read.into_iter().collect::<Option<Vec<Address>>>().map(Target::Addresses)
    }

    fn address(&mut self, url: &At<String>, weight: u32) -> Option<Address> {
        match Origin::parse(&url.value) {
            Ok(origin) => Some(Address { origin, weight }),
            Err(error) => {
                self.problems.add(&url.span, error.to_string(), Some(error.hint().to_owned()));
                None
            }
        }
    }

    fn external(&mut self, format: wire::LoadFormat, wire: &wire::Scenario, timeout: Duration) -> Option<External> {
        let goes_somewhere = wire.service.is_some() || wire.url.is_some() || !wire.targets.is_empty();
        let address: &[&str] = if goes_somewhere { &["url", "port"] } else { &[] };
        let known: BTreeSet<&str> = ["output", "target"].iter().chain(address).copied().collect();
        let run = self.run(wire.run.as_ref()?, &known);
        Some(External { format: load_format(format), run: run?, timeout })
    }

    fn load(&mut self, name: &At<String>, wire: &mut wire::Scenario, target: Option<&Target>) -> Option<Load> {
        let profile = self.profile(name, wire);
        let flows = self.flows(name, wire);
        let count =
            self.connections(wire, profile.as_ref().and_then(|profile| Some((profile.first()?, profile.highest()))));
        let streams = self.streams(wire, count);
        let tls = self.tls(wire, target);
        let load = Load {
            arrivals: match wire.arrivals {
                None | Some(wire::Arrivals::Uniform) => Arrivals::Uniform,
                Some(wire::Arrivals::Poisson) => Arrivals::Poisson,
            },
            seed: wire.seed.unwrap_or(SEED),
            warm_up: self.human(wire.warm_up.as_ref(), human::pause).unwrap_or(WARM_UP),
            flows: flows?,
            connections: Connections { count, streams, protocol: protocol(wire.protocol), tls: tls? },
            timeout: self.human(wire.timeout.as_ref(), human::duration).unwrap_or(TIMEOUT),
            reply_bytes_max: self.human(wire.max_reply.as_ref(), human::limit_bytes).unwrap_or(REPLY_BYTES_MAX),
            apdex: self.human(wire.apdex.as_ref(), human::duration).unwrap_or(APDEX),
            profile: profile?,
        };
        Some(load)
    }

    /// As many as are asked for; of a closed model, as many as it has users.
    fn connections(&mut self, wire: &wire::Scenario, level: Option<(Level, f64)>) -> u32 {
        let Some((Level::Users(_), users)) = level else {
            return wire.connections.as_ref().map_or(CONNECTIONS, |count| count.value);
        };
        if let Some(count) = &wire.connections {
            let help = Some("leave it out, or set a `rate` instead of `users`".to_owned());
            self.problems.add(&count.span, "each user has a connection of its own", help);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "users are 1 to 10 000")]
        let users = users.ceil() as u32;
        users
    }

    /// How many requests at a time a connection carries.
    fn streams(&mut self, wire: &wire::Scenario, connections: u32) -> u32 {
        let Some(At { value: streams, span }) = &wire.streams else { return 1 };
        if *streams > 1 && protocol(wire.protocol) != Protocol::Http2 {
            let help = Some("set `protocol = \"http2\"`, or more `connections`".to_owned());
            self.problems.add(span, "HTTP/1.1 carries one request at a time", help);
        }
        if u64::from(*streams) * u64::from(connections) > REQUESTS_AT_ONCE_MAX {
            let message = format!(
                "{connections} connections of {streams} streams are more than {REQUESTS_AT_ONCE_MAX} requests at a time"
            );
            self.problems.add(span, message, Some("fewer of either send as much where replies are fast".to_owned()));
        }
        *streams
    }

    fn tls(&mut self, wire: &wire::Scenario, target: Option<&Target>) -> Option<Tls> {
        let Some(At { value: tls, span }) = &wire.tls else { return Some(Tls::default()) };
        let is_tls = |address: &Address| matches!(address.origin, Origin::Tcp { tls: true, .. });
        let in_vain = target.is_some_and(|target| match target {
            Target::Addresses(addresses) => !addresses.iter().any(is_tls),
            Target::Service(_) => true,
        });
        if in_vain {
            let help = "only a `url` that begins with `https://` has TLS".to_owned();
            self.problems.add(span, "`tls` is set, and nothing that the load goes to has it", Some(help));
        }
        if tls.certificate.is_some() != tls.key.is_some() {
            let help = "set both `certificate` and `key`, or neither".to_owned();
            self.problems.add(span, "half a certificate of our own", Some(help));
        }
        let mut file = |path: &Option<At<String>>| match path {
            Some(path) => self.path(path).map(Some),
            None => Some(None),
        };
        let (ca, certificate, key) = (file(&tls.ca), file(&tls.certificate), file(&tls.key));
        let server_name = match &tls.server_name {
            Some(name) => Some(self.text(name, "`server-name`")?),
            None => None,
        };
        Some(Tls { ca: ca?, client: certificate?.zip(key?), server_name })
    }
}

fn protocol(protocol: Option<wire::Protocol>) -> Protocol {
    match protocol {
        None | Some(wire::Protocol::Http1) => Protocol::Http1,
        Some(wire::Protocol::Http1Close) => Protocol::Http1Close,
        Some(wire::Protocol::Http2) => Protocol::Http2,
    }
}

fn load_format(format: wire::LoadFormat) -> LoadFormat {
    match format {
        wire::LoadFormat::K6 => LoadFormat::K6,
        wire::LoadFormat::Gatling => LoadFormat::Gatling,
        wire::LoadFormat::Jmeter => LoadFormat::Jmeter,
        wire::LoadFormat::Locust => LoadFormat::Locust,
        wire::LoadFormat::Vegeta => LoadFormat::Vegeta,
        wire::LoadFormat::Oha => LoadFormat::Oha,
        wire::LoadFormat::Wrk => LoadFormat::Wrk,
        wire::LoadFormat::H2load => LoadFormat::H2load,
        wire::LoadFormat::Autocannon => LoadFormat::Autocannon,
    }
}
