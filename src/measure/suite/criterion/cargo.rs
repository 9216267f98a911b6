//! What Cargo is asked to build, and what it says it built. Pure: refuses to run anything.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::config::CriterionOptions;
use crate::config::suite::CommandLine;

/// A built bench target, whatever its harness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bench {
    /// The target's name; not unique in a workspace.
    pub(super) name: String,
    /// The manifest of its package.
    pub(super) manifest: PathBuf,
    /// The built program.
    pub(super) executable: PathBuf,
}

/// What a build made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Built {
    /// The benches, in the order of their names.
    pub(super) benches: Vec<Bench>,
    /// The other programs and dynamic libraries, sorted: whatever a bench may start or load. What only the build itself runs is left out.
    pub(super) beside: Vec<PathBuf>,
}

impl Built {
    /// Adds what a further command made.
    pub(super) fn extend(&mut self, other: Self) {
        self.benches.extend(other.benches);
        self.beside.extend(other.beside);
    }
}

/// The command that builds the benches and says on standard output where they are.
pub(super) fn build_command(options: &CriterionOptions) -> CommandLine {
    let fixed = ["cargo", "bench", "--no-run", "--message-format=json-render-diagnostics"];
    let chosen = (options.package.iter().map(|package| ("--package", package)))
        .chain(options.benches.iter().map(|bench| ("--bench", bench)))
        .chain(options.features.iter().map(|feature| ("--features", feature)))
        .flat_map(|(flag, value)| [flag.to_owned(), value.clone()]);
    fixed.into_iter().map(str::to_owned).chain(chosen).collect()
}

#[derive(Deserialize)]
struct MessageWire {
    manifest_path: Option<PathBuf>,
    target: Option<TargetWire>,
    executable: Option<PathBuf>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct TargetWire {
    name: String,
    kind: Vec<String>,
}

/// What was built, from Cargo's messages, one JSON value a line. Lines of any other form are left out: build scripts and other programs may
/// write to the same stream.
pub(super) fn built(stdout: &[u8]) -> Built {
    let mut built = Built::default();
    for line in stdout.split(|byte| *byte == b'\n') {
        let Ok(message) = serde_json::from_slice::<MessageWire>(line) else { continue };
        let Some(target) = message.target else { continue };
        let is = |wanted: &str| target.kind.iter().any(|kind| kind == wanted);
        if is("bench") {
            built.benches.extend(bench(&target, message.manifest_path, message.executable));
        } else if is("dylib") || is("cdylib") {
            built.beside.extend(message.filenames.into_iter().filter(|path| is_library(path)));
        } else if !is("custom-build") {
            built.beside.extend(message.executable);
        }
    }
    built.benches.sort_by(|a, b| (&a.name, &a.manifest).cmp(&(&b.name, &b.manifest)));
    built.benches.dedup();
    built.beside.sort();
    built.beside.dedup();
    built
}

fn bench(target: &TargetWire, manifest: Option<PathBuf>, executable: Option<PathBuf>) -> Option<Bench> {
    Some(Bench { name: target.name.clone(), manifest: manifest?, executable: executable? })
}

/// Whether a file is a dynamic library, by its ending.
fn is_library(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ["so", "dylib", "dll"].iter().any(|known| ending == *known))
}

/// What tells the bench from all others and is the same in both arms: its name, and where two packages have a bench of that name, also where
/// its package lies below `root`.
pub(super) fn key(bench: &Bench, all: &[Bench], root: &Path) -> String {
    if all.iter().filter(|other| other.name == bench.name).count() < 2 {
        return bench.name.clone();
    }
    let package = bench.manifest.parent().unwrap_or(&bench.manifest);
    format!("{}/{}", package.strip_prefix(root).unwrap_or(package).display(), bench.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str, kind: &str, package: &str) -> String {
        format!(
            r#"{{"reason":"compiler-artifact","manifest_path":"/r/{package}/Cargo.toml","target":{{"name":"{name}","kind":["{kind}"]}},"executable":"/t/{name}-1f"}}"#
        )
    }

    #[test]
    fn only_bench_targets_among_all_kinds_of_lines_are_found() {
        let lines = [
            message("lib", "lib", "a"),
            "Compiling something".to_owned(),
            message("speed", "bench", "a"),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
            r#"{"target":{"name":"gone","kind":["bench"]},"executable":null}"#.to_owned(),
        ];
        let benches = built(lines.join("\n").as_bytes()).benches;
        assert_eq!(benches.len(), 1);
        assert_eq!(benches[0].executable, Path::new("/t/speed-1f"));
        assert_eq!(built(b"\xff\n{\n\n"), Built::default());
    }

    #[test]
    fn programs_and_libraries_that_a_bench_may_use_are_found_and_those_of_the_build_are_not() {
        let cdylib = r#"{"target":{"name":"plug","kind":["cdylib","rlib"]},"filenames":["/t/libplug.so","/t/libplug.rlib"],"executable":null}"#;
        let macros =
            r#"{"target":{"name":"derive","kind":["proc-macro"]},"filenames":["/t/libderive.so"],"executable":null}"#;
        let script = message("build-script-build", "custom-build", "a");
        let lines = [message("tool", "bin", "a"), cdylib.to_owned(), macros.to_owned(), script];
        let beside = built(lines.join("\n").as_bytes()).beside;
        assert_eq!(beside, [Path::new("/t/libplug.so"), Path::new("/t/tool-1f")]);
    }

    #[test]
    fn benches_of_one_name_in_two_packages_have_keys_without_the_arms_own_root() {
        let lines = [message("speed", "bench", "a"), message("speed", "bench", "b"), message("size", "bench", "b")];
        let benches = built(lines.join("\n").as_bytes()).benches;
        let keys: Vec<_> = benches.iter().map(|bench| key(bench, &benches, Path::new("/r"))).collect();
        assert_eq!(keys, ["size", "a/speed", "b/speed"]);
    }

    #[test]
    fn what_the_suite_chooses_reaches_cargo_as_arguments_of_their_own() {
        let options = CriterionOptions {
            package: Some("p".to_owned()),
            benches: vec!["a".to_owned(), "b".to_owned()],
            features: vec!["x y".to_owned()],
            warm_up_s: 1.0,
            measurement_s: 1.0,
            sample_size: 10,
        };
        let command = build_command(&options);
        assert_eq!(command[4..], ["--package", "p", "--bench", "a", "--bench", "b", "--features", "x y"]);
    }
}
