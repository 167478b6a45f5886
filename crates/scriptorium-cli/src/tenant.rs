//! `scriptorium tenant …`: the tenants of a server, for who may manage them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::arguments::{
    RemoteArgs, TenantCommand, TenantCreateArgs, TenantDeleteArgs, TenantModeArgs,
};
use crate::exit::Refusal;
use crate::print;
use crate::remote::Remote;

/// A tenant with a long history is deleted a little at a time.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

pub(crate) async fn run(command: TenantCommand) -> anyhow::Result<()> {
    match command {
        TenantCommand::List(arguments) => list(&arguments.remote).await,
        TenantCommand::Create(arguments) => create(arguments).await,
        TenantCommand::Mode(arguments) => mode(&arguments).await,
        TenantCommand::Delete(arguments) => delete(&arguments).await,
    }
}

async fn list(arguments: &RemoteArgs) -> anyhow::Result<()> {
    let items = tenants(&Remote::new(arguments)?).await?;
    if arguments.json {
        return Ok(print::json(&Value::Array(items))?);
    }
    let row = |tenant: &Value| {
        ["slug", "name", "id"]
            .map(|name| text(tenant, name))
            .to_vec()
    };
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    Ok(print::table(&["slug", "name", "id"], &rows)?)
}

async fn create(arguments: TenantCreateArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let name = arguments.name.as_ref().unwrap_or(&arguments.slug);
    let wanted = json!({"slug": arguments.slug, "name": name});
    let tenant = remote.post(&["tenants"], &wanted).await?;
    if arguments.remote.json {
        return Ok(print::json(&tenant)?);
    }
    Ok(print::text(&print::visible(&text(&tenant, "id")))?)
}

async fn delete(arguments: &TenantDeleteArgs) -> anyhow::Result<()> {
    let slug = &arguments.slug;
    if arguments.confirm != *slug {
        let message = format!("--confirm must repeat the slug, {slug}");
        return Err(Refusal::usage(message).into());
    }
    let remote = Remote::patient(&arguments.remote, PATIENCE)?;
    let found = &find(&remote, slug).await?;
    let id = text(found, "id");
    remote
        .delete(&["tenants", &id], &json!({"slug": slug}))
        .await?;
    if arguments.remote.json {
        return Ok(print::json(found)?);
    }
    Ok(print::text(&format!(
        "{slug}: deleted; its audit trail stays"
    ))?)
}

async fn mode(arguments: &TenantModeArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let id = text(&find(&remote, &arguments.slug).await?, "id");
    let path = ["tenants", id.as_str(), "mode"];
    let mode = match arguments.read_only {
        Some(read_only) => {
            remote
                .put(&path, &[], &json!({ "read_only": read_only }))
                .await?
        }
        None => remote.get(&path, &[]).await?,
    };
    if arguments.remote.json {
        return Ok(print::json(&mode)?);
    }
    let may = match mode["read_only"].as_bool() {
        Some(true) => "read business tables",
        _ => "read and change business tables",
    };
    Ok(print::text(&format!(
        "{}: scripts may {may}",
        arguments.slug
    ))?)
}

async fn find(remote: &Remote, slug: &str) -> anyhow::Result<Value> {
    let all = tenants(remote).await?;
    let found = all.into_iter().find(|tenant| tenant["slug"] == *slug);
    Ok(found.ok_or_else(|| Refusal::failed(format!("there is no tenant {slug}")))?)
}

/// Every tenant; the server gives all of them at once.
async fn tenants(remote: &Remote) -> anyhow::Result<Vec<Value>> {
    let mut found = remote.get(&["tenants"], &[]).await?;
    match found["items"].take() {
        Value::Array(items) => Ok(items),
        _ => anyhow::bail!("the server's list has no items"),
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}
