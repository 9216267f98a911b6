//! `{name}` in an argument of a command line. Refuses to know what the names stand for.

/// A run of plain text, or a name in braces.
enum Piece<'a> {
    Text(&'a str),
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

/// The argument with each `{name}` replaced by what `value` gives for it, and `{{` and `}}` by single braces. A checked config has neither
/// unknown names nor lone braces; an argument that has one is given back as it is.
pub fn fill<'v>(argument: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    let Ok(pieces) = pieces(argument) else { return argument.to_owned() };
    let text = |piece: &Piece<'_>| match *piece {
        Piece::Text(text) => Some(text.to_owned()),
        Piece::Name(name) => value(name).map(str::to_owned),
    };
    pieces.iter().map(text).collect::<Option<String>>().unwrap_or_else(|| argument.to_owned())
}

fn pieces(argument: &str) -> Result<Vec<Piece<'_>>, &'static str> {
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

    #[test]
    fn names_are_filled_once_and_double_braces_become_single_ones() {
        let value = |name: &str| (name == "size").then_some("{size}");
        assert_eq!(fill("--n={size} {{µ}}", value), "--n={size} {µ}");
        assert_eq!(fill("{other}", value), "{other}");
    }
}
