//! The scenario that was asked for: one of the config, or one of the command line alone. Options of the command line are keys of the config under the
//! same names, so that one reader checks both.
#![expect(clippy::disallowed_methods, reason = "reads the config of the working tree, or one that is named")]

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use toml::{Table, Value};

use crate::cli::{LoadArgs, LoadLevel};
use crate::commands::{Code, Context, Failure};
use crate::config::scenario::{Body, Engine, Scenario};
use crate::config::{Adapter, CONFIG_FILE, Config, Policy, Suite};

/// What a failure means here.
pub(super) const NOTHING: &str = "no load";
/// The scenario of the command line.
const BY_HAND: &str = "by-hand";
/// What messages call the options.
const OPTIONS: &str = "the command line";
/// The most of a config that is read, in bytes.
const CONFIG_BYTES_MAX: u64 = 1 << 20;
/// Keys that belong to one profile or another.
const OF_PROFILES: [&str; 10] =
    ["duration", "ramp", "max", "step", "limit-p99", "limit-errors", "peak", "before", "at-peak", "after"];

/// What was asked for.
pub(super) struct Asked {
    /// The suite that it is.
    pub(super) suite: Suite,
    /// It again, as what it is.
    pub(super) scenario: Scenario,
    /// What it is called.
    pub(super) title: String,
    /// The budgets that count.
    pub(super) policy: Policy,
    /// What files of the scenario are relative to.
    pub(super) root: PathBuf,
}

/// Finds the scenario and lays the options over it.
pub(super) fn scenario(args: &LoadArgs, context: &Context) -> Result<Asked, Failure> {
    match &args.scenario {
        Some(name) => of_config(name, args, context),
        None => by_hand(args, context),
    }
}

/// A scenario of the config with the options over it.
fn of_config(name: &str, args: &LoadArgs, context: &Context) -> Result<Asked, Failure> {
    let root = match context.repository() {
        Ok(repository) => repository.root().to_path_buf(),
        Err(_) => context.directory.clone(),
    };
    let path = args.config.as_ref().map_or_else(|| root.join(CONFIG_FILE), |path| context.directory.join(path));
    let text = read(&path)?;
    // First as it is written: what is wrong in the file is shown where it is.
    let written = parse(&text, &path.display().to_string(), Code::Config)?;
    let options = options(args)?;
    let config = if options.is_empty() {
        written
    } else {
        let mut file: Table = text.parse().map_err(|error| broken(&error))?;
        lay_over(&mut file, name, options);
        parse(&file.to_string(), OPTIONS, Code::Usage)?
    };
    let names: BTreeSet<String> = scenarios(&config).map(|suite| suite.name.to_string()).collect();
    let Some(suite) = scenarios(&config).find(|suite| suite.name.as_str() == name) else {
        return Err(Failure { consequence: NOTHING, ..unknown(name, &names, &path) });
    };
    asked(suite.clone(), name.to_owned(), config.policy, root)
}

/// The text of the config; bounded.
fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    match File::open(path).and_then(|file| file.take(CONFIG_BYTES_MAX).read_to_string(&mut text)) {
        Ok(_) => Ok(text),
        Err(error) => Err(Failure {
            code: Code::Config,
            consequence: NOTHING,
            message: format!("read {}: {error}", path.display()),
            hint: Some("`tollgate load --url …` needs no config; `tollgate init` writes one".to_owned()),
        }),
    }
}

/// What the command line alone says.
fn by_hand(args: &LoadArgs, context: &Context) -> Result<Asked, Failure> {
    let mut scenario = options(args)?;
    if !scenario.contains_key("rate") && !scenario.contains_key("users") {
        scenario.insert("rate".to_owned(), "50/s".into());
    }
    let mut file = Table::new();
    file.insert("scenario".to_owned(), Value::Table(Table::from_iter([(BY_HAND.to_owned(), Value::Table(scenario))])));
    let config = parse(&file.to_string(), OPTIONS, Code::Usage)?;
    let suite = config.suites.first().cloned().ok_or_else(|| broken(&"no scenario came of the options"))?;
    let mut asked = asked(suite, String::new(), config.policy, context.directory.clone())?;
    if let (Engine::Own(load), Some(file)) = (&mut asked.scenario.engine, &args.request.body_file) {
        for step in load.flows.iter_mut().flat_map(|flow| &mut flow.steps) {
            step.body = Body::File(context.directory.join(file));
        }
    }
    if let Engine::Own(load) = &asked.scenario.engine {
        let first = load.flows.first().and_then(|flow| flow.steps.first());
        asked.title = first.map(|step| step.name.to_string()).unwrap_or_default();
    }
    Ok(asked)
}

fn asked(suite: Suite, title: String, policy: Policy, root: PathBuf) -> Result<Asked, Failure> {
    match suite.adapter.clone() {
        Adapter::Scenario(scenario) => Ok(Asked { suite, scenario: *scenario, title, policy, root }),
        Adapter::Criterion(_) | Adapter::Command(_) | Adapter::Json(_) => Err(broken(&"the suite is no scenario")),
    }
}

fn scenarios(config: &Config) -> impl Iterator<Item = &Suite> {
    config.suites.iter().filter(|suite| matches!(suite.adapter, Adapter::Scenario(_)))
}

fn parse(text: &str, origin: &str, code: Code) -> Result<Config, Failure> {
    Config::parse(text, origin).map_err(|error| {
        let hint = match code {
            Code::Config => error.hint(),
            _ => Some("`tollgate load --help` explains each option".to_owned()),
        };
        Failure::new(code, NOTHING, &error, hint)
    })
}

/// What cannot be: both files were read once before.
fn broken(what: &dyn std::fmt::Display) -> Failure {
    Failure { code: Code::Internal, consequence: NOTHING, message: what.to_string(), hint: None }
}

fn unknown(name: &str, names: &BTreeSet<String>, path: &Path) -> Failure {
    let hint = match names.len() {
        0 => "`[scenario.<name>]` makes one (docs/load.md); `--url` needs none".to_owned(),
        _ => format!("there are {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    };
    Failure::usage(format!("`{name}` is not a scenario of {}", path.display()), Some(hint))
}

/// Writes the options into the scenario's table. What they stand against goes.
fn lay_over(file: &mut Table, name: &str, options: Table) {
    let Some(scenario) = file.get_mut("scenario").and_then(|all| all.get_mut(name)).and_then(Value::as_table_mut)
    else {
        return;
    };
    let mut gone: Vec<&str> = Vec::new();
    if options.contains_key("profile") {
        gone.extend(OF_PROFILES);
        gone.push("stage");
    }
    if options.contains_key("rate") {
        gone.push("users");
    }
    if options.contains_key("users") {
        gone.push("rate");
    }
    if options.contains_key("url") {
        gone.extend(["service", "targets"]);
    }
    for key in gone {
        scenario.remove(key);
    }
    scenario.extend(options);
}

/// The options that were given, as keys of a scenario.
fn options(args: &LoadArgs) -> Result<Table, Failure> {
    let mut table = Table::new();
    let mut text = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            table.insert(key.to_owned(), value.into());
        }
    };
    let level = &args.level;
    for (key, value) in texts(level) {
        text(key, value.as_deref());
    }
    text("timeout", args.timeout.as_deref());
    text("apdex", args.apdex.as_deref());
    text("profile", word(level.profile).as_deref());
    text("protocol", word(args.protocol).as_deref());
    text("arrivals", level.poisson.then_some("poisson"));
    for (key, value) in [("max", &level.max), ("peak", &level.peak)] {
        if let Some(value) = value {
            // Users are a plain number, as in the file.
            let value = value.trim().parse().map_or_else(|_| value.as_str().into(), Value::Integer);
            table.insert(key.to_owned(), value);
        }
    }
    for (key, value) in [("users", level.users), ("connections", args.connections)] {
        if let Some(value) = value {
            table.insert(key.to_owned(), i64::from(value).into());
        }
    }
    if let Some(seed) = args.seed {
        let seed = i64::try_from(seed).map_err(|_| Failure::usage("--seed is too large", None))?;
        table.insert("seed".to_owned(), seed.into());
    }
    request(&mut table, args)?;
    Ok(table)
}

/// The options that are texts of the same name in the file.
fn texts(level: &LoadLevel) -> [(&'static str, &Option<String>); 10] {
    [
        ("rate", &level.rate),
        ("duration", &level.duration),
        ("warm-up", &level.warm_up),
        ("ramp", &level.ramp),
        ("step", &level.step),
        ("limit-p99", &level.limit_p99),
        ("limit-errors", &level.limit_errors),
        ("before", &level.before),
        ("at-peak", &level.at_peak),
        ("after", &level.after),
    ]
}

/// A choice by the word that the file has for it, which is that of the command line.
fn word<T: ValueEnum>(choice: Option<T>) -> Option<String> {
    Some(choice?.to_possible_value()?.get_name().to_owned())
}

/// Where it goes and, where there is no scenario, what is sent.
fn request(table: &mut Table, args: &LoadArgs) -> Result<(), Failure> {
    let Some(url) = &args.url else { return Ok(()) };
    let (origin, path) = split(url);
    table.insert("url".to_owned(), origin.into());
    if args.scenario.is_some() {
        return match path {
            "" | "/" => Ok(()),
            _ => {
                let message = format!("--url `{url}` has a path, but a scenario has its own");
                Err(Failure::usage(message, Some("give scheme, host and port alone".to_owned())))
            }
        };
    }
    let request = &args.request;
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    table.insert("path".to_owned(), literal(&path).into());
    let posts = request.body.is_some() || request.body_file.is_some();
    if let Some(method) = request.method.as_deref().or(posts.then_some("POST")) {
        table.insert("method".to_owned(), method.into());
    }
    if let Some(body) = &request.body {
        table.insert("body".to_owned(), literal(body).into());
    }
    let mut headers = Table::new();
    for header in &request.header {
        let Some((name, value)) = header.split_once(':') else {
            let message = format!("--header `{header}` has no colon");
            return Err(Failure::usage(message, Some("write it as in 'Accept: text/html'".to_owned())));
        };
        if headers.insert(name.trim().to_owned(), literal(value.trim()).into()).is_some() {
            return Err(Failure::usage(format!("--header `{}` is given twice", name.trim()), None));
        }
    }
    if !headers.is_empty() {
        table.insert("headers".to_owned(), Value::Table(headers));
    }
    Ok(())
}

/// Scheme, host and port or the socket; and path and query, empty where there is none. A fragment is never sent.
fn split(url: &str) -> (&str, &str) {
    let url = url.split_once('#').map_or(url, |(url, _)| url);
    if let Some(socket) = url.strip_prefix("unix:") {
        let end = socket.find(":/").map(|at| "unix:".len() + at);
        return end.map_or((url, ""), |end| {
            let (origin, path) = url.split_at(end);
            (origin, path.trim_start_matches(':'))
        });
    }
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?']).map(|at| url.len() - rest.len() + at);
    end.map_or((url, ""), |end| url.split_at(end))
}

/// A text in which the file's grammar sees no name: on the command line there is nothing that one could stand for.
fn literal(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_and_what_is_asked_of_it_are_told_apart() {
        assert_eq!(split("http://127.0.0.1:8080/items?page=1#top"), ("http://127.0.0.1:8080", "/items?page=1"));
        assert_eq!(split("https://[::1]:8443"), ("https://[::1]:8443", ""));
        assert_eq!(split("http://host?q=/"), ("http://host", "?q=/"));
        assert_eq!(split("unix:/run/web.sock"), ("unix:/run/web.sock", ""));
        assert_eq!(split("unix:/run/web.sock:/items"), ("unix:/run/web.sock", "/items"));
        assert_eq!(split("host/path"), ("host", "/path"));
    }

    #[test]
    fn braces_of_the_command_line_stay_braces() {
        assert_eq!(literal("{\"a\": {}}"), "{{\"a\": {{}}}}");
    }

    #[test]
    fn an_option_takes_the_place_of_what_it_stands_against() {
        let mut file: Table =
            "[scenario.a]\nservice = 'web'\nusers = 3\nduration = '9 s'\npath = '/x'\n[scenario.b]\nusers = 4"
                .parse()
                .unwrap();
        let options: Table = "rate = '5/s'\nprofile = 'stress'\nurl = 'http://h'".parse().unwrap();
        lay_over(&mut file, "a", options);
        let expected: Table =
            "[scenario.a]\nrate = '5/s'\nprofile = 'stress'\nurl = 'http://h'\npath = '/x'\n[scenario.b]\nusers = 4"
                .parse()
                .unwrap();
        assert_eq!(file, expected);
    }
}
