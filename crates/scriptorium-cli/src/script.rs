//! `scriptorium script …`: scripts on a server.

use std::path::Path;

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use crate::arguments::{
    ScriptCommand, ScriptCompatibilityArgs, ScriptKind, ScriptListArgs, ScriptPushArgs,
    ScriptShowArgs,
};
use crate::exit::Refusal;
use crate::remote::Remote;
use crate::{file, follow, manifest, print};

pub(crate) async fn run(command: ScriptCommand) -> anyhow::Result<()> {
    match command {
        ScriptCommand::List(arguments) => list(arguments).await,
        ScriptCommand::Show(arguments) => show(arguments).await,
        ScriptCommand::Push(arguments) => push(arguments).await,
        ScriptCommand::Run(arguments) => follow::run(arguments).await,
        ScriptCommand::Compatibility(arguments) => compatibility(arguments).await,
    }
}

async fn list(arguments: ScriptListArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let wanted = [
        ("q", arguments.q),
        ("type", arguments.kind.map(|kind| kind.name().to_owned())),
        ("status", arguments.status),
        ("tag", arguments.tag),
    ];
    let query = given(wanted);
    let items = remote.list(&["scripts"], &query, arguments.limit).await?;
    if arguments.remote.json {
        return Ok(print::json(&Value::Array(items))?);
    }
    let cell = |item: &Value, name: &str| match &item[name] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let columns = ["name", "type", "status", "version", "updated_at", "id"];
    let row = |item: &Value| columns.iter().map(|name| cell(item, name)).collect();
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    Ok(print::table(
        &["name", "type", "status", "version", "updated", "id"],
        &rows,
    )?)
}

async fn compatibility(arguments: ScriptCompatibilityArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let items = remote.list(&["compatibility"], &[], arguments.limit);
    let items = items.await?;
    if arguments.remote.json {
        return Ok(print::json(&Value::Array(items))?);
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let joined = |value: &Value, shown: &dyn Fn(&Value) -> String| {
        let values = value.as_array().into_iter().flatten();
        values.map(shown).collect::<Vec<_>>().join(", ")
    };
    let used = |one: &Value| {
        let gone = if one["gone"] == true { " (gone)" } else { "" };
        let (line, column) = (&one["line"], &one["column"]);
        format!("{}{gone} {line}:{column}", text(&one["function"]))
    };
    let row = |item: &Value| {
        vec![
            text(&item["name"]),
            text(&item["status"]),
            text(&item["compatibility"]),
            joined(&item["changes"], &text),
            joined(&item["deprecated"], &used),
        ]
    };
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    let headings = ["name", "status", "date", "would change", "deprecated"];
    Ok(print::table(&headings, &rows)?)
}

async fn show(arguments: ScriptShowArgs) -> anyhow::Result<()> {
    let remote = Remote::new(&arguments.remote)?;
    let script = required(&remote, &arguments.script).await?;
    if arguments.remote.json {
        return Ok(print::json(&script)?);
    }
    let Value::Object(mut settings) = script else {
        anyhow::bail!("the server's script is no object");
    };
    let source = settings.remove("source");
    let mut text = String::new();
    for (name, value) in settings.iter().filter(|(_, value)| !value.is_null()) {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), print::visible);
        text.push_str(&format!("{name}: {value}\n"));
    }
    let source = source.as_ref().and_then(Value::as_str).unwrap_or_default();
    Ok(print::text(&format!("{text}\n{}", print::visible(source)))?)
}

async fn push(arguments: ScriptPushArgs) -> anyhow::Result<()> {
    let script = file::script(&arguments.file)?;
    let mut settings = manifest::settings_of(&arguments.file)?;
    overlay(&mut settings, &arguments);
    settings.insert("source".to_owned(), json!(script.source));
    settings.insert("language".to_owned(), json!(script.language.as_str()));
    let remote = Remote::new(&arguments.remote)?;
    let name = settings["name"].as_str().unwrap_or_default().to_owned();
    let message = arguments.message.as_deref();
    let (mut stored, word) = save(&remote, &name, settings, message).await?;
    let id = stored["id"]
        .as_str()
        .context("the server's script has no id")?
        .to_owned();
    if arguments.activate && stored["status"] != "active" {
        stored = remote
            .post(&["scripts", &id, "activate"], &json!({}))
            .await?;
    }
    if arguments.remote.json {
        return Ok(print::json(&stored)?);
    }
    let (version, status) = (&stored["version"], &stored["status"]);
    let status = status.as_str().unwrap_or_default();
    Ok(print::text(&format!(
        "{word} {name}: version {version}, {status}, id {id}"
    ))?)
}

/// Creates the script, or updates the one of this name. The same file again makes no version.
async fn save(
    remote: &Remote,
    name: &str,
    mut settings: Map<String, Value>,
    message: Option<&str>,
) -> anyhow::Result<(Value, &'static str)> {
    let present = by_name(remote, name).await?;
    if let Some(present) = &present {
        // The type of a script never changes, so the same one need not be sent.
        if settings.get("type") == present.get("type") {
            settings.remove("type");
        }
        if is_part_of(&Value::Object(settings.clone()), present) {
            return Ok((present.clone(), "unchanged"));
        }
        settings.insert("base_version".to_owned(), present["version"].clone());
    }
    if let Some(message) = message {
        settings.insert("change_description".to_owned(), json!(message));
    }
    let settings = Value::Object(settings);
    let Some(present) = present else {
        return Ok((remote.post(&["scripts"], &settings).await?, "created"));
    };
    let id = present["id"]
        .as_str()
        .context("the server's script has no id")?;
    let updated = remote.patch(&["scripts", id], &settings).await?;
    Ok((updated, "updated"))
}

/// Whether every member of `part` has the same value in `whole`.
fn is_part_of(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => part.iter().all(|(name, value)| {
            let other = whole.get(name);
            other.is_some_and(|other| is_part_of(value, other))
        }),
        _ => part == whole,
    }
}

/// Flags win over the manifest.
fn overlay(settings: &mut Map<String, Value>, arguments: &ScriptPushArgs) {
    let name = arguments.name.clone().or_else(|| stem(&arguments.file));
    if arguments.name.is_some() || !settings.contains_key("name") {
        settings.insert("name".to_owned(), json!(name));
    }
    if arguments.kind.is_some() || !settings.contains_key("type") {
        let kind = arguments.kind.unwrap_or(ScriptKind::Oneoff);
        settings.insert("type".to_owned(), json!(kind.name()));
    }
    let mut part = |group: &str, name: &str, value: Option<Value>| {
        let Some(value) = value else { return };
        let group = settings.entry(group).or_insert_with(|| json!({}));
        if let Value::Object(group) = group {
            group.insert(name.to_owned(), value);
        }
    };
    let many = |values: &[String]| (!values.is_empty()).then(|| json!(values));
    part(
        "schedule",
        "cron",
        arguments.cron.as_ref().map(|cron| json!(cron)),
    );
    part(
        "schedule",
        "timezone",
        arguments.timezone.as_ref().map(|zone| json!(zone)),
    );
    part(
        "http",
        "path",
        arguments.path.as_ref().map(|path| json!(path)),
    );
    part("http", "methods", many(&arguments.methods));
    part("event", "types", many(&arguments.events));
}

fn stem(file: &Path) -> Option<String> {
    Some(file.file_stem()?.to_str()?.to_owned())
}

/// The script of a name or an id.
pub(crate) async fn required(remote: &Remote, script: &str) -> anyhow::Result<Value> {
    if script.parse::<scriptorium::model::Uuid>().is_ok() {
        return remote.get(&["scripts", script], &[]).await;
    }
    by_name(remote, script)
        .await?
        .ok_or_else(|| Refusal::failed(format!("there is no script {script}")).into())
}

/// The list searches for words, and a moment late, so the exact name is picked here; the detail has
/// the source.
async fn by_name(remote: &Remote, name: &str) -> anyhow::Result<Option<Value>> {
    let found = remote.list(&["scripts"], &[], usize::MAX).await?;
    let script = found.iter().find(|script| script["name"] == name);
    match script.and_then(|script| script["id"].as_str()) {
        Some(id) => Ok(Some(remote.get(&["scripts", id], &[]).await?)),
        None => Ok(None),
    }
}

/// The query parameters that were given.
pub(crate) fn given<const N: usize>(
    wanted: [(&'static str, Option<String>); N],
) -> Vec<(&'static str, String)> {
    let wanted = wanted.into_iter();
    wanted
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_the_same_values() {
        let whole = json!({"name": "a", "tags": ["x"], "limits": {"wall_ms": 5, "cpu_ms": 5}});
        for (part, expected) in [
            (json!({}), true),
            (json!({"name": "a", "limits": {"wall_ms": 5}}), true),
            (json!({"name": "b"}), false),
            (json!({"tags": []}), false),
            (json!({"limits": {"wall_ms": 6}}), false),
            (json!({"http": {"path": "/a"}}), false),
        ] {
            assert_eq!(is_part_of(&part, &whole), expected, "{part}");
        }
    }
}
