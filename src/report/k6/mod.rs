//! A scenario as a script for k6. Everything foreign is in one JSON literal, which a fixed text below it carries out, so that nothing of it can
//! become code. Refuses to leave out in silence what k6 cannot do: that is a list of sentences.

mod flow;
mod options;

use serde::Serialize;
use serde_json::Value;

use crate::config::Policy;
use crate::config::scenario::{Address, Arrivals, Load, Origin, Protocol, Target};
use crate::model::Name;

use flow::Flow;

/// What carries a scenario out.
const RUNTIME: &str = include_str!("../../../templates/k6.js");

/// What of k6 it uses.
const IMPORTS: &str = "\
import encoding from 'k6/encoding';
import exec from 'k6/execution';
import http from 'k6/http';
import { SharedArray } from 'k6/data';
import { check, sleep } from 'k6';
";

/// A script.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// JavaScript for `k6 run`.
    pub text: String,
    /// What k6 does otherwise or not at all, a sentence each; also at the top of the script.
    pub notes: Vec<String>,
}

/// The literal.
#[derive(Serialize)]
struct Scenario<'a> {
    /// Where the load goes; empty where only the environment can say it.
    addresses: Vec<Base>,
    seed: u32,
    flows: Vec<Flow<'a>>,
}

#[derive(Serialize)]
struct Base {
    url: String,
    weight: u32,
}

/// Writes the script of a scenario. Budgets of `policy` become thresholds. An error is in words: a text of the scenario that cannot be filled.
pub fn script(name: &Name, load: &Load, target: &Target, policy: &Policy) -> Result<Script, String> {
    let mut notes = notes(load, target);
    let flows = load.flows.iter().map(|flow| Flow::new(flow, load, &mut notes)).collect::<Result<_, _>>()?;
    #[expect(clippy::cast_possible_truncation, reason = "any 32 bits of a seed are one")]
    let scenario = Scenario { addresses: addresses(target), seed: load.seed as u32, flows };
    let options = options::options(name, load, policy, &mut notes);
    notes.dedup();
    let scenario = serde_json::to_value(&scenario).map_err(|error| error.to_string())?;
    let head = format!("Written by `tollgate export k6 {name}`. Change tollgate.toml, not this file.");
    let lines: Vec<String> = notes.iter().map(|note| format!("// - {}\n", comment(note))).collect();
    let text = format!(
        "// {}\n{}\n{IMPORTS}\nexport const options = {};\n{}\nconst scenario = {};\n\n{RUNTIME}",
        comment(&head),
        lines.concat(),
        literal(&options),
        client(load),
        literal(&scenario),
    );
    Ok(Script { text, notes })
}

/// JSON as an expression of JavaScript: the two line ends that older engines do not allow in a string are escaped.
fn literal(value: &Value) -> String {
    format!("{value:#}").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// A text for the rest of a line: without anything that could end it.
fn comment(text: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.chars().map(|c| if breaks(c) { ' ' } else { c }).collect()
}

/// The certificate of our own, which k6 takes as text.
fn client(load: &Load) -> String {
    let Some((certificate, key)) = &load.connections.tls.client else { return String::new() };
    let [certificate, key] = [certificate, key].map(|path| literal(&Value::from(path.to_string_lossy())));
    format!("options.tlsAuth = [{{ cert: open({certificate}), key: open({key}) }}];\n")
}

fn addresses(target: &Target) -> Vec<Base> {
    let Target::Addresses(addresses) = target else { return Vec::new() };
    let base = |Address { origin, weight }: &Address| match origin {
        Origin::Tcp { tls, host, port } => {
            let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
            Some(Base { url: format!("{}://{host}:{port}", if *tls { "https" } else { "http" }), weight: *weight })
        }
        Origin::Unix(_) => None,
    };
    addresses.iter().filter_map(base).collect()
}

/// What k6 does otherwise, whatever the flows are.
fn notes(load: &Load, target: &Target) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |when: bool, sentence: &str| notes.extend(when.then(|| sentence.to_owned()));
    let (own, unix, tls) = match target {
        Target::Service(_) => (true, false, false),
        Target::Addresses(addresses) => {
            let unix = addresses.iter().any(|address| matches!(address.origin, Origin::Unix(_)));
            (false, unix, addresses.iter().any(|address| matches!(address.origin, Origin::Tcp { tls: true, .. })))
        }
    };
    note(own, "k6 starts no service: start it, and say where it is with `-e TARGET=http://host:port`");
    note(unix, "k6 sends nothing to a Unix socket: such addresses are left out");
    note(
        load.arrivals == Arrivals::Poisson,
        "k6 has no Poisson arrivals: they come at equal distances, and queues are shorter than with independent users",
    );
    let connections = &load.connections;
    note(connections.tls.ca.is_some(), "k6 takes whom to trust from the system: set SSL_CERT_FILE to the file of `ca`");
    note(connections.tls.server_name.is_some(), "k6 asks for the name in the address: `server-name` is left out");
    note(connections.streams > 1, "k6 decides itself how many requests share a connection: `streams` is left out");
    match connections.protocol {
        Protocol::Http2 => note(!tls, "k6 speaks HTTP/2 over TLS only: without it, it speaks HTTP/1.1"),
        Protocol::Http1 | Protocol::Http1Close => {
            note(tls, "k6 speaks HTTP/2 where a TLS server offers it: set GODEBUG=http2client=0 for HTTP/1.1");
        }
    }
    note(
        true,
        "k6 counts from when it sent a request, and drops an arrival for which no user is free (`dropped_iterations`)",
    );
    note(true, "k6 reads a reply whatever its size: `reply-size-max` is left out");
    notes
}
