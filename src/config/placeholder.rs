//! `{name}` in an argument of a command line: found, checked and replaced. Refuses to know what the names stand for.

/// A run of plain text, or a name in braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text as it stands.
    Text(&'a str),
    /// What stood between the braces.
    Name(&'a str),
}

/// The names in `{…}`, in order. `{{` and `}}` are literal braces; a brace without its partner is an error, in words.
pub fn names(argument: &str) -> Result<Vec<&str>, &'static str> {
    let name = |piece| match piece {
        Piece::Name(name) => Some(name),
        Piece::Text(_) => None,
    };
    Ok(pieces(argument)?.into_iter().filter_map(name).collect())
}

/// The text with every `{name}` replaced by its value, and `{{` and `}}` by single braces. The names of a checked config's arguments are known;
/// what stands for nothing is an error, in words, and never left as it is.
pub fn fill(text: &str, values: &[(&str, &str)]) -> Result<String, String> {
    let value = |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let pieces =
        pieces(text).map_err(|error| format!("{error} in `{text}`: literal braces are written `{{{{` and `}}}}`"))?;
    let filled = pieces.into_iter().map(|piece| match piece {
        Piece::Text(text) => Ok(text),
        Piece::Name(name) => value(name).ok_or_else(|| format!("`{{{name}}}` stands for nothing")),
    });
    filled.collect()
}

/// A command line with every argument filled.
pub fn fill_all(command: &[String], values: &[(&str, &str)]) -> Result<Vec<String>, String> {
    command.iter().map(|argument| fill(argument, values)).collect()
}

/// The text and the names of it in order; a brace without its partner is an error, in words.
pub fn pieces(argument: &str) -> Result<Vec<Piece<'_>>, &'static str> {
    let mut pieces = Vec::new();
    let mut rest = argument;
    while let Some(at) = rest.find(['{', '}']) {
        let (text, tail) = rest.split_at(at);
        pieces.push(Piece::Text(text));
        rest = if let Some(rest) = tail.strip_prefix("{{") {
            pieces.push(Piece::Text("{"));
            rest
        } else if let Some(rest) = tail.strip_prefix("}}") {
            pieces.push(Piece::Text("}"));
            rest
        } else {
            let inner = tail.strip_prefix('{').ok_or("`}` without `{`")?;
            let (name, rest) = inner.split_once('}').ok_or("`{` without `}`")?;
            pieces.push(Piece::Name(name));
            rest
        };
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_between_single_braces_only() {
        assert_eq!(names("--n={size}x{k}"), Ok(vec!["size", "k"]));
        assert_eq!(names("{{literal}} µ{a}"), Ok(vec!["a"]));
        assert_eq!(names("{"), Err("`{` without `}`"));
        assert_eq!(names("a}b"), Err("`}` without `{`"));
    }

    fn check(text: &str, expected: Result<&str, &str>) {
        let filled = fill(text, &[("size", "10"), ("mode", "{fast}")]);
        assert_eq!(filled.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn names_become_values_once_and_double_braces_become_single_ones() {
        check("--size={size}µ{mode}", Ok("--size=10µ{fast}"));
        check(r#"{{"n":{size}}}"#, Ok(r#"{"n":10}"#));
        check("", Ok(""));
    }

    #[test]
    fn what_stands_for_nothing_is_an_error() {
        check("{sise}", Err("`{sise}` stands for nothing"));
        check("a{", Err("`{` without `}` in `a{`: literal braces are written `{{` and `}}`"));
        check("a}b", Err("`}` without `{` in `a}b`: literal braces are written `{{` and `}}`"));
    }
}
