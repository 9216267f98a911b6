//! How a baseline is written: which schema a file has, and whether it is what Tollgate wrote. Refuses to know where the bytes come from.

pub mod v1;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::error::{BaselineError, visible};
use super::file::BaselineFile;
use super::layout::{self, hex};

/// The newest schema, which is the one that is written.
pub const SCHEMA: u64 = 1;
/// The largest file that is read or written, in bytes.
pub const BYTES_MAX: usize = 64 << 20;

/// What every schema has in common.
#[derive(Deserialize)]
struct Probe {
    schema: u64,
}

/// Reads a baseline of any schema. `origin` says where the bytes come from, such as `main:baselines/any/core.json`; it is for messages only.
/// Any bytes may come; a file that is damaged, edited, in conflict or of a newer schema is refused.
pub fn parse(bytes: &[u8], origin: &str) -> Result<BaselineFile, BaselineError> {
    let origin = || visible(origin);
    if bytes.len() > BYTES_MAX {
        return Err(BaselineError::TooLarge { origin: origin() });
    }
    let malformed = |error: serde_json::Error| match conflict_line(bytes) {
        Some(line) => BaselineError::Conflict { origin: origin(), line },
        None => BaselineError::Malformed {
            origin: origin(),
            line: error.line().max(1),
            message: visible(&error.to_string()),
        },
    };
    let probe: Probe = serde_json::from_slice(bytes).map_err(malformed)?;
    if probe.schema > SCHEMA {
        return Err(BaselineError::Newer { origin: origin(), found: probe.schema });
    }
    if probe.schema == 0 {
        return Err(BaselineError::Invalid { origin: origin(), problems: vec!["there is no schema 0".to_owned()] });
    }
    let file: v1::File = serde_json::from_slice(bytes).map_err(malformed)?;
    if file.checksum != checksum(bytes) {
        return Err(BaselineError::Checksum { origin: origin() });
    }
    file.into_domain().map_err(|problems| BaselineError::Invalid { origin: origin(), problems })
}

/// The same for a file that lies at `path`, from the root of its repository with `/` between the parts. One that belongs elsewhere is refused:
/// runs of another suite or class would be taken for those of this one.
pub fn parse_at(bytes: &[u8], path: &str, origin: &str) -> Result<BaselineFile, BaselineError> {
    let file = parse(bytes, origin)?;
    let place = layout::place(&file.class, &file.suite);
    if place == path {
        return Ok(file);
    }
    let problems = vec![format!("it belongs to `{place}`")];
    Err(BaselineError::Invalid { origin: visible(origin), problems })
}

/// Writes a baseline in the newest schema. Refuses one that could not be read back.
pub fn render(file: &BaselineFile) -> Result<Vec<u8>, BaselineError> {
    let body = v1::body(file);
    let mut text = format!("{{\n\"schema\": {SCHEMA},\n\"checksum\": \"{}\",\n", hex(&Sha256::digest(body.as_bytes())));
    text.push_str(&body);
    if text.len() > BYTES_MAX {
        return Err(BaselineError::Unstorable { problem: "the file would be larger than 64 MiB".to_owned() });
    }
    Ok(text.into_bytes())
}

/// The JSON schema of the newest version.
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(v1::File).to_value()
}

/// The checksum of a file: SHA-256 in hex of everything after its third line, with the line ends that git may have changed on a checkout
/// changed back. So that anyone can check it: `tail -n +4 FILE | sha256sum`.
fn checksum(bytes: &[u8]) -> String {
    let mut hasher = Sha256::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n').skip(3) {
        match line.strip_suffix(b"\r\n") {
            Some(line) => {
                hasher.update(line);
                hasher.update(b"\n");
            }
            None => hasher.update(line),
        }
    }
    hex(&hasher.finalize())
}

/// The line of the first marker that git leaves in a file it could not merge, counted from 1.
fn conflict_line(bytes: &[u8]) -> Option<usize> {
    let markers: [&[u8]; 3] = [b"<<<<<<<", b"=======", b">>>>>>>"];
    let marked = |line: &[u8]| markers.iter().any(|marker| line.starts_with(marker));
    bytes.split(|byte| *byte == b'\n').position(marked).map(|at| at + 1)
}
