//! What came in the last seconds, as one distribution. Each piece that comes is merged some four times in all, however many there are: what is drawn four times
//! a second must cost next to nothing.

use std::time::Duration;

use crate::model::sample::Histogram;

/// The pieces of the last seconds.
pub(super) struct Recent {
    /// How long a piece counts.
    kept: Duration,
    /// The oldest pieces, the oldest last; each with what it and all later ones in this list come to.
    older: Vec<Piece>,
    /// The newer pieces, the newest last.
    newer: Vec<Piece>,
    /// What the newer ones come to.
    newer_all: Histogram,
}

/// What came until a moment.
#[derive(Clone)]
struct Piece {
    at: Duration,
    response: Histogram,
    lag_max: Duration,
}

impl Recent {
    /// Of the last `kept`.
    pub(super) fn new(kept: Duration) -> Self {
        Self { kept, older: Vec::new(), newer: Vec::new(), newer_all: Histogram::default() }
    }

    /// Adds what came until `at`, and forgets what came too long before.
    pub(super) fn push(&mut self, at: Duration, response: Histogram, lag_max: Duration) {
        merge(&mut self.newer_all, &response);
        self.newer.push(Piece { at, response, lag_max });
        while self.since().is_some_and(|oldest| oldest + self.kept < at) {
            if self.older.is_empty() {
                self.turn();
            }
            self.older.pop();
        }
    }

    /// Turns the newer pieces into older ones, each with the sum of those after it.
    fn turn(&mut self) {
        self.newer_all = Histogram::default();
        let (mut all, mut lag_max) = (Histogram::default(), Duration::ZERO);
        for piece in self.newer.drain(..).rev() {
            merge(&mut all, &piece.response);
            lag_max = lag_max.max(piece.lag_max);
            self.older.push(Piece { at: piece.at, response: all.clone(), lag_max });
        }
    }

    /// When the oldest piece came.
    pub(super) fn since(&self) -> Option<Duration> {
        self.older.last().or(self.newer.first()).map(|piece| piece.at)
    }

    /// All of it.
    pub(super) fn all(&self) -> Histogram {
        let mut all = self.newer_all.clone();
        if let Some(older) = self.older.last() {
            merge(&mut all, &older.response);
        }
        all
    }

    /// The largest lag in it.
    pub(super) fn lag_max(&self) -> Duration {
        self.older.last().into_iter().chain(&self.newer).map(|piece| piece.lag_max).max().unwrap_or_default()
    }
}

fn merge(all: &mut Histogram, one: &Histogram) {
    // More than a histogram counts cannot come of one drive; what does not fit is not shown.
    let _full = all.merge(one);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_what_came_last() {
        let mut recent = Recent::new(Duration::from_secs(5));
        let (mut all, mut lags): (Vec<(Duration, f64)>, Vec<Duration>) = (Vec::new(), Vec::new());
        for step in 1..120_u32 {
            let at = Duration::from_millis(u64::from(step * 250 + step % 7));
            let mut response = Histogram::default();
            response.record(f64::from(step), 1).unwrap();
            let lag = Duration::from_micros(u64::from(step * 37 % 101));
            all.push((at, f64::from(step)));
            lags.push(lag);
            recent.push(at, response, lag);
            let first = all.iter().position(|(then, _)| *then + Duration::from_secs(5) >= at).unwrap();
            let mut expected = Histogram::default();
            for (_, value) in &all[first..] {
                expected.record(*value, 1).unwrap();
            }
            assert_eq!(recent.all(), expected, "{step}");
            assert_eq!(recent.lag_max(), lags[first..].iter().copied().max().unwrap());
            assert_eq!(recent.since(), Some(all[first].0));
        }
    }
}
