//! What Tollgate finds and reads in real repositories, and what it leaves as it was.

mod checkouts;

use std::path::{Path, PathBuf};

use tollgate::git::{GitError, Repository};
use tollgate::model::{Revision, Wanted};

use crate::harness::TestRepo;

/// A repository with one pushed commit on `main`.
fn repo() -> TestRepo {
    let repo = TestRepo::new();
    repo.write("a.txt", "one");
    repo.commit("First");
    repo.push();
    repo
}

fn open(directory: &Path) -> Repository {
    Repository::discover(directory).expect("a usable repository")
}

/// The base of what is checked out and in the work tree.
fn base(directory: &Path, wanted: &Wanted) -> Result<Revision, GitError> {
    let repository = open(directory);
    repository.base(&repository.working_tree()?, wanted)
}

/// A clone of the remote with the last `depth` commits of a branch, without any other.
fn shallow(repo: &TestRepo, branch: &str, depth: u32) -> PathBuf {
    let place = repo.around().join("shallow");
    // Only a URL makes a local clone shallow.
    let remote = format!("file://{}", repo.remote().display());
    let depth = format!("--depth={depth}");
    repo.git_in(repo.around(), &["clone", "--quiet", &depth, "--branch", branch, &remote, "shallow"]);
    place
}

/// A pull request's merge commit on the remote's branch `merge`; the ids of its first parent and of itself.
fn merge_commit(repo: &TestRepo) -> (String, String) {
    repo.branch("feature");
    repo.write("b.txt", "two");
    repo.commit("Feature");
    repo.switch("main");
    repo.write("a.txt", "newer");
    let parent = repo.commit("Main goes on");
    repo.push();
    repo.branch("merge");
    let merge = repo.merge("feature");
    repo.push();
    (parent, merge)
}

#[track_caller]
fn hint(error: &GitError) -> String {
    error.hint().expect("what a user can cause has a hint")
}

#[test]
fn the_merge_base_with_the_default_branch_is_the_base() {
    let repo = repo();
    let fork = repo.head();
    repo.branch("feature");
    repo.commit("Feature");
    repo.switch("main");
    repo.commit("Main goes on");
    repo.push();
    repo.switch("feature");
    for wanted in [Wanted::Find, Wanted::Branch("main".to_owned())] {
        let base = base(repo.root(), &wanted).unwrap();
        assert_eq!((base.commit, base.label), (fork.clone(), "merge base of `origin/main`".to_owned()));
        assert_eq!((base.title.as_str(), base.committed_at_s, base.dirty), ("First", 1_767_225_600, false));
    }
}

#[test]
fn a_detached_head_has_a_base_too() {
    let repo = repo();
    let fork = repo.head();
    repo.branch("feature");
    repo.commit("Feature");
    repo.git(&["checkout", "--quiet", "--detach"]);
    assert_eq!(base(repo.root(), &Wanted::Find).unwrap().commit, fork);
}

#[test]
fn a_named_base_is_taken_as_it_is_and_a_tag_is_followed() {
    let repo = repo();
    let first = repo.head();
    repo.git(&["tag", "--annotate", "--message", "Release", "v1.4.0"]);
    repo.branch("feature");
    repo.commit("Feature");
    let base = base(repo.root(), &Wanted::Named("v1.4.0".to_owned())).unwrap();
    assert_eq!((base.commit, base.label), (first, "`v1.4.0`".to_owned()));
}

#[test]
fn on_the_default_branch_the_base_is_the_commit_before_or_beneath() {
    let repo = repo();
    let first = repo.head();
    repo.write("a.txt", "two");
    let second = repo.commit("Second");
    repo.push();
    let clean = base(repo.root(), &Wanted::Find).unwrap();
    assert_eq!((clean.commit, clean.label), (first, format!("commit before `{}`", second.get(..9).unwrap())));
    repo.write("a.txt", "three");
    let dirty = base(repo.root(), &Wanted::Find).unwrap();
    assert_eq!((dirty.commit, dirty.dirty), (second, false));
    assert_eq!(dirty.label, "`HEAD`, beneath the uncommitted work");
}

#[test]
fn the_first_commit_has_no_base() {
    let repo = repo();
    let error = base(repo.root(), &Wanted::Find).unwrap_err();
    assert!(matches!(error, GitError::NoParent { .. }), "{error}");
    assert!(hint(&error).contains("--base"));
}

#[test]
fn a_merge_commit_is_compared_with_its_first_parent() {
    let repo = repo();
    let (parent, _) = merge_commit(&repo);
    let base = base(&shallow(&repo, "merge", 2), &Wanted::FirstParent).unwrap();
    assert_eq!((base.commit, base.label.as_str()), (parent, "first parent of the merge commit"));
}

#[test]
fn a_clone_that_is_too_shallow_says_how_deep_it_must_be() {
    let repo = repo();
    let (_, merge) = merge_commit(&repo);
    let clone = shallow(&repo, "merge", 1);
    assert_eq!(open(&clone).working_tree().unwrap().commit, merge);
    let error = base(&clone, &Wanted::FirstParent).unwrap_err();
    assert_eq!(
        error.to_string(),
        "find the first parent of the merge commit: this clone is shallow and ends before it"
    );
    assert!(hint(&error).contains("`fetch-depth: 2`"), "{}", hint(&error));
    for wanted in [Wanted::Find, Wanted::Branch("main".to_owned()), Wanted::Named("main".to_owned())] {
        let error = base(&clone, &wanted).unwrap_err();
        assert!(hint(&error).contains("`fetch-depth: 0`"), "{wanted:?}: {error}: {}", hint(&error));
    }
}

#[test]
fn a_merge_base_beyond_a_shallow_clone_says_so() {
    let repo = repo();
    merge_commit(&repo);
    repo.switch("feature");
    repo.push();
    let clone = shallow(&repo, "feature", 1);
    repo.git_in(&clone, &["fetch", "--quiet", "--depth=1", "origin", "main:refs/remotes/origin/main"]);
    let error = base(&clone, &Wanted::Branch("main".to_owned())).unwrap_err();
    assert!(matches!(error, GitError::Shallow { depth: 0, .. }), "{error}");
}

#[test]
fn of_several_merge_bases_the_newest_is_the_base() {
    let repo = repo();
    repo.branch("feature");
    let older = repo.commit("Feature");
    repo.switch("main");
    let newer = repo.commit("Main goes on");
    repo.merge("feature");
    repo.push();
    repo.switch("feature");
    repo.merge(&newer);
    repo.commit("Feature goes on");
    let bases = repo.git(&["merge-base", "--all", "main", "feature"]);
    assert_eq!(bases.lines().count(), 2, "{bases} should be {older} and {newer}");
    assert_eq!(base(repo.root(), &Wanted::Find).unwrap().commit, newer);
}

#[test]
fn unrelated_histories_have_no_merge_base() {
    let repo = repo();
    repo.git(&["switch", "--quiet", "--orphan", "other"]);
    repo.commit("Another beginning");
    let error = base(repo.root(), &Wanted::Find).unwrap_err();
    assert!(matches!(error, GitError::Unrelated { .. }), "{error}");
    assert!(hint(&error).contains("--base"));
}

#[test]
fn folders_without_a_usable_repository_are_refused_with_a_hint() {
    let repo = TestRepo::new();
    let unborn = open(repo.root()).working_tree().unwrap_err();
    let bare = Repository::discover(&repo.remote()).unwrap_err();
    let none = Repository::discover(repo.around()).unwrap_err();
    repo.git_in(repo.around(), &["init", "--quiet", "--object-format=sha256", "sha256"]);
    let sha256 = Repository::discover(&repo.around().join("sha256")).unwrap_err();
    repo.git_in(repo.around(), &["init", "--quiet", "--ref-format=reftable", "reftable"]);
    let reftable = Repository::discover(&repo.around().join("reftable")).unwrap_err();
    assert!(matches!(unborn, GitError::Unborn), "{unborn}");
    assert!(matches!(bare, GitError::Bare { .. }), "{bare}");
    assert!(matches!(none, GitError::NotARepository { .. }), "{none}");
    assert!(sha256.to_string().contains("SHA-256"), "{sha256}");
    assert!(reftable.to_string().contains("reftable"), "{reftable}");
    for error in [unborn, bare, none, sha256, reftable] {
        hint(&error);
    }
}

#[test]
fn a_hostile_name_of_a_revision_is_an_error_and_not_an_option() {
    let repo = repo();
    let repository = open(repo.root());
    let long = "a".repeat(100_000);
    for spec in ["--upload-pack=x", "-h", "", "main..HEAD", "a\0b", "HEAD:a.txt", "HEAD^{tree}", "@{", "..", &long] {
        let error = repository.revision(spec).unwrap_err();
        assert!(matches!(error, GitError::Unknown { .. } | GitError::NotACommit { .. }), "{spec:?}: {error}");
        hint(&error);
    }
    let head = repository.working_tree().unwrap();
    let hostile = Revision { commit: "--orphan".to_owned(), ..head };
    repository.checkout(&hostile, &repo.root().join(".tollgate/arms/head")).unwrap_err();
}

#[test]
fn uncommitted_work_is_taken_along_and_left_as_it_was() {
    let repo = repo();
    repo.write(".gitignore", "*.log\n");
    repo.write("gone.txt", "x");
    repo.write("staged.txt", "x");
    let commit = repo.commit("Files");
    repo.write("staged.txt", "staged");
    repo.git(&["add", "staged.txt"]);
    repo.write("a.txt", "unstaged");
    repo.write("folder/-new file ü.txt", "untracked");
    repo.write("noise.log", "ignored");
    std::fs::remove_file(repo.root().join("gone.txt")).unwrap();
    // A repository within the work tree is not part of it.
    repo.git(&["init", "--quiet", "nested"]);
    let before = (repo.git(&["status", "--porcelain"]), std::fs::read(repo.root().join(".git/index")).unwrap());

    let repository = open(&repo.root().join("folder"));
    let head = repository.working_tree().unwrap();
    let place = repo.root().join(".tollgate/arms/head");
    repository.checkout(&head, &place).unwrap();

    let after = (repo.git(&["status", "--porcelain"]), std::fs::read(repo.root().join(".git/index")).unwrap());
    assert_eq!(before, after);
    assert_eq!(repo.read("a.txt"), "unstaged");
    assert_eq!((head.commit.as_str(), head.dirty), (commit.as_str(), true));
    let files = repository.files(&head.tree, "").unwrap();
    assert_eq!(files, [".gitignore", "a.txt", "folder/-new file ü.txt", "staged.txt"]);
    let base = repository.revision("HEAD").unwrap();
    let changed = repository.changed(&base.tree, &head.tree).unwrap();
    assert_eq!(changed, ["a.txt", "folder/-new file ü.txt", "gone.txt", "staged.txt"]);
    assert_eq!(std::fs::read_to_string(place.join("a.txt")).unwrap(), "unstaged");
    assert_eq!(std::fs::read_to_string(place.join("folder/-new file ü.txt")).unwrap(), "untracked");
    assert!(!place.join("gone.txt").exists() && !place.join("noise.log").exists());
}

#[test]
fn a_merge_with_conflicts_is_taken_as_it_lies_there() {
    let repo = repo();
    repo.branch("feature");
    repo.write("a.txt", "feature");
    repo.commit("Feature");
    repo.switch("main");
    repo.write("a.txt", "main");
    repo.commit("Main");
    let merge = repo.run(repo.command("git", repo.root()).args(["merge", "--quiet", "feature"]));
    assert_eq!(merge.status, 1, "{}", merge.stderr);
    repo.write("intended.txt", "new");
    repo.git(&["add", "--intent-to-add", "intended.txt"]);
    let before = repo.git(&["status", "--porcelain"]);
    let repository = open(repo.root());
    let head = repository.working_tree().unwrap();
    assert_eq!(repository.blob(&head.tree, "a.txt", 99).unwrap(), Some(repo.read("a.txt").into_bytes()));
    assert_eq!(repository.blob(&head.tree, "intended.txt", 99).unwrap(), Some(b"new".to_vec()));
    assert_eq!(repo.git(&["status", "--porcelain"]), before);
}

#[test]
fn clean_work_is_the_commit_itself() {
    let repo = repo();
    let repository = open(repo.root());
    let head = repository.working_tree().unwrap();
    assert_eq!(head, Revision { label: "`HEAD`".to_owned(), ..repository.revision("main").unwrap() });
}

#[test]
fn a_change_in_the_same_instant_and_of_the_same_size_is_seen() {
    let repo = repo();
    for text in ["abc", "xyz", "uvw"] {
        repo.write("a.txt", text);
        repo.git(&["add", "--all"]);
        repo.write("a.txt", text.to_uppercase());
        let repository = open(repo.root());
        let head = repository.working_tree().unwrap();
        assert_eq!(repository.blob(&head.tree, "a.txt", 9).unwrap(), Some(text.to_uppercase().into_bytes()));
    }
}

#[test]
fn too_many_untracked_bytes_are_refused_with_the_biggest_file() {
    let repo = repo();
    let path = repo.root().join("data.bin");
    std::fs::File::create(&path).unwrap().set_len((1 << 30) + 1).unwrap();
    let error = open(repo.root()).working_tree().unwrap_err();
    assert!(error.to_string().contains("`data.bin`"), "{error}");
    assert!(hint(&error).contains(".gitignore"));
}

#[test]
fn files_are_read_from_a_tree_within_a_limit() {
    let repo = repo();
    repo.write("baselines/b/core.json", "{}");
    repo.write("baselines/a.json", "{}");
    repo.commit("Baselines");
    let repository = open(repo.root());
    let tree = repository.revision("HEAD").unwrap().tree;
    assert_eq!(repository.files(&tree, "baselines/").unwrap(), ["baselines/a.json", "baselines/b/core.json"]);
    assert_eq!(repository.files(&tree, "nothing").unwrap(), Vec::<String>::new());
    assert_eq!(repository.blob(&tree, "a.txt", 3).unwrap(), Some(b"one".to_vec()));
    assert_eq!(repository.blob(&tree, "nothing", 3).unwrap(), None);
    assert!(matches!(repository.blob(&tree, "a.txt", 2), Err(GitError::TooLarge { bytes: 3, limit: 2, .. })));
    assert!(matches!(repository.blob(&tree, "baselines", 2), Err(GitError::NotAFile { .. })));
    assert!(repository.blob("--help", "a.txt", 3).is_err());
}
