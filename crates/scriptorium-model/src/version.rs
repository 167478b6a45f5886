//! A version: an immutable snapshot of a script's definition (R-VER), and how long it is kept.

use jiff::Timestamp;

use crate::definition::at_most;
use crate::script::Definition;
use crate::{Invalid, ScriptId, TenantId, UserId};

/// A stored version.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// Its tenant.
    pub tenant: TenantId,
    /// The script.
    pub script: ScriptId,
    /// 1, 2, 3 and so on.
    pub number: u32,
    /// The definition as it was saved.
    pub definition: Definition,
    /// What the author said about the change.
    pub change_description: String,
    /// The author.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
    /// Its name, if it is a milestone; such a version is never pruned.
    pub milestone: Option<String>,
}

/// The longest name of a milestone in characters.
const MILESTONE_CHARS: usize = 100;

/// Checks the name of a milestone: 1 to 100 characters, none of them a control character.
///
/// # Errors
/// The broken rule, as field `name`.
pub fn validate_milestone(name: &str) -> Result<(), Invalid> {
    if name.trim().is_empty() {
        return Err(Invalid::field("name", "required", "is required"));
    }
    at_most("name", name, MILESTONE_CHARS)?;
    if name.chars().any(char::is_control) {
        let message = "must not hold control characters";
        return Err(Invalid::field("name", "control_characters", message));
    }
    Ok(())
}

/// How many versions of each script a tenant keeps (R-VER-10); all of them by default (R-VER-09).
/// Whatever it says, the current version, milestones, and versions that a pending or running
/// execution names are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VersionPolicy {
    /// The newest so many are kept, 1 to 10,000; any number when `None`.
    pub max_count: Option<u32>,
    /// Those of the last so many days are kept, 1 to 3,650; of any age when `None`.
    pub max_age_days: Option<u32>,
}

impl VersionPolicy {
    /// Whether it keeps everything.
    pub fn keeps_all(self) -> bool {
        self == Self::default()
    }

    /// Checks the figures.
    ///
    /// # Errors
    /// Each field outside its range, with the range.
    pub fn validated(self) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let fields = [
            ("max_count", self.max_count, 10_000),
            ("max_age_days", self.max_age_days, 3_650),
        ];
        for (field, value, max) in fields {
            if value.is_some_and(|value| !(1..=max).contains(&value)) {
                let message = format!("must be 1 to {max}");
                let error = invalid.push(field, "out_of_range", message);
                error.with("min", 1).with("max", max);
            }
        }
        invalid.or(self)
    }
}
