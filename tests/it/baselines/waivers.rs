//! `tollgate waive`: an entry is added whole, or nothing is.

use crate::harness::{Output, TestRepo};

const FILE: &str = "tollgate-waivers.toml";

fn repository() -> TestRepo {
    let repo = TestRepo::new();
    repo.commit("Start");
    repo
}

fn waive(repo: &TestRepo, id: &str, ceiling: &str, until: &str, reason: &str) -> Output {
    repo.tollgate(&["waive", id, "--ceiling", ceiling, "--until", until, "--reason", reason])
}

#[test]
fn an_entry_is_added_and_what_was_there_stays() {
    let repo = repository();
    let before = "# Ask @ada before adding one.\n\n[[waiver]] # the old one\nid = \"core/a:time\"\nceiling = \"+5 %\"\nuntil = \"2020-01-01\"\nreason = \"why\"";
    repo.write(FILE, before);
    repo.write("src/x", "");
    let arguments = [
        "waive",
        "cli/x:peak-rss",
        "--ceiling",
        "96 MiB",
        "--until",
        "9999-01-31",
        "--reason",
        "a \"new\"\nindex",
        "--owner",
        "@ada",
    ];
    let waived = repo.tollgate_in(&repo.root().join("src"), &arguments, &[]);
    assert_eq!(waived.status, 0, "{}", waived.stderr);
    assert_eq!(
        waived.stderr,
        "It counts once it is on the base branch: a pull request cannot waive its own regression.\n"
    );
    let after = repo.read(FILE);
    let entry = after.strip_prefix(before).unwrap();
    assert_eq!(waived.stdout, format!("Added to {FILE}:\n{}\n", entry.strip_prefix('\n').unwrap()));
    let waivers = tollgate::config::parse_waivers(&after, FILE).unwrap();
    assert_eq!((waivers[1].reason.as_str(), waivers[1].owner.as_deref()), ("a \"new\"\nindex", Some("@ada")));
}

#[test]
fn the_first_entry_makes_the_file() {
    let repo = repository();
    assert_eq!(waive(&repo, "core/a:time", "+10 %", "9999-01-31", "why").status, 0);
    assert!(repo.read(FILE).starts_with("[[waiver]]\nid = \"core/a:time\"\n"));
}

#[test]
fn a_metric_that_is_already_waived_is_refused_with_its_line() {
    let repo = repository();
    waive(&repo, "core/a:time", "+10 %", "9999-01-31", "why");
    waive(&repo, "core/b:time", "+10 %", "9999-01-31", "why");
    let before = repo.read(FILE);
    let twice = waive(&repo, "core/b:time", "+20 %", "9999-01-31", "why not");
    assert_eq!(twice.status, 2);
    insta::assert_snapshot!(twice.stderr, @r"
    error: nothing done: `core/b:time` is already waived in tollgate-waivers.toml, line 7
      hint: change that entry, or delete it first
    ");
    assert_eq!(repo.read(FILE), before);
}

#[test]
fn what_makes_no_sense_is_refused_and_nothing_is_written() {
    let repo = repository();
    for (id, ceiling, until, reason) in [
        ("core:time", "+10 %", "9999-01-31", "why"),
        ("core/a:time", "10 %", "9999-01-31", "why"),
        ("core/a:time", "much", "9999-01-31", "why"),
        ("core/a:time", "+10 %", "2020-02-01", "why"),
        ("core/a:time", "+10 %", "9999-02-30", "why"),
        ("core/a:time", "+10 %", "tomorrow", "why"),
        ("core/a:time", "+10 %", "9999-01-31", "  "),
    ] {
        let refused = waive(&repo, id, ceiling, until, reason);
        assert_eq!(refused.status, 2, "{id} {ceiling} {until} {reason}: {}", refused.stderr);
        assert!(refused.stderr.contains("hint: "), "{}", refused.stderr);
    }
    assert!(!repo.root().join(FILE).exists());
}

#[test]
fn a_waiver_file_that_cannot_be_read_is_left_as_it_is() {
    let repo = repository();
    for broken in ["[[waiver]]\nid = 5\n", "waiver = []\n[[waiver", "\u{0}"] {
        repo.write(FILE, broken);
        assert_eq!(waive(&repo, "core/a:time", "+10 %", "9999-01-31", "why").status, 3);
        assert_eq!(repo.read(FILE), broken);
    }
}
