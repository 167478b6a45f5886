//! A JSON document kept as text. Payloads pass from the socket to the sandbox to the database
//! without being taken apart, so the text is what we carry.

use std::fmt;
use std::sync::Arc;

/// Well-formed JSON text; cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Json(Arc<str>);

impl Json {
    /// Checks that the text is one JSON document (depth at most 128).
    ///
    /// # Errors
    /// The position and reason when it is not.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str::<serde_json::Value>(text)?;
        Ok(Self(text.into()))
    }

    /// Takes text that a JSON writer of ours or of the sandbox has made.
    pub fn from_written(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// `null`.
    pub fn null() -> Self {
        Self("null".into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Length of the text in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the text has no bytes, which no well-formed document does.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The document as a value; `null` should the text be unreadable.
    pub fn to_value(&self) -> serde_json::Value {
        serde_json::from_str(&self.0).unwrap_or(serde_json::Value::Null)
    }
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Self {
        Self(value.to_string().into())
    }
}

impl From<&serde_json::Value> for Json {
    fn from(value: &serde_json::Value) -> Self {
        Self(value.to_string().into())
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
