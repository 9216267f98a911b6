//! `tollgate calibrate` and `tollgate selftest`, by the real binary: what they say of sane and of broken gates, and that they leave nothing behind.
#![expect(clippy::panic, reason = "a test fails by panicking")]

use serde_json::Value;
use tollgate::config::Config;
use tollgate::report::{calibration, selftest};

use crate::checks::project::{BENCH, CONFIG, Checked, Project};

/// A shell program of a few milliseconds, timed from outside.
const SHELL: &str = "[suite.shell]\nadapter = \"command\"\nrun = [\"sh\", \"work.sh\"]\nruns = 2\n";
const WORK: &str = "i=0\nwhile [ $i -lt 3000 ]; do i=$((i + 1)); done\necho $i\n";

/// Prints a time and a count that equal programs give equally.
const COUNTS: &str = r#"printf '{"schema":1,"benchmarks":[{"name":"parse","metrics":[{"name":"allocations","unit":"count","better":"lower","samples":[420],"exact":true}]}]}'"#;

/// A command line of Tollgate, held to leave the user's repository as it was and no process behind.
#[track_caller]
fn run(project: &Project, arguments: &[&str]) -> Checked {
    let before = project.state();
    let output = project.repo.tollgate(arguments);
    let checked = project.checked(output);
    assert_eq!(project.state(), before, "the repository is not what it was:\n{}", checked.stderr);
    assert_eq!(project.processes(), Vec::<String>::new(), "processes stayed:\n{}", checked.stderr);
    assert!(!project.path(".tollgate/journal.jsonl").exists(), "the journal belongs to `check`");
    checked
}

/// What was printed, held to the schema that Tollgate prints of it.
#[track_caller]
fn json(checked: &Checked) -> Value {
    let document: Value = serde_json::from_str(&checked.stdout)
        .unwrap_or_else(|error| panic!("{error}:\n{}{}", checked.stdout, checked.stderr));
    keeps_to_its_schema(&document);
    document
}

#[track_caller]
fn keeps_to_its_schema(document: &Value) {
    let schema = if document.get("conclusion").is_some() { selftest::schema() } else { calibration::schema() };
    let schema = jsonschema::validator_for(&schema).expect("a valid schema");
    let errors: Vec<String> = schema.iter_errors(document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}\n{document:#}");
    assert!(!schema.is_valid(&serde_json::json!({ "schema": 1 })), "a schema that anything follows says nothing");
}

/// A project whose only suite is the shell program.
fn shell() -> Project {
    let project = Project::new();
    project.commit("work.sh", WORK);
    project.commit("tollgate.toml", SHELL);
    project
}

/// A project whose benchmarks have a noise of half their value.
fn wild(config: &str) -> Project {
    let project = Project::with(config);
    project.commit("bench.sh", BENCH.replace("% 11 - 5", "% 500"));
    project
}

#[test]
fn a_calibration_has_a_row_for_what_can_block_and_says_that_unchanged_code_passes() {
    let project = Project::new();
    let checked = run(&project, &["calibrate"]);
    checked
        .ends(0, &["against itself: 20 rounds", "core/parse", "core/write", "after 10", "none was called regressed"]);
    checked.ends(
        0,
        &[
            "Of 4 metrics that can block, 4 can tell",
            "rounds 1 to 20: all benchmarks",
            "numbers: .tollgate/calibration.json",
        ],
    );
    let saved: Value = serde_json::from_str(&project.repo.read(".tollgate/calibration.json")).unwrap();
    keeps_to_its_schema(&saved);
    assert_eq!(saved["metrics"].as_array().unwrap().len(), 4);
    let noise = saved["metrics"][0]["noise_ratio"].as_f64().unwrap();
    assert!(noise > 0.001 && noise < 0.02, "{noise}");
}

#[test]
fn a_command_suite_is_calibrated_by_its_wall_time_and_its_memory() {
    let checked = run(&shell(), &["calibrate", "--rounds", "10", "--json"]);
    let metrics = json(&checked)["metrics"].as_array().unwrap().clone();
    let names: Vec<&str> = metrics.iter().map(|metric| metric["metric"].as_str().unwrap()).collect();
    assert_eq!(names, ["peak-rss", "wall"], "{}", checked.stderr);
    assert!(metrics.iter().all(|metric| metric["value"].as_f64().unwrap() > 0.0));
}

#[test]
fn an_exact_metric_needs_one_round_and_no_rule() {
    let project = Project::new();
    project.commit("counts.sh", COUNTS);
    project.commit("tollgate.toml", "[suite.counts]\nadapter = \"json\"\nrun = [\"sh\", \"counts.sh\"]\n");
    let checked = run(&project, &["calibrate", "--rounds", "10"]);
    checked.ends(0, &["counts/parse:allocations", "1 round", "Of 1 metric that can block, 1 can tell"]);
    assert!(!checked.stdout.contains("Suggested"), "{}", checked.stdout);
}

#[test]
fn what_cannot_be_told_gets_rules_that_parse_and_are_appended_on_demand() {
    let project = wild("# keep me\n[gate]\nmax-rounds = 20 # and me\n");
    let before = project.repo.read("tollgate.toml");
    let checked = run(&project, &["calibrate", "--json"]);
    let patch = json(&checked)["patch"].as_str().unwrap().to_owned();
    let config = Config::parse(&format!("{before}{patch}"), "test").unwrap();
    assert!(!config.policy.rules.is_empty() && patch.contains("# Suggested by `tollgate calibrate`"), "{patch}");
    assert_eq!(project.repo.read("tollgate.toml"), before);

    let output = project.repo.tollgate(&["calibrate", "--write"]);
    assert_eq!(output.status, 0, "{}{}", output.stdout, output.stderr);
    assert!(
        output.stdout.contains("+ [[rule]]") && output.stderr.contains("appended"),
        "{}{}",
        output.stdout,
        output.stderr
    );
    let after = project.repo.read("tollgate.toml");
    assert!(after.starts_with(&before) && after.len() > before.len(), "{after}");
    Config::parse(&after, "test").unwrap();
}

#[test]
fn a_calibration_of_nothing_is_none() {
    let project = Project::new();
    run(&project, &["calibrate", "--only", "core/nothing"]).ends(4, &["no calibration", "no metric was measured"]);
    project.commit("bench.sh", "exit 3");
    run(&project, &["calibrate"]).ends(6, &["no calibration", "exit status 3"]);
}

#[test]
fn a_sane_gate_passes_its_test_with_a_delay_a_scale_and_a_step() {
    let project = Project::new();
    project.commit("work.sh", WORK);
    project.commit("counts.sh", COUNTS);
    let counts = "[suite.counts]\nadapter = \"json\"\nrun = [\"sh\", \"counts.sh\"]\n";
    // Memory is left out: the test is of the clock.
    let rule = "[[rule]]\nmetric = \"peak-rss\"\nseverity = \"ignored\"\n";
    project.commit("tollgate.toml", format!("{CONFIG}{counts}{SHELL}{rule}"));
    // So much that other work on the machine cannot hide it.
    let checked = run(&project, &["selftest", "--slowdown", "300 %", "--json"]);
    let told = json(&checked);
    assert_eq!((checked.code, told["conclusion"].as_str()), (0, Some("holds")), "{}{}", checked.stdout, checked.stderr);
    assert_eq!((told["unchanged"].as_str(), told["slowed"].as_str()), (Some("pass"), Some("regressed")));
    let trials = told["trials"].as_array().unwrap();
    let text = |trial: &Value, key: &str| trial[key].as_str().unwrap().to_owned();
    let trials: Vec<String> = trials
        .iter()
        .map(|trial| {
            let how = trial["injection"]["kind"].as_str().unwrap();
            format!("{}:{} {how} {}", text(trial, "suite"), text(trial, "metric"), text(trial, "finding"))
        })
        .collect();
    assert_eq!(trials, ["core:time scaled red", "counts:allocations step red", "shell:wall delay red"]);
}

#[test]
fn the_words_of_a_passed_test_say_what_was_put_in_and_how() {
    let checked = run(&Project::new(), &["selftest"]);
    checked.ends(
        0,
        &["Selftest passed", "`core/parse:time` made 20 % more (by scaling its samples", "with 10, a regression"],
    );
    assert!(checked.stdout.contains("seen as +2") || checked.stdout.contains("seen as +1"), "{}", checked.stdout);
}

#[test]
fn only_picks_what_is_slowed_down() {
    let checked = run(&Project::new(), &["selftest", "--only", "core/{search,write}", "--json"]);
    let told = json(&checked);
    let names: Vec<&str> =
        told["trials"].as_array().unwrap().iter().map(|trial| trial["benchmark"].as_str().unwrap()).collect();
    assert_eq!(names, ["search", "write"]);
    let nothing = run(&Project::new(), &["selftest", "--only", "core/nothing"]);
    nothing.ends(4, &["Selftest not done", "No benchmark is called as --only says"]);
}

#[test]
fn a_gate_that_only_warns_can_no_longer_go_red() {
    let project = Project::with("[[rule]]\nseverity = \"advisory\"\n");
    let checked = run(&project, &["selftest"]);
    checked.ends(8, &["THE GATE CAN NO LONGER GO RED", "No metric that was compared can block", "suite `core`: none"]);
}

#[test]
fn a_tolerance_that_allows_everything_is_named_as_the_reason() {
    let project = Project::with("[gate]\ntolerance = \"500 %\"\nmust-detect = \"600 %\"\n");
    let checked = run(&project, &["selftest"]);
    checked.ends(8, &["THE GATE CAN NO LONGER GO RED", "allowed: its tolerance is 500 %", "would end with 0, pass"]);
    assert_eq!(json(&run(&project, &["selftest", "--json"]))["trials"][0]["finding"], "allowed");
}

#[test]
fn a_gate_whose_noise_hides_the_slowdown_says_so() {
    let checked = run(&wild("[gate]\nmax-rounds = 20\n"), &["selftest", "--only", "core/parse", "--slowdown", "6 %"]);
    checked.ends(8, &["THE GATE CAN NO LONGER GO RED", "too noisy to tell", "`tollgate calibrate` says what"]);
}

#[test]
fn a_suite_that_measures_nothing_is_not_a_passed_test() {
    let project = Project::new();
    project.commit("benchmarks.txt", "");
    run(&project, &["selftest"]).ends(4, &["Selftest not done", "nothing, or less than there should be, was measured"]);
}

#[test]
fn a_machine_that_favours_one_arm_is_not_trusted() {
    let project = Project::new();
    project.commit(
        "bench.sh",
        BENCH
            .replace("between=\nprintf", "case $PWD in */head) bias=1300 ;; *) bias=1000 ;; esac\nbetween=\nprintf")
            .replace("value * (1000", "value * (bias"),
    );
    run(&project, &["selftest"]).ends(8, &["THE GATE GOES RED WITHOUT A CAUSE", "`core/parse`"]);
    run(&project, &["calibrate"]).ends(8, &["THIS MACHINE CANNOT BE TRUSTED", "`core/parse`"]);
}

#[test]
fn wrong_shares_and_rounds_are_refused() {
    let project = Project::new();
    run(&project, &["selftest", "--slowdown", "20"]).ends(2, &["--slowdown"]);
    run(&project, &["selftest", "--slowdown", "0 %"]).ends(2, &["slows nothing down"]);
    run(&project, &["calibrate", "--rounds", "4"]).ends(2, &["--rounds"]);
    run(&project, &["calibrate", "--config", "x", "--write"]).ends(2, &["--write"]);
}

#[cfg(unix)]
#[test]
fn an_interrupted_test_of_the_gate_ends_with_130_and_leaves_nothing() {
    use std::io::Read;

    for command in ["calibrate", "selftest"] {
        let project = Project::new();
        let hold = "case $PWD in */head) if [ $n = 3 ] && [ -n \"$HOLD\" ]; then echo hold > \"$HOLD\"; sleep 1000 & wait; fi ;; esac\ncase $PWD";
        project.commit("bench.sh", BENCH.replacen("case $PWD", hold, 1));
        let pipe = project.repo.around().join("hold");
        let made = project.repo.run(project.repo.command("mkfifo", project.repo.around()).arg(&pipe));
        assert_eq!(made.status, 0, "{}", made.stderr);
        let state = project.state();
        let child = project
            .repo
            .command(env!("CARGO_BIN_EXE_tollgate"), project.repo.root())
            .arg(command)
            .env("HOLD", &pipe)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut word = String::new();
        std::fs::File::open(&pipe).and_then(|mut pipe| pipe.read_to_string(&mut word)).unwrap();
        let id = child.id().to_string();
        let sent = project.repo.run(project.repo.command("kill", project.repo.root()).args(["-INT", &id]));
        assert_eq!(sent.status, 0, "{}", sent.stderr);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{said}");
        assert!(said.contains("interrupted"), "{said}");
        assert!(!project.path(".tollgate/calibration.json").exists());
        assert_eq!((project.processes(), project.state()), (Vec::new(), state));
    }
}
