//! `scriptorium token …`: API tokens on a server.

use serde_json::{Value, json};

use crate::arguments::{TokenCommand, TokenCreateArgs};
use crate::print;
use crate::remote::Remote;

pub(crate) async fn run(command: TokenCommand) -> anyhow::Result<()> {
    match command {
        TokenCommand::Create(arguments) => create(arguments).await,
    }
}

async fn create(arguments: TokenCreateArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let mut wanted = json!({
        "name": arguments.name,
        "permissions": arguments.permissions,
    });
    if let Some(tenant) = &arguments.tenant {
        wanted["tenant"] = json!(tenant);
    }
    if let Some(instant) = &arguments.expires_at {
        wanted["expires_at"] = json!(instant);
    }
    let token = remote.post(&["tokens"], &wanted).await?;
    if arguments.remote.json {
        return Ok(print::json(&token)?);
    }
    let text = |name: &str| token[name].as_str().unwrap_or_default().to_owned();
    eprintln!("token {} is shown this once:", text("id"));
    match token.get("secret").and_then(Value::as_str) {
        Some(secret) => Ok(print::text(secret)?),
        None => anyhow::bail!("the server gave no secret"),
    }
}
