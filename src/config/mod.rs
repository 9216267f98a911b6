//! What the user asked for: suites and the gate's policy, fully checked. Refuses to know where the file came from.

mod at;
pub mod human;
pub mod origin;
pub mod placeholder;
pub mod policy;
pub mod probe;
pub mod problem;
pub mod scenario;
pub mod schema;
pub mod service;
mod structure;
mod suggest;
pub mod suite;
mod validate;
mod waivers;
mod wire;

pub use policy::{Against, Gate, OnIdentical, OnTrouble, Policy, Resolved, Selector, Severity};
pub use problem::{ConfigError, Problem};
pub use suggest::rules_text;
pub use suite::{Adapter, CommandOptions, CriterionOptions, JsonOptions, ResultSource, Suite};
pub use waivers::{parse_waivers, waiver_entry};

use std::collections::BTreeMap;

use crate::model::{Conditions, Name};

/// The name of the config at the root of a repository.
pub const CONFIG_FILE: &str = "tollgate.toml";
/// The name of the waiver file beside it.
pub const WAIVER_FILE: &str = "tollgate-waivers.toml";

/// A checked config.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The suites, sorted by name, names distinct.
    pub suites: Vec<Suite>,
    /// What is allowed.
    pub policy: Policy,
}

/// Where the grammar is explained.
const REFERENCE: &str =
    "every key is explained in docs/configuration.md; `tollgate schema` prints the schema for an editor";

impl Config {
    /// Reads a config, or says everything that is wrong with it. `origin` is what messages call the file.
    pub fn parse(text: &str, origin: &str) -> Result<Self, ConfigError> {
        let mut problems = problem::Problems::new(text);
        let config = structure::parse(&mut problems).and_then(|tree| {
            let suites = ["suite", "scenario"].map(|table| structure::names(&tree, table)).concat();
            let file = structure::read(tree, &schema::config(), &mut problems)?;
            validate::config(file, &suites, &mut problems)
        });
        problems.into_result(config, origin, REFERENCE)
    }

    /// The load of each scenario, by the scenario's name.
    pub fn loads(&self) -> BTreeMap<Name, Conditions> {
        self.suites.iter().filter_map(|suite| Some((suite.name.clone(), suite.load()?))).collect()
    }

    /// The commented default config: what `init` starts from. Has no suite of its own.
    pub fn default_text() -> &'static str {
        include_str!("../../templates/tollgate.toml")
    }
}
