//! What Tollgate takes from the events that GitHub really sends, and that no event makes it do more than it may.
#![expect(clippy::panic, reason = "a test fails by panicking")]

mod checkouts;
mod steps;
mod strangers;

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use tollgate::ci::{CiContext, GitHubRun, PullRequestState, Rights, Runs, Trigger};
use tollgate::model::Wanted;

use crate::npm;

/// The commit that the job is for.
const SHA: &str = "1111111111111111111111111111111111111111";
/// The head of the pull request of the examples.
const HEAD: &str = "ec26c3e57ca3a959ca5aad62de7213c562f8c821";

/// Every event that is treated by its name.
const TREATED: [&str; 9] = [
    "pull_request",
    "pull_request_target",
    "workflow_run",
    "issue_comment",
    "merge_group",
    "push",
    "workflow_dispatch",
    "schedule",
    "",
];

/// A job of GitHub Actions for an event, with further variables.
fn context(event_name: &str, event: &Value, further: &[(&str, &str)]) -> CiContext {
    let fixed = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", event_name),
        ("GITHUB_SHA", SHA),
        ("GITHUB_REPOSITORY", "Codertocat/Hello-World"),
    ];
    let variables: BTreeMap<String, String> =
        fixed.iter().chain(further).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    CiContext::from(&variables, Some(event.to_string().as_bytes()))
}

fn github(event_name: &str, event: &Value, further: &[(&str, &str)]) -> GitHubRun {
    match context(event_name, event, further) {
        CiContext::GitHub(run) => *run,
        CiContext::Local => panic!("the variables say GitHub Actions"),
    }
}

/// The events of one kind that a server of GitHub's sends.
fn examples_of(server: &str) -> Vec<(String, Vec<Value>)> {
    let path = npm::package(npm::WEBHOOKS_EXAMPLES).join(server).join("index.json");
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    let all: Vec<Value> = serde_json::from_slice(&text).expect("the examples are JSON");
    let kind = |kind: &Value| {
        (
            kind["name"].as_str().expect("a kind has a name").to_owned(),
            kind["examples"].as_array().expect("a kind has examples").clone(),
        )
    };
    all.iter().map(kind).collect()
}

/// The events of one kind.
fn examples(name: &str) -> Vec<Value> {
    let found = examples_of("api.github.com").into_iter().find(|(kind, _)| kind == name);
    found.unwrap_or_else(|| panic!("no example of {name}")).1
}

#[test]
fn every_event_that_github_sends_is_read_under_every_name() {
    let mut seen = 0;
    for server in ["api.github.com", "ghes-31", "ghes-32", "ghes-33", "ghes-34", "ghes-35"] {
        for (kind, events) in examples_of(server) {
            for event in events {
                for name in TREATED.iter().copied().chain([kind.as_str()]) {
                    let context = context(name, &event, &[]);
                    context.wanted(SHA);
                    context.wanted(HEAD);
                    let runs = context.runs();
                    assert_eq!(runs == Runs::Nothing, name == "pull_request_target", "{server} {kind} as {name}");
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 700, "{seen} events");
}

/// Any JSON, with the words of events among its keys.
fn any_json() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "number",
        "action",
        "before",
        "forced",
        "ref",
        "sha",
        "full_name",
        "repo",
        "head",
        "base",
        "pull_request",
        "repository",
        "default_branch",
        "workflow_run",
        "head_repository",
        "owner",
        "login",
        "actor",
        "id",
        "issue",
        "comment",
        "user",
        "body",
        "merge_group",
        "base_sha",
        "run_number",
        "run_attempt",
        "event",
        "merged",
        "state",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,50}".prop_map(Value::from),
        "[0-9a-f]{40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..8).prop_map(|pairs| Value::Object(
                pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn no_event_of_any_shape_does_harm(event in any_json(), name in prop::sample::select(TREATED.to_vec())) {
        let context = context(name, &event, &[]);
        let wanted = context.wanted(SHA);
        // What is looked up by its name is a commit: never an option to a program, never a path.
        if let Wanted::Named(base) = wanted {
            prop_assert!(base.len() == 40 && base.bytes().all(|byte| byte.is_ascii_hexdigit()), "{base}");
        }
        prop_assert_eq!(context.runs() == Runs::Nothing, name == "pull_request_target");
    }

    #[test]
    fn no_bytes_do_harm(bytes: Vec<u8>, name in prop::sample::select(TREATED.to_vec())) {
        let variables = BTreeMap::from([
            ("GITHUB_ACTIONS".to_owned(), "true".to_owned()),
            ("GITHUB_EVENT_NAME".to_owned(), name.to_owned()),
        ]);
        CiContext::from(&variables, Some(&bytes)).wanted(SHA);
    }
}

#[test]
fn a_pull_request_says_its_number_branches_and_commits() {
    for event in examples("pull_request") {
        let run = github("pull_request", &event, &[("GITHUB_ACTOR", "Codertocat")]);
        let closed = event["action"] == "closed";
        assert_eq!(
            run.trigger,
            Trigger::PullRequest {
                number: Some(2),
                base_branch: Some("master".to_owned()),
                base_sha: Some("f95f852bd8fca8fcc58a9a2d6c842781e32a215e".to_owned()),
                head_sha: Some(HEAD.to_owned()),
                from_fork: false,
                state: if closed { PullRequestState::Closed } else { PullRequestState::Open },
            }
        );
        assert_eq!((run.rights, run.default_branch.as_deref()), (Rights::AsPermitted, Some("master")));
    }
}

#[test]
fn a_fork_a_deleted_fork_and_dependabot_have_a_token_that_reads() {
    let own = examples("pull_request").remove(0);
    let mut fork = own.clone();
    fork["pull_request"]["head"]["repo"]["full_name"] = json!("mallory/Hello-World");
    let mut deleted = own.clone();
    deleted["pull_request"]["head"]["repo"] = Value::Null;
    // A fork may have a pull request inside itself: to that repository it is none.
    let mut inside = own.clone();
    inside["pull_request"]["head"]["repo"]["fork"] = json!(true);
    for (event, actor, rights) in [
        (&own, "Codertocat", Rights::AsPermitted),
        (&own, "dependabot[bot]", Rights::ReadOnly),
        (&fork, "Codertocat", Rights::ReadOnly),
        (&deleted, "Codertocat", Rights::ReadOnly),
        (&inside, "Codertocat", Rights::AsPermitted),
    ] {
        let run = github("pull_request", event, &[("GITHUB_ACTOR", actor)]);
        assert_eq!((run.rights, run.actor.as_deref()), (rights, Some(actor)));
        assert_eq!(context("pull_request", event, &[]).runs(), Runs::Anything);
    }
    let push = examples("push").remove(0);
    assert_eq!(github("push", &push, &[("GITHUB_ACTOR", "dependabot[bot]")]).rights, Rights::ReadOnly);
    assert_eq!(github("schedule", &json!({}), &[("GITHUB_ACTOR", "dependabot[bot]")]).rights, Rights::AsPermitted);
}

#[test]
fn a_merged_pull_request_is_compared_with_what_its_commit_came_upon() {
    let mut event = examples("pull_request").remove(0);
    event["action"] = json!("closed");
    event["pull_request"]["state"] = json!("closed");
    event["pull_request"]["merged"] = json!(true);
    let run = github("pull_request", &event, &[("GITHUB_REF", "refs/heads/master")]);
    assert!(matches!(run.trigger, Trigger::PullRequest { state: PullRequestState::Merged, .. }));
    assert_eq!(context("pull_request", &event, &[]).wanted(SHA), Wanted::FirstParent);
}

#[test]
fn a_merge_group_is_compared_with_what_it_goes_into() {
    for event in examples("merge_group") {
        let base = "380387fbc80638b734a49e1be1c4dfec1c01b33c";
        assert_eq!(context("merge_group", &event, &[]).wanted(SHA), Wanted::Named(base.to_owned()));
    }
}

#[test]
fn a_push_to_the_default_branch_is_compared_with_what_was_there_before() {
    let before = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
    let default = Wanted::Branch("master".to_owned());
    let mut event = examples("push").into_iter().find(|event| event["ref"] == "refs/heads/master").expect("an example");
    let wanted =
        |event: &Value, reference: &str, head: &str| context("push", event, &[("GITHUB_REF", reference)]).wanted(head);
    // The example is of a new branch: forty zeros.
    assert_eq!(github("push", &event, &[]).trigger, Trigger::Push { before: None, forced: false });
    assert_eq!(wanted(&event, "refs/heads/master", SHA), default);
    event["before"] = json!(before);
    assert_eq!(wanted(&event, "refs/heads/master", SHA), Wanted::Named(before.to_owned()));
    // Another branch is compared with the default branch, and so is another commit than the pushed one, and a tag.
    assert_eq!(wanted(&event, "refs/heads/topic", SHA), default);
    assert_eq!(wanted(&event, "refs/heads/master", HEAD), default);
    assert_eq!(wanted(&event, "refs/tags/master", SHA), default);
    // After a forced push, what was there may not be a part of what is.
    event["forced"] = json!(true);
    assert_eq!(wanted(&event, "refs/heads/master", SHA), default);
}

#[test]
fn a_dispatch_and_a_schedule_are_compared_by_the_default_branch() {
    for event in examples("workflow_dispatch") {
        let branch = event["repository"]["default_branch"].as_str().expect("a branch").to_owned();
        assert_eq!(context("workflow_dispatch", &event, &[]).wanted(SHA), Wanted::Branch(branch));
    }
    let schedule = json!({"schedule": "15 3 * * *"});
    assert_eq!(context("schedule", &schedule, &[]).wanted(SHA), Wanted::Find);
    assert_eq!(github("schedule", &schedule, &[]).trigger, Trigger::Other);
}

#[test]
fn an_ended_run_lets_only_code_of_this_repository_run() {
    for event in examples("workflow_run") {
        let run = github("workflow_run", &event, &[]);
        let Trigger::WorkflowRun(ended) = &run.trigger else { panic!("{:?}", run.trigger) };
        let elsewhere = event["workflow_run"]["head_repository"]["full_name"] != event["repository"]["full_name"];
        assert_eq!(ended.from_fork, elsewhere);
        assert_eq!(ended.head_owner.as_deref(), Some("octo-org"));
        let mut may = vec![SHA.to_owned()];
        if !elsewhere {
            assert_eq!((ended.run.number, ended.run.attempt, ended.run.id), (163, 1, 289_782_451));
            may.push("3484a3fb816e0859fd6e1cea078d76385ff50625".to_owned());
        }
        assert_eq!(context("workflow_run", &event, &[]).runs(), Runs::Within(may));
    }
    let mut event = examples("workflow_run").remove(1);
    event["workflow_run"]["actor"]["login"] = json!("dependabot[bot]");
    assert_eq!(context("workflow_run", &event, &[]).runs(), Runs::Within(vec![SHA.to_owned()]));
    event["workflow_run"]["head_repository"] = Value::Null;
    assert_eq!(context("workflow_run", &event, &[]).runs(), Runs::Within(vec![SHA.to_owned()]));
    // An event that says nothing lets nothing more run.
    assert_eq!(context("workflow_run", &json!([]), &[]).runs(), Runs::Within(vec![SHA.to_owned()]));
}

#[test]
fn a_comment_says_who_wrote_what_and_where() {
    for event in examples("issue_comment") {
        let run = github("issue_comment", &event, &[]);
        let Trigger::IssueComment(comment) = &run.trigger else { panic!("{:?}", run.trigger) };
        assert_eq!((comment.number, comment.id, comment.author.as_str()), (1, 492_700_400, "Codertocat"));
        assert_eq!((comment.on_pull_request, comment.created), (false, event["action"] == "created"));
        assert!(comment.body.starts_with("You are totally right!"));
        assert_eq!(context("issue_comment", &event, &[]).runs(), Runs::Within(vec![SHA.to_owned()]));
    }
    let mut event = examples("issue_comment").remove(0);
    event["issue"]["pull_request"] = json!({"url": "https://api.github.com/repos/Codertocat/Hello-World/pulls/1"});
    let run = github("issue_comment", &event, &[]);
    assert!(matches!(run.trigger, Trigger::IssueComment(comment) if comment.on_pull_request));
}

#[test]
fn a_server_of_ones_own_has_its_own_addresses() {
    let run = github(
        "push",
        &json!({}),
        &[
            ("GITHUB_SERVER_URL", "https://git.example.org/"),
            ("GITHUB_API_URL", "https://git.example.org/api/v3"),
            ("GITHUB_RUN_ID", "42"),
            ("GITHUB_RUN_NUMBER", "7"),
            ("GITHUB_RUN_ATTEMPT", "2"),
        ],
    );
    assert_eq!(run.run_url.as_deref(), Some("https://git.example.org/Codertocat/Hello-World/actions/runs/42"));
    assert_eq!(run.api_url.as_deref(), Some("https://git.example.org/api/v3"));
    assert_eq!(run.run.map(|run| (run.number, run.attempt, run.id)), Some((7, 2, 42)));
}
