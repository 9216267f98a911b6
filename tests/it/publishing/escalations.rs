//! Labels and reviewers of findings.

use tollgate::model::finding::{Certainty, Escalation, Finding, RuleId, Severity};
use tollgate::model::{MetricId, RunVerdict, Words};
use tollgate::report::json::to_json;

use crate::github::What;

use super::{FIRST, Job, ended, judgement};

/// A job whose report has findings that are to be told to these.
fn job(labels: &[&str], reviewers: &[&str]) -> Job {
    let job = Job::new();
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let escalation = Escalation { labels: owned(labels), reviewers: owned(reviewers), address: None };
    let mut judgement = judgement(RunVerdict::Regressed);
    // Two findings name the same people, who are told once.
    judgement.findings = vec![finding(judgement.rows[0].metric.id.clone(), escalation); 2];
    job.repo.write("report/judgement.json", to_json(&judgement));
    job.github.state(|state| state.pulls.insert(7, FIRST.to_owned()));
    job
}

fn finding(row: MetricId, escalation: Escalation) -> Finding {
    Finding {
        rule: RuleId::new("more-work").unwrap(),
        severity: Severity::High,
        certainty: Certainty::Possible,
        row,
        others: Vec::new(),
        what: Words::new("it does more"),
        impact: Words::new("it is slower"),
        location: None,
        evidence: Vec::new(),
        cause: Words::new("more work"),
        advice: Words::new("do less"),
        paste: None,
        plans: None,
        owner: None,
        escalation,
    }
}

/// The requests that change something.
fn writes(job: &Job) -> usize {
    job.github.seen().iter().filter(|seen| seen.verb != "GET").count()
}

const NOBODY: &str = "\nescalation on #7: nobody new to tell\n";
const ALONE: [&str; 4] = ["report", "--comment", "never", "--escalate"];

#[test]
fn labels_are_put_and_people_asked_once() {
    let job = job(&["performance", "needs, care"], &["ada", "ada/perf"]);
    let output = job.publish(&ALONE);
    ended(&output, 0);
    assert!(
        output.stdout.contains("\nlabels of #7: performance, needs, care put\nreview of #7: ada, ada/perf asked\n")
    );
    let (labels, asked) = job.github.state(|state| (state.labels.clone(), state.asked.clone()));
    assert_eq!(labels, ["performance", "needs, care"]);
    assert_eq!(asked, ["ada", "ada/perf"]);
    let before = writes(&job);
    let again = job.publish(&ALONE);
    ended(&again, 0);
    assert!(again.stdout.contains(NOBODY), "{}", again.stdout);
    assert_eq!(writes(&job), before);
}

#[test]
fn neither_the_author_nor_who_has_reviewed_or_was_asked_before_is_asked() {
    let job = job(&[], &["OctoCat", "ada", "eve", "ada/perf"]);
    job.github.state(|state| {
        state.reviewed.push("Ada");
        state.asked_before = vec!["eve".to_owned(), "ada/perf".to_owned()];
    });
    let output = job.publish(&ALONE);
    ended(&output, 0);
    assert!(output.stdout.contains(NOBODY), "{}", output.stdout);
    assert_eq!(writes(&job), 0);
}

#[test]
fn one_who_cannot_be_asked_keeps_nobody_else_from_it() {
    let job = job(&[], &["gone", "ada/strangers", "ada"]);
    job.github.state(|state| state.outsiders.extend(["gone", "strangers"]));
    let output = job.publish(&ALONE);
    ended(&output, 0);
    let said = "review of #7: ada asked\nreview of #7: gone could not be asked, has perhaps no access to the repository: POST ";
    assert!(output.stdout.contains(said), "{}", output.stdout);
    assert_eq!(job.github.state(|state| state.asked.clone()), ["ada"]);
}

#[test]
fn a_success_whose_answer_is_lost_is_not_repeated() {
    let job = job(&["performance"], &["ada"]);
    for part in ["/labels", "/requested_reviewers"] {
        job.github.trouble("POST", part, 1, What::DoneAndLost(502));
    }
    ended(&job.publish(&ALONE), 0);
    let (labels, asked) = job.github.state(|state| (state.labels.clone(), state.asked.clone()));
    assert_eq!((labels.len(), asked.len(), writes(&job)), (1, 1, 2));
}

#[test]
fn without_the_permission_the_report_says_which_and_the_verdict_stays() {
    let job = job(&["performance"], &["ada"]);
    job.github.state(|state| state.may.remove("pull-requests: write"));
    let output = job.publish(&ALONE);
    ended(&output, 0);
    assert!(output.stdout.contains("the escalation of the findings is not there: POST "), "{}", output.stdout);
    assert!(output.stdout.contains("pull-requests: write"), "{}", output.stdout);
}

#[test]
fn nothing_is_sent_where_it_was_not_asked_for_or_only_tried() {
    let job = job(&["performance"], &["ada"]);
    ended(&job.publish(&["report", "--comment", "never"]), 0);
    let dry = job.publish(&["report", "--escalate", "--dry-run"]);
    ended(&dry, 0);
    assert!(dry.stdout.contains("escalation: labels performance; reviews by ada\n"), "{}", dry.stdout);
    assert!(job.github.seen().is_empty());
}
