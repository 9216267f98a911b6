//! A measured process: how it ended, what it used, and that nothing of it stays behind.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use tollgate::measure::host::environment;
use tollgate::measure::process::{Finished, ProcessError, ProcessSpec, run, run_to_success};
use tollgate::measure::stop::Stop;
use tollgate::measure::surroundings::Surroundings;

/// Surroundings with nothing but a PATH.
pub(crate) fn surroundings() -> Surroundings {
    let path = std::env::var("PATH").expect("tests run with a PATH");
    Surroundings {
        tollgate: PathBuf::from(env!("CARGO_BIN_EXE_tollgate")),
        environment: BTreeMap::from([("PATH".to_owned(), path)]),
        stop: Stop::new(),
        delay: Duration::ZERO,
    }
}

fn spec(directory: &Path, command: &[&str]) -> ProcessSpec {
    ProcessSpec {
        command: command.iter().map(|&word| word.to_owned()).collect(),
        directory: directory.to_owned(),
        environment: BTreeMap::new(),
        timeout: Duration::from_mins(2),
    }
}

fn shell(script: &str) -> Result<Finished, ProcessError> {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    run(&spec(folder.path(), &["sh", "-c", script]), &surroundings())
}

/// Whether a process is there and runs: a zombie that nobody has reaped yet does not.
fn runs(pid: &str) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", pid.trim()]).output().expect("`ps` is installed");
    let state = String::from_utf8_lossy(&state.stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

/// Waits until the process is gone: it was sent its end before `run` returned, and the kernel carries it out at once.
pub(crate) fn gone(pid: &str) -> bool {
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
    let slow = ProcessSpec { timeout: Duration::from_secs(2), ..spec(folder.path(), &["sh", "-c", script]) };
    let error = run(&slow, &surroundings()).unwrap_err();
    assert!(matches!(error, ProcessError::TimedOut { limit_s: 2, .. }), "{error:?}");
    assert!(gone(&std::fs::read_to_string(folder.path().join("pid")).unwrap()));
}

#[test]
fn a_run_that_ignores_the_request_to_end_is_made_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let script = "trap '' TERM; echo $$ > pid; while :; do sleep 1000; done";
    let deaf = ProcessSpec { timeout: Duration::from_secs(2), ..spec(folder.path(), &["sh", "-c", script]) };
    let started = Instant::now();
    assert!(matches!(run(&deaf, &surroundings()), Err(ProcessError::TimedOut { .. })));
    assert!(started.elapsed() < Duration::from_secs(30));
    assert!(gone(&std::fs::read_to_string(folder.path().join("pid")).unwrap()));
}

#[test]
fn a_run_may_clean_up_when_it_is_asked_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let script = "trap 'echo cleaned > done; exit 0' TERM; sleep 1000 & wait";
    let tidy = ProcessSpec { timeout: Duration::from_secs(2), ..spec(folder.path(), &["sh", "-c", script]) };
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

#[cfg(target_os = "linux")]
#[test]
fn a_daemon_that_left_the_group_does_not_hold_us_either() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = spec(
        folder.path(),
        &["sh", "-c", "setsid sh -c 'echo $$ > pid; exec sleep 1000' & until test -s pid; do :; done"],
    );
    let started = Instant::now();
    assert_eq!(run(&daemon, &surroundings()).unwrap().status, Some(0));
    assert!(started.elapsed() < Duration::from_secs(30));
    let pid = std::fs::read_to_string(folder.path().join("pid")).unwrap();
    assert!(Command::new("kill").arg(pid.trim()).status().unwrap().success());
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

#[test]
fn a_measured_program_ends_when_tollgate_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut small = Command::new(env!("CARGO_BIN_EXE_tollgate"))
        .args(["__child", "--report", "report", "--", "sh", "-c", "echo $$ > pid; exec sleep 1000"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let pid = folder.path().join("pid");
    while std::fs::read_to_string(&pid).unwrap_or_default().is_empty() {
        std::thread::yield_now();
    }
    // A killed process closes its end of the pipe.
    drop(small.stdin.take());
    assert_eq!(small.wait().unwrap().signal(), Some(9));
    assert!(gone(&std::fs::read_to_string(&pid).unwrap()));
}

#[test]
fn the_machine_says_what_it_is_and_which_toolchain_a_folder_has() {
    let mut surroundings = surroundings();
    let toolchain = std::env::vars().filter(|(name, _)| ["HOME", "RUSTUP_HOME", "CARGO_HOME"].contains(&name.as_str()));
    surroundings.environment.extend(toolchain);
    let here = environment(&surroundings, Path::new(env!("CARGO_MANIFEST_DIR")));
    assert!(here.toolchain.starts_with("rustc 1."), "{here:?}");
    assert!(here.cores > 0 && !here.cpu_model.is_empty() && !here.kernel.is_empty() && !here.os.is_empty());
    assert_eq!(environment(&surroundings, Path::new("/no/such/folder")).toolchain, "unknown");
}

/// A place with a checkout, and the parts of a suite in it.
mod suites {
    use super::*;
    use std::collections::BTreeSet;
    use tollgate::config::{Adapter, CommandOptions, JsonOptions, ResultSource, Suite};
    use tollgate::measure::bench::Parsed;
    use tollgate::measure::suite::{Build, Only, Part, PartError, Place, prepare};
    use tollgate::model::Name;

    struct Arm {
        folder: tempfile::TempDir,
        place: Place,
    }

    fn arm() -> Arm {
        let folder = tempfile::tempdir().expect("there is a folder for temporary files");
        let at = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir(&path).expect("the folder is new");
            path
        };
        let place = Place { root: at("root"), target: at("target"), scratch: at("scratch") };
        std::fs::create_dir(place.root.join("sub")).expect("the folder is new");
        Arm { folder, place }
    }

    fn words(line: &[&str]) -> Vec<String> {
        line.iter().map(|&word| word.to_owned()).collect()
    }

    fn suite(adapter: Adapter) -> Suite {
        Suite {
            name: Name::new("s").expect("a short name"),
            adapter,
            directory: PathBuf::from("sub"),
            environment: BTreeMap::new(),
            build: Vec::new(),
            filter: None,
            timeout: Duration::from_mins(2),
            sources: Vec::new(),
        }
    }

    fn command(run: &[&str]) -> CommandOptions {
        CommandOptions {
            run: words(run),
            prepare: None,
            warm_up_runs: 0,
            runs: 1,
            parameters: BTreeMap::new(),
            expect_status: 0,
        }
    }

    fn json(script: &str, results: ResultSource) -> Suite {
        suite(Adapter::Json(JsonOptions { run: words(&["sh", "-c", script]), results, better: BTreeMap::new() }))
    }

    fn parts(suite: &Suite, arm: &Arm) -> Result<Vec<Box<dyn Part>>, PartError> {
        prepare(suite, Build::Needed, &arm.place, &surroundings())
    }

    fn measure(suite: &Suite, arm: &Arm) -> Result<Parsed, PartError> {
        parts(suite, arm)?.first().expect("the suite has a part").run(Only::All, 1, &arm.place, &surroundings())
    }

    fn ids(parsed: &Parsed) -> Vec<String> {
        parsed.readings.iter().map(|reading| reading.metric.id.to_string()).collect()
    }

    const RESULT: &str =
        r#"{"schema":1,"benchmarks":[{"name":"NAME","metrics":[{"name":"t","unit":"ms","samples":[1]}]}]}"#;

    /// A shell script that prints a result of a benchmark.
    fn printing(name: &str) -> String {
        format!("echo '{}'", RESULT.replace("NAME", name).replace('{', "{{").replace('}', "}}"))
    }

    #[test]
    fn a_command_is_built_once_and_each_measured_run_is_prepared() {
        let arm = arm();
        let mut options = command(&["./tool", "{target}"]);
        options.prepare = Some(words(&["sh", "-c", "echo prepare >> log"]));
        options.warm_up_runs = 1;
        options.runs = 3;
        let mut suite = suite(Adapter::Command(options));
        let tool = r#"echo '#!/bin/sh
            test "$1" = "$CARGO_TARGET_DIR" && echo run >> log && echo hello' > tool && chmod +x tool && echo build >> log"#;
        suite.build = vec![words(&["sh", "-c", tool])];
        let parsed = measure(&suite, &arm).unwrap();
        let names = ["output-size", "peak-rss", "system", "user", "wall"].map(|metric| format!("s/run:{metric}"));
        assert_eq!(ids(&parsed), names);
        assert!(parsed.readings.iter().all(|reading| reading.sample.values().len() == 3));
        assert_eq!(parsed.readings[0].sample.values(), [6.0; 3]);
        let log = std::fs::read_to_string(arm.folder.path().join("root/sub/log")).unwrap();
        assert_eq!(log, format!("build\n{}", "prepare\nrun\n".repeat(4)));
    }

    #[test]
    fn each_combination_of_parameters_is_a_benchmark_and_only_the_chosen_ones_run() {
        let arm = arm();
        let mut options = command(&["sh", "-c", "test {size}$MODE = 10fast"]);
        options.parameters = BTreeMap::from([("size".to_owned(), words(&["10", "20"]))]);
        options.parameters.insert("mode".to_owned(), words(&["fast"]));
        let mut suite = suite(Adapter::Command(options));
        suite.environment.insert("MODE".to_owned(), "{mode}".to_owned());
        let all = parts(&suite, &arm).unwrap();
        assert_eq!(all.iter().map(|part| part.key()).collect::<Vec<_>>(), ["mode=fast,size=10", "mode=fast,size=20"]);
        assert!(all[0].run(Only::All, 1, &arm.place, &surroundings()).is_ok());
        let error = all[1].run(Only::All, 1, &arm.place, &surroundings()).unwrap_err();
        assert!(matches!(error, PartError::Process(ProcessError::Failed { .. })), "{error:?}");
        let others = BTreeSet::from([Name::new("mode=fast,size=10").unwrap()]);
        let skipped = all[1].run(Only::These(&others), 1, &arm.place, &surroundings()).unwrap();
        assert_eq!(skipped, Parsed::default());
        suite.filter = Some("*size=2?".to_owned());
        assert_eq!(parts(&suite, &arm).unwrap().len(), 1);
    }

    #[test]
    fn another_exit_status_may_be_the_right_one() {
        let arm = arm();
        let mut options = command(&["sh", "-c", "exit 3"]);
        options.expect_status = 3;
        assert!(measure(&suite(Adapter::Command(options.clone())), &arm).is_ok());
        options.expect_status = 4;
        let error = measure(&suite(Adapter::Command(options)), &arm).unwrap_err();
        assert_eq!(error.to_string(), "run `sh -c 'exit 3'` (exit status 3 instead of 4)");
    }

    #[test]
    fn a_failing_build_is_told_with_its_last_lines() {
        let arm = arm();
        let mut suite = suite(Adapter::Command(command(&["true"])));
        suite.build = vec![words(&["sh", "-c", "echo 'error[E0308]' >&2; exit 101"])];
        let Err(PartError::Process(error)) = parts(&suite, &arm).map(|parts| parts.len()) else {
            panic!("the build fails")
        };
        assert_eq!(error.tail(), "error[E0308]");
    }

    #[test]
    fn a_name_that_stands_for_nothing_is_refused_before_anything_is_built() {
        let arm = arm();
        let mut suite = suite(Adapter::Command(command(&["true", "{size}"])));
        suite.build = vec![words(&["touch", "built"])];
        let error = parts(&suite, &arm).map(|parts| parts.len()).unwrap_err();
        assert_eq!(error.to_string(), "prepare the suite `s` (`{size}` stands for nothing)");
        assert!(!arm.place.root.join("sub/built").exists());
    }

    #[test]
    fn results_are_read_from_wherever_the_config_says() {
        let arm = arm();
        assert_eq!(ids(&measure(&json(&printing("a"), ResultSource::Stdout), &arm).unwrap()), ["s/a:t"]);
        let script = format!("echo log; {} > {{output}}", printing("b"));
        assert_eq!(ids(&measure(&json(&script, ResultSource::OutputArgument), &arm).unwrap()), ["s/b:t"]);
        let script = format!("{} > out.json", printing("c"));
        let file = ResultSource::File(PathBuf::from("out.json"));
        let mut suite = json(&script, file);
        assert_eq!(ids(&measure(&suite, &arm).unwrap()), ["s/c:t"]);
        suite.filter = Some("d*".to_owned());
        assert!(measure(&suite, &arm).unwrap().readings.is_empty());
    }

    #[test]
    fn a_result_of_an_earlier_run_is_never_read() {
        let arm = arm();
        std::fs::write(arm.place.root.join("sub/out.json"), RESULT).unwrap();
        let error = measure(&json("true", ResultSource::File(PathBuf::from("out.json"))), &arm).unwrap_err();
        assert!(
            matches!(&error, PartError::Unreadable { message, .. } if message.contains("No such file")),
            "{error:?}"
        );
    }

    #[test]
    fn a_pipe_or_half_a_result_in_place_of_a_result_is_an_error() {
        let arm = arm();
        let file = || ResultSource::File(PathBuf::from("out.json"));
        let error = measure(&json("mkfifo out.json", file()), &arm).unwrap_err();
        assert!(error.to_string().ends_with("out.json: not a file)"), "{error}");
        let script = format!("{} | head -c 40; echo oops >&2", printing("a"));
        let error = measure(&json(&script, ResultSource::Stdout), &arm).unwrap_err();
        assert!(matches!(&error, PartError::Unreadable { tail, .. } if tail.ends_with("oops")), "{error:?}");
        assert!(error.to_string().contains("(read JSON at line 1, column 40"), "{error}");
        let error = measure(&json("exit 1", ResultSource::Stdout), &arm).unwrap_err();
        assert!(matches!(error, PartError::Process(ProcessError::Failed { .. })));
    }
}
