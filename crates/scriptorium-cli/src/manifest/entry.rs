//! The text of `scripts.toml`, and the settings it has for one file. No files are read here.

use serde_json::{Map, Value};

/// The settings of `file` without `file` itself; empty when no entry is for it.
///
/// # Errors
/// What is wrong with the text.
pub(crate) fn of(text: &str, file: &str) -> Result<Map<String, Value>, String> {
    let mut manifest: Value = toml::from_str(text).map_err(|error| error.to_string())?;
    let Some(Value::Array(entries)) = manifest.get_mut("script").map(Value::take) else {
        return Err("must hold [[script]] tables".to_owned());
    };
    for entry in entries {
        let Value::Object(mut settings) = entry else {
            return Err("must hold [[script]] tables".to_owned());
        };
        match settings.remove("file") {
            Some(Value::String(named)) if named == file => return Ok(settings),
            Some(Value::String(_)) => {}
            _ => return Err("each [[script]] needs a file".to_owned()),
        }
    }
    Ok(Map::new())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const MANIFEST: &str = r#"
        [[script]]
        file = "a.js"
        name = "first"
        schedule = { cron = "0 9 * * *" }
        [[script]]
        file = "b.ts"
    "#;

    #[test]
    fn a_file_has_the_settings_of_its_entry() {
        let settings = Value::Object(of(MANIFEST, "a.js").unwrap());
        assert_eq!(
            settings,
            json!({"name": "first", "schedule": {"cron": "0 9 * * *"}})
        );
        assert!(of(MANIFEST, "b.ts").unwrap().is_empty());
        assert!(of(MANIFEST, "c.js").unwrap().is_empty());
    }

    #[test]
    fn a_manifest_of_another_shape_is_refused() {
        for text in ["script = 1", "a = 1", "[[script]]\nname = \"x\"", "[["] {
            assert!(of(text, "a.js").is_err(), "{text}");
        }
    }
}
