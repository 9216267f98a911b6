//! Time cut into windows, of which only the last is being written to: a drive's memory is the same after an hour as after five minutes. No clock: each
//! moment is an argument.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::model::sample::{Packed, Recordable, Recorder};

use super::record::{ErrorKind, WINDOW, WINDOWS_MAX, Window};

/// So many pairs of windows are made one each time that a window ends: all of them at once would keep the generator from sending for milliseconds.
const JOINS: usize = 8;

/// The windows of a drive.
pub(super) struct Windows {
    start: Option<Instant>,
    length: Duration,
    /// The first ones, made of two each.
    joined: Vec<Window<Packed>>,
    /// Those after them, of half the length and an even number: they are still to be made one in twos.
    halves: VecDeque<Window<Packed>>,
    /// Those after them.
    past: Vec<Window<Packed>>,
    response: Recorder,
    ended: u64,
    failed: u64,
}

impl Default for Windows {
    fn default() -> Self {
        Self {
            start: None,
            length: WINDOW,
            joined: Vec::new(),
            halves: VecDeque::new(),
            past: Vec::new(),
            response: Recorder::default(),
            ended: 0,
            failed: 0,
        }
    }
}

impl Windows {
    /// From here on time is cut. Only the first call says so.
    pub(super) fn begin(&mut self, now: Instant) {
        self.start.get_or_insert(now);
    }

    /// A request that ended.
    pub(super) fn ended(&mut self, done: Instant, response: Recordable, failed: Option<ErrorKind>) {
        let Some(start) = self.start else { return };
        while done.saturating_duration_since(start) >= self.length.saturating_mul(self.count() + 1) {
            self.close();
        }
        self.response.record(response);
        self.ended += 1;
        self.failed += u64::from(failed.is_some());
    }

    /// How long each is, and all of them.
    pub(super) fn finish(mut self) -> (Duration, Vec<Window<Packed>>) {
        if self.ended > 0 {
            self.close();
        }
        self.join(usize::MAX);
        (self.length, self.joined.into_iter().chain(self.past).collect())
    }

    /// How many there are before the one that is being written to.
    fn count(&self) -> u32 {
        u32::try_from(self.joined.len() + self.halves.len() / 2 + self.past.len()).unwrap_or(u32::MAX)
    }

    fn close(&mut self) {
        let response = self.response.packed();
        self.response.clear();
        let (ended, failed) = (std::mem::take(&mut self.ended), std::mem::take(&mut self.failed));
        self.past.push(Window { response, ended, failed });
        self.join(JOINS);
        if self.count() as usize == WINDOWS_MAX {
            self.join(usize::MAX);
            self.halves = self.joined.drain(..).chain(self.past.drain(..)).collect();
            self.length *= 2;
        }
    }

    /// Makes the next windows of half the length one in twos, so many pairs at most.
    fn join(&mut self, pairs_max: usize) {
        for _ in 0..pairs_max {
            let (Some(one), Some(other)) = (self.halves.pop_front(), self.halves.pop_front()) else { return };
            self.joined.push(Window {
                response: one.response.joined(&other.response),
                ended: one.ended + other.ended,
                failed: one.failed + other.failed,
            });
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "moments are counted from some moment")]
mod tests {
    use super::*;
    use crate::model::sample::Histogram;

    /// Requests every 50 ms for so many seconds, each of a time of its own, of which every seventh failed.
    fn after(seconds: u64) -> (Duration, Vec<Window<Packed>>) {
        let (start, mut windows) = (Instant::now(), Windows::default());
        windows.begin(start);
        for nth in 0..20 * seconds {
            let failed = (nth % 7 == 0).then_some(ErrorKind::Status);
            windows.ended(start + Duration::from_millis(50 * nth), time(nth), failed);
        }
        windows.finish()
    }

    fn time(nth: u64) -> Recordable {
        Duration::from_micros(100 + nth).into()
    }

    #[test]
    fn long_drives_have_longer_windows_and_lose_nothing() {
        for (seconds, length_ms, count) in
            [(10, 250, 40), (299, 250, 1196), (301, 500, 602), (320, 500, 640), (700, 1000, 700)]
        {
            let (length, windows) = after(seconds);
            assert_eq!((length, windows.len()), (Duration::from_millis(length_ms), count), "{seconds} s");
            let each = length_ms / 50;
            for (at, window) in (0..).zip(&windows) {
                let mut expected = Recorder::default();
                (at * each..(at + 1) * each).for_each(|nth| expected.record(time(nth)));
                let rest = (at * each..(at + 1) * each).filter(|nth| nth % 7 == 0).count();
                let counts = (window.ended, window.failed);
                assert_eq!(counts, (each, rest as u64), "window {at} of {seconds} s");
                let shape = |histogram: &Histogram| histogram.parts().buckets;
                assert_eq!(
                    shape(&window.response.histogram()),
                    shape(&expected.histogram()),
                    "window {at} of {seconds} s"
                );
            }
        }
    }
}
