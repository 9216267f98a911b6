//! What went wrong in a round, in the words of the report. Refuses to judge it.

use crate::measure::process::ProcessError;
use crate::measure::suite::PartError;
use crate::model::{Arm, CoverageProblem, Trouble};

/// Whether two problems differ in nothing but last words, in which the port of a service or a time is another each round.
pub(super) fn says_the_same(one: &CoverageProblem, other: &CoverageProblem) -> bool {
    let without_tail = |problem: &CoverageProblem| match problem.trouble.clone() {
        Trouble::Crashed { arm, message, .. } => Trouble::Crashed { arm, message, tail: String::new() },
        trouble => trouble,
    };
    one.suite == other.suite && one.benchmark == other.benchmark && without_tail(one) == without_tail(other)
}

/// An error as trouble that the report shows.
pub fn trouble(arm: Arm, error: &PartError) -> Trouble {
    match error {
        PartError::Process(ProcessError::TimedOut { limit_s, .. }) => Trouble::TimedOut { arm, limit_s: *limit_s },
        // What to do about a service is not the same as about a command that can be run by hand.
        PartError::Service(service) => {
            let hint = service.hint().map_or_else(String::new, |hint| format!("; {hint}"));
            Trouble::Crashed { arm, message: format!("{service}{hint}"), tail: error.tail().to_owned() }
        }
        PartError::Probe(probe) => {
            Trouble::Crashed { arm, message: format!("{probe}; {}", probe.hint), tail: String::new() }
        }
        PartError::Process(_) | PartError::Unreadable { .. } | PartError::Prepare { .. } => {
            Trouble::Crashed { arm, message: error.to_string(), tail: error.tail().to_owned() }
        }
    }
}
