//! `tollgate check` with a scenario, from one end to the other: what a slower route, a service that breaks and an interrupted run come to.
#![cfg(unix)]

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::checks::project::Project;
use crate::harness::{TestRepo, served};
use crate::processes::gone;

/// A reply takes 100 ms: a generator that has to share the machine with other tests is not late for a tenth of that.
const BASE: &str = "delay-us=100000";

/// The service is told by the file `words` what to do; whoever wants to know gets its number in `$TELL`.
pub(super) const CONFIG: &str = r#"
[service.web]
start = ["sh", "serve.sh", "{port}"]
ready = "/"
ready-within = "2 s"
log-limit = "1 MiB"

[scenario.home]
service = "web"
rate = "200/s"
warm-up = "100 ms"
duration = "300 ms"
path = "/"
"#;

/// A project with a scenario on `main`, on a branch `change`.
pub(super) fn project(config: &str) -> Project {
    let repo = TestRepo::new();
    repo.write("tollgate.toml", config);
    repo.write(
        "serve.sh",
        format!("[ -n \"$TELL\" ] && echo $$ >> \"$TELL\"\nexec '{}' port=$1 $(cat words)\n", served()),
    );
    repo.write("words", BASE);
    repo.commit("A service");
    repo.branch("change");
    Project { repo }
}

/// The check of a head whose service is told this.
#[track_caller]
fn told(words: &str) -> crate::checks::project::Checked {
    let project = project(CONFIG);
    project.commit("words", words);
    project.check(&["--max-rounds", "10"])
}

#[test]
fn a_slower_route_is_a_regression_of_its_latency() {
    let checked = told(&format!("{BASE} slow-path=/ slow-ms=100"));
    checked.ends(10, &["`home/GET /` is", "slower than base in `latency-p95`"]);
}

#[test]
fn a_service_that_dies_under_load_breaks_the_run_with_its_last_words() {
    let checked = told("die-after=30");
    let said = "failed on head: keep service `web` running (ended by signal 6 under load)";
    checked.ends(6, &["no verdict", said, "served: out of luck at request 30"]);
    assert_eq!(checked.stdout.matches("out of luck").count(), 1, "each round says the same:\n{}", checked.stdout);
}

#[test]
fn a_service_that_cannot_be_used_breaks_the_run() {
    told("never-ready=1").ends(6, &["start service `web` (not ready within 2 s: no connection to 127.0.0.1:"]);
    told("exit-at-once=1").ends(6, &["exit status 7 before it was ready", "served: cannot open its database"]);
    told("log-mib=200").ends(6, &["keep service `web` within its log (more than 1048576 bytes of output)"]);
}

#[test]
fn a_service_that_does_not_build_is_said() {
    let project = project(&CONFIG.replace("ready = ", "build = [\"sh\", \"build.sh\"]\nready = "));
    project.commit("build.sh", "true");
    project.land();
    project.commit("build.sh", "echo 'no compiler' >&2; exit 1");
    project.check(&[]).ends(6, &["could not be built on head", "sh build.sh", "no compiler"]);
}

/// Starts a check; its service leaves its number in the file `pids`.
fn start(project: &Project) -> Child {
    let mut check = project.repo.command(env!("CARGO_BIN_EXE_tollgate"), project.repo.root());
    check.arg("check").env("TELL", project.repo.around().join("pids")).stdout(Stdio::piped()).stderr(Stdio::piped());
    check.spawn().expect("tollgate starts")
}

/// The number of the service, once it runs.
fn service_of(project: &Project) -> String {
    let began = Instant::now();
    loop {
        let pids = std::fs::read_to_string(project.repo.around().join("pids")).unwrap_or_default();
        if pids.ends_with('\n') {
            return pids;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "the service does not start");
        std::thread::yield_now();
    }
}

fn signal(name: &str, process: &Child) {
    let sent = std::process::Command::new("kill").args([name, &process.id().to_string()]).status();
    assert!(sent.expect("`kill` is there").success());
}

#[test]
fn an_interrupted_run_says_so_at_once_and_leaves_nothing() {
    let project = project(&CONFIG.replace("300 ms", "5 min"));
    project.commit("words", format!("{BASE} fork=1"));
    let check = start(&project);
    let pids = service_of(&project);
    signal("-INT", &check);
    let asked = Instant::now();
    let output = check.wait_with_output().expect("it ends");
    assert!(asked.elapsed() < Duration::from_mins(1), "{:?}", asked.elapsed());
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("interrupted"), "{said}");
    assert!(gone(&pids), "{pids}");
    assert_eq!(project.processes(), Vec::<String>::new(), "{said}");
}

#[test]
fn a_killed_run_leaves_nothing() {
    let project = project(&CONFIG.replace("300 ms", "5 min"));
    project.commit("words", format!("{BASE} fork=1 ignore-term=1"));
    let mut check = start(&project);
    let pids = service_of(&project);
    signal("-KILL", &check);
    check.wait().expect("it ends");
    assert!(gone(&pids), "{pids}");
    let began = Instant::now();
    while !project.processes().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", project.processes());
        std::thread::yield_now();
    }
}

#[test]
fn the_same_program_in_both_arms_needs_no_load() {
    let project = project(&CONFIG.replace("[\"sh\", \"serve.sh\", \"{port}\"]", "[\"./served\", \"port={port}\"]"));
    std::fs::copy(served(), project.repo.root().join("served")).expect("a folder to copy to");
    project.repo.commit("The program");
    project.land();
    project.commit("README.md", "Words.");
    project.check(&[]).ends(0, &["1 benchmark passes by proof"]);
}

/// A service that runs already, and the scenario that goes to it.
struct Elsewhere {
    served: Child,
    config: String,
}

impl Elsewhere {
    fn start() -> Self {
        let mut served = std::process::Command::new(served());
        let mut served = served.args(["port=0", BASE]).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        let out = served.stdout.take().expect("a pipe");
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).expect("it says where it is");
        let port = line.trim().rsplit(' ').next().expect("a port");
        let config = CONFIG.replace("service = \"web\"", &format!("url = \"http://127.0.0.1:{port}\""));
        let config = config.split_once("[scenario").map(|(_, rest)| format!("[scenario{rest}")).expect("a scenario");
        Self { served, config }
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.served.kill().and_then(|()| self.served.wait()).expect("it is there and ends");
    }
}

#[test]
fn what_runs_elsewhere_is_measured_once_and_held_against_its_budget() {
    let elsewhere = Elsewhere::start();
    let checked = |limit: Option<&str>| {
        let budget = limit.map_or_else(String::new, |limit| {
            format!("[[budget]]\nbenchmark = \"home/*\"\nmetric = \"latency-p50\"\ncritical = \"{limit}\"\n")
        });
        let project = project(&format!("{}{budget}", elsewhere.config));
        project.repo.commit("Empty");
        assert!(project.repo.tollgate(&["check", "--list"]).stdout.contains("home: head (stored runs"));
        project.check(&["--max-rounds", "10"])
    };
    checked(Some("1 ms")).ends(11, &["over its critical budget of 1 ms"]);
    let kept = "no critical budget is missed in 1 benchmark, and nothing was compared with a base";
    checked(Some("10 s")).ends(0, &[kept]);
    // Without a stored run and without a budget there is nothing to judge by, and that is not green.
    checked(None).ends(4, &["there is no stored baseline"]);
}

#[test]
fn stored_runs_of_another_load_block_until_new_ones_are_stored() {
    let elsewhere = Elsewhere::start();
    let project = project(&elsewhere.config);
    let checked = || {
        project.repo.commit("Empty");
        project.check(&["--max-rounds", "10"])
    };
    let store = || {
        let output = project.repo.tollgate(&["baseline", "update"]);
        assert_eq!(output.status, 0, "{}", output.stderr);
        project.repo.commit("Store a run");
        project.land();
        checked()
    };
    let first = store();
    assert!(first.code != 5 && !first.stdout.contains("another load"), "{}", first.stdout);
    project.commit("tollgate.toml", elsewhere.config.replace("200/s", "250/s"));
    project.land();
    checked().ends(5, &["the stored runs are of another load: `level` is `200/s` there, `250/s` here"]);
    let again = store();
    assert!(again.code != 5 && !again.stdout.contains("another load"), "{}", again.stdout);
}
