//! Commands in comments, by the real binary against GitHub's interface in memory: who may give them, what becomes of them, and that nothing
//! happens twice.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod repository;

use std::path::PathBuf;

use serde_json::json;
use tollgate::config::parse_waivers;

use crate::harness::{Output, TestRepo};
use repository::{Double, HEAD, MOVED};

/// A folder, GitHub, and the comment that starts the job.
struct Scene {
    repo: TestRepo,
    github: Double,
}

impl Scene {
    fn new(body: &str) -> Self {
        let (repo, github) = (TestRepo::new(), Double::start());
        body.clone_into(&mut github.state().body);
        Self { repo, github }
    }

    /// The event as GitHub writes it. Its author calls himself owner, which must not matter.
    fn event(&self, action: &str, on_pull_request: bool) -> PathBuf {
        let mut issue = json!({"number": 7});
        if on_pull_request {
            issue["pull_request"] = json!({"url": "https://api.github.example/repos/ada/engine/pulls/7"});
        }
        let event = json!({
            "action": action,
            "issue": issue,
            "comment": {"id": 12, "body": self.github.state().body, "user": {"login": "ada"}, "author_association": "OWNER"},
            "repository": {"full_name": "ada/engine", "default_branch": "main"},
        });
        self.repo.write("event.json", event.to_string());
        self.repo.root().join("event.json")
    }

    fn respond_to(&self, action: &str, on_pull_request: bool, arguments: &[&str]) -> Output {
        let (event, url) = (self.event(action, on_pull_request), self.github.url());
        let environment = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", "issue_comment"),
            ("GITHUB_EVENT_PATH", event.to_str().unwrap()),
            ("GITHUB_REPOSITORY", "ada/engine"),
            ("GITHUB_API_URL", url.as_str()),
            ("GITHUB_TOKEN", "ghs_secret"),
        ];
        self.repo.tollgate_with(&[&["respond"], arguments].concat(), &environment)
    }

    #[track_caller]
    fn respond(&self) -> Output {
        let output = self.respond_to("created", true, &[]);
        assert_eq!(output.status, 0, "{}{}", output.stdout, output.stderr);
        output
    }

    /// The replies without their first line.
    fn replies(&self) -> Vec<String> {
        let texts = self.github.state().comments.clone();
        texts.into_iter().map(|text| text.split_once('\n').unwrap().1.to_owned()).collect()
    }
}

const WAIVE: &str = "/tollgate waive 77be01d 'core/parse large:time' +25% validation, see #412";

#[test]
fn a_waiver_becomes_a_pull_request_of_its_own_and_only_one() {
    let scene = Scene::new(WAIVE);
    scene.respond();
    scene.respond();
    let state = scene.github.state();
    let [pull] = state.pulls.as_slice() else { panic!("{:?}", state.pulls) };
    assert_eq!((pull["head"].as_str(), pull["base"].as_str()), (Some("tollgate/waive-12"), Some("main")));
    assert_eq!(
        pull["title"],
        "Waive core/parse large:time up to +25 % until 2026-12-21".replace("2026-12-21", &until(pull))
    );
    let tip = &state.branches["tollgate/waive-12"];
    let text = &state.files[tip];
    assert!(text.starts_with(&state.files[&state.branches["main"]]), "what was there stays");
    let waivers = parse_waivers(text, "x").unwrap();
    assert_eq!(
        waivers.iter().map(|waiver| waiver.id.as_str()).collect::<Vec<_>>(),
        ["core/old:time", "core/parse large:time"]
    );
    assert_eq!((waivers[1].reason.as_str(), waivers[1].owner.as_deref()), ("validation, see #412", Some("@ada")));
    assert_eq!(state.reactions, ["+1"]);
    assert_eq!(state.branches.len(), 2, "the base branch is where it was, and one more");
    drop(state);
    let [reply] = scene.replies().try_into().unwrap();
    assert!(reply.starts_with("#101 waives <code>core/parse large&#58;time</code>."), "{reply}");
}

/// The day in a title.
fn until(pull: &serde_json::Value) -> String {
    pull["title"].as_str().unwrap().rsplit(' ').next().unwrap().to_owned()
}

#[test]
fn a_pull_request_that_was_opened_behind_an_error_is_not_opened_again() {
    let scene = Scene::new(WAIVE);
    scene.github.state().bad_gateway_after.insert("POST /repos/ada/engine/pulls".to_owned());
    scene.respond();
    assert_eq!(scene.github.state().pulls.len(), 1);
    assert_eq!(scene.replies().len(), 1);
}

#[test]
fn a_head_that_moved_is_refused_with_the_line_to_write_instead() {
    let scene = Scene::new(WAIVE);
    scene.github.state().head = MOVED.to_owned();
    scene.respond();
    let state = scene.github.state();
    assert!(state.pulls.is_empty() && state.branches.len() == 1);
    assert_eq!(state.reactions, ["-1"]);
    drop(state);
    let [reply] = scene.replies().try_into().unwrap();
    assert!(
        reply.contains("\n/tollgate waive 0123456ab 'core/parse large:time' +25% validation, see #412\n"),
        "{reply}"
    );
}

#[test]
fn a_token_that_may_not_write_contents_answers_with_the_entry_to_add() {
    let scene = Scene::new(WAIVE);
    scene.github.state().refused.insert("POST /repos/ada/engine/git/trees".to_owned(), 403);
    scene.respond();
    assert!(scene.github.state().pulls.is_empty());
    let [reply] = scene.replies().try_into().unwrap();
    for part in [
        "contents: write",
        "\ntollgate waive 'core/parse large:time' --ceiling '+25 %' --until ",
        "\n[[waiver]]\nid = \"core/parse large:time\"\n",
    ] {
        assert!(reply.contains(part), "{part} in {reply}");
    }
}

#[test]
fn a_metric_that_is_waived_already_is_refused() {
    let scene = Scene::new("/tollgate waive 77be01d core/old:time once more");
    scene.respond();
    assert!(scene.github.state().pulls.is_empty());
    assert!(scene.replies()[0].contains("already waived"), "{:?}", scene.replies());
}

#[test]
fn a_rerun_runs_the_failed_jobs_of_the_latest_run_again_once() {
    let scene = Scene::new("/tollgate rerun");
    scene.respond();
    let again = scene.respond();
    assert!(again.stdout.contains("nothing to do: a later attempt is there"), "{}", again.stdout);
    let state = scene.github.state();
    assert_eq!(state.reruns, [9002], "the latest run, not the older one");
    assert_eq!(state.reactions, ["+1"]);
    assert!(state.comments.is_empty());
}

#[test]
fn a_rerun_without_the_permission_says_which_line_to_add() {
    let scene = Scene::new("/tollgate rerun");
    scene.github.state().refused.insert("POST /repos/ada/engine/actions/runs/9002/rerun-failed-jobs".to_owned(), 403);
    scene.respond();
    assert!(scene.github.state().reruns.is_empty());
    assert!(scene.replies()[0].contains("actions: write"), "{:?}", scene.replies());
}

#[test]
fn who_may_not_push_gets_a_sign_and_no_words_whatever_the_event_says() {
    for permission in ["read", "triage", "none"] {
        let scene = Scene::new(WAIVE);
        scene.github.state().permission = permission.to_owned();
        scene.respond();
        let state = scene.github.state();
        assert!(state.pulls.is_empty() && state.comments.is_empty() && state.branches.len() == 1);
        assert_eq!(state.reactions, ["-1"]);
    }
}

#[test]
fn a_line_that_is_no_command_is_answered_with_those_that_are() {
    let scene = Scene::new("/tollgate waive 77be01d core/parse:time \u{202e}why");
    scene.respond();
    let [reply] = scene.replies().try_into().unwrap();
    assert!(reply.contains("characters that cannot be seen") && reply.contains("\n/tollgate rerun\n"), "{reply}");
}

#[test]
fn what_is_not_meant_for_us_asks_github_nothing() {
    for (body, action, on_pull_request) in [
        ("LGTM", "created", true),
        ("> /tollgate rerun", "created", true),
        ("/tollgate rerun", "edited", true),
        ("/tollgate rerun", "deleted", true),
        ("/tollgate rerun", "created", false),
    ] {
        let scene = Scene::new(body);
        let output = scene.respond_to(action, on_pull_request, &[]);
        assert_eq!(output.status, 0, "{}", output.stderr);
        assert_eq!(scene.github.state().requests, Vec::<String>::new(), "{body} {action}");
    }
}

#[test]
fn a_comment_that_was_edited_while_the_job_waited_is_not_carried_out() {
    let scene = Scene::new("/tollgate rerun");
    scene.github.state().body_now = Some(WAIVE.to_owned());
    let output = scene.respond();
    assert!(output.stdout.contains("edited or deleted since"), "{}", output.stdout);
    let state = scene.github.state();
    assert!(state.reruns.is_empty() && state.pulls.is_empty() && state.comments.is_empty());
}

#[test]
fn a_dry_run_says_what_it_would_do_and_changes_nothing() {
    for body in ["/tollgate rerun", WAIVE, "/tollgate nonsense"] {
        let scene = Scene::new(body);
        let output = scene.respond_to("created", true, &["--dry-run"]);
        assert_eq!(output.status, 0, "{}", output.stderr);
        assert!(output.stdout.starts_with("comment 12 by ada: "), "{}", output.stdout);
        let state = scene.github.state();
        assert!(state.requests.iter().all(|request| request.starts_with("GET ")), "{:?}", state.requests);
    }
}

#[test]
fn outside_of_a_comments_job_it_says_where_it_belongs() {
    let repo = TestRepo::new();
    let output = repo.tollgate(&["respond"]);
    assert_eq!(output.status, 2);
    assert!(output.stderr.contains("issue_comment"), "{}", output.stderr);
}

#[test]
fn a_github_that_does_not_answer_is_a_failure_of_publishing_and_the_token_stays_secret() {
    let scene = Scene::new("/tollgate rerun");
    scene.github.state().refused.insert("GET /repos/ada/engine/collaborators/ada/permission".to_owned(), 401);
    let output = scene.respond_to("created", true, &[]);
    assert_eq!(output.status, 7, "{}", output.stderr);
    assert!(output.stderr.contains("the comment was not answered") && !output.stderr.contains("ghs_secret"));
    assert!(scene.github.state().head == HEAD && scene.github.state().comments.is_empty());
}
