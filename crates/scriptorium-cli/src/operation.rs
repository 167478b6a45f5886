//! `scriptorium operation …`, and beginning one: stopping or repeating many executions on a server.

use serde_json::{Map, Value, json};

use crate::arguments::{ManyArgs, OperationCommand, OperationListArgs, OperationOneArgs};
use crate::remote::Remote;
use crate::{print, script};

const OPERATIONS: &str = "operations";

pub(crate) async fn run(command: OperationCommand) -> anyhow::Result<()> {
    match command {
        OperationCommand::List(arguments) => list(arguments).await,
        OperationCommand::Show(arguments) => show(&arguments).await,
        OperationCommand::Cancel(arguments) => cancel(&arguments).await,
    }
}

/// Begins an operation on all that match, or says how many do.
pub(crate) async fn begin(
    remote: &Remote,
    kind: &str,
    many: ManyArgs,
    json: bool,
) -> anyhow::Result<()> {
    let mut body = Map::new();
    body.insert("kind".into(), json!(kind));
    if let Some(name) = &many.script {
        let script = script::required(remote, name).await?;
        body.insert("script_id".into(), script["id"].clone());
    }
    let parts = script::given([
        ("status", many.status),
        ("trigger", many.trigger),
        ("from", many.from),
        ("to", many.to),
    ]);
    body.extend(
        parts
            .into_iter()
            .map(|(name, text)| (name.to_owned(), json!(text))),
    );
    body.insert("limit".into(), json!(many.limit));
    body.insert("per_minute".into(), json!(many.per_minute));
    body.insert("preview".into(), json!(many.preview));
    let answer = remote.post(&[OPERATIONS], &Value::Object(body)).await?;
    if json {
        return Ok(print::json(&answer)?);
    }
    let text = match (answer["matched"].as_u64(), answer["more"] == true) {
        (Some(matched), true) => format!("more than {matched} match"),
        (Some(matched), false) => format!("{matched} match"),
        (None, _) => format!(
            "operation {}: {}",
            answer["id"].as_str().unwrap_or_default(),
            told(&answer)
        ),
    };
    Ok(print::text(&print::visible(&text))?)
}

/// `running, 12 of 347, 1 failed`.
fn told(operation: &Value) -> String {
    let number = |name: &str| operation[name].as_u64().unwrap_or_default();
    let seen = number("done") + number("failed");
    let state = operation["state"].as_str().unwrap_or_default();
    let mut text = format!("{state}, {seen} of {}", number("total"));
    if number("failed") > 0 {
        text.push_str(&format!(", {} failed", number("failed")));
    }
    text
}

async fn list(arguments: OperationListArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let items = remote.list(&[OPERATIONS], &[], arguments.limit).await?;
    if arguments.remote.json {
        return Ok(print::json(&Value::Array(items))?);
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let row = |item: &Value| {
        vec![
            text(&item["created_at"]),
            text(&item["kind"]),
            told(item),
            text(&item["id"]),
        ]
    };
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    Ok(print::table(&["created", "kind", "state", "id"], &rows)?)
}

async fn show(arguments: &OperationOneArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let path = [OPERATIONS, &arguments.operation];
    Ok(print::json(&remote.get(&path, &[]).await?)?)
}

async fn cancel(arguments: &OperationOneArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let path = [OPERATIONS, &arguments.operation, "cancel"];
    let operation = remote.post(&path, &json!({})).await?;
    if arguments.remote.json {
        return Ok(print::json(&operation)?);
    }
    Ok(print::text(&print::visible(&told(&operation)))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_reads_as_a_line() {
        let one = json!({"state": "running", "done": 11, "failed": 1, "total": 347});
        assert_eq!(told(&one), "running, 12 of 347, 1 failed");
        let all = json!({"state": "done", "done": 2, "failed": 0, "total": 2});
        assert_eq!(told(&all), "done, 2 of 2");
    }
}
