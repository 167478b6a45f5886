//! Failures as the script's author reads them: positions in their own source, limits with their
//! figures, and nothing of the platform's insides.

use std::fmt::Write as _;

use scriptorium_engine as engine;
use scriptorium_lang::Diagnostics;
use scriptorium_model::Json;
use scriptorium_model::execution::Failure;
use serde_json::json;

use crate::prepared::{Maps, SOURCE_NAME};

/// Most frames of a recorded stack.
const FRAMES: usize = 50;
/// Most characters of a recorded message: a script may throw a megabyte.
const MESSAGE_CHARS: usize = 4_000;
/// Most bytes of recorded details.
const DETAILS_BYTES: usize = 16 << 10;

/// What the translation refused.
pub(crate) fn of_diagnostics(diagnostics: &Diagnostics) -> Failure {
    let Some(first) = diagnostics.first_error() else {
        return Failure::new("script.syntax", diagnostics.to_string());
    };
    let mut failure = Failure::new(first.code, first.message.clone());
    failure.line = Some(first.line);
    failure.column = Some(first.column);
    let all: Vec<_> = diagnostics
        .0
        .iter()
        .map(
            |d| json!({ "code": d.code, "message": d.message, "line": d.line, "column": d.column }),
        )
        .collect();
    failure.details = Some(json!({ "diagnostics": all, "source_line": first.source_line }).into());
    failure
}

/// What the translation refused of a library.
pub(crate) fn of_library(name: &str, diagnostics: &Diagnostics) -> Failure {
    Failure::new("script.import", format!("{name}:{diagnostics}"))
}

/// What the engine stopped or the script threw. The place is the script's own, where a library was
/// called perhaps; the stack tells the rest.
pub(crate) fn of_script(failure: &engine::Failure, maps: &Maps) -> Failure {
    let position = failure
        .position
        .and_then(|position| maps.original(SOURCE_NAME, position.line, position.column));
    let mut stack = String::new();
    for frame in failure.stack.iter().take(FRAMES) {
        let Some((line, column)) = maps.original(&frame.source, frame.line, frame.column) else {
            continue;
        };
        let name = frame.function.as_deref().unwrap_or("<anonymous>");
        let name: String = name.chars().take(100).collect();
        // Writing to a String does not fail.
        let _ = writeln!(stack, "    at {name} ({}:{line}:{column})", frame.source);
    }
    Failure {
        code: failure.code.as_str().to_owned(),
        message: shortened(&failure.message),
        line: position.map(|(line, _)| line),
        column: position.map(|(_, column)| column),
        stack: (!stack.is_empty()).then(|| stack.trim_end().to_owned()),
        details: details(failure),
    }
}

/// What the platform could not do. The cause goes to the operator's log, not to the author.
pub(crate) fn of_platform(code: &'static str, error: &dyn std::error::Error) -> Failure {
    let mut cause = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let _ = write!(cause, ": {error}");
        source = error.source();
    }
    tracing::error!(code, cause, "the platform failed while running a script");
    Failure::new(code, "the platform failed; the operator's log says more")
}

fn details(failure: &engine::Failure) -> Option<Json> {
    if let Some(hit) = &failure.limit {
        let details = json!({
            "limit": hit.limit,
            "allowed": hit.allowed,
            "observed": hit.observed,
            "unit": hit.unit,
        });
        return Some(details.into());
    }
    let text = failure.details.as_deref()?;
    if text.len() > DETAILS_BYTES {
        return Some(json!({ "omitted_bytes": text.len() }).into());
    }
    Json::parse(text).ok()
}

fn shortened(message: &str) -> String {
    match message.char_indices().nth(MESSAGE_CHARS) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    }
}
