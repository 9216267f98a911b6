//! The repository that the demo makes: a config, and a file that says how much work the program does.
#![expect(clippy::disallowed_methods, reason = "writes the demo's repository")]

use std::path::{Path, PathBuf};

use crate::commands::{Code, Context, Failure};
use crate::git::Repository;

/// How much more work head's `search` does, in percent.
pub(super) const SLOWDOWN_PCT: u32 = 12;
/// How much more memory head's `index` keeps, in MiB.
pub(super) const GROWTH_MIB: u32 = 8;

const CONFIG: &str = include_str!("../../../templates/demo.toml");

/// Makes the repository with its two revisions and says where it is.
pub(super) fn make(into: Option<&Path>, context: &Context) -> Result<PathBuf, Failure> {
    let folder = match into {
        Some(folder) => empty(&context.directory.join(folder))?,
        None => tempfile::Builder::new().prefix("tollgate-demo-").tempdir().map_err(|e| unwritten(&e))?.keep(),
    };
    let repository = Repository::create(&folder).map_err(|error| {
        let hint = error.hint();
        Failure::new(Code::Internal, "no demo", &error, hint)
    })?;
    let tollgate = serde_json::to_string(&context.tollgate.to_string_lossy()).map_err(|e| unwritten(&e.into()))?;
    write(&folder, "tollgate.toml", &CONFIG.replace("\"{tollgate}\"", &tollgate))?;
    write(&folder, "program.json", &program(0, 0))?;
    commit(&repository, "The program as it was")?;
    repository.start_branch("change").map_err(super::super::check::sources::git)?;
    write(&folder, "program.json", &program(SLOWDOWN_PCT, GROWTH_MIB))?;
    commit(&repository, "Search more thoroughly, and keep more of the index")?;
    Ok(folder)
}

/// The program's file: passes of each kernel over its data, and how many of its chunks of 256 KiB the index keeps.
fn program(slowdown_pct: u32, growth_mib: u32) -> String {
    format!(
        "{{\n  \"kernels\": {{ \"checksum\": 400, \"parse\": 400, \"search\": {}, \"sort\": 400 }},\n  \
         \"index\": {{ \"chunks\": 48, \"kept\": {} }}\n}}\n",
        400 + 4 * slowdown_pct,
        8 + 4 * growth_mib,
    )
}

fn commit(repository: &Repository, title: &str) -> Result<(), Failure> {
    repository.commit_all(title).map_err(super::super::check::sources::git)
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), Failure> {
    std::fs::write(folder.join(name), text).map_err(|error| unwritten(&error))
}

/// A folder that is there and empty.
fn empty(folder: &Path) -> Result<PathBuf, Failure> {
    std::fs::create_dir_all(folder).map_err(|error| unwritten(&error))?;
    let mut entries = std::fs::read_dir(folder).map_err(|error| unwritten(&error))?;
    if entries.next().is_some() {
        let hint = "name a folder that is empty or not there yet".to_owned();
        return Err(Failure::usage(format!("{} is not empty", folder.display()), Some(hint)));
    }
    Ok(folder.to_owned())
}

fn unwritten(error: &std::io::Error) -> Failure {
    let hint = Some("name another place with --into".to_owned());
    Failure::new(Code::Internal, "no demo", error, hint)
}
