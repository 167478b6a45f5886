//! `scriptorium subscription …`: suspending the subscription of an event script, and what is parked meanwhile.

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::arguments::{
    SubscriptionArgs, SubscriptionCommand, SubscriptionDiscardArgs, SubscriptionParkedArgs,
    SubscriptionResumeArgs, SubscriptionSuspendArgs,
};
use crate::remote::Remote;
use crate::{print, script};

pub(crate) async fn run(command: SubscriptionCommand) -> anyhow::Result<()> {
    match command {
        SubscriptionCommand::Show(arguments) => show(&arguments).await,
        SubscriptionCommand::Suspend(arguments) => suspend(&arguments).await,
        SubscriptionCommand::Resume(arguments) => resume(&arguments).await,
        SubscriptionCommand::Parked(arguments) => parked(&arguments).await,
        SubscriptionCommand::Discard(arguments) => discard(&arguments).await,
    }
}

/// The server, and the id of the script.
async fn place(arguments: &SubscriptionArgs) -> anyhow::Result<(Remote, String)> {
    let remote = Remote::new(&arguments.remote)?;
    let script = script::required(&remote, &arguments.script).await?;
    let id = script["id"].as_str();
    let id = id.context("the server's script has no id")?.to_owned();
    Ok((remote, id))
}

async fn show(arguments: &SubscriptionArgs) -> anyhow::Result<()> {
    let (remote, id) = place(arguments).await?;
    let found = remote.get(&["scripts", &id, "subscription"], &[]).await?;
    tell(arguments, &found)
}

async fn suspend(arguments: &SubscriptionSuspendArgs) -> anyhow::Result<()> {
    let body = json!({ "reason": arguments.reason });
    switch(&arguments.of, "suspend", &body).await
}

async fn resume(arguments: &SubscriptionResumeArgs) -> anyhow::Result<()> {
    let body = json!({ "per_minute": arguments.per_minute });
    switch(&arguments.of, "resume", &body).await
}

async fn switch(arguments: &SubscriptionArgs, to: &str, body: &Value) -> anyhow::Result<()> {
    let (remote, id) = place(arguments).await?;
    let path = ["scripts", &id, "subscription", to];
    let found = remote.post(&path, body).await?;
    tell(arguments, &found)
}

fn tell(arguments: &SubscriptionArgs, found: &Value) -> anyhow::Result<()> {
    if arguments.remote.json {
        return Ok(print::json(found)?);
    }
    let state = found["state"].as_str().unwrap_or_default();
    let text = match found["since"].as_str() {
        None => state.to_owned(),
        Some(since) => format!("{state} (since {since}); parked: {}", found["parked"]),
    };
    let reason = found["reason"].as_str();
    let reason = reason.map_or_else(String::new, |reason| format!("; {reason}"));
    Ok(print::text(&print::visible(&format!("{text}{reason}")))?)
}

async fn parked(arguments: &SubscriptionParkedArgs) -> anyhow::Result<()> {
    let (remote, id) = place(&arguments.of).await?;
    let path = ["scripts", &id, "subscription", "parked"];
    let items = remote.list(&path, &[], arguments.limit).await?;
    if arguments.of.remote.json {
        return Ok(print::json(&Value::Array(items))?);
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let row = |item: &Value| {
        vec![
            text(&item["parked_at"]),
            text(&item["type"]),
            text(&item["event_id"]),
        ]
    };
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    Ok(print::table(&["parked", "type", "event"], &rows)?)
}

async fn discard(arguments: &SubscriptionDiscardArgs) -> anyhow::Result<()> {
    let (remote, id) = place(&arguments.of).await?;
    let path = ["scripts", &id, "subscription", "discard"];
    let body = json!({ "reason": arguments.reason, "event_id": arguments.event });
    let answer = remote.post(&path, &body).await?;
    if arguments.of.remote.json {
        return Ok(print::json(&answer)?);
    }
    Ok(print::text(&format!("{} discarded", answer["discarded"]))?)
}
