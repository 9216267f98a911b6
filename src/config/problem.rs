//! What is wrong with a file that a user wrote, all of it at once, each with its place. Refuses to know what the file means.

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthStr;

/// How many problems are kept; a file with more is rubbish, and a longer list helps nobody.
const PROBLEMS_MAX: usize = 50;
/// How many characters of a source line are shown.
const EXCERPT_CHARS_MAX: usize = 120;

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// What is wrong: a sentence without a full stop. Control characters are replaced.
    pub message: String,
    /// What to write instead, where that can be said.
    pub help: Option<String>,
    excerpt: String,
    caret: String,
}

/// Why a file was refused: one or more problems in the order of their places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    origin: String,
    problems: Vec<Problem>,
    left_out: usize,
    reference: &'static str,
}

/// Collects the problems of one text.
#[derive(Debug)]
pub(super) struct Problems<'a> {
    text: &'a str,
    /// The byte at which each line starts.
    lines: Vec<usize>,
    found: Vec<(Range<usize>, String, Option<String>)>,
}

impl ConfigError {
    /// The problems, sorted by place, at most 50.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Where the text came from, as given to the parser.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(self.reference.to_owned())
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len() + self.left_out;
        let plural = if count == 1 { "" } else { "s" };
        writeln!(f, "{count} problem{plural} in {}", self.origin)?;
        for problem in &self.problems {
            let number = problem.line.to_string();
            let margin = " ".repeat(number.len());
            writeln!(f, "\n{}:{}:{}: {}", self.origin, problem.line, problem.column, problem.message)?;
            writeln!(f, "{margin} |")?;
            writeln!(f, "{}", format!("{number} | {}", problem.excerpt).trim_end())?;
            writeln!(f, "{margin} | {}", problem.caret)?;
            if let Some(help) = &problem.help {
                writeln!(f, "{margin} = help: {help}")?;
            }
        }
        if self.left_out > 0 {
            writeln!(f, "\nand {} more", self.left_out)?;
        }
        Ok(())
    }
}

impl<'a> Problems<'a> {
    /// No problems of `text` so far.
    pub(super) fn new(text: &'a str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, lines, found: Vec::new() }
    }

    /// Whether there are none so far.
    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether there are so many that looking for what was meant is not worth its time.
    pub(super) fn are_many(&self) -> bool {
        self.found.len() > 20 * PROBLEMS_MAX
    }

    /// The text that they are about.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// Adds one at a range of bytes; a range outside the text or inside a character is moved into it.
    pub(super) fn add(&mut self, span: &Range<usize>, message: impl Into<String>, help: Option<String>) {
        self.found.push((span.clone(), message.into(), help));
    }

    /// The line on which a byte is, counted from 1.
    pub(super) fn line_of(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at)
    }

    /// `value` if there are none, else all of them. `reference` tells the user where the grammar is explained.
    pub(super) fn into_result<T>(
        mut self,
        value: Option<T>,
        origin: &str,
        reference: &'static str,
    ) -> Result<T, ConfigError> {
        self.found.sort_by_key(|(span, ..)| (span.start, span.end));
        self.found.dedup();
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => Err(ConfigError {
                origin: printable(origin),
                left_out: self.found.len().saturating_sub(PROBLEMS_MAX),
                problems: self.found.iter().take(PROBLEMS_MAX).map(|found| self.place(found)).collect(),
                reference,
            }),
        }
    }

    fn head(&self, at: usize) -> &'a str {
        self.text.get(..self.text.floor_char_boundary(at)).unwrap_or_default()
    }

    fn place(&self, (span, message, help): &(Range<usize>, String, Option<String>)) -> Problem {
        let head = self.head(span.start);
        let line_start = head.rfind('\n').map_or(0, |at| at + 1);
        let line = without_password(self.text.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default());
        let before = head.get(line_start..).unwrap_or_default().chars().count().min(line.len());
        let marked = self.head(span.end).get(head.len()..).unwrap_or_default();
        let marked = marked.lines().next().unwrap_or_default().chars().count();
        // A long line is shown around the place, not from its start.
        let first = before.saturating_sub(EXCERPT_CHARS_MAX / 2);
        let last = line.len().min(first + EXCERPT_CHARS_MAX);
        let shown = |range: Range<usize>| printable(&line[range].iter().collect::<String>());
        let said = |text: &str| printable(&without_password(text).into_iter().collect::<String>());
        let (left, right) = (if first > 0 { "…" } else { "" }, if last < line.len() { "…" } else { "" });
        let indent = left.width() + shown(first..before).width();
        let width = shown(before..(before + marked).min(last)).width().max(1);
        Problem {
            line: self.line_of(span.start),
            column: before + 1,
            message: said(message),
            help: help.as_deref().map(said),
            excerpt: format!("{left}{}{right}", shown(first..last)),
            caret: " ".repeat(indent) + &"^".repeat(width),
        }
    }
}

/// `text` on one line, with a replacement for everything that would move a terminal's cursor or reorder what it shows.
fn printable(text: &str) -> String {
    let harmless = |c: char| match c {
        '\t' => ' ',
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().map(harmless).collect()
}

/// The characters of a line, those of a password in an address replaced one by one: `postgres://user:****@host`.
fn without_password(line: &str) -> Vec<char> {
    let mut line: Vec<char> = line.chars().collect();
    let mut from = 0;
    while let Some(at) = line[from..].windows(3).position(|three| three == [':', '/', '/']) {
        let begin = from + at + 3;
        let quoted = |c: &char| matches!(c, '"' | '\'' | '`') || c.is_whitespace();
        let end = line[begin..].iter().position(quoted).map_or(line.len(), |length| begin + length);
        // The last `@`: whoever wrote a password with one in it meant it.
        if let Some(host) = line[begin..end].iter().rposition(|c| *c == '@') {
            let user = line[begin..begin + host].iter().position(|c| *c == ':').map_or(host, |length| length + 1);
            line[begin + user.min(host)..begin + host].fill('*');
        }
        from = end;
    }
    line
}

/// `text` in backticks, cut where it is long.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((cut, _)) => format!("`{}…`", text.get(..cut).unwrap_or_default()),
        None => format!("`{text}`"),
    }
}

/// The candidate that was probably meant: the nearest by edit distance, as long as less than about a third of it differs.
pub(super) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // Distances are quadratic in the length, and no candidate is that long.
    if word.len() > 100 {
        return None;
    }
    let plain = |text: &str| text.to_lowercase().replace('_', "-");
    let word = plain(word);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count().max(word.chars().count()) / 3).max(1))
        .min()
        .map(|(_, candidate)| candidate)
}

/// "did you mean", or the list of what is possible.
pub(super) fn did_you_mean<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str> + Clone) -> Option<String> {
    if let Some(candidate) = nearest(word, candidates.clone()) {
        return Some(format!("did you mean `{candidate}`?"));
    }
    let all: Vec<String> = candidates.into_iter().map(|candidate| format!("`{candidate}`")).collect();
    (!all.is_empty()).then(|| format!("possible here: {}", all.join(", ")))
}
