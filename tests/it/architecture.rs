//! The walls of the house, read from ARCHITECTURE.md: ranks, doors, sizes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const FILE_LINES_MAX: usize = 400;

struct Module {
    rank: u32,
    owns: BTreeSet<String>,
    may_do_io: bool,
}

struct Source {
    path: PathBuf,
    module: String,
    /// The code without comments and without its unit tests.
    code: String,
}

/// Reads the rows of a Markdown table whose header starts with `| module |` and has `columns` columns.
fn table(columns: usize) -> Vec<Vec<String>> {
    let text = fs::read_to_string("ARCHITECTURE.md").expect("the page is there");
    let mut rows = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let cells: Vec<String> =
            line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect();
        if line.starts_with("| module |") {
            inside = cells.len() == columns;
        } else if !line.starts_with('|') {
            inside = false;
        } else if inside && !line.starts_with("| ---") {
            rows.push(cells);
        }
    }
    rows
}

fn names(cell: &str) -> BTreeSet<String> {
    cell.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

fn modules() -> BTreeMap<String, Module> {
    table(5)
        .into_iter()
        .map(|row| {
            let rank = row[1].parse().expect("a rank is a number");
            (row[0].clone(), Module { rank, owns: names(&row[2]), may_do_io: row[3] == "yes" })
        })
        .collect()
}

fn exceptions() -> BTreeSet<(String, String)> {
    table(3).into_iter().flat_map(|row| names(&row[1]).into_iter().map(move |name| (row[0].clone(), name))).collect()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the source") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let mut files = Vec::new();
    rust_files(Path::new("src"), &mut files);
    files.sort();
    files
        .into_iter()
        .filter_map(|path| {
            let inner = path.strip_prefix("src").expect("below src");
            let first = inner.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
            let module = first.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).expect("UTF-8 source");
            let text = text.split("#[cfg(test)]\nmod tests {").next().expect("at least one piece").to_owned();
            let code: String = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .flat_map(|line| [line, "\n"])
                .collect();
            (module != "lib" && module != "main").then_some(Source { path, module, code })
        })
        .collect()
}

/// The top modules that code names as `crate::name`, also in `use crate::{a, b}`.
fn imports(code: &str) -> BTreeSet<String> {
    let word = |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    code.split("crate::")
        .skip(1)
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => {
                let list = list.split('}').next().unwrap_or_default();
                list.split(',').map(|item| word(item.trim())).collect::<Vec<_>>()
            }
            None => vec![word(rest)],
        })
        .collect()
}

#[test]
fn imports_point_to_a_lower_rank_only() {
    let modules = modules();
    assert!(modules.len() > 8, "the table of ARCHITECTURE.md was not read");
    let mut wrong = Vec::new();
    for source in sources() {
        let own = modules.get(&source.module).unwrap_or_else(|| panic!("{} has no rank", source.module));
        for import in imports(&source.code) {
            let Some(other) = modules.get(&import) else { continue };
            if import != source.module && other.rank >= own.rank {
                wrong.push(format!("{} ({}) imports {import} ({})", source.path.display(), own.rank, other.rank));
            }
        }
    }
    assert!(wrong.is_empty(), "upward imports:\n{}", wrong.join("\n"));
}

#[test]
fn each_dependency_has_one_door() {
    let (modules, exceptions) = (modules(), exceptions());
    let owners: BTreeMap<&String, &String> =
        modules.iter().flat_map(|(name, module)| module.owns.iter().map(move |krate| (krate, name))).collect();
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    for source in sources() {
        for (krate, owner) in &owners {
            let named =
                [format!("{krate}::"), format!("use {krate};")].iter().any(|name| names_crate(&source.code, name));
            if !named || source.module == **owner {
                continue;
            }
            let exception = (source.module.clone(), (*krate).clone());
            if exceptions.contains(&exception) {
                used.insert(exception);
            } else {
                wrong.push(format!("{} names {krate}, which {owner} owns", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "second doors:\n{}", wrong.join("\n"));
    let unused: Vec<_> = exceptions.difference(&used).collect();
    assert!(unused.is_empty(), "exceptions that nobody needs: {unused:?}");
}

/// Whether `name` stands in the code as a crate's path, not as the end of a longer path or word.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        !code.get(..at).is_some_and(|code| code.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
    })
}

#[test]
fn modules_without_io_do_not_ask_for_it() {
    let modules = modules();
    let asks = "#![expect(clippy::disallowed_methods";
    let wrong: Vec<String> = sources()
        .iter()
        .filter(|source| source.code.contains(asks) && !modules[&source.module].may_do_io)
        .map(|source| source.path.display().to_string())
        .collect();
    assert!(wrong.is_empty(), "pure modules that do I/O: {wrong:?}");
}

#[test]
fn every_file_says_what_it_answers_and_stays_short() {
    let mut wrong = Vec::new();
    for source in sources() {
        let text = fs::read_to_string(&source.path).expect("UTF-8 source");
        let name = source.path.display().to_string();
        if !text.starts_with("//! ") {
            wrong.push(format!("{name} does not start with //!"));
        }
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            wrong.push(format!("{name} has {lines} lines"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn main_is_a_doorway() {
    let lines = fs::read_to_string("src/main.rs").expect("UTF-8 source").lines().count();
    assert!(lines <= 60, "src/main.rs has {lines} lines");
}

#[test]
fn no_room_is_a_junk_drawer() {
    let mut files = Vec::new();
    rust_files(Path::new("src"), &mut files);
    let drawers = ["utils", "util", "helpers", "common", "misc"];
    let wrong: Vec<_> = files
        .iter()
        .filter(|path| path.iter().any(|part| drawers.contains(&part.to_string_lossy().trim_end_matches(".rs"))))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}
