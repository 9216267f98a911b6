//! The docs say what is so: links lead somewhere, examples of config parse, command lines are understood, and the README's commands are CI's.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use clap::error::ErrorKind;
use tollgate::cli::Cli;
use tollgate::config::{Config, parse_waivers};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The pages: everything that git knows or could know, without builds and recorded files.
fn pages() -> Vec<(PathBuf, String)> {
    let skipped = ["target", ".git", ".tollgate", "fixtures", "node_modules"];
    let walk = walkdir::WalkDir::new(root()).sort_by_file_name().into_iter();
    walk.filter_entry(|entry| !skipped.iter().any(|name| entry.file_name() == *name))
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect()
}

/// The fenced blocks of one language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).map(|rest| rest.split_once("\n```").unwrap().0).collect()
}

/// A page without its fenced blocks.
fn prose(page: &str) -> String {
    page.split("```").step_by(2).collect()
}

/// The heading's name in a link, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

#[test]
fn every_relative_link_leads_to_a_file_and_a_heading() {
    let mut broken = Vec::new();
    for (path, page) in pages() {
        let text = prose(&page);
        let links = text.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
        for link in links.filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            let (file, heading) = link.split_once('#').map_or((link, None), |(file, heading)| (file, Some(heading)));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let found = match heading {
                None => target.exists(),
                Some(heading) => fs::read_to_string(&target).is_ok_and(|page| {
                    prose(&page).lines().any(|line| line.starts_with('#') && anchor(line.trim_matches('#')) == heading)
                }),
            };
            if !found {
                broken.push(format!("{}: {link}", path.strip_prefix(root()).unwrap().display()));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn every_example_of_config_parses() {
    let ours = ["[gate", "[suite", "[[rule", "[[budget"];
    let mut examples = 0;
    for (path, page) in pages() {
        for block in blocks(&page, "toml") {
            let first = block.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
            let first = first.unwrap_or_default();
            let outcome = if first.starts_with("[[waiver") {
                parse_waivers(block, "example").map(drop)
            } else if first.starts_with("[suite.") && !block.contains("adapter") {
                // A table that goes on with a suite of an earlier example.
                let suite = first.split('.').nth(1).unwrap().trim_end_matches(']');
                let start = format!("[suite.{suite}]\nadapter = \"json\"\nrun = [\"x\"]\n");
                Config::parse(&(start + block), "example").map(drop)
            } else if ours.iter().any(|table| first.starts_with(table)) {
                Config::parse(block, "example").map(drop)
            } else {
                continue;
            };
            examples += 1;
            assert_eq!(outcome.map_err(|error| error.to_string()), Ok(()), "{}:\n{block}", path.display());
        }
    }
    assert!(examples >= 9, "only {examples} examples were found");
}

/// The words of a command line, without what a shell takes for itself: comments, redirections and the commands after it.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut quote, mut between) = (None, true);
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                if between {
                    words.push(String::new());
                    between = false;
                }
            }
            (None, ' ') => between = true,
            (None, '#' | '>' | '|' | '&' | ';') if between => break,
            (_, c) => {
                if between {
                    words.push(String::new());
                    between = false;
                }
                words.last_mut().unwrap().push(c);
            }
        }
    }
    words
}

#[test]
fn every_command_line_in_the_docs_is_understood() {
    let mut seen = 0;
    for (path, page) in pages() {
        let text = prose(&page);
        let inline = text.split('`').skip(1).step_by(2);
        let shell = ["sh", "yaml"].map(|language| blocks(&page, language)).concat();
        let lines = shell.iter().flat_map(|block| block.lines()).map(|line| line.trim().trim_start_matches("- run: "));
        for line in inline.chain(lines) {
            // Three dots stand for something that the reader knows.
            if !line.starts_with("tollgate ") || line.contains('…') || line.contains("...") {
                continue;
            }
            seen += 1;
            let mut words = words(line);
            // `N` stands for a number.
            words.iter_mut().filter(|word| *word == "N").for_each(|word| "1".clone_into(word));
            // A command may be spoken of by its name alone.
            let named = words.iter().all(|word| !word.starts_with('-'));
            let said = match Cli::try_parse_from(&words) {
                Ok(_) => Ok(()),
                Err(error) => match error.kind() {
                    ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Ok(()),
                    ErrorKind::MissingRequiredArgument
                    | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                    | ErrorKind::MissingSubcommand
                        if named =>
                    {
                        Ok(())
                    }
                    _ => Err(error.to_string()),
                },
            };
            assert_eq!(said, Ok(()), "{}: {line}", path.display());
        }
    }
    assert!(seen >= 30, "only {seen} command lines were found");
}

#[test]
fn the_two_commands_of_the_readme_are_the_ones_that_ci_runs() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let section = readme.split_once("\n## Two commands\n").unwrap().1.split_once("\n## ").unwrap().0;
    assert_eq!(blocks(section, "sh"), ["cargo run --release -- demo", "cargo test --locked"]);
    let checks = fs::read_to_string(root().join(".ci/run")).unwrap();
    assert!(checks.lines().any(|line| line.starts_with("cargo test --locked")));
}

#[test]
fn actions_in_docs_and_templates_are_pinned_to_the_same_commits() {
    let folders = [".github/workflows", "templates"].map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let paths = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    let files = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml"))
        .map(|path| fs::read_to_string(path).unwrap());
    let texts: Vec<String> = files.chain(pages().into_iter().map(|(_, page)| page)).collect();
    let mut pins: Vec<&str> = texts
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| Some(line.trim().trim_start_matches("- ").strip_prefix("uses: ")?.trim()))
        .filter(|action| !action.starts_with("./ "))
        .collect();
    pins.sort_unstable();
    pins.dedup();
    assert_eq!(
        pins,
        [
            "OWNER/tollgate@0000000000000000000000000000000000000000 # fill in",
            "actions/attest@1e69f48acb82d1966a394da916b4c1698aa569d6 # v4.2.2",
            "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
            "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1",
            "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1",
        ]
    );
}
