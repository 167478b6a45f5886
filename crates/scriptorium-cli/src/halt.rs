//! `scriptorium halt …`: what keeps executions on a server from beginning.

use serde_json::{Value, json};

use crate::arguments::{HaltCommand, HaltLiftArgs, HaltPutArgs, RemoteArgs, WhichHaltArgs};
use crate::print;
use crate::remote::Remote;

pub(crate) async fn run(command: HaltCommand) -> anyhow::Result<()> {
    match command {
        HaltCommand::List(arguments) => list(&arguments.remote).await,
        HaltCommand::Put(arguments) => put(&arguments).await,
        HaltCommand::Lift(arguments) => lift(&arguments).await,
    }
}

async fn list(arguments: &RemoteArgs) -> anyhow::Result<()> {
    let halts = Remote::new(arguments)?.get(&["halts"], &[]).await?;
    if arguments.json {
        return Ok(print::json(&halts["items"])?);
    }
    let columns = ["scope", "trigger", "since", "reason", "tenant_id"];
    let row = |halt: &Value| {
        let text = |name: &&str| halt[*name].as_str().unwrap_or_default().to_owned();
        columns.iter().map(text).collect()
    };
    let items = halts["items"].as_array();
    let rows: Vec<Vec<String>> = items.into_iter().flatten().map(row).collect();
    Ok(print::table(&columns, &rows)?)
}

async fn put(arguments: &HaltPutArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let (path, query) = path(&arguments.which);
    let body = json!({ "reason": arguments.reason, "stop_running": arguments.stop_running });
    let halt = remote.put(&path, &query, &body).await?;
    if arguments.remote.json {
        return Ok(print::json(&halt)?);
    }
    Ok(print::text("halted")?)
}

async fn lift(arguments: &HaltLiftArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let (path, query) = path(&arguments.which);
    remote.remove(&path, &query).await?;
    Ok(print::text("lifted")?)
}

/// Where the halt is in the API.
fn path(which: &WhichHaltArgs) -> ([&str; 3], Vec<(&'static str, String)>) {
    let scope = match (which.platform, &which.tenant) {
        (true, _) => "platform",
        (false, Some(_)) => "operator",
        (false, None) => "tenant",
    };
    let query = which.tenant.clone().map(|slug| ("tenant", slug));
    (
        ["halts", scope, &which.trigger],
        query.into_iter().collect(),
    )
}
