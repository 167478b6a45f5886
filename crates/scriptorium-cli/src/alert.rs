//! `scriptorium alert …`: what somebody should look at on a server.

use serde_json::{Value, json};

use crate::arguments::{AlertCommand, AlertListArgs, AlertOneArgs};
use crate::remote::Remote;
use crate::{print, script};

const ALERTS: &str = "alerts";

pub(crate) async fn run(command: AlertCommand) -> anyhow::Result<()> {
    match command {
        AlertCommand::List(arguments) => list(arguments).await,
        AlertCommand::Acknowledge(arguments) => acknowledge(&arguments).await,
    }
}

async fn list(arguments: AlertListArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let open = (!arguments.all).then(|| "false".to_owned());
    let query = script::given([("acknowledged", open), ("kind", arguments.kind)]);
    let items = remote.list(&[ALERTS], &query, arguments.limit).await?;
    if arguments.remote.json {
        return Ok(print::json(&Value::Array(items))?);
    }
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    let headings = ["last", "kind", "script", "count", "message", "id"];
    Ok(print::table(&headings, &rows)?)
}

fn row(item: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    vec![
        text(&item["last_at"]),
        text(&item["kind"]),
        text(&item["script_name"]),
        item["count"].to_string(),
        text(&item["message"]),
        text(&item["id"]),
    ]
}

async fn acknowledge(arguments: &AlertOneArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let path = [ALERTS, &arguments.alert, "acknowledge"];
    let alert = remote.post(&path, &json!({})).await?;
    if arguments.remote.json {
        return Ok(print::json(&alert)?);
    }
    Ok(print::text("acknowledged")?)
}
