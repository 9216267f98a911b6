//! What a check leaves for the runner: outputs that nothing can forge, commands that are only ours, a summary that loses no failing row.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::checks::project::{Checked, Project};

/// The bytes that GitHub takes for the summary of a step.
const SUMMARY_BYTES_MAX: usize = 1 << 20;

/// The files that the runner names, with what earlier steps wrote.
struct Files {
    output: PathBuf,
    summary: PathBuf,
}

impl Files {
    fn new(project: &Project) -> Self {
        let files =
            Self { output: project.repo.around().join("output"), summary: project.repo.around().join("summary.md") };
        std::fs::write(&files.output, "earlier=1\n").expect("the folder is writable");
        std::fs::write(&files.summary, "# Earlier\n").expect("the folder is writable");
        files
    }

    /// A check of the change by main, as a step.
    fn check(&self, project: &Project) -> Checked {
        let [output, summary] = [&self.output, &self.summary].map(|path| path.display().to_string());
        let step = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", "push"),
            ("GITHUB_OUTPUT", output.as_str()),
            ("GITHUB_STEP_SUMMARY", summary.as_str()),
            ("GITHUB_ENV", output.as_str()),
        ];
        project.check_with(&["--base", "main"], &step)
    }

    /// The outputs, read as the runner reads them.
    #[track_caller]
    fn outputs(&self) -> BTreeMap<String, String> {
        let text = std::fs::read_to_string(&self.output).expect("the outputs are there");
        let mut lines = text.lines();
        let mut found = BTreeMap::new();
        while let Some(line) = lines.next() {
            if let Some((name, value)) = line.split_once('=').filter(|(name, _)| !name.contains("<<")) {
                found.insert(name.to_owned(), value.to_owned());
                continue;
            }
            let (name, delimiter) = line.split_once("<<").expect("a line of a known form");
            let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
            found.insert(name.to_owned(), value.join("\n"));
        }
        found
    }
}

/// The commands that the runner obeys in a text, in both of the forms that it knows.
fn obeyed(text: &str) -> Vec<String> {
    let mut stopped: Option<String> = None;
    let mut obeyed = Vec::new();
    for line in text.split(['\n', '\r']) {
        let command = line.trim_start().strip_prefix("::").filter(|rest| rest.contains("::"));
        if let Some(token) = &stopped {
            if command == Some(&format!("{token}::")) {
                stopped = None;
            }
        } else if let Some(token) = command.and_then(|command| command.strip_prefix("stop-commands::")) {
            stopped = Some(token.to_owned());
        } else if command.is_some() || line.contains("##[") {
            obeyed.push(line.to_owned());
        }
    }
    assert_eq!(stopped, None, "commands stay stopped for the steps after this one");
    obeyed
}

#[test]
fn outputs_say_the_verdict_the_counts_and_where_the_reports_are() {
    let project = Project::new();
    project.change("benchmarks.txt", "search 300", "search 330");
    let files = Files::new(&project);
    files.check(&project).ends(10, &[]);
    let outputs = files.outputs();
    for (name, value) in [
        ("earlier", "1"),
        ("verdict", "regressed"),
        ("exit-code", "10"),
        ("metrics", "4"),
        ("regressions", "1"),
        ("over-budget", "0"),
        ("improvements", "0"),
        ("inconclusive", "0"),
        ("unchanged", "3"),
    ] {
        assert_eq!(outputs.get(name).map(String::as_str), Some(value), "{name}");
    }
    for (name, file) in [("report", "report.md"), ("json", "judgement.json"), ("html", "report.html")] {
        let path = PathBuf::from(&outputs[name]);
        assert!(path.is_absolute() && path.is_file() && path.ends_with(file), "{}", path.display());
    }
}

#[test]
fn what_is_measured_cannot_write_outputs() {
    let project = Project::new();
    let bench = project.repo.read("bench.sh");
    let forge = "for file in \"$GITHUB_OUTPUT\" \"$GITHUB_ENV\" \"$GITHUB_STEP_SUMMARY\"; do [ -z \"$file\" ] || echo verdict=forged >> \"$file\"; done\n";
    project.commit("bench.sh", format!("{forge}{bench}"));
    project.land();
    project.commit("README.md", "words");
    let files = Files::new(&project);
    files.check(&project).ends(0, &[]);
    assert_eq!(files.outputs()["verdict"], "pass");
    for file in [&files.output, &files.summary] {
        assert!(!std::fs::read_to_string(file).expect("it is there").contains("forged"));
    }
}

#[test]
fn files_that_cannot_be_written_change_no_verdict() {
    let project = Project::new();
    project.commit("README.md", "words");
    let nowhere = project.repo.around().join("no/such/folder/file").display().to_string();
    let step = [("GITHUB_ACTIONS", "true"), ("GITHUB_OUTPUT", &*nowhere), ("GITHUB_STEP_SUMMARY", &*nowhere)];
    let checked = project.check_with(&["--base", "main"], &step);
    checked.ends(0, &["the outputs of this step cannot be written", "the summary of this step cannot be written"]);
}

#[test]
fn no_command_of_a_hostile_benchmark_is_obeyed() {
    let project = Project::with("[gate]\nmissing = \"warn\"\n");
    // It fails in head, with commands on both streams, in both forms, after line ends of each kind.
    let commands = "::add-mask::a\\n::set-output name=verdict::pass\\n  ::error::owned\\r::stop-commands::x\\n##[add-mask]b\\nx ##[error]c\\n";
    project.commit("bench.sh", format!("printf '{commands}'; printf '{commands}' >&2; exit 1"));
    let files = Files::new(&project);
    let checked = files.check(&project);
    checked.ends(6, &["add-mask"]);
    for text in [&checked.stdout, &checked.stderr] {
        for command in obeyed(text) {
            let ours = command.starts_with("::error title=Not measured::") || command.starts_with("::warning title=");
            assert!(ours, "a command that is not ours: {command}");
        }
    }
    assert!(!obeyed(&checked.stdout).is_empty(), "our own annotations are obeyed:\n{}", checked.stdout);
    assert_eq!(files.outputs()["verdict"], "broken");
}

#[test]
fn no_command_in_a_hostile_name_is_obeyed() {
    let program = |value: u32| {
        let names = ["::error::owned", "x ##[add-mask]y", "\\n::add-mask::z", "::tollgate-0::"];
        let entry = |name: &&str| {
            format!(
                r#"{{"name":"{name}","metrics":[{{"name":"size","unit":"B","better":"lower","exact":true,"samples":[{value}]}}]}}"#
            )
        };
        format!(
            "cat <<'END'\n{{\"schema\":1,\"benchmarks\":[{}]}}\nEND\n",
            names.iter().map(entry).collect::<Vec<_>>().join(",")
        )
    };
    let project = Project::new();
    project.commit("bench.sh", program(1000));
    project.land();
    project.commit("bench.sh", program(2000));
    let checked = Files::new(&project).check(&project);
    checked.ends(10, &["4 regressions"]);
    let obeyed = [obeyed(&checked.stdout), obeyed(&checked.stderr)].concat();
    assert_eq!(obeyed.len(), 4, "{obeyed:#?}");
    assert!(obeyed.iter().all(|command| command.starts_with("::error title=PERF-")), "{obeyed:#?}");
}

/// A project in which the change makes many exact benchmarks worse.
fn many(benchmarks: usize) -> Project {
    let program = |value: u32| {
        let entry = |at: usize| {
            format!(
                r#"{{"name":"benchmark number {at}","metrics":[{{"name":"size","unit":"B","better":"lower","exact":true,"samples":[{value}]}}]}}"#
            )
        };
        let entries: Vec<String> = (0..benchmarks).map(entry).collect();
        format!("cat <<'END'\n{{\"schema\":1,\"benchmarks\":[{}]}}\nEND\n", entries.join(","))
    };
    let project = Project::new();
    project.commit("bench.sh", program(1000));
    project.land();
    project.commit("bench.sh", program(2000));
    project
}

#[test]
fn a_summary_with_little_room_gets_a_smaller_report_and_a_full_one_is_said() {
    let project = many(60);
    let files = Files::new(&project);
    // In bytes of more than one a character, as GitHub counts.
    let earlier = "é".repeat((SUMMARY_BYTES_MAX - 6000) / 2);
    std::fs::write(&files.summary, &earlier).expect("the folder is writable");
    let checked = files.check(&project);
    checked.ends(10, &["60 regressions"]);
    let summary = std::fs::read_to_string(&files.summary).expect("it is there");
    assert!(summary.len() <= SUMMARY_BYTES_MAX, "{} bytes", summary.len());
    let ours = summary.strip_prefix(&earlier).expect("what was there stays");
    assert!(ours.contains("Tollgate: 60 regressions"), "{ours}");
    let rows = ours.lines().filter(|line| line.starts_with("| 🔴")).count();
    assert!(rows < 60 && ours.contains(&format!("{} more checks that fail", 60 - rows)), "{rows} rows:\n{ours}");
    // The log has ten annotations, the tenth with the count of those that are left out.
    assert_eq!(obeyed(&checked.stdout).len(), 10);
    checked.ends(10, &["::error title=Tollgate::and 51 more errors that are in the report"]);

    std::fs::write(&files.summary, "x".repeat(SUMMARY_BYTES_MAX - 10)).expect("the folder is writable");
    files.check(&project).ends(10, &["the summary of this step cannot be written (earlier output has filled it)"]);
    assert_eq!(std::fs::read(&files.summary).expect("it is there").len(), SUMMARY_BYTES_MAX - 10);
}
