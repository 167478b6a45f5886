//! A tenant.

use jiff::Timestamp;

use crate::{Invalid, TenantId};

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name in URLs.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Slug of the tenant that the first start creates.
pub const DEFAULT_SLUG: &str = "default";

/// Checks a slug: 2 to 63 lower-case letters, digits and inner hyphens.
///
/// # Errors
/// The broken rule.
pub fn validate_slug(slug: &str) -> Result<(), Invalid> {
    let fits = (2..=63).contains(&slug.len())
        && slug
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !slug.starts_with('-')
        && !slug.ends_with('-');
    if fits {
        return Ok(());
    }
    Err(Invalid::field(
        "slug",
        "bad_slug",
        "must be 2 to 63 lower-case letters, digits and inner hyphens",
    ))
}
