//! A small project with a suite of made-up times, and the gate run in it. Every run is also held to leave nothing behind.
#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::path::PathBuf;

use serde_json::Value;

use crate::harness::{Output, TestRepo};

/// Prints the open format: a time for each line of `benchmarks.txt`, with a noise of half a percent from a counter, in shell alone. The
/// counter goes on from round to round, so that a run is the same each time.
pub(crate) const BENCH: &str = r#"
n=0
[ -f .round ] && read -r n < .round
n=$((n + 1))
echo $n > .round
case $PWD in */base) x=$((n * 2)) ;; *) x=$((n * 2 + 1)) ;; esac
between=
printf '{"schema":1,"benchmarks":['
while read -r name value; do
  x=$(((x * 1103515245 + 12345) & 2147483647))
  x=$(((x * 1103515245 + 12345) & 2147483647))
  printf '%s{"name":"%s","metrics":[{"name":"time","unit":"us","samples":[%s]}]}' \
    "$between" "$name" $((value * (1000 + (x >> 16) % 11 - 5)))
  between=,
done < benchmarks.txt
printf ']}'
"#;

/// The suite of the project.
pub(crate) const CONFIG: &str = "[suite.core]\nadapter = \"json\"\nrun = [\"sh\", \"bench.sh\"]\ntimeout = \"20 s\"\n";

/// What the project measures, in milliseconds.
pub(crate) const BENCHMARKS: &str = "parse 100\nrender 200\nsearch 300\nwrite 400\n";

/// A repository with the suite on `main`, on a branch `change`.
#[derive(Debug)]
pub(crate) struct Project {
    /// The repository.
    pub(crate) repo: TestRepo,
}

/// How a check ended, with what it wrote.
#[derive(Debug)]
pub(crate) struct Checked {
    /// Exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
    /// The judgement on disk; null where there is none.
    pub(crate) judgement: Value,
}

impl Project {
    /// With further lines in the config.
    pub(crate) fn with(config: &str) -> Self {
        let repo = TestRepo::new();
        repo.write("bench.sh", BENCH);
        repo.write("benchmarks.txt", BENCHMARKS);
        repo.write("tollgate.toml", format!("{CONFIG}{config}"));
        repo.commit("A program");
        repo.branch("change");
        Self { repo }
    }

    /// With nothing but the suite.
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// Commits a change of one file: every occurrence of a text becomes another.
    #[track_caller]
    pub(crate) fn change(&self, file: &str, from: &str, to: &str) {
        let text = self.repo.read(file);
        assert!(text.contains(from), "{file} does not hold {from:?}");
        self.repo.write(file, text.replace(from, to));
        self.repo.commit(&format!("Change {file}"));
    }

    /// Commits a file.
    pub(crate) fn commit(&self, file: &str, text: impl AsRef<[u8]>) {
        self.repo.write(file, text);
        self.repo.commit(&format!("Write {file}"));
    }

    /// Makes base what head is now.
    pub(crate) fn land(&self) {
        self.repo.git(&["branch", "--quiet", "--force", "main", "HEAD"]);
    }

    /// Runs `tollgate check`, and requires that the user's repository is as before and that no process stays.
    #[track_caller]
    pub(crate) fn check(&self, arguments: &[&str]) -> Checked {
        self.check_with(arguments, &[])
    }

    /// The same with environment variables.
    #[track_caller]
    pub(crate) fn check_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Checked {
        let before = self.state();
        let all: Vec<&str> = ["check"].iter().chain(arguments).copied().collect();
        let output = self.repo.tollgate_with(&all, environment);
        let checked = self.checked(output);
        assert_eq!(self.state(), before, "the repository is not what it was:\n{}", checked.stderr);
        assert_eq!(self.processes(), Vec::<String>::new(), "processes stayed:\n{}", checked.stderr);
        checked
    }

    /// What an ended check wrote.
    pub(crate) fn checked(&self, output: Output) -> Checked {
        let judgement = std::fs::read(self.path(".tollgate/report/judgement.json")).unwrap_or_default();
        Checked {
            code: output.status,
            stdout: output.stdout,
            stderr: output.stderr,
            judgement: serde_json::from_slice(&judgement).unwrap_or_default(),
        }
    }

    /// The user's side of the repository: branch, references, index, work tree, config.
    pub(crate) fn state(&self) -> [String; 4] {
        [
            self.repo.git(&["status", "--porcelain=v1", "--branch", "--untracked-files=all"]),
            self.repo.git(&["for-each-ref"]),
            self.repo.git(&["diff", "HEAD"]),
            self.repo.git(&["config", "--list", "--local"]),
        ]
    }

    /// Processes that work in the folder of the test.
    pub(crate) fn processes(&self) -> Vec<String> {
        let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
        let ours = |process: &std::fs::DirEntry| {
            let folder = std::fs::read_link(process.path().join("cwd")).ok()?;
            let command = std::fs::read(process.path().join("cmdline")).ok()?;
            let inside = folder.starts_with(self.repo.around()) && !command.is_empty();
            inside.then(|| String::from_utf8_lossy(&command).replace('\0', " "))
        };
        processes.filter_map(|process| ours(&process.ok()?)).collect()
    }

    /// A path in the repository.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.repo.root().join(path)
    }

    /// A report on disk.
    #[track_caller]
    pub(crate) fn report(&self, name: &str) -> String {
        self.repo.read(&format!(".tollgate/report/{name}"))
    }
}

impl Checked {
    /// Requires an exit code and parts of the text on standard output and error; shows all of it where one is not there.
    #[track_caller]
    pub(crate) fn ends(&self, code: i32, parts: &[&str]) -> &Self {
        let text = format!("{}{}", self.stdout, self.stderr);
        assert_eq!(self.code, code, "another exit code:\n{text}");
        // Lines are wrapped for the terminal.
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in parts {
            assert!(flat.contains(part), "{part:?} is not said:\n{text}");
        }
        self
    }

    /// The rows that are not unchanged, as `benchmark:metric verdict outcome`.
    #[track_caller]
    pub(crate) fn rows(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned();
        let rows = self.judgement["rows"].as_array().expect("a judgement has rows");
        rows.iter()
            .filter(|row| row["verdict"]["kind"] != "unchanged" || row["outcome"] != "pass")
            .map(|row| {
                let id = &row["id"];
                let name = format!("{}:{}", text(&id["benchmark"]), text(&id["metric"]));
                format!("{name} {} {}", text(&row["verdict"]["kind"]), text(&row["outcome"]))
            })
            .collect()
    }
}
