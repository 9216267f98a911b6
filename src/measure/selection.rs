//! Which benchmarks the user asks for on the command line.

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::config::policy::may_match;
use crate::model::{BenchmarkId, Name};

/// Globs over `suite/benchmark`; none means all.
#[derive(Clone, Debug)]
pub struct Selection {
    globs: Vec<String>,
    set: GlobSet,
}

impl Selection {
    /// A selection from globs in which `*` also matches `/`.
    pub fn new(globs: &[String]) -> Result<Self, globset::Error> {
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            set.add(Glob::new(glob)?);
        }
        Ok(Self { globs: globs.to_vec(), set: set.build()? })
    }

    /// Whether it asks for everything.
    pub fn is_everything(&self) -> bool {
        self.globs.is_empty()
    }

    /// Whether it asks for a benchmark.
    pub fn matches(&self, benchmark: &BenchmarkId) -> bool {
        self.globs.is_empty() || self.set.is_match(benchmark.to_string())
    }

    /// Whether it may ask for a benchmark of a suite, so that the suite must be built.
    pub fn may_match(&self, suite: &Name) -> bool {
        self.globs.is_empty() || self.globs.iter().any(|glob| may_match(glob, suite))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(globs: &[&str]) -> Selection {
        Selection::new(&globs.iter().map(|glob| (*glob).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    fn id(suite: &str, benchmark: &str) -> BenchmarkId {
        BenchmarkId { suite: Name::new(suite).unwrap(), benchmark: Name::new(benchmark).unwrap() }
    }

    #[test]
    fn without_a_glob_everything_is_asked_for() {
        assert!(selection(&[]).matches(&id("core", "x")) && selection(&[]).may_match(&Name::new("core").unwrap()));
    }

    #[test]
    fn a_suite_that_no_glob_can_reach_is_not_built() {
        let chosen = selection(&["core/parse/*"]);
        assert!(chosen.matches(&id("core", "parse/large/deep")) && !chosen.matches(&id("core", "print")));
        let may = |name: &str| chosen.may_match(&Name::new(name).unwrap());
        assert!(may("core") && !may("corea") && !may("cli"));
        assert!(selection(&["*/parse"]).may_match(&Name::new("cli").unwrap()));
    }
}
