//! One benchmark of criterion.rs 0.5 to 0.8, from the bytes of the files that criterion leaves for it. Refuses to know where they lie:
//! folders have escaped and cut names, so a benchmark's name is only ever what its `benchmark.json` says.
//!
//! Criterion can measure other things than time (`Criterion::with_measurement`), and its files do not say so: the values of such a benchmark
//! are read as nanoseconds. Ratios, and so verdicts, are right; the shown unit is not. A suite of such benchmarks should write the open
//! format instead.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::model::name::NameError;
use crate::model::sample::SampleError;
use crate::model::{BenchmarkId, Determinism, Direction, Kind, Metric, MetricId, Name, Quantity, Role, Sample, Unit};

use super::Reading;

/// The largest file that is read, in bytes. Criterion's own largest (a million samples) is near it.
pub const FILE_BYTES_MAX: usize = 32 << 20;
/// With more samples than this the first one is left out: it still carries the end of the warm-up.
const WARM_UP_KEPT_MAX: usize = 10;
const SECONDS_PER_NANOSECOND: f64 = 1e-9;

/// The bytes of the files of one benchmark.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    /// `benchmark.json`: what it is.
    pub benchmark: &'a [u8],
    /// What was measured.
    pub values: Values<'a>,
}

/// The bytes of the file that says what was measured.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// `sample.json`: the raw samples.
    Sample(&'a [u8]),
    /// `estimates.json`, where somebody kept nothing else: one aggregate value, the median.
    Estimates(&'a [u8]),
}

/// Why files are not a benchmark.
#[derive(Debug, thiserror::Error)]
pub enum CriterionError {
    /// A file is larger than [`FILE_BYTES_MAX`].
    #[error("`{file}` has {bytes} bytes, more than {FILE_BYTES_MAX}")]
    TooLarge {
        /// Its name.
        file: &'static str,
        /// Its size.
        bytes: usize,
    },
    /// A file is not the JSON that criterion writes.
    #[error("`{file}` is not what criterion writes: {source}")]
    Json {
        /// Its name.
        file: &'static str,
        /// Why not; with line and column.
        source: serde_json::Error,
    },
    /// The benchmark's name cannot be a name.
    #[error("`benchmark.json`: {source}")]
    Name {
        /// Why not.
        source: NameError,
    },
    /// There is not one time for each iteration count.
    #[error("`sample.json` has {iterations} iteration counts and {times} times")]
    Lengths {
        /// How many iteration counts.
        iterations: usize,
        /// How many times.
        times: usize,
    },
    /// A sample has no iteration, or took no time.
    #[error("`{file}`: sample {position} is {time} ns for {iterations} iterations")]
    BadSample {
        /// The file.
        file: &'static str,
        /// Its place, counted from 0.
        position: usize,
        /// Its time in nanoseconds.
        time: f64,
        /// Its iterations.
        iterations: f64,
    },
    /// The values cannot be a sample.
    #[error("`sample.json`: {source}")]
    Sample {
        /// Why not.
        source: SampleError,
    },
}

#[derive(Deserialize)]
struct BenchmarkWire {
    group_id: String,
    function_id: Option<String>,
    value_str: Option<String>,
    throughput: Option<serde_json::Value>,
    full_id: Option<String>,
}

#[derive(Deserialize)]
struct SampleWire {
    iters: Vec<f64>,
    times: Vec<f64>,
}

#[derive(Deserialize)]
struct EstimatesWire {
    median: EstimateWire,
}

#[derive(Deserialize)]
struct EstimateWire {
    point_estimate: f64,
}

/// Reads one benchmark: the time of one iteration in seconds, for each sample in the order in which they were taken.
pub fn parse(files: Files<'_>, suite: &Name) -> Result<Reading, CriterionError> {
    let benchmark: BenchmarkWire = read("benchmark.json", files.benchmark)?;
    let work = benchmark.throughput.as_ref().and_then(work);
    let name = Name::new(full_name(benchmark)).map_err(|source| CriterionError::Name { source })?;
    let values = match files.values {
        Values::Sample(bytes) => times_s(&read("sample.json", bytes)?)?,
        Values::Estimates(bytes) => {
            let estimates: EstimatesWire = read("estimates.json", bytes)?;
            vec![time_s("estimates.json", 0, estimates.median.point_estimate, 1.0)?]
        }
    };
    let sample = Sample::new(values).map_err(|source| CriterionError::Sample { source })?;
    Ok(Reading { metric: time_metric(suite.clone(), name, work), sample })
}

fn read<T: DeserializeOwned>(file: &'static str, bytes: &[u8]) -> Result<T, CriterionError> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(CriterionError::TooLarge { file, bytes: bytes.len() });
    }
    serde_json::from_slice(bytes).map_err(|source| CriterionError::Json { file, source })
}

/// The full name, which criterion also matches its filter against. Its `title` is cut and its `directory_name` escaped.
fn full_name(benchmark: BenchmarkWire) -> String {
    let BenchmarkWire { group_id, function_id, value_str, full_id, throughput: _ } = benchmark;
    full_id
        .unwrap_or_else(|| [Some(group_id), function_id, value_str].into_iter().flatten().collect::<Vec<_>>().join("/"))
}

/// What one iteration works through; `None` for a kind of throughput that is not known here, which changes nothing but the display.
fn work(throughput: &serde_json::Value) -> Option<Quantity> {
    let (kind, amount) = throughput.as_object()?.iter().next()?;
    let (value, unit) = match kind.as_str() {
        "Bytes" | "BytesDecimal" => (amount.as_f64()?, Unit::Bytes),
        "Bits" => (amount.as_f64()? / 8.0, Unit::Bytes),
        "Elements" => (amount.as_f64()?, Unit::Count),
        // Elements are what criterion itself shows first.
        "ElementsAndBytes" => (amount.get("elements")?.as_f64()?, Unit::Count),
        _ => return None,
    };
    (value > 0.0).then_some(Quantity { value, unit })
}

fn times_s(sample: &SampleWire) -> Result<Vec<f64>, CriterionError> {
    if sample.iters.len() != sample.times.len() {
        return Err(CriterionError::Lengths { iterations: sample.iters.len(), times: sample.times.len() });
    }
    let skipped = usize::from(sample.times.len() > WARM_UP_KEPT_MAX);
    let pairs = sample.times.iter().zip(&sample.iters).enumerate().skip(skipped);
    pairs.map(|(position, (time, iterations))| time_s("sample.json", position, *time, *iterations)).collect()
}

fn time_s(file: &'static str, position: usize, time: f64, iterations: f64) -> Result<f64, CriterionError> {
    let value = time / iterations * SECONDS_PER_NANOSECOND;
    if time > 0.0 && iterations > 0.0 && value.is_normal() {
        Ok(value)
    } else {
        Err(CriterionError::BadSample { file, position, time, iterations })
    }
}

fn time_metric(suite: Name, benchmark: Name, work: Option<Quantity>) -> Metric {
    let metric = Name::new("time").expect("a literal that is a name");
    Metric {
        id: MetricId { benchmark: BenchmarkId { suite, benchmark }, metric },
        unit: Unit::Seconds,
        direction: Direction::LowerIsBetter,
        kind: Kind::Time,
        determinism: Determinism::Noisy,
        role: Role::Gated,
        work,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_sample(sample: &str) -> Result<Vec<f64>, String> {
        let benchmark = br#"{"group_id":"g","function_id":"f","value_str":"7"}"#;
        let files = Files { benchmark, values: Values::Sample(sample.as_bytes()) };
        match parse(files, &Name::new("s").unwrap()) {
            Ok(reading) => Ok(reading.sample.values().iter().map(|value| (value * 1e9).round()).collect()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn work_of(throughput: &str) -> Option<(f64, String)> {
        let benchmark = format!(r#"{{"group_id":"g","throughput":{throughput}}}"#);
        let values = Values::Sample(br#"{"iters":[1],"times":[1]}"#);
        let reading = parse(Files { benchmark: benchmark.as_bytes(), values }, &Name::new("s").unwrap()).unwrap();
        reading.metric.work.map(|work| (work.value, work.unit.symbol().to_owned()))
    }

    #[test]
    fn a_sample_becomes_seconds_for_one_iteration() {
        assert_eq!(read_sample(r#"{"sampling_mode":"Flat","iters":[2,4.0],"times":[20,60]}"#), Ok(vec![10.0, 15.0]));
    }

    #[test]
    fn the_first_of_more_than_ten_samples_is_left_out() {
        let of = |count: usize| {
            let numbers: Vec<_> = (1..=count).map(|n| n.to_string()).collect();
            read_sample(&format!(r#"{{"iters":[{}],"times":[{}]}}"#, vec!["1"; count].join(","), numbers.join(",")))
        };
        assert_eq!(of(10).unwrap().len(), 10);
        assert_eq!(of(11).unwrap().first(), Some(&2.0));
    }

    #[test]
    fn what_is_no_measurement_is_refused_with_its_place() {
        for (sample, part) in [
            (r#"{"iters":[1,0],"times":[1,1]}"#, "sample 1 is 1 ns for 0 iterations"),
            (r#"{"iters":[1,-1],"times":[1,-1]}"#, "sample 1 is -1 ns for -1 iterations"),
            (r#"{"iters":[1],"times":[0.0]}"#, "sample 0 is 0 ns for 1 iterations"),
            (r#"{"iters":[1e300],"times":[1e-300]}"#, "sample 0 is"),
            (r#"{"iters":[1],"times":[1e999]}"#, "out of range"),
            (r#"{"iters":[1],"times":[NaN]}"#, "line 1 column"),
            (r#"{"iters":[1],"times":[null]}"#, "invalid type: null"),
            (r#"{"iters":[1,2],"times":[1]}"#, "2 iteration counts and 1 times"),
            (r#"{"iters":[],"times":[]}"#, "no values"),
            (r#"{"iters":[1]}"#, "missing field `times`"),
            ("", "EOF"),
        ] {
            let error = read_sample(sample).unwrap_err();
            assert!(error.contains(part), "{sample}: {error}");
        }
    }

    #[test]
    fn more_than_a_million_samples_and_more_than_the_largest_file_are_refused() {
        let ones = vec!["1"; 1_000_002].join(",");
        assert!(
            read_sample(&format!(r#"{{"iters":[{ones}],"times":[{ones}]}}"#)).unwrap_err().contains("1000001 values")
        );
        let spaces = " ".repeat(FILE_BYTES_MAX + 1);
        assert!(read_sample(&spaces).unwrap_err().contains("33554433 bytes"));
    }

    #[test]
    fn throughput_becomes_work_in_base_units() {
        assert_eq!(work_of(r#"{"Bytes":15360}"#), Some((15360.0, "B".to_owned())));
        assert_eq!(work_of(r#"{"BytesDecimal":1000}"#), Some((1000.0, "B".to_owned())));
        assert_eq!(work_of(r#"{"Bits":80}"#), Some((10.0, "B".to_owned())));
        assert_eq!(work_of(r#"{"Elements":3}"#), Some((3.0, "count".to_owned())));
        assert_eq!(work_of(r#"{"ElementsAndBytes":{"elements":2,"bytes":9}}"#), Some((2.0, "count".to_owned())));
        for unknown in ["null", "{}", "5", r#"{"Bytes":"many"}"#, r#"{"Bytes":0}"#, r#"{"Pages":3}"#] {
            assert_eq!(work_of(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn estimates_alone_give_one_value() {
        let benchmark = br#"{"group_id":"g","full_id":"g/true name","title":"g/tr..."}"#;
        let estimates = br#"{"mean":{"point_estimate":9.0},"median":{"point_estimate":8.0},"slope":null}"#;
        let files = Files { benchmark, values: Values::Estimates(estimates) };
        let reading = parse(files, &Name::new("s").unwrap()).unwrap();
        assert_eq!(reading.metric.id.to_string(), "s/g/true name:time");
        assert_eq!(reading.sample.values(), [8e-9]);
    }
}
