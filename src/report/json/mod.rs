//! The judgement itself as versioned JSON, and back. Refuses to guess: a newer schema is not read.

pub mod v1;

use serde::Deserialize;

use crate::model::Judgement;

/// The largest file that is read, in bytes.
pub const SIZE_MAX: usize = 256 << 20;

/// Why bytes are not a saved judgement.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// More than [`SIZE_MAX`].
    #[error("read a judgement of {bytes} bytes, more than {SIZE_MAX}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not JSON, or not a judgement.
    #[error("read a judgement")]
    Malformed(#[source] serde_json::Error),
    /// Written by a newer version.
    #[error("read a judgement of schema {schema}: this version knows schema {known}", known = v1::SCHEMA)]
    Newer {
        /// Its schema.
        schema: u64,
    },
    /// JSON of the right shape with a value that cannot be.
    #[error("read a judgement: {what}")]
    Invalid {
        /// Which value, and why.
        what: String,
    },
}

impl JsonError {
    /// What the user can do.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::TooLarge { .. } => "name the `judgement.json` that `tollgate check` wrote".to_owned(),
            Self::Malformed(_) | Self::Invalid { .. } => {
                "the file is damaged or is no judgement; write it anew with `tollgate check`".to_owned()
            }
            Self::Newer { .. } => "update Tollgate to the version that wrote the file".to_owned(),
        })
    }
}

/// The judgement as pretty JSON; the same judgement gives the same bytes.
///
/// # Panics
/// Never: no wire type has a serializer that fails.
pub fn to_json(judgement: &Judgement) -> String {
    let mut text = serde_json::to_string_pretty(&v1::Judgement::from(judgement))
        .expect("the wire types have text keys and no failing serializer");
    text.push('\n');
    text
}

/// The judgement that [`to_json`] wrote. Unknown fields are ignored: a later version may add some without a new schema.
pub fn from_json(bytes: &[u8]) -> Result<Judgement, JsonError> {
    /// The one field that every schema has.
    #[derive(Deserialize)]
    struct Version {
        schema: u64,
    }
    if bytes.len() > SIZE_MAX {
        return Err(JsonError::TooLarge { bytes: bytes.len() });
    }
    let version: Version = serde_json::from_slice(bytes).map_err(JsonError::Malformed)?;
    match version.schema {
        v1::SCHEMA => {
            let wire: v1::Judgement = serde_json::from_slice(bytes).map_err(JsonError::Malformed)?;
            wire.try_into()
        }
        schema if schema > v1::SCHEMA => Err(JsonError::Newer { schema }),
        schema => Err(JsonError::Invalid { what: format!("there is no schema {schema}") }),
    }
}

/// The JSON schema of a saved judgement.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(v1::Judgement).to_value()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sample;
    use super::*;
    use crate::model::{Doubt, Verdict};

    #[test]
    fn a_saved_judgement_is_read_back_exactly() {
        for judgement in [
            sample::green(),
            sample::mixed(),
            sample::inconclusive(),
            sample::broken(),
            sample::hostile(),
            sample::every_variant(),
            sample::untrusted(),
            sample::disturbed(),
            sample::drifted(),
            sample::explained(),
        ] {
            let text = to_json(&judgement);
            let read = from_json(text.as_bytes()).unwrap();
            assert_eq!(read, judgement);
            assert_eq!(to_json(&read), text);
        }
    }

    /// A judgement without what the first writer of schema 1 did not know yet.
    fn as_first_written(mut judgement: Judgement) -> Judgement {
        for row in &mut judgement.rows {
            if let Verdict::Inconclusive(Doubt::TooNoisy { more_s, .. } | Doubt::TimeLimit { more_s, .. }) =
                &mut row.verdict
            {
                *more_s = None;
            }
        }
        judgement
    }

    #[test]
    fn the_first_schema_is_read_for_ever() {
        let saved = include_bytes!("../../../tests/fixtures/judgements/v1.json");
        assert_eq!(from_json(saved).unwrap(), as_first_written(sample::every_variant()));
    }

    #[test]
    fn a_newer_schema_is_refused_with_what_to_do() {
        let error = from_json(br#"{"schema": 2, "rows": "whatever"}"#).unwrap_err();
        assert!(matches!(error, JsonError::Newer { schema: 2 }));
        assert_eq!(error.hint().unwrap(), "update Tollgate to the version that wrote the file");
        assert!(matches!(from_json(br#"{"schema": 0}"#), Err(JsonError::Invalid { .. })));
    }

    #[test]
    fn an_unknown_field_is_ignored_and_an_impossible_name_is_not() {
        let text = to_json(&sample::green());
        let patient = text.replacen("\"schema\": 1,", "\"schema\": 1, \"weather\": \"fine\",", 1);
        assert_eq!(from_json(patient.as_bytes()).unwrap(), sample::green());
        let nameless = text.replacen("\"tokenize\"", "\"\"", 1);
        assert!(matches!(from_json(nameless.as_bytes()), Err(JsonError::Invalid { .. })));
    }

    #[test]
    fn what_is_written_follows_its_schema() {
        let schema = jsonschema::validator_for(&schema()).unwrap();
        for judgement in [sample::every_variant(), sample::untrusted(), sample::disturbed(), sample::explained()] {
            let written: serde_json::Value = serde_json::from_str(&to_json(&judgement)).unwrap();
            let errors: Vec<_> = schema.iter_errors(&written).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _any = from_json(&bytes);
        }

        #[test]
        fn a_damaged_judgement_does_not_make_the_reader_or_a_report_panic(at in 0_usize..20_000, byte in any::<u8>(), cut in any::<bool>()) {
            let mut bytes = to_json(&sample::mixed()).into_bytes();
            let at = at % bytes.len();
            if cut { bytes.truncate(at) } else { bytes[at] = byte }
            if let Ok(judgement) = from_json(&bytes) {
                let _text = super::super::terminal::render(&judgement);
            }
        }
    }
}
