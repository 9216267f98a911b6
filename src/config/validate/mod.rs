//! From wire types to the config: what the values mean and whether they fit together. Every problem is reported, so that reading goes on after each.

mod gate;
mod selector;
mod suite;

use super::at::At;
use super::human::HumanError;
use super::problem::Problems;
use super::wire::File;
use super::{Config, Policy};

pub(super) use selector::check_repeated;

/// Values that were read, and the problems of those that could not be.
struct Reader<'p, 'a> {
    problems: &'p mut Problems<'a>,
    /// The names of the suites in the file, also of those that are broken.
    suites: &'p [String],
}

/// The most suites, rules and budgets together: each rule is held against each suite.
const PARTS_MAX: usize = 1000;

/// The config, as far as it could be read; it counts only if no problem was added.
pub(super) fn config(file: File, suites: &[String], problems: &mut Problems<'_>) -> Option<Config> {
    let parts = suites.len() + file.rule.len() + file.budget.len();
    if parts > PARTS_MAX {
        problems.add(&(0..0), format!("{parts} suites, rules and budgets are more than {PARTS_MAX}"), None);
        return None;
    }
    let mut reader = Reader { problems, suites };
    let gate = reader.gate(&file.gate);
    let rules = file.rule.iter().filter_map(|rule| reader.rule(rule)).collect();
    let budgets = reader.budgets(&file.budget);
    let suites = reader.suites(file.suite);
    Some(Config { suites, policy: Policy { gate, rules, budgets, waivers: Vec::new() } })
}

impl Reader<'_, '_> {
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
