//! The recorded processes: which ran beside which, and what each measured. Refuses to know how they are judged.

use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use serde::Deserialize;
use tollgate::stats::summary::{mean, median, quantile};

#[derive(Deserialize)]
struct Head {
    names: Vec<String>,
}

#[derive(Deserialize)]
struct Line {
    c: String,
    k: String,
    copy: u32,
    pair: u32,
    slot: u32,
    arm: char,
    slower: u32,
    w: Vec<Vec<u32>>,
}

/// One process.
#[derive(Clone, PartialEq)]
pub(super) struct Process {
    condition: String,
    kind: String,
    pair: u32,
    slot: u32,
    slower_pct: u32,
    arm: char,
    /// Which copies of the two programs ran.
    pub(super) copy: u32,
    /// By workload, in the order taken: units of 10 ns.
    pub(super) samples: Vec<Vec<f64>>,
}

/// A process of each program, one right after the other.
#[derive(Clone, Copy)]
pub(super) struct Round<'a> {
    pub(super) a: &'a Process,
    pub(super) b: &'a Process,
}

/// Everything that was recorded.
pub(super) struct Record {
    pub(super) names: Vec<String>,
    processes: Vec<Process>,
}

impl Record {
    /// Reads all recorded files, in the order of their names; their workloads are the same.
    pub(super) fn read() -> Self {
        let mut record = Self { names: Vec::new(), processes: Vec::new() };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/noise");
        let entries = std::fs::read_dir(folder).expect("the recorded files");
        let mut files: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
        files.retain(|path| path.to_string_lossy().ends_with(".jsonl.gz"));
        files.sort();
        for path in files {
            let file = path.display();
            let mut text = String::new();
            let packed = std::fs::File::open(&path).expect("a recorded file");
            GzDecoder::new(packed).take(1 << 26).read_to_string(&mut text).expect("compressed text");
            let (head, lines) = text.split_once('\n').expect("a first line");
            let head: Head = serde_json::from_str(head).expect("the first line describes the others");
            assert!(record.names.is_empty() || record.names == head.names, "{file} has other workloads");
            record.names = head.names;
            record.processes.extend(lines.lines().map(process));
        }
        record
    }

    /// The pairs under one condition, identical programs (0) or b doing this much more, in the order of time.
    pub(super) fn rounds(&self, condition: &str, slower_pct: u32) -> Vec<Round<'_>> {
        let kind = if slower_pct == 0 { "aa" } else { "ab" };
        let both = self.processes.windows(2).filter_map(|two| {
            let [first, second] = two else { return None };
            let whole = first.condition == condition
                && first.kind == kind
                && (first.slot, second.slot) == (0, 1)
                && (&second.condition, &second.kind, second.pair) == (&first.condition, &first.kind, first.pair)
                && first.slower_pct.max(second.slower_pct) == slower_pct;
            let (a, b) = if first.arm == 'a' { (first, second) } else { (second, first) };
            whole.then_some(Round { a, b })
        });
        both.collect()
    }

    /// The rounds of several short processes under one condition, b doing this much more, in the order of time: those of a, and of b.
    pub(super) fn short(&self, condition: &str, slower_pct: u32) -> Vec<[Vec<&Process>; 2]> {
        let short: Vec<&Process> = self.processes.iter().filter(|process| process.is("short", condition)).collect();
        let rounds = short.chunk_by(|one, next| one.pair == next.pair && one.slot < next.slot);
        let wanted = rounds.filter(|round| round.iter().map(|process| process.slower_pct).max() == Some(slower_pct));
        let of_arms = wanted
            .map(|round| ['a', 'b'].map(|arm| round.iter().filter(|process| process.arm == arm).copied().collect()));
        of_arms.collect()
    }

    /// The long processes, in the order of time; each with whether it ran right after the one before it.
    pub(super) fn long(&self, condition: &str) -> Vec<(&Process, bool)> {
        let before = std::iter::once(None).chain(self.processes.iter().map(Some));
        let all = self.processes.iter().zip(before).filter(|(process, _)| process.is("long", condition));
        all.map(|(process, before)| (process, before.is_some_and(|before| before.is("long", condition)))).collect()
    }

    /// Two states of each workload in one process, sampled in turn.
    pub(super) fn twins(&self, condition: &str) -> Vec<Round<'_>> {
        let twins: Vec<&Process> = self.processes.iter().filter(|process| process.is("twins", condition)).collect();
        twins.chunks_exact(2).map(|two| Round { a: two[0], b: two[1] }).collect()
    }
}

impl Process {
    fn is(&self, kind: &str, condition: &str) -> bool {
        self.kind == kind && self.condition == condition
    }
}

impl Round<'_> {
    /// Whether program a ran first.
    pub(super) fn a_first(&self) -> bool {
        self.a.slot < self.b.slot
    }
}

fn process(line: &str) -> Process {
    let Line { c, k, copy, pair, slot, arm, slower, w } = serde_json::from_str(line).expect("a recorded process");
    let samples = w.iter().map(|packed| {
        // The smallest is written first; the others and it are distances from it, in the order taken.
        let least = packed.first().expect("the smallest");
        packed[1..].iter().map(|more| f64::from(least + more)).collect()
    });
    let samples = samples.collect();
    Process { condition: c, kind: k, pair, slot, slower_pct: slower, arm, copy, samples }
}

/// The one number of a process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Statistic {
    Min,
    P10,
    Median,
    Mean,
}

impl Statistic {
    /// Of these samples, after each `block` of them were made one long sample.
    pub(super) fn of(self, samples: &[f64], block: usize) -> f64 {
        let values = blocks(samples, block);
        let value = match self {
            Self::Min => values.iter().copied().reduce(f64::min),
            Self::P10 => quantile(&values, 0.1),
            Self::Median => median(&values),
            Self::Mean => mean(&values),
        };
        value.expect("a process has samples")
    }
}

/// Each `block` samples as one long sample: their mean, by iteration.
pub(super) fn blocks(samples: &[f64], block: usize) -> Vec<f64> {
    samples.chunks_exact(block).filter_map(mean).collect()
}
