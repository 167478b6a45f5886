//! The secrets of a tenant (D17): values that people write and only scripts read.

use jiff::Timestamp;

use crate::definition::at_most_bytes;
use crate::{Invalid, ScriptId, UserId};

/// What is known of a secret; never its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// The scripts that may read it; all of the tenant's when `None`.
    pub scripts: Option<Vec<ScriptId>>,
    /// Whether it has a value for trials, which never see the other.
    pub has_test_value: bool,
    /// Until when the value before this one is given, too.
    pub previous_until: Option<Timestamp>,
    /// When it was first written.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Who changed it last; `None` for the platform.
    pub updated_by: Option<UserId>,
}

/// What is to change of a secret; what is `None` stays as it is.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretChange {
    /// A new value; needed when there is no secret of the name.
    pub value: Option<String>,
    /// Until when the value before it is given, too; it is forgotten at once without.
    pub keep_previous_until: Option<Timestamp>,
    /// A value for trials, or none any more.
    pub test_value: Option<Option<String>>,
    /// The scripts that may read it, or all.
    pub scripts: Option<Option<Vec<ScriptId>>>,
}

impl std::fmt::Debug for SecretChange {
    /// Without the values.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretChange")
            .field("keep_previous_until", &self.keep_previous_until)
            .field("scripts", &self.scripts)
            .finish_non_exhaustive()
    }
}

/// Longest name.
pub const NAME_CHARS: usize = 100;
/// Longest value in bytes.
pub const VALUE_BYTES: usize = 16 << 10;
/// Most scripts that a secret names.
pub const SCRIPTS: usize = 200;
/// Most secrets of a tenant.
pub const SECRETS: u32 = 500;
/// Shortest value that is masked, in characters: a shorter one would blacken ordinary words.
pub const MASKED_CHARS: usize = 8;

/// Checks a name: 1 to 100 letters, digits and `_ - .`, not beginning with a dot.
///
/// # Errors
/// The broken rule.
pub fn validate_name(name: &str) -> Result<(), Invalid> {
    let fits = (1..=NAME_CHARS).contains(&name.len())
        && !name.starts_with('.')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if fits {
        return Ok(());
    }
    let message = "must be 1 to 100 letters, digits and _ - ., not beginning with a dot";
    Err(Invalid::field("name", "bad_name", message))
}

impl SecretChange {
    /// Checks name and values.
    ///
    /// # Errors
    /// The broken rules.
    pub fn validate(&self, name: &str) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        invalid.check(validate_name(name));
        let test = self.test_value.as_ref().and_then(Option::as_ref);
        for (field, value) in [("value", self.value.as_ref()), ("test_value", test)] {
            let Some(value) = value else { continue };
            if value.is_empty() {
                invalid.push(field, "required", "must not be empty");
            }
            invalid.check(at_most_bytes(field, value.len(), VALUE_BYTES));
        }
        let scripts = self.scripts.as_ref().and_then(Option::as_ref);
        if scripts.is_some_and(|scripts| scripts.len() > SCRIPTS) {
            let message = format!("must have at most {SCRIPTS} scripts");
            invalid.push("scripts", "too_many", message);
        }
        invalid.or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for good in ["a", "STRIPE_KEY", "stripe.key-2", &"x".repeat(100)] {
            assert!(validate_name(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            ".a",
            "a b",
            "a/b",
            "..",
            "ключ",
            "a\0",
            &"x".repeat(101),
        ] {
            assert!(validate_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn values_have_a_size() {
        let of = |value: &str| SecretChange {
            value: Some(value.to_owned()),
            ..SecretChange::default()
        };
        assert!(of("x").validate("a").is_ok());
        assert!(of(&"x".repeat(VALUE_BYTES)).validate("a").is_ok());
        assert!(of("").validate("a").is_err());
        assert!(of(&"x".repeat(VALUE_BYTES + 1)).validate("a").is_err());
        assert!(!format!("{:?}", of("CANARY")).contains("CANARY"));
    }
}
