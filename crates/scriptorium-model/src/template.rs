//! Named message templates of a tenant, which `utils.template.render` finds by name (G-09).

use jiff::Timestamp;

use crate::Invalid;
use crate::definition::at_most_bytes;

/// A message template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// The text, with `{{ name }}` where data goes.
    pub body: String,
    /// When it was written.
    pub updated_at: Timestamp,
}

/// Largest body in bytes.
pub const BODY_BYTES: usize = 64 << 10;

/// Checks name and size.
///
/// # Errors
/// The broken rule.
pub fn validate(name: &str, body: &str) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    let named = (1..=100).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    if !named {
        invalid.push(
            "name",
            "bad_name",
            "must be 1 to 100 letters, digits and _ - .",
        );
    }
    invalid.check(at_most_bytes("body", body.len(), BODY_BYTES));
    invalid.or(())
}
