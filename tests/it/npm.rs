//! What GitHub publishes about itself as packages of npm: its interface's description and real events. Fetched once, by the user's own npm, and
//! held to the checksum that is pinned here. Never skips: a test without its data would be green for nothing.
#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha512};

/// A package at one version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Package {
    /// Its name, with the scope.
    pub(crate) name: &'static str,
    /// Its version.
    pub(crate) version: &'static str,
    /// The checksum of its archive, as npm writes it: `sha512-` and base64.
    pub(crate) integrity: &'static str,
}

/// Events as GitHub has sent them. MIT.
pub(crate) const WEBHOOKS_EXAMPLES: Package = Package {
    name: "@octokit/webhooks-examples",
    version: "7.6.1",
    integrity: "sha512-De6U3XB6O3DtCa7bKgCMzTHdeopqqZ6SNivMYJnK65ierKL1AnNIA0tkRYCRS7lwGT792d+Ps1WbfHlso6MynQ==",
};

/// GitHub's description of its REST interface. MIT.
pub(crate) const OPENAPI: Package = Package {
    name: "@octokit/openapi",
    version: "23.0.2",
    integrity: "sha512-pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg==",
};

/// The folder with a package's files, below `target/npm/`. Fetches it where it is not there yet; other test processes wait meanwhile.
#[track_caller]
pub(crate) fn package(package: Package) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("cargo's folder lies in the target folder");
    let all = target.join("npm");
    fs::create_dir_all(&all).expect("the target folder is writable");
    let lock = File::create(all.join("lock")).expect("the target folder is writable");
    lock.lock().expect("a file system that knows locks");
    let spec = format!("{}@{}", package.name, package.version);
    // Another checksum is another place: what was fetched for an older pin is not taken for this one.
    let pin: String = package.integrity.chars().filter(char::is_ascii_alphanumeric).skip(6).take(12).collect();
    let place = all.join(format!("{}-{pin}", spec.replace('/', "+")));
    if !place.exists() {
        // Fetched and unpacked beside it, so that what is there is whole.
        let fresh = tempfile::Builder::new().prefix("fetch-").tempdir_in(&all).expect("the target folder is writable");
        let archive = fetch(&spec, fresh.path());
        let bytes = fs::read(&archive).expect("npm wrote it");
        let found = integrity(&bytes);
        assert_eq!(found, package.integrity, "the archive of {spec} is not the one that is pinned");
        run(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(fresh.path()), &spec);
        fs::rename(fresh.path().join("package"), &place).expect("an archive of npm holds the folder `package`");
    }
    place
}

/// The checksum of an archive in npm's form.
fn integrity(bytes: &[u8]) -> String {
    format!("sha512-{}", STANDARD.encode(Sha512::digest(bytes)))
}

/// The archive of a package, which npm fetches from the registry that the user has set.
fn fetch(spec: &str, into: &Path) -> PathBuf {
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    // Started in the empty folder: a package.json of somebody's would be read otherwise.
    run(Command::new(npm).current_dir(into).args(["pack", "--silent", "--ignore-scripts", spec]), spec);
    let entries = fs::read_dir(into).expect("the folder is there").filter_map(Result::ok).map(|entry| entry.path());
    let archive = entries.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "tgz"));
    archive.unwrap_or_else(|| panic!("`npm pack {spec}` ended well and wrote no archive"))
}

/// Runs a program to its end, which must be a good one.
fn run(command: &mut Command, spec: &str) {
    let program = command.get_program().display().to_string();
    let needed = format!(
        "this test needs the package {spec}: install npm (Node.js) and tar, and let npm reach its registry, \
         or set another by `npm config set registry ADDRESS`"
    );
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("cannot start `{program}`: {error}; {needed}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`{program}` failed: {}\n{said}\n{needed}", output.status);
}

#[test]
fn the_pinned_packages_are_what_they_should_be() {
    for (pinned, file) in [(WEBHOOKS_EXAMPLES, "api.github.com/index.json"), (OPENAPI, "generated/api.github.com.json")]
    {
        let place = package(pinned);
        let about = fs::read_to_string(place.join("package.json")).expect("every package has one");
        let about: serde_json::Value = serde_json::from_str(&about).expect("it is JSON");
        assert_eq!((&about["name"], &about["version"]), (&pinned.name.into(), &pinned.version.into()));
        assert!(about["license"] == "MIT" && place.join(file).is_file());
    }
}

#[test]
fn an_archive_with_another_checksum_is_not_unpacked() {
    assert_eq!(
        integrity(b""),
        "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="
    );
    let other = Package { integrity: "sha512-AAAA", ..WEBHOOKS_EXAMPLES };
    let refused = std::panic::catch_unwind(|| package(other)).expect_err("another archive");
    let said = refused.downcast_ref::<String>().expect("a message");
    assert!(said.contains("is not the one that is pinned"), "{said}");
}
