//! The form of a statement that is equal for equal statements of MySQL and MariaDB, whatever their values. No I/O; refuses to know what a statement does.

use std::iter::Peekable;
use std::str::CharIndices;

use crate::model::exhibit::EXHIBIT_BYTES_MAX;

/// Operators of more than one character, longer ones first.
const OPERATORS: [&str; 12] = ["->>", "<=>", "<<", ">>", "<=", ">=", "<>", "!=", ":=", "||", "&&", "->"];
const OPERATOR_CHARACTERS: &str = "=<>!|&^~+*/%:-";

/// What a part of a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A keyword or a name.
    Word,
    /// A name in backticks, with them.
    Quoted,
    /// A literal or a placeholder: its text is `?`.
    Value,
    /// Such as `<=`.
    Operator,
    /// Any other character.
    Sign,
}

/// A part of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: TokenKind,
    /// As it stands there, but for literals.
    pub(super) text: String,
    /// Whether space is before it.
    spaced: bool,
}

impl Token {
    /// Whether it is this keyword or sign, in either case.
    pub(super) fn is(&self, text: &str) -> bool {
        self.text.eq_ignore_ascii_case(text)
    }

    /// Whether it can be a part of a name.
    pub(super) fn is_name(&self) -> bool {
        matches!(self.kind, TokenKind::Word | TokenKind::Quoted)
    }
}

/// A statement with `?` for its literals, without comments, with its spaces in order and each list of values after `IN` or `VALUES` as `(...)`. At most as long as
/// an exhibit may be. The fingerprint of a fingerprint that was not cut is itself.
pub(super) fn fingerprint(statement: &str) -> String {
    let mut text = joined(&tokens(statement));
    text.truncate(text.floor_char_boundary(EXHIBIT_BYTES_MAX));
    text
}

/// The parts of a statement, its lists of values shortened.
pub(super) fn tokens(statement: &str) -> Vec<Token> {
    let mut tokens = shortened(&parts(statement));
    while tokens.last().is_some_and(|token| token.is(";")) {
        tokens.pop();
    }
    tokens
}

/// Parts as one text.
pub(super) fn joined(tokens: &[Token]) -> String {
    let mut text = String::new();
    let mut last: Option<&Token> = None;
    for token in tokens {
        if last.is_some_and(|last| apart(last, token)) {
            text.push(' ');
        }
        text.push_str(&token.text);
        last = Some(token);
    }
    text
}

/// Whether two parts have a space between them.
fn apart(last: &Token, token: &Token) -> bool {
    if matches!(token.text.as_str(), "," | ")" | ";" | ".") || matches!(last.text.as_str(), "(" | ".") {
        return false;
    }
    if token.is("(") {
        return token.spaced || last.kind == TokenKind::Operator || last.is(",") || begins_list(last);
    }
    true
}

/// Whether a list of values may follow.
fn begins_list(token: &Token) -> bool {
    token.kind == TokenKind::Word && (token.is("in") || token.is("values") || token.is("value"))
}

/// `IN (?, ?)` → `IN (...)`, `VALUES (?, ?), (?, ?)` → `VALUES (...)`.
fn shortened(tokens: &[Token]) -> Vec<Token> {
    let mut short: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let rest = tokens.get(at..).unwrap_or_default();
        let length = if short.last().is_some_and(begins_list) { values_length(rest) } else { None };
        if let Some(length) = length {
            let sign = |text: &str| Token { kind: TokenKind::Sign, text: text.to_owned(), spaced: true };
            short.extend(["(", ".", ".", ".", ")"].map(sign));
            at += length;
        } else {
            short.push(token.clone());
            at += 1;
        }
    }
    short
}

/// How many parts the lists at the beginning have, that hold nothing but values.
fn values_length(tokens: &[Token]) -> Option<usize> {
    let (mut depth, mut length, mut values) = (0_u32, None, false);
    for (at, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "(" => depth += 1,
            ")" if depth > 1 => depth -= 1,
            ")" if depth == 1 => {
                depth = 0;
                length = Some(at + 1);
            }
            "," if depth > 0 || length == Some(at) => {}
            _ if token.kind == TokenKind::Value && depth > 0 => values = true,
            _ => break,
        }
    }
    length.filter(|_| values)
}

fn parts(statement: &str) -> Vec<Token> {
    let mut scanner = Scanner { statement, characters: statement.char_indices().peekable() };
    let mut tokens: Vec<Token> = Vec::new();
    let mut spaced = false;
    while let Some(&(at, first)) = scanner.characters.peek() {
        if scanner.skips(at, first) {
            spaced = true;
            continue;
        }
        let (kind, text) = scanner.part(at, first, spaced, tokens.last());
        // A literal may have a word before it that says how it is meant: x'4d', _utf8'm'.
        let meant = tokens.last().is_some_and(|last| last.kind == TokenKind::Word && introduces(&last.text));
        if kind == TokenKind::Value && matches!(first, '\'' | '"') && !spaced && meant {
            tokens.pop();
        }
        tokens.push(Token { kind, text, spaced });
        spaced = false;
    }
    tokens
}

fn introduces(word: &str) -> bool {
    word.starts_with('_') || ["n", "x", "b"].iter().any(|one| word.eq_ignore_ascii_case(one))
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '@') || !c.is_ascii() && !c.is_whitespace()
}

/// Reads a statement from its beginning to its end.
struct Scanner<'s> {
    statement: &'s str,
    characters: Peekable<CharIndices<'s>>,
}

impl Scanner<'_> {
    fn rest(&self, at: usize) -> &str {
        self.statement.get(at..).unwrap_or_default()
    }

    /// Leaves everything out until this place.
    fn go_to(&mut self, end: usize) {
        while self.characters.next_if(|(at, _)| *at < end).is_some() {}
    }

    /// Leaves space or a comment out, where one is next.
    fn skips(&mut self, at: usize, first: char) -> bool {
        let rest = self.rest(at);
        let dashes = rest.strip_prefix("--").filter(|after| after.chars().next().is_none_or(char::is_whitespace));
        let length = if first.is_whitespace() {
            first.len_utf8()
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.find("*/").map_or(rest.len(), |end| end + 4)
        } else if first == '#' || dashes.is_some() {
            rest.find('\n').unwrap_or(rest.len())
        } else {
            return false;
        };
        self.go_to(at + length);
        true
    }

    fn part(&mut self, at: usize, first: char, spaced: bool, last: Option<&Token>) -> (TokenKind, String) {
        let after = self.rest(at + first.len_utf8()).chars().next();
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let free = last.is_none_or(|last| last.kind == TokenKind::Operator || last.is("(") || last.is(","));
        let value = (TokenKind::Value, "?".to_owned());
        match first {
            '\'' | '"' => {
                self.quoted(first, true);
                value
            }
            '`' => {
                let end = self.quoted(first, false);
                (TokenKind::Quoted, self.statement.get(at..end).unwrap_or_default().to_owned())
            }
            '?' => {
                self.characters.next();
                value
            }
            '.' if free && digit(after) => {
                self.number(at);
                value
            }
            '-' if free && digit(after) => {
                self.characters.next();
                self.number(at + 1);
                value
            }
            _ if is_of_word(first) => self.word(at, spaced, last),
            _ => self.sign(at, first),
        }
    }

    /// Goes over what is quoted; where it ends. A quote that is doubled does not end it, nor one after a backslash where that counts.
    fn quoted(&mut self, quote: char, backslash: bool) -> usize {
        self.characters.next();
        while let Some((_, c)) = self.characters.next() {
            if c == '\\' && backslash {
                self.characters.next();
            } else if c == quote && self.characters.next_if(|(_, next)| *next == quote).is_none() {
                break;
            }
        }
        self.characters.peek().map_or(self.statement.len(), |(at, _)| *at)
    }

    fn word(&mut self, at: usize, spaced: bool, last: Option<&Token>) -> (TokenKind, String) {
        let rest = self.rest(at);
        let word = rest.split(|c| !is_of_word(c)).next().unwrap_or_default().to_owned();
        let of_name = last.is_some_and(|last| last.is("."));
        if (spaced || !of_name) && is_number(&word) {
            self.number(at);
            return (TokenKind::Value, "?".to_owned());
        }
        self.go_to(at + word.len());
        let constant = ["null", "true", "false"].iter().any(|one| word.eq_ignore_ascii_case(one));
        let asked = last.is_some_and(|last| last.is("is") || last.is("not"));
        if constant && !of_name && !asked {
            return (TokenKind::Value, "?".to_owned());
        }
        (TokenKind::Word, word)
    }

    /// Goes over a number with its fraction and its exponent.
    fn number(&mut self, at: usize) {
        let rest = self.rest(at);
        let run =
            |from: usize| rest.get(from..).unwrap_or_default().chars().take_while(char::is_ascii_alphanumeric).count();
        let starts = |from: usize, what: fn(char) -> bool| rest.get(from..).is_some_and(|rest| rest.starts_with(what));
        let mut end = run(0);
        if starts(end, |c| c == '.') && !starts(end + 1, |c| is_of_word(c) && !c.is_ascii_digit()) {
            end += 1 + run(end + 1);
        }
        let exponent = rest.get(..end).is_some_and(|text| text.ends_with(['e', 'E']) && !text.starts_with("0x"));
        if exponent && starts(end, |c| matches!(c, '+' | '-')) && starts(end + 1, |c| c.is_ascii_digit()) {
            end += 1 + run(end + 1);
        }
        self.go_to(at + end);
    }

    fn sign(&mut self, at: usize, first: char) -> (TokenKind, String) {
        let rest = self.rest(at);
        let long = OPERATORS.into_iter().find(|operator| rest.starts_with(operator));
        let text = long.map_or_else(|| first.to_string(), str::to_owned);
        let kind = if OPERATOR_CHARACTERS.contains(first) { TokenKind::Operator } else { TokenKind::Sign };
        self.go_to(at + text.len());
        (kind, text)
    }
}

/// Whether a word is one: `12`, `1e5`, `0x1f`, `0b1`. `1st` is a name.
fn is_number(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    if let Some(digits) = lower.strip_prefix("0x") {
        return !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
    }
    if let Some(digits) = lower.strip_prefix("0b") {
        return !digits.is_empty() && digits.bytes().all(|b| matches!(b, b'0' | b'1'));
    }
    let mut halves = lower.splitn(2, 'e');
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    halves.next().is_some_and(|whole| !whole.is_empty() && digits(whole)) && halves.next().is_none_or(digits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::fingerprint;

    #[track_caller]
    fn check(statement: &str, expected: &str) {
        assert_eq!(fingerprint(statement), expected, "{statement}");
        assert_eq!(fingerprint(expected), expected, "its fingerprint is itself");
    }

    #[test]
    fn literals_of_all_kinds_are_taken_out() {
        check("SELECT name FROM items WHERE id = 17", "SELECT name FROM items WHERE id = ?");
        check("select * from t where a='it''s' and b=\"two \\\" x\"", "select * from t where a = ? and b = ?");
        check("select 1.5, .5, 1e10, 1.5e-3, 0x1F, 0b01, x'4d', _utf8'm', N'm'", "select ?, ?, ?, ?, ?, ?, ?, ?, ?");
        check("select * from t where a=-5 and b > -1.5", "select * from t where a = ? and b > ?");
        check(
            "select * from t where a = NULL or b is null or c is not null",
            "select * from t where a = ? or b is null or c is not null",
        );
        check("update t set done = true where id = ?", "update t set done = ? where id = ?");
        check("select 'never ends", "select ?");
    }

    #[test]
    fn names_stay() {
        check(
            "select t1.c2, `a 1`.`b``2`, 1st from db1.t1, @@version",
            "select t1.c2, `a 1`.`b``2`, 1st from db1.t1, @@version",
        );
        check("select a.5x, `open", "select a.5x, `open");
        check("select naïve from größe where ß = 'ß'", "select naïve from größe where ß = ?");
    }

    #[test]
    fn lists_are_one_however_long() {
        check("select a from t where id in (1,2, 3)", "select a from t where id in (...)");
        check("select a from t where id IN(1)", "select a from t where id IN (...)");
        check("select a from t where (x, y) in ((1,2),(3,4))", "select a from t where (x, y) in (...)");
        check("insert into t (a, b) values (1,'x'), (2,'y')", "insert into t (a, b) values (...)");
        check("insert into t values (1, now()), (2, now())", "insert into t values (?, now()), (?, now())");
        check(
            "select a from t where id in (select id from u where k = 3)",
            "select a from t where id in (select id from u where k = ?)",
        );
        check("select a from t where id in ()", "select a from t where id in ()");
    }

    #[test]
    fn space_and_comments_make_no_difference() {
        check("  select\n\ta ,b  from t -- why\n where a=1 ; ", "select a, b from t where a = ?");
        check("/* trace 77 */ select /*+ hint */ a from t # end", "select a from t");
        check("select count( * ) from t where a<=3 and b--1", "select count(*) from t where a <= ? and b - ?");
        check("select 1 /* never ends", "select ?");
        check("SELECT ID FROM `items` WHERE ID IN (...) ", "SELECT ID FROM `items` WHERE ID IN (...)");
        check("SELECT * FROM `shop` . `items` WHERE ID = ? ", "SELECT * FROM `shop`.`items` WHERE ID = ?");
    }

    proptest! {
        #[test]
        fn any_text_has_one_that_is_its_own(text in "(select |in|values|null|is |\\(|\\)|,|'|\"|`|\\\\|-|--|#|/\\*|\\*/|\\.|[0-9eExb?@_ ;=<>a\nß]|\\PC){0,40}") {
            let once = fingerprint(&text);
            prop_assert_eq!(fingerprint(&once), once);
        }

        #[test]
        fn values_make_no_difference(id in any::<i64>(), name in "[^'\\\\]*", ids in prop::collection::vec(any::<u32>(), 1..50)) {
            let list: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let statement = format!("select a from t where id = {id} and name = '{name}' and k in ({})", list.join(","));
            prop_assert_eq!(fingerprint(&statement), "select a from t where id = ? and name = ? and k in (...)");
        }
    }
}
