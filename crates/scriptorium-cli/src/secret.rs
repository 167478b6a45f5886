//! `scriptorium secret …`: the secrets of a tenant, of which the names can be read and the values
//! only written.

use std::io::Read;

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use crate::arguments::{RemoteArgs, SecretCommand, SecretDeleteArgs, SecretSetArgs};
use crate::exit::Refusal;
use crate::print;
use crate::remote::Remote;

/// No value is as large.
const LARGEST: u64 = 64 << 10;

pub(crate) async fn run(command: SecretCommand) -> anyhow::Result<()> {
    match command {
        SecretCommand::List(arguments) => list(&arguments.remote).await,
        SecretCommand::Set(arguments) => set(&arguments).await,
        SecretCommand::Delete(arguments) => delete(&arguments).await,
    }
}

async fn list(arguments: &RemoteArgs) -> anyhow::Result<()> {
    let mut found = Remote::new(arguments)?.get(&["secrets"], &[]).await?;
    let items = found["items"].take();
    if arguments.json {
        return Ok(print::json(&items)?);
    }
    let rows = items.as_array().map(Vec::as_slice).unwrap_or_default();
    let rows: Vec<Vec<String>> = rows.iter().map(row).collect();
    let columns = ["name", "scripts", "test value", "updated"];
    Ok(print::table(&columns, &rows)?)
}

fn row(secret: &Value) -> Vec<String> {
    let text = |name: &str| secret[name].as_str().unwrap_or_default().to_owned();
    let scripts = match secret["scripts"].as_array() {
        Some(scripts) => scripts.len().to_string(),
        None => "all".to_owned(),
    };
    let test = if secret["has_test_value"] == true {
        "yes"
    } else {
        "no"
    };
    vec![text("name"), scripts, test.to_owned(), text("updated_at")]
}

async fn set(arguments: &SecretSetArgs) -> anyhow::Result<()> {
    let mut body = Map::new();
    if arguments.no_test {
        body.insert("test_value".into(), Value::Null);
    } else if arguments.value {
        let member = if arguments.test {
            "test_value"
        } else {
            "value"
        };
        body.insert(member.into(), read()?.into());
    }
    if let Some(seconds) = arguments.keep_previous {
        body.insert("keep_previous_seconds".into(), seconds.into());
    }
    if arguments.all_scripts {
        body.insert("scripts".into(), Value::Null);
    } else if !arguments.script.is_empty() {
        body.insert("scripts".into(), json!(arguments.script));
    }
    if body.is_empty() {
        let message = "nothing to change: give --value, --script, --all-scripts or --no-test";
        return Err(Refusal::usage(message).into());
    }
    let remote = Remote::new(&arguments.remote)?;
    let path = ["secrets", arguments.name.as_str()];
    let secret = remote.put(&path, &[], &Value::Object(body)).await?;
    if arguments.remote.json {
        return Ok(print::json(&secret)?);
    }
    Ok(print::text(&format!(
        "{}: written",
        print::visible(&arguments.name)
    ))?)
}

async fn delete(arguments: &SecretDeleteArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    remote.remove(&["secrets", &arguments.name], &[]).await?;
    if arguments.remote.json {
        return Ok(print::json(&json!({ "name": arguments.name }))?);
    }
    Ok(print::text(&format!(
        "{}: deleted",
        print::visible(&arguments.name)
    ))?)
}

/// The value from standard input: arguments are seen by others on the machine. The line's end is not
/// part of it.
pub(crate) fn read() -> anyhow::Result<String> {
    let mut text = String::new();
    let input = std::io::stdin().take(LARGEST);
    let mut input = std::io::BufReader::new(input);
    input
        .read_to_string(&mut text)
        .context("the value must be UTF-8 text")?;
    let value = text.strip_suffix('\n').unwrap_or(&text);
    Ok(value.strip_suffix('\r').unwrap_or(value).to_owned())
}
