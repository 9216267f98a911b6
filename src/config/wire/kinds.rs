//! Tables of several kinds, told apart by one key: their schema is one table for each kind, so that the walk over the file refuses the others' keys.

use schemars::Schema;
use serde_json::Value;

/// The keys of every suite.
const KEYS_OF_ALL: &[&str] = &["directory", "environment", "build", "filter", "timeout", "sources"];

/// One kind of a table that has several.
pub(super) struct Variant {
    /// The key that tells it from the others, and the one value that it has then; `None` for any of the key's own values.
    pub(super) tag: (&'static str, Option<&'static str>),
    pub(super) title: &'static str,
    pub(super) shared: Vec<&'static [&'static str]>,
    pub(super) keys: &'static [&'static str],
    pub(super) required: &'static [&'static str],
}

/// One object with the keys of all adapters → one object for each adapter.
pub(super) fn split_by_adapter(schema: &mut Schema) {
    let adapter = |name, title, keys, required| Variant {
        tag: ("adapter", Some(name)),
        title,
        shared: vec![KEYS_OF_ALL],
        keys,
        required,
    };
    let criterion = &["package", "benches", "features", "warm-up", "measurement", "sample-size"];
    let command = &["run", "prepare", "warm-up-runs", "runs", "parameters", "expect-status"];
    let variants = [
        adapter("criterion", "criterion suite", criterion, &["adapter"]),
        adapter("command", "command suite", command, &["adapter", "run"]),
        adapter("json", "json suite", &["run", "results", "better"], &["adapter", "run"]),
    ];
    split(schema, &variants);
}

/// One object with the keys of all variants → one object for each.
pub(super) fn split(schema: &mut Schema, variants: &[Variant]) {
    let Some(Value::Object(all)) = schema.remove("properties") else { return };
    let variant = |Variant { tag: (tag, value), title, shared, keys, required }: &Variant| {
        let has = |key: &str| keys.contains(&key) || shared.iter().any(|shared| shared.contains(&key));
        let properties = all.iter().filter(|(key, _)| has(key));
        let mut properties: serde_json::Map<String, Value> =
            properties.map(|(key, value)| (key.clone(), value.clone())).collect();
        if let Some(value) = value {
            properties.insert((*tag).to_owned(), serde_json::json!({ "const": value, "type": "string" }));
        }
        serde_json::json!({
            "type": "object", "title": title, "properties": properties, "required": required, "additionalProperties": false,
        })
    };
    schema.insert("oneOf".to_owned(), variants.iter().map(variant).collect());
    schema.remove("required");
    schema.remove("additionalProperties");
}

#[cfg(test)]
mod tests {
    /// How many keys each kind of a table has.
    fn counts(table: &str) -> Vec<usize> {
        let schema = crate::config::schema::config();
        let variants = schema["properties"][table]["additionalProperties"]["oneOf"].as_array().unwrap();
        variants.iter().map(|variant| variant["properties"].as_object().unwrap().len()).collect()
    }

    #[test]
    fn every_key_of_a_suite_or_scenario_belongs_to_all_kinds_or_to_named_ones() {
        assert_eq!(counts("suite"), [13, 13, 10]);
        assert_eq!(counts("scenario"), [35, 36, 36, 33, 31, 8]);
    }
}
