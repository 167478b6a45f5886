//! `scripts.toml`: settings of the script files beside it, in the field names of the API.
//! Which settings there are and what they may be is the server's to say.

use std::path::Path;

use serde_json::{Map, Value};

use crate::exit::Refusal;

const NAME: &str = "scripts.toml";

/// The settings of `file`: its entry in the manifest of its folder, without `file` itself. Empty when
/// there is no manifest, or none of its entries is for this file.
pub(crate) fn settings_of(file: &Path) -> Result<Map<String, Value>, Refusal> {
    let path = file.with_file_name(NAME);
    if !path.is_file() {
        return Ok(Map::new());
    }
    let at = path.display();
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Refusal::usage(format!("cannot read {at}: {error}")))?;
    let name = file
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    entry(&text, name).map_err(|message| Refusal::usage(format!("{at}: {message}")))
}

fn entry(text: &str, file: &str) -> Result<Map<String, Value>, String> {
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
        let settings = Value::Object(entry(MANIFEST, "a.js").unwrap());
        assert_eq!(
            settings,
            json!({"name": "first", "schedule": {"cron": "0 9 * * *"}})
        );
        assert!(entry(MANIFEST, "b.ts").unwrap().is_empty());
        assert!(entry(MANIFEST, "c.js").unwrap().is_empty());
    }

    #[test]
    fn a_manifest_of_another_shape_is_refused() {
        for text in ["script = 1", "a = 1", "[[script]]\nname = \"x\"", "[["] {
            assert!(entry(text, "a.js").is_err(), "{text}");
        }
    }
}
