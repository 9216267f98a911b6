//! A saved judgement is shown in every format, by the real binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::process::{Command, Output};

/// A saved judgement with every variant in it.
const SAVED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/judgements/v1.json");

/// Runs `tollgate report` in `folder`.
fn report(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tollgate")).arg("report").args(args).current_dir(folder).output().unwrap()
}

/// What a successful run prints.
fn printed(args: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = report(folder.path(), args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What a failing run says, after checking its exit code.
fn refused(folder: &Path, args: &[&str], code: i32) -> String {
    let output = report(folder, args);
    assert_eq!(output.status.code(), Some(code));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap().replace(&folder.display().to_string(), "DIR")
}

#[test]
fn every_format_shows_the_same_verdict_and_ends_well_though_the_verdict_is_red() {
    for (format, start) in [
        ("terminal", "Tollgate: "),
        ("markdown", "<!-- tollgate:v1 -->\n## 🔴 Tollgate: "),
        ("html", "<!doctype html>"),
        ("json", "{\n  \"schema\": 1,"),
        ("junit", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"),
        ("annotations", "::error title=PERF-001 "),
    ] {
        let text = printed(&["--format", format, SAVED]);
        assert!(text.starts_with(start), "{format}: {text}");
        assert!(text.contains("is 44 %") && text.contains("slower than base in"), "{format}");
        assert!(!text.contains('\u{1b}'), "{format}: no colour in a pipe");
    }
}

#[test]
fn json_written_from_json_stays_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let again = folder.path().join("again.json").display().to_string();
    let first = printed(&["--format", "json", SAVED]);
    std::fs::write(&again, &first).unwrap();
    assert_eq!(printed(&["--format", "json", &again]), first);
}

#[test]
fn a_report_replaces_the_old_file_and_leaves_nothing_else_behind() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("comment.md"), "old").unwrap();
    let output = report(folder.path(), &["--format", "markdown", "--output", "comment.md", SAVED]);
    assert!(output.status.success() && output.stdout.is_empty());
    assert_eq!(
        std::fs::read_to_string(folder.path().join("comment.md")).unwrap(),
        printed(&["--format", "markdown", SAVED])
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn without_a_judgement_it_says_what_writes_one() {
    let folder = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(refused(folder.path(), &[], 2), @"
    error: no report: read DIR/.tollgate/report/judgement.json: No such file or directory (os error 2)
      hint: `tollgate check` writes it; or name the file: `tollgate report path/to/judgement.json`
    ");
}

#[test]
fn a_judgement_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("new.json"), "{\"schema\": 7}").unwrap();
    insta::assert_snapshot!(refused(folder.path(), &["new.json"], 2), @"
    error: no report: understand DIR/new.json: read a judgement of schema 7: this version knows schema 1
      hint: update Tollgate to the version that wrote the file
    ");
}

#[test]
fn a_report_that_cannot_be_written_is_the_machines_fault() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let said = refused(folder.path(), &["--output", "file/comment.md", SAVED], 1);
    assert!(said.starts_with("error: no report: write DIR/file/comment.md: "), "{said}");
}

#[test]
fn in_a_subfolder_it_shows_the_judgement_at_the_root_of_the_repository() {
    let repo = super::harness::TestRepo::new();
    let (kept, below) = (repo.root().join(".tollgate/report"), repo.root().join("crates/core"));
    for folder in [&kept, &below] {
        std::fs::create_dir_all(folder).unwrap();
    }
    std::fs::copy(SAVED, kept.join("judgement.json")).unwrap();
    let output = report(&below, &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.starts_with(b"Tollgate: "));
}

#[cfg(unix)]
#[test]
fn a_written_report_can_be_read_by_whom_the_umask_lets() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("other"), "").unwrap();
    assert!(report(folder.path(), &["--format", "html", "--output", "page.html", SAVED]).status.success());
    let mode = |name| std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
    assert_eq!(mode("page.html"), mode("other"));
}

/// What an exit code of a finding hides, so that setting the finding aside cannot make a run green that measured too little.
#[test]
fn what_could_not_be_judged_is_counted_beside_what_was_found() {
    let saved = std::fs::read(SAVED).unwrap();
    let mut judgement = tollgate::report::json::from_json(&saved).unwrap();
    // Four rows each that are missing or cannot be compared; a crash, a time-out, a build and a result that was not understood.
    assert_eq!(tollgate::judge::decide::troubles(&judgement), 4 + 4 + 4);
    judgement.rows.retain(|row| row.outcome < tollgate::model::Outcome::FailMissing);
    judgement.coverage.problems.truncate(3);
    // What is new, missing by its name alone, or renamed has a row that says whether it counts.
    assert_eq!(tollgate::judge::decide::troubles(&judgement), 0);
}
