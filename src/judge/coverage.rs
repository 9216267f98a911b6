//! Expected against measured: what is new, missing, and probably renamed.

use std::collections::BTreeSet;

use crate::model::{BenchmarkId, Coverage, CoverageProblem, Trouble};

/// How alike two names must be to be taken for a renaming (Jaro–Winkler, in [0, 1]).
const ALIKE: f64 = 0.88;

/// Compares what base or the baseline has with what head has, and adds the troubles of the measurement.
pub(super) fn cover(
    expected: &BTreeSet<BenchmarkId>,
    measured: &BTreeSet<BenchmarkId>,
    troubles: &[CoverageProblem],
) -> Coverage {
    let new: Vec<&BenchmarkId> = measured.difference(expected).collect();
    let missing: Vec<&BenchmarkId> = expected.difference(measured).collect();
    let mut problems = troubles.to_vec();
    let problem =
        |id: &BenchmarkId, trouble| CoverageProblem { suite: id.suite.clone(), benchmark: Some(id.clone()), trouble };
    let renamed = renamings(&missing, &new);
    for id in &missing {
        let to = renamed.iter().find(|(from, _)| from == id).map(|(_, to)| to.benchmark.clone());
        problems.push(problem(id, to.map_or(Trouble::Missing, |to| Trouble::Renamed { to })));
    }
    problems.extend(new.iter().map(|id| problem(id, Trouble::New)));
    problems.sort();
    problems.dedup();
    Coverage {
        expected: expected.len(),
        measured: measured.len(),
        compared: expected.intersection(measured).count(),
        proved: 0,
        limited: 0,
        problems,
    }
}

/// Pairs missing with new benchmarks of the same suite, best likeness first, each used once. Bounded: with more than 200 on either side
/// there is no telling.
fn renamings<'a>(missing: &[&'a BenchmarkId], new: &[&'a BenchmarkId]) -> Vec<(&'a BenchmarkId, &'a BenchmarkId)> {
    if missing.len() > 200 || new.len() > 200 {
        return Vec::new();
    }
    let mut likenesses: Vec<(f64, &BenchmarkId, &BenchmarkId)> = missing
        .iter()
        .flat_map(|from| new.iter().map(move |to| (*from, *to)))
        .filter(|(from, to)| from.suite == to.suite)
        .map(|(from, to)| (strsim::jaro_winkler(from.benchmark.as_str(), to.benchmark.as_str()), from, to))
        .filter(|(likeness, ..)| *likeness >= ALIKE)
        .collect();
    likenesses.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2))));
    let mut pairs: Vec<(&BenchmarkId, &BenchmarkId)> = Vec::new();
    for (_, from, to) in likenesses {
        if pairs.iter().all(|(f, t)| *f != from && *t != to) {
            pairs.push((from, to));
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Name;

    fn ids(names: &[&str]) -> BTreeSet<BenchmarkId> {
        let name = |text: &str| Name::new(text).unwrap();
        names.iter().map(|n| BenchmarkId { suite: name("core"), benchmark: name(n) }).collect()
    }

    fn check(base: &[&str], head: &[&str], expected: &[&str]) {
        let coverage = cover(&ids(base), &ids(head), &[]);
        let told: Vec<String> = coverage
            .problems
            .iter()
            .map(|p| {
                let name = p.benchmark.as_ref().unwrap().benchmark.as_str();
                match &p.trouble {
                    Trouble::New => format!("new {name}"),
                    Trouble::Missing => format!("missing {name}"),
                    Trouble::Renamed { to } => format!("renamed {name} {to}"),
                    other => format!("{other:?}"),
                }
            })
            .collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn a_vanished_benchmark_is_missing_and_an_added_one_is_new() {
        check(&["a", "b"], &["b", "zebra"], &["missing a", "new zebra"]);
    }

    #[test]
    fn a_name_that_is_almost_the_same_is_guessed_to_be_renamed_and_both_stay() {
        check(&["parse/large"], &["parse/larger"], &["renamed parse/large parse/larger", "new parse/larger"]);
    }

    #[test]
    fn each_new_name_explains_one_missing_name_only() {
        check(
            &["parse/large", "parse/larg"],
            &["parse/larger"],
            &["missing parse/larg", "renamed parse/large parse/larger", "new parse/larger"],
        );
    }
}
