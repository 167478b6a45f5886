//! `scriptorium check`: mistakes in scripts, found without running them.

use scriptorium::local::{Diagnostic, Severity, diagnose};
use scriptorium::model::script::ScriptType;
use serde_json::{Value, json};

use crate::arguments::CheckArgs;
use crate::exit::Exit;
use crate::{file, print};

pub(crate) fn run(arguments: &CheckArgs) -> anyhow::Result<Exit> {
    let kind = arguments
        .kind
        .and_then(|kind| ScriptType::from_name(kind.name()));
    let mut failed = false;
    let mut found = Vec::new();
    for path in &arguments.files {
        let script = file::script(path)?;
        let name = path.display().to_string();
        let entry = arguments.entry.as_deref();
        let diagnostics = diagnose(&script.source, script.language, kind, entry);
        failed |= diagnostics
            .iter()
            .any(|found| found.severity == Severity::Error);
        for diagnostic in &diagnostics {
            if !arguments.json {
                eprint!("{}", diagnostic.render(&script.source, &name));
            }
            found.push(described(&name, diagnostic));
        }
    }
    if arguments.json {
        print::json(&Value::Array(found))?;
    } else {
        let files = arguments.files.len();
        eprintln!("files checked: {files}, diagnostics: {}", found.len());
    }
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

fn described(file: &str, diagnostic: &Diagnostic) -> Value {
    json!({
        "file": file,
        "severity": diagnostic.severity.as_str(),
        "code": diagnostic.code,
        "message": diagnostic.message,
        "line": diagnostic.line,
        "column": diagnostic.column,
        "end_line": diagnostic.end_line,
        "end_column": diagnostic.end_column,
    })
}
