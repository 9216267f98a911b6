//! What drifts in a long drive: memory and descriptors for each request, and latency from the first third to the last. Refuses to call any of it a leak.
//!
//! Growth is told for each request, not each second: a leak is a property of the code that a request runs through. A test for a trend would find one in every
//! program that warms up; the size of the growth, in head beside base and against a budget, tells them apart.

use std::time::Duration;

use crate::measure::load::record::{Recorded, Usage, UsagePoint, Window};
use crate::measure::load::total;
use crate::model::sample::{POINTS_MAX, Packed};

/// A third of a soak with fewer requests has no 99th percentile to compare.
const REQUESTS_MIN: u64 = 100;

/// Memory and descriptors over the requests that had ended.
pub(super) fn courses(usage: &Usage, recorded: &Recorded) -> [Vec<(f64, f64)>; 2] {
    let ended: Vec<f64> = std::iter::once(0.0)
        .chain(recorded.windows.iter().scan(0_u64, |all, window| {
            *all += window.ended;
            Some(*all as f64)
        }))
        .collect();
    let every = usage.points.len().div_ceil(POINTS_MAX).max(1);
    let mut points: Vec<(f64, &UsagePoint)> = Vec::new();
    for point in usage.points.iter().step_by(every).filter(|point| point.seconds >= 0.0) {
        let Some(requests) = at(&ended, point.seconds / recorded.window.as_secs_f64()) else { break };
        // Without a request in between, a second look is at the same place.
        if points.last().is_none_or(|(before, _)| requests > *before) {
            points.push((requests, point));
        }
    }
    let course =
        |of: fn(&UsagePoint) -> u64| points.iter().map(|(requests, point)| (*requests, of(point) as f64)).collect();
    [course(|point| point.anonymous_bytes), course(|point| point.descriptors)]
}

/// The value at a place between two whole ones; `None` beyond the last, or for no place at all.
fn at(values: &[f64], place: f64) -> Option<f64> {
    if !place.is_finite() || place < 0.0 {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at least 0, and what is too large has no value"
    )]
    let before = place.floor() as usize;
    let (low, high) = (values.get(before)?, values.get(before.checked_add(1)?)?);
    Some(low + (high - low) * place.fract())
}

/// The 99th percentile of the last third beside that of the first.
pub(super) fn drift(recorded: &Recorded, duration: Duration) -> Option<f64> {
    let whole = duration.as_nanos().checked_div(recorded.window.as_nanos())?;
    // What ended after the last request was sent belongs to no third.
    let count = usize::try_from(whole).unwrap_or(usize::MAX).min(recorded.windows.len());
    let third = count / 3;
    let p99 = |windows: &[Window<Packed>]| {
        let all = total::of_windows(windows.iter().map(Window::opened));
        all.response.quantile(0.99).filter(|_| all.ended >= REQUESTS_MIN)
    };
    let (first, last) = (p99(&recorded.windows[..third])?, p99(&recorded.windows[count - third..count])?);
    (first > 0.0).then(|| last / first)
}
