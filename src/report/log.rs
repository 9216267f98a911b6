//! Text in the log of a CI job, whose runner obeys what looks like a command. Refuses to know what the text says.

use super::text::append;

/// What the runner takes for a command anywhere in a line, in its older form.
const OLD_FORM: &str = "##[";

/// A line in which the runner finds no command, and a reader finds every word.
pub fn no_command(line: &str) -> String {
    let line = line.replace(OLD_FORM, "# #[");
    // The runner ignores white space before the colons.
    if line.trim_start().starts_with("::") { format!("| {line}") } else { line }
}

/// A text between two commands: the runner obeys none until it reads `token`, which nothing in the text may hold.
pub fn unheard(text: &str, token: &str) -> String {
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("::stop-commands::{token}\n{text}{end}::{token}::\n")
}

/// Named values as the runner reads them from the file of a step's outputs, each between lines of `delimiter`, which no value may hold.
pub fn outputs(values: &[(&str, String)], delimiter: &str) -> String {
    let mut out = String::new();
    for (name, value) in values {
        append(&mut out, format_args!("{name}<<{delimiter}\n{value}\n{delimiter}\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_a_command_and_every_word_stays() {
        for (line, harmless) in [
            ("::error::owned", "| ::error::owned"),
            ("  \t::add-mask::x", "|   \t::add-mask::x"),
            ("core/a ##[add-mask]x", "core/a # #[add-mask]x"),
            ("####[group]", "### #[group]"),
            ("std::fmt is a path", "std::fmt is a path"),
        ] {
            assert_eq!(no_command(line), harmless);
            assert!(!no_command(line).contains(OLD_FORM));
        }
    }

    #[test]
    fn a_text_stands_between_its_commands_on_lines_of_its_own() {
        assert_eq!(unheard("a\n::error::b", "t"), "::stop-commands::t\na\n::error::b\n::t::\n");
        assert_eq!(unheard("", "t"), "::stop-commands::t\n::t::\n");
    }

    #[test]
    fn outputs_stand_between_their_delimiters() {
        assert_eq!(outputs(&[("verdict", "pass".to_owned())], "d"), "verdict<<d\npass\nd\n");
    }
}
