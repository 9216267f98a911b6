//! Two drives of load beside each other, by windows of time. One drive a side: what lies between drives, such as where memory was placed, is not seen, so
//! that this advises and never blocks. Refuses to pool requests: those of one moment share their fate (`docs/load-by-hand.md`).

use crate::model::sample::{Histogram, Summary};
use crate::model::{Direction, Unit};
use crate::stats::{mann_whitney, multiplicity, summary, windows};

/// The probability that unchanged code is said to differ in anything, as far as one drive a side can bound it.
pub const FALSE_ALARM_RATE: f64 = 0.05;
/// The confidence of the interval of each change.
const CONFIDENCE: f64 = 0.95;

/// A short time of a drive.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Response times of what ended in it.
    pub response: Histogram,
    /// Requests that ended.
    pub ended: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// How long it was, in seconds.
    pub seconds: f64,
}

/// Whether the throughput is a result or was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// Requests were started at a rate.
    Open,
    /// Users waited for replies.
    Closed,
}

/// What two drives come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// How many windows each was cut into.
    pub windows: usize,
    /// What was compared.
    pub rows: Vec<Row>,
}

/// One quantity.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What it is.
    pub quantity: Quantity,
    /// The middle of its windows.
    pub base: f64,
    /// The same of the other.
    pub head: f64,
    /// How far apart they lie, with the ends of the interval: as a ratio, of failures as a difference.
    pub change: (f64, f64, f64),
    /// Two-sided, corrected for the number of rows.
    pub p_value: f64,
    /// What that means.
    pub finding: Finding,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// A number of the response time.
    Latency(Summary),
    /// Successful requests a second.
    Throughput,
    /// The share that failed.
    Errors,
}

/// What a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// They differ, and the second is worse.
    Worse,
    /// They differ, and the second is better.
    Better,
    /// No difference is shown; that none is there is not.
    NotShown,
}

impl Quantity {
    /// Its unit.
    pub fn unit(self) -> Unit {
        match self {
            Self::Latency(_) => Unit::Seconds,
            Self::Throughput => Unit::PerSecond,
            Self::Errors => Unit::Ratio,
        }
    }

    /// Which direction is better.
    pub fn direction(self) -> Direction {
        match self {
            Self::Latency(_) | Self::Errors => Direction::LowerIsBetter,
            Self::Throughput => Direction::HigherIsBetter,
        }
    }

    /// Its value in one window; `None` where there are too few requests for it.
    fn of(self, window: &Moment) -> Option<f64> {
        let enough = |beyond: f64| window.response.count() as f64 * beyond >= 1.0;
        match self {
            Self::Latency(summary) => {
                let fits = summary.probability().is_none_or(|probability| enough(1.0 - probability + 1e-9));
                window.response.summary(summary).filter(|_| fits)
            }
            Self::Throughput => Some((window.ended - window.failed.min(window.ended)) as f64 / window.seconds),
            Self::Errors => (window.ended > 0).then(|| window.failed as f64 / window.ended as f64),
        }
    }

    /// On a scale on which changes add up: the logarithm of what is compared as a ratio.
    fn scaled(self, value: f64) -> f64 {
        if self == Self::Errors { value } else { value.ln() }
    }

    /// A difference on that scale as a change.
    fn change(self, difference: f64) -> f64 {
        if self == Self::Errors { difference } else { difference.exp_m1() }
    }
}

/// Compares two drives; `None` where one is too short to be cut into [`windows::WINDOWS_MIN`] windows.
pub fn beside(base: &[Moment], head: &[Moment], model: Model) -> Option<Beside> {
    let mut quantities =
        vec![Quantity::Latency(Summary::P50), Quantity::Latency(Summary::P95), Quantity::Latency(Summary::P99)];
    if model == Model::Closed {
        quantities.push(Quantity::Throughput);
    }
    if base.iter().chain(head).any(|moment| moment.failed > 0) {
        quantities.push(Quantity::Errors);
    }
    let course = |cut: &[Moment], quantity: Quantity| -> Option<Vec<f64>> {
        let values = cut.iter().map(|window| Some(quantity.scaled(quantity.of(window)?)));
        values.collect::<Option<Vec<f64>>>().filter(|values| values.iter().all(|value| value.is_finite()))
    };
    let cut = |of: &[Moment], windows: usize| windows::cut(of, windows).map(together).collect::<Vec<Moment>>();
    let count = windows::count(base.len().min(head.len()), |windows| {
        let both = [cut(base, windows), cut(head, windows)];
        both.iter().flat_map(|of| quantities.iter().filter_map(|quantity| course(of, *quantity))).collect()
    })?;
    let (base, head) = (cut(base, count), cut(head, count));
    let compared = quantities
        .into_iter()
        .filter_map(|quantity| raw(quantity, &course(&base, quantity)?, &course(&head, quantity)?));
    let mut rows: Vec<Row> = compared.collect();
    let adjusted = multiplicity::holm(&rows.iter().map(|row| row.p_value).collect::<Vec<_>>());
    for (row, p_value) in rows.iter_mut().zip(adjusted) {
        let more = row.change.0 > 0.0;
        row.p_value = p_value;
        row.finding =
            match (p_value <= FALSE_ALARM_RATE, more == (row.quantity.direction() == Direction::LowerIsBetter)) {
                (false, _) => Finding::NotShown,
                (true, true) => Finding::Worse,
                (true, false) => Finding::Better,
            };
    }
    Some(Beside { windows: count, rows })
}

/// Neighbours as one.
fn together(part: &[Moment]) -> Moment {
    let mut all = Moment { response: Histogram::default(), ended: 0, failed: 0, seconds: 0.0 };
    for moment in part {
        // A drive has fewer requests than a histogram counts; what was read was checked for that.
        let _full = all.response.merge(&moment.response);
        all.ended += moment.ended;
        all.failed += moment.failed;
        all.seconds += moment.seconds;
    }
    all
}

/// A row whose p-value is not yet corrected, and whose finding is open.
fn raw(quantity: Quantity, base: &[f64], head: &[f64]) -> Option<Row> {
    let shift = mann_whitney::shift(base, head, CONFIDENCE)?;
    let greater = mann_whitney::p_value_greater(base, head)?;
    let less = mann_whitney::p_value_greater(head, base)?;
    let middle = |values: &[f64]| {
        let middle = summary::median(values)?;
        Some(if quantity == Quantity::Errors { middle } else { middle.exp() })
    };
    Some(Row {
        quantity,
        base: middle(base)?,
        head: middle(head)?,
        change: (quantity.change(shift.estimate), quantity.change(shift.lower), quantity.change(shift.upper)),
        p_value: (2.0 * greater.min(less)).min(1.0),
        finding: Finding::NotShown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    /// A normal number, nearly, from four even ones.
    fn normal(rng: &mut ChaCha8Rng) -> f64 {
        ((0..4).map(|_| f64::from(rng.next_u32()) / f64::from(u32::MAX)).sum::<f64>() - 2.0) * 3_f64.sqrt()
    }

    /// Thirty seconds in which the level wanders: each half second keeps `keep` of the deviation of the one before.
    fn drive(rng: &mut ChaCha8Rng, level: f64, keep: f64) -> Vec<Moment> {
        let mut deviation = normal(rng) * 0.03;
        (0..60)
            .map(|_| {
                deviation = keep * deviation + (1.0 - keep * keep).sqrt() * 0.03 * normal(rng);
                let mut response = Histogram::default();
                for at in 1..=40 {
                    let spread = (f64::from(at) / 41.0).powi(3);
                    response.record(level * (1.0 + spread) * deviation.exp() * (0.02 * normal(rng)).exp(), 1).unwrap();
                }
                Moment { response, ended: 40, failed: 0, seconds: 0.5 }
            })
            .collect()
    }

    /// In how many of `trials` comparisons something is said to be worse.
    fn alarms(trials: u64, change: f64, keep: f64) -> u64 {
        let found = (0..trials).filter(|seed| {
            let mut rng = ChaCha8Rng::seed_from_u64(*seed);
            let (base, head) = (drive(&mut rng, 0.002, keep), drive(&mut rng, 0.002 * (1.0 + change), keep));
            beside(&base, &head, Model::Open).unwrap().rows.iter().any(|row| row.finding == Finding::Worse)
        });
        found.count() as u64
    }

    #[test]
    fn a_slower_drive_is_found_and_an_equal_one_seldom_called_slower() {
        assert_eq!(alarms(20, 0.06, 0.3), 20);
        // Where each half second keeps a half of the one before, cutting longer windows does not bring all of it back: it stays advice.
        let found = [(0.0, 6), (0.3, 8), (0.5, 16)].map(|(keep, most)| (keep, alarms(80, 0.0, keep), most));
        assert!(found.iter().all(|(_, alarms, most)| alarms <= most), "{found:?}");
    }

    #[test]
    fn failures_and_throughput_are_compared_where_they_say_something() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let base = drive(&mut rng, 0.002, 0.0);
        let mut head = drive(&mut rng, 0.002, 0.0);
        for (at, moment) in head.iter_mut().enumerate() {
            moment.failed = 1 + (at as u64 % 3);
        }
        let found = beside(&base, &head, Model::Closed).unwrap();
        let of = |quantity| found.rows.iter().find(|row| row.quantity == quantity).unwrap();
        assert_eq!(of(Quantity::Errors).finding, Finding::Worse);
        assert_eq!(of(Quantity::Throughput).finding, Finding::Worse);
        assert!((of(Quantity::Errors).change.0 - 2.0 / 40.0).abs() < 0.005, "{found:?}");
        assert!(
            beside(&base, &base, Model::Open)
                .unwrap()
                .rows
                .iter()
                .all(|row| matches!(row.quantity, Quantity::Latency(_)))
        );
    }

    #[test]
    fn a_drive_that_is_too_short_is_not_compared_and_a_tail_without_requests_is_left_out() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let drive = drive(&mut rng, 0.002, 0.0);
        assert_eq!(beside(&drive[..9], &drive, Model::Open), None);
        let thin: Vec<Moment> = drive.iter().take(12).cloned().collect();
        let rows = beside(&thin, &thin, Model::Open).unwrap().rows;
        assert!(!rows.iter().any(|row| row.quantity == Quantity::Latency(Summary::P99)));
    }
}
