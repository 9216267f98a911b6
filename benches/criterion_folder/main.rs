//! How long it takes to read a result folder of 1,000 benchmarks with 100 samples each, and to compare two of them from the command line to
//! the reports on disk.
#![expect(clippy::disallowed_methods, reason = "runs the binary as a user does")]

mod generate;

use std::path::Path;
use std::process::{Command, Stdio};
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
    // Called where it is needed: listing the benches writes no 9,000 files.
    let write = || {
        written.call_once(|| {
            let size = Size { benchmarks: 1_000, samples: 100 };
            write_folder(folder, &["new", "before", "after"], size).expect("a writable target folder");
        });
    };
    c.bench_function("criterion folder/read 1000 x 100", |b| {
        write();
        b.iter(|| {
            let parsed = read_folder(folder, "before", &suite).expect("a folder that was just written");
            assert_eq!(parsed.readings.len(), 1_000);
            parsed
        });
    });
    c.bench_function("criterion folder/compare 1000 x 100", |b| {
        write();
        let out = folder.with_file_name("report");
        b.iter(|| {
            let ended = Command::new(env!("CARGO_BIN_EXE_tollgate"))
                .args(["compare", &format!("{FOLDER}:before"), &format!("{FOLDER}:after"), "--out"])
                .arg(&out)
                .current_dir(folder)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .expect("the binary that was just built");
            // One process a side tells little: nothing blocks, and every row is there.
            assert_eq!(ended.code(), Some(0));
        });
    });
}

criterion_group!(benches, thousand);
criterion_main!(benches);
