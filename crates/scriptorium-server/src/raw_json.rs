//! A JSON document that passes through the interface as it is: in a body of ours it stands as
//! text that is neither taken apart nor written anew, so that numbers and order survive.

use std::borrow::Cow;

use scriptorium::model;
use serde::de::{Deserialize, Deserializer};
use serde::ser::{Error, Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::openapi::schema::{Object, Schema, SchemaType};
use utoipa::openapi::{ObjectBuilder, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// Any JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawJson(pub(crate) model::Json);

impl Default for RawJson {
    fn default() -> Self {
        Self(model::Json::null())
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(self.0.as_str()).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(model::Json::from_written(raw.get())))
    }
}

impl PartialSchema for RawJson {
    fn schema() -> RefOr<Schema> {
        let any: Object = ObjectBuilder::new()
            .schema_type(SchemaType::AnyValue)
            .description(Some("Any JSON value."))
            .build();
        any.into()
    }
}

impl ToSchema for RawJson {
    fn name() -> Cow<'static, str> {
        "Json".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_passes_through_unchanged() {
        let text = r#"{"z":1.0,"a":[12345678901234567890123,"\u00e9"]}"#;
        let json: RawJson = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&json).unwrap(), text);
        let inside: std::collections::BTreeMap<String, RawJson> =
            serde_json::from_str(r#"{"a": {"b":  1}}"#).unwrap();
        assert_eq!(inside["a"].0.as_str(), r#"{"b":  1}"#);
    }
}
