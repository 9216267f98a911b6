//! The four ways in which the open format says what was seen of a metric: a list, a distribution, a count, a track. Refuses to mix them.

use std::sync::Arc;

use crate::model::sample::{Count, Exposure, Histogram, Summary, Track, VALUES_MAX};
use crate::model::{Direction, Kind, Name, Sample, Unit};

use super::node::Node;
use super::{believable, default_direction, kind_of, unit};

/// The most (value, count) pairs of one distribution.
const PAIRS_MAX: usize = 250_000;
/// What a distribution becomes where it is not said.
const SUMMARIES: [Summary; 3] = [Summary::P50, Summary::P95, Summary::P99];
/// What a track grows by where it is not said.
const SECOND: &str = "s";

/// What was seen of one metric of one process.
pub(super) enum Observed {
    /// Each value.
    Values(Vec<f64>),
    /// How often each size was seen, and what of it is asked for.
    Distribution(Histogram, Vec<Summary>),
    /// Events.
    Count(Count),
    /// A course over time.
    Track(Track),
}

/// What was seen, with the unit, kind and usual direction of what it comes to.
pub(super) struct Seen {
    pub(super) observed: Observed,
    pub(super) unit: Unit,
    pub(super) kind: Kind,
    pub(super) direction: Option<Direction>,
}

/// Reads what one metric says was seen, in the unit that `symbol` is.
pub(super) fn seen(metric: &Node, symbol: &str, kind: Option<Kind>) -> Result<Seen, String> {
    let (base, scale) = unit(symbol)?;
    let summaries = summaries(metric)?;
    let parts = ["samples", "histogram", "events", "track"];
    let given: Vec<&str> = parts.into_iter().filter(|part| matches!(metric.get(part), Ok(Some(_)) | Err(_))).collect();
    let plain = |observed, unit: Unit, kind: Kind| {
        let direction = default_direction(&unit);
        Ok(Seen { observed, unit, kind, direction })
    };
    match given.as_slice() {
        ["events"] => {
            let count = count(metric)?;
            if scale.total_cmp(&1.0).is_ne() && base != Unit::Ratio {
                return Err(format!("a count is in `{}`, not in `{symbol}`", base.symbol()));
            }
            let kind = kind.unwrap_or_else(|| kind_of(&base));
            plain(Observed::Count(count), base, kind)
        }
        ["track"] => {
            let direction = default_direction(&base);
            let observed = Observed::Track(track(metric, scale)?);
            Ok(Seen { observed, unit: growth(&base, metric)?, kind: kind.unwrap_or(Kind::Slope), direction })
        }
        ["samples"] | [] => {
            let kind = kind.unwrap_or_else(|| kind_of(&base));
            let values = values(metric, scale, kind)?;
            match summaries {
                None => plain(Observed::Values(values), base, kind),
                Some(summaries) => {
                    let pairs = values.into_iter().map(|value| (value, 1));
                    plain(Observed::Distribution(histogram(pairs)?, summaries), base, kind)
                }
            }
        }
        ["histogram"] => {
            let kind = kind.unwrap_or_else(|| kind_of(&base));
            let pairs = pairs(metric, scale, kind)?;
            let summaries = summaries.unwrap_or_else(|| SUMMARIES.to_vec());
            plain(Observed::Distribution(histogram(pairs.into_iter())?, summaries), base, kind)
        }
        [one, other, ..] => Err(format!("both `{one}` and `{other}`")),
        [_] => Err("nothing that was seen".to_owned()),
    }
}

impl Observed {
    /// Adds what another entry of the same name saw, or says why not.
    pub(super) fn add(&mut self, other: Self) -> Result<(), String> {
        match (self, other) {
            (Self::Values(all), Self::Values(more)) => {
                if all.len() + more.len() > VALUES_MAX {
                    return Err(format!("{} values, and {} before", more.len(), all.len()));
                }
                all.extend(more);
            }
            (Self::Distribution(all, asked), Self::Distribution(more, also)) => {
                if *asked != also {
                    return Err("repeated with other summaries".to_owned());
                }
                all.merge(&more).map_err(|error| error.to_string())?;
            }
            (Self::Count(all), Self::Count(more)) => {
                *all = all.plus(&more).ok_or("repeated with another kind of exposure, or too many in all")?;
            }
            (Self::Track(_), Self::Track(_)) => return Err("repeated, and a track has one course".to_owned()),
            (_, Self::Values(_) | Self::Distribution(..) | Self::Count(_) | Self::Track(_)) => {
                return Err("repeated with something else that was seen".to_owned());
            }
        }
        Ok(())
    }

    /// The samples that it comes to, each with the end of its metric's name and whether it only informs.
    pub(super) fn samples(self) -> Vec<(Option<Summary>, Sample)> {
        match self {
            Self::Values(values) => Sample::new(values).ok().map(|sample| (None, sample)).into_iter().collect(),
            Self::Distribution(histogram, summaries) => {
                let histogram = Arc::new(histogram);
                let of = |summary: Summary| {
                    Sample::quantile(Arc::clone(&histogram), summary).ok().map(|sample| (Some(summary), sample))
                };
                summaries.into_iter().filter_map(of).collect()
            }
            Self::Count(count) => vec![(None, count.into())],
            Self::Track(track) => vec![(None, track.into())],
        }
    }
}

/// The name of the metric that one summary of a distribution is: `latency-p99`.
pub(super) fn name_of(metric: &Name, summary: Summary) -> String {
    format!("{metric}-{}", summary.as_str())
}

fn values(metric: &Node, scale: f64, kind: Kind) -> Result<Vec<f64>, String> {
    let samples = metric.need("samples")?.list("samples")?;
    if samples.is_empty() {
        return Err("no samples".to_owned());
    }
    samples.iter().map(|sample| sample.value(scale).and_then(|value| measured(value, kind))).collect()
}

/// The value, or why it cannot have been measured.
pub(super) fn measured(value: f64, kind: Kind) -> Result<f64, String> {
    if believable(value, kind) { Ok(value) } else { Err(format!("the value {value:e} is not a measurement")) }
}

fn pairs(metric: &Node, scale: f64, kind: Kind) -> Result<Vec<(f64, u64)>, String> {
    let pairs = metric.need("histogram")?.list("histogram")?;
    if pairs.len() > PAIRS_MAX {
        return Err(format!("{} pairs in `histogram`, more than {PAIRS_MAX}", pairs.len()));
    }
    let pair = |node: &Node| match node {
        Node::List(pair) => match pair.as_slice() {
            [value, times] => Ok((measured(value.value(scale)?, kind)?, whole(times, "a count of `histogram`")?)),
            _ => Err("an entry of `histogram` is not a value and a count".to_owned()),
        },
        _ => Err("an entry of `histogram` is not a value and a count".to_owned()),
    };
    pairs.iter().map(pair).collect()
}

fn histogram(pairs: impl Iterator<Item = (f64, u64)>) -> Result<Histogram, String> {
    let mut histogram = Histogram::default();
    for (value, times) in pairs {
        histogram.record(value, times).map_err(|error| error.to_string())?;
    }
    if histogram.count() == 0 { Err("no values in `histogram`".to_owned()) } else { Ok(histogram) }
}

fn summaries(metric: &Node) -> Result<Option<Vec<Summary>>, String> {
    let Some(node) = metric.get("summaries")? else { return Ok(None) };
    let known = || Summary::ALL.map(Summary::as_str).join(", ");
    let of = |node: &Node| {
        let name = node.text("summaries")?;
        Summary::parse(name).ok_or_else(|| format!("`summaries` has `{name}`, not one of {}", known()))
    };
    let mut summaries = node.list("summaries")?.iter().map(of).collect::<Result<Vec<_>, _>>()?;
    summaries.sort_unstable();
    summaries.dedup();
    if summaries.is_empty() { Err("`summaries` is empty".to_owned()) } else { Ok(Some(summaries)) }
}

fn count(metric: &Node) -> Result<Count, String> {
    let events = whole(metric.need("events")?, "`events`")?;
    let exposure = match (metric.get("trials")?, metric.get("exposure")?) {
        (Some(trials), None) => Exposure::Trials(whole(trials, "`trials`")?),
        (None, Some(exposure)) => Exposure::Amount(exposure.value(1.0)?),
        (Some(_), Some(_)) => return Err("both `trials` and `exposure`".to_owned()),
        (None, None) => return Err("`events` without `trials` or `exposure`".to_owned()),
    };
    Count::new(events, exposure).map_err(|error| error.to_string())
}

fn track(metric: &Node, scale: f64) -> Result<Track, String> {
    let point = |node: &Node| match node {
        Node::List(pair) => match pair.as_slice() {
            [time, value] => Ok((time.value(1.0)?, value.value(scale)?)),
            _ => Err("an entry of `track` is not a time and a value".to_owned()),
        },
        _ => Err("an entry of `track` is not a time and a value".to_owned()),
    };
    let points = metric.need("track")?.list("track")?;
    if points.len() > crate::model::sample::POINTS_MAX {
        return Err(format!("{} points of a track", points.len()));
    }
    let points = points.iter().map(point).collect::<Result<_, _>>()?;
    Track::new(points).map_err(|error| error.to_string())
}

/// The unit of a growth: of the values by a second, or by whatever `per` says, such as `request`.
fn growth(values: &Unit, metric: &Node) -> Result<Unit, String> {
    let per = metric.get("per")?.map_or(Ok(SECOND), |node| node.text("per"))?;
    Ok(match (values, per) {
        (Unit::Bytes, SECOND) => Unit::BytesPerSecond,
        (Unit::Count, SECOND) => Unit::PerSecond,
        (unit, per) => Unit::Other(Name::new(format!("{unit}/{per}")).map_err(|error| format!("`per`: {error}"))?),
    })
}

/// A whole number of things.
fn whole(node: &Node, what: &str) -> Result<u64, String> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number in range")]
    match node.number() {
        Some(number)
            if number.fract().abs() < f64::MIN_POSITIVE && (0.0..=9_007_199_254_740_992.0).contains(&number) =>
        {
            Ok(number as u64)
        }
        Some(number) => Err(format!("{what} is {number:e}, not a whole number of things")),
        None => Err(format!("{what} is not a number")),
    }
}

#[cfg(test)]
mod tests;
