//! What `--list` says of a criterion program. Pure.
//!
//! The list shows titles, not names: a name beyond 100 bytes is cut at a character and ends in `...`, and a second benchmark of one title gets
//! ` #2`. So the names of cut ones have to be learnt from results.

use crate::model::Name;

/// Where criterion cuts a title, in bytes, and how much less is left where a character of several bytes lies there.
const TITLE_BYTES: std::ops::RangeInclusive<usize> = 97..=100;

/// What a list says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct List {
    /// Benchmarks with their full names, in their order.
    pub(super) names: Vec<Name>,
    /// The beginnings of names that are too long for a list, in their order, as often as they are listed.
    pub(super) beginnings: Vec<String>,
}

/// Reads a list. Lines that name no benchmark are left out: the program itself may write some.
pub(super) fn read(stdout: &[u8]) -> List {
    let mut list = List::default();
    for line in String::from_utf8_lossy(stdout).lines() {
        let Some(title) = line.strip_suffix(": benchmark") else { continue };
        match (beginning(title), Name::new(title)) {
            (Some(beginning), _) => list.beginnings.push(beginning.to_owned()),
            (None, Ok(name)) => list.names.push(name),
            (None, Err(_)) => {}
        }
    }
    list
}

/// The beginning of the name, where the title is a cut one.
fn beginning(title: &str) -> Option<&str> {
    let without_number = match title.rsplit_once(" #") {
        Some((before, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => before,
        _ => title,
    };
    without_number.strip_suffix("...").filter(|beginning| TITLE_BYTES.contains(&beginning.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &str) -> Vec<String> {
        read(list.as_bytes()).names.iter().map(|name| name.as_str().to_owned()).collect()
    }

    #[test]
    fn a_list_is_read_among_the_programs_own_lines() {
        let list = "Gnuplot not found\na/b: benchmark\n\nodd: benchmark: benchmark\n3 tests, 2 benchmarks\nx: test\n";
        assert_eq!(names(list), ["a/b", "odd: benchmark"]);
        assert_eq!(names(": benchmark\n"), [""; 0]);
        assert_eq!(read(b"\xff\xfe").names, []);
    }

    #[test]
    fn a_cut_title_is_the_beginning_of_a_name_and_no_name() {
        let hundred = "x".repeat(100);
        let list =
            read(format!("{hundred}...: benchmark\n{hundred}... #2: benchmark\nwait...: benchmark\n").as_bytes());
        assert_eq!(list.beginnings, [hundred.clone(), hundred]);
        assert_eq!(list.names.len(), 1);
    }

    #[test]
    fn a_title_of_exactly_a_hundred_bytes_is_a_name() {
        assert_eq!(names(&format!("{}: benchmark\n", "x".repeat(100))).len(), 1);
    }
}
