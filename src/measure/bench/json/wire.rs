//! The open format as it is written and as its JSON schema describes it.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

use std::sync::Arc;

use crate::model::sample::{Exposure, Histogram, Summary};
use crate::model::{Determinism, Direction, Kind, Sample, Unit};

use super::super::Reading;

/// Results of benchmarks: what a program writes for Tollgate's `json` adapter.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Tollgate results")]
struct File<'a> {
    /// The version of this format.
    #[schemars(range(min = 1, max = 1))]
    schema: u32,
    /// What was measured. A name may be repeated: its values are then one sample.
    benchmarks: Vec<Benchmark<'a>>,
}

/// One named thing that was measured.
#[derive(Serialize, JsonSchema)]
struct Benchmark<'a> {
    /// Its full name.
    #[schemars(length(min = 1, max = 512))]
    name: &'a str,
    /// What was measured of it.
    #[schemars(length(min = 1))]
    metrics: Vec<Metric<'a>>,
}

/// One measured quantity.
#[derive(Serialize, JsonSchema)]
struct Metric<'a> {
    /// Its name, such as `time`.
    #[schemars(length(min = 1, max = 512))]
    name: &'a str,
    /// The unit of its values: `ns`, `us`, `ms`, `s`, `min`, `h`, `B`, `kB`, `MB`, `GB`, `KiB`, `MiB`, `GiB`, `%`, `ratio`, `count`, `k`, `M`,
    /// `/s`, `k/s`, `M/s`, `B/s`, `KiB/s`, `MiB/s`, `GiB/s`. Any other is taken as it is and never scaled.
    unit: &'a str,
    /// Which direction is better. May be left out for times and bytes (lower) and for rates (higher).
    #[serde(skip_serializing_if = "Option::is_none")]
    better: Option<Better>,
    /// What kind of number it is. Left out, the unit decides; a unit that is not known is a count.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<KindWord>,
    /// Whether equal programs give the same value in every run, as a number of instructions does.
    #[serde(skip_serializing_if = "Option::is_none")]
    exact: Option<bool>,
    /// The raw values of this run, none negative; a time is more than 0. Each metric has one of `samples`, `histogram`, `events` and `track`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1_000_000), inner(range(min = 0)))]
    samples: Option<&'a [f64]>,
    /// Many values as pairs of a value and how often it was seen, such as the latencies of a load test.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 250_000))]
    histogram: Option<Vec<(f64, u64)>>,
    /// What of the values counts, each as a metric of its own called `<name>-p99` and so on. Left out, a `histogram` gives `p50`, `p95` and
    /// `p99`; `samples` stay one metric. `p99.9` needs 100 values beyond it in each round, and `max` is only shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    summaries: Option<Vec<SummaryWord>>,
    /// How many events there were, such as failed requests; with `trials` or `exposure`.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<u64>,
    /// Of how many, each of which could have been an event. The unit is `ratio` or `%`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    trials: Option<u64>,
    /// In how many seconds, or whatever the unit is by.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    exposure: Option<f64>,
    /// Points of a time and a value, times rising, of which the growth after the warm-up counts: the memory of a server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 24, max = 100_000))]
    track: Option<&'a [(f64, f64)]>,
    /// What a track's times count: `s` where it is left out, or `request`.
    #[serde(skip_serializing_if = "Option::is_none")]
    per: Option<&'a str>,
}

/// One number of a distribution.
#[derive(Clone, Copy, Serialize, JsonSchema)]
enum SummaryWord {
    #[serde(rename = "p50")]
    P50,
    #[serde(rename = "p75")]
    P75,
    #[serde(rename = "p90")]
    P90,
    #[serde(rename = "p95")]
    P95,
    #[serde(rename = "p99")]
    P99,
    #[serde(rename = "p99.9")]
    P999,
    #[serde(rename = "mean")]
    Mean,
    #[serde(rename = "max")]
    Max,
}

#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Better {
    Lower,
    Higher,
}

#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum KindWord {
    Time,
    Count,
    Bytes,
    Rate,
    Ratio,
    Slope,
}

/// The JSON schema of the open format.
pub fn schema() -> serde_json::Value {
    SchemaSettings::draft07()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<File<'static>>()
        .to_value()
}

/// Readings in the open format, in base units; suite names are left out. Ends with a newline. What [`super::parse`] reads back is the same,
/// but for roles and work, which the format does not have, and for values of distributions, which are those of their buckets.
#[expect(clippy::missing_panics_doc, reason = "texts and finite numbers are always JSON")]
pub fn write(readings: &[Reading]) -> String {
    let mut benchmarks: Vec<Benchmark<'_>> = Vec::new();
    let mut before: Option<&Reading> = None;
    for reading in readings {
        let name = reading.metric.id.benchmark.benchmark.as_str();
        if let Some(summary) = before.replace(reading).and_then(|before| another_summary(before, reading))
            && let Some(last) = benchmarks.last_mut().and_then(|benchmark| benchmark.metrics.last_mut())
        {
            last.summaries.get_or_insert_default().push(summary);
            continue;
        }
        match benchmarks.last_mut().filter(|last| last.name == name) {
            Some(last) => last.metrics.push(metric(reading)),
            None => benchmarks.push(Benchmark { name, metrics: vec![metric(reading)] }),
        }
    }
    let mut text =
        serde_json::to_string(&File { schema: 1, benchmarks }).expect("texts and finite numbers are always JSON");
    text.push('\n');
    text
}

fn metric(reading: &Reading) -> Metric<'_> {
    let metric = &reading.metric;
    let name = metric.id.metric.as_str();
    let said = Metric {
        name,
        unit: Unit::symbol(&metric.unit),
        better: Some(match metric.direction {
            Direction::LowerIsBetter => Better::Lower,
            Direction::HigherIsBetter => Better::Higher,
        }),
        kind: Some(match metric.kind {
            Kind::Time => KindWord::Time,
            Kind::Count => KindWord::Count,
            Kind::Bytes => KindWord::Bytes,
            Kind::Rate => KindWord::Rate,
            Kind::Ratio => KindWord::Ratio,
            Kind::Slope => KindWord::Slope,
        }),
        exact: Some(metric.determinism == Determinism::Exact),
        samples: None,
        histogram: None,
        summaries: None,
        events: None,
        trials: None,
        exposure: None,
        track: None,
        per: None,
    };
    match &reading.sample {
        // What programs print is always of one process: several of them become one sample only in the rounds.
        Sample::Values(_) | Sample::Processes(_) => Metric { samples: Some(reading.sample.values()), ..said },
        Sample::Quantile { of, summary } => {
            let name = name.strip_suffix(summary.as_str()).and_then(|name| name.strip_suffix('-')).unwrap_or(name);
            let histogram = Some(of.histogram().pairs().collect());
            Metric { name, histogram, summaries: Some(vec![word(*summary)]), ..said }
        }
        Sample::Count(count) => {
            let (trials, exposure) = match count.exposure() {
                Exposure::Trials(trials) => (Some(trials), None),
                Exposure::Amount(amount) => (None, Some(amount)),
            };
            Metric { events: Some(count.events()), trials, exposure, ..said }
        }
        Sample::Track(track) => {
            let (unit, per) = match &metric.unit {
                Unit::BytesPerSecond => ("B", None),
                Unit::PerSecond => ("count", None),
                other => {
                    other.symbol().rsplit_once('/').map_or((other.symbol(), None), |(unit, per)| (unit, Some(per)))
                }
            };
            Metric { unit, per, track: Some(track.points()), ..said }
        }
    }
}

/// The summary that a reading adds to the one before it, where both are of one distribution of one metric.
fn another_summary(before: &Reading, reading: &Reading) -> Option<SummaryWord> {
    let of = |reading: &Reading| -> Option<(Arc<Histogram>, Summary)> {
        match &reading.sample {
            Sample::Quantile { of, summary } => Some((Arc::clone(of.histogram()), *summary)),
            Sample::Values(_) | Sample::Processes(_) | Sample::Count(_) | Sample::Track(_) => None,
        }
    };
    let ((one, _), (other, summary)) = (of(before)?, of(reading)?);
    let same = Arc::ptr_eq(&one, &other) && before.metric.id.benchmark == reading.metric.id.benchmark;
    same.then(|| word(summary))
}

/// The summary as the format has it.
fn word(summary: Summary) -> SummaryWord {
    match summary {
        Summary::P50 => SummaryWord::P50,
        Summary::P75 => SummaryWord::P75,
        Summary::P90 => SummaryWord::P90,
        Summary::P95 => SummaryWord::P95,
        Summary::P99 => SummaryWord::P99,
        Summary::P999 => SummaryWord::P999,
        Summary::Mean => SummaryWord::Mean,
        Summary::Max => SummaryWord::Max,
    }
}

/// The kind that a word of the format means.
pub(super) fn kind(word: &str) -> Result<Kind, String> {
    Ok(match word {
        "time" => Kind::Time,
        "count" => Kind::Count,
        "bytes" => Kind::Bytes,
        "rate" => Kind::Rate,
        "ratio" => Kind::Ratio,
        "slope" => Kind::Slope,
        other => return Err(format!("`kind` is `{other}`, not one of time, count, bytes, rate, ratio, slope")),
    })
}
