//! `init` and `schema`, as a user runs them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tollgate::config::schema;

use super::{as_json, check};

/// A repository with these files.
fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join(".git")).unwrap();
    for (name, text) in files {
        let path = root.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    root
}

fn tollgate(root: &Path, args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_tollgate")).current_dir(root).args(args).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// The suites of the config that `init` writes: everything from the first `[suite.` to the examples.
fn suites_found(files: &[(&str, &str)]) -> String {
    let root = repository(files);
    let (code, text) = tollgate(root.path(), &["init", "--print", "--no-workflow"]);
    assert_eq!(code, Some(0), "{text}");
    check(&text);
    let schema = jsonschema::validator_for(&schema::config()).unwrap();
    assert!(schema.is_valid(&as_json(&text)));
    let (_, rest) = text.split_once("# ---- suites: what is run\n").unwrap();
    let suites = rest.split("\n\n").filter(|paragraph| paragraph.contains("\n[suite."));
    suites.map(|suite| suite.trim().to_owned() + "\n").collect()
}

const CRITERION_MAIN: &str = "criterion::criterion_main!(benches);";

#[test]
fn init_finds_the_criterion_benches_of_a_package() {
    insta::assert_snapshot!(suites_found(&[
        ("Cargo.toml", "[package]\nname = 'x'\n[dev-dependencies]\ncriterion = '0.8'\n[[bench]]\nname = 'a'\nharness = false\nrequired-features = ['f']\n[[bench]]\nname = 'own'\nharness = false\n[[bench]]\nname = 'libtest'\n"),
        ("benches/a.rs", CRITERION_MAIN),
        ("benches/own.rs", "fn main() {}"),
        ("benches/libtest.rs", CRITERION_MAIN),
    ]), @r#"
        # the criterion benches of the package `x`
        [suite.x]
        adapter = "criterion"
        package = "x"
        benches = ["a"]
        features = ["f"]
        sources = ["benches/**"]
        "#);
}

#[test]
fn init_finds_the_benches_of_workspace_members() {
    let member = |name: &str| {
        format!(
            "[package]\nname = '{name}'\n[dev-dependencies]\nc = {{ package = 'criterion', version = '1' }}\n[[bench]]\nname = 'b'\nharness = false\n"
        )
    };
    insta::assert_snapshot!(suites_found(&[
        ("Cargo.toml", "[workspace]\nmembers = ['crates/*', 'tool', '../outside']\n"),
        ("crates/one/Cargo.toml", &member("go")),
        ("crates/one/benches/b/main.rs", CRITERION_MAIN),
        ("tool/Cargo.toml", &member("a.b")),
        ("tool/benches/b.rs", CRITERION_MAIN),
        ("go.mod", "module x\n"),
    ]), @r#"
        # the criterion benches of the package `go`
        [suite.go]
        adapter = "criterion"
        package = "go"
        benches = ["b"]
        sources = ["crates/one/benches/**"]
        # the criterion benches of the package `a.b`
        [suite."a.b"]
        adapter = "criterion"
        package = "a.b"
        benches = ["b"]
        sources = ["tool/benches/**"]
        # the time that Go's benchmarks take
        [suite.go-2]
        adapter = "command"
        build = [["go", "test", "-run=^$", "./..."]]
        run = ["go", "test", "-run=^$", "-bench=.", "-benchtime=100x", "./..."]
        "#);
}

#[test]
fn init_times_what_it_cannot_read_yet() {
    insta::assert_snapshot!(suites_found(&[
        ("Cargo.toml", "[package]\nname = 'x'\n"),
        ("go.mod", "module x\n"),
        ("package.json", r#"{"scripts": {"test": "node --test", "bench": "node bench.js"}}"#),
        ("package-lock.json", "{}"),
        ("pyproject.toml", "[project]\nname = 'x'\n[dependency-groups]\ndev = ['pytest-benchmark']\n"),
        ("CMakeLists.txt", "project(x)\n"),
    ]), @r#"
        # the time that the tests take: no criterion benches were found
        [suite.tests]
        adapter = "command"
        build = [["cargo", "test", "--release", "--quiet", "--no-run"]]
        run = ["cargo", "test", "--release", "--quiet"]
        # the time that Go's benchmarks take
        [suite.go]
        adapter = "command"
        build = [["go", "test", "-run=^$", "./..."]]
        run = ["go", "test", "-run=^$", "-bench=.", "-benchtime=100x", "./..."]
        # the time that the script `bench` takes
        [suite.node]
        adapter = "command"
        build = [["npm", "ci"]]
        run = ["npm", "run", "bench"]
        # the time that pytest takes
        [suite.python]
        adapter = "command"
        run = ["python3", "-m", "pytest", "-q", "--benchmark-disable"]
        # the time that CTest takes
        [suite.cmake]
        adapter = "command"
        build = [["cmake", "-S", ".", "-B", "build", "-DCMAKE_BUILD_TYPE=Release"], ["cmake", "--build", "build", "--parallel"]]
        run = ["ctest", "--test-dir", "build"]
        "#);
}

#[test]
fn init_in_each_language_alone_writes_a_config_that_parses() {
    for (name, text, suite) in [
        ("go.mod", "module x\n", "go"),
        ("package.json", r#"{"scripts": {"test": "x"}}"#, "node"),
        ("pyproject.toml", "", "python"),
        ("CMakeLists.txt", "", "cmake"),
        ("Cargo.toml", "[package]\nname = 'x'\n", "tests"),
    ] {
        assert!(suites_found(&[(name, text)]).contains(&format!("\n[suite.{suite}]\n")), "{name}");
    }
    for hostile in [("package.json", "["), ("Cargo.toml", "x"), ("README", "")] {
        assert_eq!(suites_found(&[hostile]), "");
    }
}

#[test]
fn init_writes_once_and_replaces_only_when_told() {
    let root = repository(&[("go.mod", "module x\n"), ("sub/x", "")]);
    insta::assert_snapshot!(tollgate(&root.path().join("sub"), &["init"]).1, @r"
        wrote tollgate.toml: what is measured, and what is allowed
        wrote .github/workflows/tollgate.yml: judges every pull request and merge group, and comments
        wrote .github/workflows/tollgate-comment.yml: comments on pull requests from forks, without running their code
          suite `go`: the time that Go's benchmarks take
        next: `tollgate check --list` shows what would be run, `tollgate check` runs it
        the workflows want to know where Tollgate is and which commit of it you trust: replace `OWNER/tollgate@0000000000000000000000000000000000000000`
        ");
    let written = std::fs::read_to_string(root.path().join("tollgate.toml")).unwrap();
    assert_eq!(check(&written).suites.len(), 1);
    std::fs::remove_file(root.path().join("tollgate.toml")).unwrap();
    let (code, text) = tollgate(root.path(), &["init"]);
    assert_eq!(code, Some(2));
    assert!(!root.path().join("tollgate.toml").exists(), "all files or none");
    insta::assert_snapshot!(text.replace(&root.path().display().to_string(), "ROOT"), @r"
        error: nothing written: write ROOT/.github/workflows/tollgate.yml (it is already there)
          hint: `--print` shows what would be written, `--force` replaces what is there
        ");
    assert_eq!(tollgate(root.path(), &["init", "--force"]).0, Some(0));
}

#[test]
fn init_writes_the_workflows_that_are_wanted() {
    let root = repository(&[]);
    let (code, text) = tollgate(root.path(), &["init", "--with", "baselines,commands", "--with", "selftest"]);
    assert_eq!(code, Some(0), "{text}");
    insta::assert_snapshot!(text, @r"
        wrote tollgate.toml: what is measured, and what is allowed
        wrote .github/workflows/tollgate.yml: judges every pull request and merge group, and comments
        wrote .github/workflows/tollgate-comment.yml: comments on pull requests from forks, without running their code
        wrote .github/workflows/tollgate-baselines.yml: measures the default and release branches, and opens a pull request with new baselines
        wrote .github/workflows/tollgate-commands.yml: answers `/tollgate` commands in comments of those who may push
        wrote .github/workflows/tollgate-selftest.yml: proves once a week that the gate can still go red
        no benchmarks were found: switch on one of the example suites in tollgate.toml, then run `tollgate check --list`
        the workflows want to know where Tollgate is and which commit of it you trust: replace `OWNER/tollgate@0000000000000000000000000000000000000000`
        ");
    for file in ["tollgate", "tollgate-comment", "tollgate-baselines", "tollgate-commands", "tollgate-selftest"] {
        let path = root.path().join(format!(".github/workflows/{file}.yml"));
        let workflow = std::fs::read_to_string(path).unwrap();
        assert!(workflow.contains(&format!("\nname: {file}\n")), "{file}");
        // No right for all jobs, no credential left in the checkout, and no expression where a shell would read it.
        for line in ["\npermissions: {}\n", "\n    permissions:\n", "uses: OWNER/tollgate@0000"] {
            assert!(workflow.contains(line), "{file}: {line}");
        }
        let count = |what: &str| workflow.matches(what).count();
        assert_eq!(count("uses: actions/checkout@"), count("persist-credentials: false\n"), "{file}");
        assert!(!workflow.lines().any(|line| line.trim_start().trim_start_matches("- ").starts_with("run:")), "{file}");
    }
    assert_eq!(tollgate(root.path(), &["init", "--with", "everything"]).0, Some(2));
    assert_eq!(tollgate(root.path(), &["init", "--with", "selftest", "--no-workflow"]).0, Some(2));
}

/// What runs with rights builds and runs nothing of a pull request.
#[test]
fn workflows_with_rights_check_out_the_default_branch_alone() {
    let root = repository(&[]);
    let (_, text) = tollgate(root.path(), &["init", "--print", "--with", "baselines,commands,selftest"]);
    let parts: Vec<&str> = text.split("# ==== ").collect();
    let privileged: Vec<&&str> =
        parts.iter().filter(|part| part.contains("\n  workflow_run:") || part.contains("\n  issue_comment:")).collect();
    assert_eq!(privileged.len(), 2);
    for workflow in privileged {
        for never in ["ref:", "pull_request_target", "command: check", "command: baseline-update"] {
            assert!(!workflow.contains(never), "{never}: {workflow}");
        }
    }
    assert!(!text.contains("pull_request_target"));
}

#[test]
fn the_schemas_are_printed() {
    let root = repository(&[]);
    for (of, schema) in [("config", schema::config()), ("waivers", schema::waivers())] {
        let (code, text) = tollgate(root.path(), &["schema", of]);
        assert_eq!((code, serde_json::from_str::<Value>(&text).unwrap()), (Some(0), schema));
    }
}
