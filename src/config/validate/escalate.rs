//! Who is told of findings.

use std::collections::BTreeMap;

use crate::config::at::At;
use crate::config::problem::quoted;
use crate::config::wire::{Escalate, Told};
use crate::model::finding::{Escalation, Severity};

use super::Reader;

/// The longest label that GitHub takes, in characters.
const LABEL_LENGTH_MAX: usize = 50;
/// The most labels, and the most reviewers that GitHub asks at once.
const MOST: usize = 15;

impl Reader<'_, '_> {
    pub(super) fn escalate(&mut self, escalate: &Escalate) -> BTreeMap<Severity, Escalation> {
        let all = [
            (Severity::Low, &escalate.low),
            (Severity::Medium, &escalate.medium),
            (Severity::High, &escalate.high),
            (Severity::Critical, &escalate.critical),
        ];
        all.into_iter().filter_map(|(severity, told)| Some((severity, self.told(told.as_ref()?)))).collect()
    }

    fn told(&mut self, told: &Told) -> Escalation {
        Escalation {
            labels: self.names(&told.labels, "a label", |label| {
                label.chars().count() <= LABEL_LENGTH_MAX && !label.contains(',')
            }),
            reviewers: self.names(&told.reviewers, "a reviewer", is_reviewer),
            address: told.address.as_ref().and_then(|address| self.text(address, "`address`")),
        }
    }

    fn names(&mut self, names: &[At<String>], what: &str, is_one: fn(&str) -> bool) -> Vec<String> {
        if let Some(over) = names.get(MOST) {
            self.problems.add(&over.span, format!("more than {MOST} are not taken"), None);
        }
        let mut read = Vec::new();
        for name in names.iter().take(MOST) {
            let text = name.value.trim().trim_start_matches('@');
            if text.is_empty() || text.chars().any(char::is_control) || !is_one(text) {
                self.problems.add(&name.span, format!("{} is not {what}", quoted(&name.value)), None);
            } else {
                read.push(text.to_owned());
            }
        }
        read
    }
}

/// Whether a text is the name of a user or of a team, as GitHub has them: `octocat`, `org/team`.
fn is_reviewer(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty() && part.len() <= 100 && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    text.split('/').count() <= 2 && text.split('/').all(plain)
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::model::finding::Severity;

    #[test]
    fn those_of_the_highest_severity_that_is_reached_are_told() {
        let text = "[escalate.medium]\nlabels = ['performance']\n[escalate.critical]\nreviewers = ['@octocat', 'org/perf']\naddress = 'call us'";
        let policy = Config::parse(text, "tollgate.toml").unwrap().policy;
        assert!(policy.escalation(Severity::Low).is_empty());
        assert_eq!(policy.escalation(Severity::High).labels, ["performance"]);
        let critical = policy.escalation(Severity::Critical);
        assert_eq!(
            (critical.reviewers, critical.address.as_deref()),
            (vec!["octocat".to_owned(), "org/perf".to_owned()], Some("call us"))
        );
    }

    #[test]
    fn what_cannot_be_a_label_or_a_reviewer_is_refused() {
        for wrong in [
            "labels = ['']",
            "labels = ['a,b']",
            "reviewers = ['a b']",
            "reviewers = ['a/b/c']",
            "address = ''",
            "people = []",
        ] {
            assert!(Config::parse(&format!("[escalate.low]\n{wrong}"), "tollgate.toml").is_err(), "{wrong}");
        }
    }
}
