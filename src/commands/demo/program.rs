//! The program that the demo measures: four small kernels timed from inside, and an index measured from outside.
#![expect(clippy::disallowed_methods, reason = "a program under test reads its file and the clock")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use serde::Deserialize;

use crate::cli::DemoProgramArgs;
use crate::commands::{Code, Context, Failure};

/// Samples of each kernel in one process; the first is left out as a warm-up.
const SAMPLES: usize = 61;
/// How many words a kernel works on.
const WORDS: usize = 64;
/// How often a chunk of the index is worked over.
const CHUNK_PASSES: usize = 24;
/// The size of one chunk.
const CHUNK_BYTES: usize = 1 << 18;

/// How much the program does.
#[derive(Deserialize)]
struct Spec {
    kernels: BTreeMap<String, u32>,
    index: Index,
}

#[derive(Deserialize)]
struct Index {
    chunks: usize,
    kept: usize,
}

/// Runs the program.
pub(crate) fn run(args: &DemoProgramArgs, context: &Context) -> Result<Code, Failure> {
    let spec = read(&args.spec)?;
    match args.work.as_str() {
        "kernels" => context.print(&kernels(&spec.kernels)?),
        "index" => context.print(&format!("{}\n", index(&spec.index))),
        other => return Err(Failure::usage(format!("no work `{other}`"), None)),
    }
    Ok(Code::Pass)
}

fn read(path: &Path) -> Result<Spec, Failure> {
    let unreadable = |error: std::io::Error| Failure::usage(format!("read {}: {error}", path.display()), None);
    serde_json::from_slice(&std::fs::read(path).map_err(unreadable)?).map_err(|error| unreadable(error.into()))
}

/// Times every kernel and writes the open format.
fn kernels(passes: &BTreeMap<String, u32>) -> Result<String, Failure> {
    let mut benchmarks = Vec::new();
    for (name, passes) in passes {
        let kernel = kernel(name).ok_or_else(|| Failure::usage(format!("no kernel `{name}`"), None))?;
        let mut samples: Vec<f64> = (0..SAMPLES).map(|_| time(kernel, *passes)).collect();
        samples.remove(0);
        let metric = serde_json::json!({ "name": "time", "unit": "s", "better": "lower", "samples": samples });
        benchmarks.push(serde_json::json!({ "name": name, "metrics": [metric] }));
    }
    Ok(serde_json::json!({ "schema": 1, "benchmarks": benchmarks }).to_string())
}

/// One pass of a kernel over its data.
type Kernel = fn(&[u64; WORDS]) -> u64;

fn kernel(name: &str) -> Option<Kernel> {
    match name {
        "checksum" => Some(checksum),
        "parse" => Some(parse),
        "search" => Some(search),
        "sort" => Some(sort),
        _ => None,
    }
}

fn time(kernel: Kernel, passes: u32) -> f64 {
    let mut words = [0_u64; WORDS];
    for (at, word) in words.iter_mut().enumerate() {
        *word = (at as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    }
    let start = Instant::now();
    for _ in 0..passes {
        black_box(kernel(black_box(&words)));
    }
    start.elapsed().as_secs_f64()
}

fn checksum(words: &[u64; WORDS]) -> u64 {
    words
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3))
}

fn parse(words: &[u64; WORDS]) -> u64 {
    words.iter().fold(0, |sum: u64, word| {
        let (mut rest, mut digits) = (*word, 0_u64);
        while rest > 0 {
            digits = digits.wrapping_mul(31).wrapping_add(rest % 10);
            rest /= 10;
        }
        sum.wrapping_add(digits)
    })
}

fn search(words: &[u64; WORDS]) -> u64 {
    let wanted = words[WORDS - 1];
    (0..8).map(|round| words.iter().position(|word| black_box(*word) == wanted).map_or(0, |at| at as u64 + round)).sum()
}

fn sort(words: &[u64; WORDS]) -> u64 {
    let mut sorted = *words;
    sorted.sort_unstable_by_key(|word| word.rotate_left(17));
    sorted[WORDS / 2]
}

/// Works through the chunks of an index and keeps the last ones, so that more kept is more memory in the same time.
fn index(index: &Index) -> u64 {
    let mut kept: Vec<Vec<u64>> = Vec::new();
    let mut sum = 0_u64;
    for chunk in 0..index.chunks {
        let mut words = vec![chunk as u64 + 1; CHUNK_BYTES / size_of::<u64>()];
        for _ in 0..CHUNK_PASSES {
            for word in &mut words {
                *word = word.wrapping_mul(0x5851_F42D_4C95_7F2D).rotate_left(23) ^ sum;
                sum = sum.wrapping_add(*word);
            }
        }
        kept.push(words);
        if kept.len() > index.kept {
            kept.remove(0);
        }
    }
    black_box(&kept);
    sum
}
