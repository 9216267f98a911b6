//! Who answered, where a header of the replies says so: a load balancer's backends. What they call themselves is foreign.

use crate::model::sample::{Recordable, Recorder};

use super::check::cut;
use super::record::{ErrorKind, TargetRecord};
use super::tally::TargetTally;

/// The most backends that are told apart. A header that names each request, and no backend, must not fill the memory.
const BACKENDS_MAX: usize = 64;
/// The longest name of one, in bytes; what differs only beyond that is one backend.
const NAME_BYTES_MAX: usize = 64;

/// The backends that were seen so far, in the order of their first reply.
#[derive(Default)]
pub(super) struct Backends(Vec<(Box<[u8]>, TargetTally)>);

impl Backends {
    /// The number of a backend, counted from 0; `None` where it says nothing or is one too many.
    pub(super) fn number(&mut self, said: &[u8]) -> Option<usize> {
        let said = said.trim_ascii();
        let said = said.get(..NAME_BYTES_MAX).unwrap_or(said);
        if said.is_empty() {
            return None;
        }
        if let Some(known) = self.0.iter().position(|(name, _)| **name == *said) {
            return Some(known);
        }
        if self.0.len() == BACKENDS_MAX {
            return None;
        }
        let name = cut(&String::from_utf8_lossy(said));
        let tally = TargetTally { name, weight: 1, response: Recorder::default(), ended: 0, failed: 0 };
        self.0.push((said.into(), tally));
        Some(self.0.len() - 1)
    }

    /// One of them answered.
    pub(super) fn ended(&mut self, backend: usize, response: Recordable, failed: Option<ErrorKind>) {
        let Some((_, tally)) = self.0.get_mut(backend) else { return };
        tally.response.record(response);
        tally.ended += 1;
        tally.failed += u64::from(failed.is_some());
    }

    /// What each took, by name; those that only answered what does not count are left out.
    pub(super) fn records(&self) -> Vec<TargetRecord> {
        let counted = self.0.iter().filter(|(_, tally)| tally.ended > 0);
        let mut all: Vec<TargetRecord> = counted.map(|(_, tally)| tally.record()).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn backends_are_told_apart_by_what_they_say_and_there_are_not_more_than_a_few() {
        let mut backends = Backends::default();
        assert_eq!(
            [b"b".as_slice(), b"a", b" b ", b"", b" "].map(|said| backends.number(said)),
            [Some(0), Some(1), Some(0), None, None]
        );
        for (backend, failed) in [(0, None), (0, Some(ErrorKind::Status)), (1, None), (7, None)] {
            backends.ended(backend, Recordable::from(Duration::from_millis(2)), failed);
        }
        let told: Vec<_> = backends.records().into_iter().map(|one| (one.name, one.ended, one.failed)).collect();
        assert_eq!(told, [("a".to_owned(), 1, 0), ("b".to_owned(), 2, 1)]);
        let numbers: Vec<_> = (0..100).filter_map(|id: u32| backends.number(id.to_string().as_bytes())).collect();
        assert_eq!(numbers.last(), Some(&(BACKENDS_MAX - 1)));
    }

    #[test]
    fn a_hostile_name_is_short_and_can_be_shown() {
        let mut backends = Backends::default();
        let hostile = [b"\x1b[31m\xff".as_slice(), &[b'x'; 5000]].concat();
        assert_eq!(backends.number(&hostile), backends.number(&[hostile.as_slice(), b"more"].concat()));
        backends.ended(0, Recordable::from(Duration::from_millis(2)), None);
        let [record] = backends.records().try_into().unwrap();
        assert!(record.name.chars().count() <= 65 && !record.name.chars().any(char::is_control), "{}", record.name);
    }
}
