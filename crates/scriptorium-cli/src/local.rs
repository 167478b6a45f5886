//! `scriptorium run`: one run in the sandbox, without a server. Log lines go to standard error, the
//! output to standard output.

use std::path::PathBuf;
use std::time::Duration;

use scriptorium::ErrorKind;
use scriptorium::local::{Diagnostic, LocalRun, Severity, diagnose};
use scriptorium::model::Json;
use scriptorium::model::execution::{Execution, Failure, LogLine, Metrics, Progress};
use scriptorium::model::limits::Limits;
use serde_json::{Value, json};

use crate::arguments::RunArgs;
use crate::exit::{Exit, Refusal};
use crate::{file, print};

pub(crate) async fn run(arguments: &RunArgs) -> anyhow::Result<Exit> {
    let script = file::script(&arguments.file)?;
    let limits = Limits {
        wall: arguments.timeout,
        cpu: arguments.timeout,
        memory_bytes: arguments.memory,
        ..Limits::default()
    };
    let what = LocalRun {
        source: script.source.clone(),
        language: script.language,
        entry: arguments.entry.clone(),
        input: file::input(&arguments.input)?,
        limits: limits
            .validated()
            .map_err(|invalid| Refusal::usage(invalid.to_string()))?,
        cache_dir: cache_dir(),
    };
    let (execution, logs) = match scriptorium::local::run(what).await {
        Ok(ended) => ended,
        Err(error) if error.kind() == ErrorKind::Invalid => {
            return Err(Refusal::failed(error.to_string()).into());
        }
        Err(error) => return Err(error.into()),
    };
    if arguments.json {
        print::json(&described(&execution, &logs))?;
        return Ok(exit(&execution));
    }
    for line in &logs {
        eprintln!(
            "{:<8} {}",
            line.level.as_str(),
            print::visible(&line.message)
        );
    }
    match &execution.failure {
        Some(failure) => explain(failure, &script, arguments),
        None => print::json(
            &execution
                .output
                .as_ref()
                .map_or(Value::Null, Json::to_value),
        )?,
    }
    Ok(exit(&execution))
}

fn exit(execution: &Execution) -> Exit {
    let Some(failure) = &execution.failure else {
        return Exit::Done;
    };
    match failure.code.split_once('.') {
        Some(("limit", _)) => Exit::Limit,
        Some(("platform", _)) => Exit::Platform,
        _ => Exit::Failed,
    }
}

/// Shows what went wrong on the lines it is about.
fn explain(failure: &Failure, script: &file::Script, arguments: &RunArgs) {
    let name = arguments.file.display().to_string();
    let entry = arguments.entry.as_deref();
    // A source that cannot run may have more than the one mistake the failure names.
    let diagnostics = diagnose(&script.source, script.language, None, entry);
    let errors = diagnostics
        .iter()
        .filter(|found| found.severity == Severity::Error);
    let frames: String = errors
        .map(|found| found.render(&script.source, &name))
        .collect();
    if !frames.is_empty() {
        eprint!("{frames}");
        return;
    }
    match framed(failure) {
        Some(diagnostic) => eprint!("{}", diagnostic.render(&script.source, &name)),
        None => eprintln!("{}: {}", failure.code, print::visible(&failure.message)),
    }
    if let Some(stack) = &failure.stack {
        eprintln!("{}", print::visible(stack));
    }
}

/// The failure as a diagnostic, if it has a place in the source.
fn framed(failure: &Failure) -> Option<Diagnostic> {
    let (line, column) = (failure.line?, failure.column?);
    Some(Diagnostic {
        severity: Severity::Error,
        code: "execution failed",
        message: format!("{}: {}", failure.code, print::visible(&failure.message)),
        line,
        column,
        end_line: line,
        end_column: column,
        source_line: String::new(),
    })
}

/// The execution in the field names of the API.
fn described(execution: &Execution, logs: &[LogLine]) -> Value {
    json!({
        "status": execution.status.as_str(),
        "output": execution.output.as_ref().map(Json::to_value),
        "error": execution.failure.as_ref().map(error),
        "metrics": metrics(&execution.metrics),
        "progress": execution.progress.as_ref().map(progress),
        "logs": logs.iter().map(line).collect::<Vec<_>>(),
    })
}

fn error(failure: &Failure) -> Value {
    json!({
        "code": failure.code,
        "message": failure.message,
        "line": failure.line,
        "column": failure.column,
        "stack": failure.stack,
        "details": failure.details.as_ref().map(Json::to_value),
    })
}

fn metrics(metrics: &Metrics) -> Value {
    json!({
        "queued_ms": millis(metrics.queued),
        "duration_ms": millis(metrics.duration),
        "cpu_ms": millis(metrics.cpu),
        "memory_peak_bytes": metrics.memory_peak_bytes,
        "api_calls": metrics.api_calls,
        "db_queries": metrics.db_queries,
    })
}

fn progress(progress: &Progress) -> Value {
    json!({
        "done": progress.done,
        "total": progress.total,
        "text": progress.text,
        "at": progress.at.to_string(),
    })
}

fn line(line: &LogLine) -> Value {
    json!({
        "seq": line.seq,
        "level": line.level.as_str(),
        "message": line.message,
        "data": line.data.as_ref().map(Json::to_value),
        "at": line.at.to_string(),
    })
}

/// Milliseconds with the microseconds as decimals.
fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1_000.0
}

/// Where the compiled engine waits for the next run: the user's cache folder, which is theirs alone.
fn cache_dir() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let own = folder("SCRIPTORIUM_CACHE_DIR");
    let usual = || {
        folder("XDG_CACHE_HOME")
            .or_else(|| Some(folder("HOME")?.join(".cache")))
            .map(|caches| caches.join("scriptorium"))
    };
    own.or_else(usual).filter(|path| path.is_absolute())
}
