//! Two arms of a suite on a real disk: what makes them the same, and everything that puts it in doubt.
#![expect(clippy::disallowed_methods, reason = "writes the files that are compared")]

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::config::Config;

const ELF: &[u8] = b"\x7fELF\x02 the program";

/// Two arms with a checkout, a target folder and an empty folder for results each.
struct Arms {
    _folder: TempDir,
    places: [Place; 2],
}

impl Arms {
    /// Both with the same program in their target folders.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let places = ["base", "head"].map(|arm| {
            let own = |kind: &str| folder.path().join(kind).join(arm);
            Place { root: own("arms"), target: own("target"), scratch: own("scratch") }
        });
        let arms = Self { _folder: folder, places };
        for arm in 0..2 {
            fs::create_dir_all(&arms.places[arm].root).unwrap();
            fs::create_dir_all(&arms.places[arm].scratch).unwrap();
            arms.write(arm, "release/tool", ELF);
        }
        arms
    }

    /// Writes a file of an arm's target folder.
    fn write(&self, arm: usize, path: &str, bytes: &[u8]) {
        Self::put(&self.places[arm].target.join(path), bytes);
    }

    /// Writes a file of an arm's checkout.
    fn commit(&self, arm: usize, path: &str, bytes: &[u8]) {
        Self::put(&self.places[arm].root.join(path), bytes);
    }

    fn put(path: &Path, bytes: &[u8]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// What an arm runs: its program and further words, in which `{target}` and `{scratch}` stand for the arm's own folders.
    fn runs(&self, arm: usize, words: &[&str], values: &[&str]) -> Runs {
        let place = &self.places[arm];
        let filled = |word: &&str| {
            word.replace("{target}", &place.target.to_string_lossy())
                .replace("{scratch}", &place.scratch.to_string_lossy())
        };
        Runs {
            commands: vec![words.iter().map(filled).collect()],
            directory: place.root.clone(),
            values: values.iter().map(filled).collect(),
            beside: Vec::new(),
        }
    }

    fn same_runs(&self, build: &str, runs: &[Runs; 2], difference: &Difference) -> bool {
        let text = format!("[suite.s]\nadapter = \"command\"\nrun = [\"x\"]\nbuild = {build}\n");
        let suite = Config::parse(&text, "tollgate.toml").unwrap().suites.remove(0);
        let side = |arm: usize| Side { runs: &runs[arm], place: &self.places[arm] };
        same(&suite, &[(side(0), side(1))], difference)
    }

    /// Whether both arms run the same on a difference in documents.
    fn same(&self, words: &[&str], values: &[&str]) -> bool {
        let runs = [0, 1].map(|arm| self.runs(arm, words, values));
        self.same_runs("[[\"cargo\", \"build\"]]", &runs, &readme())
    }
}

fn readme() -> Difference {
    Difference::new(&["README.md".to_owned()], 10)
}

const CC: &str = "[[\"cc\", \"tool.c\"]]";
const TOOL: &str = "{target}/release/tool";

#[test]
fn the_same_program_with_the_same_words_is_proved() {
    let arms = Arms::new();
    assert!(arms.same(&[TOOL], &[]));
    assert!(arms.same(&[TOOL, "--size", "10", "{scratch}/results.json"], &["fast", "/dev/null"]));
}

#[test]
fn one_other_byte_is_another_program() {
    let arms = Arms::new();
    arms.write(1, "release/tool", b"\x7fELF\x02 the programs");
    assert!(!arms.same(&[TOOL], &[]));
}

#[test]
fn a_script_or_a_program_of_the_machine_proves_nothing() {
    let arms = Arms::new();
    for arm in 0..2 {
        arms.commit(arm, "bench.sh", b"#!/bin/sh\n");
    }
    for words in [&["./bench.sh"][..], &["sh", "bench.sh"], &["sh"], &["/bin/sh"], &["{target}/release/none"]] {
        assert!(!arms.same(words, &[]), "{words:?}");
    }
}

#[test]
fn the_same_tree_proves_scripts_too() {
    let arms = Arms::new();
    let runs = [0, 1].map(|arm| arms.runs(arm, &["sh", "bench.sh"], &[]));
    assert!(arms.same_runs("[[\"make\"]]", &runs, &Difference::None));
    assert!(!arms.same_runs("[[\"make\"]]", &runs, &readme()));
}

#[test]
fn what_cannot_be_looked_at_and_a_build_that_does_anything_prove_nothing() {
    let arms = Arms::new();
    let runs = [0, 1].map(|arm| arms.runs(arm, &[TOOL], &[]));
    assert!(arms.same_runs(CC, &runs, &readme()));
    assert!(!arms.same_runs(CC, &runs, &Difference::Unknown));
    assert!(!arms.same_runs("[[\"sh\", \"build.sh\"]]", &runs, &readme()));
    let nothing = [Runs::default(), Runs::default()];
    assert!(!arms.same_runs(CC, &nothing, &readme()), "nothing that is run is nothing that is proved");
}

#[test]
fn files_that_the_words_name_must_be_the_same() {
    let arms = Arms::new();
    for (arm, other) in [(0, b"1"), (1, b"2")] {
        arms.commit(arm, "data/input", b"the same");
        arms.commit(arm, "data/other", other);
    }
    assert!(arms.same(&[TOOL, "data/input"], &["data/input"]));
    let words = ["data/other", "--file=data/other", "-fdata/other", "@data/other", "a=1,data/other", "data", ".", "d*"];
    for word in words {
        assert!(!arms.same(&[TOOL, word], &[]), "{word}");
        assert!(!arms.same(&[TOOL], &[word]), "{word}");
    }
    // What the build left in the target folder is named by another path in each arm.
    assert!(!arms.same(&[TOOL, "{target}/input"], &[]));
}

#[test]
fn a_program_that_knows_the_name_of_a_changed_document_may_read_it() {
    let arms = Arms::new();
    for arm in 0..2 {
        arms.write(arm, "release/tool", b"\x7fELF\x02 open(README.md)");
    }
    assert!(!arms.same(&[TOOL], &[]));
}

#[test]
fn programs_and_libraries_beside_it_must_be_the_same() {
    let arms = Arms::new();
    arms.write(0, "release/notes.txt", b"no program");
    arms.write(1, "release/notes.txt", b"no program either");
    assert!(arms.same(&[TOOL], &[]));
    arms.write(0, "release/libplug.so", ELF);
    assert!(!arms.same(&[TOOL], &[]), "one arm has a library more");
    arms.write(1, "release/libplug.so", b"\x7fELF\x02 another");
    assert!(!arms.same(&[TOOL], &[]));
    arms.write(1, "release/libplug.so", ELF);
    assert!(arms.same(&[TOOL], &[]));
}

#[test]
fn what_the_build_says_that_it_made_must_be_the_same() {
    let arms = Arms::new();
    for arm in 0..2 {
        arms.write(arm, "debug/worker", ELF);
    }
    let runs = || {
        [0, 1].map(|arm| Runs {
            beside: vec![arms.places[arm].target.join("debug/worker")],
            ..arms.runs(arm, &[TOOL], &[])
        })
    };
    assert!(arms.same_runs(CC, &runs(), &readme()));
    arms.write(1, "debug/worker", b"\x7fELF\x02 another");
    assert!(!arms.same_runs(CC, &runs(), &readme()));
    let mut one = runs();
    one[1].beside.clear();
    assert!(!arms.same_runs(CC, &one, &readme()));
}
