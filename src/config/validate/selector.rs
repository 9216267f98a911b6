//! Selectors: globs that are well-formed and can match something. Refuses to know what will be measured.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::config::Selector;
use crate::config::at::At;
use crate::config::problem::{Problems, nearest, quoted};

use super::Reader;

/// The longest pattern, in bytes; globset reads braces within braces by recursion.
const PATTERN_BYTES_MAX: usize = 1024;
/// What makes a text a pattern.
const WILD: [char; 4] = ['*', '?', '[', '{'];

impl Reader<'_, '_> {
    /// A selector; what is left out selects all.
    pub(super) fn selector(&mut self, benchmark: Option<&At<String>>, metric: Option<&At<String>>) -> Option<Selector> {
        let sound = [benchmark, metric].map(|glob| glob.is_none_or(|glob| self.glob(glob)));
        if let (Some(benchmark), [true, _]) = (benchmark, sound) {
            self.check_alive(benchmark);
        }
        let text = |glob: Option<&At<String>>| glob.map_or("*".to_owned(), |glob| glob.value.clone());
        Selector::new(&text(benchmark), &text(metric)).ok()
    }

    /// Whether the glob is well-formed.
    pub(super) fn glob(&mut self, glob: &At<String>) -> bool {
        if glob.value.is_empty() {
            self.problems.add(&glob.span, "an empty pattern matches nothing", Some("`*` matches all".to_owned()));
            return false;
        }
        match check_glob(&glob.value) {
            Ok(()) => true,
            Err(error) => {
                let message = format!("{} is not a pattern: {error}", quoted(&glob.value));
                let help = "`*` matches any text, `?` one character, `[…]` one of some; put `[]` round one to take it as it is";
                self.problems.add(&glob.span, message, Some(help.to_owned()));
                false
            }
        }
    }

    /// Reports a glob that can match no benchmark of any configured suite. Without suites there is nothing to hold it against.
    fn check_alive(&mut self, glob: &At<String>) {
        let text = glob.value.as_str();
        let fixed = text.split(WILD).next().unwrap_or_default();
        let alive = |suite: &String| {
            let all = format!("{suite}/");
            if fixed.len() == text.len() {
                fixed.len() > all.len() && fixed.starts_with(&all)
            } else {
                fixed.starts_with(&all) || all.starts_with(fixed)
            }
        };
        if self.suites.is_empty() || self.suites.iter().any(alive) {
            return;
        }
        let (suite, rest) = text.split_once('/').unwrap_or((text, "*"));
        let known = self.suites.iter().map(String::as_str);
        let message = if self.suites.iter().any(|known| known == suite) {
            format!("{} names a suite and none of its benchmarks", quoted(text))
        } else {
            format!("{} selects nothing: no suite is called {}", quoted(text), quoted(suite))
        };
        let help = match nearest(suite, known.clone()) {
            Some(suite) => format!("did you mean `{suite}/{}`?", if rest.is_empty() { "*" } else { rest }),
            None => format!("suites: {}", known.map(quoted).collect::<Vec<_>>().join(", ")),
        };
        self.problems.add(&glob.span, message, Some(help));
    }
}

/// What is wrong with a pattern, in words.
fn check_glob(pattern: &str) -> Result<(), String> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(format!("it is longer than {PATTERN_BYTES_MAX} bytes"));
    }
    Selector::new(pattern, "*").map(|_| ()).map_err(|error| error.kind().to_string())
}

/// Reports each thing that is there a second time, with the line of the first.
pub(in crate::config) fn check_repeated<'s>(
    things: impl Iterator<Item = (String, &'s Range<usize>)>,
    problems: &mut Problems<'_>,
) {
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    for (thing, span) in things {
        if let Some(line) = first.get(&thing) {
            let help = Some(format!("the first one is on line {line}; keep one of the two"));
            problems.add(span, format!("{thing} is there twice"), help);
        } else {
            first.insert(thing, problems.line_of(span.start));
        }
    }
}
