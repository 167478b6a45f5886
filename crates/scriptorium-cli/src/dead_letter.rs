//! `scriptorium dead-letter …`: events that scripts on a server could not deal with.

use serde_json::{Map, Value, json};

use crate::arguments::{
    DeadLetterCommand, DeadLetterFilterArgs, DeadLetterListArgs, DeadLetterOneArgs,
    DeadLetterRetryArgs,
};
use crate::exit::Refusal;
use crate::remote::Remote;
use crate::{print, script};

const LETTERS: &str = "dead-letters";

pub(crate) async fn run(command: DeadLetterCommand) -> anyhow::Result<()> {
    match command {
        DeadLetterCommand::List(arguments) => list(arguments).await,
        DeadLetterCommand::Show(arguments) => show(&arguments).await,
        DeadLetterCommand::Retry(arguments) => retry(arguments).await,
        DeadLetterCommand::Discard(arguments) => discard(&arguments).await,
    }
}

async fn list(arguments: DeadLetterListArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let mut query = filter(&remote, arguments.filter).await?;
    query.extend(script::given([("status", arguments.status)]));
    let items = remote.list(&[LETTERS], &query, arguments.limit).await?;
    if arguments.remote.json {
        return Ok(print::json(&Value::Array(items))?);
    }
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    let headings = [
        "failed", "script", "type", "status", "attempts", "error", "id",
    ];
    Ok(print::table(&headings, &rows)?)
}

fn row(item: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    vec![
        text(&item["failed_at"]),
        text(&item["script_name"]),
        text(&item["type"]),
        text(&item["status"]),
        item["attempts"].to_string(),
        text(&item["error"]["code"]),
        text(&item["id"]),
    ]
}

async fn show(arguments: &DeadLetterOneArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let letter = remote.get(&[LETTERS, &arguments.dead_letter], &[]).await?;
    Ok(print::json(&letter)?)
}

async fn retry(arguments: DeadLetterRetryArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let answer = match (&arguments.dead_letter, arguments.all) {
        (Some(id), false) => {
            let mut body = Map::new();
            if let Some(payload) = &arguments.payload {
                body.insert("payload".into(), payload.clone());
            }
            remote.post(&[LETTERS, id, "retry"], &body.into()).await?
        }
        (None, true) => {
            let wanted = filter(&remote, arguments.filter).await?;
            let mut body: Map<String, Value> = wanted
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.into()))
                .collect();
            body.insert("limit".into(), arguments.limit.into());
            body.insert("per_minute".into(), arguments.per_minute.into());
            body.insert("dry_run".into(), arguments.dry_run.into());
            remote.post(&[LETTERS, "retry"], &body.into()).await?
        }
        _ => return Err(Refusal::usage("give the id of one dead letter, or --all").into()),
    };
    if arguments.remote.json {
        return Ok(print::json(&answer)?);
    }
    let text = match answer["matched"].as_u64() {
        Some(matched) => format!("{} of {matched} run again", answer["retried"]),
        None => answer["id"].as_str().unwrap_or_default().to_owned(),
    };
    Ok(print::text(&print::visible(&text))?)
}

async fn discard(arguments: &DeadLetterOneArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let path = [LETTERS, &arguments.dead_letter, "discard"];
    let letter = remote.post(&path, &json!({})).await?;
    if arguments.remote.json {
        return Ok(print::json(&letter)?);
    }
    Ok(print::text("discarded")?)
}

/// The filter as the API has it; the script by its name or id.
async fn filter(
    remote: &Remote,
    filter: DeadLetterFilterArgs,
) -> anyhow::Result<Vec<(&'static str, String)>> {
    let script_id = match &filter.script {
        Some(name) => {
            let script = script::required(remote, name).await?;
            script["id"].as_str().map(str::to_owned)
        }
        None => None,
    };
    Ok(script::given([
        ("script_id", script_id),
        ("type", filter.event_type),
        ("from", filter.from),
        ("to", filter.to),
    ]))
}
