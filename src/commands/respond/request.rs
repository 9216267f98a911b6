//! What the first line of a comment asks for. Pure and strict: what is not exactly a command is none, and nothing in it is ever run.

use crate::report::escape::terminal;

/// How a line starts that is meant for us.
const NAME: &str = "/tollgate";
/// The most characters of the line: a metric and a reason fit, a novel does not.
const LINE_CHARS_MAX: usize = 1_200;
/// The most characters of a reason.
const REASON_CHARS_MAX: usize = 500;
/// How far a waived metric may go where the comment does not say.
const CEILING: &str = "+10 %";

/// What may be asked for.
pub(super) const USAGE: &str = "/tollgate rerun\n/tollgate waive HEAD-SHA SUITE/BENCHMARK:METRIC REASON\n/tollgate waive HEAD-SHA SUITE/BENCHMARK:METRIC +25% REASON";

/// What a comment asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// To run the jobs that failed again.
    Rerun,
    /// To propose a waiver.
    Waive(Waive),
}

/// A waiver that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waive {
    /// The first digits of the commit that the writer looked at: 7 to 40 of lower-case hex.
    pub(super) head: String,
    /// The metric, as the report names it. Foreign text in one visible line.
    pub(super) id: String,
    /// How far it may go: `+10 %`.
    pub(super) ceiling: String,
    /// Why. Foreign text in one visible line.
    pub(super) reason: String,
}

/// Why a line that is meant for us is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Misread {
    /// It is too long.
    #[error("the line is longer than {LINE_CHARS_MAX} characters")]
    TooLong,
    /// Something in it cannot be seen.
    #[error("the line has characters that cannot be seen")]
    Hidden,
    /// There is no such command.
    #[error("there is no such command")]
    Unknown,
    /// `rerun` with something behind it.
    #[error("`rerun` takes nothing more")]
    TooMuch,
    /// A quotation mark is missing.
    #[error("a quotation mark has no partner")]
    Quote,
    /// The commit is missing or is none.
    #[error("`waive` needs the commit that you looked at: 7 to 40 digits of the head of this pull request")]
    Head,
    /// The metric is missing.
    #[error("`waive` needs a metric as the report names it, in quotation marks where it has spaces")]
    Metric,
    /// The reason is missing.
    #[error("`waive` needs a reason")]
    Reason,
    /// The reason is too long.
    #[error("the reason is longer than {REASON_CHARS_MAX} characters")]
    ReasonTooLong,
}

/// Whether a comment is meant for us at all.
pub(super) fn is_addressed(body: &str) -> bool {
    first_line(body).is_some_and(|line| line.split(' ').next() == Some(NAME))
}

/// What a comment that is meant for us asks for.
pub(super) fn parse(body: &str) -> Result<Request, Misread> {
    let line = first_line(body).unwrap_or_default();
    if line.chars().count() > LINE_CHARS_MAX {
        return Err(Misread::TooLong);
    }
    if terminal(line) != line {
        return Err(Misread::Hidden);
    }
    let (_, rest) = word(line)?.ok_or(Misread::Unknown)?;
    let (command, rest) = word(rest)?.ok_or(Misread::Unknown)?;
    match command.as_str() {
        "rerun" if rest.trim().is_empty() => Ok(Request::Rerun),
        "rerun" => Err(Misread::TooMuch),
        "waive" => waive(rest).map(Request::Waive),
        _ => Err(Misread::Unknown),
    }
}

/// The line that counts: the first. What follows is for people.
fn first_line(body: &str) -> Option<&str> {
    body.lines().next().map(str::trim_end)
}

/// The arguments of `waive`.
fn waive(rest: &str) -> Result<Waive, Misread> {
    let (head, rest) = word(rest)?.ok_or(Misread::Head)?;
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if !(7..=40).contains(&head.len()) || !head.bytes().all(hex) {
        return Err(Misread::Head);
    }
    let (id, rest) = word(rest)?.filter(|(id, _)| !id.is_empty()).ok_or(Misread::Metric)?;
    let (ceiling, reason) = ceiling(rest.trim()).unwrap_or_else(|| (CEILING.to_owned(), rest.trim()));
    match reason.chars().count() {
        0 => Err(Misread::Reason),
        length if length > REASON_CHARS_MAX => Err(Misread::ReasonTooLong),
        _ => Ok(Waive { head, id, ceiling, reason: reason.to_owned() }),
    }
}

/// `+25%` or `+25 %` at the start of a text, and what follows it.
fn ceiling(text: &str) -> Option<(String, &str)> {
    let number = text.strip_prefix('+')?;
    let end = number.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (digits, rest) = number.split_at_checked(end).filter(|(digits, _)| (1..=8).contains(&digits.len()))?;
    let rest = rest.trim_start_matches(' ').strip_prefix('%')?;
    (rest.is_empty() || rest.starts_with(' ')).then(|| (format!("+{digits} %"), rest.trim()))
}

/// The next word, which a pair of quotation marks may hold together, and what follows it. Nothing is expanded, and no sign escapes another.
fn word(text: &str) -> Result<Option<(String, &str)>, Misread> {
    let text = text.trim_start_matches(' ');
    let Some(first) = text.chars().next() else { return Ok(None) };
    if matches!(first, '\'' | '"' | '`') {
        let inside = text.strip_prefix(first).unwrap_or_default();
        let (word, rest) = inside.split_once(first).ok_or(Misread::Quote)?;
        return if rest.is_empty() || rest.starts_with(' ') {
            Ok(Some((word.to_owned(), rest)))
        } else {
            Err(Misread::Quote)
        };
    }
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    Ok(Some((word.to_owned(), rest)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn waived(body: &str) -> Waive {
        match parse(body) {
            Ok(Request::Waive(waive)) => waive,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_a_first_line_that_starts_with_the_name_is_meant_for_us() {
        for ours in ["/tollgate", "/tollgate rerun", "/tollgate rerun\r\nthanks", "/tollgate nonsense"] {
            assert!(is_addressed(ours), "{ours:?}");
        }
        for others in [
            "",
            "\n/tollgate rerun",
            " /tollgate rerun",
            "/tollgates",
            "> /tollgate rerun",
            "/Tollgate rerun",
            "please /tollgate rerun",
        ] {
            assert!(!is_addressed(others), "{others:?}");
        }
    }

    #[test]
    fn a_rerun_is_that_word_alone() {
        assert_eq!(parse("/tollgate rerun"), Ok(Request::Rerun));
        assert_eq!(parse("/tollgate  rerun  \r\n/tollgate waive x"), Ok(Request::Rerun));
        assert_eq!(parse("/tollgate rerun; rm -rf /"), Err(Misread::Unknown));
        assert_eq!(parse("/tollgate rerun all"), Err(Misread::TooMuch));
        assert_eq!(parse("/tollgate"), Err(Misread::Unknown));
        assert_eq!(parse("/tollgate approve"), Err(Misread::Unknown));
    }

    #[test]
    fn a_waiver_names_a_commit_a_metric_and_a_reason() {
        let waive = waived("/tollgate waive 77be01d core/parse:time validation, see #412");
        let expected = Waive {
            head: "77be01d".to_owned(),
            id: "core/parse:time".to_owned(),
            ceiling: "+10 %".to_owned(),
            reason: "validation, see #412".to_owned(),
        };
        assert_eq!(waive, expected);
        for quoted in ["'core/a b:time'", "\"core/a b:time\"", "`core/a b:time`"] {
            let waive = waived(&format!("/tollgate waive 77be01d {quoted} +7.5% it's fine"));
            assert_eq!(
                (waive.id.as_str(), waive.ceiling.as_str(), waive.reason.as_str()),
                ("core/a b:time", "+7.5 %", "it's fine")
            );
        }
        assert_eq!(waived("/tollgate waive 77be01d a/b:c +25 % why").ceiling, "+25 %");
        assert_eq!(waived("/tollgate waive 77be01d a/b:c +25 why").reason, "+25 why");
    }

    #[test]
    fn what_is_not_exactly_a_waiver_says_what_is_wrong() {
        for (line, wrong) in [
            ("waive", Misread::Head),
            ("waive main a/b:c why", Misread::Head),
            ("waive 77be01 a/b:c why", Misread::Head),
            ("waive 77BE01D a/b:c why", Misread::Head),
            ("waive 77be01d", Misread::Metric),
            ("waive 77be01d '' why", Misread::Metric),
            ("waive 77be01d a/b:c", Misread::Reason),
            ("waive 77be01d a/b:c +10%", Misread::Reason),
            ("waive 77be01d 'a/b:c why", Misread::Quote),
            ("waive 77be01d 'a/b:c'why", Misread::Quote),
            ("waive 77be01d a/b:c why\u{202e}", Misread::Hidden),
            ("waive 77be01d a/b:\u{200b}c why", Misread::Hidden),
            ("waive 77be01d a/b:c \u{1b}[31mwhy", Misread::Hidden),
        ] {
            assert_eq!(parse(&format!("/tollgate {line}")), Err(wrong), "{line:?}");
        }
        let long = format!("/tollgate waive 77be01d a/b:c {}", "x".repeat(501));
        assert_eq!(parse(&long), Err(Misread::ReasonTooLong));
        assert_eq!(parse(&format!("/tollgate {}", "x".repeat(60_000))), Err(Misread::TooLong));
    }

    proptest! {
        #[test]
        fn any_text_is_a_command_or_none(text in "\\PC{0,80}", line in "(/tollgate )?(waive |rerun )?[0-9a-f '\"`+%:/a-z\u{202e}]{0,60}") {
            for body in [text, line] {
                if let Ok(Request::Waive(waive)) = parse(&body) {
                    prop_assert!(waive.head.len() >= 7 && !waive.id.is_empty() && !waive.reason.trim().is_empty());
                    prop_assert!(terminal(&waive.id) == waive.id && terminal(&waive.reason) == waive.reason);
                }
            }
        }
    }
}
