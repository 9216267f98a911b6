//! Makes foreign text harmless in each sink: Markdown, HTML, a terminal, a workflow command, a shell. Refuses to know what the text means.

/// The most characters of a name that are shown.
pub(super) const NAME_SHOWN_MAX: usize = 120;

/// Whether a character can change how its neighbours are read without being seen itself: controls, bidirectional marks, zero-width characters.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// One line of visible characters: white space becomes a space, what is hidden becomes U+FFFD.
pub(super) fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            c if is_hidden(c) => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// At most `most` characters, cut in the middle, where names of one family differ least.
pub(super) fn shorten(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let kept = most.saturating_sub(1);
    let front = kept.div_ceil(2);
    let mut short: String = text.chars().take(front).collect();
    short.push('…');
    short.extend(text.chars().skip(length - (kept - front)));
    short
}

/// Text inside a Markdown paragraph, list item, heading, table cell or HTML element. Nothing in it is markup, a mention, a reference or a link.
///
/// Entities alone do not stop GitHub from linking a mention, because it looks at the rendered text: a zero-width space follows `@` and `#`.
pub fn markdown(text: &str) -> String {
    let text = visible(text);
    let trimmed = text.trim_start_matches(' ');
    // One space keeps two pieces of a sentence apart; four at the start of a line would be a code block.
    let text = if trimmed.len() < text.len() { format!(" {trimmed}") } else { text };
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    let mut rest = text.chars().peekable();
    let mut at_start = true;
    while let Some(c) = rest.next() {
        let starts_number = !word.is_empty() && word.len() == out.trim_start().len();
        let ends_marker = matches!(rest.peek(), None | Some(' ' | '-' | '='));
        match c {
            '@' => out.push_str("&#64;&#8203;"),
            '#' => out.push_str("&#35;&#8203;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' | '|' | '`' | '*' | '_' | '[' | ']' | '~' | '\\' | '!' | '$' => entity(&mut out, c),
            // A colon that ends a word is only a colon; one inside a word may be a link's or an emoji's.
            ':' if !matches!(rest.peek(), None | Some(' ')) => entity(&mut out, c),
            // A list, a rule, a heading's underline or a numbered item could start here.
            '-' | '+' | '=' if at_start && ends_marker => entity(&mut out, c),
            '.' | ')' if ends_marker && starts_number && word.chars().all(|c| c.is_ascii_digit()) => {
                entity(&mut out, c);
            }
            '.' if word.to_ascii_lowercase().ends_with("www") => entity(&mut out, c),
            c => out.push(c),
        }
        at_start = at_start && c == ' ';
        if c.is_alphanumeric() { word.push(c) } else { word.clear() }
    }
    out
}

/// A character as a numeric entity.
fn entity(out: &mut String, c: char) {
    super::text::append(out, format_args!("&#{};", u32::from(c)));
}

/// Text inside an HTML element or a quoted attribute.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// The longest address of a page that is linked, in characters.
const ADDRESS_LENGTH_MAX: usize = 300;

/// The address of a page as it may stand in a link of Markdown and in a comment of HTML; `None` for anything that could be more than that.
pub(super) fn address(text: &str) -> Option<String> {
    let plain = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, ':' | '/' | '.' | '_' | '-' | '~' | '?' | '=' | '%' | '&' | '+')
    };
    let page = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let ours = !page.is_empty() && text.len() <= ADDRESS_LENGTH_MAX && text.chars().all(plain);
    ours.then(|| text.to_owned())
}

/// Text on a terminal: no escape sequence, nothing hidden, one line.
pub fn terminal(text: &str) -> String {
    visible(text)
}

/// The message of a workflow command.
pub(super) fn command_message(text: &str) -> String {
    visible(text).replace('%', "%25")
}

/// A property of a workflow command.
pub(super) fn command_property(text: &str) -> String {
    command_message(text).replace(':', "%3A").replace(',', "%2C")
}

/// One word of a POSIX shell, in single quotes where it needs them.
pub fn shell(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | ',' | '+' | '=');
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Whether a report shows a text as it is, so that it can be copied from there.
pub(super) fn pasteable(text: &str) -> bool {
    text.chars().count() <= NAME_SHOWN_MAX
        && !text.contains(['@', '#', '\n', '\r', '\t'])
        && !text.chars().any(is_hidden)
}

/// A glob that selects `name` and is safe to show and to paste: what a glob reads as a pattern is bracketed, what a report would have to
/// change (hidden characters, `@`, `#`) is a wildcard, and the middle of a very long name is `*`.
pub(super) fn glob(name: &str) -> String {
    let part = |c: char| match c {
        '*' | '?' | '[' | '{' | '}' | '\\' => format!("[{c}]"),
        '@' | '#' => "?".to_owned(),
        c if is_hidden(c) && c.is_ascii() => "?".to_owned(),
        // `?` stands for a byte, not a character.
        c if is_hidden(c) => "*".to_owned(),
        c => c.to_string(),
    };
    let length = name.chars().count();
    if length <= NAME_SHOWN_MAX {
        return name.chars().map(part).collect();
    }
    let half = NAME_SHOWN_MAX / 2;
    let front: String = name.chars().take(half).map(part).collect();
    let back: String = name.chars().skip(length - half).map(part).collect();
    format!("{front}*{back}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Hostile text: any characters, with those that mean something somewhere made likely.
    fn hostile() -> impl Strategy<Value = String> {
        proptest::collection::vec(
            prop_oneof![
                any::<char>().prop_map(String::from),
                "[@|<>`*_\\[\\]()!#:~$&;'\"\\\\%,.-]".prop_map(String::from),
                Just("www.".to_owned()),
                Just("http://a.example".to_owned()),
                Just("](".to_owned()),
                Just("-->".to_owned()),
                Just("\r\n".to_owned()),
                Just("\u{1b}[31m".to_owned()),
                Just("\u{202e}".to_owned()),
                Just("@octocat".to_owned()),
            ],
            0..40,
        )
        .prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn nothing_in_escaped_markdown_is_active(text in hostile()) {
            let out = markdown(&text);
            for active in ["@", "|", "<", ">", "`", "*", "_", "[", "]", "~", "://", "\\", "!", "$", "\"", "'", "www.", "WWW."] {
                prop_assert!(!out.contains(active), "{active:?} in {out:?}");
            }
            prop_assert!(!out.chars().any(is_hidden));
            prop_assert!(out.matches('#').count() == out.matches("&#").count());
            prop_assert!(!out.starts_with("  ") && out.match_indices(':').all(|(at, _)| matches!(out.as_bytes().get(at + 1), None | Some(b' '))));
            let out = out.trim_start();
            prop_assert!(!["- ", "+ ", "---", "==", "#"].iter().any(|start| out.starts_with(start)));
            let unescaped = out.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "").replace("&quot;", "");
            prop_assert!(unescaped.matches('&').count() == unescaped.matches("&#").count());
        }

        #[test]
        fn nothing_in_escaped_html_ends_its_element_or_attribute(text in hostile()) {
            let out = html(&text);
            prop_assert!(!out.contains(['<', '>', '"', '\'']) && !out.chars().any(is_hidden));
        }

        #[test]
        fn a_workflow_command_stays_one_command(text in hostile()) {
            let out = command_property(&text);
            prop_assert!(!out.contains(['\r', '\n', ':', ',']) && !out.chars().any(is_hidden));
            prop_assert!(out.matches('%').count() == ["%25", "%3A", "%2C"].iter().map(|e| out.matches(e).count()).sum::<usize>());
        }

        #[test]
        fn the_glob_of_a_name_selects_it_and_shows_the_same_everywhere(text in hostile()) {
            let pattern = glob(&text);
            prop_assert_eq!(visible(&pattern), pattern.clone());
            prop_assert!(!pattern.contains(['@', '#']));
            let matcher = globset::Glob::new(&pattern).unwrap().compile_matcher();
            prop_assert!(matcher.is_match(&text), "{:?} does not select {:?}", pattern, text);
        }

        #[test]
        fn a_shortened_text_keeps_its_ends(text in "[a-z]{0,300}", most in 2_usize..200) {
            let short = shorten(&text, most);
            prop_assert!(short.chars().count() <= most);
            prop_assert!(text.is_empty() || short.chars().next() == text.chars().next());
        }
    }

    #[test]
    fn a_shell_word_cannot_break_out() {
        assert_eq!(shell("core/parse-1.2"), "core/parse-1.2");
        assert_eq!(shell("it's; rm -rf $HOME"), r"'it'\''s; rm -rf $HOME'");
        assert_eq!(shell(""), "''");
        assert_eq!(shell("--flag"), "'--flag'");
    }

    #[test]
    fn a_numbered_item_or_a_bullet_cannot_start_in_foreign_text() {
        assert_eq!(markdown("1. one"), "1&#46; one");
        assert_eq!(markdown("- one - two"), "&#45; one - two");
        assert_eq!(markdown("---"), "&#45;--");
        assert_eq!(markdown("412.5 ms"), "412.5 ms");
        assert_eq!(markdown(" by "), " by ");
        assert_eq!(markdown("    code: mailto:me"), " code: mailto&#58;me");
        assert_eq!(markdown("+6.3 %"), "+6.3 %");
    }
}
