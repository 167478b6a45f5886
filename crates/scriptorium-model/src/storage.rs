//! The tenant's key-value storage as scripts see it (R-JSTO).

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{Invalid, Json};

/// A stored value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// The value.
    pub value: Json,
    /// When it stops existing, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was written.
    pub updated_at: Timestamp,
}

/// Longest key in bytes.
pub const KEY_BYTES: usize = 512;
/// Largest value in bytes of JSON.
pub const VALUE_BYTES: usize = 256 << 10;

/// Checks a key: 1 to 512 bytes without control characters.
///
/// # Errors
/// The broken rule.
pub fn validate_key(key: &str) -> Result<(), Invalid> {
    if key.is_empty() || key.len() > KEY_BYTES || key.chars().any(char::is_control) {
        let message = format!("must have 1 to {KEY_BYTES} bytes and no control characters");
        return Err(Invalid::field("key", "bad_key", message));
    }
    Ok(())
}

/// How much storage a tenant may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Most entries.
    pub entries: u64,
    /// Most bytes of keys and values.
    pub bytes: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            entries: 100_000,
            bytes: 256 << 20,
        }
    }
}

/// What a script wants of an entry, decided where it is written: nobody comes between looking and
/// writing.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Writes a value where there is the expected one; no value stands for no entry, on either side.
    Replace {
        /// What has to be there.
        expected: Option<Json>,
        /// What is to be there.
        value: Option<Json>,
        /// When it stops existing.
        expires_at: Option<Timestamp>,
    },
    /// Adds to the number that is there, or to zero.
    Add {
        /// What is added.
        delta: f64,
        /// When an entry that was not there stops existing.
        expires_at: Option<Timestamp>,
    },
    /// Lets an entry exist until then, or for good.
    Expire(Option<Timestamp>),
}

/// What became of a [`Change`].
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// Whether it was done.
    pub done: bool,
    /// What is there now.
    pub value: Option<Json>,
}

/// What is kept under a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The value.
    pub value: Json,
    /// When it stops existing, if ever.
    pub expires_at: Option<Timestamp>,
}

impl Change {
    /// What it makes of what is kept: `None` when it is not done and all stays as it is, `Some(None)` when
    /// nothing is left.
    ///
    /// # Errors
    /// `Invalid` on `key` (`not_a_number`) where one is added to what is none, or becomes none.
    pub fn of(&self, there: Option<&Kept>) -> Result<Option<Option<Kept>>, Invalid> {
        let kept = match self {
            Self::Replace {
                expected,
                value,
                expires_at,
            } => {
                let fits = match (there, expected) {
                    (None, None) => true,
                    (Some(there), Some(expected)) => {
                        same(&there.value.to_value(), &expected.to_value())
                    }
                    _ => false,
                };
                if !fits {
                    return Ok(None);
                }
                value.clone().map(|value| Kept {
                    value,
                    expires_at: *expires_at,
                })
            }
            Self::Add { delta, expires_at } => {
                let number =
                    there.map_or(serde_json::Value::from(0), |there| there.value.to_value());
                let Some(value) = sum(&number, *delta) else {
                    let message = "has a value that is no number, or becomes none";
                    return Err(Invalid::field("key", "not_a_number", message));
                };
                let expires_at = there.map_or(*expires_at, |there| there.expires_at);
                Some(Kept { value, expires_at })
            }
            Self::Expire(expires_at) => {
                let Some(there) = there else {
                    return Ok(None);
                };
                Some(Kept {
                    value: there.value.clone(),
                    expires_at: *expires_at,
                })
            }
        };
        Ok(Some(kept))
    }
}

/// What a transaction read of the entries, and what it leaves: kept together, or not at all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// The entries that it read, and the values that it found: nothing else may be there when it commits.
    pub read: BTreeMap<String, Option<Json>>,
    /// The entries that it wrote, and what they become; nothing for those that it removed.
    pub written: BTreeMap<String, Option<Kept>>,
}

impl Batch {
    /// Whether storage was not touched.
    pub fn is_empty(&self) -> bool {
        self.read.is_empty() && self.written.is_empty()
    }
}

/// Whether two values are the same: objects whatever the order of their members, numbers by what
/// they come to.
pub fn same(one: &serde_json::Value, other: &serde_json::Value) -> bool {
    use serde_json::Value as V;
    match (one, other) {
        (V::Number(one), V::Number(other)) => {
            one == other || (one.as_f64() == other.as_f64() && !(one.is_i64() && other.is_i64()))
        }
        (V::Array(one), V::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (V::Object(one), V::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, one)| other.get(key).is_some_and(|other| same(one, other)))
        }
        (one, other) => one == other,
    }
}

/// The number that adding comes to: whole numbers stay whole.
pub fn sum(number: &serde_json::Value, delta: f64) -> Option<Json> {
    let exact = |number: f64| number.fract() == 0.0 && number.abs() < 9e15;
    let sum = number.as_f64()? + delta;
    if exact(sum) {
        return Some(serde_json::Value::from(sum as i64).into());
    }
    let sum = serde_json::Number::from_f64(sum)?;
    Some(serde_json::Value::Number(sum).into())
}
