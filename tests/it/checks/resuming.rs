//! Ended from outside: nothing goes on, nothing that was measured is lost, and one gate at a time is at work.
#![cfg(unix)]

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::project::{BENCH, Checked, Project};
use crate::harness::Output;

/// In round 5 of head it says so in the pipe `$HOLD`, and hangs with a child of its own. Each run leaves a line in `$LOG`.
const HELD: &str = r#"
if [ -n "$LOG" ]; then echo run >> "$LOG"; fi
"#;
const HOLD: &str = r#"
case $PWD in */head) if [ $n = 5 ] && [ -n "$HOLD" ]; then echo hold > "$HOLD"; sleep 1000 & wait; fi ;; esac
"#;

/// A project with a slower benchmark, whose fifth round in head can be held.
fn held() -> Project {
    let project = Project::new();
    project.commit("bench.sh", format!("{HELD}{}", BENCH.replace("case $PWD", &format!("{}\ncase $PWD", HOLD.trim()))));
    project.land();
    project.change("benchmarks.txt", "search 300", "search 330");
    let pipe = project.repo.around().join("hold");
    let made = project.repo.run(project.repo.command("mkfifo", project.repo.around()).arg(&pipe));
    assert_eq!(made.status, 0, "{}", made.stderr);
    project
}

fn pipe(project: &Project) -> PathBuf {
    project.repo.around().join("hold")
}

/// Starts a check and waits until it is held in its fifth round.
fn start(project: &Project) -> Child {
    let child = project
        .repo
        .command(env!("CARGO_BIN_EXE_tollgate"), project.repo.root())
        .args(["check"])
        .env("HOLD", pipe(project))
        .envs([("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "schedule")])
        .env("GITHUB_OUTPUT", project.repo.around().join("outputs"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tollgate starts");
    let mut word = String::new();
    File::open(pipe(project)).and_then(|mut pipe| pipe.read_to_string(&mut word)).expect("the benchmark says so");
    assert_eq!(word, "hold\n");
    child
}

fn signal(project: &Project, child: &Child, name: &str) {
    let sent =
        project.repo.run(project.repo.command("kill", project.repo.root()).args([name, &child.id().to_string()]));
    assert_eq!(sent.status, 0, "{}", sent.stderr);
}

fn end(project: &Project, child: Child) -> Checked {
    let output = child.wait_with_output().expect("it ends");
    project.checked(Output {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// The rounds that a check ran itself, in both arms.
fn runs(project: &Project, arguments: &[&str]) -> (Checked, usize) {
    let log = project.repo.around().join("log");
    let _none_yet = std::fs::remove_file(&log);
    let checked = project.check_with(arguments, &[("LOG", log.to_str().expect("a plain path"))]);
    let lines = std::fs::read_to_string(log).map_or(0, |text| text.lines().count());
    (checked, lines)
}

#[test]
fn an_interrupted_check_keeps_its_rounds_and_goes_on_with_them() {
    let project = held();
    let state = project.state();
    let child = start(&project);
    signal(&project, &child, "-INT");
    let checked = end(&project, child);
    checked.ends(130, &["what was measured is kept: `tollgate check --resume` goes on", "interrupted"]);
    assert_eq!(project.processes(), Vec::<String>::new());
    assert_eq!(project.state(), state);
    assert!(project.report("report.md").contains("interrupted"));

    let (checked, lines) = runs(&project, &["--resume"]);
    checked.ends(10, &["going on after 4 measured pairs", "`core/search` is"]);
    assert_eq!(
        lines,
        2 * (26 - 4) + 2 * (10 - 4),
        "the four recorded rounds are not run again, nor the canary in them"
    );
    assert_eq!(checked.rows(), ["search:time regressed fail-regressed"]);
    project.check(&["--resume"]).ends(2, &["no verdict", "an interrupted run"]);
}

#[test]
fn a_check_without_resume_starts_anew() {
    let project = held();
    let child = start(&project);
    signal(&project, &child, "-TERM");
    end(&project, child).ends(130, &["interrupted"]);
    let outputs = std::fs::read_to_string(project.repo.around().join("outputs")).expect("a step leaves outputs");
    assert!(outputs.contains("\ninterrupted\n") && outputs.contains("\n130\n"), "{outputs}");
    let (checked, lines) = runs(&project, &[]);
    checked.ends(10, &[]);
    assert_eq!(lines, 2 * 26 + 20, "both arms in each round, and the canary twice in the first ten");
}

#[test]
fn rounds_of_another_head_are_not_gone_on_with_and_nothing_is_built_for_it() {
    let project = held();
    let child = start(&project);
    signal(&project, &child, "-INT");
    end(&project, child).ends(130, &[]);
    project.commit("README.md", "words");
    let refused = project.check(&["--resume"]);
    refused.ends(2, &["base, head, the plan or the seed changed since"]);
    assert!(!refused.stderr.contains("checking out") && !refused.stderr.contains("building"), "{}", refused.stderr);
}

#[test]
fn a_check_that_was_killed_leaves_no_process_and_can_be_gone_on_with() {
    let project = held();
    let mut child = start(&project);
    signal(&project, &child, "-KILL");
    child.wait().expect("it is gone");
    // What it measured ends by itself once it notices.
    let asked = Instant::now();
    while !project.processes().is_empty() && asked.elapsed() < Duration::from_secs(20) {
        std::thread::yield_now();
    }
    assert_eq!(project.processes(), Vec::<String>::new());

    let (checked, lines) = runs(&project, &["--resume"]);
    checked.ends(10, &["going on after 4 measured pairs"]);
    assert_eq!(lines, 2 * (26 - 4) + 2 * (10 - 4));
}

#[test]
fn a_second_check_says_which_process_is_at_work_and_disturbs_nothing() {
    let project = held();
    let child = start(&project);
    let second = project.repo.tollgate(&["check"]);
    assert_eq!(second.status, 2, "{}", second.stderr);
    let expected = format!("process {} is at work in this repository", child.id());
    assert!(second.stderr.contains(&expected) && second.stderr.contains("wait for it to end"), "{}", second.stderr);
    signal(&project, &child, "-INT");
    end(&project, child).ends(130, &[]);
    project.check(&["--resume"]).ends(10, &["going on after 4 measured pairs"]);
}

#[test]
fn a_check_that_is_stopped_while_it_builds_measures_nothing() {
    let project = held();
    project.change("tollgate.toml", "timeout", "build = [\"sh\", \"build.sh\"]\ntimeout");
    project.commit("build.sh", "if [ -n \"$HOLD\" ]; then echo hold > \"$HOLD\"; sleep 1000 & wait; fi");
    let child = start(&project);
    signal(&project, &child, "-INT");
    end(&project, child).ends(130, &["interrupted while building"]);
    assert_eq!(project.processes(), Vec::<String>::new());
}
