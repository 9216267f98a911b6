//! Judgements for tests: small ones that a person can read, hostile ones, and a large one.

mod drift;
mod every;
mod finding;
mod hostile;
mod load;
mod soundness;

use jiff::civil::date;

use crate::model::effect::{Change, Effect, Precision};
use crate::model::judgement::*;
use crate::model::*;

pub(super) use drift::drifted;
pub(super) use every::every_variant;
pub(super) use finding::explained;
pub(super) use hostile::{HOSTILE, hostile};
pub(super) use load::{loaded, metrics};
pub(super) use soundness::{disturbed, untrusted};

/// A name.
pub(super) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// The id of a metric.
pub(super) fn id(suite: &str, benchmark: &str, metric: &str) -> MetricId {
    let benchmark = BenchmarkId { suite: name(suite), benchmark: name(benchmark) };
    MetricId { benchmark, metric: name(metric) }
}

/// One percent, shared by these families with so many tests each.
pub(super) fn shares(checks: &[(TestFamily, usize)]) -> Vec<Share> {
    let shares = Shares::new(0.01, checks.iter().map(|(family, _)| *family));
    checks.iter().map(|(family, checks)| Share { family: *family, rate: shares.of(*family), checks: *checks }).collect()
}

/// Values of `rounds` rounds around `value`: a fixed, uneven spread of about one percent.
fn side(value: f64, rounds: u32) -> Side {
    let spread =
        |round: u32| 1.0 + (f64::from(round * 37 % 64) - 32.0) / 3200.0 + f64::from(u32::from(round % 11 == 5)) * 0.02;
    Side { value, statistics: (0..rounds).map(|round| value * spread(round)).collect() }
}

/// A time in pairs: base, the change and half the width of its interval as fractions.
pub(super) fn time(suite: &str, benchmark: &str, base: f64, change: f64, half: f64) -> Row {
    Row {
        metric: Metric {
            id: id(suite, benchmark, "time"),
            unit: Unit::Seconds,
            direction: Direction::LowerIsBetter,
            kind: Kind::Time,
            determinism: Determinism::Noisy,
            role: Role::Gated,
            work: None,
        },
        base: Some(side(base, 32)),
        head: Some(side(base * (1.0 + change), 32)),
        effect: Some(Effect {
            change: Change::Relative(change),
            precision: Precision::Interval { lower: change - half, upper: change + half, confidence: 0.99 },
        }),
        method: Method::Paired { rounds: 32, rounds_total: 32 },
        thresholds: Thresholds { tolerance_ratio: 0.02, must_detect_ratio: 0.05, floor: 0.0 },
        verdict: Verdict::Unchanged,
        budget: None,
        waiver: None,
        outcome: Outcome::Pass,
        detectable_ratio: Some(0.019),
        warnings: vec![],
        owner: None,
        drift: None,
    }
}

/// A revision.
fn revision(commit: &str, label: &str, title: &str) -> Revision {
    Revision {
        commit: commit.repeat(40 / commit.len()),
        tree: "ab".repeat(20),
        label: label.to_owned(),
        title: title.to_owned(),
        committed_at_s: 1_790_000_000,
        dirty: false,
    }
}

/// A judgement of `rows`.
pub(super) fn judgement(verdict: RunVerdict, mut rows: Vec<Row>) -> Judgement {
    rows.sort_by(|a, b| a.metric.id.cmp(&b.metric.id));
    let worst = rows.first().map(|row| (row.metric.id.clone(), 0.044));
    Judgement {
        base: Some(revision("9a41c02b", "merge base of main", "Add the lexer")),
        head: revision("77be01d3", "HEAD", "Validate tokens"),
        environment: Environment {
            cpu_model: "AMD EPYC 7763 64-Core Processor".to_owned(),
            cores: 4,
            memory_bytes: 16 << 30,
            os: "Ubuntu 24.04".to_owned(),
            kernel: "6.8.0".to_owned(),
            hypervisor: "kvm".to_owned(),
            image: Some("ubuntu-24.04 20261101.1".to_owned()),
            toolchain: "rustc 1.95.0".to_owned(),
        },
        seed: 17_446_744_073_709_551_615,
        elapsed_s: 372,
        policy: PolicySource::Base,
        verdict,
        coverage: Coverage { expected: rows.len(), measured: rows.len(), compared: rows.len(), ..Coverage::default() },
        promise: Promise {
            false_alarm_rate: 0.01,
            shares: shares(&[(TestFamily::Pairs, rows.len())]),
            family: rows.len(),
            detectable_median_ratio: Some(0.019),
            detectable_worst: worst,
            stored: None,
        },
        canary: None,
        common_shift: None,
        order_bias: None,
        notices: vec![],
        identical: vec![],
        findings: vec![],
        rows,
    }
}

/// Nothing changed.
pub(super) fn green() -> Judgement {
    let faster = Row { verdict: Verdict::Improved, ..time("core", "print", 1.2e-3, -0.081, 0.01) };
    let rows = vec![
        time("core", "parse/large", 412e-6, 0.003, 0.009),
        time("core", "tokenize", 3.1e-6, -0.002, 0.004),
        faster,
    ];
    judgement(RunVerdict::Pass, rows)
}

/// `core/parse/large` is slower, the rest is unchanged.
pub(super) fn regression() -> Judgement {
    let mut judgement = green();
    let slower = time("core", "parse/large", 412e-6, 0.063, 0.0125);
    judgement.rows[0] = Row {
        verdict: Verdict::Regressed,
        outcome: Outcome::FailRegressed,
        owner: Some("@octocat".to_owned()),
        warnings: vec![Warning::SourceChanged, Warning::RoundsLost { lost: 2 }],
        ..slower
    };
    judgement.verdict = RunVerdict::Regressed;
    judgement
}

/// A budget of 80, 100 and 120 ms, its critical limit missed.
fn over() -> BudgetCheck {
    let budget = Budget { target: Some(0.08), warning: Some(0.1), critical: Some(0.12) };
    BudgetCheck { budget, level: BudgetLevel::Critical, undecided: None }
}

/// A waiver until the end of 2026.
fn waiver() -> Waiver {
    Waiver {
        id: "core/tokenize:instructions".to_owned(),
        ceiling: Ceiling::Change { ratio: 0.05 },
        until: date(2026, 12, 31),
        reason: "validation, see #412".to_owned(),
        owner: Some("@alice".to_owned()),
        line: 12,
    }
}

/// An exact count that grew, and is waived.
fn counted() -> Row {
    let row = time("core", "tokenize", 1.0, 0.0124, 0.0);
    Row {
        metric: Metric {
            id: id("core", "tokenize", "instructions"),
            unit: Unit::Count,
            kind: Kind::Count,
            determinism: Determinism::Exact,
            work: Some(Quantity { value: 64.0, unit: Unit::Bytes }),
            ..row.metric
        },
        base: Some(Side { value: 1_204_000.0, statistics: vec![1_204_000.0; 3] }),
        head: Some(Side { value: 1_219_000.0, statistics: vec![1_219_000.0; 3] }),
        effect: Some(Effect { change: Change::Relative(0.01246), precision: Precision::Exact }),
        method: Method::Paired { rounds: 3, rounds_total: 3 },
        thresholds: Thresholds { tolerance_ratio: 0.01, must_detect_ratio: 0.01, floor: 0.0 },
        verdict: Verdict::Regressed,
        waiver: Some(WaiverState::Covers(waiver())),
        outcome: Outcome::Waived,
        detectable_ratio: None,
        ..row
    }
}

/// A regression, one over budget too, one waived, one inconclusive, and every kind of the rest.
pub(super) fn mixed() -> Judgement {
    let mut rows = regression().rows;
    let p95 = time("checkout", "checkout", 0.091, 0.44, 0.065);
    rows.push(Row {
        metric: Metric { id: id("checkout", "checkout", "latency-p95"), ..p95.metric.clone() },
        verdict: Verdict::Regressed,
        outcome: Outcome::FailRegressed,
        budget: Some(over()),
        ..p95
    });
    rows.push(counted());
    rows.push(Row {
        verdict: Verdict::Inconclusive(Doubt::TooNoisy { rounds_needed: Some(72), more_s: Some(240) }),
        ..time("io", "fsync", 8.2e-3, 0.031, 0.04)
    });
    let new = time("io", "seek", 2e-6, 0.0, 0.0);
    rows.push(Row {
        verdict: Verdict::New,
        base: None,
        effect: None,
        method: Method::Alone,
        detectable_ratio: None,
        ..new
    });
    let throughput = time("io", "read", 1.0, -0.2, 0.03);
    rows.push(Row {
        metric: Metric {
            id: id("io", "read", "throughput"),
            unit: Unit::BytesPerSecond,
            direction: Direction::HigherIsBetter,
            kind: Kind::Rate,
            ..throughput.metric
        },
        base: Some(side(512e6, 20)),
        head: Some(side(410e6, 20)),
        verdict: Verdict::Regressed,
        outcome: Outcome::Warn,
        method: Method::Stored { runs: 20 },
        ..throughput
    });
    let mut judgement = judgement(RunVerdict::Regressed, rows);
    judgement.policy = PolicySource::BaseAndHead { changed: vec!["tollgate.toml".to_owned()] };
    judgement.promise.stored = Some(StoredPromise { metrics: 1, runs: 20, false_alarm_rate: 1.0 / 21.0 });
    judgement.promise.shares = shares(&[(TestFamily::Pairs, 3), (TestFamily::Stored, 1)]);
    judgement.notices =
        vec![Notice::TimeLimit { limit_s: 900 }, Notice::WaiverUnused { id: "core/gone:time".to_owned(), line: 3 }];
    judgement
}

/// Measured by code that is not trusted, and judged elsewhere.
pub(super) fn second_hand() -> Judgement {
    Judgement { notices: vec![Notice::SecondHand], ..regression() }
}

/// Something may be slower, and the policy wants certainty.
pub(super) fn inconclusive() -> Judgement {
    let mut judgement = Judgement { verdict: RunVerdict::Inconclusive, ..green() };
    judgement.rows[0] = Row {
        verdict: Verdict::Inconclusive(Doubt::TooFewRounds { have: 3, need: 6 }),
        outcome: Outcome::FailInconclusive,
        effect: Some(Effect {
            change: Change::Relative(0.04),
            precision: Precision::Interval { lower: f64::NEG_INFINITY, upper: f64::INFINITY, confidence: 0.99 },
        }),
        method: Method::Paired { rounds: 3, rounds_total: 3 },
        ..judgement.rows[0].clone()
    };
    judgement
}

/// Base cannot be built: nothing is compared.
pub(super) fn broken() -> Judgement {
    let mut judgement = judgement(RunVerdict::Broken, vec![]);
    judgement.coverage = Coverage {
        expected: 12,
        problems: vec![CoverageProblem {
            suite: name("core"),
            benchmark: None,
            trouble: Trouble::BuildFailed {
                arm: Arm::Base,
                message: "`cargo bench --no-run` ended with exit code 101".to_owned(),
                tail: "error[E0308]: mismatched types\n  --> src/lexer.rs:118:9\n\u{1b}[31m::error::no\u{1b}[0m @octocat\n".to_owned(),
            },
        }],
        ..Coverage::default()
    };
    judgement.promise = Promise { detectable_median_ratio: None, detectable_worst: None, ..judgement.promise };
    judgement
}

/// 3,000 rows of which 400 fail.
pub(super) fn large() -> Judgement {
    let rows = (0..3000_u32).map(|at| {
        let failing = at % 15 < 2;
        let name = format!("group/{:03}/case-{at:04}", at / 50);
        let row = time("core", &name, 1e-6 * f64::from(at + 1), if failing { 0.2 } else { 0.001 }, 0.01);
        if failing { Row { verdict: Verdict::Regressed, outcome: Outcome::FailRegressed, ..row } } else { row }
    });
    judgement(RunVerdict::Regressed, rows.collect())
}
