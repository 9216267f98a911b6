//! Which revision is the base. Says how it was found, and what is missing where it cannot be.

use git2::{Commit, ErrorCode, Oid};

use crate::model::{Revision, Wanted};

use super::revision::{full_id, revision_of};
use super::{GitError, Repository};

/// Where the default branch is looked for, in this order: what the remote says it is, then what it is mostly called.
const DEFAULT_BRANCHES: [&str; 5] = [
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
];

impl Repository {
    /// The base of `head`. A named base is taken as it is: whoever names one knows which. On the branch itself, clean work is compared with
    /// the commit before it, and uncommitted work with the commit beneath it.
    pub fn base(&self, head: &Revision, wanted: &Wanted) -> Result<Revision, GitError> {
        match wanted {
            Wanted::Named(spec) => self.revision(spec).map_err(|error| match error {
                GitError::Unknown { spec, shallow: true } if full_id(&spec).is_ok() => {
                    GitError::Shallow { what: format!("the commit `{spec}`"), depth: 0, missing: Some(spec) }
                }
                error => error,
            }),
            Wanted::FirstParent => self.first_parent(head),
            Wanted::Branch(name) => {
                let (shown, tip) = self
                    .branch(name)
                    .ok_or_else(|| GitError::UnknownBranch { name: name.clone(), shallow: self.inner.is_shallow() })?;
                self.merge_base(head, &shown, tip)
            }
            Wanted::Find => {
                let (shown, tip) = self.default_branch().ok_or_else(|| GitError::NoDefaultBranch {
                    tried: DEFAULT_BRANCHES.map(|name| format!("`{}`", shown(name))).join(", "),
                    shallow: self.inner.is_shallow(),
                })?;
                self.merge_base(head, &shown, tip)
            }
        }
    }

    /// The first parent, even where a shallow clone hides it: such a clone's commits seem to have no parents, but their text names them.
    fn first_parent(&self, head: &Revision) -> Result<Revision, GitError> {
        let commit = self.commit(&head.commit)?;
        let parents = written_parents(&commit);
        let Some(first) = parents.first() else {
            return Err(GitError::NoParent { commit: head.short() });
        };
        let label = match parents.len() {
            1 => format!("commit before `{}`", head.short()),
            _ => "first parent of the merge commit".to_owned(),
        };
        match self.inner.find_commit(*first) {
            Ok(parent) => Ok(revision_of(&parent, label)),
            Err(error) if error.code() == ErrorCode::NotFound && self.inner.is_shallow() => {
                let missing = Some(first.to_string());
                Err(GitError::Shallow { what: format!("the {label}"), depth: 2, missing })
            }
            Err(source) => Err(GitError::Object { what: format!("read the {label}"), source }),
        }
    }

    /// The newest of the best common ancestors of head and a branch; of two of the same second the one with the smaller id.
    fn merge_base(&self, head: &Revision, branch: &str, tip: Oid) -> Result<Revision, GitError> {
        let label = format!("merge base of `{branch}`");
        let read = |source| GitError::Object { what: format!("find the {label}"), source };
        let head_id = full_id(&head.commit).map_err(read)?;
        let found = match self.inner.merge_bases(head_id, tip) {
            Ok(found) => found,
            Err(error) if error.code() == ErrorCode::NotFound && self.inner.is_shallow() => {
                return Err(GitError::Shallow { what: format!("the {label}"), depth: 0, missing: None });
            }
            Err(error) if error.code() == ErrorCode::NotFound => {
                return Err(GitError::Unrelated { one: head.short(), other: branch.to_owned() });
            }
            Err(source) => return Err(read(source)),
        };
        let commits =
            found.iter().map(|id| self.inner.find_commit(*id)).collect::<Result<Vec<_>, _>>().map_err(read)?;
        let newest = commits.iter().min_by_key(|commit| (-commit.time().seconds(), commit.id()));
        let base = newest.expect("a search that finds nothing is an error");
        match (base.id() == head_id, head.dirty) {
            (false, _) => Ok(revision_of(base, label)),
            (true, true) => Ok(revision_of(base, "`HEAD`, beneath the uncommitted work".to_owned())),
            (true, false) => self.first_parent(head),
        }
    }

    /// A branch by its short name. The remote's comes first: it is what a pull request will be merged into, and a local copy may be old.
    fn branch(&self, name: &str) -> Option<(String, Oid)> {
        [
            format!("refs/remotes/origin/{name}"),
            format!("refs/heads/{name}"),
            format!("refs/remotes/{name}"),
            format!("refs/tags/{name}"),
        ]
        .iter()
        .find_map(|full| Some((shown(full), self.tip(full)?)))
    }

    /// The default branch, under its own name where `origin/HEAD` only points to it.
    fn default_branch(&self) -> Option<(String, Oid)> {
        DEFAULT_BRANCHES.iter().find_map(|full| {
            let tip = self.tip(full)?;
            let reference = self.inner.find_reference(full).ok()?;
            let target = reference.symbolic_target().ok().flatten().unwrap_or(full);
            Some((shown(target), tip))
        })
    }

    /// The commit that a reference leads to; `None` where there is no such reference or its commit is not here.
    fn tip(&self, full: &str) -> Option<Oid> {
        Some(self.inner.find_reference(full).ok()?.peel_to_commit().ok()?.id())
    }
}

/// A reference's name as a person says it.
fn shown(full: &str) -> String {
    let short = ["refs/remotes/", "refs/heads/", "refs/tags/"].iter().find_map(|prefix| full.strip_prefix(prefix));
    short.unwrap_or(full).to_owned()
}

/// The parents as the commit's text names them, whether they are here or not.
fn written_parents(commit: &Commit<'_>) -> Vec<Oid> {
    let header = String::from_utf8_lossy(commit.raw_header_bytes());
    header.lines().filter_map(|line| full_id(line.strip_prefix("parent ")?).ok()).collect()
}
