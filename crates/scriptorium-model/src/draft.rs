//! A draft: what one user has typed into a script and not saved (R-LIFE-10). It is theirs alone and
//! never runs but as their own trial.

use jiff::Timestamp;

use crate::definition::at_most_bytes;
use crate::{Invalid, Json, ScriptId, TenantId, UserId, limits};

/// Drafts that one user may have at a time, over all scripts of the tenant.
pub const DRAFTS_PER_USER: u32 = 200;
/// Largest settings of a draft in bytes.
const SETTINGS_BYTES: usize = 256 << 10;

/// What a user keeps of their unsaved work.
#[derive(Clone, Debug, PartialEq)]
pub struct DraftText {
    /// The source as it stands in the editor; may be empty, and may not parse.
    pub source: String,
    /// Further members of the script as the editor's form has them, where they differ; the caller
    /// gives them their form.
    pub settings: Option<Json>,
    /// The version that it was begun from.
    pub base_version: u32,
}

impl DraftText {
    /// Checks the sizes.
    ///
    /// # Errors
    /// `source` or `settings` is too long, or `base_version` is no version.
    pub fn validated(self) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let source = self.source.len();
        invalid.check(at_most_bytes("source", source, limits::SOURCE_BYTES));
        let settings = self.settings.as_ref().map_or(0, Json::len);
        invalid.check(at_most_bytes("settings", settings, SETTINGS_BYTES));
        if self.base_version == 0 {
            invalid
                .push("base_version", "out_of_range", "must be 1 or more")
                .with("min", 1);
        }
        invalid.or(self)
    }
}

/// A stored draft.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Its tenant.
    pub tenant: TenantId,
    /// The script.
    pub script: ScriptId,
    /// Whose it is.
    pub user: UserId,
    /// What was typed.
    pub text: DraftText,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was kept last.
    pub updated_at: Timestamp,
}
