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

use crate::config::{Selector, Suite};
use crate::model::{BenchmarkId, Name};

use super::suite::Place;

pub use paths::Difference;

/// Which suites may pass by proof.
#[derive(Clone, Debug)]
pub struct Provable {
    /// They: defined alike in both revisions, and nothing is asked about them but whether they changed and whether they keep their budgets.
    pub suites: BTreeSet<Name>,
    /// What has a budget: that asks for head's own value, so that it is measured whatever is the same.
    pub budgeted: Vec<Selector>,
    /// What differs between the trees.
    pub difference: Difference,
}

impl Provable {
    /// Everything is measured, whatever is the same.
    pub fn nothing() -> Self {
        Self { suites: BTreeSet::new(), budgeted: Vec::new(), difference: Difference::Unknown }
    }

    /// Whether a budget may be about something of a suite.
    pub fn limits(&self, suite: &Name) -> bool {
        self.budgeted.iter().any(|selector| selector.may_select(suite))
    }

    /// Whether a budget may be about a benchmark.
    pub fn limits_of(&self, benchmark: &BenchmarkId) -> bool {
        self.budgeted.iter().any(|selector| selector.may_select_of(benchmark))
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

/// Whether both arms of a suite run the same on the same, as far as files can tell: `parts` are its parts, base's and head's side of each, and
/// `suite` is the definition that both arms share. What cannot be read is in doubt.
pub fn same(suite: &Suite, parts: &[(Side<'_>, Side<'_>)], difference: &Difference) -> bool {
    let named = match difference {
        Difference::Unknown => return false,
        // The same files make the same programs, and scripts too.
        Difference::None => return !parts.is_empty(),
        Difference::Built { named } => named,
    };
    if parts.is_empty() || !paths::only_compiles(suite) {
        return false;
    }
    // Many parts run one program: each file is read once.
    let (mut programs, mut beside) = (BTreeSet::new(), BTreeSet::new());
    for (base, head) in parts {
        let Some(pairs) = programs_of(*base, *head).zip(beside_of(*base, *head)) else { return false };
        programs.extend(pairs.0);
        beside.extend(pairs.1);
    }
    let folders: BTreeSet<(&Path, &Path)> =
        programs.iter().filter_map(|(base, head)| Some((base.parent()?, head.parent()?))).collect();
    programs.iter().all(|(base, _)| files::is_compiled(base) && files::names_none(base, named))
        && programs.iter().chain(&beside).all(|(base, head)| files::same(base, head))
        && folders.into_iter().all(|(base, head)| files::same_compiled(base, head))
}

/// A file of base and the one of head that must be the same.
type Pair = (PathBuf, PathBuf);

/// The programs that a part starts in both arms; `None` where their command lines or variables differ, or name what may differ.
fn programs_of(base: Side<'_>, head: Side<'_>) -> Option<Vec<Pair>> {
    let (b, h) = (&base.runs.commands, &head.runs.commands);
    if b.is_empty() || b.len() != h.len() || !same_words(base, &base.runs.values, head, &head.runs.values) {
        return None;
    }
    b.iter().zip(h).map(|(b, h)| program(base, b, head, h)).collect()
}

/// The program of two command lines that have the same arguments.
fn program(base: Side<'_>, b: &[String], head: Side<'_>, h: &[String]) -> Option<Pair> {
    let ((b, b_words), (h, h_words)) = (b.split_first()?, h.split_first()?);
    let programs = (own(base, b)?, own(head, h)?);
    same_words(base, b_words, head, h_words).then_some(programs)
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

/// The further programs and libraries of the two builds in pairs; `None` where one build made others.
fn beside_of(base: Side<'_>, head: Side<'_>) -> Option<Vec<Pair>> {
    let by_name = |side: Side<'_>| -> Option<BTreeMap<PathBuf, PathBuf>> {
        let relative = |path: &PathBuf| Some((path.strip_prefix(&side.place.target).ok()?.to_owned(), path.clone()));
        side.runs.beside.iter().map(relative).collect()
    };
    let (base, head) = (by_name(base)?, by_name(head)?);
    base.keys().eq(head.keys()).then(|| base.into_values().zip(head.into_values()).collect())
}

#[cfg(test)]
mod tests;
