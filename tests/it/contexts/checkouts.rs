//! Checkouts as the runner makes them: of one commit alone, by another user, without files.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::checks::project::{CONFIG, Project};
use crate::harness::{Output, TestRepo};

/// A user that nobody is.
#[cfg(unix)]
const STRANGER: &str = "54321:54321";

#[track_caller]
fn ends(output: &Output, code: i32, parts: &[&str]) {
    let text = format!("{}{}", output.stdout, output.stderr);
    assert_eq!(output.status, code, "{text}");
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in parts {
        assert!(flat.contains(part), "{part:?} is not said:\n{text}");
    }
}

/// A project with a pull request on the remote, by whose merge commit base and head differ in one benchmark. The commits: base, merge.
fn pull_request() -> (Project, String, String) {
    let project = Project::new();
    project.change("benchmarks.txt", "search 300", "search 330");
    project.repo.switch("main");
    project.change("benchmarks.txt", "parse 100", "parse 200");
    let base = project.repo.head();
    project.repo.git(&["switch", "--quiet", "--detach"]);
    let merge = project.repo.merge("change");
    project.repo.git(&["push", "--quiet", "origin", "main", "change", "HEAD:refs/pull/7/merge"]);
    (project, base, merge)
}

/// A checkout of one commit, made by the same steps as actions/checkout makes it.
fn checkout(repo: &TestRepo, commit: &str, reference: &str) -> PathBuf {
    let place = repo.around().join("workspace");
    std::fs::create_dir(&place).expect("the folder is writable");
    let remote = format!("file://{}", repo.remote().display());
    repo.git_in(&place, &["init", "--quiet"]);
    repo.git_in(&place, &["remote", "add", "origin", &remote]);
    let what = format!("+{commit}:refs/remotes/{reference}");
    let fetch = ["-c", "protocol.version=2", "fetch", "--quiet", "--no-tags", "--prune", "--no-recurse-submodules"];
    repo.git_in(&place, &[&fetch[..], &["--depth=1", "origin", &what]].concat());
    repo.git_in(&place, &["checkout", "--quiet", "--force", &format!("refs/remotes/{reference}")]);
    place
}

/// `tollgate check` in a job for this commit.
fn check(project: &Project, place: &Path, sha: &str, event_name: &str, further: &[(&str, &str)]) -> Output {
    let event = project.repo.around().join("event.json");
    let text =
        json!({"number": 7, "repository": {"default_branch": "main"}, "pull_request": {"base": {"ref": "main"}}});
    std::fs::write(&event, text.to_string()).expect("the folder is writable");
    let event = event.display().to_string();
    let job = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", event_name),
        ("GITHUB_SHA", sha),
        ("GITHUB_EVENT_PATH", event.as_str()),
    ];
    project.repo.tollgate_in(place, &["check"], &[&job[..], further].concat())
}

#[test]
fn a_checkout_of_the_merge_commit_alone_gets_its_first_parent_from_origin() {
    let (project, base, merge) = pull_request();
    let place = checkout(&project.repo, &merge, "pull/7/merge");
    let output = check(&project, &place, &merge, "pull_request", &[]);
    let said = format!("this clone is shallow: fetching `{}` from origin", base.get(..9).expect("an id"));
    // What the target branch brought meanwhile is in both: one finding, not two.
    ends(&output, 10, &[&said, "first parent of the merge commit", "1 regression (3 of 4 checks passed)"]);
    let shallow = project.repo.git_in(&place, &["rev-parse", "--is-shallow-repository"]);
    let references = project.repo.git_in(&place, &["for-each-ref", "--format=%(refname)"]);
    assert_eq!((shallow.as_str(), references.as_str()), ("true", "refs/remotes/pull/7/merge"));
    assert!(!place.join(".git/FETCH_HEAD").exists() || !project.repo.git_in(&place, &["status"]).is_empty());
}

#[test]
fn a_base_that_cannot_be_fetched_is_said_with_the_depth() {
    let (project, _, merge) = pull_request();
    let place = checkout(&project.repo, &merge, "pull/7/merge");
    project.repo.git_in(&place, &["remote", "set-url", "origin", "file:///nowhere/at/all.git"]);
    let output = check(&project, &place, &merge, "pull_request", &[]);
    ends(&output, 2, &["no verdict", "failed to run `git fetch", "this clone is shallow", "`fetch-depth: 2`"]);
    // Outside of CI nothing is fetched: a clone is its user's.
    project.repo.git_in(&place, &["remote", "set-url", "origin", &project.repo.remote().display().to_string()]);
    let output = project.repo.tollgate_in(&place, &["check", "--base", &merge.replace(['0', '1'], "2")], &[]);
    ends(&output, 2, &["this clone is shallow", "`fetch-depth: 0`"]);
    assert!(!output.stderr.contains("fetching"), "{}", output.stderr);
}

#[test]
fn a_merge_group_in_a_shallow_checkout_gets_its_base_from_origin() {
    let (project, base, merge) = pull_request();
    let place = checkout(&project.repo, &merge, "pull/7/merge");
    let event = project.repo.around().join("group.json");
    std::fs::write(&event, json!({"merge_group": {"base_sha": base}}).to_string()).expect("the folder is writable");
    let event = event.display().to_string();
    let output = check(&project, &place, &merge, "merge_group", &[("GITHUB_EVENT_PATH", &event)]);
    ends(&output, 10, &["fetching `", "1 regression (3 of 4 checks passed)"]);
}

#[test]
fn a_partial_clone_is_judged_by_the_policy_that_it_left_at_the_remote() {
    let project = Project::with("[[rule]]\nbenchmark = \"core/search\"\nowner = \"@ada\"\n");
    project.repo.write("baselines/README.md", "of base");
    project.repo.commit("A folder");
    project.land();
    project.change("benchmarks.txt", "search 300", "search 330");
    project.repo.git(&["rm", "--quiet", "-r", "baselines"]);
    project.commit("tollgate.toml", format!("{CONFIG}[gate]\ntolerance = \"50 %\"\nmust-detect = \"80 %\"\n"));
    project.repo.git(&["push", "--quiet", "origin", "main", "change"]);
    project.repo.git_in(&project.repo.remote(), &["config", "uploadpack.allowFilter", "true"]);
    let remote = format!("file://{}", project.repo.remote().display());
    for filter in ["blob:none", "tree:0"] {
        let place = project.repo.around().join(filter.replace(':', "-"));
        let text = place.display().to_string();
        let clone = ["clone", "--quiet", &format!("--filter={filter}"), "--branch=change", &remote, &text];
        project.repo.git_in(project.repo.around(), &clone);
        let missing = project.repo.git_in(&place, &["rev-list", "--objects", "--missing=print", "origin/main"]);
        assert!(missing.contains("\n?"), "nothing is missing in {filter}:\n{missing}");
        let output = project.repo.tollgate_in(&place, &["check"], &[]);
        ends(&output, 10, &["head changes `baselines/README.md` and `tollgate.toml`", "1 regression", "@ada"]);
    }
}

#[test]
fn a_policy_that_is_missing_at_the_remote_too_does_not_make_way_for_heads() {
    let project = Project::new();
    project.change("benchmarks.txt", "search 300", "search 330");
    project.commit("tollgate.toml", format!("{CONFIG}[gate]\ntolerance = \"50 %\"\nmust-detect = \"80 %\"\n"));
    let blob = project.repo.git(&["rev-parse", "main:tollgate.toml"]);
    let (folder, file) = blob.split_at(2);
    std::fs::remove_file(project.path(&format!(".git/objects/{folder}/{file}"))).expect("a loose object");
    let output = project.repo.tollgate(&["check"]);
    ends(&output, 1, &["no verdict", "read `tollgate.toml`"]);
}

#[test]
fn a_clone_that_the_library_cannot_read_is_refused_with_the_setting_that_made_it() {
    let (project, ..) = pull_request();
    project.repo.git(&["config", "core.repositoryFormatVersion", "1"]);
    project.repo.git(&["config", "extensions.partialClone", "origin"]);
    let output = project.repo.tollgate(&["check", "--list"]);
    ends(&output, 2, &["a partial clone", "is not supported", "leave `filter` and `sparse-checkout` out"]);
}

/// Gives a folder to another user, but lets everybody write. Whether that was possible: it takes an administrator.
#[cfg(unix)]
fn give_away(repo: &TestRepo, place: &Path, owner: &str) -> bool {
    let open = repo.run(repo.command("chmod", repo.around()).args(["-R", "a+rwX"]).arg(place));
    assert_eq!(open.status, 0, "{}", open.stderr);
    let tries: [&[&str]; 2] = [&["chown"], &["sudo", "-n", "chown"]];
    tries.iter().any(|words| {
        let mut command = repo.command(words[0], repo.around());
        command.args(&words[1..]).args(["-R", owner]).arg(place);
        command.output().is_ok_and(|output| output.status.success())
    })
}

#[cfg(unix)]
#[test]
fn a_checkout_of_another_user_is_trusted_where_the_runner_or_git_vouches_for_it() {
    let (project, _, merge) = pull_request();
    let repo = &project.repo;
    let place = checkout(repo, &merge, "pull/7/merge");
    std::fs::create_dir(place.join("deeper")).expect("the folder is writable");
    let given = give_away(repo, &place, STRANGER);
    let text = place.display().to_string();

    // Nobody vouches: neither for no workspace, nor for another one, nor for the folder around.
    let around = repo.around().display().to_string();
    let without: [&[(&str, &str)]; 2] = [&[], &[("GITHUB_WORKSPACE", &around)]];
    for (folder, workspace) in [(&place, without[0]), (&place.join("deeper"), without[1])] {
        let output = check(&project, folder, &merge, "pull_request", workspace);
        if given {
            let hint = format!("hint: if you trust it: git config --global --add safe.directory {text}");
            ends(&output, 2, &["it belongs to another user", &hint]);
            assert!(!place.join(".tollgate").exists(), "something was done in it");
        } else {
            ends(&output, 10, &["1 regression"]);
        }
    }
    // The runner checked it out: shallow as it is, in the folder that it names, by whatever path.
    let detour = format!("{text}/deeper/..");
    let output = check(&project, &place.join("deeper"), &merge, "pull_request", &[("GITHUB_WORKSPACE", &detour)]);
    ends(&output, 10, &["1 regression (3 of 4 checks passed)"]);
    // Outside of GitHub Actions the variable says nothing.
    if given {
        let output = repo.tollgate_in(&place, &["check"], &[("GITHUB_WORKSPACE", &text)]);
        ends(&output, 2, &["it belongs to another user"]);
    }
    // Git's own config vouches, also where the library does not look.
    let config = repo.around().join("gitconfig");
    std::fs::write(&config, format!("[safe]\n\tdirectory = {text}\n")).expect("the folder is writable");
    let config = config.display().to_string();
    let output = check(&project, &place, &merge, "pull_request", &[("GIT_CONFIG_GLOBAL", &config)]);
    ends(&output, 10, &["1 regression (3 of 4 checks passed)"]);
    let clean = repo.tollgate_in(&place, &["clean"], &[("GIT_CONFIG_GLOBAL", &config)]);
    ends(&clean, 0, &["removed .tollgate"]);
    if given {
        let me = repo.run(repo.command("id", repo.around()).arg("-u")).stdout.trim().to_owned();
        give_away(repo, &place, &me);
    }
}
