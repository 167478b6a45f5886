//! Events: the naming convention of their types and the recorded envelope.

use jiff::Timestamp;

use crate::definition::{at_most, at_most_bytes};
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
    /// What it is about, when its publisher says so: a subscription may ask for events of the same key
    /// one after another.
    pub key: Option<String>,
    /// The script that published it, if one did.
    pub script: Option<ScriptId>,
    /// The execution that published it, if one did.
    pub execution: Option<ExecutionId>,
    /// The runs that led to it, the first one first, each as "event type → script"; none when no
    /// event started who published it.
    pub lineage: Vec<String>,
    /// When it was published.
    pub created_at: Timestamp,
}

/// What the names of the platform's own events begin with.
pub const OF_PLATFORM: &str = "jsruntime.";
/// What the names begin with that only the platform may publish.
pub const RESERVED: [&str; 2] = [OF_PLATFORM, "scriptorium."];

/// The longest key in characters.
const KEY_CHARS: usize = 200;

/// The longest event type in characters (R-VAL-11).
const TYPE_CHARS: usize = 255;

/// Checks an event type: two or more lower-case parts joined by dots, at most 255 characters.
///
/// # Errors
/// The broken rule, under the given field name.
pub fn validate_type(field: &str, name: &str) -> Result<(), Invalid> {
    at_most(field, name, TYPE_CHARS)?;
    if name.split('.').count() >= 2 && name.split('.').all(is_part) {
        return Ok(());
    }
    Err(Invalid::field(
        field,
        "bad_event_type",
        "must be lower-case words joined by dots, such as order.created",
    ))
}

/// Largest payload in bytes.
pub const PAYLOAD_BYTES: usize = 256 << 10;

/// Checks an event that somebody other than the platform publishes.
///
/// # Errors
/// Every broken rule, as `type`, `payload` and `key`.
pub fn validate_new(kind: &str, payload: &Json, key: Option<&str>) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    invalid.check(validate_type("type", kind));
    if RESERVED.iter().any(|own| kind.starts_with(own)) {
        invalid.push(
            "type",
            "reserved",
            "must not begin with a name of the platform",
        );
    }
    invalid.check(at_most_bytes("payload", payload.len(), PAYLOAD_BYTES));
    if let Some(key) = key {
        invalid.check(validate_key("key", key));
    }
    invalid.or(())
}

/// Checks the key of an event: 1 to 200 characters.
///
/// # Errors
/// The broken rule, under the given field name.
pub fn validate_key(field: &str, key: &str) -> Result<(), Invalid> {
    if key.is_empty() {
        return Err(Invalid::field(field, "required", "must not be empty"));
    }
    at_most(field, key, KEY_CHARS)
}

/// Checks what a subscription asks for: an event type, `order.*` for all that begin so, or `*` for all
/// but those of the platform.
///
/// # Errors
/// The broken rule, under the given field name.
pub fn validate_pattern(field: &str, pattern: &str) -> Result<(), Invalid> {
    at_most(field, pattern, TYPE_CHARS)?;
    let prefix = pattern.strip_suffix(".*");
    if pattern == "*" || prefix.is_some_and(|prefix| prefix.split('.').all(is_part)) {
        return Ok(());
    }
    validate_type(field, pattern).map_err(|_| {
        Invalid::field(
            field,
            "bad_event_pattern",
            "must be lower-case words joined by dots, such as order.created, or end in .*, or be *",
        )
    })
}

/// The patterns that an event type is asked for by, itself first. Those of the platform are asked for
/// by name or beginning, so that who wants everything of the business is not told of itself.
pub fn patterns(kind: &str) -> Vec<String> {
    let dots = kind.match_indices('.').map(|(at, _)| at);
    let mut patterns = vec![kind.to_owned()];
    patterns.extend(dots.rev().map(|at| format!("{}.*", &kind[..at])));
    if !kind.starts_with(OF_PLATFORM) {
        patterns.push("*".to_owned());
    }
    patterns
}

/// An event type that a pattern asks for: what a script is given that is tried without an event.
pub fn sample(pattern: &str) -> String {
    match pattern.strip_suffix('*') {
        Some("") => "test.event".to_owned(),
        Some(prefix) => format!("{prefix}test"),
        None => pattern.to_owned(),
    }
}

fn is_part(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_lowercase())
        && part
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_asked_for_by_itself_its_beginnings_and_everything() {
        for (kind, expected) in [
            ("order.created", &["order.created", "order.*", "*"][..]),
            ("a.b.c", &["a.b.c", "a.b.*", "a.*", "*"]),
            (
                "jsruntime.script.created",
                &[
                    "jsruntime.script.created",
                    "jsruntime.script.*",
                    "jsruntime.*",
                ],
            ),
        ] {
            assert_eq!(patterns(kind), expected);
            for pattern in patterns(kind) {
                validate_pattern("types", &pattern).unwrap();
                validate_type("type", &sample(&pattern)).unwrap();
                assert!(patterns(&sample(&pattern)).contains(&pattern));
            }
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for pattern in [
            "",
            "order",
            "*.created",
            "order*",
            "order.**",
            "order.*.created",
            ".*",
            "Order.*",
            "order.created.",
            "**",
        ] {
            assert!(validate_pattern("types", pattern).is_err(), "{pattern}");
        }
        assert!(validate_pattern("types", &format!("{}.*", "a".repeat(254))).is_err());
        assert!(
            validate_type("type", "order.*").is_err(),
            "nobody publishes a pattern"
        );
    }
}
