//! Any command line, timed from outside: one part for each combination of parameters.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::placeholder::{fill, fill_all};
use crate::config::suite::CommandLine;
use crate::config::{CommandOptions, Suite};
use crate::model::{BenchmarkId, Name};

use super::super::bench::{Parsed, command};
use super::super::process;
use super::super::proof::Runs;
use super::super::surroundings::Surroundings;
use super::{Only, Part, PartError, Place, build, directory, matcher, spec, target, unusable};

/// The most combinations of parameters; more would not be measured in a day.
const COMBINATIONS_MAX: usize = 1_000;
/// The name of the benchmark of a suite without parameters.
const ONLY_BENCHMARK: &str = "run";

/// Prepares the suite: builds it, and makes a part of each combination.
pub(super) fn prepare(
    suite: &Suite,
    options: &CommandOptions,
    place: &Place,
    surroundings: &Surroundings,
) -> Result<Vec<Box<dyn Part>>, PartError> {
    let wrong = |message| unusable(suite, message);
    let filter = matcher(suite)?;
    let mut parts: Vec<Box<dyn Part>> = Vec::new();
    for values in combinations(&options.parameters).map_err(wrong)? {
        let name = Name::new(label(&values)).map_err(|error| wrong(error.to_string()))?;
        if filter.as_ref().is_none_or(|filter| filter.is_match(name.as_str())) {
            parts.push(Box::new(CommandPart::new(suite, options, name, &values, place)?));
        }
    }
    build(suite, place, surroundings)?;
    Ok(parts)
}

/// The combinations of all parameters, the last name varying fastest.
fn combinations(parameters: &BTreeMap<String, Vec<String>>) -> Result<Vec<Vec<(&str, &str)>>, String> {
    let count = parameters.values().try_fold(1_usize, |product, values| product.checked_mul(values.len()));
    if count.is_none_or(|count| count > COMBINATIONS_MAX) {
        return Err(format!("more than {COMBINATIONS_MAX} combinations of parameters"));
    }
    let mut all = vec![Vec::new()];
    for (name, values) in parameters {
        let extended = |combination: &Vec<(_, _)>| {
            let combination = combination.clone();
            values.iter().map(move |value| {
                let mut longer = combination.clone();
                longer.push((name.as_str(), value.as_str()));
                longer
            })
        };
        all = all.iter().flat_map(extended).collect();
    }
    Ok(all)
}

/// The name of a combination's benchmark: `mode=fast,size=10`.
fn label(values: &[(&str, &str)]) -> String {
    if values.is_empty() {
        return ONLY_BENCHMARK.to_owned();
    }
    values.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
}

/// One combination of parameters.
struct CommandPart {
    suite: Suite,
    benchmark: BenchmarkId,
    expected: BTreeSet<Name>,
    run: CommandLine,
    prepare: Option<CommandLine>,
    warm_up_runs: u32,
    runs: u32,
    expect_status: i32,
}

impl CommandPart {
    fn new(
        suite: &Suite,
        options: &CommandOptions,
        name: Name,
        values: &[(&str, &str)],
        place: &Place,
    ) -> Result<Self, PartError> {
        let wrong = |message| unusable(suite, message);
        let mut suite_here = suite.clone();
        let mut values = values.to_vec();
        // Without parameters there is nothing to replace, and the braces of a variable's value are its own.
        if !values.is_empty() {
            for value in suite_here.environment.values_mut() {
                *value = fill(value, &values).map_err(wrong)?;
            }
        }
        values.push(("target", target(suite, place)?));
        let prepare = options.prepare.as_ref().map(|prepare| fill_all(prepare, &values)).transpose();
        Ok(Self {
            suite: suite_here,
            benchmark: BenchmarkId { suite: suite.name.clone(), benchmark: name.clone() },
            expected: BTreeSet::from([name]),
            run: fill_all(&options.run, &values).map_err(wrong)?,
            prepare: prepare.map_err(wrong)?,
            warm_up_runs: options.warm_up_runs,
            runs: options.runs,
            expect_status: options.expect_status,
        })
    }
}

impl Part for CommandPart {
    fn key(&self) -> &str {
        self.benchmark.benchmark.as_str()
    }

    fn expected(&self) -> Option<&BTreeSet<Name>> {
        Some(&self.expected)
    }

    fn runs(&self, place: &Place) -> Option<Runs> {
        Some(Runs {
            commands: [Some(&self.run), self.prepare.as_ref()].into_iter().flatten().cloned().collect(),
            directory: directory(&self.suite, &place.root),
            values: self.suite.environment.values().cloned().collect(),
            beside: Vec::new(),
        })
    }

    fn run(
        &self,
        only: Only<'_>,
        _processes: u32,
        place: &Place,
        surroundings: &Surroundings,
    ) -> Result<Parsed, PartError> {
        if matches!(only, Only::These(names) if names.is_disjoint(&self.expected)) {
            return Ok(Parsed::default());
        }
        let prepare = self.prepare.as_ref().map(|command| spec(&self.suite, command.clone(), place));
        let run = spec(&self.suite, self.run.clone(), place);
        let mut measured = Vec::new();
        for turn in 0..self.warm_up_runs.saturating_add(self.runs) {
            if let Some(prepare) = &prepare {
                process::run_to_success(prepare, surroundings)?;
            }
            let finished = process::run(&run, surroundings)?.expect_status(self.expect_status, &run.command)?;
            if turn >= self.warm_up_runs {
                // What it wrote is counted, not kept: hundreds of runs would fill the memory.
                measured.push(process::Finished { stdout: Vec::new(), ..finished });
            }
        }
        Ok(command::readings(&self.benchmark, &measured))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(lists: &[(&str, usize)]) -> BTreeMap<String, Vec<String>> {
        lists.iter().map(|(name, length)| ((*name).to_owned(), (0..*length).map(|i| i.to_string()).collect())).collect()
    }

    #[test]
    fn every_combination_has_its_own_name_in_a_steady_order() {
        let lists = parameters(&[("size", 2), ("mode", 2)]);
        let labels: Vec<String> = combinations(&lists).unwrap().iter().map(|values| label(values)).collect();
        assert_eq!(labels, ["mode=0,size=0", "mode=0,size=1", "mode=1,size=0", "mode=1,size=1"]);
        assert_eq!(label(&combinations(&BTreeMap::new()).unwrap()[0]), "run");
    }

    #[test]
    fn too_many_combinations_are_refused_before_they_are_made() {
        assert_eq!(combinations(&parameters(&[("a", 10), ("b", 100)])).unwrap().len(), 1000);
        assert!(combinations(&parameters(&[("a", 11), ("b", 100)])).is_err());
        let many: Vec<String> = (0..40).map(|i| format!("p{i}")).collect();
        let lists: Vec<(&str, usize)> = many.iter().map(|name| (name.as_str(), 100)).collect();
        assert!(combinations(&parameters(&lists)).is_err());
    }
}
