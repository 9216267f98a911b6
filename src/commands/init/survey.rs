//! What a repository has that can be measured. Refuses to run anything to find out.
#![expect(clippy::disallowed_methods, reason = "reads the manifests of the repository")]

use std::fmt;
use std::path::Path;

use serde_json::Value as Json;
use toml::Value;

use super::cargo;

/// The largest manifest or source file that is looked at, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// A suite for something that was found. Shown as its part of the config.
#[derive(Debug)]
pub(super) struct Found {
    /// The suite's name.
    pub(super) name: String,
    /// Its adapter.
    pub(super) adapter: &'static str,
    /// What it is, in a few words of our own.
    pub(super) about: String,
    /// Keys and values after the adapter.
    pub(super) keys: Vec<(&'static str, Value)>,
}

/// Everything found at the root, each with a name of its own.
pub(super) fn survey(root: &Path) -> Vec<Found> {
    let mut found = cargo::survey(root);
    found.extend([go(root), node(root), python(root), cmake(root)].into_iter().flatten());
    for at in 1..found.len() {
        let (before, after) = found.split_at_mut(at);
        let taken = |name: &str| before.iter().any(|other| other.name.eq_ignore_ascii_case(name));
        if taken(&after[0].name) {
            let mut numbers = 2..=before.len() + 2;
            let numbered = numbers.find_map(|n| Some(format!("{}-{n}", after[0].name)).filter(|name| !taken(name)));
            after[0].name = numbered.expect("there are more numbers than names");
        }
    }
    found
}

/// The text of a file of moderate size.
pub(super) fn read(path: &Path) -> Option<String> {
    let small = path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() <= FILE_BYTES_MAX);
    small.then(|| std::fs::read_to_string(path).ok()).flatten()
}

/// A list of strings.
pub(super) fn list(items: &[&str]) -> Value {
    Value::Array(items.iter().map(|item| Value::from(*item)).collect())
}

/// A suite that times a command line.
pub(super) fn timed(name: &str, about: &str, build: &[&[&str]], run: &[&str]) -> Found {
    let build = Value::Array(build.iter().map(|line| list(line)).collect());
    let keys = vec![("build", build), ("run", list(run))];
    Found { name: name.to_owned(), adapter: "command", about: about.to_owned(), keys }
}

fn go(root: &Path) -> Option<Found> {
    read(&root.join("go.mod"))?;
    // A fixed number of iterations: with the default, the harness fits their number to the time, and the time would never change.
    let run = ["go", "test", "-run=^$", "-bench=.", "-benchtime=100x", "./..."];
    Some(timed("go", "the time that Go's benchmarks take", &[&["go", "test", "-run=^$", "./..."]], &run))
}

fn node(root: &Path) -> Option<Found> {
    let manifest: Json = serde_json::from_str(&read(&root.join("package.json"))?).ok()?;
    let script = ["bench", "benchmark", "test"].into_iter().find(|name| manifest["scripts"][name].is_string())?;
    let (tool, install): (&str, &[&str]) = if root.join("pnpm-lock.yaml").exists() {
        ("pnpm", &["pnpm", "install", "--frozen-lockfile"])
    } else if root.join("yarn.lock").exists() {
        ("yarn", &["yarn", "install"])
    } else if root.join("package-lock.json").exists() {
        ("npm", &["npm", "ci"])
    } else {
        ("npm", &["npm", "install"])
    };
    Some(timed("node", &format!("the time that the script `{script}` takes"), &[install], &[tool, "run", script]))
}

fn python(root: &Path) -> Option<Found> {
    let manifest = read(&root.join("pyproject.toml"))?;
    // pytest-benchmark fits its rounds to the time; switched off, each benchmark runs once and its time means something.
    let run: &[&str] = if manifest.contains("pytest-benchmark") {
        &["python3", "-m", "pytest", "-q", "--benchmark-disable"]
    } else {
        &["python3", "-m", "pytest", "-q"]
    };
    Some(timed("python", "the time that pytest takes", &[], run))
}

fn cmake(root: &Path) -> Option<Found> {
    read(&root.join("CMakeLists.txt"))?;
    let configure = ["cmake", "-S", ".", "-B", "build", "-DCMAKE_BUILD_TYPE=Release"];
    let build: [&[&str]; 2] = [&configure, &["cmake", "--build", "build", "--parallel"]];
    Some(timed("cmake", "the time that CTest takes", &build, &["ctest", "--test-dir", "build"]))
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# {}", self.about)?;
        let bare = !self.name.contains('.');
        let name = if bare { self.name.clone() } else { Value::from(self.name.as_str()).to_string() };
        writeln!(f, "[suite.{name}]\nadapter = \"{}\"", self.adapter)?;
        let is_empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
        self.keys
            .iter()
            .filter(|(_, value)| !is_empty(value))
            .try_for_each(|(key, value)| writeln!(f, "{key} = {value}"))
    }
}
