//! A reader of plain JSON: objects, arrays, strings without escapes, and numbers.

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// A number.
    Number(f64),
    /// A string.
    Text(String),
    /// A list of values.
    List(Vec<Json>),
    /// Keys and values in their order.
    Object(Vec<(String, Json)>),
}

/// Reads one value; `None` where the text is not plain JSON.
pub fn parse(text: &str) -> Option<Json> {
    let (value, rest) = value(text.trim_start())?;
    rest.trim_start().is_empty().then_some(value)
}

fn value(text: &str) -> Option<(Json, &str)> {
    match text.as_bytes().first()? {
        b'"' => string(text).map(|(text, rest)| (Json::Text(text.to_owned()), rest)),
        b'[' => {
            let mut items = Vec::new();
            let rest = sequence(text, ']', |text| {
                let (item, rest) = value(text)?;
                items.push(item);
                Some(rest)
            })?;
            Some((Json::List(items), rest))
        }
        b'{' => {
            let mut members = Vec::new();
            let rest = sequence(text, '}', |text| {
                let (key, rest) = string(text)?;
                let (member, rest) = value(rest.trim_start().strip_prefix(':')?.trim_start())?;
                members.push((key.to_owned(), member));
                Some(rest)
            })?;
            Some((Json::Object(members), rest))
        }
        _ => {
            let end = text.find([',', ']', '}', ' ', '\n']).unwrap_or(text.len());
            let (number, rest) = text.split_at(end);
            Some((Json::Number(number.parse().ok()?), rest))
        }
    }
}

fn string(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('"')?.split_once('"')
}

/// Reads what stands between the bracket at the start and `close`, separated by commas, and returns what follows.
fn sequence<'a>(text: &'a str, close: char, mut item: impl FnMut(&'a str) -> Option<&'a str>) -> Option<&'a str> {
    let mut rest = text[1..].trim_start();
    if let Some(after) = rest.strip_prefix(close) {
        return Some(after);
    }
    loop {
        rest = item(rest)?.trim_start();
        match rest.strip_prefix(',') {
            Some(after) => rest = after.trim_start(),
            None => return rest.strip_prefix(close),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nested_value_is_read() {
        let list = Json::List(vec![Json::Number(1.5), Json::Text("x".to_owned()), Json::List(vec![])]);
        assert_eq!(parse(r#" {"a": [1.5, "x", []]} "#), Some(Json::Object(vec![("a".to_owned(), list)])));
        assert_eq!(parse("[1, 2"), None);
        assert_eq!(parse("[1] 2"), None);
    }
}
