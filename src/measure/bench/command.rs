//! Several timed runs of one command as metrics: what was measured of it from outside.

use crate::model::{BenchmarkId, Determinism, Direction, Kind, Metric, MetricId, Name, Role, Sample, Unit};

use super::super::process::Finished;
use super::{Parsed, Reading};

/// How one metric is taken from a run.
struct Column {
    name: &'static str,
    unit: Unit,
    kind: Kind,
    determinism: Determinism,
    role: Role,
    value: fn(&Finished) -> f64,
}

/// The metrics, sorted by name. CPU time and output size are shown beside the time that a person waits for and do not block by themselves.
const COLUMNS: [Column; 5] = [
    Column {
        name: "output-size",
        unit: Unit::Bytes,
        kind: Kind::Bytes,
        determinism: Determinism::Exact,
        role: Role::Informative,
        value: |run| run.stdout_bytes as f64,
    },
    Column {
        name: "peak-rss",
        unit: Unit::Bytes,
        kind: Kind::Bytes,
        determinism: Determinism::Noisy,
        role: Role::Gated,
        value: |run| run.peak_rss_bytes as f64,
    },
    Column {
        name: "system",
        unit: Unit::Seconds,
        kind: Kind::Time,
        determinism: Determinism::Noisy,
        role: Role::Informative,
        value: |run| run.system_s,
    },
    Column {
        name: "user",
        unit: Unit::Seconds,
        kind: Kind::Time,
        determinism: Determinism::Noisy,
        role: Role::Informative,
        value: |run| run.user_s,
    },
    Column {
        name: "wall",
        unit: Unit::Seconds,
        kind: Kind::Time,
        determinism: Determinism::Noisy,
        role: Role::Gated,
        value: |run| run.wall_s,
    },
];

/// The readings of the measured runs of one round: one value a run. Without runs there are none; peak memory is left out where the system does
/// not tell it.
pub fn readings(benchmark: &BenchmarkId, runs: &[Finished]) -> Parsed {
    let reading = |column: Column| {
        let values: Vec<f64> = runs.iter().map(column.value).collect();
        if column.name == "peak-rss" && runs.iter().any(|run| run.peak_rss_bytes == 0) {
            return None;
        }
        let metric = Metric {
            id: MetricId { benchmark: benchmark.clone(), metric: Name::new(column.name).ok()? },
            unit: column.unit,
            direction: Direction::LowerIsBetter,
            kind: column.kind,
            determinism: column.determinism,
            role: column.role,
            work: None,
        };
        Some(Reading { metric, sample: Sample::new(values).ok()? })
    };
    Parsed { readings: COLUMNS.into_iter().filter_map(reading).collect(), ..Parsed::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(wall_s: f64, peak_rss_bytes: u64) -> Finished {
        Finished {
            status: Some(0),
            signal: None,
            wall_s,
            user_s: 0.25,
            system_s: 0.0,
            peak_rss_bytes,
            stdout: Vec::new(),
            stdout_bytes: 3,
            tail: String::new(),
        }
    }

    fn names(runs: &[Finished]) -> Vec<(String, Vec<f64>, bool)> {
        let name = |text| Name::new(text).unwrap();
        let benchmark = BenchmarkId { suite: name("cli"), benchmark: name("run") };
        let row = |r: Reading| (r.metric.id.to_string(), r.sample.values().to_vec(), r.metric.role == Role::Gated);
        readings(&benchmark, runs).readings.into_iter().map(row).collect()
    }

    #[test]
    fn each_run_gives_one_value_of_each_metric() {
        let row = |name: &str, values: &[f64], gated| (format!("cli/run:{name}"), values.to_vec(), gated);
        let expected = [
            row("output-size", &[3.0, 3.0], false),
            row("peak-rss", &[1024.0, 2048.0], true),
            row("system", &[0.0, 0.0], false),
            row("user", &[0.25, 0.25], false),
            row("wall", &[1.5, 1.0], true),
        ];
        assert_eq!(names(&[run(1.5, 1024), run(1.0, 2048)]), expected);
    }

    #[test]
    fn memory_that_the_system_does_not_tell_is_not_zero() {
        assert!(names(&[run(1.0, 0)]).iter().all(|(name, ..)| name != "cli/run:peak-rss"));
        assert!(names(&[]).is_empty());
    }
}
