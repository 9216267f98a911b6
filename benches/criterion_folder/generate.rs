//! A result folder as criterion writes it, of any size and the same in every run.
#![expect(clippy::disallowed_methods, reason = "writes a folder to be read")]

use std::fs;
use std::io;
use std::path::Path;

/// How much there is in a folder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// How many benchmarks.
    pub(crate) benchmarks: u32,
    /// How many samples each has.
    pub(crate) samples: u32,
}

/// Writes a folder with results under each of the names, which differ by up to 1 %. What is there of that folder is replaced.
pub(crate) fn write_folder(dir: &Path, names: &[&str], size: Size) -> io::Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    for number in 0..size.benchmarks {
        let (group, function) = (format!("group {:03}", number / 10), format!("function_{}", number % 10));
        for (set, name) in (0_u32..).zip(names) {
            let place = dir.join(&group).join(&function).join(name);
            fs::create_dir_all(&place)?;
            let times = times_ns(number, set, size.samples);
            fs::write(place.join("benchmark.json"), benchmark_json(&group, &function))?;
            fs::write(place.join("sample.json"), sample_json(&times))?;
            fs::write(place.join("estimates.json"), estimates_json(&times))?;
        }
    }
    Ok(())
}

/// Nanoseconds of one iteration, for each sample: between 100 ns and 10 ms by benchmark, with up to 1 % of noise on top.
fn times_ns(benchmark: u32, set: u32, samples: u32) -> Vec<f64> {
    let base = 100.0 * 10_f64.powf(f64::from(benchmark % 500) / 100.0);
    let mut state = u64::from(benchmark) << 32 | u64::from(set) << 24 | 1;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1_u64 << 24) as f64
    };
    (0..samples).map(|_| base * (1.0 + 0.01 * noise())).collect()
}

fn benchmark_json(group: &str, function: &str) -> String {
    let id = format!("{group}/{function}");
    format!(
        r#"{{"group_id":"{group}","function_id":"{function}","value_str":null,"throughput":{{"Bytes":4096}},"full_id":"{id}","directory_name":"{id}","title":"{id}"}}"#
    )
}

fn sample_json(times: &[f64]) -> String {
    let iterations = (1_u32..).map(|n| f64::from(n) * 50.0);
    let (iters, times): (Vec<_>, Vec<_>) =
        iterations.zip(times).map(|(n, time)| (format!("{n:?}"), format!("{:?}", (n * time).round()))).unzip();
    format!(r#"{{"sampling_mode":"Linear","iters":[{}],"times":[{}]}}"#, iters.join(","), times.join(","))
}

fn estimates_json(times: &[f64]) -> String {
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    let estimate = |value: f64| {
        format!(
            r#"{{"confidence_interval":{{"confidence_level":0.95,"lower_bound":{:?},"upper_bound":{:?}}},"point_estimate":{value:?},"standard_error":{:?}}}"#,
            value * 0.999,
            value * 1.001,
            value * 0.0005
        )
    };
    let (level, spread) = (estimate(mean), estimate(mean * 0.003));
    format!(r#"{{"mean":{level},"median":{level},"median_abs_dev":{spread},"slope":{level},"std_dev":{spread}}}"#)
}
