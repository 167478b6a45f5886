//! `scriptorium execution …`: what ran on a server.

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::arguments::{ExecutionCommand, ExecutionListArgs, ExecutionShowArgs};
use crate::remote::Remote;
use crate::{print, script};

pub(crate) async fn run(command: ExecutionCommand) -> anyhow::Result<()> {
    match command {
        ExecutionCommand::List(arguments) => list(arguments).await,
        ExecutionCommand::Show(arguments) => show(arguments).await,
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
        "metrics": execution["metrics"],
    });
    Ok(print::json(&shown)?)
}
