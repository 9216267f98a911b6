//! The criterion benches of a Cargo package and of the members of its workspace, from the manifests alone.
#![expect(clippy::disallowed_methods, reason = "reads the manifests of the repository")]

use std::collections::BTreeSet;
use std::path::Path;

use toml::{Table, Value};

use super::survey::{Found, list, read, timed};

/// The most members of a workspace that are looked at.
const MEMBERS_MAX: usize = 200;

/// A suite for each package with criterion benches; for a package without any, one that times its tests.
pub(super) fn survey(root: &Path) -> Vec<Found> {
    let Some(manifest) = manifest(root) else { return Vec::new() };
    let mut folders = BTreeSet::from([String::new()]);
    folders.extend(members(root, &manifest));
    let found: Vec<Found> = folders.iter().filter_map(|folder| package(root, folder)).collect();
    if !found.is_empty() {
        return found;
    }
    let test = ["cargo", "test", "--release", "--quiet"];
    let build = ["cargo", "test", "--release", "--quiet", "--no-run"];
    vec![timed("tests", "the time that the tests take: no criterion benches were found", &[&build], &test)]
}

fn manifest(folder: &Path) -> Option<Table> {
    read(&folder.join("Cargo.toml"))?.parse().ok()
}

/// The folders of a workspace's members, relative to the root. Of patterns, only a last `/*` is understood.
fn members(root: &Path, manifest: &Table) -> Vec<String> {
    let members = manifest.get("workspace").and_then(|workspace| workspace.get("members")).and_then(Value::as_array);
    let mut folders = Vec::new();
    for member in members.into_iter().flatten().filter_map(Value::as_str).filter(|member| is_plain_path(member)) {
        match member.strip_suffix("/*") {
            None => folders.push(member.to_owned()),
            Some(parent) => {
                let entries = std::fs::read_dir(root.join(parent)).into_iter().flatten().flatten().take(MEMBERS_MAX);
                let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
                folders.extend(names.filter(|name| is_plain(name)).map(|name| format!("{parent}/{name}")));
            }
        }
    }
    folders.truncate(MEMBERS_MAX);
    folders
}

/// The suite of one package, if it has criterion benches.
fn package(root: &Path, folder: &str) -> Option<Found> {
    let path = root.join(folder);
    let manifest = manifest(&path)?;
    let name = manifest.get("package")?.get("name")?.as_str().filter(|name| is_plain(name))?;
    if !["dev-dependencies", "dependencies"].iter().any(|table| has_criterion(manifest.get(*table))) {
        return None;
    }
    // Without `harness = false` Cargo links libtest's main, and criterion's never runs.
    let targets = manifest.get("bench").and_then(Value::as_array).into_iter().flatten();
    let targets: Vec<&Value> = targets
        .filter(|bench| bench.get("harness").and_then(Value::as_bool) == Some(false))
        .filter(|bench| is_criterion(&path, bench))
        .collect();
    let benches: Vec<&str> = targets.iter().filter_map(|bench| bench_name(bench)).collect();
    if benches.is_empty() {
        return None;
    }
    let features = targets.iter().filter_map(|bench| bench.get("required-features")?.as_array()).flatten();
    let features: BTreeSet<&str> = features.filter_map(Value::as_str).collect();
    let features: Vec<&str> = features.into_iter().collect();
    let sources = if folder.is_empty() { "benches/**".to_owned() } else { format!("{folder}/benches/**") };
    Some(Found {
        name: if name.starts_with(|c: char| c.is_ascii_alphanumeric()) { name.to_owned() } else { "core".to_owned() },
        adapter: "criterion",
        about: format!("the criterion benches of the package `{name}`"),
        keys: vec![
            ("package", Value::from(name)),
            ("benches", list(&benches)),
            ("features", list(&features)),
            ("sources", list(&[&sources])),
        ],
    })
}

fn has_criterion(dependencies: Option<&Value>) -> bool {
    let renamed = |value: &Value| value.get("package").and_then(Value::as_str) == Some("criterion");
    let table = dependencies.and_then(Value::as_table);
    table.is_some_and(|table| table.contains_key("criterion") || table.values().any(renamed))
}

/// Whether a bench's source mentions criterion: a package may have benches of its own kind beside.
fn is_criterion(package: &Path, bench: &Value) -> bool {
    let Some(name) = bench_name(bench) else { return false };
    let stated = bench.get("path").and_then(Value::as_str).filter(|path| is_plain_path(path));
    let guessed = [format!("benches/{name}.rs"), format!("benches/{name}/main.rs")];
    let mut paths = stated.into_iter().chain(guessed.iter().map(String::as_str));
    paths.find_map(|path| read(&package.join(path))).is_some_and(|source| source.contains("criterion"))
}

fn bench_name(bench: &Value) -> Option<&str> {
    bench.get("name")?.as_str().filter(|name| is_plain(name))
}

/// A name that means the same in a path, a command line and a comment.
fn is_plain(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// A relative path of plain names that stays inside, a last `*` allowed.
fn is_plain_path(path: &str) -> bool {
    let path = path.strip_suffix("/*").unwrap_or(path);
    path.split('/').all(|part| is_plain(part) && part != "..")
}
