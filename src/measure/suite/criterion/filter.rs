//! Benchmark names as criterion's filter, which is one regular expression over the full name. Pure.

use regex_syntax::escape;

/// The longest filter, in bytes: well below what a command line (32 KiB on Windows) and a compiled expression may take.
const FILTER_BYTES_MAX: usize = 24 << 10;

/// How much of a name has to be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The whole name.
    Whole,
    /// Its beginning.
    Beginning,
}

/// Filters that together select exactly the given names, or every name with one of the given beginnings: one for each process. Names of the
/// same spelling and any characters are safe.
pub(super) fn filters<'a>(names: impl IntoIterator<Item = &'a str>, part: Part) -> Vec<String> {
    let mut alternatives: Vec<String> = Vec::new();
    for name in names.into_iter().map(escape) {
        match alternatives.last_mut() {
            Some(last) if last.len() + name.len() < FILTER_BYTES_MAX => {
                last.push('|');
                last.push_str(&name);
            }
            _ => alternatives.push(name),
        }
    }
    let end = if part == Part::Whole { "$" } else { "" };
    alternatives.into_iter().map(|names| format!("^(?:{names}){end}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_and_anchored() {
        assert_eq!(filters(["a.b", "c|d"], Part::Whole), [r"^(?:a\.b|c\|d)$"]);
        assert_eq!(filters(["a("], Part::Beginning), [r"^(?:a\()"]);
        assert_eq!(filters([], Part::Whole), [""; 0]);
    }

    #[test]
    fn many_names_are_split_over_several_filters_and_none_is_lost() {
        let names: Vec<_> = (0..5_000).map(|n| format!("group/benchmark {n:04}")).collect();
        let filters = filters(names.iter().map(String::as_str), Part::Whole);
        assert!(filters.len() > 1 && filters.iter().all(|filter| filter.len() <= FILTER_BYTES_MAX + 8));
        assert_eq!(filters.iter().map(|filter| filter.matches("benchmark").count()).sum::<usize>(), 5_000);
    }
}
