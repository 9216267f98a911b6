//! Writes schema 1.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{self, MetricId, StoredRun, StoredSeries};

use super::super::super::file::BaselineFile;
use super::{Environment, Header, Metric, Series, Value, Work};

/// The longest commit title or revision label that is kept, in characters.
const TEXT_LENGTH_MAX: usize = 200;

/// Everything after the third line of a file.
pub(in super::super) fn body(file: &BaselineFile) -> String {
    let metrics = file.metrics();
    let mut text = format!("\"class\": {},\n\"metrics\": [\n", line(&file.class));
    lines(&mut text, metrics.iter().map(|(id, metric)| line(&Metric::of(id, metric))));
    text.push_str("],\n\"runs\": [\n");
    lines(&mut text, file.runs.iter().map(run_block));
    writeln!(text, "],\n\"suite\": {}\n}}", line(file.suite.as_str())).expect("writing to a string never fails");
    text
}

/// One run: its header in a line, each metric in a line.
fn run_block(run: &StoredRun) -> String {
    let mut text = format!("{{\"header\": {}, \"series\": [\n", line(&Header::of(run)));
    lines(&mut text, run.series.iter().map(|(id, series)| line(&Series::of(id, series))));
    text.push_str("]}");
    text
}

/// The items of a JSON array, each on its own line.
fn lines(text: &mut String, items: impl Iterator<Item = String>) {
    for (position, item) in items.enumerate() {
        if position > 0 {
            text.push_str(",\n");
        }
        text.push_str(&item);
    }
    if !text.ends_with("[\n") {
        text.push('\n');
    }
}

/// One value as JSON without a line break.
fn line<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("strings, numbers and finite floats are always JSON")
}

/// `value` at six significant digits.
fn six_digits(value: f64) -> f64 {
    format!("{value:.5e}").parse().expect("a formatted number is a number")
}

/// A time in UTC; one that no calendar has becomes the nearest that it has.
fn date(seconds: i64) -> String {
    let seconds = seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(seconds).map_or_else(|_| String::new(), |time| time.to_string())
}

/// The first [`TEXT_LENGTH_MAX`] characters.
fn cut(text: &str) -> String {
    text.chars().take(TEXT_LENGTH_MAX).collect()
}

impl Metric {
    fn of(id: &MetricId, metric: &model::Metric) -> Self {
        Self {
            benchmark: id.benchmark.benchmark.to_string(),
            better: metric.direction.into(),
            determinism: metric.determinism.into(),
            kind: metric.kind.into(),
            metric: id.metric.to_string(),
            role: metric.role.into(),
            unit: metric.unit.symbol().to_owned(),
            work: metric.work.as_ref().map(|work| Work { unit: work.unit.symbol().to_owned(), value: work.value }),
        }
    }
}

impl Header {
    fn of(run: &StoredRun) -> Self {
        let environment = run.environment.clone();
        Self {
            commit: run.revision.commit.clone(),
            committed_at: date(run.revision.committed_at_s),
            conditions: run
                .conditions
                .as_ref()
                .map(|conditions| conditions.iter().map(|(name, value)| (name.clone(), value.clone())).collect()),
            dirty: run.revision.dirty,
            environment: Environment {
                cores: environment.cores,
                cpu_model: environment.cpu_model,
                hypervisor: environment.hypervisor,
                image: environment.image,
                kernel: environment.kernel,
                memory_bytes: environment.memory_bytes,
                os: environment.os,
                toolchain: environment.toolchain,
            },
            label: cut(&run.revision.label),
            taken_at: date(run.taken_at_s),
            title: cut(&run.revision.title),
            tollgate: run.tollgate.clone(),
            tree: run.revision.tree.clone(),
            why: run.why.into(),
        }
    }
}

impl Series {
    /// Values at six significant digits, which is finer than any clock repeats; exact metrics in full, because there the last digit counts.
    fn of(id: &MetricId, series: &StoredSeries) -> Self {
        let kept = |value: &f64| match series.metric.determinism {
            model::Determinism::Exact => Value(*value),
            model::Determinism::Noisy => Value(six_digits(*value)),
        };
        Self {
            benchmark: id.benchmark.benchmark.to_string(),
            metric: id.metric.to_string(),
            values: series.statistics.iter().map(kept).collect(),
        }
    }
}
