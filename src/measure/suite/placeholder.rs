//! `{name}` in an argument, replaced. The config has checked the names; what is still unknown here is an error, never left as it is.

/// The text with every `{name}` replaced by its value; `{{` and `}}` are literal braces.
pub(super) fn fill(text: &str, values: &[(&str, &str)]) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tail)) = rest.find(['{', '}']).and_then(|at| rest.split_at_checked(at)) {
        filled.push_str(before);
        if let Some((brace, after)) = tail
            .strip_prefix("{{")
            .map(|after| ('{', after))
            .or_else(|| tail.strip_prefix("}}").map(|after| ('}', after)))
        {
            filled.push(brace);
            rest = after;
            continue;
        }
        let inner = tail.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let (name, after) = inner.ok_or_else(|| format!("a single brace in `{text}`: write `{{{{` or `}}}}`"))?;
        let value = values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        filled.push_str(value.ok_or_else(|| format!("`{{{name}}}` stands for nothing"))?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// A command line with every argument filled.
pub(super) fn fill_all(command: &[String], values: &[(&str, &str)]) -> Result<Vec<String>, String> {
    command.iter().map(|argument| fill(argument, values)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let filled = fill(text, &[("size", "10"), ("mode", "{fast}")]);
        assert_eq!(filled.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn names_become_values_and_double_braces_become_single_ones() {
        check("--size={size}µ{mode}", Ok("--size=10µ{fast}"));
        check(r#"{{"n":{size}}}"#, Ok(r#"{"n":10}"#));
        check("", Ok(""));
    }

    #[test]
    fn what_stands_for_nothing_is_an_error() {
        check("{sise}", Err("`{sise}` stands for nothing"));
        check("a{", Err("a single brace in `a{`: write `{{` or `}}`"));
        check("a}b", Err("a single brace in `a}b`: write `{{` or `}}`"));
    }
}
