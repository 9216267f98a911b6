//! The open format as it is written and as its JSON schema describes it.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

use crate::model::{Determinism, Direction, Kind, Unit};

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
    /// The raw values of this run, none negative; a time is more than 0.
    #[schemars(length(min = 1, max = 1_000_000), inner(range(min = 0)))]
    samples: &'a [f64],
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
/// but for roles and work, which the format does not have.
#[expect(clippy::missing_panics_doc, reason = "texts and finite numbers are always JSON")]
pub fn write(readings: &[Reading]) -> String {
    let mut benchmarks: Vec<Benchmark<'_>> = Vec::new();
    for reading in readings {
        let name = reading.metric.id.benchmark.benchmark.as_str();
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
    Metric {
        name: metric.id.metric.as_str(),
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
        samples: reading.sample.values(),
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
