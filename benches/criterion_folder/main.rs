//! How long it takes to read a result folder of 1,000 benchmarks with 100 samples each.

mod generate;

use std::path::Path;
use std::sync::Once;

use criterion::{Criterion, criterion_group, criterion_main};
use generate::{Size, write_folder};
use tollgate::measure::bench::criterion_folder::read_folder;
use tollgate::model::Name;

/// Where the folder lies; `benches/peers/critcmp.sh` reads it too, and looks for `criterion` in the folder above.
const FOLDER: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/thousand/criterion");

fn thousand(c: &mut Criterion) {
    let folder = Path::new(FOLDER);
    let suite = Name::new("suite").expect("a literal that is a name");
    let written = Once::new();
    c.bench_function("criterion folder/read 1000 x 100", |b| {
        // Here and not above: listing the benches writes no 9,000 files.
        written.call_once(|| {
            let size = Size { benchmarks: 1_000, samples: 100 };
            write_folder(folder, &["new", "before", "after"], size).expect("a writable target folder");
        });
        b.iter(|| {
            let parsed = read_folder(folder, "before", &suite).expect("a folder that was just written");
            assert_eq!(parsed.readings.len(), 1_000);
            parsed
        });
    });
}

criterion_group!(benches, thousand);
criterion_main!(benches);
