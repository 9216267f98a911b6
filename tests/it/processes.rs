//! A measured process: how it ended, what it used, and that nothing of it stays behind.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use tollgate::measure::process::{Finished, ProcessError, ProcessSpec, run, run_to_success};
use tollgate::measure::stop::Stop;
use tollgate::measure::surroundings::Surroundings;

fn surroundings() -> Surroundings {
    let path = std::env::var("PATH").expect("tests run with a PATH");
    Surroundings {
        tollgate: PathBuf::from(env!("CARGO_BIN_EXE_tollgate")),
        environment: BTreeMap::from([("PATH".to_owned(), path)]),
        stop: Stop::new(),
    }
}

fn spec(directory: &Path, command: &[&str]) -> ProcessSpec {
    ProcessSpec {
        command: command.iter().map(|&word| word.to_owned()).collect(),
        directory: directory.to_owned(),
        environment: BTreeMap::new(),
        timeout: Duration::from_secs(120),
    }
}

fn shell(script: &str) -> Result<Finished, ProcessError> {
    let folder = tempfile::tempdir().unwrap();
    run(&spec(folder.path(), &["sh", "-c", script]), &surroundings())
}

/// Whether a process is there and runs: a zombie that nobody has reaped yet does not.
fn runs(pid: &str) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", pid.trim()]).output().unwrap();
    let state = String::from_utf8_lossy(&state.stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

/// Waits until the process is gone: it was sent its end before `run` returned, and the kernel carries it out at once.
fn gone(pid: &str) -> bool {
    let asked = Instant::now();
    while runs(pid) {
        if asked.elapsed() > Duration::from_secs(10) {
            return false;
        }
    }
    true
}

#[test]
fn the_exit_status_and_the_signal_are_told_apart() {
    let finished = shell("exit 7").unwrap();
    assert_eq!((finished.status, finished.signal), (Some(7), None));
    let finished = shell("kill -9 $$").unwrap();
    assert_eq!((finished.status, finished.signal), (None, Some(9)));
}

#[test]
fn a_run_that_must_succeed_says_how_it_failed_and_shows_its_last_lines() {
    let folder = tempfile::tempdir().unwrap();
    let failing = spec(folder.path(), &["sh", "-c", "echo out; echo 'no such table' >&2; exit 3"]);
    let error = run_to_success(&failing, &surroundings()).unwrap_err();
    assert_eq!(error.to_string(), "run `sh -c 'echo out; echo '\\''no such table'\\'' >&2; exit 3'` (exit status 3)");
    assert_eq!(error.tail(), "out\nno such table");
}

#[test]
fn a_program_that_is_not_there_or_not_executable_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = run(&spec(folder.path(), &["no-such-program", "-x"]), &surroundings()).unwrap_err();
    assert_eq!(error.to_string(), "run `no-such-program -x` (`no-such-program` not found)");
    assert!(error.hint().unwrap().contains("install `no-such-program`"));
    std::fs::write(folder.path().join("data"), "x").unwrap();
    let error = run(&spec(folder.path(), &["./data"]), &surroundings()).unwrap_err();
    assert_eq!(error.to_string(), "run `./data` (`./data` is not executable)");
    let error = run(&spec(&folder.path().join("gone"), &["true"]), &surroundings()).unwrap_err();
    assert!(matches!(error, ProcessError::Start { .. }), "{error:?}");
}

#[test]
fn too_long_a_run_is_ended_with_its_grandchildren() {
    let folder = tempfile::tempdir().unwrap();
    let script = "sleep 1000 & echo $! > pid; wait";
    let slow = ProcessSpec { timeout: Duration::from_secs(1), ..spec(folder.path(), &["sh", "-c", script]) };
    let error = run(&slow, &surroundings()).unwrap_err();
    assert!(matches!(error, ProcessError::TimedOut { limit_s: 1, .. }), "{error:?}");
    assert!(gone(&std::fs::read_to_string(folder.path().join("pid")).unwrap()));
}

#[test]
fn a_run_that_ignores_the_request_to_end_is_made_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let script = "trap '' TERM; echo $$ > pid; while :; do sleep 1000; done";
    let deaf = ProcessSpec { timeout: Duration::from_secs(1), ..spec(folder.path(), &["sh", "-c", script]) };
    let started = Instant::now();
    assert!(matches!(run(&deaf, &surroundings()), Err(ProcessError::TimedOut { .. })));
    assert!(started.elapsed() < Duration::from_secs(30));
    assert!(gone(&std::fs::read_to_string(folder.path().join("pid")).unwrap()));
}

#[test]
fn a_run_may_clean_up_when_it_is_asked_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let script = "trap 'echo cleaned > done; exit 0' TERM; sleep 1000 & wait";
    let tidy = ProcessSpec { timeout: Duration::from_secs(1), ..spec(folder.path(), &["sh", "-c", script]) };
    assert!(run(&tidy, &surroundings()).is_err());
    assert_eq!(std::fs::read_to_string(folder.path().join("done")).unwrap(), "cleaned\n");
}

#[test]
fn the_users_wish_to_stop_ends_a_run_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let surroundings = surroundings();
    let stop = surroundings.stop.clone();
    let pid = folder.path().join("pid");
    let command = spec(folder.path(), &["sh", "-c", "echo $$ > pid; exec sleep 1000"]);
    let (sender, result) = channel();
    let worker = std::thread::spawn(move || sender.send(run(&command, &surroundings)).unwrap());
    while std::fs::read_to_string(&pid).unwrap_or_default().is_empty() {
        std::thread::yield_now();
    }
    stop.set();
    assert!(matches!(result.recv_timeout(Duration::from_secs(30)), Ok(Err(ProcessError::Stopped))));
    worker.join().unwrap();
    assert!(gone(&std::fs::read_to_string(&pid).unwrap()));
}

#[test]
fn nothing_is_started_once_the_user_wants_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let surroundings = surroundings();
    surroundings.stop.set();
    let error = run(&spec(folder.path(), &["touch", "started"]), &surroundings).unwrap_err();
    assert!(matches!(error, ProcessError::Stopped));
    assert!(!folder.path().join("started").exists());
}

#[test]
fn a_background_process_that_holds_the_output_does_not_hold_us() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = spec(folder.path(), &["sh", "-c", "sleep 1000 & echo $! > pid; echo done"]);
    let started = Instant::now();
    let finished = run(&daemon, &surroundings()).unwrap();
    assert_eq!((finished.status, finished.stdout.as_slice()), (Some(0), b"done\n".as_slice()));
    assert!(started.elapsed() < Duration::from_secs(30));
    assert!(gone(&std::fs::read_to_string(folder.path().join("pid")).unwrap()));
}

#[test]
fn an_endless_output_is_counted_and_kept_up_to_a_limit() {
    let finished = shell("head -c 104857600 /dev/zero; echo end").unwrap();
    assert_eq!(finished.stdout_bytes, 104_857_604);
    assert_eq!(finished.stdout.len(), 64 << 20);
    assert!(finished.tail.ends_with("end") && finished.tail.len() < 64 << 10);
}

#[test]
fn output_in_no_encoding_is_kept_as_it_is_and_shown_with_marks() {
    let finished = shell(r"printf '\377\376a\033[2J'; printf 'b\n' >&2").unwrap();
    assert_eq!(finished.stdout, b"\xff\xfea\x1b[2J");
    assert_eq!(finished.tail, "\u{fffd}\u{fffd}a\u{fffd}[2J\nb");
}

#[test]
fn the_child_gets_the_given_environment_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = spec(folder.path(), &["env"]);
    command.environment.insert("SIZE".to_owned(), "10".to_owned());
    let finished = run(&command, &surroundings()).unwrap();
    let names: Vec<String> = String::from_utf8(finished.stdout)
        .unwrap()
        .lines()
        .filter_map(|l| Some(l.split_once('=')?.0.to_owned()))
        .collect();
    assert_eq!(names, ["PATH", "SIZE"]);
}

#[test]
fn time_and_memory_are_those_of_the_program_alone() {
    // A large parent: what a child inherits from it must not show.
    let ballast: Vec<u8> = (0..200 << 20).map(|byte: u32| byte.to_le_bytes()[0]).collect();
    let idle = shell("sleep 0.2").unwrap();
    assert!(idle.wall_s >= 0.2 && idle.user_s + idle.system_s < 0.2, "{idle:?}");
    assert!(idle.peak_rss_bytes > 0 && idle.peak_rss_bytes < 64 << 20, "{} bytes", idle.peak_rss_bytes);
    let busy = shell("exec dd if=/dev/zero of=/dev/null bs=104857600 count=1 2>&1").unwrap();
    let extra = busy.peak_rss_bytes.saturating_sub(104_857_600);
    assert!(busy.peak_rss_bytes >= 104_857_600 && extra < 32 << 20, "{} bytes", busy.peak_rss_bytes);
    assert_eq!(ballast.len(), 200 << 20);
}
