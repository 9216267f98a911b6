//! Which differences between two trees reach a compiled program only through its build. Pure; refuses to know what the files hold.

use std::collections::BTreeSet;

use crate::baseline::BASELINE_FOLDER;
use crate::config::suite::CommandLine;
use crate::config::{CONFIG_FILE, Suite, WAIVER_FILE};

/// What differs between base's tree and head's, as far as it bears on a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Nothing.
    None,
    /// Only files that reach a program through its build.
    Built {
        /// The file names among them that a program may know and read all the same, if it holds them: documents and manifests. The names of
        /// sources stand in every program, in the places of its errors.
        named: BTreeSet<String>,
    },
    /// Something that a program may read, or more than can be looked at.
    Unknown,
}

impl Difference {
    /// Sorts what differs. `changed` are paths from the root with `/`; `at_most` is the number from which on the list may be cut.
    pub fn new(changed: &[String], at_most: usize) -> Self {
        if changed.is_empty() {
            return Self::None;
        }
        if changed.len() >= at_most {
            return Self::Unknown;
        }
        let mut named = BTreeSet::new();
        for path in changed {
            match reach(path) {
                Reach::Source => {}
                Reach::Document => {
                    named.insert(path.rsplit('/').next().unwrap_or(path).to_owned());
                }
                Reach::Anything => return Self::Unknown,
            }
        }
        Self::Built { named }
    }
}

/// How a file may reach a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Through the compiler.
    Source,
    /// Through the compiler or not at all, unless the program knows its name.
    Document,
    /// In any way.
    Anything,
}

/// Documents wherever they lie, whatever their ending.
const DOCUMENTS: [&str; 9] =
    ["README", "LICENSE", "LICENCE", "COPYING", "NOTICE", "AUTHORS", "CODEOWNERS", "CHANGELOG", "CONTRIBUTING"];
/// Folders at the root that hold words about the program. Elsewhere, a text may be what a program works on.
const DOCUMENT_FOLDERS: [&str; 4] = ["docs", "doc", "book", ".github"];

fn reach(path: &str) -> Reach {
    let mut folders: Vec<&str> = path.split('/').collect();
    let name = folders.pop().unwrap_or_default();
    // Whatever Git had to write down in another way.
    if path.contains(char::REPLACEMENT_CHARACTER) {
        return Reach::Anything;
    }
    match name.rsplit_once('.') {
        // A build script may write anything anywhere.
        Some(("build", "rs")) => Reach::Anything,
        Some((_, "rs")) if is_source_folder(&folders) => Reach::Source,
        Some((_, "md" | "adoc" | "rst")) if folders.first().is_none_or(|folder| DOCUMENT_FOLDERS.contains(folder)) => {
            Reach::Document
        }
        _ if matches!(name, "Cargo.toml" | "Cargo.lock") => Reach::Document,
        _ if folders.first().is_some_and(|folder| [".github", BASELINE_FOLDER].contains(folder)) => Reach::Document,
        _ if folders.is_empty() && matches!(name, CONFIG_FILE | WAIVER_FILE) => Reach::Document,
        _ if DOCUMENTS.iter().any(|document| name.starts_with(document)) => Reach::Document,
        _ => Reach::Anything,
    }
}

/// Whether `.rs` files of a folder are code that Cargo builds. Elsewhere they may be what a program works on: the inputs of a formatter, say.
fn is_source_folder(folders: &[&str]) -> bool {
    folders.contains(&"src") || matches!(folders.last(), Some(&("benches" | "tests" | "examples")))
}

/// Whether the suite's build commands compile and do nothing else: what a script of the repository or a task runner makes beside the program
/// is not in sight.
pub(super) fn only_compiles(suite: &Suite) -> bool {
    suite.builds().all(compiles)
}

fn compiles(command: &CommandLine) -> bool {
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["cargo", "bench" | "test", rest @ ..] => rest.contains(&"--no-run"),
        ["cargo", "build" | "b" | "rustc", ..]
        | ["go", "build", ..]
        | ["rustc" | "cc" | "gcc" | "clang" | "c++" | "g++" | "clang++", ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(paths: &[&str]) -> Difference {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        Difference::new(&paths, 100)
    }

    #[test]
    fn what_reaches_a_program_through_its_build_alone_is_sorted_by_whether_it_may_be_named() {
        let built = |names: &[&str]| Difference::Built { named: names.iter().map(|name| (*name).to_owned()).collect() };
        assert_eq!(difference(&[]), Difference::None);
        assert_eq!(difference(&["src/lib.rs", "a/src/b/c.rs", "benches/core.rs", "tests/it.rs"]), built(&[]));
        assert_eq!(
            difference(&["README.md", "docs/guide/start.md", "LICENSE-MIT"]),
            built(&["LICENSE-MIT", "README.md", "start.md"])
        );
        assert_eq!(difference(&[".github/workflows/ci.yml", "tollgate.toml"]), built(&["ci.yml", "tollgate.toml"]));
        assert_eq!(
            difference(&["Cargo.lock", "a/Cargo.toml", "baselines/core/x.json"]),
            built(&["Cargo.lock", "Cargo.toml", "x.json"])
        );
    }

    #[test]
    fn whatever_a_program_might_read_is_in_doubt() {
        for path in [
            "data/input.json",
            "benchmarks.txt",
            "bench.sh",
            "build.rs",
            "a/build.rs",
            "src/words.txt",
            "src/query.sql",
            "corpus/sample.rs",
            "tests/pages/page.md",
            "tests/fixtures/broken.rs",
            "main.rs",
            "Makefile",
            "rust-toolchain.toml",
            ".cargo/config.toml",
            ".gitattributes",
            "deeper/tollgate.toml",
            "vendor/library",
            "src/lib.rs/",
            "license.md\u{fffd}",
            "",
        ] {
            assert_eq!(difference(&["README.md", path]), Difference::Unknown, "{path}");
        }
    }

    #[test]
    fn a_list_that_may_be_cut_proves_nothing() {
        let paths = vec!["README.md".to_owned(); 3];
        assert_eq!(Difference::new(&paths, 3), Difference::Unknown);
        assert_ne!(Difference::new(&paths, 4), Difference::Unknown);
    }

    #[test]
    fn only_compilers_are_known_to_do_nothing_else() {
        let compiles = |words: &[&str]| compiles(&words.iter().map(|word| (*word).to_owned()).collect());
        assert!(compiles(&["cargo", "build", "--release"]) && compiles(&["cc", "-O2", "-o", "x", "x.c"]));
        assert!(compiles(&["cargo", "bench", "--no-run"]) && !compiles(&["cargo", "bench"]));
        for words in
            [&["cargo", "run"][..], &["cargo", "xtask"], &["make"], &["sh", "build.sh"], &["./cc"], &["cargo"], &[]]
        {
            assert!(!compiles(words), "{words:?}");
        }
    }
}
