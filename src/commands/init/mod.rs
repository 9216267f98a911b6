//! `init`: a commented config and workflows for what is in the repository. Refuses to replace files unasked.
#![expect(clippy::disallowed_methods, reason = "reads the repository and writes a few files into it")]

mod cargo;
mod survey;
mod workflows;

use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::InitArgs;
use crate::config::{CONFIG_FILE, Config};

use super::{Code, Context, Failure};
use survey::Found;
use workflows::PLACEHOLDER;

/// The line of the template below which suites are written.
const SUITES_MARK: &str = "# ---- suites: what is run\n";

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
enum InitError {
    #[error("write {} (it is already there)", .0.display())]
    Exists(PathBuf),
    #[error("write {}", .0.display())]
    Write(PathBuf, #[source] io::Error),
}

impl InitError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Exists(_) => {
                Some("`--print` shows what would be written, `--force` replaces what is there".to_owned())
            }
            Self::Write(..) => None,
        }
    }
}

/// A file to write: its path from the root, what it does in a few words, and its text.
struct Written {
    path: &'static str,
    about: &'static str,
    text: String,
}

/// Writes, or prints, the config and the workflows.
pub(super) fn run(args: &InitArgs, context: &Context) -> Result<Code, Failure> {
    // The root of the repository, also from a folder inside it; `.git` is a file in a linked worktree.
    let root = context.directory.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(&context.directory);
    let found = survey::survey(root);
    let config = config_text(&found);
    Config::parse(&config, CONFIG_FILE)
        .map_err(|error| Failure::new(Code::Internal, "nothing written", &error, error.hint()))?;
    let mut files = vec![Written { path: CONFIG_FILE, about: "what is measured, and what is allowed", text: config }];
    if !args.no_workflow {
        let workflows = workflows::wanted(&args.with).into_iter();
        files.extend(workflows.map(|of| Written { path: of.file, about: of.about, text: of.text.to_owned() }));
    }
    if args.print {
        context.print(&printed(&files));
        return Ok(Code::Pass);
    }
    write_all(root, &files, args.force).map_err(|error| {
        let code = match error {
            InitError::Exists(_) => Code::Usage,
            InitError::Write(..) => Code::Internal,
        };
        Failure::new(code, "nothing written", &error, error.hint())
    })?;
    context.print(&summary(&files, &found));
    Ok(Code::Pass)
}

/// The template with the suites that were found, and without the examples of the adapters that they use.
fn config_text(found: &[Found]) -> String {
    let is_shown_for_real = |paragraph: &str| {
        paragraph.starts_with("#[suite.")
            && found.iter().any(|found| paragraph.contains(&format!("#adapter = \"{}\"", found.adapter)))
    };
    let template: Vec<&str> =
        Config::default_text().split("\n\n").filter(|paragraph| !is_shown_for_real(paragraph)).collect();
    let suites: Vec<String> = found.iter().map(|found| format!("\n{found}")).collect();
    template.join("\n\n").replacen(SUITES_MARK, &format!("{SUITES_MARK}{}", suites.concat()), 1)
}

fn printed(files: &[Written]) -> String {
    match files {
        [only] => only.text.clone(),
        several => {
            let parts: Vec<String> =
                several.iter().map(|file| format!("# ==== {}\n{}\n", file.path, file.text)).collect();
            parts.concat()
        }
    }
}

/// All files or none, as far as that can be known before.
fn write_all(root: &Path, files: &[Written], force: bool) -> Result<(), InitError> {
    let there = files.iter().map(|file| root.join(file.path)).find(|path| path.symlink_metadata().is_ok());
    if let (Some(path), false) = (there, force) {
        return Err(InitError::Exists(path));
    }
    for file in files {
        let path = root.join(file.path);
        let folder = path.parent().unwrap_or(root);
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, &file.text))
            .map_err(|source| InitError::Write(path, source))?;
    }
    Ok(())
}

fn summary(files: &[Written], found: &[Found]) -> String {
    let mut text = String::new();
    for file in files {
        let _never = writeln!(text, "wrote {}: {}", file.path, file.about);
    }
    for found in found {
        let _never = writeln!(text, "  suite `{}`: {}", found.name, found.about);
    }
    text.push_str(if found.is_empty() {
        "no benchmarks were found: switch on one of the example suites in tollgate.toml, then run `tollgate check --list`\n"
    } else {
        "next: `tollgate check --list` shows what would be run, `tollgate check` runs it\n"
    });
    if files.iter().any(|file| file.text.contains(PLACEHOLDER)) {
        let _never = writeln!(
            text,
            "the workflows want to know where Tollgate is and which commit of it you trust: replace `{PLACEHOLDER}`"
        );
    }
    text
}
