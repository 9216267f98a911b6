//! `tollgate demo`: what it promises to find, and nothing else.

use crate::harness::TestRepo;

/// Unoptimised the demo's program is so slow that its time limit comes first: this one is for `cargo test --release`.
#[cfg(not(debug_assertions))]
#[test]
fn the_demo_finds_what_was_put_in_and_says_where_it_lies() {
    let repo = TestRepo::new();
    let place = repo.around().join("tour");
    let output = repo.tollgate_in(repo.around(), &["demo", "--into", "tour"], &[]);
    assert_eq!(output.status, 0, "{}{}", output.stdout, output.stderr);
    let said = format!("{}{}", output.stdout, output.stderr);
    assert!(said.contains(&place.display().to_string()), "where it lies is said:\n{said}");
    assert!(said.contains("report.html") && said.contains("The gate went red, as it should"), "{said}");

    let judgement = std::fs::read(place.join(".tollgate/report/judgement.json")).expect("a report");
    let judgement: serde_json::Value = serde_json::from_slice(&judgement).expect("JSON");
    assert_eq!(judgement["verdict"], "regressed");
    let rows = judgement["rows"].as_array().expect("rows");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let red: Vec<String> = rows
        .iter()
        .filter(|row| text(&row["outcome"]).starts_with("fail"))
        .map(|row| {
            format!("{}:{} {}", text(&row["id"]["benchmark"]), text(&row["id"]["metric"]), text(&row["outcome"]))
        })
        .collect();
    assert!(red.iter().any(|row| row.contains("search")), "{red:?}\n{said}");
    assert!(red.iter().any(|row| row.contains("index")), "{red:?}\n{said}");
    assert!(red.iter().all(|row| row.contains("search") || row.contains("index")), "{red:?}\n{said}");
    assert!(red.iter().all(|row| row.ends_with("fail-regressed")), "{red:?}\n{said}");
}

/// The repository of the demo is an ordinary one; an impatient user loses nothing.
#[cfg(unix)]
#[test]
fn a_demo_that_is_interrupted_leaves_a_repository_to_go_on_in() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    let repo = TestRepo::new();
    let mut child = repo
        .command(env!("CARGO_BIN_EXE_tollgate"), repo.around())
        .args(["demo", "--into", "tour"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tollgate starts");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    let before: Vec<String> = lines.by_ref().take_while(|line| !line.starts_with("rounds 1 to 3")).collect();
    let before = before.join("\n");
    assert!(before.contains("`search` does") && before.contains("tour"), "{before}");
    let id = child.id().to_string();
    assert_eq!(repo.run(repo.command("kill", repo.root()).args(["-INT", &id])).status, 0);
    let after: Vec<String> = lines.collect();
    let after = after.join("\n");
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "{after}");
    assert!(after.contains("Interrupted before the gate knew"), "{after}");

    let tour = repo.around().join("tour");
    assert_eq!(repo.git_in(&tour, &["status", "--porcelain"]), "");
    let list = repo.tollgate_in(&tour, &["check", "--list"], &[]);
    assert_eq!(list.status, 0, "{}", list.stderr);
    assert!(list.stdout.contains("kernels: base and head") && list.stdout.contains("index: base and head"));
}
