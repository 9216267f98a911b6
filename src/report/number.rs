//! How numbers read: three significant digits, one unit for both sides of a row, no false precision. Refuses to know what the numbers mean.

use crate::model::effect::{Change, Effect, Precision};
use crate::model::{Budget, BudgetLevel, Direction, Unit};

/// The minus sign.
const MINUS: char = '−';

/// From so many times base on a change is written as a factor.
const TIMES_MIN: f64 = 10.0;

/// The most characters of a foreign unit that are shown.
const UNIT_SHOWN_MAX: usize = 16;

/// The steps of a unit, largest first: how many base units, and the symbol.
fn steps(unit: &Unit) -> &'static [(f64, &'static str)] {
    match unit {
        Unit::Seconds => &[(1.0, " s"), (1e-3, " ms"), (1e-6, " µs"), (1e-9, " ns")],
        Unit::Bytes => &[(1_073_741_824.0, " GiB"), (1_048_576.0, " MiB"), (1024.0, " KiB"), (1.0, " B")],
        Unit::BytesPerSecond => {
            &[(1_073_741_824.0, " GiB/s"), (1_048_576.0, " MiB/s"), (1024.0, " KiB/s"), (1.0, " B/s")]
        }
        // A thousand is easier to read than 1.00 k.
        Unit::Count => &[(1e9, " G"), (1e6, " M"), (1e4, " k"), (1.0, "")],
        Unit::PerSecond => &[(1e9, " G/s"), (1e6, " M/s"), (1e4, " k/s"), (1.0, " /s")],
        Unit::Ratio => &[(0.01, " %")],
        Unit::Other(_) => &[(1.0, "")],
    }
}

/// A scale and a number of decimals, chosen once for all values of a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    factor: f64,
    symbol: String,
    decimals: usize,
}

/// Whether equal programs give equal values, so that every digit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digits {
    /// Counted: as many digits as it takes to tell the sides apart.
    Exact,
    /// Measured: at most four.
    Measured,
}

impl Scale {
    /// The scale that shows `values` side by side: the largest has three significant digits, the smallest two, and so many more that their
    /// difference has two, up to what is worth showing.
    pub(super) fn of(values: &[f64], unit: &Unit, digits: Digits) -> Self {
        let sizes = || values.iter().map(|value| value.abs()).filter(|value| *value > 0.0 && value.is_finite());
        let largest = sizes().fold(0.0, f64::max);
        let smallest = sizes().fold(f64::INFINITY, f64::min);
        let all = steps(unit);
        let (step, symbol) =
            all.iter().find(|(step, _)| largest >= *step).or(all.last()).copied().expect("every unit has a step");
        let symbol = match unit {
            Unit::Other(name) => {
                format!(" {}", super::escape::shorten(&super::escape::visible(name.as_str()), UNIT_SHOWN_MAX))
            }
            _ => symbol.to_owned(),
        };
        let factor = if step >= 1e4 && step % 1e4 < 0.5 && symbol.contains('k') { 1e3 } else { step };
        if largest <= 0.0 {
            return Self { factor, symbol, decimals: 0 };
        }
        let exponent = magnitude(largest / factor);
        let whole = values.iter().all(|value| value.fract().abs() < f64::MIN_POSITIVE);
        let wanted = (2 - exponent).max((1 - magnitude(smallest / factor)).min(3 - exponent));
        let difference = values.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b))
            - values.iter().fold(f64::INFINITY, |a, b| a.min(*b));
        let telling = if difference > 0.0 { 1 - magnitude(difference / factor) } else { 0 };
        let most = match digits {
            Digits::Exact => 8 - exponent,
            Digits::Measured => 3 - exponent,
        };
        let mut decimals = wanted.max(telling.min(most)).clamp(0, 12);
        if whole && matches!(unit, Unit::Count | Unit::Bytes) {
            let finest = if factor > 1.0 { magnitude(factor) } else { 0 };
            decimals = decimals.min(finest);
        }
        Self { factor, symbol, decimals: usize::try_from(decimals).unwrap_or(0) }
    }

    /// `412.0 µs`.
    pub(super) fn show(&self, value: f64) -> String {
        format!("{}{}", fixed(value / self.factor, self.decimals), self.symbol)
    }

    /// The number alone, for an axis whose unit is written once.
    pub(super) fn bare(&self, value: f64) -> String {
        fixed(value / self.factor, self.decimals)
    }

    /// How many base units one of the shown unit is.
    pub(super) fn factor(&self) -> f64 {
        self.factor
    }

    /// The unit alone.
    pub(super) fn unit(&self) -> &str {
        self.symbol.trim_start()
    }
}

/// The decimal exponent: 2 for 100 to 999; 0 for what has none.
#[expect(clippy::cast_possible_truncation, reason = "the decimal exponent of a double is between -324 and 308")]
fn magnitude(value: f64) -> i32 {
    if value.is_normal() { value.abs().log10().floor() as i32 } else { 0 }
}

/// A number with a fixed number of decimals, the true minus sign, and no negative zero.
fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let zero = text.chars().all(|c| c == '0' || c == '.');
    if value < 0.0 && !zero { format!("{MINUS}{text}") } else { text }
}

/// A number with a sign, except 0.
fn signed(value: f64, decimals: usize) -> String {
    let text = fixed(value, decimals);
    let zero = text.chars().all(|c| c == '0' || c == '.');
    if zero || text.starts_with(MINUS) { text } else { format!("+{text}") }
}

/// One value in its own scale.
pub fn quantity(value: f64, unit: &Unit) -> String {
    let shown = Scale::of(&[value], unit, Digits::Measured).show(value);
    match shown.split_once('.') {
        // A limit of `120.0 ms` was written as `120 ms`; a value of 0.5 keeps its digit.
        Some((whole, rest)) => {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (decimals, symbol) = rest.split_at(end);
            match decimals.trim_end_matches('0') {
                "" => format!("{whole}{symbol}"),
                decimals => format!("{whole}.{decimals}{symbol}"),
            }
        }
        None => shown,
    }
}

/// Decimals of a percentage: `44`, `6.3`, `0.42`, and more only for what is smaller still.
fn percent_decimals(size: f64) -> usize {
    let exponent = magnitude(size);
    match exponent {
        _ if size <= 0.0 || exponent >= 1 => 0,
        0 => 1,
        small => usize::try_from(1 - small).unwrap_or(1).min(6),
    }
}

/// A fraction as a percentage without a sign: `6.3 %`.
pub fn percent(ratio: f64) -> String {
    let value = (ratio * 100.0).abs();
    let text = fixed(value, percent_decimals(value).max(usize::from(value < 100.0 && value.fract() > 0.05)));
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} %")
}

/// The size of a change without a sign, as precise as its interval allows: `6.3 %`.
pub(super) fn change_size(effect: &Effect, unit: &Unit) -> String {
    change_alone(effect, unit).trim_start_matches(['+', MINUS]).to_owned()
}

/// `86 times`, for a change that is written as a factor.
pub(super) fn as_times(effect: &Effect, unit: &Unit) -> Option<String> {
    change_alone(effect, unit).strip_prefix('×').map(|times| format!("{times} times"))
}

/// How many times base it is: `86`, `5.2`, `0.50`.
fn times(ratio: f64) -> String {
    let times = 1.0 + ratio;
    fixed(times, usize::try_from(1 - magnitude(times)).unwrap_or(0).min(3))
}

/// Half the width of a finite interval.
fn half_width(precision: Precision) -> f64 {
    match precision {
        Precision::Interval { lower, upper, .. } if lower.is_finite() && upper.is_finite() => (upper - lower) / 2.0,
        Precision::Interval { .. } | Precision::Exact => 0.0,
    }
}

/// How the numbers of a change are written: a function of the value, and the unit after it.
fn writer(effect: &Effect, unit: &Unit) -> (Box<dyn Fn(f64) -> String>, String) {
    match effect.change {
        // Nobody reads +8524 % as what it is.
        Change::Relative(ratio) if 1.0 + ratio >= TIMES_MIN => {
            (Box::new(|value| format!("×{}", times(value))), String::new())
        }
        Change::Relative(ratio) => {
            let decimals = percent_decimals(100.0 * ratio.abs().max(half_width(effect.precision)));
            // So many that a narrow interval shows its width. A hundredth of a percent is finer than any clock; only what is counted has more.
            let decimals = match (effect.precision, 100.0 * half_width(effect.precision)) {
                (Precision::Exact, _) => decimals,
                (Precision::Interval { .. }, half) if half > 0.0 && half < 0.05 => 2,
                (Precision::Interval { .. }, half) if half > 0.0 && half < 3.0 => decimals.clamp(1, 2),
                (Precision::Interval { .. }, _) => decimals.min(2),
            };
            (Box::new(move |value| signed(value * 100.0, decimals)), " %".to_owned())
        }
        Change::Absolute(value) => {
            let scale = Scale::of(&[value.abs().max(half_width(effect.precision))], unit, Digits::Measured);
            // A percentage here is a distance between two percentages, not a share of base.
            let symbol = if *unit == Unit::Ratio { " points".to_owned() } else { scale.symbol.clone() };
            (Box::new(move |value| signed(value / scale.factor, scale.decimals)), symbol)
        }
    }
}

/// A change without its interval: only inside a sentence whose row shows the interval.
fn change_alone(effect: &Effect, unit: &Unit) -> String {
    let (write, symbol) = writer(effect, unit);
    format!("{}{symbol}", write(effect.change.value()))
}

/// The interval of a change: `(+5.1 … +7.6)`, `(exact)`, `(too few rounds)`.
pub(super) fn interval(effect: &Effect, unit: &Unit) -> String {
    let (write, _) = writer(effect, unit);
    match effect.precision {
        Precision::Exact => "(exact)".to_owned(),
        Precision::Interval { lower, upper, .. } => match (lower.is_finite(), upper.is_finite()) {
            (true, true) => format!("({} … {})", write(lower), write(upper)),
            (true, false) => format!("(at least {})", write(lower)),
            (false, true) => format!("(at most {})", write(upper)),
            (false, false) => "(too few rounds)".to_owned(),
        },
    }
}

/// A change with its interval: `+6.3 % (+5.1 … +7.6)`.
pub(super) fn change(effect: &Effect, unit: &Unit) -> String {
    format!("{} {}", change_alone(effect, unit), interval(effect, unit))
}

/// A small change in tenths of a percent, with its sign: `+0.3 %`.
pub(super) fn tenths(ratio: f64) -> String {
    format!("{} %", signed(ratio * 100.0, 1))
}

/// What is allowed relative to base: `+3 %`, or `−3 %` where less is worse.
pub(super) fn tolerance(ratio: f64, direction: Direction) -> String {
    let sign = match direction {
        Direction::LowerIsBetter => '+',
        Direction::HigherIsBetter => MINUS,
    };
    if ratio > 0.0 { format!("{sign}{}", percent(ratio)) } else { "no change".to_owned() }
}

/// What is allowed in the metric's own unit, where its floor decides: `≤ +1 ms`, or `≥ −1 /s` where less is worse.
pub(super) fn floor(floor: f64, unit: &Unit, direction: Direction) -> String {
    let value = match unit {
        Unit::Ratio => format!("{} points", quantity(floor, unit).trim_end_matches(" %")),
        unit => quantity(floor, unit),
    };
    match direction {
        Direction::LowerIsBetter => format!("≤ +{value}"),
        Direction::HigherIsBetter => format!("≥ {MINUS}{value}"),
    }
}

/// A limit: `≤ 120 ms`, or `≥ 50 /s` where less is worse.
pub(super) fn limit(value: f64, unit: &Unit, direction: Direction) -> String {
    let sign = match direction {
        Direction::LowerIsBetter => '≤',
        Direction::HigherIsBetter => '≥',
    };
    format!("{sign} {}", quantity(value, unit))
}

/// The limit of `level`, where the budget has one.
pub(super) fn limit_at(budget: &Budget, level: BudgetLevel) -> Option<f64> {
    budget.limits().find(|(of, _)| *of == level).map(|(_, value)| value)
}

/// A whole number with a comma between thousands.
pub(super) fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 regression`, `2 regressions`.
pub fn plural(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// `45 s`, `6 min 12 s`, `1 h 3 min`.
pub fn duration(seconds: u64) -> String {
    let part = |value: u64, unit: &str| if value == 0 { String::new() } else { format!(" {value} {unit}") };
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, min, s) => format!("{min} min{}", part(s, "s")),
        (h, min, _) => format!("{h} h{}", part(min, "min")),
    }
}

/// A time that is only guessed: whole seconds below a minute, whole minutes above, never less than it is.
pub(super) fn about(seconds: u64) -> String {
    if seconds < 60 { duration(seconds) } else { duration(seconds.div_ceil(60).saturating_mul(60)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(base: f64, head: f64, unit: &Unit, digits: Digits) -> String {
        let scale = Scale::of(&[base, head], unit, digits);
        format!("{} | {}", scale.show(base), scale.show(head))
    }

    fn effect(ratio: f64, lower: f64, upper: f64) -> Effect {
        Effect { change: Change::Relative(ratio), precision: Precision::Interval { lower, upper, confidence: 0.99 } }
    }

    #[test]
    fn both_sides_share_a_unit_and_their_difference_can_be_read() {
        let time = |base, head| pair(base, head, &Unit::Seconds, Digits::Measured);
        assert_eq!(time(412.0e-6, 438.1e-6), "412 µs | 438 µs");
        assert_eq!(time(412.0e-6, 415.1e-6), "412.0 µs | 415.1 µs");
        assert_eq!(time(0.091, 0.131), "91 ms | 131 ms");
        assert_eq!(time(980.0e-9, 1.04e-6), "0.980 µs | 1.040 µs");
        assert_eq!(time(0.0, 3.2e-9), "0.00 ns | 3.20 ns");
        assert_eq!(time(3.0e-9, 4.0e-3), "0.000 ms | 4.000 ms");
        assert_eq!(time(100.0, 100.01), "100.0 s | 100.0 s");
    }

    #[test]
    fn counts_show_no_more_digits_than_they_have() {
        let counted = |base, head| pair(base, head, &Unit::Count, Digits::Exact);
        assert_eq!(counted(1_204_000.0, 1_219_000.0), "1.204 M | 1.219 M");
        assert_eq!(counted(1_204_000.0, 1_204_001.0), "1.204000 M | 1.204001 M");
        assert_eq!(counted(12.0, 14.0), "12 | 14");
        assert_eq!(counted(1500.0, 1500.0), "1500 | 1500");
        assert_eq!(counted(15_000.0, 16_000.0), "15.0 k | 16.0 k");
        assert_eq!(pair(100_663_296.0, 67_108_864.0, &Unit::Bytes, Digits::Measured), "96.0 MiB | 64.0 MiB");
        assert_eq!(pair(0.05, 0.061, &Unit::Ratio, Digits::Measured), "5.00 % | 6.10 %");
        let foreign = Unit::Other(crate::model::Name::new("frobs").unwrap());
        assert_eq!(pair(12_345_678.0, 12_345_679.0, &foreign, Digits::Measured), "12345678 frobs | 12345679 frobs");
    }

    #[test]
    fn a_change_is_never_shown_without_its_interval() {
        let show = |effect: Effect| change(&effect, &Unit::Seconds);
        assert_eq!(show(effect(0.063, 0.051, 0.076)), "+6.3 % (+5.1 … +7.6)");
        assert_eq!(show(effect(0.44, 0.38, 0.51)), "+44 % (+38 … +51)");
        assert_eq!(show(effect(0.1002, 0.0998, 0.1004)), "+10.02 % (+9.98 … +10.04)");
        assert_eq!(show(effect(0.000_001, -0.000_02, 0.000_03)), "0.00 % (0.00 … 0.00)");
        assert_eq!(show(effect(-0.0004, -0.021, 0.02)), "0.0 % (−2.1 … +2.0)");
        assert_eq!(show(effect(0.02, f64::NEG_INFINITY, f64::INFINITY)), "+2.0 % (too few rounds)");
        assert_eq!(show(effect(0.02, 0.01, f64::INFINITY)), "+2.0 % (at least +1.0)");
        assert_eq!(show(Effect { change: Change::Relative(0.0124), precision: Precision::Exact }), "+1.2 % (exact)");
        assert_eq!(show(Effect { change: Change::Relative(0.0), precision: Precision::Exact }), "0 % (exact)");
        assert_eq!(show(Effect { change: Change::Relative(4e-6), precision: Precision::Exact }), "+0.00040 % (exact)");
        let absolute = Effect { change: Change::Absolute(12.0), precision: Precision::Exact };
        assert_eq!(change(&absolute, &Unit::Bytes), "+12 B (exact)");
        let points = Effect { change: Change::Absolute(0.021), precision: Precision::Exact };
        assert_eq!(change(&points, &Unit::Ratio), "+2.10 points (exact)");
    }

    #[test]
    fn limits_and_tolerances_read_as_they_were_written() {
        assert_eq!(tolerance(0.03, Direction::LowerIsBetter), "+3 %");
        assert_eq!(tolerance(0.025, Direction::HigherIsBetter), "−2.5 %");
        assert_eq!(tolerance(0.0, Direction::LowerIsBetter), "no change");
        assert_eq!(limit(0.12, &Unit::Seconds, Direction::LowerIsBetter), "≤ 120 ms");
        assert_eq!(limit(50.0, &Unit::PerSecond, Direction::HigherIsBetter), "≥ 50 /s");
        assert_eq!(limit(100_663_296.0, &Unit::Bytes, Direction::LowerIsBetter), "≤ 96 MiB");
        assert_eq!([percent(0.019), percent(0.1), percent(1.5), percent(0.0004)], ["1.9 %", "10 %", "150 %", "0.04 %"]);
    }

    #[test]
    fn counts_and_durations_read_like_a_sentence() {
        assert_eq!([plural(1, "round"), plural(3000, "round")], ["1 round", "3,000 rounds"]);
        assert_eq!(
            [duration(45), duration(372), duration(3780), duration(120)],
            ["45 s", "6 min 12 s", "1 h 3 min", "2 min"]
        );
    }

    proptest::proptest! {
        #[test]
        fn any_number_can_be_shown(a in proptest::num::f64::ANY, b in proptest::num::f64::ANY, low in proptest::num::f64::ANY) {
            for unit in [Unit::Seconds, Unit::Bytes, Unit::Count, Unit::Ratio] {
                proptest::prop_assert!(pair(a, b, &unit, Digits::Exact).len() < 800);
                proptest::prop_assert!(!change(&effect(a, low, b), &unit).contains('-'));
            }
        }
    }
}
