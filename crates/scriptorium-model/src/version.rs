//! A version: an immutable snapshot of a script's definition (R-VER).

use jiff::Timestamp;

use crate::script::Definition;
use crate::{ScriptId, TenantId, UserId};

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
}
