//! Things as the trail tells of them: what a person decided, by name, without secrets. Long texts
//! are cut; of a source, digest and length are told, because the versions have the text.

use scriptorium_model::audit::{VALUE_CHARS, cut, escaped};
use scriptorium_model::script::Script;
use scriptorium_model::user::User;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::definition::settings;
use crate::error::Result;

/// Members that are told in full: the final source of a script that is going away.
const WHOLE: &str = "final_source";

/// A script with its settings.
pub(crate) fn of_script(script: &Script) -> Result<Value> {
    let definition = &script.definition;
    let mut value: Value = serde_json::from_str(&settings(definition)?)
        .map_err(|error| crate::Error::caused("a definition could not be read back", error))?;
    if let Value::Object(members) = &mut value {
        members.extend([
            ("name".to_owned(), json!(definition.name)),
            ("description".to_owned(), json!(definition.description)),
            ("type".to_owned(), json!(definition.trigger.kind().as_str())),
            ("language".to_owned(), json!(definition.language.as_str())),
            (
                "compatibility".to_owned(),
                json!(definition.compatibility_date().to_string()),
            ),
            ("database".to_owned(), json!(definition.database.as_str())),
            ("status".to_owned(), json!(script.status.as_str())),
            ("version".to_owned(), json!(script.version)),
            ("owner".to_owned(), json!(script.owner.map(|user| user.0))),
            ("source".to_owned(), text_of(&definition.source)),
        ]);
    }
    Ok(value)
}

/// A script that goes away, with its final source in full.
pub(crate) fn of_gone(script: &Script) -> Result<Value> {
    let mut value = of_script(script)?;
    value[WHOLE] = json!(script.definition.source);
    Ok(value)
}

/// A text by its digest.
pub(crate) fn text_of(text: &str) -> Value {
    let digest = Sha256::digest(text.as_bytes());
    json!({ "sha256": hex(&digest), "bytes": text.len() })
}

/// A user, but for the password's hash: only whether there is one.
pub(crate) fn of_user(user: &User) -> Value {
    let extra: Vec<&str> = user.extra_permissions.names().collect();
    json!({
        "email": user.email,
        "name": user.name,
        "role": user.role.as_str(),
        "extra_permissions": extra,
        "password": user.password_hash.is_some(),
        "locale": user.locale,
        "active": user.active,
    })
}

/// Of two objects, the members that differ, as they were and as they are; members that are objects
/// themselves are told the same way.
pub(crate) fn unlike(before: &Value, after: &Value) -> (Value, Value) {
    let (Value::Object(was), Value::Object(is)) = (before, after) else {
        return (before.clone(), after.clone());
    };
    let (mut gone, mut came) = (Map::new(), Map::new());
    for (name, old) in was {
        match is.get(name) {
            Some(new) if new == old => {}
            Some(new @ Value::Object(_)) if old.is_object() => {
                let (old, new) = unlike(old, new);
                gone.insert(name.clone(), old);
                came.insert(name.clone(), new);
            }
            Some(new) => {
                gone.insert(name.clone(), old.clone());
                came.insert(name.clone(), new.clone());
            }
            None => {
                gone.insert(name.clone(), old.clone());
            }
        }
    }
    for (name, new) in is {
        if !was.contains_key(name) {
            came.insert(name.clone(), new.clone());
        }
    }
    (Value::Object(gone), Value::Object(came))
}

/// The text that is stored of a value.
pub(super) fn written(mut value: Value) -> String {
    shorten(&mut value);
    escaped(&value.to_string()).into_owned()
}

fn shorten(value: &mut Value) {
    match value {
        Value::String(text) if text.chars().nth(VALUE_CHARS).is_some() => {
            *text = cut(text, VALUE_CHARS);
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        Value::Object(members) => members
            .iter_mut()
            .filter(|(name, _)| *name != WHOLE)
            .for_each(|(_, member)| shorten(member)),
        _ => {}
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: Value, after: Value, gone: Value, came: Value) {
        assert_eq!(unlike(&before, &after), (gone, came));
    }

    #[test]
    fn only_what_differs_is_told() {
        check(
            json!({"a": 1, "b": 2}),
            json!({"a": 1, "b": 3}),
            json!({"b": 2}),
            json!({"b": 3}),
        );
        check(
            json!({"l": {"x": 1, "y": 1}}),
            json!({"l": {"x": 1, "y": 2}}),
            json!({"l": {"y": 1}}),
            json!({"l": {"y": 2}}),
        );
        check(
            json!({"a": 1}),
            json!({"b": 1}),
            json!({"a": 1}),
            json!({"b": 1}),
        );
        check(
            json!({"t": [1]}),
            json!({"t": [2]}),
            json!({"t": [1]}),
            json!({"t": [2]}),
        );
    }

    #[test]
    fn a_long_text_is_cut_and_a_final_source_is_not() {
        let long = "x".repeat(1_000_000);
        let text = written(json!({"name": long, "deep": [{"name": long}]}));
        assert!(text.len() < 3 * VALUE_CHARS, "{}", text.len());
        let text = written(json!({ WHOLE: "y".repeat(100_000) }));
        assert!(text.len() > 100_000);
    }
}
