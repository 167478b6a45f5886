//! `scripts.toml`: settings of the script files beside it, in the field names of the API.
//! Which settings there are and what they may be is the server's to say.

mod entry;

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
    entry::of(&text, name).map_err(|message| Refusal::usage(format!("{at}: {message}")))
}

#[cfg(test)]
mod fuzzed;
