//! The drawing of one row: each round of base and head on one axis, the interval of the change against what is allowed on a second.
//! Geometry only, the same for the same row. Refuses to know about markup.

use serde::Serialize;

use crate::model::effect::{Change, Precision};
use crate::model::judgement::Side;
use crate::model::{Direction, Row};

use super::escape::shorten;
use super::number::{self, Digits, Scale};
use super::view::scale;
use super::{sentence, text};

/// The most dots of one side.
const DOTS_MAX: usize = 64;

/// Where the drawing area starts and ends.
const LEFT: f64 = 60.0;
/// Its right end.
const RIGHT: f64 = 428.0;
/// The width of the drawing.
const WIDTH: f64 = 440.0;
/// Where the unit before an axis ends, with a gap.
const UNIT_END: f64 = 56.0;
/// About the width of a digit.
const DIGIT: f64 = 6.2;

/// A mark on an axis.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Tick {
    x: String,
    label: String,
}

/// One side's rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Strip {
    /// `base` or `head`.
    name: &'static str,
    /// Where its name stands.
    text_y: String,
    /// The dots as a path of points.
    dots: String,
    /// Where the median is.
    median: String,
    /// Its upper end.
    median_top: String,
    /// Its lower end.
    median_bottom: String,
}

/// The interval of the change and what it is held against.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct ChangeAxis {
    zero: String,
    /// The zone of changes that are allowed.
    allowed_x: String,
    allowed_width: String,
    /// The change that must not slip through.
    detect: String,
    /// The interval, cut at the edge where it is open.
    lower: String,
    upper: String,
    /// Where the estimate is.
    estimate: String,
    ticks: Vec<Tick>,
}

/// The drawing of one row, 440 wide.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Plot {
    /// Unique on the page.
    id: String,
    height: u32,
    title: String,
    description: String,
    unit: String,
    strips: Vec<Strip>,
    ticks: Vec<Tick>,
    change: Option<ChangeAxis>,
}

/// A line of numbers laid over the drawing area.
struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    /// An axis over all finite `values`, with a margin; `None` where there are none or they are too far apart.
    fn over(values: impl Iterator<Item = f64>) -> Option<Self> {
        let (low, high) = values
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let span = high - low;
        if !span.is_finite() {
            return None;
        }
        // A hundredth of the value where all rounds gave the same one; 1 where that value is 0.
        let margin = if span > 0.0 {
            span * 0.06
        } else if low.abs() > 0.0 {
            low.abs() * 0.01
        } else {
            1.0
        };
        Some(Self { low: low - margin, high: high + margin })
    }

    /// Where a value is; values beyond the axis are at its ends.
    fn at(&self, value: f64) -> f64 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        let share = if share.is_nan() { 0.5 } else { share };
        LEFT + share * (RIGHT - LEFT)
    }

    /// Two to seven marks at round numbers of `factor` base units.
    fn marks(&self, factor: f64) -> Vec<f64> {
        let span = (self.high - self.low) / factor;
        let rough = span / 6.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step =
            [1.0, 2.0, 5.0, 10.0].into_iter().map(|nice| nice * power).find(|step| *step >= rough).unwrap_or(rough);
        if !step.is_normal() {
            return Vec::new();
        }
        let first = (self.low / factor / step).ceil();
        (0..8)
            .map(|n| (first + f64::from(n)) * step * factor)
            .filter(|mark| (self.low..=self.high).contains(mark))
            .collect()
    }
}

/// A coordinate.
fn place(x: f64) -> String {
    format!("{x:.1}")
}

/// A mark on an axis; without its number where that would run into the unit or over the edge.
fn tick(x: f64, label: String) -> Tick {
    let half = f64::from(u32::try_from(label.chars().count()).unwrap_or(u32::MAX)) * DIGIT / 2.0;
    let fits = x - half > UNIT_END && x + half < WIDTH;
    Tick { x: place(x), label: if fits { label } else { String::new() } }
}

impl Plot {
    /// The drawing of a row; `None` where it has no values. `id` is unique on the page.
    pub(super) fn of(row: &Row, id: String) -> Option<Self> {
        let sides: Vec<(&'static str, &Side)> = [("base", &row.base), ("head", &row.head)]
            .into_iter()
            .filter_map(|(name, side)| Some((name, side.as_ref()?)))
            .collect();
        let values = || sides.iter().flat_map(|(_, side)| side.statistics.iter().copied().chain([side.value]));
        let axis = Axis::over(values())?;
        let shown = scale(row);
        let marks = axis.marks(shown.factor());
        let labels = Scale::of(&marks, &row.metric.unit, Digits::Exact);
        let change = change_axis(row);
        let plain = |text: &text::Text| text.line(str::to_owned);
        Some(Self {
            id,
            height: if change.is_some() { 142 } else { 82 },
            title: plain(&sentence::row(row)),
            description: describe(row, &shown),
            unit: shorten(labels.unit(), 8),
            strips: sides
                .iter()
                .enumerate()
                .map(|(at, (name, side))| strip(name, side, &axis, 16 + 24 * i32::try_from(at).unwrap_or(0)))
                .collect(),
            ticks: marks.iter().map(|mark| tick(axis.at(*mark), labels.bare(*mark))).collect(),
            change,
        })
    }
}

/// One side's dots at height `y`, evenly thinned where there are too many.
fn strip(name: &'static str, side: &Side, axis: &Axis, y: i32) -> Strip {
    let count = side.statistics.len();
    let shown = count.min(DOTS_MAX);
    let dots: Vec<String> =
        (0..shown).map(|at| format!("M{} {y}h0", place(axis.at(side.statistics[at * count / shown])))).collect();
    Strip {
        name,
        text_y: (y + 4).to_string(),
        dots: dots.concat(),
        median: place(axis.at(side.value)),
        median_top: (y - 9).to_string(),
        median_bottom: (y + 9).to_string(),
    }
}

/// The second axis, where the change is a ratio.
fn change_axis(row: &Row) -> Option<ChangeAxis> {
    let effect = row.effect.as_ref()?;
    let Change::Relative(estimate) = effect.change else { return None };
    let (lower, upper) = match effect.precision {
        Precision::Exact => (estimate, estimate),
        Precision::Interval { lower, upper, .. } => (lower, upper),
    };
    let base = row.base.as_ref().map_or(0.0, |side| side.value);
    let (tolerance, detect) = row.thresholds.with_floor_at(base);
    let sign = match row.metric.direction {
        Direction::LowerIsBetter => 1.0,
        Direction::HigherIsBetter => -1.0,
    };
    let axis = Axis::over([estimate, lower, upper, 0.0, sign * tolerance, sign * detect].into_iter())?;
    let edge = axis.at(sign * tolerance);
    let (from, to) = if sign > 0.0 { (LEFT, edge) } else { (edge, RIGHT) };
    let marks = axis.marks(0.01);
    let label = |ratio: &f64| {
        let text = number::percent(*ratio);
        let sign = if text == "0 %" {
            ""
        } else if *ratio > 0.0 {
            "+"
        } else {
            "−"
        };
        format!("{sign}{}", text.trim_end_matches(" %"))
    };
    Some(ChangeAxis {
        zero: place(axis.at(0.0)),
        allowed_x: place(from),
        allowed_width: place(to - from),
        detect: place(axis.at(sign * detect)),
        lower: place(axis.at(lower)),
        upper: place(axis.at(upper)),
        estimate: place(axis.at(estimate)),
        ticks: marks.iter().map(|mark| tick(axis.at(*mark), label(mark))).collect(),
    })
}

/// The drawing in words.
fn describe(row: &Row, shown: &Scale) -> String {
    let side = |name: &str, side: &Option<Side>| {
        side.as_ref().map(|side| {
            format!("{name}: {}, median {}", number::plural(side.statistics.len(), "round"), shown.show(side.value))
        })
    };
    let (tolerance, detect) = row.thresholds.with_floor_at(row.base.as_ref().map_or(0.0, |side| side.value));
    let change = sentence::effect(row).map(|change| {
        let direction = row.metric.direction;
        format!(
            "change {change}; allowed {}, must not slip through {}",
            number::tolerance(tolerance, direction),
            number::tolerance(detect, direction)
        )
    });
    [side("base", &row.base), side("head", &row.head), change].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_same_row_gives_the_same_drawing_and_every_point_is_inside_it() {
        for row in sample::every_variant().rows {
            let plot = Plot::of(&row, "p".to_owned());
            assert_eq!(plot, Plot::of(&row, "p".to_owned()));
            let Some(plot) = plot else { continue };
            let points = plot.strips.iter().flat_map(|strip| strip.dots.split('M').filter(|point| !point.is_empty()));
            for point in points {
                let x: f64 = point.split(' ').next().unwrap().parse().unwrap();
                assert!((LEFT..=RIGHT).contains(&x));
            }
            assert!(plot.ticks.len() >= 2, "{plot:?}");
        }
    }

    #[test]
    fn more_rounds_than_fit_are_thinned() {
        let mut row = sample::green().rows.remove(0);
        let side = row.head.as_mut().unwrap();
        side.statistics = (0..1000).map(f64::from).collect();
        let plot = Plot::of(&row, "p".to_owned()).unwrap();
        assert_eq!(plot.strips[1].dots.matches('M').count(), DOTS_MAX);
    }

    proptest::proptest! {
        #[test]
        fn no_values_make_the_drawing_panic(values in proptest::collection::vec(proptest::num::f64::ANY, 0..5), change in proptest::num::f64::ANY) {
            let mut row = sample::time("s", "b", 1.0, change, 0.1);
            row.base.as_mut().unwrap().statistics = values;
            let _plot = Plot::of(&row, "p".to_owned());
        }
    }

    #[test]
    fn a_number_that_would_not_fit_beside_its_mark_is_left_out() {
        assert_eq!(tick(62.0, "1.090".to_owned()), Tick { x: "62.0".to_owned(), label: String::new() });
        assert_eq!(tick(427.0, "2.060".to_owned()).label, "");
        assert_eq!([tick(200.0, "1.1".to_owned()).label, tick(62.0, "0".to_owned()).label], ["1.1", "0"]);
    }
}
