//! The drawings of the page: latency and throughput over time, the distribution, the service's memory. Geometry only, the same for the same result.
//! Refuses to know about markup.

use serde::Serialize;

use crate::model::Unit;
use crate::model::sample::{Histogram, Summary};

use super::super::number::{Digits, Scale, quantity};
use super::bars::bars;
use super::result::{LoadResult, Window};

/// The size of a drawing.
const WIDTH: f64 = 720.0;
/// Where its area starts and ends.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 712.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 196.0;
/// The most points of a line.
const POINTS_MAX: usize = 240;
/// The shortest time that a point stands for: in less there are too few requests for a tail.
const POINT_S_MIN: f64 = 1.0;
/// How many bars the distribution has.
const BARS: usize = 48;

/// One drawing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Chart {
    /// Unique on the page.
    id: &'static str,
    title: &'static str,
    /// The drawing in words.
    description: String,
    lines: Vec<Line>,
    bars: Vec<Rect>,
    across: Vec<Tick>,
    up: Vec<Tick>,
}

/// A line through points.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Line {
    name: &'static str,
    /// How it is drawn.
    class: &'static str,
    points: String,
}

/// A bar.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Rect {
    x: String,
    y: String,
    width: String,
    height: String,
}

/// A mark on an axis.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Tick {
    at: String,
    label: String,
}

/// How numbers lie on an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Axis {
    /// From 0 or another number, evenly.
    Even { low: f64, high: f64 },
    /// Each factor of ten as long as the others.
    Log { low: f64, high: f64 },
}

impl Axis {
    /// Where a number lies, from 0 to 1.
    fn share(self, value: f64) -> f64 {
        let share = match self {
            Self::Even { low, high } => (value - low) / (high - low),
            Self::Log { low, high } => (value.max(low) / low).ln() / (high / low).ln(),
        };
        if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
    }

    /// Some round numbers on it.
    fn marks(self) -> Vec<f64> {
        match self {
            Self::Even { low, high } => {
                let rough = (high - low) / 6.0;
                let power = 10_f64.powf(rough.log10().floor());
                let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|nice| nice * power).find(|step| *step >= rough);
                let Some(step) = step.filter(|step| step.is_normal()) else { return Vec::new() };
                let first = (low / step).ceil();
                (0..8).map(|n| (first + f64::from(n)) * step).filter(|mark| *mark <= high).collect()
            }
            Self::Log { low, high } => {
                let decades = (high / low).log10();
                let nice: &[f64] = match decades {
                    _ if decades > 4.0 => &[1.0],
                    _ if decades > 1.0 => &[1.0, 2.0, 5.0],
                    _ => &[1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0],
                };
                #[expect(clippy::cast_possible_truncation, reason = "the exponent of a time")]
                let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
                let all = (first..=last).flat_map(|power| nice.iter().map(move |nice| nice * 10_f64.powi(power)));
                all.filter(|mark| (low..=high).contains(mark)).take(20).collect()
            }
        }
    }
}

fn x(share: f64) -> f64 {
    LEFT + share * (RIGHT - LEFT)
}

fn y(share: f64) -> f64 {
    BOTTOM - share * (BOTTOM - TOP)
}

fn place(at: f64) -> String {
    format!("{at:.1}")
}

/// All drawings that the result has something for.
pub(super) fn charts(result: &LoadResult) -> Vec<Chart> {
    [latency(result), throughput(result), distribution(&result.total().response), memory(result)]
        .into_iter()
        .flatten()
        .collect()
}

/// Neighbouring windows as one.
#[derive(Default)]
struct Piece {
    response: Histogram,
    ended: u64,
    failed: u64,
}

/// Neighbouring windows as one, so that there are few enough and each is long enough; and how long each is.
fn coarse(result: &LoadResult) -> (Vec<Piece>, f64) {
    let enough = (POINT_S_MIN / result.window_s).ceil().clamp(1.0, 1e4);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 10,000")]
    let together = (enough as usize).max(result.windows.len().div_ceil(POINTS_MAX));
    let one = |windows: &[Window]| {
        let mut all = Piece::default();
        for window in windows {
            // Windows of one drive together have what a histogram can count; one that was read was checked for that.
            let _full = all.response.merge(&window.response.histogram());
            all.ended += window.ended;
            all.failed += window.failed;
        }
        all
    };
    // The last one may be shorter than the others, which would look like a fall of the throughput: it is left out.
    let whole = result.windows.chunks(together).filter(|part| part.len() == together);
    (whole.map(one).collect(), result.window_s * together as f64)
}

/// The axis of time under a drawing.
fn seconds(total: f64) -> (Axis, Vec<Tick>) {
    let axis = Axis::Even { low: 0.0, high: total };
    let marks = axis.marks();
    let label = |mark: f64| if mark > 0.0 { quantity(mark, &Unit::Seconds) } else { "0 s".to_owned() };
    let ticks = marks.iter().map(|mark| Tick { at: place(x(axis.share(*mark))), label: label(*mark) });
    (axis, ticks.collect())
}

/// Marks to the left of a drawing; one scale for all of them where that reads well.
fn up(axis: Axis, unit: &Unit) -> Vec<Tick> {
    let marks = axis.marks();
    let scale = Scale::of(&marks, unit, Digits::Measured);
    let label = |mark: f64| match axis {
        Axis::Even { .. } => scale.show(mark),
        Axis::Log { .. } => quantity(mark, unit),
    };
    marks.iter().map(|mark| Tick { at: place(y(axis.share(*mark))), label: label(*mark) }).collect()
}

fn line(name: &'static str, class: &'static str, points: &[(f64, f64)], across: Axis, up: Axis) -> Line {
    let points: Vec<String> = points
        .iter()
        .map(|(at, value)| format!("{},{}", place(x(across.share(*at))), place(y(up.share(*value)))))
        .collect();
    Line { name, class, points: points.join(" ") }
}

fn latency(result: &LoadResult) -> Option<Chart> {
    let (windows, each_s) = coarse(result);
    let course = |summary: Summary| -> Vec<(f64, f64)> {
        let at = |(at, window): (usize, &Piece)| Some(((at as f64 + 0.5) * each_s, window.response.summary(summary)?));
        windows.iter().enumerate().filter_map(at).collect()
    };
    let named = [("p50", Summary::P50), ("p95", Summary::P95), ("p99", Summary::P99), ("max", Summary::Max)];
    let courses: Vec<_> = named.iter().map(|(name, summary)| (*name, course(*summary))).collect();
    let values =
        || courses.iter().flat_map(|(_, course)| course.iter().map(|(_, value)| *value)).filter(|value| *value > 0.0);
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
    if windows.len() < 2 || high <= 0.0 {
        return None;
    }
    let axis = Axis::Log { low: low * 0.9, high: high * 1.1 };
    let (across, ticks) = seconds(windows.len() as f64 * each_s);
    let worst = |of: &[(f64, f64)]| quantity(of.iter().map(|(_, value)| *value).fold(0.0, f64::max), &Unit::Seconds);
    let words: Vec<String> = courses.iter().map(|(name, course)| format!("{name} at most {}", worst(course))).collect();
    Some(Chart {
        id: "latency",
        title: "Response time over time",
        description: format!(
            "{} in {} points of {}",
            words.join(", "),
            windows.len(),
            quantity(each_s, &Unit::Seconds)
        ),
        lines: courses.iter().map(|(name, course)| line(name, name, course, across, axis)).collect(),
        bars: Vec::new(),
        across: ticks,
        up: up(axis, &Unit::Seconds),
    })
}

fn throughput(result: &LoadResult) -> Option<Chart> {
    let (windows, each_s) = coarse(result);
    let course = |of: fn(&Piece) -> u64| -> Vec<(f64, f64)> {
        windows
            .iter()
            .enumerate()
            .map(|(at, window)| ((at as f64 + 0.5) * each_s, of(window) as f64 / each_s))
            .collect()
    };
    let (succeeded, failed) =
        (course(|window| window.ended.saturating_sub(window.failed)), course(|window| window.failed));
    let high = succeeded.iter().chain(&failed).map(|(_, value)| *value).fold(0.0, f64::max);
    if windows.len() < 2 || high <= 0.0 {
        return None;
    }
    let axis = Axis::Even { low: 0.0, high: high * 1.05 };
    let (across, ticks) = seconds(windows.len() as f64 * each_s);
    let mut lines = vec![line("succeeded", "p50", &succeeded, across, axis)];
    if result.windows.iter().any(|window| window.failed > 0) {
        lines.push(line("failed", "bad", &failed, across, axis));
    }
    Some(Chart {
        id: "throughput",
        title: "Requests a second over time",
        description: format!("at most {}", quantity(high, &Unit::PerSecond)),
        lines,
        bars: Vec::new(),
        across: ticks,
        up: up(axis, &Unit::PerSecond),
    })
}

fn distribution(of: &Histogram) -> Option<Chart> {
    let bars = bars(of, BARS);
    let (first, last) = (bars.first()?, bars.last()?);
    let most = bars.iter().map(|bar| bar.count).max()?;
    if bars.len() < 2 {
        return None;
    }
    let across = Axis::Log { low: first.low, high: last.high };
    let axis = Axis::Even { low: 0.0, high: most as f64 * 1.05 };
    let rect = |bar: &super::bars::Bar| {
        let (from, to) = (x(across.share(bar.low)), x(across.share(bar.high)));
        let top = y(axis.share(bar.count as f64));
        Rect { x: place(from), y: place(top), width: place((to - from - 1.0).max(0.5)), height: place(BOTTOM - top) }
    };
    let marks = across.marks();
    let ticks = marks.iter().map(|mark| (x(across.share(*mark)), quantity(*mark, &Unit::Seconds)));
    let inside = ticks.filter(|(at, _)| *at < WIDTH - 24.0);
    Some(Chart {
        id: "distribution",
        title: "Distribution of response times",
        description: format!(
            "{}, the time on a logarithmic axis",
            super::super::number::plural(usize::try_from(of.count()).unwrap_or(usize::MAX), "request")
        ),
        lines: Vec::new(),
        bars: bars.iter().filter(|bar| bar.count > 0).map(rect).collect(),
        across: inside.map(|(at, label)| Tick { at: place(at), label }).collect(),
        up: up(axis, &Unit::Count),
    })
}

fn memory(result: &LoadResult) -> Option<Chart> {
    let counted: Vec<(f64, f64)> = result
        .usage
        .iter()
        .filter(|point| point.at_s >= 0.0)
        .map(|point| (point.at_s, point.memory_bytes as f64))
        .collect();
    let thin = counted.len().div_ceil(POINTS_MAX).max(1);
    let points: Vec<(f64, f64)> = counted.iter().copied().step_by(thin).collect();
    let (first, last) = (points.first()?, points.last()?);
    let high = points.iter().map(|(_, bytes)| *bytes).fold(0.0, f64::max);
    if points.len() < 2 || high <= 0.0 || last.0 <= 0.0 {
        return None;
    }
    let axis = Axis::Even { low: 0.0, high: high * 1.05 };
    let (across, ticks) = seconds(last.0);
    let size = |bytes| quantity(bytes, &Unit::Bytes);
    Some(Chart {
        id: "memory",
        title: "Memory of the service over time",
        description: format!("from {} to {}, at most {}", size(first.1), size(last.1), size(high)),
        lines: vec![line("anonymous memory", "p50", &points, across, axis)],
        bars: Vec::new(),
        across: ticks,
        up: up(axis, &Unit::Bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn each_result_has_the_drawings_that_it_has_numbers_for_and_no_point_lies_outside() {
        let ids = |result: &LoadResult| charts(result).iter().map(|chart| chart.id).collect::<Vec<_>>();
        assert_eq!(ids(&sample::by_hand()), ["latency", "throughput", "distribution"]);
        assert_eq!(ids(&sample::stress()), ["latency", "throughput", "distribution", "memory"]);
        for chart in charts(&sample::stress()) {
            for pair in chart.lines.iter().flat_map(|line| line.points.split(' ')) {
                let (x, y) = pair.split_once(',').unwrap();
                let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
                assert!((LEFT..=RIGHT).contains(&x) && (TOP..=BOTTOM).contains(&y), "{} {pair}", chart.id);
            }
            assert!((2..=20).contains(&chart.across.len()) && (2..=20).contains(&chart.up.len()), "{chart:?}");
        }
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        let nothing = LoadResult { stages: Vec::new(), windows: Vec::new(), ..sample::by_hand() };
        assert_eq!(charts(&nothing), []);
        let empty = LoadResult { windows: vec![Window::default(); 9], ..nothing };
        assert_eq!(charts(&empty), []);
    }

    #[test]
    fn many_short_windows_become_few_longer_ones() {
        let windows = vec![Window { response: (&sample::times(1e-3, 5)).into(), ended: 5, failed: 0 }; 1200];
        let (windows, each_s) = coarse(&LoadResult { windows, window_s: 0.25, ..sample::by_hand() });
        assert_eq!((windows.len(), each_s, windows[0].ended), (240, 1.25, 25));
    }
}
