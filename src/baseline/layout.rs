//! Where a baseline lies: `baselines/<environment class>/<suite>.json`. Pure; refuses to touch the disk.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::model::Name;

/// The folder of all baselines, at the root of the repository.
pub const BASELINE_FOLDER: &str = "baselines";
/// The class of metrics that are the same on every machine.
pub const ANY: &str = "any";

/// The longest name that stays as it is, in characters. File systems allow 255 bytes.
const PLAIN_LENGTH_MAX: usize = 120;
/// Names that Windows gives to devices, with any extension.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// The path of a suite's baseline below [`BASELINE_FOLDER`]: always exactly two safe components.
pub fn path(class: &str, suite: &Name) -> PathBuf {
    PathBuf::from(safe(class)).join(file_name(suite))
}

/// The same from the root of the repository, with `/` on every system: how git names it.
pub fn place(class: &str, suite: &Name) -> String {
    format!("{BASELINE_FOLDER}/{}/{}", safe(class), file_name(suite))
}

/// The name of a suite's file in every class.
pub fn file_name(suite: &Name) -> String {
    format!("{}.json", safe(suite.as_str()))
}

/// Whether `path`, below the root of the repository and with `/` between its parts, is where a baseline lies.
pub fn is_baseline(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(parts.as_slice(), [BASELINE_FOLDER, _, file] if file.strip_suffix(".json").is_some())
}

/// `name` as one component of a path, on every file system. A plain name stays readable as it is; any other becomes a slug, `~` and a hash.
/// As no plain name holds a `~` and none has capitals, two names never share a file, not even where case does not count.
fn safe(name: &str) -> String {
    let plain = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-');
    let stem = name.split('.').next().unwrap_or_default();
    let numbered_device = stem.len() == 4 && (stem.starts_with("com") || stem.starts_with("lpt"));
    if name.len() <= PLAIN_LENGTH_MAX
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name.chars().all(plain)
        && !name.ends_with('.')
        && !DEVICES.contains(&stem)
        && !numbered_device
    {
        return name.to_owned();
    }
    let slug: String =
        name.chars().map(|c| c.to_ascii_lowercase()).filter(|c| plain(*c) && *c != '.').take(60).collect();
    format!("{slug}~{}", hex(&Sha256::digest(name.as_bytes())[..12]))
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string never fails");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Component;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_plain_suite_keeps_its_name() {
        let suite = Name::new("core-2.io").unwrap();
        assert_eq!(path("amd-epyc--4c", &suite), PathBuf::from("amd-epyc--4c/core-2.io.json"));
    }

    #[test]
    fn hostile_and_look_alike_names_get_files_of_their_own() {
        let names = [
            "../x",
            "..",
            ".",
            "a|b",
            "a\nb",
            "ab",
            "AB",
            "Ab",
            "con",
            "con.x",
            "com1",
            "x.",
            "é",
            "/etc/passwd",
            "a\\b",
        ];
        let files: BTreeSet<String> = names.iter().map(|name| file_name(&Name::new(*name).unwrap())).collect();
        assert_eq!(files.len(), names.len());
        assert!(
            files.iter().all(|file| !file.contains(['/', '\\', '\n', '|', ':']) && !file.starts_with('.')),
            "{files:?}"
        );
    }

    proptest! {
        #[test]
        fn every_name_stays_inside_the_folder(class in ".*", suite in "[^\0]{1,300}") {
            let path = path(&class, &Name::new(suite).unwrap());
            prop_assert_eq!(path.components().count(), 2);
            prop_assert!(path.components().all(|part| matches!(part, Component::Normal(name) if name.len() < 200)));
        }
    }
}
