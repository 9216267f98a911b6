//! What a clone left at its remote: the commit before the end of a shallow one, files and folders of a partial one. Only git asks the network.

use git2::Oid;

use super::revision::full_id;
use super::{GitError, Repository};

impl Repository {
    /// Fetches one commit and its files, without its history, from `origin`. Asks nobody for credentials: it has those that the clone's config
    /// holds, or none. Makes no reference. The clone stays shallow.
    pub fn fetch_commit(&self, id: &str) -> Result<(), GitError> {
        full_id(id).map_err(|source| GitError::Object { what: "fetch a commit".to_owned(), source })?;
        let fetch = ["fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"];
        self.git(self.root()).unattended().words(&fetch).words(&["origin", id]).run()?;
        Ok(())
    }

    /// Lets git fetch an object that a partial clone left at its remote, with everything below it that is a folder. What is here already, or
    /// is missing in a whole clone, is left to whoever reads it.
    ///
    /// The library takes a folder that it cannot find for one that is not in the tree: a base without a policy, if nobody asked before.
    pub(super) fn complete(&self, id: Oid, what: Kind) -> Result<(), GitError> {
        if !self.is_partial() {
            return Ok(());
        }
        let id = id.to_string();
        let read: &[&str] = match what {
            Kind::Folders => &["ls-tree", "-r", "-d", "--full-tree", "--name-only"],
            Kind::File => &["cat-file", "-e"],
        };
        self.git(self.root()).words(read).words(&[&id]).run()?;
        Ok(())
    }

    /// Whether a remote has promised objects that are not here.
    fn is_partial(&self) -> bool {
        let Ok(config) = self.inner.config() else { return false };
        let Ok(mut entries) = config.entries(Some(r"^remote\..*\.promisor$")) else { return false };
        entries.next().is_some()
    }
}

/// What is to be there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A tree, and all trees in it.
    Folders,
    /// A blob.
    File,
}
