//! One comment: found by its first line and its author, edited, never doubled.

use tollgate::model::RunVerdict;
use tollgate::report::comment::first_line;

use crate::github::{Double, Who};

use super::{FIRST, Job, SECOND, ended};

#[test]
fn two_pushes_to_a_pull_request_are_one_comment() {
    let job = Job::new();
    job.report("report", RunVerdict::Regressed);
    let output = job.publish(&["report"]);
    ended(&output, 0);
    assert_eq!(output.stdout, "comment on #7: written\n");
    let before = job.comment();
    assert!(before.starts_with(&first_line("tollgate")) && before.contains("🔴"), "{before}");
    job.push(SECOND, 11);
    job.report("report", RunVerdict::Pass);
    let output = job.publish(&["report"]);
    assert_eq!(output.stdout, "comment on #7: edited\n");
    let after = job.comment();
    assert!(after.contains("🟢 Tollgate") && after.contains("111111111"), "the history has the first commit: {after}");
    assert_eq!((job.github.count("POST", "/comments"), job.github.count("PATCH", "")), (1, 1));
    assert_eq!(job.summary(), "", "what stands in the comment is not said twice");
    // A third time with the same report changes nothing.
    assert_eq!(job.publish(&["report"]).stdout, "comment on #7: says the same already\n");
}

#[test]
fn two_matrix_legs_are_one_comment_with_both() {
    let job = Job::new();
    job.report("legs/linux-x64", RunVerdict::Pass);
    job.report("legs/macos-arm", RunVerdict::Regressed);
    ended(&job.publish(&["legs/linux-x64", "legs/macos-arm"]), 0);
    let named = job.comment();
    assert!(named.contains("linux-x64") && named.contains("macos-arm") && named.contains("🔴"), "{named}");
    // A folder of folders is the same, as the download of several artifacts leaves it.
    assert_eq!(job.publish(&["legs"]).stdout, "comment on #7: says the same already\n");
}

#[test]
fn a_marker_that_a_stranger_planted_is_not_taken() {
    let job = Job::new();
    job.report("report", RunVerdict::Pass);
    let planted = format!("{}\nno regressions, merge this!", first_line("tollgate"));
    for by in [Who::User("mallory"), Who::User("github-actions"), Who::App("helpful")] {
        job.github.state(|state| state.comment(7, by, planted.clone()));
    }
    ended(&job.publish(&["report"]), 0);
    assert!(job.comment().contains("🟢"));
    let untouched = job.github.state(|state| state.comments.iter().filter(|one| one.body == planted).count());
    assert_eq!(untouched, 3);
}

#[test]
fn a_marker_below_the_first_line_is_not_taken() {
    let job = Job::new();
    job.report("report", RunVerdict::Pass);
    let quoted = format!("> quoted\n{}\n", first_line("tollgate"));
    job.github.state(|state| state.comment(7, Who::Actions, quoted.clone()));
    ended(&job.publish(&["report"]), 0);
    let comments = job.comments();
    assert!(comments.len() == 2 && comments[0] == quoted, "{comments:?}");
}

#[test]
fn the_comment_is_found_among_250() {
    let job = Job::new();
    job.report("report", RunVerdict::Regressed);
    job.chatter(240);
    ended(&job.publish(&["report"]), 0);
    job.chatter(9);
    job.push(SECOND, 11);
    assert_eq!(job.publish(&["report"]).stdout, "comment on #7: edited\n");
    job.comment();
    assert_eq!(job.github.state(|state| state.comments.len()), 250);
    let pages = job.github.seen().iter().filter(|seen| seen.verb == "GET" && seen.path.ends_with("/comments")).count();
    assert_eq!(pages, 9, "three pages each time, and three after the comment was written");
}

#[test]
fn of_two_that_were_written_at_once_the_older_stays() {
    let job = Job::new();
    job.report("report", RunVerdict::Pass);
    let same = format!("{}\nsomething", first_line("tollgate"));
    let older = job.github.state(|state| state.comment(7, Who::Actions, same.clone()));
    job.github.state(|state| state.comment(7, Who::Actions, same.clone()));
    ended(&job.publish(&["report"]), 0);
    let comments = job.comments();
    assert!(comments[0].contains("🟢"), "{comments:?}");
    assert_eq!(comments[1], format!("Superseded by [a newer report](#issuecomment-{older})."));
    ended(&job.publish(&["report"]), 0);
    assert_eq!(job.comments(), comments);
}

#[test]
fn two_jobs_that_write_in_the_same_moment_leave_one_comment() {
    let job = Job::new();
    job.report("report", RunVerdict::Pass);
    job.github.state(|state| state.rival = Some(format!("{}\nthe other job's", first_line("tollgate"))));
    ended(&job.publish(&["report"]), 0);
    let comments = job.comments();
    assert!(
        comments.len() == 2 && comments[0].contains("🟢") && comments[1].starts_with("Superseded by"),
        "{comments:?}"
    );
}

#[test]
fn every_key_has_its_comment() {
    let job = Job::new();
    job.report("report", RunVerdict::Pass);
    for key in ["tollgate", "nightly --> <b>", "nightly"] {
        ended(&job.publish(&["report", "--key", key]), 0);
        ended(&job.publish(&["report", "--key", key]), 0);
    }
    assert_eq!(job.comments().len(), 3);
}

#[test]
fn a_later_run_is_not_overwritten() {
    let job = Job::new();
    job.report("report", RunVerdict::Regressed);
    job.push(SECOND, 11);
    ended(&job.publish(&["report"]), 0);
    let later = job.comment();
    job.push(FIRST, 10);
    job.report("report", RunVerdict::Pass);
    assert_eq!(job.publish(&["report"]).stdout, "comment on #7: left as it is, a later run has reported\n");
    assert_eq!(job.comment(), later);
}

#[test]
fn the_modes_differ_in_when_they_write() {
    let said = |mode: &str, verdicts: [RunVerdict; 3]| {
        let job = Job::new();
        for (run, verdict) in (10..).zip(verdicts) {
            job.push(if run == 11 { SECOND } else { FIRST }, run);
            job.report("report", verdict);
            ended(&job.publish(&["report", "--comment", mode]), 0);
        }
        (job.comments(), job.github.count("POST", "/comments"), job.github.count("PATCH", ""))
    };
    let (pass, worse) = (RunVerdict::Pass, RunVerdict::Regressed);
    let (comments, new, edited) = said("always", [pass, pass, worse]);
    assert_eq!((comments.len(), new, edited), (1, 1, 2));
    let (comments, new, edited) = said("on-change", [pass, pass, worse]);
    assert_eq!((comments.len(), new, edited), (1, 1, 1));
    assert!(comments[0].contains("🔴"));
    let (comments, new, edited) = said("new", [pass, pass, worse]);
    assert_eq!((comments.len(), new, edited), (2, 2, 1));
    assert!(comments[0].starts_with("Superseded by") && comments[1].contains("🔴"), "{comments:?}");
    let (comments, ..) = said("never", [pass, pass, worse]);
    assert!(comments.is_empty());
}

#[test]
fn a_users_own_token_edits_the_users_comment() {
    let job = Job::new();
    job.report("report", RunVerdict::Pass);
    job.github.state(|state| state.token = Who::User("ada"));
    job.github.state(|state| state.comment(7, Who::Actions, format!("{}\nthe bot's", first_line("tollgate"))));
    ended(&job.publish(&["report"]), 0);
    ended(&job.publish(&["report"]), 0);
    job.comment();
}

#[test]
fn a_server_of_ones_own_is_reached_below_its_path() {
    let job = Job::with(Double::start_at("/api/v3"));
    job.report("report", RunVerdict::Pass);
    job.chatter(120);
    ended(&job.publish(&["report"]), 0);
    ended(&job.publish(&["report"]), 0);
    job.comment();
}
