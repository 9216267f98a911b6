//! Whether a service held a level. Refuses to know why that level was tried.

use crate::config::scenario::{Level, Limits};
use crate::measure::load::record::{StepRecord, Stretch};
use crate::measure::load::total;
use crate::model::load::LATE_SHARE_MAX;
use crate::model::sample::Summary;

/// A service that has answered less than this share of what was to be answered by the end of a step falls behind.
const ANSWERED_MIN: f64 = 0.97;
/// One that has answered less than this is so far behind that no disturbance explains it.
const ANSWERED_SURELY_MIN: f64 = 0.80;

/// What a step says of its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// All limits were kept.
    Yes,
    /// One was not.
    No {
        /// What broke.
        why: Broke,
        /// Whether a moment's disturbance of the machine may explain it.
        perhaps_disturbed: bool,
    },
    /// The generator was late itself, or nothing was sent: it says nothing of the service.
    Void,
}

/// What broke at a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broke {
    /// The 99th percentile of the response time.
    Latency,
    /// The share of failed requests.
    Errors,
    /// Replies came slower than requests: the level was not reached, or ever more requests were on their way.
    Behind,
}

/// What a step says of its level.
pub fn held(stretch: &Stretch, limits: &Limits) -> Held {
    let all = total::of_stretch(stretch);
    let answered = answered_share(stretch, &all);
    if late(stretch) || all.ended == 0 && stretch.open_at_end.max(stretch.dropped) == 0 {
        return Held::Void;
    }
    let p99 = all.response.quantile(0.99).unwrap_or(f64::INFINITY);
    // Failures that are fast must not let an overload look like a level that is held.
    let why = if total::failed(&all) as f64 > limits.errors * all.ended as f64 {
        Broke::Errors
    } else if answered < ANSWERED_MIN {
        Broke::Behind
    } else if p99 > limits.p99.as_secs_f64() {
        Broke::Latency
    } else {
        return Held::Yes;
    };
    Held::No { why, perhaps_disturbed: answered >= ANSWERED_SURELY_MIN }
}

/// Whether the generator was late for so many arrivals that the stretch says nothing of the service.
pub fn late(stretch: &Stretch) -> bool {
    stretch.late as f64 > LATE_SHARE_MAX * stretch.intended as f64
}

/// The share of arrivals that were answered in time by a service that keeps up. By Little's law (1961) as many are on their way, at any moment, as come in the
/// time that one takes. Where requests pile up, half of those that are open at the end are more than that, for the mean of the times that they took is that of
/// the middle of the stage. In a closed model users wait for replies, and nobody falls behind.
fn answered_share(stretch: &Stretch, all: &StepRecord) -> f64 {
    if matches!(stretch.level, Level::Users(_)) || stretch.intended == 0 {
        return 1.0;
    }
    let rate = if stretch.seconds > 0.0 { all.ended as f64 / stretch.seconds } else { 0.0 };
    let usual = rate * all.response.summary(Summary::Mean).unwrap_or(0.0);
    let by_chance = 2.0 * usual.sqrt() + 2.0;
    let open = stretch.open_at_end.max(stretch.dropped) as f64;
    // Those that never got a connection are too many, whatever the rest is like.
    let too_many = (2.0 * (open - usual - by_chance)).max(stretch.dropped as f64);
    1.0 - too_many / stretch.intended as f64
}
