//! What people write for a share, a time or a size, with the unit that the place needs.

use std::time::Duration;

use crate::model::unit::QuantityError;
use crate::model::{Quantity, Unit};

use super::problem::{nearest, quoted};

/// The longest time that a config may state, in seconds: one day.
const DURATION_S_MAX: f64 = 86_400.0;

/// The highest rate that a config may ask for, a second.
const RATE_MAX: f64 = 1e6;

/// Why a text is not what the place needs.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum HumanError {
    /// It is not a quantity at all.
    #[error(transparent)]
    Quantity(#[from] QuantityError),
    /// It is a quantity of another unit.
    #[error("{} is {}, {} is needed", quoted(.text), noun(.unit), noun(.needed))]
    WrongUnit {
        /// The text.
        text: String,
        /// What it was read as.
        value: f64,
        /// The base unit that it has.
        unit: Unit,
        /// The base unit that is needed.
        needed: Unit,
    },
    /// It is outside the range that makes sense here.
    #[error("{} is out of range: {range} is possible", quoted(.text))]
    OutOfRange {
        /// The text.
        text: String,
        /// The range in words.
        range: &'static str,
    },
}

impl HumanError {
    /// What to write instead.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Quantity(QuantityError::UnknownUnit { unit }) => Some(match nearest(unit, Unit::symbols()) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("units are {}", Unit::symbols().collect::<Vec<_>>().join(", ")),
            }),
            Self::Quantity(QuantityError::NoNumber { .. }) => Some("write a number and its unit, such as `5 %`".into()),
            Self::WrongUnit { value, unit: Unit::Count, needed: Unit::Ratio, .. } if (0.0..=1.0).contains(value) => {
                Some(format!("shares are written in percent: `{} %`", round(value * 100.0)))
            }
            Self::WrongUnit { needed, .. } => example(needed).map(|example| format!("write it as in `{example}`")),
            Self::Quantity(QuantityError::OutOfRange { .. }) | Self::OutOfRange { .. } => None,
        }
    }
}

/// A quantity of any unit, such as `50 ns`, `256 KiB` or `3`; not negative.
pub fn quantity(text: &str) -> Result<Quantity, HumanError> {
    let quantity = Quantity::parse(text)?;
    if quantity.value < 0.0 {
        return Err(HumanError::OutOfRange { text: text.to_owned(), range: "0 or more" });
    }
    Ok(quantity)
}

/// A share such as `2 %`, as a fraction from 0 to 10.
pub fn ratio(text: &str) -> Result<f64, HumanError> {
    let ratio = value(text, Unit::Ratio)?;
    if ratio > 10.0 {
        return Err(HumanError::OutOfRange { text: text.to_owned(), range: "0 % to 1000 %" });
    }
    Ok(ratio)
}

/// A probability such as `1 %`, more than 0 and at most one half.
pub fn false_alarm_rate(text: &str) -> Result<f64, HumanError> {
    let rate = value(text, Unit::Ratio)?;
    if rate > 0.0 && rate <= 0.5 {
        return Ok(rate);
    }
    Err(HumanError::OutOfRange { text: text.to_owned(), range: "more than 0 % and at most 50 %" })
}

/// A time such as `10 min`: more than nothing, at most a day.
pub fn duration(text: &str) -> Result<Duration, HumanError> {
    let seconds = value(text, Unit::Seconds)?;
    let out_of_range = || HumanError::OutOfRange { text: text.to_owned(), range: "more than 0 s and at most 24 h" };
    if seconds > DURATION_S_MAX {
        return Err(out_of_range());
    }
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err(out_of_range()),
    }
}

/// A time such as `1 s` that may be nothing, at most a day.
pub fn pause(text: &str) -> Result<Duration, HumanError> {
    let seconds = value(text, Unit::Seconds)?;
    if seconds > DURATION_S_MAX {
        return Err(HumanError::OutOfRange { text: text.to_owned(), range: "0 s to 24 h" });
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// A size such as `64 MiB`, in bytes, not negative.
pub fn size(text: &str) -> Result<f64, HumanError> {
    value(text, Unit::Bytes)
}

/// A limit of what is kept, such as `16 MiB`, in whole bytes: 1 KiB to 16 GiB.
pub fn limit_bytes(text: &str) -> Result<u64, HumanError> {
    let bytes = size(text)?;
    if !(1024.0..=17_179_869_184.0).contains(&bytes) {
        return Err(HumanError::OutOfRange { text: text.to_owned(), range: "1 KiB to 16 GiB" });
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in the range above")]
    Ok(bytes as u64)
}

/// A rate such as `200/s`, a second: 0 to [`RATE_MAX`].
pub fn rate(text: &str) -> Result<f64, HumanError> {
    let rate = value(text, Unit::PerSecond)?;
    if rate > RATE_MAX {
        return Err(HumanError::OutOfRange { text: text.to_owned(), range: "0/s to 1000000/s" });
    }
    Ok(rate)
}

/// A part of a whole such as `1 %`, as a fraction from 0 to 1.
pub fn part(text: &str) -> Result<f64, HumanError> {
    let part = value(text, Unit::Ratio)?;
    if part > 1.0 {
        return Err(HumanError::OutOfRange { text: text.to_owned(), range: "0 % to 100 %" });
    }
    Ok(part)
}

fn value(text: &str, needed: Unit) -> Result<f64, HumanError> {
    // The unit first: of `-3 ms` for a share, the sign is the smaller mistake.
    let Quantity { value, unit } = Quantity::parse(text)?;
    if unit != needed {
        return Err(HumanError::WrongUnit { text: text.to_owned(), value, unit, needed });
    }
    quantity(text).map(|quantity| quantity.value)
}

/// What a quantity of this unit is called in a sentence.
pub(super) fn noun(unit: &Unit) -> &'static str {
    match unit {
        Unit::Seconds => "a time",
        Unit::Bytes => "a size",
        Unit::Count => "a plain number",
        Unit::Ratio => "a percentage",
        Unit::PerSecond => "a rate",
        Unit::BytesPerSecond => "a rate of bytes",
        Unit::Other(_) => "a foreign unit",
    }
}

fn example(unit: &Unit) -> Option<&'static str> {
    match unit {
        Unit::Seconds => Some("200 ms"),
        Unit::Bytes => Some("64 MiB"),
        Unit::Count => Some("3"),
        Unit::Ratio => Some("2 %"),
        Unit::PerSecond => Some("500 /s"),
        Unit::BytesPerSecond => Some("10 MiB/s"),
        Unit::Other(_) => None,
    }
}

/// Without the digits that binary fractions add: `0.07 * 100` is shown as 7.
fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message<T: std::fmt::Debug>(read: Result<T, HumanError>) -> String {
        let error = read.unwrap_err();
        format!("{error} / {}", error.hint().unwrap_or_default())
    }

    #[test]
    fn a_share_a_time_and_a_size_are_read_in_base_units() {
        assert_eq!(ratio("2 %"), Ok(0.02));
        assert_eq!(duration("10 min"), Ok(Duration::from_mins(10)));
        assert_eq!(size("1.5 KiB"), Ok(1536.0));
        assert_eq!(quantity("50 ns").unwrap().unit, Unit::Seconds);
    }

    #[test]
    fn a_wrong_unit_says_what_it_is_and_what_is_needed() {
        assert_eq!(message(size("120 ms")), "`120 ms` is a time, a size is needed / write it as in `64 MiB`");
        assert_eq!(
            message(ratio("0.07")),
            "`0.07` is a plain number, a percentage is needed / shares are written in percent: `7 %`"
        );
        assert_eq!(message(size("64 Mib")), "`Mib` is not a unit / did you mean `MiB`?");
    }

    #[test]
    fn what_makes_no_sense_is_out_of_range() {
        assert_eq!(message(ratio("-1 %")), "`-1 %` is out of range: 0 or more is possible / ");
        assert_eq!(message(ratio("2000 %")), "`2000 %` is out of range: 0 % to 1000 % is possible / ");
        assert_eq!(message(duration("0 s")), "`0 s` is out of range: more than 0 s and at most 24 h is possible / ");
        assert_eq!(
            message(duration("1e9 h")),
            "`e9 h` is not a unit / units are ns, us, µs, μs, ms, s, min, h, B, kB, MB, GB, KiB, MiB, GiB, %, ratio, count, k, M, /s, k/s, M/s, B/s, KiB/s, MiB/s, GiB/s"
        );
        assert!(false_alarm_rate("51 %").is_err() && false_alarm_rate("0 %").is_err());
        assert_eq!(false_alarm_rate("50 %"), Ok(0.5));
    }
}
