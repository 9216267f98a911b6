//! What Tollgate puts beside the user's files, who may use it, and that it goes again.

use tollgate::git::GitError;

use super::{open, repo};
use crate::harness::TestRepo;

#[test]
fn a_second_checkout_rewrites_only_what_changed_and_keeps_build_output() {
    let repo = repo();
    repo.write(".gitignore", "target\n");
    repo.write("b.txt", "same");
    repo.commit("Second");
    let repository = open(repo.root());
    let place = repo.root().join(".tollgate/arms/base");
    repository.checkout(&repository.revision("HEAD").unwrap(), &place).unwrap();
    let modified = |name: &str| std::fs::metadata(place.join(name)).unwrap().modified().unwrap();
    let before = ["a.txt", "b.txt"].map(modified);
    std::fs::create_dir(place.join("target")).unwrap();
    std::fs::write(place.join("target/built"), "output").unwrap();
    std::fs::write(place.join("left over"), "by a benchmark").unwrap();

    repo.write("a.txt", "two");
    repo.commit("Third");
    repository.checkout(&repository.revision("HEAD").unwrap(), &place).unwrap();
    assert_eq!(std::fs::read_to_string(place.join("a.txt")).unwrap(), "two");
    assert_ne!(modified("a.txt"), before[0]);
    assert_eq!(modified("b.txt"), before[1]);
    assert!(place.join("target/built").exists());
    assert!(!place.join("left over").exists());
}

#[test]
fn a_spoilt_worktree_is_made_anew() {
    let repo = repo();
    let repository = open(repo.root());
    let head = repository.revision("HEAD").unwrap();
    let place = repo.root().join(".tollgate/arms/base");
    let check = || {
        repository.checkout(&head, &place).unwrap();
        assert_eq!(std::fs::read_to_string(place.join("a.txt")).unwrap(), "one");
    };
    check();
    std::fs::write(repo.root().join(".git/worktrees/base/index.lock"), "").unwrap();
    check();
    std::fs::remove_dir_all(&place).unwrap();
    check();
    repo.git(&["worktree", "lock", ".tollgate/arms/base"]);
    std::fs::remove_dir_all(&place).unwrap();
    check();
    std::fs::remove_dir_all(repo.root().join(".git/worktrees/base")).unwrap();
    check();
    std::fs::remove_dir_all(&place).unwrap();
    std::fs::write(&place, "a file").unwrap();
    check();
}

#[test]
fn hooks_of_the_repository_are_not_run() {
    let repo = repo();
    repo.write("a.txt", "two");
    for hook in ["post-checkout", "post-index-change", "post-commit", "reference-transaction"] {
        repo.write(&format!(".git/hooks/{hook}"), format!("#!/bin/sh\ntouch '{}/ran'\n", repo.around().display()));
        repo.run(repo.command("chmod", repo.root()).args(["+x", &format!(".git/hooks/{hook}")]));
    }
    let repository = open(repo.root());
    let place = repo.root().join(".tollgate/arms/head");
    let head = repository.working_tree().unwrap();
    repository.checkout(&head, &place).unwrap();
    repository.checkout(&repository.revision("HEAD").unwrap(), &place).unwrap();
    assert!(!repo.around().join("ran").exists());
}

#[test]
fn a_linked_worktree_is_a_starting_place_too() {
    let repo = repo();
    repo.git(&["worktree", "add", "--quiet", "-b", "feature", "../linked"]);
    let linked = repo.around().join("linked");
    std::fs::write(linked.join("a.txt"), "two").unwrap();
    let repository = open(&linked);
    let head = repository.working_tree().unwrap();
    assert!(head.dirty);
    let place = linked.join(".tollgate/arms/head");
    repository.checkout(&head, &place).unwrap();
    repository.checkout(&head, &place).unwrap();
    assert_eq!(std::fs::read_to_string(place.join("a.txt")).unwrap(), "two");
    repository.remove_state(repository.lock().unwrap()).unwrap();
    assert_eq!(repo.git(&["worktree", "list"]).lines().count(), 2, "the user's own worktree stays");
}

#[test]
fn submodules_are_checked_out_and_may_be_the_starting_place() {
    let library = repo();
    let repo = repo();
    let url = library.remote().display().to_string();
    repo.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, "library"]);
    repo.commit("Library");
    let repository = open(repo.root());
    let place = repo.root().join(".tollgate/arms/head");
    // Whether git may clone from a folder is up to the user's config, which is left as it is.
    let head = repository.working_tree().unwrap();
    match repository.checkout(&head, &place) {
        Ok(()) => assert_eq!(std::fs::read_to_string(place.join("library/a.txt")).unwrap(), "one"),
        Err(error) => assert!(error.to_string().contains("transport 'file' not allowed"), "{error}"),
    }
    let within = open(&repo.root().join("library"));
    let place = repo.root().join("library/.tollgate/arms/head");
    within.checkout(&within.working_tree().unwrap(), &place).unwrap();
    assert_eq!(std::fs::read_to_string(place.join("a.txt")).unwrap(), "one");
}

#[cfg(unix)]
#[test]
fn a_link_in_place_of_our_folder_is_refused() {
    let repo = repo();
    let elsewhere = repo.around().join("elsewhere");
    std::fs::create_dir_all(elsewhere.join("base")).unwrap();
    std::fs::write(elsewhere.join("base/precious"), "x").unwrap();
    let repository = open(repo.root());
    let head = repository.revision("HEAD").unwrap();
    let state = repository.state_folder().unwrap();
    std::os::unix::fs::symlink(&elsewhere, state.join("arms")).unwrap();
    let error = repository.checkout(&head, &state.join("arms/base")).unwrap_err();
    assert!(matches!(error, GitError::NotOurs { .. }), "{error}");
    repository.remove_state(repository.lock().unwrap()).unwrap();
    std::os::unix::fs::symlink(&elsewhere, repo.root().join(".tollgate")).unwrap();
    assert!(matches!(repository.state_folder(), Err(GitError::NotOurs { .. })));
    assert_ne!(repo.tollgate(&["clean"]).status, 0);
    assert!(elsewhere.join("base/precious").exists());
}

#[test]
fn only_one_may_use_the_worktrees_and_the_error_names_the_other() {
    let repo = repo();
    let lock = open(repo.root()).lock().unwrap();
    let error = open(repo.root()).lock().unwrap_err();
    assert!(error.to_string().contains(&format!("process {} is at work", std::process::id())), "{error}");
    let output = repo.tollgate(&["clean"]);
    assert_eq!(output.status, 2, "{}", output.stderr);
    drop(lock);
    open(repo.root()).lock().unwrap();
}

#[test]
fn clean_lists_first_and_then_leaves_nothing() {
    let repo = repo();
    let repository = open(repo.root());
    repository.checkout(&repository.revision("HEAD").unwrap(), &repo.root().join(".tollgate/arms/base")).unwrap();
    std::fs::write(repo.root().join(".tollgate/arms/base/big"), vec![0; 2048]).unwrap();

    let dry = repo.tollgate(&["clean", "--dry-run"]);
    assert_eq!((dry.status, dry.stderr.as_str()), (0, ""));
    assert!(dry.stdout.starts_with("would remove .tollgate/arms (2."), "{}", dry.stdout);
    assert!(repo.root().join(".tollgate/arms/base/big").exists());

    let wet = repo.tollgate(&["clean"]);
    assert_eq!((wet.status, wet.stderr.as_str()), (0, ""));
    assert!(wet.stdout.starts_with("removed .tollgate/arms (2."), "{}", wet.stdout);
    assert!(!repo.root().join(".tollgate").exists());
    assert!(!repo.root().join(".git/worktrees").join("base").exists());
    assert_eq!(repo.git(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    assert_eq!(repo.tollgate(&["clean"]).stdout, "nothing to remove\n");
}

#[test]
fn clean_outside_a_repository_is_a_matter_of_the_call() {
    let repo = TestRepo::new();
    let output = repo.tollgate_in(repo.around(), &["clean"], &[]);
    assert_eq!(output.status, 2);
    assert!(output.stderr.starts_with("error: nothing removed: find a git repository in"), "{}", output.stderr);
}
