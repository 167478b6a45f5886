//! The order of events by a key (R-EVT-17): which of a script's events must not overtake each other.

use serde_json::Value;

use crate::Invalid;
use crate::definition::at_most;

/// What a subscription writes to mean the key that an event was published with.
pub const KEY: &str = "key";

/// The longest path in characters.
const PATH_CHARS: usize = 200;

/// Checks what events are to be in order by: `key`, or names of members joined by dots.
///
/// # Errors
/// The broken rule, under the given field name.
pub fn validate(field: &str, path: &str) -> Result<(), Invalid> {
    at_most(field, path, PATH_CHARS)?;
    if path.split('.').all(|name| !name.is_empty()) {
        return Ok(());
    }
    Err(Invalid::field(
        field,
        "bad_order",
        "must be key, or names joined by dots, such as order.client_id",
    ))
}

/// The value by which an event is in order, as text: what it was published with when `key` is asked
/// for, otherwise the member of the payload at the path, with or without `payload.` before it. Texts and
/// numbers that read alike are the same. `None` when there is nothing: then it is in no order.
pub fn value(path: &str, key: Option<&str>, payload: &Value) -> Option<String> {
    if path == KEY
        && let Some(key) = key
    {
        return Some(key.to_owned());
    }
    let found = member(path, payload);
    let found = found.or_else(|| member(path.strip_prefix("payload.")?, payload))?;
    match found {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        // JavaScript knows one kind of number: 1 and 1.0 are the same.
        Value::Number(number) => Some(match number.as_f64() {
            // Adding nothing makes nothing of a negative nothing.
            Some(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                format!("{:.0}", number + 0.0)
            }
            _ => number.to_string(),
        }),
        other => Some(other.to_string()),
    }
}

fn member<'a>(path: &str, payload: &'a Value) -> Option<&'a Value> {
    path.split('.')
        .try_fold(payload, |value, name| value.get(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(path: &str, key: Option<&str>, payload: Value, expected: Option<&str>) {
        assert_eq!(value(path, key, &payload).as_deref(), expected, "{path}");
    }

    #[test]
    fn a_value_is_found_by_its_path() {
        check("client", None, json!({"client": "a"}), Some("a"));
        check("client.id", None, json!({"client": {"id": 7}}), Some("7"));
        check("payload.client", None, json!({"client": "a"}), Some("a"));
        check(
            "payload.client",
            None,
            json!({"client": "a", "payload": {"client": "b"}}),
            Some("b"),
        );
        check("client", None, json!({"client": [1]}), Some("[1]"));
        check("client", None, json!({"client": true}), Some("true"));
    }

    #[test]
    fn the_key_of_the_event_is_asked_for_by_name() {
        check("key", Some("k"), json!({"key": "other"}), Some("k"));
        check("key", None, json!({"key": "own"}), Some("own"));
        check("client", Some("k"), json!({}), None);
    }

    #[test]
    fn numbers_that_read_alike_are_the_same() {
        for number in [json!(1), json!(1.0), json!("1")] {
            check("n", None, json!({"n": number}), Some("1"));
        }
        check("n", None, json!({"n": 1.5}), Some("1.5"));
        check("n", None, json!({"n": -0.0}), Some("0"));
    }

    #[test]
    fn what_is_not_there_is_in_no_order() {
        check("client", None, json!({}), None);
        check("client", None, json!({"client": null}), None);
        check("client.id", None, json!({"client": "a"}), None);
        check("key", None, json!("text"), None);
    }

    #[test]
    fn a_path_is_names_joined_by_dots() {
        for path in ["key", "client", "client.id", "payload.client.id"] {
            validate("event.order_by", path).unwrap();
        }
        for path in ["", ".", "a.", ".a", "a..b", &"a".repeat(201)] {
            assert!(validate("event.order_by", path).is_err(), "{path}");
        }
    }
}
