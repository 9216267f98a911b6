//! Values over time, such as the memory of a server under load, and how fast they grow once it has warmed up. Refuses to know what grows.
//!
//! A program warms up, and a collector lets memory rise and fall: neither is a leak. So the first 40 % of the time are left out; of what
//! remains only the floors count, the smallest value of each of 12 windows; and of the floors the median slope of all pairs (Theil 1950, Sen
//! 1968), which no single window can move. That slope is an upper limit: growth is what is kept and goes on. What was given back between the
//! first and the last third is none of it, and a rise that has more than halved its pace in the last third counts with twice that pace
//! alone, so that one that has come to its end is nothing. Growth of one run alone would still raise alarms (Machida et al. 2013): what is
//! judged is head's growth less base's, over rounds, by its size.

use super::{MAGNITUDE_MAX, SampleError, median};

/// The fewest points of a track.
pub const POINTS_MIN: usize = 24;
/// The most points of a track: one a second for a day.
pub const POINTS_MAX: usize = 100_000;
/// The share of the time that is left out at the start.
const WARM_UP_SHARE: f64 = 0.4;
/// Windows after the warm-up. Each should hold at least two cycles of a collector.
const WINDOWS: usize = 12;
/// The windows in the last third of the time: 7 of the 12 that share its last 60 %.
const LAST: usize = 7;
/// How many times the pace of the last third growth may be.
const PACE_RATIO: f64 = 2.0;
/// Windows that must have a point, or there is no course to speak of.
const WINDOWS_FILLED_MIN: usize = 9;

/// A course over time: [`POINTS_MIN`] to [`POINTS_MAX`] points, times rising, values at least 0, all finite, and without gaps so large that it has
/// no slope.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    points: Box<[(f64, f64)]>,
    slope: f64,
    growth: f64,
    level: f64,
}

/// The lowest point of one window.
#[derive(Clone, Copy, Debug)]
struct Floor {
    window: usize,
    time: f64,
    value: f64,
}

impl Track {
    /// Takes (time, value) pairs; time is in seconds, or in whatever the metric's unit says that it grows by.
    pub fn new(points: Vec<(f64, f64)>) -> Result<Self, SampleError> {
        if !(POINTS_MIN..=POINTS_MAX).contains(&points.len()) {
            return Err(SampleError::Points { count: points.len() });
        }
        for (position, (time, value)) in points.iter().enumerate() {
            let later = position == 0 || *time > points[position - 1].0;
            if !later || time.is_nan() || time.abs() > MAGNITUDE_MAX {
                return Err(SampleError::BadTime { time: *time, position });
            }
            if !(0.0..=MAGNITUDE_MAX).contains(value) {
                return Err(SampleError::BadValue { value: *value, position });
            }
        }
        let floors = floors(&points);
        let windows = floors.len();
        let level = median(floors.iter().map(|floor| floor.value).collect());
        match (median(slopes(&floors)), level) {
            (Some(slope), Some(level)) if windows >= WINDOWS_FILLED_MIN && slope.is_finite() => {
                let growth = growth(slope, &floors);
                Ok(Self { points: points.into_boxed_slice(), slope, growth, level })
            }
            (Some(_) | None, _) => Err(SampleError::Gaps { windows, needed: WINDOWS_FILLED_MIN }),
        }
    }

    /// The points as they were measured.
    pub fn points(&self) -> &[(f64, f64)] {
        &self.points
    }

    /// How fast the floors grow after the warm-up, in the unit of the values per unit of time; negative where they fall. Finite.
    pub fn slope(&self) -> f64 {
        self.slope
    }

    /// How fast they grow for good, in the same unit: [`Self::slope`] where that is not above 0, else what of it is kept and goes on, at least 0.
    /// This is what is judged. Finite.
    pub fn growth(&self) -> f64 {
        self.growth
    }

    /// The growth that would add the whole level, the median of the floors, in the time of the track: what a slope is large or small
    /// against. At least 0, in the unit of [`Self::slope`].
    pub fn level_over_span(&self) -> f64 {
        let (first, last) = (self.points[0].0, self.points[self.points.len() - 1].0);
        (self.level / (last - first)).min(MAGNITUDE_MAX)
    }
}

/// The lowest point of each window after the warm-up, the first of equal ones; windows without points have none.
fn floors(points: &[(f64, f64)]) -> Vec<Floor> {
    let (first, last) = (points[0].0, points[points.len() - 1].0);
    let start = first + WARM_UP_SHARE * (last - first);
    let width = (last - start) / WINDOWS as f64;
    let mut floors: Vec<Option<Floor>> = vec![None; WINDOWS];
    for &(time, value) in points.iter().filter(|(time, _)| *time >= start) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at least 0, and bounded just after"
        )]
        let window = (((time - start) / width) as usize).min(WINDOWS - 1);
        if floors[window].is_none_or(|lowest| value < lowest.value) {
            floors[window] = Some(Floor { window, time, value });
        }
    }
    floors.into_iter().flatten().collect()
}

/// The slopes between all pairs of floors.
fn slopes(floors: &[Floor]) -> Vec<f64> {
    let mut slopes = Vec::new();
    for (place, later) in floors.iter().enumerate() {
        slopes.extend(floors[..place].iter().map(|before| between(before, later)));
    }
    slopes
}

fn between(before: &Floor, later: &Floor) -> f64 {
    (later.value - before.value) / (later.time - before.time)
}

/// What of a slope is kept and goes on.
fn growth(slope: f64, floors: &[Floor]) -> f64 {
    let lowest = |windows: std::ops::Range<usize>| {
        let inside = floors.iter().filter(|floor| windows.contains(&floor.window));
        inside.min_by(|a, b| a.value.total_cmp(&b.value))
    };
    let kept = lowest(0..WINDOWS / 3).zip(lowest(WINDOWS - WINDOWS / 3..WINDOWS)).map(|(from, to)| between(from, to));
    let last: Vec<Floor> = floors.iter().filter(|floor| floor.window >= WINDOWS - LAST).copied().collect();
    let goes_on = median(slopes(&last)).map(|pace| PACE_RATIO * pace);
    let limits = [kept, goes_on].into_iter().flatten().filter(|limit| limit.is_finite());
    if slope > 0.0 { limits.fold(slope, f64::min).max(0.0) } else { slope }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A point a second with these values.
    fn track(value: impl Fn(f64) -> f64) -> Result<Track, SampleError> {
        Track::new((0..240).map(f64::from).map(|second| (second, value(second))).collect())
    }

    fn slope(value: impl Fn(f64) -> f64) -> f64 {
        track(value).unwrap().slope()
    }

    #[derive(serde::Deserialize)]
    struct Case {
        points: Vec<(f64, f64)>,
        slope: f64,
        growth: f64,
        level: f64,
    }

    #[test]
    fn slopes_agree_with_the_reference() {
        let cases: Vec<Case> = serde_json::from_str(include_str!("../../../tests/fixtures/stats/track.json")).unwrap();
        assert!(cases.len() >= 50);
        for case in cases {
            let track = Track::new(case.points).unwrap();
            assert!((track.slope() - case.slope).abs() < 1e-9, "{} for {}", track.slope(), case.slope);
            assert!((track.growth() - case.growth).abs() < 1e-9, "{} for {}", track.growth(), case.growth);
            assert!((track.level_over_span() - case.level).abs() < 1e-9 * case.level);
        }
    }

    #[test]
    fn the_slope_is_that_of_the_floors_after_the_warm_up() {
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found} for {expected}");
        close(slope(|_| 5.0), 0.0);
        close(slope(|_| 0.0), 0.0);
        close(slope(|t| 3.0 * t), 3.0);
        close(slope(|t| 1000.0 - t), -1.0);
        // Warm-up that is over after 40 % of the time.
        close(slope(|t| 100.0 * t.min(90.0)), 0.0);
        // A collector that runs every 6 seconds, over a leak of 2 a second.
        close(slope(|t| 50.0 * (t % 6.0) + 2.0 * t), 2.0);
        // One wild window.
        close(slope(|t| if (150.0..160.0).contains(&t) { 9e9 } else { t }), 1.0);
        assert!((track(|_| 120.0).unwrap().level_over_span() - 120.0 / 239.0).abs() < 1e-9);
    }

    #[test]
    fn growth_is_what_is_kept_and_goes_on() {
        let growth = |value: &dyn Fn(f64) -> f64| track(value).unwrap().growth();
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found} for {expected}");
        close(growth(&|t| 3.0 * t), 3.0);
        close(growth(&|t| 1000.0 - t), -1.0);
        close(growth(&|t| 50.0 * (t % 6.0) + 2.0 * t), 2.0);
        // A plateau that is reached after two thirds of the time, where the slope of all floors is still above 0.
        let late = |t: f64| 100.0 * t.min(165.0);
        assert!(slope(late) > 10.0);
        close(growth(&late), 0.0);
        // A collector so slow that its cycles are longer than four windows, whatever part of one the track ends in.
        for phase in 0..48 {
            let saw = |t: f64| 1000.0 + 50.0 * ((t + f64::from(phase)) % 48.0);
            assert!(growth(&saw) <= 0.0, "{} at {phase}", growth(&saw));
        }
    }

    #[test]
    fn what_is_no_course_over_time_is_refused() {
        let of = |points: &[(f64, f64)]| Track::new(points.to_vec());
        assert_eq!(of(&[]), Err(SampleError::Points { count: 0 }));
        assert_eq!(of(&[(0.0, 1.0), (1.0, 1.0), (2.0, 1.0)]), Err(SampleError::Points { count: 3 }));
        assert_eq!(of(&vec![(0.0, 1.0); POINTS_MAX + 1]), Err(SampleError::Points { count: POINTS_MAX + 1 }));
        assert_eq!(of(&[(0.0, 1.0); 30]), Err(SampleError::BadTime { time: 0.0, position: 1 }));
        let even: Vec<(f64, f64)> = (0..30).map(|t| (f64::from(t), 1.0)).collect();
        for (position, bad) in [(7, f64::NAN), (8, f64::INFINITY), (9, -1.0), (0, f64::NEG_INFINITY)] {
            let mut points = even.clone();
            points[position].0 = bad;
            assert!(matches!(of(&points), Err(SampleError::BadTime { .. })), "{bad}");
        }
        for bad in [f64::NAN, f64::INFINITY, -1.0, 1e101] {
            let mut points = even.clone();
            points[3].1 = bad;
            assert!(matches!(of(&points), Err(SampleError::BadValue { position: 3, .. })), "{bad}");
        }
    }

    #[test]
    fn a_track_with_most_of_its_course_missing_or_without_bounds_is_refused() {
        let mut early: Vec<(f64, f64)> = (0..40).map(|t| (f64::from(t), 1.0)).collect();
        early.push((1000.0, 1.0));
        assert_eq!(Track::new(early), Err(SampleError::Gaps { windows: 1, needed: WINDOWS_FILLED_MIN }));
        // A time so small beside its values that no slope is left.
        let steep = (0..60).map(|t| (f64::from(t) * 1e-300, 1e90 * f64::from(t))).collect();
        assert!(matches!(Track::new(steep), Err(SampleError::Gaps { .. })));
        let huge: Vec<(f64, f64)> = (0..60).map(|t| (f64::from(t) * 1e98, 1e98 * f64::from(t))).collect();
        assert!((Track::new(huge).unwrap().slope() - 1.0).abs() < 1e-9);
    }
}
