//! `scriptorium execution …`: what ran on a server.

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use crate::arguments::{
    ExecutionCancelArgs, ExecutionCommand, ExecutionListArgs, ExecutionReplayArgs,
    ExecutionShowArgs,
};
use crate::exit::Refusal;
use crate::remote::Remote;
use crate::{file, operation, print, script};

pub(crate) async fn run(command: ExecutionCommand) -> anyhow::Result<()> {
    match command {
        ExecutionCommand::List(arguments) => list(arguments).await,
        ExecutionCommand::Show(arguments) => show(arguments).await,
        ExecutionCommand::Cancel(arguments) => cancel(arguments).await,
        ExecutionCommand::Replay(arguments) => replay(arguments).await,
    }
}

async fn list(arguments: ExecutionListArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let script_id = match &arguments.script {
        Some(name) => {
            let script = script::required(&remote, name).await?;
            let id = script["id"]
                .as_str()
                .context("the server's script has no id")?;
            Some(id.to_owned())
        }
        None => None,
    };
    let query = script::given([
        ("script_id", script_id),
        ("status", arguments.status),
        ("trigger", arguments.trigger),
        ("from", arguments.from),
        ("to", arguments.to),
    ]);
    let items = remote
        .list(&["executions"], &query, arguments.limit)
        .await?;
    if arguments.remote.json {
        return Ok(print::json(&Value::Array(items))?);
    }
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    let headings = ["created", "script", "status", "trigger", "duration", "id"];
    Ok(print::table(&headings, &rows)?)
}

fn row(item: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    vec![
        text(&item["created_at"]),
        text(&item["script_name"]),
        text(&item["status"]),
        text(&item["trigger"]),
        duration(&item["metrics"]["duration_ms"]),
        text(&item["id"]),
    ]
}

fn duration(millis: &Value) -> String {
    millis
        .as_f64()
        .map(|millis| format!("{millis} ms"))
        .unwrap_or_default()
}

async fn show(arguments: ExecutionShowArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let id = arguments.execution.as_str();
    let mut execution = remote.get(&["executions", id], &[]).await?;
    let logs = remote.get(&["executions", id, "logs"], &[]).await?;
    if arguments.remote.json {
        execution["logs"] = logs["items"].clone();
        return Ok(print::json(&execution)?);
    }
    for line in logs["items"].as_array().into_iter().flatten() {
        let message = print::visible(line["message"].as_str().unwrap_or_default());
        eprintln!(
            "{:<8} {message}",
            line["level"].as_str().unwrap_or_default()
        );
    }
    let shown = json!({
        "script": execution["script_name"],
        "version": execution["version"],
        "status": execution["status"],
        "trigger": execution["trigger"],
        "input": execution["input"],
        "output": execution["output"],
        "error": execution["error"],
        "progress": execution["progress"],
        "dry_run": execution["dry_run"],
        "effects": execution["effects"],
        "metrics": execution["metrics"],
    });
    Ok(print::json(&shown)?)
}

async fn cancel(arguments: ExecutionCancelArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let json = arguments.remote.json;
    match (&arguments.execution, arguments.many.all) {
        (Some(id), false) => {
            let path = ["executions", id, "cancel"];
            let ended = remote.post(&path, &json!({})).await?;
            told(&ended, "status", json)
        }
        (None, true) => operation::begin(&remote, "cancel", arguments.many, json).await,
        _ => Err(one_or_all()),
    }
}

async fn replay(arguments: ExecutionReplayArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let json = arguments.remote.json;
    match (&arguments.execution, arguments.many.all) {
        (Some(id), false) => {
            let mut body = Map::new();
            if let Some(input) = &arguments.input {
                body.insert("input".into(), file::input(input)?.to_value());
            }
            let version = arguments.script_version;
            body.extend(version.map(|number| ("version".into(), json!(number))));
            body.insert("dry_run".into(), json!(arguments.dry_run));
            let path = ["executions", id, "replay"];
            let started = remote.post(&path, &body.into()).await?;
            told(&started, "id", json)
        }
        (None, true) => operation::begin(&remote, "replay", arguments.many, json).await,
        _ => Err(one_or_all()),
    }
}

fn one_or_all() -> anyhow::Error {
    Refusal::usage("give the id of one execution, or --all").into()
}

fn told(answer: &Value, member: &str, json: bool) -> anyhow::Result<()> {
    if json {
        return Ok(print::json(answer)?);
    }
    let text = answer[member].as_str().unwrap_or_default();
    Ok(print::text(&print::visible(text))?)
}
