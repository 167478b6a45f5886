//! `scriptorium signing-secret …`: what an endpoint accepts signatures of.

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::arguments::{
    SigningSecretAddArgs, SigningSecretArgs, SigningSecretCommand, SigningSecretRemoveArgs,
};
use crate::remote::Remote;
use crate::{print, script, secret};

const SECRETS: &str = "signing-secrets";

pub(crate) async fn run(command: SigningSecretCommand) -> anyhow::Result<()> {
    match command {
        SigningSecretCommand::List(arguments) => list(&arguments).await,
        SigningSecretCommand::Add(arguments) => add(&arguments).await,
        SigningSecretCommand::Remove(arguments) => remove(&arguments).await,
    }
}

/// The server, and the id of the script.
async fn place(arguments: &SigningSecretArgs) -> anyhow::Result<(Remote, String)> {
    let remote = Remote::new(&arguments.remote)?;
    let script = script::required(&remote, &arguments.script).await?;
    let id = script["id"].as_str();
    let id = id.context("the server's script has no id")?.to_owned();
    Ok((remote, id))
}

async fn list(arguments: &SigningSecretArgs) -> anyhow::Result<()> {
    let (remote, id) = place(arguments).await?;
    let mut found = remote.get(&["scripts", &id, SECRETS], &[]).await?;
    let items = found["items"].take();
    if arguments.remote.json {
        return Ok(print::json(&items)?);
    }
    let rows = items.as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |secret: &Value, name: &str| secret[name].as_str().unwrap_or_default().to_owned();
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|secret| vec![text(secret, "id"), text(secret, "created_at")])
        .collect();
    Ok(print::table(&["id", "created"], &rows)?)
}

async fn add(arguments: &SigningSecretAddArgs) -> anyhow::Result<()> {
    let body = if arguments.value {
        json!({ "secret": secret::read()? })
    } else {
        json!({})
    };
    let (remote, id) = place(&arguments.of).await?;
    let made = remote.post(&["scripts", &id, SECRETS], &body).await?;
    if arguments.of.remote.json {
        return Ok(print::json(&made)?);
    }
    let id = made["id"].as_str().unwrap_or_default();
    let told = format!("{}: added", print::visible(id));
    Ok(print::text(&match made["secret"].as_str() {
        Some(text) => format!(
            "{told}\n{}\nIt is not shown again: give it to whoever signs.",
            print::visible(text)
        ),
        None => told,
    })?)
}

async fn remove(arguments: &SigningSecretRemoveArgs) -> anyhow::Result<()> {
    let (remote, id) = place(&arguments.of).await?;
    let path = ["scripts", &id, SECRETS, &arguments.secret];
    remote.remove(&path, &[]).await?;
    if arguments.of.remote.json {
        return Ok(print::json(&json!({ "id": arguments.secret }))?);
    }
    Ok(print::text(&format!(
        "{}: removed",
        print::visible(&arguments.secret)
    ))?)
}
