//! Base against itself with real processes: how often it runs, what runs, and when there is none. And how long more rounds would take.

use super::project::{BENCH, Checked, Project};

/// Each run leaves the folder that it ran in.
const LOGGED: &str = "if [ -n \"$LOG\" ]; then echo \"${PWD##*/} $1\" >> \"$LOG\"; fi\n";

/// The suite with a line in its log for each run.
fn logged(config: &str) -> Project {
    let project = Project::with(config);
    project.commit("bench.sh", format!("{LOGGED}{BENCH}"));
    project.land();
    project.commit("README.md", "words");
    project
}

/// What ran in a check, one line each.
fn ran(project: &Project, arguments: &[&str]) -> (Checked, Vec<String>) {
    let log = project.repo.around().join("log");
    let _none_yet = std::fs::remove_file(&log);
    let checked = project.check_with(arguments, &[("LOG", log.to_str().expect("a plain path"))]);
    let text = std::fs::read_to_string(log).expect("something ran");
    (checked, text.lines().map(|line| line.trim().to_owned()).collect())
}

fn count(lines: &[String], wanted: &str) -> usize {
    lines.iter().filter(|line| *line == wanted).count()
}

#[test]
fn base_runs_twice_more_in_each_of_the_first_ten_rounds() {
    let (checked, lines) = ran(&logged(""), &[]);
    checked.ends(0, &["canary: `core/parse` of base runs twice more in each of the first 10 rounds"]);
    assert_eq!([count(&lines, "head"), count(&lines, "base")], [10, 30]);
    // A pair, then the canary.
    for round in lines.chunks(4) {
        assert!(round[0] != round[1] && round[2..] == ["base", "base"], "{lines:?}");
    }
}

#[test]
fn without_a_canary_base_runs_as_often_as_head() {
    for (config, arguments) in [("[gate]\ncanary = false\n", vec![]), ("", vec!["--against", "baseline"])] {
        let project = logged(config);
        let (checked, lines) = ran(&project, &arguments);
        assert!(!checked.stderr.contains("canary"), "{}", checked.stderr);
        let base = if arguments.is_empty() { 10 } else { 0 };
        assert_eq!([count(&lines, "head"), count(&lines, "base")], [10, base]);
        let list: Vec<&str> = arguments.iter().copied().chain(["--list"]).collect();
        assert!(!project.check(&list).stdout.contains("canary"));
    }
}

#[test]
fn a_change_that_turns_the_canary_off_is_still_watched() {
    let project = logged("");
    let text = project.repo.read("tollgate.toml");
    project.commit("tollgate.toml", format!("{text}[gate]\ncanary = false\n"));
    let (_, lines) = ran(&project, &[]);
    assert_eq!(count(&lines, "base"), 30, "base's policy says so");
}

#[test]
fn of_the_parts_that_can_be_run_alone_the_cheapest_is_watched() {
    let project = Project::new();
    let config = "[gate]\nmax-rounds = 10\n[suite.cli]\nadapter = \"command\"\nrun = [\"sh\", \"work.sh\", \"{load}\"]\n\
                  parameters = { load = [\"50000\", \"1\", \"40000\"] }\nwarm-up-runs = 0\nruns = 1\n";
    project.commit("tollgate.toml", config);
    project.commit("work.sh", format!("{LOGGED}i=0\nwhile [ $i -lt $1 ]; do i=$((i + 1)); done\n"));
    project.land();
    project.commit("README.md", "words");
    let (checked, lines) = ran(&project, &[]);
    assert!(checked.stderr.contains("canary: `cli/load=1` of base"), "{}", checked.stderr);
    let times = ["base 1", "head 1", "base 40000", "base 50000"].map(|line| count(&lines, line));
    assert_eq!(times, [30, 10, 10, 10]);
}

#[test]
fn a_canary_that_would_take_too_much_of_the_time_is_missed_aloud() {
    let project = Project::new();
    project.commit("bench.sh", format!("i=0\nwhile [ $i -lt 20000 ]; do i=$((i + 1)); done\n{BENCH}"));
    project.land();
    project.commit("README.md", "words");
    let missed = "Base was not run against itself: twenty more runs of its cheapest benchmark would have taken more";
    assert!(flat(&project.check(&["--time-limit", "1 s"]).stdout).contains(missed));
    assert!(!flat(&project.check(&[]).stdout).contains("Base was not run against itself"));
}

/// Text as one line, however it was wrapped.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_plan_says_what_the_canary_costs() {
    let project = Project::new();
    project.commit("README.md", "words");
    let list = project.check(&["--list"]);
    list.ends(0, &["canary: the cheapest benchmark of base against itself, 20 more runs in 10 rounds"]);
    project.commit("tollgate.toml", "[suite.micro]\nadapter = \"criterion\"\nmeasurement = \"700 ms\"\n");
    project.land();
    project.commit("README.md", "other words");
    project.check(&["--list"]).ends(0, &["20 more runs in 10 rounds; about 15 s where it is one of micro"]);
}

#[test]
fn what_is_too_noisy_says_how_long_more_rounds_would_take_and_how_to_ask_for_them() {
    let project = Project::with("[gate]\ninconclusive = \"fail\"\nmax-rounds = 12\ncanary = false\n");
    project.commit("bench.sh", BENCH.replace("% 11 - 5", "% 240 - 120"));
    project.land();
    project.commit("README.md", "words");
    let checked = project.check(&[]);
    checked.ends(12, &["more rounds, 1 s, would settle it", " --max-rounds ", " --time-limit '1 min'"]);
    let rows = checked.judgement["rows"].as_array().expect("a judgement has rows");
    let doubt = rows.iter().map(|row| &row["verdict"]["doubt"]).find(|doubt| doubt["rounds_needed"].is_u64());
    assert_eq!(doubt.expect("one can be settled")["more_s"], 1);

    // The command is one that can be pasted.
    let mut commands = checked.stdout.lines().filter_map(|line| line.trim().strip_prefix("reproduce  tollgate "));
    let command = commands.find(|command| command.contains("--time-limit")).expect("there is one");
    let words: Vec<String> = command.split_whitespace().map(|word| word.replace('\'', "")).collect();
    let limit = words.iter().position(|word| word == "--time-limit").expect("there is a limit");
    let mut arguments: Vec<&str> = words[1..=limit].iter().map(String::as_str).collect();
    arguments.push("1 min");
    let again = project.check(&arguments);
    assert!([0, 12].contains(&again.code) && again.stdout.contains("1 check"), "{}{}", again.stdout, again.stderr);
}
