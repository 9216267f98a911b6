//! A state of the repository.

/// A state of the repository: a commit, or a commit with uncommitted work on top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The commit, as full lower-case hex. For uncommitted work it is the commit beneath.
    pub commit: String,
    /// The tree that was measured, as full lower-case hex. Two revisions of the same tree are the same program.
    pub tree: String,
    /// How the revision was named: `merge base of main`, `HEAD`, `v1.2`. Shown, never parsed.
    pub label: String,
    /// The first line of the commit's message. Foreign text.
    pub title: String,
    /// When the commit was made, in seconds since 1970-01-01 UTC.
    pub committed_at_s: i64,
    /// Whether uncommitted work was measured with it.
    pub dirty: bool,
}

impl Revision {
    /// The first nine digits of the commit, with `+` when uncommitted work was measured with it.
    pub fn short(&self) -> String {
        let digits: String = self.commit.chars().take(9).collect();
        if self.dirty { format!("{digits}+") } else { digits }
    }
}

/// Which revision is to be the base. Continuous integration and the command line choose; the repository finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// This very revision, as a person or an event names it. Foreign text.
    Named(String),
    /// The merge base of head and this branch, named without its remote.
    Branch(String),
    /// The first parent of head: what a pull request's merge commit was merged into.
    FirstParent,
    /// The merge base of head and the default branch.
    Find,
}
