//! What is measured: each function on input of a fixed size, the size given as throughput.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Prose of about this many bytes, the same in every run.
fn prose(bytes: usize) -> String {
    let words = ["toll", "gate,", "bridge", "river", "the", "slow;", "a", "crossing.", "Größe"];
    let mut state = 7_usize;
    let mut text = String::new();
    while text.len() < bytes {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345) % (1 << 31);
        text.push_str(words[(state >> 16) % words.len()]);
        text.push(' ');
    }
    text
}

fn words(c: &mut Criterion) {
    let mut group = c.benchmark_group("words");
    for bytes in [1_000, 10_000] {
        let text = prose(bytes);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::new("tokens", bytes), &text, |b, text| {
            b.iter(|| textkit::tokens(black_box(text)));
        });
        group.bench_with_input(BenchmarkId::new("count", bytes), &text, |b, text| {
            b.iter(|| textkit::count_words(black_box(text)));
        });
    }
    group.finish();
}

fn fingerprint(c: &mut Criterion) {
    let data = prose(256);
    c.bench_function("fingerprint", |b| b.iter(|| textkit::fingerprint(black_box(data.as_bytes()))));
}

fn sorting(c: &mut Criterion) {
    let mut group = c.benchmark_group("merge sort");
    let values: Vec<u32> = (0..1_000_u32).map(|n| n.wrapping_mul(2_654_435_761)).collect();
    group.throughput(Throughput::Elements(values.len() as u64));
    group.bench_with_input(BenchmarkId::from_parameter("mixed"), &values, |b, values| {
        b.iter(|| textkit::merge_sort(black_box(values)));
    });
    let sorted = textkit::merge_sort(&values);
    group.bench_with_input(BenchmarkId::from_parameter("sorted"), &sorted, |b, values| {
        b.iter(|| textkit::merge_sort(black_box(values)));
    });
    group.finish();
}

fn json(c: &mut Criterion) {
    let points: Vec<_> = (0..100).map(|n| format!(r#"{{"x": {n}, "y": {}.5, "name": "point {n}"}}"#, n * 2)).collect();
    let text = format!("[{}]", points.join(", "));
    let mut group = c.benchmark_group("json");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("parse", |b| b.iter(|| textkit::parse(black_box(&text))));
    group.finish();
}

criterion_group!(benches, words, fingerprint, sorting, json);
criterion_main!(benches);
