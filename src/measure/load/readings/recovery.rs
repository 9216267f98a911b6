//! How long after a spike, or after one of its instances was killed, a service is back. Refuses to know what slowed it down.

use std::time::Duration;

use crate::measure::load::record::{Recorded, Window};
use crate::measure::load::total;
use crate::model::sample::Packed;
use crate::stats::summary;

/// So many replies make a 95th percentile with one value beyond it: windows are put together until they have them.
const REPLIES_MIN: f64 = 20.0;
/// The time before the spike is parted into at least so many pieces.
const PIECES_MIN: usize = 4;
/// A service is back where its latency is within so many times of what it was before.
const BACK_RATIO: f64 = 1.2;
/// Which part of the pieces before the spike were faster than what counts as "before": one of ten may have been disturbed.
const BEFORE_QUANTILE: f64 = 0.9;
/// And where no larger share of requests fails than before, but for this.
const FAILED_MORE_MAX: f64 = 0.01;
/// It is back for good where of so many further pieces
const FURTHER: usize = 8;
/// no more than this share is slow again.
const SLOW_AGAIN_MAX: f64 = 0.25;

/// What counts as calm, from the pieces before the spike.
struct Calm {
    /// The largest 95th percentile.
    p95_max: f64,
    /// The largest share of requests that fail.
    failed_max: f64,
    /// Replies in a piece.
    replies: f64,
}

/// Seconds from the end of the peak until the service is back, at least the length of a window, which is the finest that can be told; where it is not back before the end,
/// all the time that there was. `None` where the time before the spike says too little to compare with. Durations are those before, at and after the peak.
pub(super) fn seconds([before, peak, after]: &[Duration; 3], recorded: &Recorded) -> Option<f64> {
    let window = recorded.window.as_secs_f64();
    let windows = &recorded.windows;
    let index = |at: Duration| usize::try_from(at.as_nanos().checked_div(recorded.window.as_nanos())?).ok();
    let calm_windows = windows.get(..index(*before)?)?;
    let replies: Vec<f64> = calm_windows.iter().map(|window| window.ended as f64).collect();
    let usual = summary::median(&replies).filter(|usual| *usual > 0.0)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 20")]
    let wanted = (REPLIES_MIN / usual).ceil() as usize;
    let together = wanted.min(calm_windows.len() / PIECES_MIN).max(1);
    let calm = Calm::of(&pieces(calm_windows, together))?;

    let end_of_peak = *before + *peak;
    let first = index(end_of_peak)?;
    let last = index(end_of_peak + *after)?.min(windows.len());
    let pieces = pieces(windows.get(first..last)?, together);
    let length = window * together as f64;
    let back = (0..pieces.len()).find(|piece| calm.lasts(&pieces[*piece..]));
    let Some(back) = back else { return Some(after.as_secs_f64()) };
    // The service was back somewhere within the piece before.
    let early = back.checked_sub(1).map_or(0.0, |before| calm.early(&pieces[..=before], length));
    let since_first = back as f64 * length - early;
    Some((first as f64 * window + since_first - end_of_peak.as_secs_f64()).max(window))
}

/// Windows put together; the rest that is no whole piece is left out.
fn pieces(windows: &[Window<Packed>], together: usize) -> Vec<Window> {
    windows.chunks_exact(together).map(|piece| total::of_windows(piece.iter().map(Window::opened))).collect()
}

impl Calm {
    fn of(pieces: &[Window]) -> Option<Self> {
        let times: Vec<f64> = pieces.iter().filter_map(|piece| piece.response.quantile(0.95)).collect();
        let all = total::of_windows(pieces.iter().cloned());
        (times.len() >= PIECES_MIN).then_some(())?;
        Some(Self {
            p95_max: BACK_RATIO * summary::quantile(&times, BEFORE_QUANTILE)?,
            failed_max: all.failed as f64 / all.ended.max(1) as f64 + FAILED_MORE_MAX,
            replies: all.ended as f64 / pieces.len() as f64,
        })
    }

    /// Whether a piece is calm; one without replies is not.
    fn is(&self, piece: &Window) -> bool {
        let fast = piece.response.quantile(0.95).is_some_and(|p95| p95 <= self.p95_max);
        fast && piece.failed as f64 <= self.failed_max * piece.ended as f64
    }

    /// Whether the first of these pieces is calm, and those after it stay so.
    fn lasts(&self, pieces: &[Window]) -> bool {
        let further = &pieces[1..pieces.len().min(1 + FURTHER)];
        let slow = further.iter().filter(|piece| !self.is(piece)).count();
        self.is(&pieces[0]) && slow as f64 <= SLOW_AGAIN_MAX * further.len() as f64
    }

    /// How long before the end of the last of these pieces the service was back already: as long as its fast replies take to come at the usual rate. Where replies
    /// are fast in between, the middle of the piece is as good a guess as any.
    fn early(&self, pieces: &[Window], length: f64) -> f64 {
        let fast = |piece: &Window| total::up_to(&piece.response, self.p95_max) as f64;
        let [rest @ .., last] = pieces else { return 0.0 };
        match rest.last() {
            Some(slow) if fast(slow) > 0.1 * slow.ended as f64 => length / 2.0,
            Some(_) | None => length * (fast(last) / self.replies).min(1.0),
        }
    }
}
