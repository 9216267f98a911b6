//! `{name}` in an argument: which names it holds. Refuses to know what they stand for.

/// The names in `{…}`, in order. `{{` and `}}` are literal braces; a brace without its partner is an error.
pub(super) fn names(argument: &str) -> Result<Vec<&str>, &'static str> {
    let mut names = Vec::new();
    let mut rest = argument;
    while let Some(at) = rest.find(['{', '}']) {
        let (_, tail) = rest.split_at(at);
        rest = if let Some(rest) = tail.strip_prefix("{{").or_else(|| tail.strip_prefix("}}")) {
            rest
        } else {
            let inner = tail.strip_prefix('{').ok_or("`}` without `{`")?;
            let (name, rest) = inner.split_once('}').ok_or("`{` without `}`")?;
            names.push(name);
            rest
        };
    }
    Ok(names)
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
}
