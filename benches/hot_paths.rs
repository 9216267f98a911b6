//! What a check computes beside the measuring: the test of one metric, the judgement of many, the reports.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use jiff::civil::Date;
use tollgate::config::{Against, Config};
use tollgate::judge::{self, Circumstances, Evidence};
use tollgate::measure::scripted;
use tollgate::model::judgement::PolicySource;
use tollgate::model::sample::{Histogram, Summary};
use tollgate::model::{
    Arm, Environment, Judgement, MetricId, Name, Protocol, Revision, Run, Sample, Series, StoredMetric, StoredValues,
    Why,
};
use tollgate::report;
use tollgate::stats::signed_rank::{Cap, PairedDifferences};

/// A number in [0, 1) that looks random and is the same in every run.
fn noise(seed: u64) -> f64 {
    let mut state = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((state ^ (state >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn signed_rank(c: &mut Criterion) {
    let mut group = c.benchmark_group("signed rank");
    for rounds in [10_u64, 64] {
        let differences: Vec<f64> = (0..rounds).map(|round| 0.02 * (noise(round) - 0.4)).collect();
        group.bench_with_input(BenchmarkId::from_parameter(rounds), &differences, |b, differences| {
            b.iter(|| {
                let test = PairedDifferences::new(differences, Cap::Third).expect("finite differences");
                (test.p_value_greater(0.02), test.interval(0.99), test.estimate())
            });
        });
    }
}

/// A run of `metrics` times over `rounds` rounds; `arm` moves them by up to 1 %.
fn run(arm: Arm, metrics: u64, rounds: u32) -> Run {
    let revision = Revision {
        commit: "0".repeat(40),
        tree: arm.as_str().repeat(10),
        label: arm.as_str().to_owned(),
        title: "a title".to_owned(),
        committed_at_s: 0,
        dirty: false,
    };
    let environment = Environment {
        cpu_model: "a CPU".to_owned(),
        cores: 2,
        memory_bytes: 1 << 34,
        os: "an OS".to_owned(),
        kernel: "6".to_owned(),
        hypervisor: "none".to_owned(),
        image: None,
        toolchain: "rustc".to_owned(),
    };
    let mut run = Run::new(revision, environment);
    let suite = Name::new("suite").expect("a name");
    for metric in 0..metrics {
        let name = Name::new(format!("group/{metric:05}")).expect("a name");
        for round in 0..rounds {
            let value = 1e-6 * (1.0 + 0.01 * noise(metric << 32 | u64::from(round) << 8 | arm as u64));
            let sample = Sample::new(vec![value]).expect("a time");
            run.insert(scripted::time(&suite, &name), round, sample);
        }
    }
    run
}

/// Rounds whose order is known.
fn ordered(run: &Run) -> Protocol {
    let arm = |round: &u32| if noise(u64::from(*round)) < 0.5 { Arm::Base } else { Arm::Head };
    let order = |series: &Series| series.rounds.keys().map(|round| (*round, arm(round))).collect();
    let first = run.series.iter().map(|(id, series)| (id.benchmark.clone(), order(series))).collect();
    Protocol { first, ..Protocol::default() }
}

fn judged(base: &Run, head: &Run, rounds: u32, config: &Config) -> Judgement {
    let evidence = Evidence { protocol: &ordered(base), ..Evidence::of(Some(base), head, rounds) };
    let circumstances = Circumstances {
        base: Some(base.revision.clone()),
        today: Date::constant(2026, 1, 1),
        seed: 0,
        policy: PolicySource::Base,
        against: Against::Auto,
        notices: Vec::new(),
    };
    judge::judge(&evidence, &config.policy, &circumstances)
}

fn judging(c: &mut Criterion) {
    let config = Config::parse(Config::default_text(), "the default").expect("the shipped default");
    let mut group = c.benchmark_group("judge");
    for (metrics, rounds) in [(1_000, 10), (10_000, 64)] {
        // Made when it is needed: a process that runs other benches does not wait for it.
        let runs = OnceCell::new();
        group.throughput(Throughput::Elements(metrics));
        group.sample_size(10).sampling_mode(SamplingMode::Flat);
        group.bench_function(format!("{metrics} metrics x {rounds} rounds"), |b| {
            let [base, head] = runs.get_or_init(|| Arm::BOTH.map(|arm| run(arm, metrics, rounds)));
            b.iter(|| black_box(judged(base, head, rounds, &config)));
        });
    }
}

/// A metric that gets slower by 0.1 % from run to run, half of its spread, so that its level changes often.
fn drifting(metric: u64, runs: u32) -> (MetricId, StoredMetric) {
    let name = |text: String| Name::new(text).expect("a name");
    let metric_of = scripted::time(&name("suite".to_owned()), &name(format!("group/{metric:05}")));
    let value = |run: u32| {
        let wobble = noise(metric << 32 | u64::from(run)) + noise(metric << 32 | u64::from(run) | 1 << 31) - 1.0;
        (0.05 * wobble + 0.001 * f64::from(run)).exp()
    };
    let stored = |run| StoredValues {
        statistics: vec![value(run)],
        taken_at_s: i64::from(run),
        why: Why::Update,
        commit: format!("{run:040}"),
    };
    (metric_of.id.clone(), StoredMetric { metric: metric_of, runs: (0..runs).rev().map(stored).collect() })
}

/// What stored runs could show: their changes of level, then the bounds of the newest.
fn looking_back(c: &mut Criterion) {
    let config = Config::parse(Config::default_text(), "the default").expect("the shipped default");
    let stored: BTreeMap<MetricId, StoredMetric> = (0..100).map(|metric| drifting(metric, 99)).collect();
    let mut group = c.benchmark_group("stored");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.bench_function("100 metrics x 99 drifting runs", |b| {
        b.iter(|| judge::sights(black_box(&stored), &config.policy));
    });
}

fn reporting(c: &mut Criterion) {
    let config = Config::parse(Config::default_text(), "the default").expect("the shipped default");
    let judgement = judged(&run(Arm::Base, 1_000, 10), &run(Arm::Head, 1_000, 10), 10, &config);
    let mut group = c.benchmark_group("report 1000 rows");
    group.bench_function("markdown", |b| b.iter(|| report::markdown::render(&judgement, 64_000)));
    group.bench_function("terminal", |b| b.iter(|| report::terminal::render(&judgement)));
    group.bench_function("html", |b| b.iter(|| report::html::render(&judgement)));
    group.bench_function("json", |b| b.iter(|| report::json::to_json(&judgement)));
}

/// Ten million latencies over three decades, and the quantiles of them.
fn distributions(c: &mut Criterion) {
    let mut histogram = Histogram::default();
    for step in 0..10_000_000 {
        histogram.record(1e-3 * 10_f64.powf(3.0 * noise(step)), 1).expect("a latency");
    }
    c.bench_function("histogram/four quantiles of 10000000 values", |b| {
        let asked = [Summary::P50, Summary::P95, Summary::P99, Summary::P999];
        b.iter(|| asked.map(|summary| black_box(&histogram).summary(summary)));
    });
}

fn configuring(c: &mut Criterion) {
    c.bench_function("config/parse the default", |b| {
        b.iter(|| Config::parse(black_box(Config::default_text()), "the default").expect("the shipped default"));
    });
}

criterion_group!(benches, signed_rank, judging, looking_back, reporting, distributions, configuring);
criterion_main!(benches);
