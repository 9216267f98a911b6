//! Everything that a drive of load needs and that can fail before its clock starts.

use std::collections::BTreeMap;
use std::net::ToSocketAddrs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::config::scenario::{Address, Arrivals, Load, Origin, Protocol};
use crate::model::Name;

use super::connect::{Connector, Place};
use super::flow::{ReadyFlow, ReadyStep};
use super::http1::Reuse;

/// What is sent, and to whom. A copy of it is the same work.
#[derive(Clone)]
pub struct Work(pub(super) Arc<Prepared>);

/// What is in it.
pub(super) struct Prepared {
    /// The names of all steps, each once.
    pub(super) names: Vec<Name>,
    /// At least one.
    pub(super) flows: Vec<ReadyFlow>,
    /// How arrivals are spread.
    pub(super) arrivals: Arrivals,
    /// The seed of everything that chance decides.
    pub(super) seed: u64,
    /// Connections of an open model, all targets together.
    pub(super) connections: usize,
    /// The longest that any request may take.
    pub(super) timeout: Duration,
    /// The largest body of a reply, in bytes.
    pub(super) reply_bytes_max: u64,
    /// Names, as they may be shown, and weights of the targets; at least one.
    pub(super) targets: Vec<(String, u32)>,
    /// Makes connections to them, by index.
    pub(super) connector: Connector,
}

/// Why load cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// A name that nothing is known by.
    #[error("find the address of `{host}`: {reason}")]
    Resolve {
        /// The name.
        host: String,
        /// The reason.
        reason: String,
    },
    /// Something that cannot be done here.
    #[error("{0} are not supported")]
    Unsupported(&'static str),
}

impl Work {
    /// Prepares a load against these addresses. Files are relative to `root`, secrets come from `environment`.
    pub fn new(
        load: &Load,
        addresses: Vec<Address>,
        _root: &Path,
        _environment: &BTreeMap<String, String>,
    ) -> Result<Self, WorkError> {
        let mut names: Vec<Name> = Vec::new();
        let mut flows = Vec::new();
        for flow in &load.flows {
            let mut steps = Vec::new();
            for step in &flow.steps {
                let name = names.iter().position(|name| *name == step.name).unwrap_or_else(|| {
                    names.push(step.name.clone());
                    names.len() - 1
                });
                steps.push(ReadyStep::new(step, name, load.timeout));
            }
            flows.push(ReadyFlow { weight: flow.weight, steps });
        }
        let timeout = flows.iter().flat_map(|flow| &flow.steps).map(|step| step.timeout).max().unwrap_or(load.timeout);
        let mut targets = Vec::new();
        let mut places = Vec::new();
        for Address { origin, weight } in addresses {
            let Origin::Tcp { tls: false, host, port } = origin else {
                return Err(WorkError::Unsupported("TLS and Unix sockets"));
            };
            let resolved = (host.as_str(), port).to_socket_addrs();
            let addresses = resolved
                .map_err(|error| WorkError::Resolve { host: host.clone(), reason: error.to_string() })?
                .collect();
            let shown = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
            targets.push((format!("http://{shown}"), weight));
            places.push(Place { authority: shown, addresses });
        }
        let reuse = match load.connections.protocol {
            Protocol::Http1 => Reuse::Kept,
            Protocol::Http1Close => Reuse::Once,
            Protocol::Http2 => return Err(WorkError::Unsupported("HTTP/2 connections")),
        };
        Ok(Self(Arc::new(Prepared {
            names,
            flows,
            arrivals: load.arrivals,
            seed: load.seed,
            connections: load.connections.count as usize,
            timeout,
            reply_bytes_max: load.reply_bytes_max,
            targets,
            connector: Connector { places, reuse },
        })))
    }
}
