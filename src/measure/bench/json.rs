//! The open format that any program can write (`docs/open-format.md`), and two lists of other tools: what they say becomes readings.
//! Refuses to guess: what has no unit, no direction or no believable value is named as not understood, and never left out in silence.

mod foreign;
mod node;
mod observed;
mod wire;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::model::sample::Summary;
use crate::model::{BenchmarkId, Determinism, Direction, Kind, Metric, MetricId, Name, Role, Unit};

use super::{BENCHMARKS_MAX, Parsed, Reading};
use node::Node;
use observed::{Observed, Seen, name_of, seen};

pub use wire::{schema, write};

/// The largest file that is read.
pub const FILE_BYTES_MAX: usize = 64 << 20;
/// The newest version of the format that this Tollgate reads.
const SCHEMA: f64 = 1.0;
/// No believable value is larger, or is smaller without being 0; beyond, ratios would overflow.
const VALUE_MAX: f64 = 1e30;
/// The longest line that says what was not understood, in characters.
const LINE_CHARS_MAX: usize = 240;

/// Why a file is no result at all.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum JsonError {
    /// It is larger than [`FILE_BYTES_MAX`].
    #[error("read results of {bytes} bytes, more than {FILE_BYTES_MAX}")]
    TooLarge {
        /// How large it is.
        bytes: usize,
    },
    /// It is not JSON, or it is cut off.
    #[error("read JSON at line {line}, column {column}, byte {offset} ({message})")]
    Syntax {
        /// The line, counted from 1.
        line: usize,
        /// The column in bytes, counted from 1; 0 where the line is empty.
        column: usize,
        /// The place in the file, counted from 0.
        offset: usize,
        /// What is wrong there.
        message: String,
    },
    /// It is JSON of another kind.
    #[error("find results in the JSON ({message})")]
    NotResults {
        /// What is missing.
        message: String,
    },
    /// It has a version of the format that is not known.
    #[error("read `schema` {found} of the open format, newer than {SCHEMA}")]
    Newer {
        /// The version that it says.
        found: f64,
    },
    /// It has more benchmarks than [`BENCHMARKS_MAX`].
    #[error("read {count} benchmarks, more than {BENCHMARKS_MAX}")]
    TooMany {
        /// How many entries it has.
        count: usize,
    },
}

impl JsonError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::TooLarge { .. } | Self::TooMany { .. } => "split the suite, or let it keep fewer values".to_owned(),
            Self::Syntax { .. } => {
                "write JSON and nothing else there; a program that is given `{output}` writes to that file and may print what it likes"
                    .to_owned()
            }
            Self::NotResults { .. } => {
                "write the open format: see docs/open-format.md, or `tollgate schema results`".to_owned()
            }
            Self::Newer { .. } => "update Tollgate, or write `\"schema\": 1`".to_owned(),
        })
    }
}

/// Reads the open format, a custom list of github-action-benchmark or Bencher's metric format. `better` says the better direction by unit
/// symbol (of Bencher: by measure) where the file does not. Repeated names are values of one sample.
pub fn parse(bytes: &[u8], suite: &Name, better: &BTreeMap<String, Direction>) -> Result<Parsed, JsonError> {
    let file = node::read(bytes)?;
    let mut results = Results { suite, better, series: BTreeMap::new(), unparsed: Vec::new() };
    match &file {
        Node::Object(_) if matches!(file.get("schema"), Ok(Some(Node::Number(_)))) => results.open_format(&file)?,
        Node::Object(entries) => foreign::bencher(entries, &mut results)?,
        Node::List(entries) => foreign::custom_list(entries, &mut results)?,
        _ => return Err(JsonError::NotResults { message: "neither an object nor a list".to_owned() }),
    }
    Ok(results.into_parsed())
}

/// What a metric is, as far as its entry says so.
struct Described<'a> {
    /// The unit as written, or what stands for it in the suite's `better`.
    symbol: &'a str,
    unit: Unit,
    direction: Option<Direction>,
    /// The direction that such a metric has where nobody says it.
    usual: Option<Direction>,
    kind: Kind,
    determinism: Determinism,
}

/// What was understood so far, and what was not.
struct Results<'a> {
    suite: &'a Name,
    better: &'a BTreeMap<String, Direction>,
    series: BTreeMap<MetricId, (Metric, Observed)>,
    unparsed: Vec<String>,
}

impl Results<'_> {
    fn open_format(&mut self, file: &Node) -> Result<(), JsonError> {
        let found = file.get("schema").ok().flatten().and_then(Node::number).unwrap_or_default();
        if found > SCHEMA {
            return Err(JsonError::Newer { found });
        }
        let not_results = |message: String| JsonError::NotResults { message };
        let benchmarks = file.need("benchmarks").and_then(|node| node.list("benchmarks")).map_err(not_results)?;
        check_count(benchmarks.len())?;
        for (position, benchmark) in benchmarks.iter().enumerate() {
            let named = benchmark.need("name").and_then(|node| node.text("name"));
            let place =
                named.as_ref().map_or_else(|_| format!("benchmark {}", position + 1), |name| format!("`{name}`"));
            let metrics = named.and_then(|name| Ok((name, benchmark.need("metrics")?.list("metrics")?)));
            match metrics {
                Ok((_, [])) => self.refuse(&place, "no metrics"),
                Ok((name, metrics)) => self.metrics(name, metrics),
                Err(reason) => self.refuse(&place, &reason),
            }
        }
        Ok(())
    }

    fn metrics(&mut self, benchmark: &str, metrics: &[Node]) {
        for (position, metric) in metrics.iter().enumerate() {
            let named = metric.need("name").and_then(|node| node.text("name"));
            let place = match named {
                Ok(name) => format!("`{benchmark}`, `{name}`"),
                Err(_) => format!("`{benchmark}`, metric {}", position + 1),
            };
            let taken = named.and_then(|name| {
                let (described, observed) = described(metric)?;
                self.take(benchmark, name, described, observed)
            });
            if let Err(reason) = taken {
                self.refuse(&place, &reason);
            }
        }
    }

    /// Takes what was seen of one metric, or says why not.
    fn take(
        &mut self,
        benchmark: &str,
        metric: &str,
        described: Described<'_>,
        observed: Observed,
    ) -> Result<(), String> {
        let Described { symbol, unit, direction, usual, kind, determinism } = described;
        let direction = direction
            .or_else(|| self.better.get(symbol).copied())
            .or(usual)
            .ok_or_else(|| format!("which direction of `{symbol}` is better is not said"))?;
        let name = |text: &str| Name::new(text).map_err(|error| error.to_string());
        let benchmark = BenchmarkId { suite: self.suite.clone(), benchmark: name(benchmark)? };
        let id = MetricId { benchmark, metric: name(metric)? };
        let metric = Metric { id: id.clone(), unit, direction, kind, determinism, role: Role::Gated, work: None };
        match self.series.entry(id) {
            Entry::Vacant(vacant) => {
                vacant.insert((metric, observed));
                Ok(())
            }
            Entry::Occupied(known) if known.get().0 != metric => {
                Err("repeated with another unit, direction or kind".to_owned())
            }
            Entry::Occupied(known) => known.into_mut().1.add(observed),
        }
    }

    /// Notes something that was not understood, as one line.
    fn refuse(&mut self, place: &str, reason: &str) {
        let line = format!("{place}: {reason}");
        let line: String =
            line.chars().take(LINE_CHARS_MAX).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        self.unparsed.push(line);
    }

    fn into_parsed(mut self) -> Parsed {
        let mut readings: BTreeMap<MetricId, Reading> = BTreeMap::new();
        // What is one number goes first: a distribution whose summary has the name of another metric gives way.
        let (plain, distributions): (Vec<_>, Vec<_>) = std::mem::take(&mut self.series)
            .into_values()
            .partition(|(_, observed)| !matches!(observed, Observed::Distribution(..)));
        for (metric, observed) in plain.into_iter().chain(distributions) {
            let place = format!("`{}`, `{}`", metric.id.benchmark.benchmark, metric.id.metric);
            for (summary, sample) in observed.samples() {
                match summarised(&metric, summary) {
                    Ok(metric) if readings.contains_key(&metric.id) => {
                        self.refuse(&place, &format!("there is another metric called `{}`", metric.id.metric));
                    }
                    Ok(metric) => {
                        readings.insert(metric.id.clone(), Reading { metric, sample });
                    }
                    Err(reason) => self.refuse(&place, &reason),
                }
            }
        }
        Parsed { readings: readings.into_values().collect(), unparsed: self.unparsed, ..Parsed::default() }
    }
}

/// The metric that one summary of a distribution is. The largest value is only shown: it is one value of many.
fn summarised(metric: &Metric, summary: Option<Summary>) -> Result<Metric, String> {
    let Some(summary) = summary else { return Ok(metric.clone()) };
    let name = Name::new(name_of(&metric.id.metric, summary)).map_err(|error| error.to_string())?;
    let role = if summary == Summary::Max { Role::Informative } else { metric.role };
    Ok(Metric { id: MetricId { metric: name, ..metric.id.clone() }, role, ..metric.clone() })
}

/// What one metric of the open format says, and what was seen of it in base units.
fn described(metric: &Node) -> Result<(Described<'_>, Observed), String> {
    let symbol = metric.need("unit")?.text("unit")?;
    let direction = match metric.get("better")?.map(|node| node.text("better")).transpose()? {
        None => None,
        Some("lower") => Some(Direction::LowerIsBetter),
        Some("higher") => Some(Direction::HigherIsBetter),
        Some(other) => return Err(format!("`better` is `{other}`, neither `lower` nor `higher`")),
    };
    let kind = metric.get("kind")?.map(|node| node.text("kind").and_then(wire::kind)).transpose()?;
    let determinism = match metric.get("exact")? {
        None | Some(Node::Flag(false)) => Determinism::Noisy,
        Some(Node::Flag(true)) => Determinism::Exact,
        Some(_) => return Err("`exact` is neither `true` nor `false`".to_owned()),
    };
    let Seen { observed, unit, kind, direction: usual } = seen(metric, symbol, kind)?;
    Ok((Described { symbol, unit, direction, usual, kind, determinism }, observed))
}

/// The base unit and scale of a symbol; one that is not known stands for itself.
fn unit(symbol: &str) -> Result<(Unit, f64), String> {
    Unit::parse(symbol).map_or_else(
        || Name::new(symbol).map(|name| (Unit::Other(name), 1.0)).map_err(|error| format!("`unit`: {error}")),
        Ok,
    )
}

/// The direction that a unit has where the open format does not say it. A count or a fraction may be of hits or of misses.
fn default_direction(unit: &Unit) -> Option<Direction> {
    match unit {
        Unit::Seconds | Unit::Bytes => Some(Direction::LowerIsBetter),
        Unit::PerSecond | Unit::BytesPerSecond => Some(Direction::HigherIsBetter),
        Unit::Count | Unit::Ratio | Unit::Other(_) => None,
    }
}

/// The kind of a metric of which only the unit is known.
pub(in crate::measure) fn kind_of(unit: &Unit) -> Kind {
    match unit {
        Unit::Seconds => Kind::Time,
        Unit::Bytes => Kind::Bytes,
        Unit::PerSecond | Unit::BytesPerSecond => Kind::Rate,
        Unit::Ratio => Kind::Ratio,
        Unit::Count | Unit::Other(_) => Kind::Count,
    }
}

/// Whether a value can have been measured: nothing takes no time, and nothing is less than 0 or beyond all bounds.
fn believable(value: f64, kind: Kind) -> bool {
    let in_bounds = (1.0 / VALUE_MAX..=VALUE_MAX).contains(&value);
    in_bounds || (value.abs() < f64::MIN_POSITIVE && kind != Kind::Time)
}

fn check_count(count: usize) -> Result<(), JsonError> {
    if count > BENCHMARKS_MAX { Err(JsonError::TooMany { count }) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
