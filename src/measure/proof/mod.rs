//! Whether both arms of a suite would run the very same program on the very same input, so that nothing is left to measure. Refuses to guess:
//! whatever is in doubt is measured.
//!
//! What is looked at, each part of a suite against the same part of the other arm: the program and every other program or library that came out
//! of the same build or lies in the same folder, byte by byte; every file that the command line or a variable names; and what differs between
//! the two trees, which must be of a kind that reaches a program only through its build, and must not be named in the program.

mod files;
mod paths;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::config::Suite;
use crate::model::Name;

use super::suite::Place;

pub use paths::Difference;

/// Which suites may pass by proof.
#[derive(Clone, Debug)]
pub struct Provable {
    /// They: defined alike in both revisions, and nothing is asked about them but whether they changed.
    pub suites: BTreeSet<Name>,
    /// What differs between the trees.
    pub difference: Difference,
}

impl Provable {
    /// Everything is measured, whatever is the same.
    pub fn nothing() -> Self {
        Self { suites: BTreeSet::new(), difference: Difference::Unknown }
    }
}

/// What one part of a suite runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    /// The command lines in full, the program first; all of them run in the same folder.
    pub commands: Vec<Vec<String>>,
    /// Where they run.
    pub directory: PathBuf,
    /// The values of the variables that the suite sets.
    pub values: Vec<String>,
    /// Further programs and libraries of the same build.
    pub beside: Vec<PathBuf>,
}

/// One arm's side of a part.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// What it runs.
    pub runs: &'a Runs,
    /// Where it lives.
    pub place: &'a Place,
}

/// Whether both arms of a part run the same on the same, as far as files can tell. `suite` is the definition that both arms share. What cannot
/// be read is in doubt.
pub fn same(suite: &Suite, base: Side<'_>, head: Side<'_>, difference: &Difference) -> bool {
    let named = match difference {
        Difference::Unknown => return false,
        // The same files make the same programs, and scripts too.
        Difference::None => return true,
        Difference::Built { named } => named,
    };
    paths::only_compiles(suite)
        && base.runs.commands.len() == head.runs.commands.len()
        && !base.runs.commands.is_empty()
        && base.runs.commands.iter().zip(&head.runs.commands).all(|(b, h)| same_command(base, b, head, h, named))
        && same_words(base, &base.runs.values, head, &head.runs.values)
        && same_beside(base, head)
}

/// Whether two command lines start the same compiled program with the same arguments.
fn same_command(base: Side<'_>, b: &[String], head: Side<'_>, h: &[String], named: &BTreeSet<String>) -> bool {
    let ((Some(b_program), b_words), (Some(h_program), h_words)) = (split(b), split(h)) else { return false };
    let (Some(b_program), Some(h_program)) = (own(base, b_program), own(head, h_program)) else { return false };
    files::is_compiled(&b_program)
        && files::same(&b_program, &h_program)
        && files::names_none(&b_program, named)
        && files::same_neighbours(&b_program, &h_program)
        && same_words(base, b_words, head, h_words)
}

fn split(words: &[String]) -> (Option<&String>, &[String]) {
    (words.first(), words.get(1..).unwrap_or_default())
}

/// The program, if it lies in the arm's own checkout or target folder. One that is found by name belongs to the machine, and what it runs is
/// not in sight.
fn own(side: Side<'_>, program: &str) -> Option<PathBuf> {
    if Path::new(program).components().count() < 2 {
        return None;
    }
    let program = side.runs.directory.join(program).canonicalize().ok()?;
    let within = |folder: &Path| folder.canonicalize().is_ok_and(|folder| program.starts_with(folder));
    (within(&side.place.root) || within(&side.place.target)).then_some(program)
}

/// Whether arguments, or values of variables, are the same and name the same files, if they name any.
fn same_words(base: Side<'_>, b: &[String], head: Side<'_>, h: &[String]) -> bool {
    b.len() == h.len() && b.iter().zip(h).all(|(b, h)| same_word(base, b, head, h))
}

fn same_word(base: Side<'_>, b: &str, head: Side<'_>, h: &str) -> bool {
    // The folder for results has its arm's path, and starts empty in both.
    let scratch =
        |side: Side<'_>, word: &str| word.strip_prefix(&*side.place.scratch.to_string_lossy()).map(str::to_owned);
    if let (Some(b), Some(h)) = (scratch(base, b), scratch(head, h)) {
        return b == h;
    }
    // Anything else that differs names a folder of its arm: what lies there was made by the build.
    // A pattern may match anything.
    b == h
        && !b.contains(['*', '?'])
        && pieces(b).all(|piece| files::same_input(&base.runs.directory.join(piece), &head.runs.directory.join(piece)))
}

/// What of a word may be a path: all of it, what follows an option's letter or a `=`, and what stands between `,`, `:` and `;`.
fn pieces(word: &str) -> impl Iterator<Item = &str> {
    let option = word.strip_prefix('-').and_then(|rest| rest.get(1..));
    let all = std::iter::once(word).chain(option).chain(word.split(['=', ',', ':', ';']));
    all.map(|piece| piece.trim_start_matches('@')).filter(|piece| !piece.is_empty())
}

/// Whether the further programs and libraries of the two builds are the same.
fn same_beside(base: Side<'_>, head: Side<'_>) -> bool {
    let by_name = |side: Side<'_>| -> Option<BTreeMap<PathBuf, PathBuf>> {
        let relative = |path: &PathBuf| Some((path.strip_prefix(&side.place.target).ok()?.to_owned(), path.clone()));
        side.runs.beside.iter().map(relative).collect()
    };
    let (Some(base), Some(head)) = (by_name(base), by_name(head)) else { return false };
    base.keys().eq(head.keys()) && base.values().zip(head.values()).all(|(base, head)| files::same(base, head))
}

#[cfg(test)]
mod tests;
