//! What is in a tree: files, lists of files, what changed between two. Reads objects only, so whatever lies in the work tree does not matter.

use std::path::Path;

use git2::{ErrorCode, ObjectType, Tree};

use super::missing::Kind;
use super::revision::full_id;
use super::{GitError, Repository};

/// The most files and folders that [`Repository::files`] looks at. A tree may hold the same tree many times over.
const ENTRIES_MAX: usize = 100_000;

/// The most folders within folders that [`Repository::files`] goes into. A tree may be written to be deeper than any stack.
const DEPTH_MAX: usize = 64;

/// The most paths that [`Repository::changed`] names.
pub const CHANGED_MAX: usize = 10_000;

impl Repository {
    /// A file's bytes in a tree; `None` where there is no such path. `path` is relative to the root, with `/`. A file of more than `limit`
    /// bytes is refused before it is read, and so is whatever is not a plain file: a link would lead out of the tree.
    pub fn blob(&self, tree: &str, path: &str, limit: u64) -> Result<Option<Vec<u8>>, GitError> {
        let read = |source| GitError::Object { what: format!("read `{path}` in the tree `{tree}`"), source };
        let entry = match self.tree(tree)?.get_path(Path::new(path)) {
            Ok(entry) => entry,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
            Err(source) => return Err(read(source)),
        };
        if !is_file(&entry) {
            return Err(GitError::NotAFile { path: path.to_owned() });
        }
        self.complete(entry.id(), Kind::File)?;
        let (bytes, _) = self.inner.odb().and_then(|odb| odb.read_header(entry.id())).map_err(read)?;
        if bytes as u64 > limit {
            return Err(GitError::TooLarge { path: path.to_owned(), bytes: bytes as u64, limit });
        }
        let blob = self.inner.find_blob(entry.id()).map_err(read)?;
        Ok(Some(blob.content().to_vec()))
    }

    /// The files below a folder of a tree, as paths from the root, sorted. `""` is the root; a folder that is not there has none. Links,
    /// submodules and names that are not Unicode are left out.
    pub fn files(&self, tree: &str, folder: &str) -> Result<Vec<String>, GitError> {
        let folder = folder.trim_matches('/');
        let read = |source| GitError::Object { what: format!("list `{folder}` in the tree `{tree}`"), source };
        let mut found = Vec::new();
        let root = self.tree(tree)?;
        let top = if folder.is_empty() {
            root
        } else {
            match root.get_path(Path::new(folder)) {
                Ok(entry) if entry.kind() == Some(ObjectType::Tree) => {
                    self.inner.find_tree(entry.id()).map_err(read)?
                }
                Ok(_) => return Ok(found),
                Err(error) if error.code() == ErrorCode::NotFound => return Ok(found),
                Err(source) => return Err(read(source)),
            }
        };
        let (mut open, mut seen) = (vec![(top, folder.to_owned(), 0)], 0);
        while let Some((tree, path, depth)) = open.pop() {
            seen += 1 + tree.len();
            if depth > DEPTH_MAX || seen > ENTRIES_MAX {
                return Err(GitError::TooMany { folder: folder.to_owned(), limit: ENTRIES_MAX });
            }
            for entry in &tree {
                let Ok(name) = entry.name() else { continue };
                let path = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
                if is_file(&entry) {
                    found.push(path);
                } else if entry.kind() == Some(ObjectType::Tree) {
                    open.push((self.inner.find_tree(entry.id()).map_err(read)?, path, depth + 1));
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// The paths that differ between two trees, sorted, at most 10 000. A renamed file is two paths.
    pub fn changed(&self, base_tree: &str, head_tree: &str) -> Result<Vec<String>, GitError> {
        let (base, head) = (self.tree(base_tree)?, self.tree(head_tree)?);
        let diff = self
            .inner
            .diff_tree_to_tree(Some(&base), Some(&head), None)
            .map_err(|source| GitError::Object { what: "compare the trees of base and head".to_owned(), source })?;
        let mut paths: Vec<_> = diff
            .deltas()
            .filter_map(|delta| delta.new_file().path_bytes().or_else(|| delta.old_file().path_bytes()))
            .map(|path| String::from_utf8_lossy(path).into_owned())
            .take(CHANGED_MAX)
            .collect();
        paths.sort();
        paths.dedup();
        Ok(paths)
    }

    /// The tree with a full id.
    fn tree(&self, id: &str) -> Result<Tree<'_>, GitError> {
        let unread = |source| GitError::Object { what: format!("read the tree `{id}`"), source };
        let full = full_id(id).map_err(unread)?;
        self.complete(full, Kind::Folders)?;
        self.inner.find_tree(full).map_err(unread)
    }
}

/// Whether an entry is a plain file, executable or not.
fn is_file(entry: &git2::TreeEntry<'_>) -> bool {
    /// The bits of a mode that say what an entry is, and what they are for a plain file.
    const KIND: i32 = 0o170_000;
    const PLAIN: i32 = 0o100_000;
    entry.kind() == Some(ObjectType::Blob) && entry.filemode() & KIND == PLAIN
}
