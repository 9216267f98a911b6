//! Markdown as GitHub shows it, before its sanitizer: raw HTML is let through.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::Write;
use std::process::{Command, Stdio};

/// The page as each engine makes it: one in Rust that is always here, and GitHub's own, `cmark-gfm`, where it is installed, as in CI.
pub(crate) fn pages(markdown: &str) -> Vec<String> {
    let mut options = comrak::Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.render.r#unsafe = true;
    let here = comrak::markdown_to_html(markdown, &options);
    std::iter::once(here).chain(by_github(markdown)).collect()
}

fn by_github(markdown: &str) -> Option<String> {
    let extensions = ["table", "autolink", "strikethrough", "tasklist"].iter().flat_map(|name| ["-e", name]);
    let mut command = Command::new("cmark-gfm");
    command.arg("--unsafe").args(extensions).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut engine = command.spawn().ok()?;
    let mut input = engine.stdin.take().unwrap();
    let text = markdown.to_owned();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = engine.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}
