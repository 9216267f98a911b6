//! A command line as a person may read it and paste it into a shell. Never run.

/// The most characters that are shown of one command line.
const SHOWN_CHARS_MAX: usize = 600;

/// A command line quoted as a POSIX shell would need it, control characters replaced, cut with `…` where it is very long. For messages only.
pub fn shown(command: &[String]) -> String {
    let mut line = command.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    if let Some((cut, _)) = line.char_indices().nth(SHOWN_CHARS_MAX) {
        line.truncate(cut);
        line.push('…');
    }
    line
}

/// One word, quoted where it needs to be.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "%+,-./:=@_".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let text: String = word.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(command: &[&str], expected: &str) {
        assert_eq!(shown(&command.iter().map(|&word| word.to_owned()).collect::<Vec<_>>()), expected);
    }

    #[test]
    fn a_command_line_can_be_pasted_into_a_shell() {
        check(&["cargo", "bench", "--", "a b", ""], "cargo bench -- 'a b' ''");
        check(&["sh", "-c", "echo 'x' $HOME"], r"sh -c 'echo '\''x'\'' $HOME'");
    }

    #[test]
    fn a_command_line_cannot_write_to_the_terminal() {
        check(&["a\x1b[2Jb\n"], "'a\u{fffd}[2Jb\u{fffd}'");
        check(&[&"x".repeat(10_000)], &format!("{}…", "x".repeat(600)));
    }
}
