//! Events: the naming convention of their types and the recorded envelope.

use jiff::Timestamp;

use crate::definition::at_most;
use crate::{EventId, ExecutionId, Invalid, Json, ScriptId, TenantId};

/// A recorded event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its id, stable over redeliveries.
    pub id: EventId,
    /// The tenant it happened in.
    pub tenant: TenantId,
    /// Its type, such as `client.reminder_sent`.
    pub kind: String,
    /// What happened.
    pub payload: Json,
    /// The script that published it, if one did.
    pub script: Option<ScriptId>,
    /// The execution that published it, if one did.
    pub execution: Option<ExecutionId>,
    /// When it was published.
    pub created_at: Timestamp,
}

/// The longest event type in characters (R-VAL-11).
const TYPE_CHARS: usize = 255;

/// Checks an event type: two or more lower-case parts joined by dots, at most 255 characters.
///
/// # Errors
/// The broken rule, under the given field name.
pub fn validate_type(field: &str, name: &str) -> Result<(), Invalid> {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    at_most(field, name, TYPE_CHARS)?;
    if name.split('.').count() >= 2 && name.split('.').all(part) {
        return Ok(());
    }
    Err(Invalid::field(
        field,
        "bad_event_type",
        "must be lower-case words joined by dots, such as order.created",
    ))
}
