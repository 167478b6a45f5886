//! `scriptorium export` and `scriptorium import`: a tenant's scripts as a folder of files.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use crate::arguments::{ExportArgs, ImportArgs};
use crate::exit::Refusal;
use crate::remote::Remote;
use crate::{folder, print, script};

/// A whole tenant with its history is read and checked script by script.
const PATIENCE: Duration = Duration::from_secs(600);

pub(crate) async fn export(arguments: ExportArgs) -> anyhow::Result<()> {
    let remote = Remote::patient(&arguments.remote, PATIENCE)?;
    let mut query = vec![("history", (!arguments.no_history).to_string())];
    if let Some(name) = &arguments.script {
        let found = script::required(&remote, name).await?;
        let id = found["id"]
            .as_str()
            .context("the server's script has no id")?;
        query.push(("script", id.to_owned()));
    }
    let bundle = remote.get(&["export"], &query).await?;
    if arguments.remote.json {
        return Ok(print::json(&bundle)?);
    }
    let folder = arguments
        .to
        .ok_or_else(|| Refusal::usage("give --to FOLDER, or --json"))?;
    let count = |name: &str| bundle[name].as_array().map_or(0, Vec::len);
    let told = format!(
        "{}: {} scripts, {} templates",
        folder.display(),
        count("scripts"),
        count("templates")
    );
    for secret in bundle["secrets"].as_array().into_iter().flatten() {
        let name = print::visible(secret.as_str().unwrap_or_default());
        eprintln!("not included: the value of the secret {name}");
    }
    folder::write(&folder, bundle)?;
    Ok(print::text(&told)?)
}

pub(crate) async fn import(arguments: ImportArgs) -> anyhow::Result<()> {
    let bundle = folder::read(&arguments.folder)?;
    let remote = Remote::patient(&arguments.remote, PATIENCE)?;
    let query = [
        ("preview", arguments.preview.to_string()),
        ("conflict", arguments.conflict.name().to_owned()),
        ("activate", arguments.activate.to_string()),
    ];
    let report = remote.post_with(&["import"], &query, &bundle).await?;
    if arguments.remote.json {
        return Ok(print::json(&report)?);
    }
    let items = report["items"].as_array().into_iter().flatten();
    let rows: Vec<Vec<String>> = items.map(row).collect();
    print::table(&["kind", "name", "state", "action", "remarks"], &rows)?;
    for secret in report["missing_secrets"].as_array().into_iter().flatten() {
        let name = print::visible(secret.as_str().unwrap_or_default());
        eprintln!("missing here: the secret {name}");
    }
    if arguments.preview {
        eprintln!("nothing was changed");
    }
    Ok(())
}

fn row(item: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut remarks = Vec::new();
    if let Some(name) = item["new_name"].as_str() {
        remarks.push(format!("as {name}"));
    }
    let differs = item["differs"].as_array().into_iter().flatten();
    let differs: Vec<String> = differs.map(text).collect();
    if !differs.is_empty() {
        remarks.push(format!("differs in {}", differs.join(", ")));
    }
    for error in item["errors"].as_array().into_iter().flatten() {
        remarks.push(format!(
            "{}: {}",
            text(&error["field"]),
            text(&error["message"])
        ));
    }
    remarks.extend(item["notes"].as_array().into_iter().flatten().map(text));
    vec![
        text(&item["kind"]),
        text(&item["name"]),
        text(&item["state"]),
        text(&item["action"]),
        remarks.join("; "),
    ]
}
