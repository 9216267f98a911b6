//! The command line: help and pages that cannot disagree with it, exit codes, what goes to which stream.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use clap::CommandFactory;
use serde_json::Value;
use tollgate::cli::Cli;
use tollgate::commands::Code;

use crate::checks::project::Project;
use crate::harness::TestRepo;

/// Every command line that has a help of its own, the root first.
fn commands() -> Vec<Vec<String>> {
    fn below(command: &clap::Command, path: &[String], found: &mut Vec<Vec<String>>) {
        found.push(path.to_vec());
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            let mut path = path.to_vec();
            path.push(sub.get_name().to_owned());
            below(sub, &path, found);
        }
    }
    let mut found = Vec::new();
    below(&Cli::command(), &[], &mut found);
    found
}

/// The page of all commands, as the binary explains them.
fn page(repo: &TestRepo) -> String {
    let mut page = String::from("# Command line\n\nWhat `--help` says of each command.\n");
    for path in commands() {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = repo.tollgate(&arguments);
        assert_eq!((help.status, help.stderr.as_str()), (0, ""), "{arguments:?}");
        let title = [&["tollgate".to_owned()], path.as_slice()].concat().join(" ");
        let text: Vec<&str> = help.stdout.trim_end().lines().map(str::trim_end).collect();
        for part in ["\n## `", &title, "`\n\n```text\n", &text.join("\n"), "\n```\n"] {
            page.push_str(part);
        }
    }
    page
}

#[test]
fn the_page_of_commands_says_what_help_says() {
    let page = page(&TestRepo::new());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write("docs/cli.md", &page).expect("docs/ is writable");
    }
    let committed = fs::read_to_string("docs/cli.md").unwrap_or_default();
    assert_eq!(committed, page, "docs/cli.md is old: run `UPDATE_DOCS=1 cargo test --test it cli::`");
}

#[test]
fn no_command_is_without_a_word_about_itself_and_its_options() {
    fn check(command: &clap::Command) {
        assert!(command.get_about().is_some(), "`{}` does not say what it is", command.get_name());
        for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
            assert!(argument.get_help().is_some(), "{} of `{}`", argument.get_id(), command.get_name());
        }
        command.get_subcommands().filter(|sub| !sub.is_hide_set()).for_each(check);
    }
    check(&Cli::command());
}

/// Every code. The match stops compiling when one is added, and so reminds of this list.
fn codes() -> Vec<Code> {
    let all = [
        Code::Pass,
        Code::Internal,
        Code::Usage,
        Code::Config,
        Code::NotCovered,
        Code::Baseline,
        Code::Broken,
        Code::Publishing,
        Code::Untrustworthy,
        Code::Regressed,
        Code::OverBudget,
        Code::Inconclusive,
        Code::Interrupted,
    ];
    for code in all {
        match code {
            Code::Pass
            | Code::Internal
            | Code::Usage
            | Code::Config
            | Code::NotCovered
            | Code::Baseline
            | Code::Broken
            | Code::Publishing
            | Code::Untrustworthy
            | Code::Regressed
            | Code::OverBudget
            | Code::Inconclusive
            | Code::Interrupted => {}
        }
    }
    all.to_vec()
}

#[test]
fn the_page_of_exit_codes_and_the_help_name_every_code_and_no_other() {
    let expected: Vec<u8> = codes().into_iter().map(|code| code as u8).collect();
    let page = fs::read_to_string("docs/exit-codes.md").expect("the page is there");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next()?.trim().parse().ok());
    assert_eq!(rows.collect::<Vec<u8>>(), expected, "docs/exit-codes.md");

    let help = TestRepo::new().tollgate(&["--help"]).stdout;
    let listed = help.split("Exit codes:").nth(1).expect("the help lists them");
    let listed = listed.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok());
    assert_eq!(listed.collect::<Vec<u8>>(), expected, "--help");
}

#[test]
fn a_wrong_command_line_ends_with_2_and_says_what_was_meant() {
    let repo = TestRepo::new();
    for (arguments, said) in [
        (vec!["chekc"], "check"),
        (vec!["check", "--jsn"], "--json"),
        (vec![], "Usage: tollgate"),
        (vec!["check", "--seed", "minus"], "--seed"),
    ] {
        let output = repo.tollgate(&arguments);
        assert_eq!(output.status, 2, "{arguments:?}");
        assert!(output.stderr.contains(said), "{arguments:?}: {}", output.stderr);
        assert_eq!(output.stdout, "", "{arguments:?}");
    }
}

#[test]
fn the_manual_and_the_completions_know_every_command() {
    let repo = TestRepo::new();
    let man = repo.tollgate(&["man"]);
    assert_eq!((man.status, man.stderr.as_str()), (0, ""));
    assert!(man.stdout.starts_with(".ie") || man.stdout.contains(".TH"), "{}", man.stdout);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = repo.tollgate(&["completions", shell]);
        assert_eq!((script.status, script.stderr.as_str()), (0, ""), "{shell}");
        for path in commands() {
            let name = path.last().map_or("tollgate", String::as_str);
            assert!(script.stdout.contains(name), "{shell} does not know {name}");
        }
        for internal in ["__child", "demo-program", "demo__program"] {
            assert!(!script.stdout.contains(internal), "{shell} offers what is internal: {internal}");
        }
    }
    for path in commands().iter().filter(|path| path.len() == 1) {
        assert!(man.stdout.contains(&path[0].replace('-', "\\-")), "the manual does not know {}", path[0]);
    }
    assert!(!man.stdout.contains("demo\\-program") && !man.stdout.contains("__"), "the manual shows what is internal");
}

#[test]
fn json_is_one_document_that_keeps_to_the_schema_and_everything_else_is_said_elsewhere() {
    let project = Project::new();
    project.change("benchmarks.txt", "search 300", "search 330");
    let ci = [("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "push")];
    let checked = project.check_with(&["--json", "--base", "main"], &ci);
    assert_eq!(checked.code, 10, "{}", checked.stderr);
    let document: Value = serde_json::from_str(&checked.stdout).expect("one document and nothing else");
    assert_eq!(document, checked.judgement, "what is printed is what is written");
    assert!(checked.stderr.contains("rounds 1 to 3"), "{}", checked.stderr);

    let schema = project.repo.tollgate(&["schema", "judgement"]);
    let schema: Value = serde_json::from_str(&schema.stdout).expect("a schema");
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let problems: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert_eq!(problems, Vec::<String>::new());
}

#[test]
fn quiet_says_the_result_alone_and_still_says_errors() {
    let project = Project::new();
    project.commit("README.md", "words");
    let checked = project.check(&["--quiet"]);
    assert_eq!((checked.code, checked.stderr.as_str()), (0, ""));
    assert!(checked.stdout.contains("no regressions"), "{}", checked.stdout);
    let checked = project.check(&["--quiet", "--base", "no-such"]);
    assert_eq!((checked.code, checked.stdout.as_str()), (2, ""));
    assert!(checked.stderr.starts_with("error: no verdict: "), "{}", checked.stderr);
}

#[test]
fn a_reader_that_goes_away_changes_nothing() {
    let project = Project::new();
    project.change("benchmarks.txt", "search 300", "search 330");
    let mut child = project
        .repo
        .command(env!("CARGO_BIN_EXE_tollgate"), project.repo.root())
        .args(["check", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tollgate starts");
    let mut first = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut first).expect("a line");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(first, "{\n");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(10), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn listing_measures_nothing_and_starts_nothing() {
    let project = Project::with("build = [\"sh\", \"-c\", \"echo built > built.txt\"]\n");
    project.commit("bench.sh", "echo ran > ran.txt\n");
    let checked = project.check(&["--list"]);
    let expected =
        ["core: base and head (rounds in pairs)", "base build sh -c", "head run sh bench.sh", "at most 120 rounds"];
    checked.ends(0, &expected);
    assert_eq!(checked.stderr, "");
    for left in [".tollgate/arms", ".tollgate/report", ".tollgate/journal.jsonl"] {
        assert!(!project.path(left).exists(), "{left} is there");
    }
}

#[test]
fn colour_is_for_terminals_unless_it_is_asked_for() {
    let project = Project::new();
    project.change("benchmarks.txt", "search 300", "search 330");
    assert!(!project.check(&[]).stdout.contains('\u{1b}'));
    assert!(project.check(&["--color", "always"]).stdout.contains('\u{1b}'));
    assert!(!project.check_with(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]).stdout.contains('\u{1b}'));
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_gone_is_said_and_not_passed_over_in_silence() {
    let gone = tempfile::tempdir().unwrap();
    let output = std::process::Command::new("sh")
        .current_dir(gone.path())
        .args(["-c", "rmdir \"$PWD\" && exec \"$0\" schema config", env!("CARGO_BIN_EXE_tollgate")])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("error: nothing done: find the current folder: "), "{said}");
}
