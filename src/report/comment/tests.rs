//! What a comment says, keeps and never loses.

use super::super::sample;
use super::*;
use crate::model::Outcome;

mod limits;

const HEAD: &str = "77be01d377be01d377be01d377be01d377be01d3";
const OLDER: &str = "1111111111111111111111111111111111111111";

fn leg(name: &str, judgement: Judgement) -> Leg {
    let url = format!("https://github.example/ada/engine/actions/runs/9001/job/{}", name.len());
    Leg { name: name.to_owned(), judgement, run_url: Some(url) }
}

fn facts() -> Facts {
    Facts {
        key: "tollgate".to_owned(),
        commit: HEAD.to_owned(),
        run: Some(RunNumber { number: 42, attempt: 2, id: 9001 }),
        run_url: Some("https://github.example/ada/engine/actions/runs/9001".to_owned()),
        untrusted: false,
        commands: false,
    }
}

fn matrix() -> Vec<Leg> {
    vec![
        leg("macos", sample::green()),
        leg("linux", sample::regression()),
        leg("windows", sample::broken()),
        leg("linux", sample::green()),
    ]
}

/// The lines of a comment that hold `part`.
fn lines<'a>(text: &'a str, part: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.contains(part)).collect()
}

#[test]
fn one_job_is_the_report_as_it_is_with_the_commit_and_the_run() {
    let legs = [leg("linux", sample::regression())];
    let text = render(&legs, &facts(), None, LIMIT);
    insta::assert_snapshot!(text.lines().take(6).collect::<Vec<_>>().join("\n"), @"
    <!-- tollgate:v1 key=4485ecf50fcb30d3 -->
    ## 🔴 Tollgate: 1 regression (2 of 3 checks passed)

    <code>77be01d37</code> · [run 42, attempt 2](https://github.example/ada/engine/actions/runs/9001)

    <code>core/parse/large</code> is 6.3 % slower than base. **This change should not merge as it is.**
    ");
    let report = super::super::markdown::render(&legs[0].judgement, LIMIT);
    let report = report.split_once("\n\n").unwrap().1;
    assert!(text.contains(report.trim_end()), "all that the report says below its headline");
    assert_eq!(text.matches("tollgate:v1").count(), 1, "one marker");
    assert!(!text.contains("The last"), "a first verdict has no history");
}

#[test]
fn several_jobs_have_one_headline_a_table_and_their_own_reports_worst_first() {
    let text = render(&matrix(), &facts(), None, LIMIT);
    let table =
        text.lines().filter(|line| line.starts_with('#') || line.contains("<summary>🟢") || line.contains("| [run]("));
    insta::assert_snapshot!(table.collect::<Vec<_>>().join("\n"), @"
    ## 🔴 Tollgate: 1 regression, 1 failure while measuring in 2 of 4 jobs (8 of 9 checks passed)
    | 🔴 | <code>linux</code> | regressed | 1 | [run](https://github.example/ada/engine/actions/runs/9001/job/5) |
    | 🟠 | <code>windows</code> | broken | 0 | [run](https://github.example/ada/engine/actions/runs/9001/job/7) |
    | 🟢 | <code>linux (2)</code> | passed | 0 | [run](https://github.example/ada/engine/actions/runs/9001/job/5) |
    | 🟢 | <code>macos</code> | passed | 0 | [run](https://github.example/ada/engine/actions/runs/9001/job/5) |
    ### 🔴 <code>linux</code>: 1 regression (2 of 3 checks passed)
    #### PERF-001 · <code>core/parse/large</code> is 6.3 % slower than base
    ### 🟠 <code>windows</code>: no verdict, 1 failure while measuring (nothing was compared)
    <details><summary>🟢 <code>linux (2)</code>: no regressions in 3 checks. Smallest change that could have been seen: 1.9 %.</summary>
    <details><summary>🟢 <code>macos</code>: no regressions in 3 checks. Smallest change that could have been seen: 1.9 %.</summary>
    ");
    assert_eq!(text.matches("should not merge").count(), 1, "what to do is said once");
}

#[test]
fn a_green_matrix_is_one_line_a_table_and_folded_reports() {
    let text = render(&[leg("macos", sample::green()), leg("linux", sample::green())], &facts(), None, LIMIT);
    assert!(text.contains(
        "\n## 🟢 Tollgate: no regressions in 6 checks of 2 jobs. Smallest change that could have been seen: 1.9 %.\n"
    ));
    assert_eq!(lines(&text, "<details><summary>🟢 <code>").len(), 2);
    assert!(!text.contains("should not merge"));
}

#[test]
fn the_worst_verdict_of_all_jobs_wins_and_no_job_at_all_is_no_pass() {
    assert_eq!(verdict(&matrix()), RunVerdict::Regressed);
    assert_eq!(verdict(&matrix()[2..]), RunVerdict::Broken);
    assert_eq!(verdict(&[]), RunVerdict::NotCovered);
    assert!(render(&[], &facts(), None, LIMIT).contains("## 🟠 Tollgate: no verdict, there is no report of any job\n"));
    assert_eq!(check_run(&[], &facts()).conclusion, Conclusion::Failure);
    assert_eq!(status(&[], &facts()).state, State::Error);
}

#[test]
fn numbers_of_untrusted_code_are_called_that_in_the_headline_and_in_a_sentence() {
    let facts = Facts { untrusted: true, ..facts() };
    let legs = [leg("linux", sample::green())];
    let text = render(&legs, &facts, None, LIMIT);
    assert!(text.contains("## 🟢 Tollgate (untrusted numbers): no regressions in 3 checks."), "{text}");
    assert_eq!(lines(&text, "> **The code of this pull request measured these numbers").len(), 1);
    assert!(status(&legs, &facts).description.starts_with("Tollgate (untrusted numbers): no regressions"));
    assert!(check_run(&legs, &facts).summary.contains("measured these numbers"));
}

#[test]
fn the_comment_names_its_commands_only_where_they_are_answered() {
    let legs = [leg("linux", sample::regression())];
    assert!(!render(&legs, &facts(), None, LIMIT).contains("/tollgate"));
    let text = render(&legs, &Facts { commands: true, ..facts() }, None, LIMIT);
    assert_eq!(
        lines(&text, "/tollgate"),
        ["- **Accept it** by a comment: <code>/tollgate waive 77be01d37 core/parse/large&#58;time REASON</code>"]
    );
    let hostile = [leg("linux", sample::hostile())];
    let text = render(&hostile, &Facts { commands: true, ..facts() }, None, LIMIT);
    assert!(
        lines(&text, "Accept it").len() < sample::HOSTILE.len(),
        "a name that would not be pasted as it is has none"
    );
}

#[test]
fn a_comment_knows_its_last_five_verdicts_and_a_new_attempt_replaces_the_old_one() {
    let legs = [leg("linux", sample::regression())];
    let first = Facts { commit: OLDER.to_owned(), ..facts() };
    let mut posted = read(&render(&[leg("linux", sample::green())], &first, None, LIMIT)).unwrap();
    assert_eq!((posted.commit.as_str(), posted.verdict), (OLDER, RunVerdict::Pass));
    posted = read(&render(&legs, &first, Some(&posted), LIMIT)).unwrap();
    assert_eq!(posted.history.len(), 1, "the same commit");
    let text = render(&legs, &facts(), Some(&posted), LIMIT);
    let told = lines(&text, " → ");
    assert_eq!(told.len(), 1);
    assert_eq!(
        told[0],
        "🔴 <code>111111111</code> [regressed, 1 failing](https://github.example/ada/engine/actions/runs/9001) → \
         🔴 <code>77be01d37</code> [regressed, 1 failing](https://github.example/ada/engine/actions/runs/9001)"
    );
    for number in 0..20 {
        let commit = format!("{number:040x}");
        posted = read(&render(&legs, &Facts { commit, ..facts() }, Some(&posted), LIMIT)).unwrap();
    }
    let commits: Vec<&str> = posted.history.iter().map(|past| past.commit.trim_start_matches('0')).collect();
    assert_eq!(commits, ["f", "10", "11", "12", "13"]);
    assert_eq!(posted.run, facts().run);
}

#[test]
fn what_is_hidden_in_a_comment_comes_back_and_cannot_end_early() {
    let odd = "https://github.example/a--b/actions/runs/1?x=%2D%2D%3E".to_owned();
    let facts = Facts { run_url: Some(odd.clone()), ..facts() };
    let text = render(&matrix(), &facts, None, LIMIT);
    let hidden = text.lines().last().unwrap();
    assert!(hidden.starts_with("<!-- tollgate:past ") && hidden.ends_with(" -->") && hidden.len() < 2_048);
    assert!(hidden.matches('>').count() == 1 && !hidden.contains('@'));
    let posted = read(&text).unwrap();
    assert_eq!(
        posted.history,
        [Past { commit: HEAD.to_owned(), verdict: RunVerdict::Regressed, failing: 1, run_url: Some(odd) }]
    );
    assert_eq!(posted.fingerprint, fingerprint(&matrix()));
    assert_eq!(read(&text.replace('\n', "\r\n")), Some(posted), "a person edited it in a browser");
}

#[test]
fn a_hostile_or_broken_comment_is_read_as_none_or_with_less() {
    let text = render(&matrix(), &facts(), None, LIMIT);
    let hidden = text.lines().last().unwrap();
    for broken in [
        String::new(),
        first_line("tollgate"),
        text.replacen("key=", "key=x", 1),
        format!("\n{text}"),
        text.chars().take(text.chars().count() - 10).collect(),
        text.replace(HEAD, "main"),
        text.replace(HEAD, &"A".repeat(40)),
        text.replace("\"regressed\"", "\"amazing\""),
        text.replace(hidden, &format!("<!-- tollgate:past {} -->", "[".repeat(1_000))),
        text.replace(hidden, &format!("<!-- tollgate:past {} -->", "9".repeat(60_000))),
        text.replace("\"h\":[[", "\"h\":[[1],["),
    ] {
        assert_eq!(read(&broken), None, "{broken:.200}");
    }
    let evil = text.replace("\"https://github.example", "\"javascript:alert(1)//");
    assert_eq!(read(&evil).unwrap().history[0].run_url, None);
    let many = format!("\"h\":[{}", format!("[\"{OLDER}\",\"passed\",0,null],").repeat(9));
    assert_eq!(read(&text.replace("\"h\":[", &many)).unwrap().history.len(), 5);
}

#[test]
fn two_keys_have_two_markers_and_a_key_may_hold_anything() {
    assert_eq!(first_line("tollgate"), first_line("tollgate"));
    assert_ne!(first_line("tollgate"), first_line("nightly"));
    for key in ["", "-->", "@ada\n<script>", &"x".repeat(100_000)] {
        let line = first_line(key);
        assert!(
            line.len() == first_line("tollgate").len() && line.matches('>').count() == 1 && !line.contains(['@', '\n'])
        );
    }
}

#[test]
fn the_fingerprint_changes_with_what_fails_and_not_with_the_numbers() {
    let legs = |judgement| vec![leg("linux", judgement)];
    let before = fingerprint(&legs(sample::regression()));
    let mut other = sample::regression();
    other.rows[0].effect = None;
    other.rows[1].outcome = Outcome::Warn;
    other.elapsed_s = 1;
    assert_eq!(fingerprint(&legs(other.clone())), before);
    other.rows[1].outcome = Outcome::FailRegressed;
    assert_ne!(fingerprint(&legs(other)), before);
    assert_ne!(fingerprint(&[leg("macos", sample::regression())]), before);
    assert_ne!(fingerprint(&legs(sample::broken())), fingerprint(&legs(sample::green())));
    assert_ne!(fingerprint(&legs(sample::untrusted())), fingerprint(&legs(sample::green())));
    let mut swapped = matrix();
    swapped.reverse();
    assert_eq!(fingerprint(&swapped), fingerprint(&matrix()));
}

#[test]
fn jobs_of_one_name_are_told_apart() {
    let names = ["linux", "linux", "linux (2)", "", "\u{202e}", "  linux\n"];
    let legs: Vec<Leg> = names.iter().map(|name| leg(name, sample::green())).collect();
    let text = render(&legs, &facts(), None, LIMIT);
    let mut seen: Vec<&str> =
        lines(&text, "| 🟢 | <code>").iter().map(|line| line.split("</code>").next().unwrap()).collect();
    assert_eq!(seen.len(), 6);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 6, "{seen:?}");
}
