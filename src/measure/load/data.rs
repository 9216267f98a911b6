//! Files of values for flows: records of named values, from CSV or JSON, within limits. Refuses to know what the values are for.
#![expect(clippy::disallowed_methods, reason = "data files are read before the clock starts")]

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};

/// The most records of one file.
pub(super) const RECORDS_MAX: usize = 1_000_000;
/// The most bytes of one file.
pub(super) const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// The most values of one file, all records together.
const VALUES_MAX: usize = 20_000_000;

/// Records of named values. At least one record and one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    names: Vec<String>,
    /// All values one after the other.
    text: String,
    /// Where each value ends in `text`, record by record.
    ends: Vec<usize>,
}

impl Table {
    /// Reads a file by its ending: `.csv` with a header, or `.json` with a list of objects. An error is in words.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let bytes = read_bounded(path, FILE_BYTES_MAX)?;
        match path.extension().and_then(|ending| ending.to_str()) {
            Some(ending) if ending.eq_ignore_ascii_case("csv") => Self::csv(&bytes),
            Some(ending) if ending.eq_ignore_ascii_case("json") => Self::json(&bytes),
            _ => Err("is neither `.csv` nor `.json`".to_owned()),
        }
    }

    /// Reads CSV: the first line holds the names, every other line as many values.
    pub(super) fn csv(bytes: &[u8]) -> Result<Self, String> {
        let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
        let names = reader.headers().map_err(|error| csv_error(&error))?;
        let mut table = Self::named(names.iter().map(str::to_owned).collect())?;
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(|error| csv_error(&error))? {
            for value in &record {
                table.push(value);
            }
            table.check_size()?;
        }
        table.whole()
    }

    /// Reads JSON: a list of objects that all have the same names. A text is its value; of anything else the value is its JSON, and of `null` nothing.
    pub(super) fn json(bytes: &[u8]) -> Result<Self, String> {
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        let table = deserializer.deserialize_seq(Records).map_err(|error| format!("cannot be read: {error}"))?;
        deserializer.end().map_err(|error| format!("cannot be read: {error}"))?;
        table.whole()
    }

    /// The place of a name.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// How many records there are; at least one.
    pub(super) fn records(&self) -> usize {
        self.ends.len() / self.names.len().max(1)
    }

    /// One value; `None` past the end.
    pub(super) fn value(&self, record: usize, column: usize) -> Option<&str> {
        let at = record.checked_mul(self.names.len())?.checked_add(column)?;
        let end = *self.ends.get(at)?;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        self.text.get(start..end)
    }

    fn named(names: Vec<String>) -> Result<Self, String> {
        for (index, name) in names.iter().enumerate() {
            if name.is_empty() || name.chars().any(|c| c.is_control() || "{}".contains(c)) {
                return Err(format!("column {} has no name that a template could hold", index + 1));
            }
        }
        let mut sorted: Vec<&String> = names.iter().collect();
        sorted.sort_unstable();
        if let Some([twice, _]) = sorted.array_windows().find(|[one, other]| one == other) {
            return Err(format!("two columns are named `{twice}`"));
        }
        Ok(Self { names, ..Self::default() })
    }

    fn push(&mut self, value: &str) {
        self.text.push_str(value);
        self.ends.push(self.text.len());
    }

    fn check_size(&self) -> Result<(), String> {
        if self.records() > RECORDS_MAX {
            return Err(format!("has more than {RECORDS_MAX} records"));
        }
        if self.ends.len() > VALUES_MAX {
            return Err(format!("has more than {VALUES_MAX} values"));
        }
        Ok(())
    }

    fn whole(mut self) -> Result<Self, String> {
        if self.records() == 0 {
            return Err("holds no record".to_owned());
        }
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
        Ok(self)
    }
}

/// The bytes of a regular file with at most so many; an error is in words.
pub(super) fn read_bounded(path: &Path, bytes_max: u64) -> Result<Vec<u8>, String> {
    let broken = |error: std::io::Error| format!("cannot be read: {error}");
    // Before it is opened: to open a pipe waits for somebody who writes to it.
    if !std::fs::metadata(path).map_err(broken)?.is_file() {
        return Err("is not a file".to_owned());
    }
    let file = File::open(path).map_err(broken)?;
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).map_err(broken)?;
    if bytes.len() as u64 > bytes_max {
        return Err(format!("has more than {bytes_max} bytes"));
    }
    Ok(bytes)
}

/// A CSV error without the text of the file, which may be anything.
fn csv_error(error: &csv::Error) -> String {
    let line = error.position().map_or_else(String::new, |position| format!("line {}: ", position.line()));
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{line}has {len} values where the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => format!("{line}is not UTF-8"),
        _ => format!("{line}cannot be read as CSV"),
    }
}

/// A list of objects, each taken apart as it is read.
struct Records;

impl<'de> Visitor<'de> for Records {
    type Value = Table;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Table, A::Error> {
        let mut table = Table::default();
        while list.next_element_seed(Record(&mut table))?.is_some() {
            table.check_size().map_err(A::Error::custom)?;
        }
        Ok(table)
    }
}

/// One object: the first says which names there are.
struct Record<'a>(&'a mut Table);

impl<'de> DeserializeSeed<'de> for Record<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Record<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut values = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, serde_json::Value>()? {
            values.push((name, text_of(value)));
        }
        if values.is_empty() {
            return Err(A::Error::custom("an object without names"));
        }
        if self.0.names.is_empty() {
            *self.0 = Table::named(values.iter().map(|(name, _)| name.clone()).collect()).map_err(A::Error::custom)?;
        }
        if values.len() != self.0.names.len() {
            return Err(A::Error::custom("an object with other names than the first"));
        }
        for at in 0..self.0.names.len() {
            let name = &self.0.names[at];
            let value = values.iter().find_map(|(known, value)| (known == name).then_some(value));
            let value = value.ok_or_else(|| A::Error::custom("an object with other names than the first"))?;
            self.0.push(value);
        }
        Ok(())
    }
}

/// A JSON value as a template takes it: a text as it is, nothing for `null`, else its JSON.
pub(super) fn text_of(value: serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text,
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(table: Result<Table, String>) -> String {
        let table = match table {
            Ok(table) => table,
            Err(error) => return error,
        };
        let record = |record| {
            let value = |column| table.value(record, column).unwrap_or("<none>");
            (0..table.names.len()).map(value).collect::<Vec<_>>().join("|")
        };
        let records: Vec<String> = (0..table.records()).map(record).collect();
        format!("{}: {}", table.names.join("|"), records.join(" / "))
    }

    #[test]
    fn csv_and_json_give_the_same_records() {
        let csv = b"\xef\xbb\xbfname,size\r\n\"Smith, J.\",1\r\n\"a\"\"b\nc\",\n";
        assert_eq!(shown(Table::csv(csv)), "name|size: Smith, J.|1 / a\"b\nc|");
        let json = br#"[{"name": "Smith, J.", "size": 1}, {"size": null, "name": "a\"b\nc"}]"#;
        assert_eq!(Table::json(json), Table::csv(csv));
        assert_eq!(shown(Table::json(br#"[{"a": [1, {"b": true}], "c": false}]"#)), r#"a|c: [1,{"b":true}]|false"#);
    }

    #[test]
    fn what_is_no_list_of_records_is_said_in_words() {
        assert_eq!(shown(Table::csv(b"")), "holds no record");
        assert_eq!(shown(Table::csv(b"a,b\n")), "holds no record");
        assert_eq!(shown(Table::csv(b"a,b\n1,2\n3\n")), "line 3: has 1 values where the header has 2");
        assert_eq!(shown(Table::csv(b"a,a\n1,2\n")), "two columns are named `a`");
        assert_eq!(shown(Table::csv(b"a,\n1,2\n")), "column 2 has no name that a template could hold");
        assert_eq!(shown(Table::csv(b"a\n\xff\n")), "line 2: is not UTF-8");
        assert_eq!(shown(Table::json(b"[]")), "holds no record");
        assert_eq!(shown(Table::json(b"[{}]")), "cannot be read: an object without names at line 1 column 3");
        let other = "cannot be read: an object with other names than the first at line 1 column 18";
        assert_eq!(shown(Table::json(br#"[{"a": 1}, {"b": 1}]"#)).get(..60), other.get(..60));
        assert!(
            shown(Table::json(b"{\"a\": 1}"))
                .starts_with("cannot be read: invalid type: map, expected a list of objects")
        );
        assert!(shown(Table::json(b"[{\"a\": 1}] x")).starts_with("cannot be read: trailing characters"));
    }

    #[test]
    fn too_many_records_are_refused() {
        let many = "a\n".repeat(RECORDS_MAX + 2);
        assert_eq!(shown(Table::csv(many.as_bytes())), "has more than 1000000 records");
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_table_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for table in [Table::csv(&bytes), Table::json(&bytes)].into_iter().flatten() {
                prop_assert!(table.records() > 0);
                prop_assert!(table.value(table.records() - 1, table.names.len() - 1).is_some());
                prop_assert_eq!(table.value(table.records(), 0), None);
            }
        }

        #[test]
        fn every_value_written_comes_back(rows in proptest::collection::vec(("[^\0]{0,8}", "[^\0]{0,8}"), 1..20)) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(["a", "b"]).unwrap();
            for (a, b) in &rows {
                writer.write_record([a, b]).unwrap();
            }
            let table = Table::csv(&writer.into_inner().unwrap()).unwrap();
            prop_assert_eq!(table.records(), rows.len());
            for (at, (a, b)) in rows.iter().enumerate() {
                prop_assert_eq!(table.value(at, 0), Some(a.as_str()));
                prop_assert_eq!(table.value(at, 1), Some(b.as_str()));
            }
        }
    }
}
