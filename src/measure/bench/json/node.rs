//! JSON as a tree that loses nothing: repeated keys stay, and numbers that are none stay as text. Bounded in size and depth.

use std::cell::Cell;
use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::{FILE_BYTES_MAX, JsonError};

/// The most values in one file: some 200 MB of memory.
const NODES_MAX: usize = 4_000_000;

/// A JSON value.
#[derive(Debug)]
pub(super) enum Node {
    Null,
    Flag(bool),
    Number(f64),
    Text(String),
    List(Vec<Self>),
    /// In the order of the file, keys repeated as there.
    Object(Vec<(String, Self)>),
}

/// Reads a whole file.
pub(super) fn read(bytes: &[u8]) -> Result<Node, JsonError> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(JsonError::TooLarge { bytes: bytes.len() });
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let quoted = quote_odd_numbers(bytes);
    let left = Cell::new(NODES_MAX);
    let mut deserializer = serde_json::Deserializer::from_slice(&quoted);
    let node = Reader(&left).deserialize(&mut deserializer).and_then(|node| deserializer.end().map(|()| node));
    node.map_err(|error| {
        let before: usize =
            quoted.split_inclusive(|byte| *byte == b'\n').take(error.line().saturating_sub(1)).map(<[u8]>::len).sum();
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        let (line, column) = (error.line(), error.column());
        JsonError::Syntax { line, column, offset: before + column.saturating_sub(1), message }
    })
}

/// Some writers put `NaN` and `Infinity` where JSON has no word for them. As text they spoil one entry instead of the whole file.
fn quote_odd_numbers(bytes: &[u8]) -> Vec<u8> {
    const ODD: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];
    let mut out = Vec::with_capacity(bytes.len());
    let (mut rest, mut in_text) = (bytes, false);
    while let Some((first, after)) = rest.split_first() {
        let odd = ODD.iter().find(|odd| !in_text && rest.starts_with(odd));
        let taken = match (odd, in_text, first, after) {
            (Some(odd), ..) => {
                out.push(b'"');
                out.extend_from_slice(odd);
                out.push(b'"');
                rest = rest.get(odd.len()..).unwrap_or_default();
                continue;
            }
            (None, true, b'\\', [_, ..]) => 2,
            (None, _, b'"', _) => {
                in_text = !in_text;
                1
            }
            _ => 1,
        };
        let (taken, left) = rest.split_at(taken);
        out.extend_from_slice(taken);
        rest = left;
    }
    out
}

impl Node {
    /// The value of a key of an object, `null` being none; an error where the key is repeated or this is no object.
    pub(super) fn get(&self, key: &str) -> Result<Option<&Self>, String> {
        let Self::Object(entries) = self else {
            return Err("not an object".to_owned());
        };
        let mut found = entries.iter().filter(|(name, _)| name == key).map(|(_, node)| node);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(format!("`{key}` is repeated")),
            (first, None) => Ok(first.filter(|node| !matches!(node, Self::Null))),
        }
    }

    /// The value of a key that must be there.
    pub(super) fn need(&self, key: &str) -> Result<&Self, String> {
        self.get(key)?.ok_or_else(|| format!("no `{key}`"))
    }

    /// The text of a key called `key` in messages.
    pub(super) fn text(&self, key: &str) -> Result<&str, String> {
        if let Self::Text(text) = self { Ok(text) } else { Err(format!("`{key}` is not a text")) }
    }

    /// The entries of a key called `key` in messages.
    pub(super) fn list(&self, key: &str) -> Result<&[Self], String> {
        if let Self::List(entries) = self { Ok(entries) } else { Err(format!("`{key}` is not a list")) }
    }

    /// The number.
    pub(super) fn number(&self) -> Option<f64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    /// A measured value in the base unit.
    pub(super) fn value(&self, scale: f64) -> Result<f64, String> {
        match self {
            Self::Number(number) => Ok(number * scale),
            Self::Text(text) => Err(format!("the value `{text}` is not a number")),
            _ => Err("a value is not a number".to_owned()),
        }
    }
}

/// Reads one value, as long as there is room left for it.
#[derive(Clone, Copy)]
struct Reader<'a>(&'a Cell<usize>);

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Node;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let left = self.0.get().checked_sub(1).ok_or_else(|| de::Error::custom("too many values"))?;
        self.0.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Flag(flag))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Number(number as f64))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Number(number as f64))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Number(number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element_seed(self)? {
            entries.push(entry);
        }
        Ok(Node::List(entries))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            entries.push((key, map.next_value_seed(self)?));
        }
        Ok(Node::Object(entries))
    }
}
