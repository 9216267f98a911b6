//! Whether files are the same, byte by byte, and what they are. Refuses to hold a file in memory; what cannot be read is not the same.
#![expect(clippy::disallowed_methods, reason = "reads the programs of both arms")]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// How much is read at a time, in bytes.
const PIECE_BYTES: usize = 1 << 16;
/// The most files in a program's folder that are looked at.
const NEIGHBOURS_MAX: usize = 2_000;
/// The most names that a program is searched for.
const NAMES_MAX: usize = 200;

/// Whether two paths are plain files of the same bytes.
pub(super) fn same(base: &Path, head: &Path) -> bool {
    let compare = || -> io::Result<bool> {
        let (b, h) = (fs::metadata(base)?, fs::metadata(head)?);
        if !b.is_file() || !h.is_file() || b.len() != h.len() {
            return Ok(false);
        }
        let (mut base, mut head) = (File::open(base)?, File::open(head)?);
        let (mut b, mut h) = (vec![0; PIECE_BYTES], vec![0; PIECE_BYTES]);
        loop {
            let (read, other) = (fill(&mut base, &mut b)?, fill(&mut head, &mut h)?);
            if b[..read] != h[..other] {
                return Ok(false);
            }
            if read == 0 {
                return Ok(true);
            }
        }
    };
    compare().unwrap_or(false)
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

/// Whether what two paths of the same name lead to is the same input: nothing in both, or the same file. A folder may hold anything.
pub(super) fn same_input(base: &Path, head: &Path) -> bool {
    match (fs::symlink_metadata(base), fs::symlink_metadata(head)) {
        (Err(b), Err(h)) => [b, h].iter().all(absent),
        (Ok(_), Ok(_)) => base == head || same(base, head),
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
    }
}

/// Whether nothing can be there: also where the word is no path at all.
fn absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::InvalidFilename
    )
}

/// Whether a file is a compiled program or library: ELF, Mach-O or PE by its first bytes. A script is none.
pub(super) fn is_compiled(path: &Path) -> bool {
    let first = || -> io::Result<[u8; 4]> {
        let mut first = [0; 4];
        // A pipe in its place would never end.
        if fs::metadata(path)?.is_file() {
            File::open(path)?.read_exact(&mut first)?;
        }
        Ok(first)
    };
    first().is_ok_and(|first| {
        first.starts_with(b"MZ")
            || matches!(
                first,
                [0x7f, b'E', b'L', b'F']
                    | [0xfe, 0xed, 0xfa, 0xce | 0xcf]
                    | [0xce | 0xcf, 0xfa, 0xed, 0xfe]
                    | [0xca, 0xfe, 0xba, 0xbe]
            )
    })
}

/// Whether the compiled files in two programs' folders are the same: what a program starts or loads mostly lies beside it.
pub(super) fn same_compiled(base: &Path, head: &Path) -> bool {
    let (Some(base), Some(head)) = (compiled(base), compiled(head)) else { return false };
    base.keys().eq(head.keys()) && base.values().zip(head.values()).all(|(base, head)| same(base, head))
}

/// The compiled files in a folder by name; `None` where they cannot be listed or are too many.
fn compiled(folder: &Path) -> Option<BTreeMap<OsString, PathBuf>> {
    let mut compiled = BTreeMap::new();
    for (number, entry) in fs::read_dir(folder).ok()?.enumerate() {
        let entry = entry.ok()?;
        if number >= NEIGHBOURS_MAX {
            return None;
        }
        if is_compiled(&entry.path()) {
            compiled.insert(entry.file_name(), entry.path());
        }
    }
    Some(compiled)
}

/// Whether a program holds none of the names.
pub(super) fn names_none(program: &Path, names: &BTreeSet<String>) -> bool {
    if names.len() > NAMES_MAX {
        return false;
    }
    let search = || -> io::Result<bool> {
        let mut file = File::open(program)?;
        let overlap = names.iter().map(String::len).max().unwrap_or(0);
        let mut buffer = vec![0; overlap + PIECE_BYTES];
        let mut kept = 0;
        loop {
            let read = fill(&mut file, &mut buffer[kept..])?;
            let piece = &buffer[..kept + read];
            if names.iter().any(|name| holds(piece, name.as_bytes())) {
                return Ok(false);
            }
            if read == 0 {
                return Ok(true);
            }
            // A name may lie across two pieces.
            let from = piece.len().saturating_sub(overlap);
            let end = piece.len();
            buffer.copy_within(from..end, 0);
            kept = end - from;
        }
    };
    names.is_empty() || search().unwrap_or(false)
}

fn holds(piece: &[u8], name: &[u8]) -> bool {
    let Some(first) = name.first() else { return false };
    let starts = piece.iter().enumerate().filter(|(_, byte)| *byte == first);
    starts.into_iter().any(|(at, _)| piece[at..].starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        folder
    }

    #[test]
    fn files_are_the_same_only_byte_by_byte() {
        let long = vec![7; 3 * PIECE_BYTES + 5];
        let mut other = long.clone();
        *other.last_mut().unwrap() = 8;
        let folder = folder(&[("a", &long), ("b", &long), ("c", &other), ("d", b""), ("e", b"")]);
        let at = |name: &str| folder.path().join(name);
        assert!(same(&at("a"), &at("b")) && same(&at("d"), &at("e")));
        assert!(!same(&at("a"), &at("c")) && !same(&at("a"), &at("d")));
        assert!(!same(&at("none"), &at("none")) && !same(folder.path(), folder.path()));
    }

    #[test]
    fn only_compiled_programs_count_as_such() {
        let files: [(&str, &[u8]); 6] = [
            ("elf", b"\x7fELF\x02"),
            ("macho", b"\xcf\xfa\xed\xfe\x07"),
            ("pe", b"MZ\x90\x00"),
            ("script", b"#!/bin/sh\n"),
            ("short", b"\x7fEL"),
            ("empty", b""),
        ];
        let folder = folder(&files);
        let compiled: Vec<_> = files.iter().filter(|(name, _)| is_compiled(&folder.path().join(name))).collect();
        assert_eq!(compiled.len(), 3);
        assert!(!is_compiled(folder.path()) && !is_compiled(&folder.path().join("none")));
    }

    #[test]
    fn a_name_is_found_wherever_it_lies_in_a_program() {
        let names = BTreeSet::from(["README.md".to_owned(), "x".repeat(40)]);
        for at in [0, 1, PIECE_BYTES - 4, PIECE_BYTES, 2 * PIECE_BYTES + 17] {
            let mut bytes = vec![b'R'; at];
            bytes.extend(b"README.md");
            let folder = folder(&[("program", &bytes), ("without", &bytes[..at + 8])]);
            assert!(!names_none(&folder.path().join("program"), &names), "{at}");
            assert!(names_none(&folder.path().join("without"), &names), "{at}");
            assert!(!names_none(&folder.path().join("none"), &names));
        }
    }
}
