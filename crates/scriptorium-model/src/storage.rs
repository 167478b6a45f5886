//! The tenant's key-value storage as scripts see it (R-JSTO).

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
