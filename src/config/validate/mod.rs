//! From wire types to the config: what the values mean and whether they fit together. Every problem is reported, so that reading goes on after each.

mod chaos;
mod escalate;
mod flow;
mod gate;
mod probe;
mod profile;
mod request;
mod scenario;
mod selector;
mod service;
mod suite;

use std::collections::BTreeMap;

use super::at::At;
use super::human::HumanError;
use super::problem::{Problems, quoted};
use super::wire::File;
use super::{Config, Policy};

pub(super) use selector::check_repeated;

/// Values that were read, and the problems of those that could not be.
struct Reader<'p, 'a> {
    problems: &'p mut Problems<'a>,
    /// The names of the suites in the file, also of those that are broken.
    suites: &'p [String],
}

/// The most suites, scenarios, services, rules and budgets together: each rule is held against each suite.
const PARTS_MAX: usize = 1000;

/// The config, as far as it could be read; it counts only if no problem was added.
pub(super) fn config(file: File, suites: &[String], problems: &mut Problems<'_>) -> Option<Config> {
    let parts = suites.len() + file.service.len() + file.rule.len() + file.budget.len();
    if parts > PARTS_MAX {
        problems.add(
            &(0..0),
            format!("{parts} suites, scenarios, services, rules and budgets are more than {PARTS_MAX}"),
            None,
        );
        return None;
    }
    let mut reader = Reader { problems, suites };
    let gate = reader.gate(&file.gate);
    let rules = file.rule.iter().filter_map(|rule| reader.rule(rule)).collect();
    let budgets = reader.budgets(&file.budget);
    let escalate = reader.escalate(&file.escalate);
    reader.check_names(&file);
    let services = reader.services(&file.service);
    let mut suites = reader.suites(file.suite);
    suites.extend(reader.scenarios(file.scenario, &services));
    suites.sort_by(|a, b| a.name.cmp(&b.name));
    Some(Config { suites, policy: Policy { gate, rules, budgets, waivers: Vec::new(), escalate } })
}

impl Reader<'_, '_> {
    /// Suites and scenarios are judged alike, and become files: no two of them have one name, or names that differ by case alone.
    fn check_names(&mut self, file: &File) {
        let suites = file.suite.keys().map(|name| (name, "suite"));
        let scenarios = file.scenario.keys().map(|name| (name, "scenario"));
        let mut seen: BTreeMap<String, (&At<String>, &str)> = BTreeMap::new();
        for (name, kind) in suites.chain(scenarios) {
            let Some((other, other_kind)) = seen.insert(name.value.to_lowercase(), (name, kind)) else { continue };
            let (message, help) = if other.value == name.value {
                (
                    format!("{} is the name of a suite already", quoted(&name.value)),
                    "a scenario is judged like a suite: give one of the two another name",
                )
            } else {
                let message = format!("{} differs from another {other_kind} by case alone", quoted(&name.value));
                (message, "suites become files, and not every system tells upper from lower case")
            };
            self.problems.add(&name.span, message, Some(help.to_owned()));
        }
    }

    /// A text read by `read`; `None` if it is left out or wrong.
    fn human<T>(&mut self, text: Option<&At<String>>, read: impl Fn(&str) -> Result<T, HumanError>) -> Option<T> {
        let text = text?;
        match read(&text.value) {
            Ok(value) => Some(value),
            Err(error) => {
                self.problems.add(&text.span, error.to_string(), error.hint());
                None
            }
        }
    }
}
