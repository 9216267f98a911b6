//! `tollgate export`: a scenario for another tool. Refuses to run it.

use std::path::PathBuf;

use crate::cli::{ExportArgs, ExportTool};
use crate::config::scenario::{Engine, Load, Scenario};
use crate::config::{Adapter, CONFIG_FILE, Config, Suite};
use crate::report::escape::terminal;
use crate::report::k6;

use super::check::sources::read_config;
use super::{Code, Context, Failure};

const NOT_EXPORTED: &str = "not exported";

/// Why a scenario cannot be exported.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    /// The config has no scenario of this name.
    #[error("find the scenario `{name}` (there is {known})")]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// Another tool makes its load already.
    #[error("export `{name}` (another tool makes its load)")]
    External {
        /// The scenario.
        name: String,
    },
    /// A text in it cannot be filled.
    #[error("export `{name}` ({message})")]
    Template {
        /// The scenario.
        name: String,
        /// What is wrong.
        message: String,
    },
}

/// Prints the script, and says what it does otherwise.
pub(super) fn run(args: &ExportArgs, context: &Context) -> Result<Code, Failure> {
    let path = args.config.clone().unwrap_or_else(|| PathBuf::from(CONFIG_FILE));
    let config = read_config(context, &path)?;
    let failure = |error: ExportError| {
        let hint = format!("correct the scenario in {}", terminal(&path.to_string_lossy()));
        Failure::new(Code::Config, NOT_EXPORTED, &error, Some(hint))
    };
    let ExportTool::K6 = args.tool;
    let name = terminal(&args.scenario);
    let (suite, scenario, load) = find(&config, &args.scenario, &name).map_err(|error| {
        let hint = format!("name one of the scenarios in {}", terminal(&path.to_string_lossy()));
        Failure::new(Code::Usage, NOT_EXPORTED, &error, Some(hint))
    })?;
    let script = k6::script(&suite.name, load, &scenario.target, &config.policy)
        .map_err(|message| failure(ExportError::Template { name, message: terminal(&message) }))?;
    context.print(&script.text);
    for note in &script.notes {
        context.say(&terminal(note));
    }
    Ok(Code::Pass)
}

fn find<'a>(config: &'a Config, asked: &str, name: &str) -> Result<(&'a Suite, &'a Scenario, &'a Load), ExportError> {
    let scenario = |suite: &'a Suite| match &suite.adapter {
        Adapter::Scenario(scenario) => Some((suite, &**scenario)),
        Adapter::Criterion(_) | Adapter::Command(_) | Adapter::Json(_) => None,
    };
    let known: Vec<_> = config.suites.iter().filter_map(scenario).collect();
    let Some((suite, scenario)) = known.iter().find(|(suite, _)| suite.name.as_str() == asked) else {
        let names: Vec<String> =
            known.iter().map(|(suite, _)| format!("`{}`", terminal(suite.name.as_str()))).collect();
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return Err(ExportError::Unknown { name: name.to_owned(), known });
    };
    match &scenario.engine {
        Engine::Own(load) => Ok((suite, scenario, load)),
        Engine::External(_) => Err(ExportError::External { name: name.to_owned() }),
    }
}
