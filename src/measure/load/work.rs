//! What a load will do, made ready before the clock starts: everything that can fail without the service fails here, all of it at once.
#![expect(clippy::disallowed_methods, reason = "a cookie expires by the time of day")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::config::scenario::{Address, Arrivals, Flow, Load, Origin};
use crate::model::Name;

use super::connect::Connector;
use super::data::Table;
use super::flow::{ReadyFlow, ReadyStep};
use super::location::{Own, shown};
use super::step;
use super::template::Source;
use super::tls;

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
    /// Requests at a time on each, at least 1.
    pub(super) streams: usize,
    /// The longest that any request may take.
    pub(super) timeout: Duration,
    /// The largest body of a reply, in bytes.
    pub(super) reply_bytes_max: u64,
    /// Names, as they may be shown, and weights of the targets; at least one.
    pub(super) targets: Vec<(String, u32)>,
    /// Makes connections to them, by index.
    pub(super) connector: Connector,
}

/// Why a load cannot begin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("prepare the load ({})", .problems.join("; "))]
pub struct WorkError {
    /// All problems, at least one, each a line of words.
    pub problems: Vec<String>,
}

impl WorkError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        "nothing was sent; correct the scenario in tollgate.toml, the files that it names, or the environment"
            .to_owned()
    }
}

/// What the steps of a flow are made ready with.
pub(super) struct Means<'a> {
    /// Where relative paths start.
    pub(super) root: &'a Path,
    /// Where secrets are.
    pub(super) environment: &'a BTreeMap<String, String>,
    pub(super) load: &'a Load,
    pub(super) own: Arc<Own>,
    pub(super) now_unix_s: i64,
}

impl Work {
    /// Makes a load ready: reads its data files, bodies, certificates and secrets, looks up the addresses and parses templates. `root` is where
    /// relative paths start, `environment` where secrets are. Nothing is sent.
    pub fn new(
        load: &Load,
        addresses: Vec<Address>,
        root: &Path,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, WorkError> {
        let now_unix_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs().cast_signed());
        let means = Means { root, environment, load, own: Arc::new(Own::new(&addresses)), now_unix_s };
        let mut names: Vec<Name> = Vec::new();
        let (mut flows, mut problems) = (Vec::new(), Vec::new());
        for flow in &load.flows {
            match ready(flow, &mut names, &means) {
                Ok(flow) => flows.push(flow),
                Err(more) => {
                    problems.extend(more.into_iter().map(|problem| format!("flow `{}`: {problem}", flow.name)));
                }
            }
        }
        if addresses.is_empty() {
            problems.push("there is no address to send to".to_owned());
        }
        let connector = connector(&addresses, &means).map_err(|more| problems.extend(more));
        let Some(connector) = connector.ok().filter(|_| problems.is_empty()) else {
            return Err(WorkError { problems });
        };
        let timeout = flows.iter().flat_map(|flow| &flow.steps).map(|step| step.timeout).max().unwrap_or(load.timeout);
        Ok(Self(Arc::new(Prepared {
            names,
            flows,
            arrivals: load.arrivals,
            seed: load.seed,
            connections: load.connections.count as usize,
            streams: load.connections.streams.max(1) as usize,
            timeout,
            reply_bytes_max: load.reply_bytes_max,
            targets: addresses.into_iter().map(|address| (shown(&address.origin), address.weight)).collect(),
            connector,
        })))
    }

    /// What failed in the replies so far, in words: the step, what was not met, and how often.
    pub fn failed(&self) -> Vec<(Name, String, u64)> {
        let named = |step: &ReadyStep| {
            let name = self.0.names.get(step.name).cloned();
            step.failed().into_iter().filter_map(move |(words, count)| Some((name.clone()?, words, count)))
        };
        self.0.flows.iter().flat_map(|flow| &flow.steps).flat_map(named).collect()
    }
}

fn connector(addresses: &[Address], means: &Means<'_>) -> Result<Connector, Vec<String>> {
    let connections = &means.load.connections;
    let secure = addresses.iter().any(|address| matches!(address.origin, Origin::Tcp { tls: true, .. }));
    let config = secure.then(|| tls::config(&connections.tls, connections.protocol, means.root)).transpose()?;
    Connector::new(addresses, connections, config.as_ref())
}

fn ready(flow: &Flow, known: &mut Vec<Name>, means: &Means<'_>) -> Result<ReadyFlow, Vec<String>> {
    let mut problems = Vec::new();
    let table = flow.data.as_ref().and_then(|file| match Table::read(&means.root.join(&file.path)) {
        Ok(table) => Some(Arc::new(table)),
        Err(error) => {
            problems.push(format!("the data file `{}` {error}", file.path.display()));
            None
        }
    });
    // Where the data file cannot be read, its names are not known, and nothing is said about those that templates use.
    let unknown = flow.data.is_some() && table.is_none();
    let (mut names, mut steps): (Vec<String>, Vec<_>) = (Vec::new(), Vec::new());
    for (index, wanted) in flow.steps.iter().enumerate() {
        let source = |name: &str| {
            let taken = names.iter().position(|known| known == name).map(Source::Extracted);
            let column = || table.as_ref()?.column(name).map(Source::Column);
            taken.or_else(column).or(unknown.then_some(Source::Column(0)))
        };
        let last = index + 1 == flow.steps.len();
        let name = known.iter().position(|known| *known == wanted.name).unwrap_or_else(|| {
            known.push(wanted.name.clone());
            known.len() - 1
        });
        let (mut step, more) = step::ready(wanted, name, last, &source, means);
        problems.extend(more.into_iter().map(|problem| format!("step `{}`: {problem}", wanted.name)));
        for name in wanted.extract.keys() {
            if table.as_ref().is_some_and(|table| table.column(name).is_some()) {
                problems.push(format!("step `{}`: `{name}` is a column of the data file already", wanted.name));
            }
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        if let Some(step) = &mut step {
            for (name, place, _) in &mut step.extract {
                *place = names.iter().position(|known| known == name).unwrap_or_default();
            }
        }
        steps.extend(step);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(ReadyFlow { weight: flow.weight, steps, table, started: 0.into(), taken: names.len() })
}
