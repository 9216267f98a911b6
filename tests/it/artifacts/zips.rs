//! Zip files as a stranger may write them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A zip file with these entries.
pub(super) fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    written(|writer, options| {
        for (name, bytes) in entries {
            writer.start_file(*name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
    })
}

/// A zip file with a link of this name.
pub(super) fn link(name: &str, to: &str) -> Vec<u8> {
    written(|writer, options| writer.add_symlink(name, to, options).unwrap())
}

/// A zip file with a folder of this name.
pub(super) fn folder(name: &str) -> Vec<u8> {
    written(|writer, options| writer.add_directory(name, options).unwrap())
}

fn written(fill: impl FnOnce(&mut ZipWriter<Cursor<Vec<u8>>>, SimpleFileOptions)) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    fill(&mut writer, SimpleFileOptions::default().compression_method(CompressionMethod::Deflated));
    writer.finish().unwrap().into_inner()
}

/// Every occurrence of some bytes becomes others of the same length.
pub(super) fn patched(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut found = false;
    for at in 0..bytes.len().saturating_sub(from.len()) {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
            found = true;
        }
    }
    assert!(found, "nothing to change");
    bytes
}

/// Both headers of the only entry get other bytes: `local` counts from the local header, `central` from the one at the end.
pub(super) fn headers(mut bytes: Vec<u8>, local: usize, central: usize, to: &[u8]) -> Vec<u8> {
    let at = (0..bytes.len() - 4).rfind(|at| bytes[*at..].starts_with(b"PK\x01\x02")).unwrap();
    for place in [local, at + central] {
        bytes[place..place + to.len()].copy_from_slice(to);
    }
    bytes
}
