//! Files that the commands read: scripts and inputs.

use std::path::Path;

use scriptorium::model::script::Language;
use scriptorium::model::{Json, limits};

use crate::exit::Refusal;

/// A script file.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) source: String,
    pub(crate) language: Language,
}

/// Reads a script; its language is told by the ending of its name.
pub(crate) fn script(path: &Path) -> Result<Script, Refusal> {
    let at = path.display();
    let ending = path.extension().and_then(|ending| ending.to_str());
    let language = match ending {
        Some("js" | "mjs") => Language::JavaScript,
        Some("ts" | "mts") => Language::TypeScript,
        _ => {
            let message = format!("{at}: a script file ends in .js, .mjs, .ts or .mts");
            return Err(Refusal::usage(message));
        }
    };
    let source = std::fs::read_to_string(path)
        .map_err(|error| Refusal::usage(format!("cannot read {at}: {error}")))?;
    if source.len() > limits::SOURCE_BYTES {
        let most = limits::SOURCE_BYTES;
        return Err(Refusal::usage(format!(
            "{at}: a script has at most {most} bytes"
        )));
    }
    Ok(Script { source, language })
}

/// The input of a run: JSON, or the file named after `@`.
pub(crate) fn input(argument: &str) -> Result<Json, Refusal> {
    let text = match argument.strip_prefix('@') {
        None => argument.to_owned(),
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| Refusal::usage(format!("cannot read {path}: {error}")))?,
    };
    Json::parse(&text).map_err(|error| Refusal::usage(format!("the input is no JSON: {error}")))
}
