//! From text to wire types: syntax, keys, types and ranges, checked against the schema with the place of every problem. Refuses to know what a
//! value means.

use std::ops::Range;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::problem::{Problems, did_you_mean, quoted};

/// The largest file that is read, in bytes.
const TEXT_BYTES_MAX: usize = 1 << 20;

type Node<'a> = Spanned<DeValue<'a>>;
type Tree<'a> = Spanned<DeTable<'a>>;

/// The tree of a text, with places; `None` when its syntax is too broken to go on. A key that is written twice is not. The parser bounds nesting.
pub(super) fn parse<'a>(problems: &mut Problems<'a>) -> Option<Tree<'a>> {
    let text = problems.text();
    if text.len() > TEXT_BYTES_MAX {
        problems.add(&(0..0), format!("the file has {} bytes, more than {TEXT_BYTES_MAX}", text.len()), None);
        return None;
    }
    let (tree, errors) = DeTable::parse_recoverable(text);
    let mut whole = true;
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        if error.message() == "duplicate key" {
            let key = text.get(span.clone()).unwrap_or_default();
            problems.add(&span, format!("{} is written twice", quoted(key)), Some("keep one of the two".to_owned()));
        } else {
            let word = text.get(span.clone()).unwrap_or_default();
            let bare = !word.is_empty() && word.chars().all(char::is_alphabetic);
            let help = bare.then(|| format!("text is written in quotes: `\"{word}\"`"));
            problems.add(&span, format!("not TOML: {}", error.message()), help);
            whole = false;
        }
    }
    whole.then_some(tree)
}

/// The names under one table of the tree: the suites, say.
pub(super) fn names(tree: &Tree<'_>, table: &str) -> Vec<String> {
    let table = tree.get_ref().get(table).and_then(|node| node.get_ref().as_table());
    table.into_iter().flat_map(|table| table.keys()).map(|key| key.get_ref().to_string()).collect()
}

/// The wire type of a tree. What does not fit the schema becomes a problem and is left out, so that the rest is still checked for what it means.
pub(super) fn read<T: DeserializeOwned>(tree: Tree<'_>, schema: &Value, problems: &mut Problems<'_>) -> Option<T> {
    let span = tree.span();
    let table = fit_table(tree.into_inner(), &span, schema, "", problems)?;
    match T::deserialize(toml::de::Deserializer::from(Spanned::new(span, table))) {
        Ok(read) => Some(read),
        Err(error) => {
            problems.add(&error.span().unwrap_or(0..0), error.message(), None);
            None
        }
    }
}

/// The node without what does not fit inside it; `None` if it does not fit itself. `path` is its key with its parents', items in brackets.
fn fit<'a>(node: Node<'a>, schema: &Value, path: &str, problems: &mut Problems<'_>) -> Option<Node<'a>> {
    let span = node.span();
    if takes_anything(schema) {
        return Some(node);
    }
    if let Some(alternatives) = schema["anyOf"].as_array() {
        return fit_alternative(&node, alternatives, path, problems);
    }
    let value = match (kind(schema), node.into_inner()) {
        ("object", DeValue::Table(table)) => DeValue::Table(fit_table(table, &span, schema, path, problems)?),
        ("array", DeValue::Array(array)) => {
            let path = format!("[{path}]");
            let items = array.into_iter().filter_map(|item| fit(item, &schema["items"], &path, problems));
            DeValue::Array(items.collect())
        }
        ("string", DeValue::String(text)) => {
            fits_choice(&text, &span, schema, path, problems).then_some(DeValue::String(text))?
        }
        ("integer", DeValue::Integer(integer)) => {
            fits_range(&integer, &span, schema, path, problems).then_some(DeValue::Integer(integer))?
        }
        ("boolean", DeValue::Boolean(yes)) => DeValue::Boolean(yes),
        (_, other) => {
            let message = format!("{} must be {}, not {}", label(path), wanted(schema), found(&other));
            problems.add(&span, message, example(schema));
            return None;
        }
    };
    Some(Spanned::new(span, value))
}

fn fit_table<'a>(
    table: DeTable<'a>,
    span: &Range<usize>,
    schema: &Value,
    path: &str,
    problems: &mut Problems<'_>,
) -> Option<DeTable<'a>> {
    let variants = schema["oneOf"].as_array().map(Vec::as_slice).unwrap_or_default();
    let schema = if variants.is_empty() { schema } else { variant(&table, span, variants, path, problems)? };
    let empty = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&empty);
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let missing: Vec<&str> = required.iter().copied().filter(|key| !table.contains_key(*key)).collect();
    for key in &missing {
        let about = schema["properties"][key]["description"].as_str();
        problems.add(
            span,
            format!("{} lacks `{key}`", place(path)),
            about.map(|about| format!("`{key}`: {}", first_sentence(about))),
        );
    }
    let mut fitted = DeTable::new();
    for (key, node) in table {
        let name: &str = key.get_ref();
        let others = Some(&schema["additionalProperties"]);
        let known = properties.get(name).or(others.filter(|others| others.is_object() || takes_anything(others)));
        let Some(known) = known else {
            let help = if problems.are_many() {
                None
            } else {
                kinds_with(name, variants).or_else(|| did_you_mean(name, properties.keys().map(String::as_str)))
            };
            problems.add(&key.span(), format!("{} is not a key of {}", quoted(name), place(path)), help);
            continue;
        };
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        if let Some(node) = fit(node, known, &path, problems) {
            fitted.insert(key, node);
        }
    }
    required.iter().all(|key| fitted.contains_key(*key)).then_some(fitted)
}

/// The keys that tell the kinds of a table apart, in the order in which they are looked for.
const TAGS: [&str; 3] = ["adapter", "engine", "profile"];

/// The kind of a table that is told by its tag; without one, the kind that needs none.
fn variant<'s>(
    table: &DeTable<'_>,
    span: &Range<usize>,
    variants: &'s [Value],
    path: &str,
    problems: &mut Problems<'_>,
) -> Option<&'s Value> {
    let of = |tag: &'static str| variants.iter().filter(move |one| tag_of(one) == Some(tag));
    let Some(tag) = TAGS.into_iter().find(|tag| of(tag).next().is_some() && table.contains_key(*tag)) else {
        let needs_none = |one: &&Value| tag_of(one).is_some_and(|tag| !requires(one, tag));
        let default = variants.iter().find(needs_none);
        if default.is_none() {
            let tag = variants.first().and_then(tag_of).unwrap_or_default();
            let all: Vec<String> = of(tag).flat_map(|one| tag_values(one, tag)).map(quoted).collect();
            problems.add(span, format!("{} lacks `{tag}`", place(path)), Some(format!("one of {}", all.join(", "))));
        }
        return default;
    };
    let node = table.get(tag)?;
    let Some(text) = node.get_ref().as_str() else {
        problems.add(&node.span(), format!("`{tag}` must be a string, not {}", found(node.get_ref())), None);
        return None;
    };
    let chosen = of(tag).find(|one| tag_values(one, tag).contains(&text));
    if chosen.is_none() {
        let help = did_you_mean(text, of(tag).flat_map(|one| tag_values(one, tag)).collect::<Vec<_>>());
        let article = if tag == "profile" { "a" } else { "an" };
        problems.add(&node.span(), format!("{} is not {article} {tag}", quoted(text)), help);
    }
    chosen
}

/// Which kinds of a table have a key that the chosen one has not.
fn kinds_with(key: &str, variants: &[Value]) -> Option<String> {
    let having: Vec<&Value> = variants.iter().filter(|one| one["properties"].get(key).is_some()).collect();
    let of_tag = |tag: &str| {
        let having = having.iter().filter(|one| tag_of(one) == Some(tag));
        let names: Vec<String> = having.flat_map(|one| tag_values(one, tag)).map(quoted).collect();
        match names.as_slice() {
            [] => None,
            [one] => Some(format!("the {tag} {one}")),
            [several @ .., last] => Some(format!("the {tag}s {} and {last}", several.join(", "))),
        }
    };
    let kinds: Vec<String> = TAGS.into_iter().filter_map(of_tag).collect();
    (!kinds.is_empty()).then(|| format!("it belongs to {}", kinds.join(", or to ")))
}

/// The key that tells a kind of a table from the others.
fn tag_of(variant: &Value) -> Option<&'static str> {
    TAGS.into_iter().find(|tag| variant["properties"].get(*tag).is_some())
}

fn tag_values<'v>(variant: &'v Value, tag: &str) -> Vec<&'v str> {
    choices(&variant["properties"][tag]).unwrap_or_default()
}

fn requires(table: &Value, key: &str) -> bool {
    table["required"].as_array().is_some_and(|keys| keys.iter().any(|required| required == key))
}

/// The first alternative that fits without a problem. Where only one is of the node's own type, its problems are told.
fn fit_alternative<'a>(
    node: &Node<'a>,
    alternatives: &[Value],
    path: &str,
    problems: &mut Problems<'_>,
) -> Option<Node<'a>> {
    for alternative in alternatives {
        let mut unfit = Problems::new("");
        let fitted = fit(node.clone(), alternative, path, &mut unfit);
        if fitted.is_some() && unfit.is_empty() {
            return fitted;
        }
    }
    let like = |alternative: &&Value| is_of_kind(node.get_ref(), kind(alternative));
    if let [only] = alternatives.iter().filter(like).collect::<Vec<_>>().as_slice() {
        return fit(node.clone(), only, path, problems);
    }
    let wanted: Vec<String> = alternatives.iter().map(wanted).collect();
    problems.add(&node.span(), format!("{} must be {}", label(path), wanted.join(" or ")), None);
    None
}

fn fits_choice(text: &str, span: &Range<usize>, schema: &Value, path: &str, problems: &mut Problems<'_>) -> bool {
    let Some(choices) = choices(schema) else { return true };
    if choices.contains(&text) {
        return true;
    }
    problems.add(span, format!("{} is not a value of {}", quoted(text), label(path)), did_you_mean(text, choices));
    false
}

fn fits_range(
    integer: &DeInteger<'_>,
    span: &Range<usize>,
    schema: &Value,
    path: &str,
    problems: &mut Problems<'_>,
) -> bool {
    let (min, max) = (schema["minimum"].as_i64().unwrap_or(i64::MIN), schema["maximum"].as_i64().unwrap_or(i64::MAX));
    let value = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
    let fits = value.is_some_and(|value| (min..=max).contains(&value));
    if !fits {
        problems.add(span, format!("{} must be from {min} to {max}", label(path)), None);
    }
    fits
}

/// Whether a schema takes any value: that of a key that holds JSON.
fn takes_anything(schema: &Value) -> bool {
    const LIMITS: [&str; 6] = ["type", "enum", "const", "oneOf", "anyOf", "properties"];
    schema.as_bool() == Some(true) || schema.is_object() && LIMITS.iter().all(|limit| schema.get(limit).is_none())
}

fn is_of_kind(value: &DeValue<'_>, kind: &str) -> bool {
    matches!(
        (kind, value),
        ("object", DeValue::Table(_))
            | ("array", DeValue::Array(_))
            | ("string", DeValue::String(_))
            | ("integer", DeValue::Integer(_))
            | ("boolean", DeValue::Boolean(_))
    )
}

fn kind(schema: &Value) -> &str {
    if choices(schema).is_some() { "string" } else { schema["type"].as_str().unwrap_or("object") }
}

/// The values of an enumeration: an `enum`, a `const`, or a `oneOf` of `const`s, as documented variants give.
fn choices(schema: &Value) -> Option<Vec<&str>> {
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().map(Value::as_str).collect();
    }
    if let Some(value) = schema["const"].as_str() {
        return Some(vec![value]);
    }
    schema["oneOf"].as_array()?.iter().map(|one| one["const"].as_str()).collect()
}

fn wanted(schema: &Value) -> String {
    match kind(schema) {
        "string" => "a string".to_owned(),
        "integer" => "a whole number".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        "array" => {
            format!("a list of {}", if kind(&schema["items"]) == "array" { "lists of strings" } else { items(schema) })
        }
        _ => "a table".to_owned(),
    }
}

fn items(schema: &Value) -> &'static str {
    match kind(&schema["items"]) {
        "object" => "tables",
        "integer" => "whole numbers",
        _ => "strings",
    }
}

fn found(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a truth value",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn example(schema: &Value) -> Option<String> {
    schema["examples"][0].as_str().map(|example| format!("write it as in `\"{example}\"`"))
}

/// What messages call a value: its own key.
fn label(path: &str) -> String {
    let key = path.trim_matches(['[', ']']).rsplit('.').next().unwrap_or_default();
    if path.ends_with(']') { format!("an item of {}", quoted(key)) } else { quoted(key) }
}

/// What messages call a table: its header.
fn place(path: &str) -> String {
    let header = path.replace(['[', ']'], "");
    match path {
        "" => "the top level".to_owned(),
        _ if path.ends_with(']') => quoted(&format!("[[{header}]]")),
        _ => quoted(&format!("[{header}]")),
    }
}

/// What a key is for, from its description.
fn first_sentence(text: &str) -> String {
    let first = text.split_once(". ").map_or(text, |(first, _)| first).trim_end_matches('.');
    first.to_owned()
}
