//! `scriptorium service …`: the remote services of a tenant. Their secrets are written, and shown once when the
//! server makes them up.

use serde_json::{Value, json};

use crate::arguments::{RemoteArgs, ServiceCommand, ServiceDeleteArgs, ServiceFileArgs};
use crate::exit::Refusal;
use crate::remote::Remote;
use crate::{outgoing, print, secret};

pub(crate) async fn run(command: ServiceCommand) -> anyhow::Result<()> {
    match command {
        ServiceCommand::List(arguments) => list(&arguments.remote).await,
        ServiceCommand::Add(arguments) => add(&arguments).await,
        ServiceCommand::Change(arguments) => change(&arguments).await,
        ServiceCommand::Delete(arguments) => delete(&arguments).await,
    }
}

async fn list(arguments: &RemoteArgs) -> anyhow::Result<()> {
    let mut found = Remote::new(arguments)?.get(&["services"], &[]).await?;
    let items = found["items"].take();
    if arguments.json {
        return Ok(print::json(&items)?);
    }
    let rows = items.as_array().map(Vec::as_slice).unwrap_or_default();
    let rows: Vec<Vec<String>> = rows.iter().map(row).collect();
    let columns = ["name", "url", "methods", "state", "updated"];
    Ok(print::table(&columns, &rows)?)
}

fn row(service: &Value) -> Vec<String> {
    let text = |name: &str| service[name].as_str().unwrap_or_default().to_owned();
    let methods = service["methods"].as_array().map_or(0, Vec::len);
    let state = match service["circuit"]["state"].as_str() {
        Some(state) => format!("held back ({state})"),
        None => "in use".to_owned(),
    };
    vec![
        text("name"),
        text("url"),
        methods.to_string(),
        state,
        text("updated_at"),
    ]
}

async fn add(arguments: &ServiceFileArgs) -> anyhow::Result<()> {
    let manifest = manifest(arguments)?;
    let remote = Remote::new(&arguments.remote)?;
    let made = remote.post(&["services"], &manifest).await?;
    if arguments.remote.json {
        return Ok(print::json(&made)?);
    }
    let name = made["name"].as_str().unwrap_or_default();
    print::text(&format!("{}: registered", print::visible(name)))?;
    if let Some(secret) = made["secret"].as_str() {
        print::text(&format!("secret, shown this once: {secret}"))?;
    }
    Ok(())
}

async fn change(arguments: &ServiceFileArgs) -> anyhow::Result<()> {
    let manifest = manifest(arguments)?;
    let Some(name) = manifest["name"].as_str() else {
        return Err(Refusal::usage("the manifest must have a name").into());
    };
    let remote = Remote::new(&arguments.remote)?;
    let changed = remote.put(&["services", name], &[], &manifest).await?;
    if arguments.remote.json {
        return Ok(print::json(&changed)?);
    }
    Ok(print::text(&format!("{}: changed", print::visible(name)))?)
}

async fn delete(arguments: &ServiceDeleteArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    remote.remove(&["services", &arguments.name], &[]).await?;
    if arguments.remote.json {
        return Ok(print::json(&json!({ "name": arguments.name }))?);
    }
    Ok(print::text(&format!(
        "{}: deleted",
        print::visible(&arguments.name)
    ))?)
}

/// The manifest of a file, with the secret from standard input when there is to be one.
fn manifest(arguments: &ServiceFileArgs) -> anyhow::Result<Value> {
    if arguments.secret && arguments.file.as_os_str() == "-" {
        let message = "the manifest and the secret cannot both come from standard input";
        return Err(Refusal::usage(message).into());
    }
    let mut manifest = outgoing::read(&arguments.file)?;
    if !manifest.is_object() {
        return Err(Refusal::usage("the manifest must be an object").into());
    }
    if arguments.secret {
        manifest["secret"] = secret::read()?.into();
    }
    Ok(manifest)
}
