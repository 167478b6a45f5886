//! `scriptorium notification …`: messages to people that scripts on a server send.

use serde_json::{Value, json};

use crate::arguments::{
    NotificationCommand, NotificationListArgs, NotificationModeArgs, NotificationOneArgs,
};
use crate::remote::Remote;
use crate::{print, script};

const NOTIFICATIONS: &str = "notifications";

pub(crate) async fn run(command: NotificationCommand) -> anyhow::Result<()> {
    match command {
        NotificationCommand::List(arguments) => list(arguments).await,
        NotificationCommand::Show(arguments) => show(&arguments).await,
        NotificationCommand::Retry(arguments) => change(&arguments, "retry").await,
        NotificationCommand::Discard(arguments) => change(&arguments, "discard").await,
        NotificationCommand::Mode(arguments) => mode(&arguments).await,
    }
}

async fn list(arguments: NotificationListArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let script_id = match &arguments.script {
        Some(name) => {
            let script = script::required(&remote, name).await?;
            script["id"].as_str().map(str::to_owned)
        }
        None => None,
    };
    let query = script::given([
        ("status", arguments.status),
        ("channel", arguments.channel),
        ("script_id", script_id),
        ("execution_id", arguments.execution),
        ("from", arguments.from),
        ("to", arguments.to),
    ]);
    let items = remote.list(&[NOTIFICATIONS], &query, arguments.limit);
    let items = items.await?;
    if arguments.remote.json {
        return Ok(print::json(&Value::Array(items))?);
    }
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    let headings = [
        "created",
        "channel",
        "status",
        "recipient",
        "script",
        "attempts",
        "error",
        "id",
    ];
    Ok(print::table(&headings, &rows)?)
}

fn row(item: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    vec![
        text(&item["created_at"]),
        text(&item["channel"]),
        text(&item["status"]),
        text(&item["recipient"]),
        text(&item["script_name"]),
        item["attempts"].to_string(),
        text(&item["error"]["code"]),
        text(&item["id"]),
    ]
}

async fn show(arguments: &NotificationOneArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let path = [NOTIFICATIONS, &arguments.notification];
    Ok(print::json(&remote.get(&path, &[]).await?)?)
}

async fn change(arguments: &NotificationOneArgs, what: &str) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let path = [NOTIFICATIONS, &arguments.notification, what];
    let changed = remote.post(&path, &json!({})).await?;
    if arguments.remote.json {
        return Ok(print::json(&changed)?);
    }
    let status = changed["status"].as_str().unwrap_or_default();
    Ok(print::text(&print::visible(status))?)
}

async fn mode(arguments: &NotificationModeArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let path = ["notification-mode"];
    let found = match &arguments.mode {
        Some(mode) => remote.put(&path, &[], &json!({ "mode": mode })).await?,
        None => remote.get(&path, &[]).await?,
    };
    if arguments.remote.json {
        return Ok(print::json(&found)?);
    }
    let mode = found["mode"].as_str().unwrap_or_default();
    let text = format!("{mode}; {} of {} today", found["today"], found["per_day"]);
    Ok(print::text(&print::visible(&text))?)
}
