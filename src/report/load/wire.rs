//! The result of a drive as JSON of schema 1, and back: nothing of it is lost. Its names and shapes are frozen; the values behind it are not.

mod read;
mod v1;

use serde::Deserialize;

use super::result::LoadResult;

/// The largest file that is read, in bytes.
pub const SIZE_MAX: usize = 256 << 20;

/// Why bytes are not a saved result of a drive.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// Not JSON, or not such a result.
    #[error("read the result of `tollgate load`")]
    Malformed(#[source] serde_json::Error),
    /// Written by a newer version.
    #[error("read a result of schema {schema}: this version knows schema {known}", known = v1::SCHEMA)]
    Newer {
        /// Its schema.
        schema: u64,
    },
    /// JSON of the right shape with a value that cannot be.
    #[error("read the result of `tollgate load`: {what}")]
    Invalid {
        /// Which value.
        what: String,
    },
}

impl WireError {
    /// What the user can do.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Malformed(_) | Self::Invalid { .. } => {
                "the file is damaged or is something else; write it anew with `tollgate load --json FILE`".to_owned()
            }
            Self::Newer { .. } => "update Tollgate to the version that wrote the file".to_owned(),
        })
    }
}

/// The result as JSON; the same result gives the same bytes. One line, because most of it is numbers of distributions.
///
/// # Panics
/// Never: no wire type has a serializer that fails.
pub fn to_json(result: &LoadResult) -> String {
    let mut text = serde_json::to_string(&v1::Load::from(result))
        .expect("the wire types have text keys and no failing serializer");
    text.push('\n');
    text
}

/// The result that [`to_json`] wrote; `None` where the JSON is of another kind, or larger than [`SIZE_MAX`]. Unknown fields are ignored: a later version may add some.
pub fn from_json(bytes: &[u8]) -> Option<Result<LoadResult, WireError>> {
    /// What tells it from other kinds.
    #[derive(Deserialize)]
    struct Kind {
        kind: String,
        schema: u64,
    }
    if bytes.len() > SIZE_MAX {
        return None;
    }
    let kind: Kind = serde_json::from_slice(bytes).ok()?;
    if kind.kind != v1::KIND {
        return None;
    }
    Some(match kind.schema {
        v1::SCHEMA => serde_json::from_slice::<v1::Load>(bytes).map_err(WireError::Malformed).and_then(read::result),
        schema if schema > v1::SCHEMA => Err(WireError::Newer { schema }),
        schema => Err(WireError::Invalid { what: format!("there is no schema {schema}") }),
    })
}

/// The JSON schema of what [`to_json`] writes.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(v1::Load).to_value()
}

#[cfg(test)]
mod tests {
    use super::super::result::Ended;
    use super::super::sample;
    use super::*;

    #[test]
    fn what_is_written_is_read_back_without_any_loss() {
        for result in [sample::by_hand(), sample::stress(), sample::late(), sample::hostile()] {
            let json = to_json(&result);
            assert_eq!(from_json(json.as_bytes()).unwrap().unwrap(), result);
        }
    }

    #[test]
    fn what_is_written_fits_its_schema_and_says_what_people_read() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        for result in [sample::by_hand(), sample::stress(), sample::hostile()] {
            let json: serde_json::Value = serde_json::from_str(&to_json(&result)).unwrap();
            let errors: Vec<_> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:?}");
            assert_eq!(json["kind"], "load");
        }
        let late: serde_json::Value = serde_json::from_str(&to_json(&sample::late())).unwrap();
        assert_eq!((&late["verdict"], &late["late_ratio"]), (&"late".into(), &0.031.into()));
    }

    #[test]
    fn other_kinds_newer_schemas_and_impossible_values_are_not_read() {
        assert!(from_json(b"{\"schema\": 1, \"benchmarks\": []}").is_none());
        assert!(from_json(b"[1, 2]").is_none());
        assert!(matches!(from_json(b"{\"kind\":\"load\",\"schema\":2}"), Some(Err(WireError::Newer { schema: 2 }))));
        assert!(matches!(from_json(b"{\"kind\":\"load\",\"schema\":1}"), Some(Err(WireError::Malformed(_)))));
        let json = to_json(&sample::by_hand());
        for (from, to) in [
            ("\"sum\":", "\"sum\":-"),
            ("\"seconds\":10.0", "\"seconds\":0.0"),
            ("\"window_s\":1.0", "\"window_s\":0.0"),
            ("\"ended\":2000", "\"ended\":18446744073709551615"),
        ] {
            assert!(json.contains(from), "{from}");
            let changed = json.replace(from, to);
            assert!(matches!(from_json(changed.as_bytes()), Some(Err(WireError::Invalid { .. }))), "{to}");
        }
    }

    #[test]
    fn how_it_ended_is_kept() {
        let stopped = LoadResult { ended: Ended::Interrupted, ..sample::by_hand() };
        assert_eq!(from_json(to_json(&stopped).as_bytes()).unwrap().unwrap().ended, Ended::Interrupted);
    }
}
