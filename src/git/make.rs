//! A small repository from nothing, as the demo needs one.

use std::path::Path;

use git2::{IndexAddOption, RepositoryInitOptions, Signature};

use super::{GitError, Repository};

impl Repository {
    /// A new repository in `folder` whose first branch is `main`.
    pub fn create(folder: &Path) -> Result<Self, GitError> {
        let mut options = RepositoryInitOptions::new();
        options.initial_head("main").no_reinit(true).external_template(false);
        git2::Repository::init_opts(folder, &options).map_err(|source| GitError::Object {
            what: format!("make a repository in {}", folder.display()),
            source,
        })?;
        Self::discover(folder)
    }

    /// Commits every file of the work tree to the current branch, in Tollgate's name.
    pub fn commit_all(&self, title: &str) -> Result<(), GitError> {
        let commit = || -> Result<(), git2::Error> {
            let mut index = self.inner.index()?;
            index.add_all(["*"], IndexAddOption::DEFAULT, None)?;
            index.write()?;
            let tree = self.inner.find_tree(index.write_tree()?)?;
            let parent = self.inner.head().and_then(|head| head.peel_to_commit()).ok();
            let author = Signature::now("Tollgate", "tollgate@localhost")?;
            self.inner.commit(Some("HEAD"), &author, &author, title, &tree, &parent.iter().collect::<Vec<_>>())?;
            Ok(())
        };
        commit().map_err(|source| GitError::Object { what: format!("commit `{title}`"), source })
    }

    /// A new branch at HEAD, which the work tree is on from now.
    pub fn start_branch(&self, name: &str) -> Result<(), GitError> {
        let start = || -> Result<(), git2::Error> {
            let head = self.inner.head()?.peel_to_commit()?;
            self.inner.branch(name, &head, false)?;
            self.inner.set_head(&format!("refs/heads/{name}"))
        };
        start().map_err(|source| GitError::Object { what: format!("start the branch `{name}`"), source })
    }
}
